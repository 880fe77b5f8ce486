/*
 * check_text.c - every text at every place where it is said: are its variables
 * there on each way to that place, does it fit, does it give away too much.
 */
#include <string.h>

#include "check_text_private.h"
#include "data_private.h"
#include "graph_private.h"

bool flow_check_found_field(const struct flow_call_rule *lookup, const char *name)
{
	static const char *const own[] = { "id", "state", "state_id", "date" };
	const struct flow_record *rec = lookup->record;

	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		if (strcmp(own[i], name) == 0)
			return true;
	}
	for (size_t i = 0; i < rec->field_count; i++) {
		if (strcmp(rec->fields[i], name) == 0)
			return true;
	}
	return false;
}

static bool is_answer_of(const struct flow_call_rule *lookup, const char *name)
{
	if (lookup->kind == FLOW_CALL_LIST)
		return strcmp(name, "items") == 0 || strcmp(name, "more") == 0;
	return flow_check_found_field(lookup, name);
}

static bool is_secret(const struct flow *flow, const char *setting)
{
	const struct flow_setting *own = flow_setting_find(flow, setting);

	return own && own->secret;
}

static bool may_see_setting(const struct place *p, const char *name)
{
	bool header = p->call && strcmp(p->field, "headers") == 0;

	return flow_has_setting(p->ck->flow, name) && (header || !is_secret(p->ck->flow, name));
}

static bool is_free(const struct place *p, const char *name)
{
	const struct flow *flow = p->ck->flow;

	if (strncmp(name, "env.", 4) == 0)
		return may_see_setting(p, name + 4);
	if (strncmp(name, "record.", 7) == 0)
		return flow_record_find(flow, name + 7) != NULL;
	if (p->answer && strncmp(name, "answer.", 7) == 0)
		return !p->lookup || is_answer_of(p->lookup, name + 7);
	return strcmp(name, ".") == 0 || strcmp(name, "contact") == 0 ||
	       strcmp(name, "url.contact") == 0 || strcmp(name, "language") == 0;
}

bool flow_check_section(const struct place *p, const struct template_use *section,
			struct section *out)
{
	const struct flow *flow = p->ck->flow;
	const struct flow_rule *choice = p->choice;
	int v = flow_value_find(flow, section->name);

	*out = (struct section){ .list = flow_list_find(flow, section->name) };
	if (strcmp(section->name, "also") == 0)
		out->list = p->also;
	if (v >= 0 && flow->values[v].rule.type == RULE_ITEMS)
		out->items = &flow->values[v].rule;
	if (strcmp(section->name, "options") == 0 && choice) {
		out->list = choice->list;
		out->items = choice->items >= 0 ? &flow->values[choice->items].rule : NULL;
	}
	if (p->answer && p->lookup && strcmp(section->name, "answer.items") == 0)
		out->lookup = p->lookup;
	out->answer = p->answer && !p->lookup && strncmp(section->name, "answer.", 7) == 0;
	return out->list || out->items || out->answer || out->lookup;
}

/* A field of an item: {{number}}, {{id}}, {{label}} and more inside a section of a list. */
bool flow_check_item(const struct place *p, const struct template_use *use, struct section *out)
{
	for (const struct template_use *o = use->outer; o; o = o->outer) {
		if (o->kind != TEMPLATE_USE_SECTION || !flow_check_section(p, o, out))
			continue;
		if (out->answer || strcmp(use->name, "number") == 0)
			return true;
		if (out->lookup && flow_check_found_field(out->lookup, use->name))
			return true;
		if (out->items && flow_items_field(out->items, use->name) >= 0)
			return true;
		if (out->list && (strcmp(use->name, "id") == 0 || strcmp(use->name, "label") == 0 ||
				  flow_list_field(out->list, use->name) >= 0))
			return true;
	}
	return false;
}

/* {{with.offer.price}} */
static bool understand_with(const struct flow *flow, const char *text, struct name *n)
{
	const char *dot = strchr(text, '.');
	char value[FLOW_NAME_MAX + 1];
	const struct flow_rule *rule;

	if (!dot || (size_t)(dot - text) >= sizeof value)
		return false;
	memcpy(value, text, (size_t)(dot - text));
	value[dot - text] = '\0';
	n->value = flow_value_find(flow, value);
	rule = n->value >= 0 ? &flow->values[n->value].rule : NULL;
	if (!rule || rule->type != RULE_CHOICE)
		return false;
	n->list = rule->list;
	n->items = rule->items >= 0 ? &flow->values[rule->items].rule : NULL;
	n->field =
		n->list ? flow_list_field(n->list, dot + 1) : flow_items_field(n->items, dot + 1);
	n->kind = n->field >= 0 ? NAME_FIELD : NAME_UNKNOWN;
	return n->field >= 0;
}

