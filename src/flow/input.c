/*
 * input.c - the rules for answers, one function per type. Messages are compared
 * as a whole, never in parts.
 */
#include "input_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "country_private.h"
#include "date_private.h"
#include "items_private.h"
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

static const char *accept_choice(const struct flow_rule *rule, const struct flow_asked *asked,
				 struct str text, struct arena *a)
{
	int option;

	if (!rule->list)
		return asked ? flow_items_choose(asked->flow, rule, asked->session, text, a)
			     : prepared(text_add_tidy, text, a);
	option = flow_words_get(&rule->list->words, flow_word_key(a, text));
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
	stored = flow_pattern_form(rule->normal ? rule->normal : "$0", groups, a);
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
	char *folded = prepared(text_add_folded, text, a);
	const char *digits;
	size_t n;
	long long value;

	if (folded && rule->drop)
		drop_chars(folded, rule->drop);
	digits = folded && *folded == '-' ? folded + 1 : folded;
	n = digits ? strspn(digits, "0123456789") : 0;
	if (n == 0 || n > 15 || digits[n] || (digits[0] == '0' && (n > 1 || digits != folded)))
		return NULL;
	value = strtoll(folded, NULL, 10);
	return value >= rule->min && value <= rule->max ? folded : NULL;
}

static const char *accept_date(const struct flow_rule *rule, const struct flow_asked *asked,
			       struct str text, struct arena *a)
{
	const char *folded = prepared(text_add_folded, text, a);
	int64_t days;

	if (!folded || !flow_date_read(folded, rule->order, &days))
		return NULL;
	if (asked && ((rule->from.given && days < flow_day_on(&rule->from, asked->today)) ||
		      (rule->to.given && days > flow_day_on(&rule->to, asked->today))))
		return NULL;
	return flow_date_stored(days, a);
}

/* While a pack with faults is read: what could not be read takes no answer. */
static bool is_broken(const struct flow_rule *rule)
{
	return (rule->type == RULE_PATTERN && !rule->pattern) ||
	       (rule->type == RULE_PHONE && !rule->country);
}

const char *flow_rule_accept(const struct flow_rule *rule, const struct flow_asked *asked,
			     struct str text, struct arena *a)
{
	if (text.n == 0 || text.n > ANSWER_MAX || is_broken(rule))
		return NULL;
	switch (rule->type) {
	case RULE_TEXT:
		return accept_text(rule, text, a);
	case RULE_CHOICE:
		return accept_choice(rule, asked, text, a);
	case RULE_PATTERN:
		return accept_pattern(rule, text, a);
	case RULE_PHONE:
		return accept_phone(rule, text, a);
	case RULE_INTEGER:
		return accept_integer(rule, text, a);
	case RULE_DATE:
		return accept_date(rule, asked, text, a);
	case RULE_MEDIA:
	case RULE_LOCATION:
	case RULE_ITEMS:
		break;
	}
	return NULL;
}

const char *flow_rule_accept_tap(const struct flow_rule *rule, const struct flow_asked *asked,
				 const char *payload, struct arena *a)
{
	const struct flow_option *o = NULL;

	if (rule->type != RULE_CHOICE)
		return NULL;
	if (!rule->list)
		return flow_items_tapped(asked->flow, rule, asked->session, payload, a);
	o = flow_option_find(rule->list, payload);
	return o ? o->id : NULL;
}

/* ---- files and places ---- */

/* "image" takes every "image/…", "application/pdf" only itself. */
static bool kind_fits(const struct flow_rule *rule, const char *type)
{
	for (size_t i = 0; i < rule->kind_count; i++) {
		size_t n = strlen(rule->kinds[i]);

		if (strncmp(type, rule->kinds[i], n) == 0 &&
		    (type[n] == '\0' || (type[n] == '/' && !strchr(rule->kinds[i], '/'))))
			return true;
	}
	return rule->kind_count == 0;
}

/* "-19.0760" as it stands: a number within +-most. */
static bool is_degrees(const char *text, double most)
{
	const char *p = text + (*text == '-');
	size_t whole = strspn(p, "0123456789"), rest = 0;

	if (p[whole] == '.')
		rest = 1 + strspn(p + whole + 1, "0123456789");
	if (whole == 0 || whole > 3 || rest > 20 || p[whole + rest])
		return false;
	return strtod(p, NULL) <= most;
}

bool flow_rule_takes(const struct flow_rule *rule, enum inbound_kind kind)
{
	return (rule->type == RULE_MEDIA && kind == INBOUND_MEDIA) ||
	       (rule->type == RULE_LOCATION && kind == INBOUND_LOCATION);
}

const char *flow_rule_accept_other(const struct flow_rule *rule, const struct inbound *in,
				   struct arena *a)
{
	if (!flow_rule_takes(rule, in->kind))
		return NULL;
	if (rule->type == RULE_LOCATION)
		return is_degrees(in->latitude, 90) && is_degrees(in->longitude, 180)
			       ? arena_printf(a, "%s,%s", in->latitude, in->longitude)
			       : NULL;
	for (size_t i = 0; i < in->media_count; i++) {
		const char *url = in->media[i].url;

		if (kind_fits(rule, in->media[i].type) && *url && strlen(url) <= (size_t)rule->max)
			return arena_strdup(a, url);
	}
	return NULL;
}

static bool place_holds(const char *stored, struct arena *a)
{
	const char *comma = strchr(stored, ',');

	return comma && is_degrees(arena_strndup(a, stored, (size_t)(comma - stored)), 90) &&
	       is_degrees(comma + 1, 180);
}

bool flow_rule_holds(const struct flow_rule *rule, const char *stored, struct arena *a)
{
	bool more;
	int64_t days;

	switch (rule->type) {
	case RULE_CHOICE:
		return rule->list ? flow_option_find(rule->list, stored) != NULL : *stored != '\0';
	case RULE_DATE:
		return flow_date_parse(stored, &days);
	case RULE_MEDIA:
		return *stored && strlen(stored) <= (size_t)rule->max;
	case RULE_LOCATION:
		return place_holds(stored, a);
	case RULE_ITEMS:
		return flow_items_tree(rule, stored, &more, a) != NULL;
	default: /* one fault is enough */
		return is_broken(rule) || flow_rule_accept(rule, NULL, str_of(stored), a) != NULL;
	}
}

const struct flow_command *flow_command_of(const struct flow *flow, struct str text,
					   struct arena *a)
{
	if (text.n == 0 || text.n > ANSWER_MAX)
		return NULL;
	return flow_command_by_key(flow, flow_word_key(a, text));
}

const struct flow_command *flow_command_by_key(const struct flow *flow, const char *key)
{
	struct str groups[FLOW_PATTERN_GROUPS];
	int command = flow_words_get(&flow->command_words, key);

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
