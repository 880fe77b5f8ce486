/*
 * call.c - the call that a session waits for, as data; and what its answer means.
 *
 * Everything is rendered from the saved session, so that any process gives
 * the same bytes under the same idempotency key.
 */
#include <stdlib.h>
#include <string.h>

#include "data_private.h"

enum {
	URL_MAX = 4096,
	HEADER_MAX = 2048,
	BODY_MAX = 262144,
	RECORD_ID_MAX = 4096,
	TIMEOUT_DEFAULT_MS = 10000,
	TIMEOUT_LEAST_MS = 100,
	TIMEOUT_MOST_MS = 120000,
};

struct writer {
	const struct value *data;
	const struct value *header_data; /* with the secrets */
	struct arena *a;
	struct err *err;
};

static const char *render(const struct writer *w, const struct template *t, size_t max,
			  struct str *str_out)
{
	struct buf out;
	const char *text = NULL;

	buf_init(&out, max);
	if (template_render(t, w->data, &out, w->err) == 0) {
		text = arena_strndup(w->a, out.data, out.len);
		if (str_out)
			*str_out = (struct str){ text, out.len };
	}
	buf_free(&out);
	return text;
}

/* Renders something that stands on one line of an HTTP request. */
static const char *render_line(const struct writer *w, const char *call, const char *what,
			       const struct template *t, size_t max)
{
	const char *text = render(w, t, max, NULL);

	for (const char *p = text; p && *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			(void)err_set(w->err, ERR_PERM, "call %s: a control character in its %s",
				      call, what);
			return NULL;
		}
	}
	return text;
}

static int64_t timeout_of(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	int64_t ms;

	if (digits == 0 || digits > 9 || text[digits])
		return TIMEOUT_DEFAULT_MS;
	ms = strtoll(text, NULL, 10);
	if (ms < TIMEOUT_LEAST_MS)
		return TIMEOUT_LEAST_MS;
	return ms > TIMEOUT_MOST_MS ? TIMEOUT_MOST_MS : ms;
}

static int write_headers(const struct writer *w, const struct flow_call_rule *c,
			 struct flow_call *out)
{
	bool typed = false;

	for (size_t i = 0; i < c->header_count; i++) {
		const struct writer with = { w->header_data, w->header_data, w->a, w->err };
		const char *value =
			render_line(&with, c->name, "headers", c->headers[i].value, HEADER_MAX);

		if (!value)
			return -1;
		typed = typed || strcmp(c->headers[i].name, "Content-Type") == 0;
		out->headers[out->header_count++] =
			(struct flow_call_header){ c->headers[i].name, value };
	}
	if (c->body && !typed)
		out->headers[out->header_count++] =
			(struct flow_call_header){ "Content-Type", "application/json" };
	if (c->idempotency_header)
		out->headers[out->header_count++] =
			(struct flow_call_header){ c->idempotency_header, out->id };
	return 0;
}

static int write_call(const struct writer *w, const struct flow_call_rule *c, struct flow_call *out)
{
	const char *timeout = render_line(w, c->name, "timeout", c->timeout, HEADER_MAX);

	out->name = c->name;
	out->method = c->method;
	out->attempts = c->attempts;
	out->url = render_line(w, c->name, "URL", c->url, URL_MAX);
	if (!timeout || !out->url || write_headers(w, c, out) < 0)
		return -1;
	out->timeout_ms = timeout_of(timeout);
	if (c->body && !render(w, c->body, BODY_MAX, &out->body))
		return -1;
	for (size_t i = 0; i < c->limit_count; i++) {
		const char *key = render(w, c->limits[i].key, HEADER_MAX, NULL);

		if (!key)
			return -1;
		out->limits[out->limit_count++] =
			(struct flow_call_limit){ key, c->limits[i].max, c->limits[i].window_ms };
	}
	return 1;
}

static int write_lookup(const struct writer *w, const struct flow_call_rule *c,
			struct flow_call *out)
{
	out->kind = c->kind;
	out->name = c->name;
	out->record_type = c->record->name;
	out->record_state = c->state;
	out->record_from = c->from;
	out->record_max = c->max;
	out->record_id = c->id ? render_line(w, c->name, "id", c->id, RECORD_ID_MAX) : "";
	return out->record_id ? 1 : -1;
}

int flow_call_describe(const struct flow *flow, const struct session *session,
		       const struct flow_env *env, struct arena *a, struct flow_call *call_out,
		       struct err *err)
{
	const struct flow_call_rule *c;
	struct flow_view view = {
		.session = session,
		.contact = env->contact,
		.settings = env->settings,
		.language = flow_language_or_default(flow, session->language),
	};
	struct writer w = { .a = a, .err = err };

	*call_out = (struct flow_call){ .id = arena_strdup(a, session->call.id) };
	if (!*session->call.id)
		return 0;
	c = flow_call_find(flow, session->call.name);
	if (!c)
		return err_set(err, ERR_PERM, "the flow has no call %s any more",
			       session->call.name);
	w.data = flow_data(flow, &view, a);
	view.secrets = true;
	w.header_data = flow->setting_count && c->header_count ? flow_data(flow, &view, a) : w.data;
	return c->kind == FLOW_CALL_HTTP ? write_call(&w, c, call_out)
					 : write_lookup(&w, c, call_out);
}

/* ---- outcomes ---- */

static bool expect_holds(const struct flow_expect *e, const struct value *answer)
{
	for (size_t i = 0; i < e->depth; i++)
		answer = value_get(answer, e->path[i]);
	if (!answer)
		return false;
	if (e->any)
		return answer->kind != VALUE_FALSE;
	if (answer->kind != e->kind)
		return false;
	return e->kind != VALUE_TEXT || str_is(answer->text, e->text);
}

static size_t count_holding(const struct flow_expect *list, size_t n, const struct value *answer)
{
	size_t holding = 0;

	for (size_t i = 0; i < n; i++)
		holding += expect_holds(&list[i], answer);
	return holding;
}

static bool status_fits(const struct flow_outcome *o, int status)
{
	for (size_t i = 0; i < o->status_count; i++) {
		if (status >= o->status_low[i] && status <= o->status_high[i])
			return true;
	}
	return false;
}

const char *flow_call_outcome(const struct flow *flow, const char *call_name, int http_status,
			      const struct value *answer)
{
	const struct flow_call_rule *c = flow_call_find(flow, call_name);

	for (size_t i = 0; c && i < c->outcome_count; i++) {
		const struct flow_outcome *o = &c->outcomes[i];

		if (status_fits(o, http_status) &&
		    count_holding(o->when, o->when_count, answer) == o->when_count &&
		    (o->unless_count == 0 ||
		     count_holding(o->unless, o->unless_count, answer) < o->unless_count))
			return o->name;
	}
	return "failed";
}

bool flow_call_repeatable(const struct flow *flow, const char *call_name, const char *outcome)
{
	const struct flow_call_rule *c = flow_call_find(flow, call_name);

	if (strcmp(outcome, "refused") == 0) /* no connection: nothing has arrived */
		return true;
	for (size_t i = 0; c && i < c->outcome_count; i++) {
		if (c->outcomes[i].repeat && strcmp(c->outcomes[i].name, outcome) == 0)
			return true;
	}
	return false;
}