static struct name understand_value(const struct flow *flow, const char *text)
{
	struct name n = { .kind = NAME_UNKNOWN, .value = -1 };

	if (strncmp(text, "with.", 5) == 0 && understand_with(flow, text + 5, &n))
		return n;
	n.value = -1;
	if (strncmp(text, "more.", 5) == 0) {
		n.value = flow_value_find(flow, text + 5);
		n.kind = n.value >= 0 && flow->values[n.value].rule.type == RULE_ITEMS
				 ? NAME_FREE
				 : NAME_UNKNOWN;
		return n;
	}
	n.plain = !strchr(text, '.');
	n.url = strncmp(text, "url.", 4) == 0;
	n.value = flow_value_find(flow, flow_without_form(flow, text));
	if (n.value < 0)
		return n;
	n.kind = NAME_VALUE;
	if (flow->values[n.value].rule.type == RULE_ITEMS) {
		n.items = &flow->values[n.value].rule;
		n.kind = n.plain ? NAME_LIST : NAME_UNKNOWN;
	}
	return n;
}

struct name flow_check_name(const struct place *p, const char *text)
{
	const struct flow *flow = p->ck->flow;
	struct name n = { .kind = NAME_UNKNOWN, .value = -1 };

	n.list = flow_list_find(flow, text);
	if (n.list || (p->choice && strcmp(text, "options") == 0) ||
	    (p->also && strcmp(text, "also") == 0)) {
		n.kind = NAME_LIST;
		return n;
	}
	if (is_free(p, text)) {
		n.kind = NAME_FREE;
		return n;
	}
	return understand_value(flow, text);
}

/* ---- one tag ---- */

static void report(const struct place *p, const struct template_use *use,
		   enum flow_severity severity, const char *what, const char *cure)
{
	flow_check_fault(p->ck, severity,
			 (struct flow_spot){ p->file ? p->file : use->file,
					     p->file ? p->line : use->line, p->step, p->field },
			 what, cure);
}

static void report_setting(const struct place *p, const struct template_use *use)
{
	const char *name = use->name + strlen("env.");
	bool secret = is_secret(p->ck->flow, name);

	report(p, use, FLOW_ERROR,
	       secret ? arena_printf(&p->ck->a, "{{%.80s}} is a secret", use->name)
		      : arena_printf(&p->ck->a, "there is no setting %.80s", name),
	       secret ? "show it to nobody: only headers of calls may hold it"
		      : "declare it in \"settings\", or use one of the program's");
}

static void report_unknown(const struct place *p, const struct template_use *use)
{
	const struct flow *flow = p->ck->flow;
	const char *names[FLOW_MAX_VALUES], *near;

	for (size_t i = 0; i < flow->value_count; i++)
		names[i] = flow->values[i].name;
	near = flow_nearest(use->name, names, flow->value_count);
	report(p, use, FLOW_ERROR, arena_printf(&p->ck->a, "nothing sets {{%.80s}}", use->name),
	       near ? arena_printf(&p->ck->a, "did you mean {{%s}}?", near)
		    : "use a value of this flow, see templates/README.md");
}

/* A section over the same value, in whatever form, makes sure that it is there. */
static bool is_guarded(const struct place *p, const struct template_use *use, int value)
{
	for (const struct template_use *o = use->outer; o; o = o->outer) {
		if (o->kind == TEMPLATE_USE_SECTION && flow_check_name(p, o->name).value == value)
			return true;
	}
	return false;
}

static bool may_leave(const struct flow_call_rule *c, const char *pii)
{
	for (size_t i = 0; i < c->pii_count; i++) {
		if (strcmp(c->pii[i], pii) == 0)
			return true;
	}
	return false;
}

/* Personal data leaves by a call only when that says so, and never in an address unnoticed. */
static void see_personal(const struct place *p, const struct template_use *use, const char *pii)
{
	if (!p->call)
		return;
	if (!may_leave(p->call, pii))
		report(p, use, FLOW_ERROR,
		       arena_printf(&p->ck->a, "call %s sends {{%s}}, which is personal data (%s)",
				    p->call->name, use->name, pii),
		       arena_printf(&p->ck->a,
				    "add \"%s\" to the call's \"pii\", or do not send it", pii));
	if (strcmp(p->field, "url") == 0)
		report(p, use, FLOW_WARNING,
		       arena_printf(&p->ck->a, "call %s has personal data (%s) in its address",
				    p->call->name, pii),
		       "addresses end in logs: send it in the body");
}

