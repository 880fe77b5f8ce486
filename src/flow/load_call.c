/*
 * load_call.c - business calls: the request as templates, the outcomes as rules.
 */
#include "load_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ATTEMPTS = 5, MAX_RULES = 30, MAX_FIELDS = 8 };

/* "2xx", "404" or 404. */
static bool parse_status(const cJSON *m, int *low, int *high)
{
	const char *s = m->valuestring;

	if (cJSON_IsNumber(m) && m->valuedouble >= 100 && m->valuedouble <= 599) {
		*low = *high = m->valueint;
		return true;
	}
	if (!cJSON_IsString(m) || strlen(s) != 3 || s[0] < '1' || s[0] > '5' ||
	    strcmp(s + 1, "xx") != 0)
		return false;
	*low = (s[0] - '0') * 100;
	*high = *low + 99;
	return true;
}

static void load_status(struct flow_loader *ld, const cJSON *node, struct flow_outcome *o)
{
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(node, "status"), *m;

	for (m = cJSON_IsArray(status) ? status->child : status; m;
	     m = cJSON_IsArray(status) ? m->next : NULL) {
		if (o->status_count == sizeof o->status_low / sizeof *o->status_low ||
		    !parse_status(m, &o->status_low[o->status_count],
				  &o->status_high[o->status_count])) {
			load_fault(ld, m, "status", "write 422, \"5xx\" or a list of at most 8",
				   "is no HTTP status");
			return;
		}
		o->status_count++;
	}
	if (o->status_count == 0)
		load_fault(ld, node, "status", "write 422, \"5xx\" or a list of them",
			   "is missing");
}

static void load_path(struct flow_loader *ld, const cJSON *m, struct flow_expect *e)
{
	const char *p = m->string;

	while (*p && e->depth < sizeof e->path / sizeof *e->path) {
		size_t n = strcspn(p, ".");

		e->path[e->depth++] = arena_strndup(ld->a, p, n);
		p += p[n] ? n + 1 : n;
	}
	if (*p || e->depth == 0)
		load_fault(ld, m, m->string, "write \"a.b.c\", at most 8 deep", "is no field");
}

/* What value_from_json would make of it. */
static void load_expected(struct flow_loader *ld, const cJSON *m, struct flow_expect *e)
{
	e->kind = VALUE_TEXT;
	if (cJSON_IsString(m)) {
		e->any = strcmp(m->valuestring, "*") == 0;
		e->text = arena_strdup(ld->a, m->valuestring);
	} else if (cJSON_IsNumber(m)) {
		e->text = floor(m->valuedouble) == m->valuedouble && fabs(m->valuedouble) < 1e15
				  ? arena_printf(ld->a, "%.0f", m->valuedouble)
				  : arena_printf(ld->a, "%.15g", m->valuedouble);
	} else if (cJSON_IsBool(m)) {
		e->kind = cJSON_IsTrue(m) ? VALUE_TRUE : VALUE_FALSE;
	} else {
		load_fault(ld, m, m->string, "write true, false, a text, a number or \"*\"",
			   "cannot be compared");
	}
}

static struct flow_expect *load_expects(struct flow_loader *ld, const cJSON *node, const char *key,
					size_t *count_out)
{
	const cJSON *all = load_object(ld, node, key), *m;
	struct flow_expect *list = arena_array(ld->a, MAX_FIELDS, sizeof *list);

	*count_out = 0;
	cJSON_ArrayForEach(m, all)
	{
		if (*count_out == MAX_FIELDS) {
			load_fault(ld, all, key, "compare fewer", "more than %d fields",
				   MAX_FIELDS);
			break;
		}
		load_path(ld, m, &list[*count_out]);
		load_expected(ld, m, &list[(*count_out)++]);
	}
	return list;
}

static void load_outcome(struct flow_loader *ld, const cJSON *node, struct flow_outcome *o)
{
	static const char *const keys[] = { "name", "status", "when", "unless", "repeat", NULL };

	if (!cJSON_IsObject(node)) {
		load_fault(ld, node, NULL, "write {\"name\": …, \"status\": …}",
			   "a rule is no object");
		return;
	}
	load_check_keys(ld, node, keys);
	o->name = load_string(ld, node, "name");
	if (!o->name || !load_name_ok(ld, node, "outcome", o->name)) {
		if (!o->name)
			load_fault(ld, node, "name", "name the outcome", "is missing");
		o->name = "";
		return;
	}
	load_status(ld, node, o);
	o->when = load_expects(ld, node, "when", &o->when_count);
	o->unless = load_expects(ld, node, "unless", &o->unless_count);
	o->repeat = load_bool(ld, node, "repeat");
}

