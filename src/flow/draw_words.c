/*
 * draw_words.c - few words for a text, a condition, a rule, an action.
 */
#include <string.h>

#include "base/text.h"
#include "draw_private.h"

enum { LINE_CHARS = 80, LINE_BYTES = 400, WORDS_BYTES = 2000 };

const char *flow_draw_cut(struct arena *a, const char *text, size_t max)
{
	struct str rest = str_of(text);
	size_t chars = 0, keep = 0;

	while (rest.n) {
		int32_t cp;
		size_t n = text_next(rest, &cp);

		if (++chars > max)
			return arena_printf(a, "%.*s…", (int)keep, text);
		if (chars < max)
			keep += n;
		rest = (struct str){ rest.p + n, rest.n - n };
	}
	return text;
}

/* ---- the first line of a text ---- */

/* Pictures need fonts that not everybody has, and stars are WhatsApp's bold type. */
static bool is_shown(int32_t cp)
{
	return cp != '*' && cp != 0xfe0f && cp != 0x20e3 && cp != 0x200d &&
	       !(cp >= 0x2600 && cp <= 0x27bf) && !(cp >= 0x2b00 && cp <= 0x2bff) && cp < 0x1f000;
}

/* What stands for a tag: {{name}} becomes {name}, {{#name}} and the like nothing. */
static void add_tag(struct buf *line, const char *tag, size_t n)
{
	while (n && (*tag == '{' || *tag == '&' || *tag == ' ')) {
		tag++;
		n--;
	}
	while (n && (tag[n - 1] == ' ' || tag[n - 1] == '}'))
		n--;
	if (n && !strchr("#^/!>=", *tag)) {
		(void)buf_addc(line, '{');
		(void)buf_add(line, tag, n);
		(void)buf_addc(line, '}');
	}
}

/* Takes one tag or character off the text; false at the end of the line. */
static bool add_piece(struct buf *line, struct str *text)
{
	const char *close;
	int32_t cp;
	size_t n = text_next(*text, &cp);

	if (n == 0 || cp == '\n')
		return false;
	if (text->n > 2 && memcmp(text->p, "{{", 2) == 0 && (close = strstr(text->p, "}}"))) {
		add_tag(line, text->p + 2, (size_t)(close - text->p) - 2);
		n = (size_t)(close - text->p) + 2;
	} else if (is_shown(cp)) {
		(void)buf_add(line, text->p, n);
	}
	*text = (struct str){ text->p + n, text->n - n };
	return true;
}

static const char *first_line(struct str text, struct arena *a)
{
	struct buf line, tidy;
	const char *found = "";

	buf_init(&line, LINE_BYTES);
	buf_init(&tidy, LINE_BYTES);
	while (text.n && !*found) {
		buf_reset(&line);
		buf_reset(&tidy);
		while (!line.full && add_piece(&line, &text))
			continue;
		if (text.n && !line.full) { /* the line break */
			text.p++;
			text.n--;
		}
		(void)text_add_tidy(&tidy, (struct str){ line.data, line.len });
		found = arena_strdup(a, tidy.data);
		if (line.full)
			break;
	}
	buf_free(&line);
	buf_free(&tidy);
	return flow_draw_cut(a, found, LINE_CHARS);
}

const char *flow_draw_first_line(const struct flow *flow, const struct file_tree *pack,
				 const struct flow_text *t, struct arena *a)
{
	const struct file *file;

	if (!t)
		return "";
	file = file_tree_get(pack, arena_printf(a, "%s/%s.txt", flow->languages[0].code, t->name));
	return file && file->text.n ? first_line(file->text, a) : "";
}

/* ---- conditions ---- */

static void add_condition(const struct flow *flow, const struct flow_condition *c, bool not,
			  struct buf *out);

static void add_joined(const struct flow *flow, const struct flow_condition *list, bool not,
		       const char *word, struct buf *out)
{
	for (const struct flow_condition *c = list; c; c = c->sibling) {
		if (c != list)
			(void)buf_addf(out, " %s ", word);
		add_condition(flow, c, not, out);
	}
}

static void add_values(const struct flow *flow, uint64_t values, const char *between,
		       struct buf *out)
{
	const char *word = "";

	for (size_t i = 0; i < flow->value_count; i++) {
		if (!(values >> i & 1))
			continue;
		(void)buf_addf(out, "%s%s", word, flow->values[i].name);
		word = between;
	}
}

static const char *operand(const struct flow *flow, int value)
{
	return value == FLOW_WRONG_COUNT ? "wrong answers" : flow->values[value].name;
}

static void add_compare(const struct flow *flow, const struct flow_condition *c, struct buf *out)
{
	static const char *const signs[] = { [COMPARE_LESS] = "<",
					     [COMPARE_MORE] = ">",
					     [COMPARE_AT_LEAST] = "≥",
					     [COMPARE_AT_MOST] = "≤" };

	(void)buf_addf(out, "%s %s ", operand(flow, c->left), signs[c->compare]);
	if (c->right >= 0)
		(void)buf_adds(out, flow->values[c->right].name);
	else if (c->day.given && c->day.relative)
		(void)buf_addf(out, "today%+lld", (long long)c->day.days);
	else if (c->day.given)
		(void)buf_addf(out, "day %lld", (long long)c->day.days);
	else
		(void)buf_addf(out, "%lld", (long long)c->number);
}