/* A field of an item of a list that came from an answer. */
static void see_item(const struct place *p, const struct template_use *use,
		     const struct section *section)
{
	const struct flow *flow = p->ck->flow;

	for (size_t i = 0; section->items && i < flow->value_count; i++) {
		if (&flow->values[i].rule == section->items && flow->values[i].pii)
			see_personal(p, use, flow->values[i].pii);
	}
}

static void see_value(const struct place *p, const struct template_use *use, int value)
{
	const struct flow_value *v = &p->ck->flow->values[value];

	if (p->seen)
		*p->seen |= UINT64_C(1) << value;
	if (use->kind != TEMPLATE_USE_VARIABLE)
		return;
	if (!(p->surely >> value & 1) && !is_guarded(p, use, value))
		report(p, use, FLOW_ERROR,
		       arena_printf(&p->ck->a, "{{%s}} is not set on every way here", use->name),
		       arena_printf(&p->ck->a,
				    "write {{#%s}}…{{/%s}} around it, or ask for it before",
				    v->name, v->name));
	if (v->pii)
		see_personal(p, use, v->pii);
}

static void see_use(void *arg, const struct template_use *use)
{
	const struct place *p = arg;
	struct section section;
	struct name n;

	if (flow_check_item(p, use, &section)) {
		see_item(p, use, &section);
		return;
	}
	if (strcmp(use->name, "contact") == 0 || strcmp(use->name, "url.contact") == 0)
		see_personal(p, use, "contact");
	n = flow_check_name(p, use->name);
	if (n.kind == NAME_UNKNOWN && strncmp(use->name, "env.", 4) == 0)
		report_setting(p, use);
	else if (n.kind == NAME_UNKNOWN)
		report_unknown(p, use);
	else if (n.kind == NAME_VALUE || n.kind == NAME_FIELD)
		see_value(p, use, n.value);
	else if (n.kind == NAME_LIST && use->kind == TEMPLATE_USE_VARIABLE)
		report(p, use, FLOW_ERROR, arena_printf(&p->ck->a, "{{%s}} is a list", use->name),
		       arena_printf(&p->ck->a, "write {{#%s}}{{number}}. {{%s}}{{/%s}}", use->name,
				    n.items ? n.items->label : "label", use->name));
}

/* ---- texts at their places ---- */

static void check_text(const struct place *where, const struct flow_text *t)
{
	const struct flow *flow = where->ck->flow;
	uint64_t seen[FLOW_MAX_LANGUAGES] = { 0 };

	if (!t)
		return;
	for (size_t l = 0; l < flow->language_count; l++) {
		struct place p = *where;

		p.seen = &seen[l];
		template_each_use(t->in[l], see_use, &p);
	}
	for (size_t l = 1; l < flow->language_count; l++) {
		const char *file =
			arena_printf(&where->ck->a, "%s/%s.txt", flow->languages[l].code, t->name);
		uint64_t differ = seen[0] ^ seen[l];

		for (size_t i = 0; i < flow->value_count; i++) {
			if (differ >> i & 1)
				flow_check_fault(
					where->ck, FLOW_WARNING,
					(struct flow_spot){ file, 0, NULL, NULL },
					arena_printf(&where->ck->a,
						     "%s {{%s}}, other than %s/%s.txt",
						     seen[l] >> i & 1 ? "uses" : "does not use",
						     flow->values[i].name, flow->languages[0].code,
						     t->name),
					"let the languages say the same");
		}
	}
}

static void see_action(void *arg, const struct flow_action *act, uint64_t surely)
{
	struct place p = *(struct place *)arg;

	p.surely = surely;
	for (size_t i = 0; i < act->say_count; i++)
		check_text(&p, act->say[i]);
}

static void check_timers(struct flow_checker *ck, const struct flow_step *s, struct place *p)
{
	const struct flow_reminders *r = s->reminders ? s->reminders : &ck->flow->reminders;

	p->field = "reminders";
	for (size_t i = 0; i < r->count; i++)
		check_text(p, r->list[i].say);
	p->field = "expiry";
	if (ck->flow->expiry)
		flow_action_walk(ck->flow->expiry, s->surely, see_action, p);
}