static void load_outcomes(struct flow_loader *ld, const cJSON *node, struct flow_call_rule *c)
{
	const cJSON *all = load_array(ld, node, "outcomes"), *m;
	const char *within = ld->within;

	if (!all || cJSON_GetArraySize(all) > MAX_RULES || !all->child) {
		load_fault(ld, node, "outcomes", "write 1 to 30 rules",
			   "a call needs rules that name its outcomes");
		return;
	}
	c->outcomes = arena_array(ld->a, (size_t)cJSON_GetArraySize(all), sizeof *c->outcomes);
	ld->within = load_join(ld, "outcomes");
	cJSON_ArrayForEach(m, all) load_outcome(ld, m, &c->outcomes[c->outcome_count++]);
	ld->within = within;
}

static const struct template *load_member(struct flow_loader *ld, const cJSON *node,
					  const char *key)
{
	const char *text = load_string(ld, node, key);

	if (!text)
		return NULL;
	return load_inline(ld, cJSON_GetObjectItemCaseSensitive(node, key), key, text);
}

static bool is_token(const char *name)
{
	return *name && !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					   "0123456789-_")];
}

static void load_headers(struct flow_loader *ld, const cJSON *node, struct flow_call_rule *c)
{
	const cJSON *all = load_object(ld, node, "headers"), *m;
	const char *within = ld->within;

	ld->within = load_join(ld, "headers");
	cJSON_ArrayForEach(m, all)
	{
		/* two places are kept: idempotency key, content type */
		if (c->header_count == FLOW_CALL_MAX_HEADERS - 2 || !is_token(m->string)) {
			load_fault(ld, m, m->string, "write at most 6 headers, named as in HTTP",
				   "is no header");
			break;
		}
		c->headers[c->header_count].name = arena_strdup(ld->a, m->string);
		c->headers[c->header_count].value = load_member(ld, all, m->string);
		c->header_count++;
	}
	ld->within = within;
}

static void load_limits(struct flow_loader *ld, const cJSON *node, struct flow_call_rule *c)
{
	static const char *const keys[] = { "key", "max", "per", NULL };
	const cJSON *all = load_array(ld, node, "limits"), *m;
	const char *within = ld->within;

	cJSON_ArrayForEach(m, all)
	{
		struct flow_limit *l = &c->limits[c->limit_count];
		const char *per;

		if (c->limit_count == FLOW_CALL_MAX_LIMITS || !cJSON_IsObject(m)) {
			load_fault(ld, m, "limits", "write at most 4 objects", "is no limit");
			break;
		}
		ld->within = arena_printf(ld->a, "%s.limits.%zu", within, c->limit_count);
		load_check_keys(ld, m, keys);
		l->key = load_member(ld, m, "key");
		l->max = (unsigned)load_int(ld, m, "max", 0, 1, 100000);
		per = load_string(ld, m, "per");
		l->window_ms = per ? load_duration(per) : -1;
		if (!l->key || l->max == 0 || l->window_ms < 0)
			load_fault(ld, m, NULL, "write {\"key\": …, \"max\": 5, \"per\": \"1h\"}",
				   "is no limit");
		c->limit_count++;
	}
	ld->within = within;
}

static void load_body(struct flow_loader *ld, const cJSON *node, struct flow_call_rule *c)
{
	c->body_file = load_string(ld, node, "body");
	if (!c->body_file)
		return;
	c->body = template_set_get(ld->flow->templates, c->body_file);
	if (strncmp(c->body_file, "calls/", 6) != 0 ||
	    (!c->body && !file_tree_get(ld->pack, c->body_file)))
		load_fault(ld, cJSON_GetObjectItemCaseSensitive(node, "body"), "body",
			   "write a file calls/….json in the pack", "there is no file \"%.80s\"",
			   c->body_file);
}

static void load_method(struct flow_loader *ld, const cJSON *node, struct flow_call_rule *c)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

	c->method = load_string(ld, node, "method");
	for (size_t i = 0; c->method && i < sizeof methods / sizeof *methods; i++) {
		if (strcmp(c->method, methods[i]) == 0)
			return;
	}
	load_fault(ld, node, "method", "use GET, POST, PUT, PATCH or DELETE",
		   "a call needs an HTTP method");
}

