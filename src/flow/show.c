/*
 * show.c - what is stored stays as it is; how it is read is the rule's "show".
 */
#include "show_private.h"

#include <string.h>

#include "country_private.h"
#include "date_private.h"
#include "items_private.h"
#include "pattern_private.h"

/* "1500" -> "1 500" */
static const char *grouped(const char *stored, const char *separator, struct arena *a)
{
	const char *digits = stored + (*stored == '-');
	size_t n = strlen(digits);
	const char *text;
	struct buf out;

	buf_init(&out, 200);
	(void)buf_add(&out, stored, (size_t)(digits - stored));
	for (size_t i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			(void)buf_adds(&out, separator);
		(void)buf_addc(&out, digits[i]);
	}
	text = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return text;
}

static const char *option_shown(const struct flow *flow, const struct flow_rule *rule,
				const char *stored, size_t language, const struct session *s,
				struct arena *a)
{
	const struct flow_option *o;
	const struct value *item, *label;

	if (rule->list) {
		o = flow_option_find(rule->list, stored);
		return o ? o->label[language] : "";
	}
	item = flow_items_get(flow, rule, s, stored, a);
	label = item ? value_get(item, flow->values[rule->items].rule.label) : NULL;
	return label ? arena_strndup(a, label->text.p, label->text.n) : stored;
}

static const char *pattern_shown(const struct flow_rule *rule, const char *stored, struct arena *a)
{
	struct str groups[FLOW_PATTERN_GROUPS];
	const char *text;

	if (!flow_pattern_match(rule->pattern, str_of(stored), groups))
		return stored;
	text = flow_pattern_form(rule->show, groups, a);
	return text ? text : stored;
}

const char *flow_shown(const struct flow *flow, const struct flow_rule *rule, const char *stored,
		       size_t language, const struct session *s, struct arena *a)
{
	int64_t days;

	if (rule->type == RULE_CHOICE)
		return option_shown(flow, rule, stored, language, s, a);
	if (!rule->show)
		return stored;
	switch (rule->type) {
	case RULE_INTEGER:
		return grouped(stored, rule->show, a);
	case RULE_PHONE:
		return flow_country_shown(rule->country, stored, a);
	case RULE_PATTERN:
		return pattern_shown(rule, stored, a);
	case RULE_DATE:
		return flow_date_parse(stored, &days) ? flow_date_shown(days, rule->show, a)
						      : stored;
	default:
		return stored;
	}
}