static void add_is(const struct flow *flow, const struct flow_condition *c, bool not,
		   struct buf *out)
{
	(void)buf_addf(out, "%s %s ", flow->values[c->value].name, not ? "≠" : "=");
	for (size_t i = 0; i < c->text_count; i++)
		(void)buf_addf(out, "%s%s", i ? "/" : "", c->texts[i]);
}

static void add_condition(const struct flow *flow, const struct flow_condition *c, bool not,
			  struct buf *out)
{
	static const char *const consents[] = {
		[CONSENT_NONE] = "open", [CONSENT_IN] = "in", [CONSENT_OUT] = "out"
	};

	if (not &&c->kind != CONDITION_IS && c->kind != CONDITION_SET && c->kind != CONDITION_NOT)
		(void)buf_adds(out, "not ");
	switch (c->kind) {
	case CONDITION_SET:
		(void)buf_adds(out, not ? "no " : "has ");
		add_values(flow, c->values, not ? " or " : ", ", out);
		break;
	case CONDITION_IS:
		add_is(flow, c, not, out);
		break;
	case CONDITION_NOT:
		add_condition(flow, c->inner, !not, out);
		break;
	case CONDITION_ALL:
	case CONDITION_ANY:
		(void)buf_adds(out, not ? "(" : "");
		add_joined(flow, c->inner, false, c->kind == CONDITION_ALL ? "and" : "or", out);
		(void)buf_adds(out, not ? ")" : "");
		break;
	case CONDITION_AT:
		(void)buf_addf(out, "at %s", c->step->name);
		break;
	case CONDITION_LANGUAGE:
		(void)buf_addf(out, "in %s", flow->languages[c->language].code);
		break;
	case CONDITION_CONSENT:
		(void)buf_addf(out, "opted %s", consents[c->consent]);
		break;
	case CONDITION_COMPARE:
		add_compare(flow, c, out);
		break;
	}
}

const char *flow_draw_condition(const struct flow *flow, const struct flow_condition *c,
				struct arena *a)
{
	struct buf out;
	const char *text;

	if (!c)
		return "else";
	buf_init(&out, WORDS_BYTES);
	add_condition(flow, c, false, &out);
	text = arena_strdup(a, out.data);
	buf_free(&out);
	return text;
}

/* ---- rules and actions ---- */

const char *flow_draw_rule(const struct flow_rule *rule, struct arena *a)
{
	switch (rule->type) {
	case RULE_TEXT:
		return "text";
	case RULE_CHOICE:
		return rule->list ? arena_printf(a, "choice of %zu", rule->list->count)
				  : arena_printf(a, "choice from %s", rule->from_name);
	case RULE_PATTERN:
		return "pattern";
	case RULE_PHONE:
		return arena_printf(a, "phone %s", rule->country->code);
	case RULE_INTEGER:
		return "number";
	case RULE_DATE:
		return "date";
	case RULE_MEDIA:
		return "file";
	case RULE_LOCATION:
		return "place";
	case RULE_ITEMS:
		break;
	}
	return "";
}

static void add_part(struct buf *out, const char *part)
{
	if (!strstr(out->data, part))
		(void)buf_addf(out, "%s%s", out->len ? ", " : "", part);
}

static void add_branch(const struct flow *flow, const struct flow_action *act, struct arena *a,
		       struct buf *out)
{
	if (act->language >= 0)
		add_part(out, arena_printf(a, "speaks %s", flow->languages[act->language].code));
	if (act->clear)
		add_part(out, "forgets all");
	if (act->consent != CONSENT_NONE)
		add_part(out, act->consent == CONSENT_IN ? "opts in" : "opts out");
	if (act->record)
		add_part(out, arena_printf(a, "stores %s", act->record->name));
	if (act->say_count)
		add_part(out, "answers");
	if (act->to == GOTO_STEP)
		add_part(out, arena_printf(a, "→ %s", act->target->name));
	else if (act->to == GOTO_SAME)
		add_part(out, "asks again");
	else if (act->to == GOTO_BACK)
		add_part(out, "→ the question before");
}

const char *flow_draw_does(const struct flow *flow, const struct flow_action *act, struct arena *a)
{
	struct buf out;
	const char *text;

	buf_init(&out, WORDS_BYTES);
	for (; act; act = act->otherwise)
		add_branch(flow, act, a, &out);
	text = arena_strdup(a, out.data);
	buf_free(&out);
	return text;
}

size_t flow_draw_wrap(struct arena *a, const char *const *labels, size_t count, size_t chars,
		      const char *lines_out[DRAW_LABEL_LINES])
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const char *label = flow_draw_cut(a, labels[i], chars);

		if (n &&
		    text_chars(str_of(lines_out[n - 1])) + text_chars(str_of(label)) + 2 <= chars) {
			lines_out[n - 1] = arena_printf(a, "%s, %s", lines_out[n - 1], label);
			continue;
		}
		if (n == DRAW_LABEL_LINES) {
			lines_out[n - 1] = arena_printf(a, "%s …", lines_out[n - 1]);
			return n;
		}
		lines_out[n++] = label;
	}
	return n;
}