static void check_step(struct flow_checker *ck, const struct flow_step *s)
{
	struct place p = { .ck = ck,
			   .step = s->name,
			   .field = "say",
			   .surely = s->surely,
			   .choice = s->rule && s->rule->type == RULE_CHOICE ? s->rule : NULL,
			   .also = s->also };

	for (size_t i = 0; i < s->say_count; i++)
		check_text(&p, s->say[i]);
	p.field = "ask";
	check_text(&p, s->ask);
	p.field = "wrong";
	check_text(&p, s->wrong);
	p.field = "waiting";
	check_text(&p, s->waiting);
	p.field = "again";
	check_text(&p, s->again);
	if (s->rule)
		check_timers(ck, s, &p);
	p.answer = s->call != NULL;
	p.lookup = s->call && s->call->kind != FLOW_CALL_HTTP ? s->call : NULL;
	for (size_t i = 0; i < s->exit_count; i++) {
		const char *name = s->exits[i].name;

		p.field = strcmp(name, "next") == 0 ? "next"
			  : *name == '@'	    ? flow_exit_shown(name)
						    : arena_printf(&ck->a, "exits.%s", name);
		flow_action_walk(s->exits[i].action, flow_step_leaves_with(s, name), see_action,
				 &p);
	}
}

static void check_call(struct flow_checker *ck, const struct flow_call_rule *c)
{
	struct place p = { .ck = ck,
			   .field = "url",
			   .surely = UINT64_MAX,
			   .call = c,
			   .file = "flow.json",
			   .line = c->line };

	for (size_t i = 0; i < ck->flow->step_count; i++) {
		if (ck->flow->steps[i].call == c)
			p.surely &= ck->flow->steps[i].surely;
	}
	if (c->kind != FLOW_CALL_HTTP) { /* does not leave the house */
		p.call = NULL;
		p.field = "id";
		if (c->id)
			template_each_use(c->id, see_use, &p);
		return;
	}
	template_each_use(c->url, see_use, &p);
	p.field = "timeout_ms";
	template_each_use(c->timeout, see_use, &p);
	p.field = "headers";
	for (size_t i = 0; i < c->header_count; i++)
		template_each_use(c->headers[i].value, see_use, &p);
	p.field = "body";
	p.file = NULL;
	if (c->body)
		template_each_use(c->body, see_use, &p);
	p.field = "limits";
	p.file = "flow.json";
	p.call = NULL; /* limits are counted here, by a digest */
	for (size_t i = 0; i < c->limit_count; i++)
		template_each_use(c->limits[i].key, see_use, &p);
}

/* ---- files nobody says ---- */

static bool is_named(const struct flow *flow, const char *file)
{
	const char *name = strchr(file, '/') + 1;
	size_t n = strlen(name) - strlen(".txt");

	for (size_t i = 0; i < flow->text_count; i++) {
		if (strlen(flow->texts[i]->name) == n &&
		    strncmp(flow->texts[i]->name, name, n) == 0)
			return true;
	}
	for (size_t i = 0; i < flow->partial_count; i++) {
		if (strcmp(flow->partials[i], file) == 0)
			return true;
	}
	return false;
}

/* What is told of a record's state sees the record as a look-up's answer. */
static void check_tell(struct flow_checker *ck, const struct flow_record *r)
{
	const struct flow_call_rule find = { .kind = FLOW_CALL_FIND, .record = r };
	struct place p = { .ck = ck,
			   .field = arena_printf(&ck->a, "records.%s.tell", r->name),
			   .answer = true,
			   .lookup = &find };

	for (size_t i = 0; r->tell && i < r->states->count; i++)
		check_text(&p, r->tell[i]);
}

void flow_check_texts(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;
	struct place any = { .ck = ck };

	for (size_t i = 0; i < flow->step_count; i++)
		check_step(ck, &flow->steps[i]);
	for (size_t i = 0; i < flow->command_count; i++) {
		any.field = arena_printf(&ck->a, "commands.%s", flow->commands[i].name);
		flow_action_walk(flow->commands[i].action, 0, see_action, &any);
	}
	any.field = "system";
	for (size_t i = 0; i < SYSTEM_COUNT; i++)
		check_text(&any, flow->system[i]);
	for (size_t i = 0; i < flow->call_count; i++)
		check_call(ck, &flow->calls[i]);
	for (size_t i = 0; i < flow->record_count; i++)
		check_tell(ck, &flow->records[i]);
	flow_check_lengths(ck);
	for (size_t i = 0; i < flow->text_file_count; i++) {
		if (!is_named(flow, flow->text_files[i]))
			flow_check_fault(ck, FLOW_WARNING,
					 (struct flow_spot){ flow->text_files[i], 0, NULL, NULL },
					 "nothing says this text",
					 "name it in flow.json, or remove it");
	}
}
