/*
 * assign.c - what an action sets, by where it comes from. A value never breaks its
 * rule: what would is not set.
 */
#include <stdlib.h>
#include <string.h>

#include "date_private.h"
#include "input_private.h"
#include "items_private.h"
#include "run_private.h"

int64_t flow_run_today(const struct flow_run *r)
{
	return flow_date_of(r->env->now_ms, r->flow->utc_offset_ms);
}

int flow_run_set(struct flow_run *r, const char *name, const char *text)
{
	struct session *s = r->session;
	size_t bytes = strlen(name) + strlen(text);

	for (size_t i = 0; i < s->value_count; i++)
		bytes += strlen(s->values[i].name) + strlen(s->values[i].text) + 8;
	/* the rest is for what the engine keeps */
	if (bytes > SESSION_MAX_ENCODED - 2048 - SESSION_MAX_TRAIL)
		return err_set(r->err, ERR_BUG, "the session outgrows its limit at value %s", name);
	if (session_set(s, r->a, name, text, r->err) < 0) {
		if (r->err)
			r->err->kind = ERR_BUG;
		return -1;
	}
	return 0;
}

static const char *stored_of(const struct flow_run *r, int value)
{
	return session_get(r->session, r->flow->values[value].name);
}

/* Stays within the bounds of the value; what is not set counts from 0. */
static const char *sum(const struct flow_run *r, const struct flow_assign *as)
{
	const struct flow_rule *rule = &r->flow->values[as->value].rule;
	const char *own = stored_of(r, (int)as->value);
	int64_t n = own ? strtoll(own, NULL, 10) : 0;

	if (as->other < 0) {
		n += as->number;
	} else {
		const char *other = stored_of(r, as->other);

		n += other ? strtoll(other, NULL, 10) : 0;
	}
	n = n < rule->min ? rule->min : n > rule->max ? rule->max : n;
	return arena_printf(r->a, "%lld", (long long)n);
}

/* The extra field of an option or item as a text, or NULL. */
static struct str option_field(const struct flow_run *r, const struct flow_assign *as)
{
	const struct flow_rule *rule = &r->flow->values[as->other].rule;
	const char *stored = stored_of(r, as->other);
	const struct value *item, *v;
	const struct flow_option *o;

	if (!stored)
		return str_of(NULL);
	if (rule->list) {
		o = flow_option_find(rule->list, stored);
		return str_of(o ? o->with[as->field][r->language] : NULL);
	}
	item = flow_items_get(r->flow, rule, r->session, stored, r->a);
	v = item ? value_get(item, r->flow->values[rule->items].rule.fields[as->field].name) : NULL;
	return v ? v->text : str_of(NULL);
}

static const char *accepted(const struct flow_run *r, const struct flow_assign *as, struct str text)
{
	const struct flow_asked asked = { r->flow, r->session, flow_run_today(r) };

	return text.n ? flow_rule_accept(&r->flow->values[as->value].rule, &asked, text, r->a)
		      : NULL;
}

static const char *from_answer(const struct flow_run *r, const struct flow_assign *as)
{
	const struct flow_rule *rule = &r->flow->values[as->value].rule;
	const struct value *v =
		r->input->kind == FLOW_INPUT_OUTCOME ? value_at(r->input->answer, as->text) : NULL;

	if (!v)
		return NULL;
	if (rule->type == RULE_ITEMS)
		return flow_items_keep(rule, v, r->a);
	if (v->kind == VALUE_TRUE)
		return accepted(r, as, str_of("true"));
	return v->kind == VALUE_TEXT ? accepted(r, as, v->text) : NULL;
}

static const char *copied(const struct flow_run *r, const struct flow_assign *as)
{
	const char *stored = stored_of(r, as->other);

	if (!stored || !flow_rule_holds(&r->flow->values[as->value].rule, stored, r->a))
		return NULL;
	return stored;
}

static const char *source(const struct flow_run *r, const struct flow_assign *as)
{
	switch (as->source) {
	case SOURCE_TEXT:
		return as->text;
	case SOURCE_ADD:
		return sum(r, as);
	case SOURCE_COPY:
		return copied(r, as);
	case SOURCE_OPTION:
		return accepted(r, as, option_field(r, as));
	case SOURCE_ANSWER:
		return from_answer(r, as);
	case SOURCE_DATE:
		return flow_date_stored(flow_run_today(r) + as->number, r->a);
	}
	return NULL;
}

int flow_run_assign(struct flow_run *r, const struct flow_assign *as)
{
	const char *name = r->flow->values[as->value].name;
	const char *stored = source(r, as);

	if (stored)
		return flow_run_set(r, name, stored);
	session_unset(r->session, name);
	return 0;
}
