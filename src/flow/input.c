/*
 * input.c - the rules for answers, one function per type. Messages are compared
 * as a whole, never in parts.
 */
#include "input_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "country_private.h"
#include "pattern_private.h"
#include "words_private.h"

/* The largest answer that is looked at: what is longer breaks every rule. */
enum { ANSWER_MAX = SESSION_MAX_VALUE };

/* Runs a text tool of base/ into the arena; NULL when the result is too long. */
static char *prepared(int (*tool)(struct buf *, struct str), struct str text, struct arena *a)
{
	struct buf out;
	char *result = NULL;

	buf_init(&out, ANSWER_MAX);
	if (tool(&out, text) == 0)
		result = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return result;
}

static const char *accept_text(const struct flow_rule *rule, struct str text, struct arena *a)
{
	const char *tidy = prepared(text_add_tidy, text, a);
	const char *folded;
	size_t chars;

	if (!tidy)
		return NULL;
	chars = text_chars(str_of(tidy));
	if (chars < (size_t)rule->min || chars > (size_t)rule->max)
		return NULL;
	/* Zero-width characters do not count as written. */
	folded = prepared(text_add_folded, text, a);
	if (!folded || text_chars(str_of(folded)) < (size_t)rule->min)
		return NULL;
	if (text_letters(str_of(tidy)) < (size_t)rule->letters)
		return NULL;
	if (rule->never.count && flow_words_get(&rule->never, flow_word_key(a, text)) >= 0)
		return NULL;
	return tidy;
}

static const char *accept_choice(const struct flow_rule *rule, struct str text, struct arena *a)
{
	int option = flow_words_get(&rule->list->words, flow_word_key(a, text));

	return option >= 0 ? rule->list->options[option].id : NULL;
}

static void drop_chars(char *text, const char *drop)
{
	char *to = text;

	for (; *text; text++) {
		if (!strchr(drop, *text))
			*to++ = *text;
	}
	*to = '\0';
}

/* "$1/$2" with the groups of a match. */
static const char *normal_form(const char *normal, const struct str *groups, struct arena *a)
{
	struct buf out;
	const char *result = NULL;

	buf_init(&out, ANSWER_MAX);
	for (; *normal; normal++) {
		if (normal[0] == '$' && normal[1] >= '0' && normal[1] <= '9') {
			const struct str *g = &groups[normal[1] - '0'];

			(void)buf_add(&out, g->p, g->n);
			normal++;
		} else {
			(void)buf_addc(&out, *normal);
		}
	}
	if (!out.full)
		result = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return result;
}

static const char *accept_pattern(const struct flow_rule *rule, struct str text, struct arena *a)
{
	char *tidy = prepared(text_add_tidy, text, a);
	char *digits = tidy ? prepared(text_add_ascii_digits, str_of(tidy), a) : NULL;
	struct str groups[FLOW_PATTERN_GROUPS];
	const char *stored;

	if (!digits)
		return NULL;
	if (rule->drop)
		drop_chars(digits, rule->drop);
	for (char *p = digits; rule->upper && *p; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p -= 'a' - 'A';
	}
	if (!flow_pattern_match(rule->pattern, str_of(digits), groups))
		return NULL;
	stored = normal_form(rule->normal ? rule->normal : "$0", groups, a);
	return stored && text_chars(str_of(stored)) <= (size_t)rule->max ? stored : NULL;
}

static const char *accept_phone(const struct flow_rule *rule, struct str text, struct arena *a)
{
	const char *folded = prepared(text_add_folded, text, a);

	return folded ? flow_country_number(rule->country, folded, a) : NULL;
}

/* Decimal, without sign tricks: no "+3", no "03". */
static const char *accept_integer(const struct flow_rule *rule, struct str text, struct arena *a)
{
	const char *folded = prepared(text_add_folded, text, a);
	const char *digits = folded && *folded == '-' ? folded + 1 : folded;
	size_t n = digits ? strspn(digits, "0123456789") : 0;
	long long value;

	if (n == 0 || n > 15 || digits[n] || (digits[0] == '0' && (n > 1 || digits != folded)))
		return NULL;
	value = strtoll(folded, NULL, 10);
	return value >= rule->min && value <= rule->max ? folded : NULL;
}

const char *flow_rule_accept(const struct flow_rule *rule, struct str text, struct arena *a)
{
	if (text.n == 0 || text.n > ANSWER_MAX)
		return NULL;
	switch (rule->type) {
	case RULE_TEXT:
		return accept_text(rule, text, a);
	case RULE_CHOICE:
		return accept_choice(rule, text, a);
	case RULE_PATTERN:
		return accept_pattern(rule, text, a);
	case RULE_PHONE:
		return accept_phone(rule, text, a);
	case RULE_INTEGER:
		return accept_integer(rule, text, a);
	}
	return NULL;
}

const char *flow_rule_accept_tap(const struct flow_rule *rule, const char *payload)
{
	const struct flow_option *o = NULL;

	if (rule->type == RULE_CHOICE)
		o = flow_option_find(rule->list, payload);
	return o ? o->id : NULL;
}

bool flow_rule_holds(const struct flow_rule *rule, const char *stored, struct arena *a)
{
	if (rule->type == RULE_CHOICE)
		return flow_option_find(rule->list, stored) != NULL;
	return flow_rule_accept(rule, str_of(stored), a) != NULL;
}

const struct flow_command *flow_command_of(const struct flow *flow, struct str text,
					   struct arena *a)
{
	const char *key;
	struct str groups[FLOW_PATTERN_GROUPS];
	int command;

	if (text.n == 0 || text.n > ANSWER_MAX)
		return NULL;
	key = flow_word_key(a, text);
	command = flow_words_get(&flow->command_words, key);
	if (command >= 0)
		return &flow->commands[command];
	for (size_t i = 0; i < flow->command_count; i++) {
		for (size_t k = 0; k < flow->commands[i].pattern_count; k++) {
			if (flow_pattern_match(flow->commands[i].patterns[k], str_of(key), groups))
				return &flow->commands[i];
		}
	}
	return NULL;
}