static void load_http(struct flow_loader *ld, const cJSON *node, struct flow_call_rule *c)
{
	static const char *const keys[] = { "method",
					    "url",
					    "headers",
					    "body",
					    "timeout_ms",
					    "attempts",
					    "idempotency_header",
					    "pii",
					    "limits",
					    "outcomes",
					    NULL };

	load_check_keys(ld, node, keys);
	load_method(ld, node, c);
	c->url = load_member(ld, node, "url");
	if (!c->url && !cJSON_GetObjectItemCaseSensitive(node, "url"))
		load_fault(ld, node, "url", "write the address to call", "is missing");
	c->timeout = load_member(ld, node, "timeout_ms");
	if (!c->timeout && !cJSON_GetObjectItemCaseSensitive(node, "timeout_ms"))
		load_fault(ld, node, "timeout_ms",
			   "write a text, \"10000\" or a setting's {{env.NAME}}", "is missing");
	load_headers(ld, node, c);
	load_body(ld, node, c);
	c->attempts = (unsigned)load_int(ld, node, "attempts", 1, 1, MAX_ATTEMPTS);
	c->idempotency_header = load_string(ld, node, "idempotency_header");
	if (c->idempotency_header && !is_token(c->idempotency_header))
		load_fault(ld, node, "idempotency_header", "write a header's name", "is no header");
	c->pii = load_strings(ld, node, "pii", &c->pii_count);
	load_limits(ld, node, c);
	load_outcomes(ld, node, c);
}

/* ---- look-ups of records ---- */

static const struct lookup {
	const char *word;
	enum flow_call_kind kind;
	const char *keys[7];
	const char *outcomes[3];
} lookups[] = {
	{ "list", FLOW_CALL_LIST, { "records", "do", "state", "max" }, { "found", "none" } },
	{ "find", FLOW_CALL_FIND, { "records", "do", "id" }, { "found", "none" } },
	{ "change",
	  FLOW_CALL_CHANGE,
	  { "records", "do", "id", "to", "from" },
	  { "changed", "unchanged", "none" } },
};

static void name_outcomes(struct flow_loader *ld, const struct lookup *l, struct flow_call_rule *c)
{
	c->outcomes =
		arena_array(ld->a, sizeof l->outcomes / sizeof *l->outcomes, sizeof *c->outcomes);
	for (size_t i = 0; i < sizeof l->outcomes / sizeof *l->outcomes && l->outcomes[i]; i++)
		c->outcomes[c->outcome_count++].name = l->outcomes[i];
}

static void load_lookup(struct flow_loader *ld, const cJSON *node, struct flow_call_rule *c)
{
	const char *type = load_string(ld, node, "records"), *word = load_string(ld, node, "do");
	const struct lookup *l = NULL;

	for (size_t i = 0; word && i < sizeof lookups / sizeof *lookups; i++) {
		if (strcmp(lookups[i].word, word) == 0)
			l = &lookups[i];
	}
	if (!l) {
		load_fault(ld, node, "do", "write \"list\", \"find\" or \"change\"",
			   word ? "\"%.40s\" is nothing to do with records" : "is missing%.0s",
			   word ? word : "");
		return;
	}
	load_check_keys(ld, node, l->keys);
	c->kind = l->kind;
	c->record = type ? flow_record_find(ld->flow, type) : NULL;
	if (type && !c->record)
		load_fault(ld, node, "records", "add it to \"records\"",
			   "there is no record \"%.60s\"", type);
	name_outcomes(ld, l, c);
	c->max = (unsigned)load_int(ld, node, "max", 10, 1, FLOW_MAX_ITEMS);
	c->state = load_state(ld, node, l->kind == FLOW_CALL_CHANGE ? "to" : "state", c->record);
	c->from = load_state(ld, node, "from", c->record);
	if (l->kind == FLOW_CALL_LIST)
		return;
	c->id = load_member(ld, node, "id");
	if (!c->id)
		load_fault(ld, node, "id", "write the record's id, {{value}}", "is missing");
	if (l->kind == FLOW_CALL_CHANGE && !*c->state)
		load_fault(ld, node, "to", "name the new state", "is missing");
}

static void load_call(struct flow_loader *ld, const cJSON *node, struct flow_call_rule *c)
{
	c->line = load_line(ld, node);
	if (cJSON_GetObjectItemCaseSensitive(node, "records"))
		load_lookup(ld, node, c);
	else
		load_http(ld, node, c);
}

void load_calls(struct flow_loader *ld)
{
	const cJSON *all = load_object(ld, ld->root, "calls"), *m;
	struct flow *flow = ld->flow;

	flow->calls = arena_array(ld->a, (size_t)cJSON_GetArraySize(all), sizeof *flow->calls);
	cJSON_ArrayForEach(m, all)
	{
		ld->within = arena_printf(ld->a, "calls.%.60s", m->string);
		if (!load_name_ok(ld, m, "call", m->string))
			continue;
		if (!cJSON_IsObject(m)) {
			load_fault(ld, m, NULL, "write {\"method\": …}", "is no object");
			continue;
		}
		flow->calls[flow->call_count].name = arena_strdup(ld->a, m->string);
		load_call(ld, m, &flow->calls[flow->call_count++]);
	}
	ld->within = "";
}
