/*
 * answers.c - answers by the rules of texts, choices, patterns, phones and numbers.
 *
 * At the bounds of each rule on both sides. Whether the engine takes them is for the engine to
 * say: a text may be a command, and a wrong one that is right for some other reason shows there.
 */
#include "answers_private.h"

#include <string.h>

#include "base/text.h"
#include "flow.h"
#include "sample_private.h"
#include "scenario_private.h"

enum {
	LONGEST_TEXT = 1500, /* beyond it a message is no message any more */
	USUAL_CHARS = 9,
	ALL_OPTIONS = 20,
};

static void add(struct answers *to, bool valid, const char *why, const char *text)
{
	if (text && *text)
		scenario_answer_add(to, valid, why, text);
}

/* ---- texts ---- */

/* Words of exactly so many characters; as many letters as can be. */
static const char *words_of(size_t chars, struct arena *a)
{
	static const char words[] =
		"Asha Devi Rao and all who work with her in the mill by the river ";
	char *text = arena_alloc(a, chars + 1);

	for (size_t i = 0; i < chars; i++)
		text[i] = words[i % (sizeof words - 1)];
	if (chars && text[chars - 1] == ' ')
		text[chars - 1] = 's';
	return text;
}

static const char *digits_of(size_t chars, struct arena *a)
{
	char *text = arena_alloc(a, chars + 1);

	for (size_t i = 0; i < chars; i++)
		text[i] = (char)('1' + i % 9);
	return text;
}

const char *scenario_word_in(const struct node *by_language, const char *language)
{
	const struct node *n = scenario_source_get(by_language, language);

	if (!n)
		n = by_language && by_language->first ? by_language->first : by_language;
	if (n && n->kind == NODE_LIST)
		n = n->first;
	return n && n->kind == NODE_TEXT ? n->text : "";
}

static void add_texts(struct answers *to)
{
	const struct node *rule = to->of->rule;
	size_t min = (size_t)scenario_source_int(rule, "min", 1);
	size_t max = (size_t)scenario_source_int(rule, "max", 200);
	size_t letters = (size_t)scenario_source_int(rule, "letters", 0);

	if (min <= USUAL_CHARS && max >= USUAL_CHARS && letters < USUAL_CHARS)
		add(to, true, "a text", words_of(USUAL_CHARS, to->a));
	if (min > letters)
		add(to, true, "the shortest text", words_of(min, to->a));
	if (max > USUAL_CHARS)
		add(to, true, "the longest text", words_of(max, to->a));
	if (min > 1)
		add(to, false, "too short", words_of(min - 1, to->a));
	if (max < LONGEST_TEXT)
		add(to, false, "too long", words_of(max + 1, to->a));
	if (letters)
		add(to, false, "no letters", digits_of(min > 5 ? min : 5, to->a));
	add(to, false, "a word that is no answer",
	    scenario_word_in(scenario_source_get(rule, "never"), to->of->language));
}

/* ---- choices ---- */

static void add_option(struct answers *to, const struct node *option, const char *number, size_t i,
		       bool tapped)
{
	const char *id = scenario_source_text(option, "id", "");
	const char *label =
		scenario_word_in(scenario_source_get(option, "label"), to->of->language);
	bool by_number = i % 2 == 0 && number;

	if (tapped) {
		struct inbound *in = scenario_answer_add(to, true, "a tap", *label ? label : id);

		in->kind = INBOUND_CHOICE;
		in->payload = id;
	} else {
		add(to, true, by_number ? "by its number" : "by its label",
		    by_number ? number : label);
	}
}

static const struct node *options_of(const struct question *q)
{
	const char *name = scenario_source_text(q->rule, "list", NULL);
	const struct node *list =
		name ? scenario_source_get(scenario_source_get(q->root, "lists"), name)
		     : scenario_source_get(q->rule, "options");

	return scenario_source_options(list);
}

/* Of a long list those that lead somewhere of their own, the first and the last. */
static bool is_wanted(const struct question *q, const struct node *option, size_t i, size_t count)
{
	return count <= ALL_OPTIONS || i == 0 || i + 1 == count ||
	       scenario_source_get(scenario_source_get(q->step, "exits"),
				   scenario_source_text(option, "id", ""));
}

