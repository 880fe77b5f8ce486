/*
 * condition.c - whether a condition holds now.
 */
#include <stdlib.h>
#include <string.h>

#include "date_private.h"
#include "run_private.h"

static bool holds(const struct flow_run *r, const struct flow_condition *c);

static const char *stored_of(const struct flow_run *r, unsigned value)
{
	return session_get(r->session, r->flow->values[value].name);
}

static bool all_set(const struct flow_run *r, uint64_t values)
{
	for (size_t i = 0; i < r->flow->value_count; i++) {
		if ((values >> i & 1) && !stored_of(r, (unsigned)i))
			return false;
	}
	return true;
}

static bool list_holds(const struct flow_run *r, const struct flow_condition *list, bool all)
{
	for (; list; list = list->sibling) {
		if (holds(r, list) != all)
			return !all;
	}
	return all;
}

static bool is_one_of(const struct flow_run *r, const struct flow_condition *c)
{
	const char *stored = stored_of(r, c->value);

	for (size_t i = 0; stored && i < c->text_count; i++) {
		if (strcmp(stored, c->texts[i]) == 0)
			return true;
	}
	return false;
}

/* A number, or a day as one; false when the value is not set. */
static bool operand(const struct flow_run *r, int value, int64_t *n_out)
{
	const char *stored;

	if (value == FLOW_WRONG_COUNT) {
		*n_out = r->session->wrong_answers;
		return true;
	}
	stored = stored_of(r, (unsigned)value);
	if (!stored)
		return false;
	if (r->flow->values[value].rule.type == RULE_DATE)
		return flow_date_parse(stored, n_out);
	*n_out = strtoll(stored, NULL, 10);
	return true;
}

/* What is not set is neither less nor more. */
static bool compares(const struct flow_run *r, const struct flow_condition *c)
{
	int64_t left, right = c->number;

	if (!operand(r, c->left, &left))
		return false;
	if (c->right >= 0 && !operand(r, c->right, &right))
		return false;
	if (c->day.given)
		right = flow_day_on(&c->day, flow_run_today(r));
	switch (c->compare) {
	case COMPARE_LESS:
		return left < right;
	case COMPARE_MORE:
		return left > right;
	case COMPARE_AT_LEAST:
		return left >= right;
	case COMPARE_AT_MOST:
		return left <= right;
	}
	return false;
}

static bool holds(const struct flow_run *r, const struct flow_condition *c)
{
	switch (c->kind) {
	case CONDITION_SET:
		return all_set(r, c->values);
	case CONDITION_IS:
		return is_one_of(r, c);
	case CONDITION_AT:
		return r->step == c->step;
	case CONDITION_CONSENT:
		return r->consent == c->consent;
	case CONDITION_LANGUAGE:
		return c->language >= 0 && r->language == (size_t)c->language;
	case CONDITION_COMPARE:
		return compares(r, c);
	case CONDITION_NOT:
		return !holds(r, c->inner);
	case CONDITION_ALL:
		return list_holds(r, c->inner, true);
	case CONDITION_ANY:
		return list_holds(r, c->inner, false);
	}
	return false;
}

const struct flow_action *flow_run_choose(const struct flow_run *r, const struct flow_action *act)
{
	while (act && act->condition && !holds(r, act->condition))
		act = act->otherwise;
	return act;
}
