/*
 * check_length.c - how long a text can become with the longest answers that its values allow.
 */
#include <string.h>

#include "base/text.h"
#include "check_text_private.h"

enum {
	WITH_BUTTONS_CHARS = 1024,
	ENV_CHARS = 120,
	RECORD_CHARS = 60,
	ANSWER_CHARS = 200,
	PHONE_CHARS = 24,
	INTEGER_CHARS = 16,
	INTEGER_GROUPS = 5,
	FORM_CHARS = 20, /* what a form may add to a pattern */
	ANSWER_ITEMS = 10,
};

static size_t longest_label(const struct flow *flow, const struct flow_list *list)
{
	size_t longest = 0;

	for (size_t i = 0; list && i < list->count; i++) {
		for (size_t l = 0; l < flow->language_count; l++) {
			size_t n = text_chars(str_of(list->options[i].label[l]));

			longest = n > longest ? n : longest;
		}
	}
	return longest;
}

static size_t longest_field(const struct flow *flow, const struct flow_list *list, int field)
{
	size_t longest = 0;

	for (size_t i = 0; i < list->count; i++) {
		for (size_t l = 0; l < flow->language_count; l++) {
			size_t n = text_chars(str_of(list->options[i].with[field][l]));

			longest = n > longest ? n : longest;
		}
	}
	return longest;
}

static size_t longest_choice(const struct flow *flow, const struct flow_rule *rule)
{
	const struct flow_rule *items;

	if (rule->list)
		return longest_label(flow, rule->list);
	items = &flow->values[rule->items].rule;
	return items->fields[flow_items_field(items, items->label)].max;
}

static size_t longest_value(const struct flow *flow, const struct flow_rule *rule)
{
	switch (rule->type) {
	case RULE_TEXT:
	case RULE_MEDIA:
	case RULE_LOCATION:
		return (size_t)rule->max;
	case RULE_PATTERN:
		return (size_t)rule->max + (rule->show ? FORM_CHARS : 0);
	case RULE_CHOICE:
		return longest_choice(flow, rule);
	case RULE_PHONE:
		return PHONE_CHARS;
	case RULE_DATE:
		return rule->show ? strlen(rule->show) : INTEGER_CHARS;
	case RULE_INTEGER:
	case RULE_ITEMS:
		break;
	}
	return INTEGER_CHARS + (rule->show ? INTEGER_GROUPS * text_chars(str_of(rule->show)) : 0);
}

/* A field of a record. */
static size_t longest_found(const struct flow *flow, const struct flow_call_rule *lookup,
			    const char *name)
{
	int v = flow_value_find(flow, name);

	if (strcmp(name, "state") == 0 && lookup->record->states)
		return longest_label(flow, lookup->record->states);
	if (v >= 0 && flow_check_found_field(lookup, name))
		return longest_value(flow, &flow->values[v].rule);
	return RECORD_CHARS;
}

static size_t longest_item(const struct flow *flow, const struct section *s, const char *name)
{
	int field;

	if (strcmp(name, "number") == 0)
		return 3;
	if (s->items && (field = flow_items_field(s->items, name)) >= 0)
		return s->items->fields[field].max;
	if (s->lookup)
		return longest_found(flow, s->lookup, name);
	if (!s->list)
		return ANSWER_CHARS;
	if (strcmp(name, "id") == 0)
		return FLOW_NAME_MAX;
	field = flow_list_field(s->list, name);
	return field >= 0 ? longest_field(flow, s->list, field) : longest_label(flow, s->list);
}

static size_t limit(void *arg, const struct template_use *use)
{
	const struct place *p = arg;
	const struct flow *flow = p->ck->flow;
	struct section section;
	struct name n;

	if (flow_check_item(p, use, &section))
		return longest_item(flow, &section, use->name);
	n = flow_check_name(p, use->name);
	if (n.kind == NAME_FIELD && n.items)
		return n.items->fields[n.field].max;
	if (n.kind == NAME_FIELD)
		return longest_field(flow, n.list, n.field);
	if (n.kind == NAME_VALUE) /* %XX for each of up to four bytes */
		return longest_value(flow, &flow->values[n.value].rule) * (n.url ? 12 : 1);
	if (strncmp(use->name, "env.", 4) == 0)
		return ENV_CHARS;
	if (p->lookup && strncmp(use->name, "answer.", 7) == 0)
		return longest_found(flow, p->lookup, use->name + 7);
	return strncmp(use->name, "record.", 7) == 0 ? RECORD_CHARS : ANSWER_CHARS;
}

static size_t repeat(void *arg, const struct template_use *use)
{
	struct section s;

	if (!flow_check_section(arg, use, &s))
		return 1;
	if (s.items)
		return (size_t)s.items->max;
	if (s.lookup)
		return s.lookup->max;
	return s.list ? s.list->count : ANSWER_ITEMS;
}

static size_t count_of(const struct flow *flow, const struct flow_rule *rule)
{
	return rule->list ? rule->list->count : (size_t)flow->values[rule->items].rule.max;
}

static bool says(const struct flow_step *s, const struct flow_text *t)
{
	for (size_t i = 0; i < s->exit_count; i++) {
		for (const struct flow_action *act = s->exits[i].action; act;
		     act = act->otherwise) {
			for (size_t k = 0; k < act->say_count; k++) {
				if (act->say[k] == t)
					return true;
			}
		}
	}
	return false;
}

/* The largest choice that this text belongs to, and the look-up whose answer it tells. */
static void find_place(const struct flow *flow, const struct flow_text *t, struct place *p)
{
	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];

		if (s->call && s->call->kind != FLOW_CALL_HTTP && says(s, t) &&
		    (!p->lookup || s->call->max > p->lookup->max))
			p->lookup = s->call;
		if (!s->rule || (s->ask != t && s->wrong != t))
			continue;
		if (s->rule->type == RULE_CHOICE &&
		    (!p->choice || count_of(flow, s->rule) > count_of(flow, p->choice)))
			p->choice = s->rule;
		if (s->also && (!p->also || s->also->count > p->also->count))
			p->also = s->also;
	}
}

/* A text that comes with buttons or a list holds less. */
static size_t room_for(const struct flow *flow, const struct flow_text *t)
{
	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *s = &flow->steps[i];

		if (s->rule && s->ask == t && s->rule->as != SHOW_AS_TEXT)
			return WITH_BUTTONS_CHARS;
	}
	return FLOW_MESSAGE_CHARS;
}

void flow_check_lengths(struct flow_checker *ck)
{
	const struct flow *flow = ck->flow;

	for (size_t i = 0; i < flow->text_count; i++) {
		const struct flow_text *t = flow->texts[i];
		struct place p = { .ck = ck, .answer = true };
		size_t room = room_for(flow, t);

		find_place(flow, t, &p);
		for (size_t l = 0; l < flow->language_count; l++) {
			size_t longest = template_longest(t->in[l], limit, repeat, &p);

			longest -= t->blanks[l] < longest ? t->blanks[l] : longest;
			if (longest <= room)
				continue;
			flow_check_fault(
				ck, FLOW_WARNING,
				(struct flow_spot){ arena_printf(&ck->a, "%s/%s.txt",
								 flow->languages[l].code, t->name),
						    0, NULL, NULL },
				arena_printf(
					&ck->a,
					"can become %zu characters long, a message%s holds %zu",
					longest, room < FLOW_MESSAGE_CHARS ? " with buttons" : "",
					room),
				"shorten it, or bound the answers that it repeats");
		}
	}
}