static void add_choices(struct answers *to)
{
	const struct question *q = to->of;
	const struct node *options = options_of(q);
	bool tapped = scenario_source_get(q->rule, "as") != NULL;
	long long counted = 0;
	size_t i = 0;

	if (scenario_source_get(q->rule, "from")) {
		add(to, true, "the first one", "1");
		add(to, true, "the second one", "2");
		add(to, false, "no option", "99");
		return;
	}
	for (const struct node *o = options ? options->first : NULL; o; o = o->next, i++) {
		long long own = scenario_source_int(o, "number", -1);
		long long number = own >= 0 ? own : ++counted;

		if (is_wanted(q, o, i, options->count))
			add_option(to, o, arena_printf(to->a, "%lld", number), i, tapped);
	}
	add(to, false, "no option", "987");
	add(to, false, "no option", "None of these, please");
}

/* Words beside the rule: "skip". */
static void add_also(struct answers *to)
{
	const struct node *also = scenario_source_get(to->of->step, "also");

	for (const struct node *o = also ? also->first : NULL; o; o = o->next)
		add_option(to, o, NULL, 1, false);
}

/* ---- patterns, phones, numbers ---- */

static void add_patterns(struct answers *to)
{
	const struct node *rule = to->of->rule;
	size_t max = (size_t)scenario_source_int(rule, "max", 60);
	const struct pattern *p =
		scenario_pattern_read(scenario_source_text(rule, "pattern", NULL), to->a);
	const char *brief, *longer;
	size_t n;

	add(to, false, "not of that form", "~~~");
	if (!p)
		return;
	brief = scenario_pattern_sample(p, false, max, to->a);
	longer = scenario_pattern_sample(p, true, max, to->a);
	n = brief ? text_chars(str_of(brief)) : 0;
	add(to, n > 0, "the shortest of that form", brief);
	if (longer && brief && strcmp(longer, brief) != 0)
		add(to, text_chars(str_of(longer)) <= max, "a longer one of that form", longer);
	if (brief && n > 1 && n == scenario_pattern_shortest(p) && strlen(brief) == n)
		add(to, false, "too short", arena_strndup(to->a, brief, n - 1));
	if (longer && text_chars(str_of(longer)) == scenario_pattern_longest(p))
		add(to, false, "too long",
		    arena_printf(to->a, "%s%c", longer, longer[strlen(longer) - 1]));
}

static void add_phones(struct answers *to)
{
	const char *country = scenario_source_text(to->of->rule, "country", "");
	const char *number = flow_phone_example(country, false, to->a);

	if (!number)
		return;
	add(to, true, "as it is dialled", number);
	add(to, true, "from abroad", flow_phone_example(country, true, to->a));
	add(to, false, "too short", arena_strndup(to->a, number, strlen(number) - 1));
	add(to, false, "too long", arena_printf(to->a, "%s00", number));
	add(to, false, "no number", "My number is the same");
}

static void add_integers(struct answers *to)
{
	const long long most = 999999999999999;
	long long min = scenario_source_int(to->of->rule, "min", 0);
	long long max = scenario_source_int(to->of->rule, "max", most);

	add(to, true, "the smallest", arena_printf(to->a, "%lld", min));
	add(to, true, "the largest", arena_printf(to->a, "%lld", max));
	if (max - min > 1)
		add(to, true, "one in the middle", arena_printf(to->a, "%lld", min + 1));
	if (min > -most)
		add(to, false, "too small", arena_printf(to->a, "%lld", min - 1));
	if (max < most)
		add(to, false, "too large", arena_printf(to->a, "%lld", max + 1));
	add(to, false, "no number", "A few of them");
}

/* ---- all ---- */

static bool is_type(const struct question *q, const char *type)
{
	return strcmp(scenario_source_text(q->rule, "type", ""), type) == 0;
}

void scenario_answers(const struct question *q, struct arena *a, struct answers *out)
{
	static const struct {
		const char *type;
		void (*add)(struct answers *to);
	} kinds[] = {
		{ "text", add_texts },
		{ "choice", add_choices },
		{ "pattern", add_patterns },
		{ "phone", add_phones },
		{ "integer", add_integers },
		{ "date", scenario_answers_date },
		{ "media", scenario_answers_media },
		{ "location", scenario_answers_location },
	};

	*out = (struct answers){ .a = a, .of = q };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (is_type(q, kinds[i].type))
			kinds[i].add(out);
	}
	add_also(out);
	if (!is_type(q, "media"))
		scenario_answer_file(out, false, "a file instead", "image/jpeg");
}
