/*
 * flow_garden.h - a made flow (flow_random.h) written as a pack, with one fault in it or none.
 */
#ifndef SAMVAD_TESTS_FLOW_GARDEN_H
#define SAMVAD_TESTS_FLOW_GARDEN_H

#include <stdarg.h>

#include "flow_random.h"

enum { GARDEN_FILES = 3 * MADE_MAX + 24, GARDEN_JSON_MAX = 1 << 17 };

enum plant {
	NOTHING,
	UNREACHABLE,
	LOOP,
	DEAD_END,
	TRAP,
	ENDLESS_CALLS,
	NOT_SET,
	UNKNOWN_VALUE,
	NO_TEXT,
	TOO_LONG,
	LANGUAGES,
	BUTTONS,
	ROWS,
	CLASH,
	HIDDEN_OPTION,
	HIDDEN_ANSWER,
	PII_CALL,
	PII_ADDRESS,
	PII_COPY,
	NOWHERE,
	NO_EXIT,
	NO_OUTCOME,
	NO_ELSE,
	BAD_PATTERN,
	BAD_KEY,
	SILENT,
	LATE_REMINDER,
	UNSAID,
	UNUSED,
	PLANTS,
};

struct garden { /* a flow that is being written with a fault in it */
	struct arena a;
	struct made_flow f;
	enum plant plant;
	size_t at;    /* the step */
	size_t value; /* one of the flow's */
	struct buf json;
	struct file_tree pack;
};

static inline bool garden_is_here(const struct garden *g, enum plant plant, size_t i)
{
	return g->plant == plant && g->at == i;
}

static inline void garden_add(struct garden *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static inline void garden_add(struct garden *g, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < sizeof text);
	assert_int_equal(buf_adds(&g->json, text), 0);
}

static inline void garden_add_file(struct garden *g, const char *path, const char *text)
{
	assert_true(g->pack.count < GARDEN_FILES);
	g->pack.files[g->pack.count++] = (struct file){ path, str_of(arena_strdup(&g->a, text)) };
}

static inline void garden_add_values(struct garden *g)
{
	const char *comma = "";

	garden_add(g, "\"values\": {");
	for (size_t i = 0; i < g->f.count; i++) {
		enum made_kind kind = g->f.steps[i].kind;

		if (!made_saves(&g->f, i))
			continue;
		if (kind == MADE_TEXT)
			garden_add(g, "%s\"v%zu\": {\"type\": \"text\", \"max\": 60%s}", comma, i,
				   i == 1 ? ", \"pii\": \"name\"" : "");
		else
			garden_add(g,
				   "%s\"v%zu\": {\"type\": \"integer\", \"min\": 0, \"max\": 99}",
				   comma, i);
		comma = ", ";
	}
	if (g->plant == UNUSED || g->plant == PII_COPY)
		garden_add(g, ", \"spare\": {\"type\": \"text\"}");
	garden_add(g, "},\n");
}

static inline void garden_add_calls(struct garden *g)
{
	const char *comma = "";

	garden_add(g, "\"calls\": {");
	for (size_t i = 0; i < g->f.count; i++) {
		if (g->f.steps[i].kind != MADE_CALL)
			continue;
		garden_add(
			g,
			"%s\n\"c%zu\": {\"method\": \"POST\", \"url\": \"{{env.WEB_APP_URL}}/%s\", "
			"\"timeout_ms\": \"1000\", \"body\": \"calls/c%zu.json\"%s, \"outcomes\": "
			"[{\"name\": \"ok\", \"status\": \"2xx\"}]}",
			comma, i,
			garden_is_here(g, PII_ADDRESS, i) ? "{{#v1}}{{url.v1}}{{/v1}}" : "order", i,
			garden_is_here(g, PII_CALL, i) ? "" : ", \"pii\": [\"name\"]");
		comma = ",";
		garden_add_file(g, arena_printf(&g->a, "calls/c%zu.json", i),
				"{\"who\": \"{{#v1}}{{v1}}{{/v1}}\"}");
	}
	garden_add(g, "},\n");
}

static inline const char *garden_name_of(struct garden *g, size_t i, size_t to)
{
	if (garden_is_here(g, NOWHERE, i) && to == i + 1)
		return "nowhere";
	if (garden_is_here(g, LOOP, i) && to == i + 1)
		return "ring";
	return arena_printf(&g->a, "s%zu", to);
}

static inline const char *garden_forgetting(struct garden *g, const struct made_step *s)
{
	return arena_printf(&g->a, "%s%s", s->forgets ? "\"clear\": true, " : "",
			    s->unsets ? arena_printf(&g->a, "\"unset\": \"v%zu\", ", s->one) : "");
}

static inline const char *garden_condition(struct garden *g, const struct made_step *s)
{
	switch (s->when) {
	case WHEN_SET:
		return arena_printf(&g->a, "{\"set\": \"v%zu\"}", s->one);
	case WHEN_NOT_SET:
		return arena_printf(&g->a, "{\"not\": {\"set\": \"v%zu\"}}", s->one);
	case WHEN_BOTH_SET:
		return arena_printf(&g->a, "{\"set\": [\"v%zu\", \"v%zu\"]}", s->one, s->other);
	case WHEN_ONE_SET:
		return arena_printf(&g->a, "{\"any\": [{\"set\": \"v%zu\"}, {\"set\": \"v%zu\"}]}",
				    s->one, s->other);
	case WHEN_NONE_SET:
		return arena_printf(&g->a,
				    "{\"all\": [{\"not\": {\"set\": \"v%zu\"}}, {\"not\": "
				    "{\"set\": \"v%zu\"}}]}",
				    s->one, s->other);
	case WHEN_LESS:
		return arena_printf(&g->a, "{\"less\": {\"v%zu\": 50}}", s->one);
	default:
		return "{\"consent\": \"out\"}";
	}
}

static inline void garden_add_reminder(struct garden *g, size_t i)
{
	if (garden_is_here(g, LATE_REMINDER, i))
		garden_add(g, ", \"reminders\": [{\"after\": \"24h\", \"say\": \"said\"}]");
}

static inline void garden_add_question(struct garden *g, size_t i)
{
	const struct made_step *s = &g->f.steps[i];

	garden_add(g,
		   "\"ask\": \"text%zu\", \"wrong\": \"said\", \"save\": \"v%zu\", \"next\": ", i,
		   i);
	if (garden_is_here(g, DEAD_END, i))
		garden_add(g, "\"@same\"");
	else if (garden_is_here(g, TRAP, i))
		garden_add(g, "[{\"if\": {\"consent\": \"in\"}, \"goto\": \"here\"}, \"s%zu\"]",
			   i + 1);
	else if (garden_is_here(g, PII_COPY, i))
		garden_add(g, "{\"set\": {\"spare\": {\"copy\": \"v1\"}}, \"goto\": \"s%zu\"}",
			   i + 1);
	else if (s->kind == MADE_TEXT && s->branches)
		garden_add(g, "[{\"if\": %s, %s\"goto\": \"s%zu\"}, \"%s\"]",
			   garden_condition(g, s), garden_forgetting(g, s), s->aside,
			   garden_name_of(g, i, i + 1));
	else
		garden_add(g, "\"%s\"", garden_name_of(g, i, i + 1));
	garden_add_reminder(g, i);
}

static inline void garden_add_menu(struct garden *g, size_t i)
{
	const struct made_step *s = &g->f.steps[i];
	const char *as = garden_is_here(g, BUTTONS, i) ? "\"as\": \"buttons\", "
			 : garden_is_here(g, ROWS, i)  ? "\"as\": \"list\", "
						       : "";
	const char *more = garden_is_here(g, BUTTONS, i) || garden_is_here(g, ROWS, i)
				   ? " with a label that is too long"
				   : "";

	garden_add(g,
		   "\"ask\": \"text%zu\", \"wrong\": \"said\", \"input\": {\"type\": \"choice\", %s"
		   "\"options\": [",
		   i, as);
	for (size_t k = 0; k < s->options; k++)
		garden_add(
			g,
			"%s{\"id\": \"o%zu\", \"label\": {\"en\": \"Option %zu of %zu%s\", \"hi\": "
			"\"विकल्प %zu of %zu\"}%s}",
			k ? ", " : "", k, k, i, k == 1 ? more : "", k, i,
			k == 1 && garden_is_here(g, CLASH, i)
				? arena_printf(&g->a,
					       ", \"synonyms\": {\"en\": [\"*OPTION 0 OF %zu!*\"]}",
					       i)
				: "");
	garden_add(g, "]}, \"exits\": {\"o0\": \"%s\"", garden_name_of(g, i, i + 1));
	for (size_t k = 1; k < s->options; k++) {
		if (!(k == 1 && garden_is_here(g, NO_EXIT, i)))
			garden_add(g, ", \"o%zu\": {%s\"say\": \"said\", \"goto\": \"s%zu\"}", k,
				   garden_forgetting(g, s), s->aside);
	}
	garden_add(g, "}");
	garden_add_reminder(g, i);
}

static inline void garden_add_call(struct garden *g, size_t i)
{
	const struct made_step *s = &g->f.steps[i];

	garden_add(g,
		   "\"say\": \"text%zu\", \"call\": \"c%zu\", \"exits\": {\"ok\": {\"record\": "
		   "\"sale\", \"goto\": \"s%zu\"}",
		   i, i, i + 1);
	if (garden_is_here(g, ENDLESS_CALLS, i))
		garden_add(g, ", \"timeout\": \"@same\"");
	if (!garden_is_here(g, NO_OUTCOME, i))
		garden_add(g, ", \"otherwise\": {%s\"goto\": \"s%zu\"}", garden_forgetting(g, s),
			   s->aside);
	garden_add(g, "}");
}

static inline void garden_add_step(struct garden *g, size_t i)
{
	const struct made_step *s = &g->f.steps[i];

	garden_add(g, "%s\n\"s%zu\": {", i ? "," : "", i);
	switch (s->kind) {
	case MADE_GREETING:
		garden_add(g, "\"say\": \"text%zu\", \"next\": \"%s\"", i,
			   garden_name_of(g, i, i + 1));
		break;
	case MADE_CROSSING:
		garden_add(g,
			   "\"shown\": false, \"say\": \"text%zu\", \"next\": [{\"if\": %s, "
			   "%s\"goto\": \"s%zu\"}",
			   i, garden_condition(g, s), garden_forgetting(g, s), s->aside);
		if (!garden_is_here(g, NO_ELSE, i))
			garden_add(g, ", \"%s\"", garden_name_of(g, i, i + 1));
		garden_add(g, "]");
		break;
	case MADE_TEXT:
	case MADE_NUMBER:
		garden_add_question(g, i);
		break;
	case MADE_MENU:
		garden_add_menu(g, i);
		break;
	case MADE_CALL:
		garden_add_call(g, i);
		break;
	case MADE_END:
		garden_add(g, "\"say\": \"text%zu\", \"end\": true, \"again\": \"text%zu\"", i, i);
		break;
	}
	garden_add(g, "%s}", garden_is_here(g, BAD_KEY, i) ? ", \"nxt\": \"s1\"" : "");
}

static inline void garden_add_steps(struct garden *g)
{
	garden_add(g, "\"steps\": {");
	for (size_t i = 0; i < g->f.count; i++)
		garden_add_step(g, i);
	if (g->plant == UNREACHABLE)
		garden_add(g, ",\n\"lost\": {\"say\": \"said\", \"next\": \"s%zu\"}", g->at);
	if (g->plant == LOOP)
		garden_add(
			g,
			",\n\"ring\": {\"next\": [{\"if\": {\"set\": \"v1\"}, \"goto\": \"s%zu\"}, "
			"\"s%zu\"]}",
			g->at + 1, g->at);
	if (g->plant == TRAP)
		garden_add(g, ",\n\"here\": {\"ask\": \"said\", \"wrong\": \"said\", \"input\": "
			      "{\"type\": "
			      "\"text\"}, \"next\": \"there\"}, \"there\": {\"ask\": \"said\", "
			      "\"wrong\": "
			      "\"said\", \"input\": {\"type\": \"text\"}, \"next\": \"here\"}");
	garden_add(g, "},\n");
}

static inline void garden_add_commands(struct garden *g)
{
	const char *word = g->plant == HIDDEN_OPTION
				   ? arena_printf(&g->a, ", \"OPTION 1 of %zu\"", g->at)
			   : g->plant == HIDDEN_ANSWER ? ", \"७\""
						       : "";

	garden_add(
		g,
		"\"commands\": {\"help\": {\"words\": {\"en\": [\"help\"%s], \"hi\": [\"मदद\"]}, %s"
		"\"do\": {\"say\": \"said\", \"goto\": \"@same\"}},\n",
		word, g->plant == BAD_PATTERN ? "\"patterns\": [\"(\"], " : "");
	if (g->plant == SILENT)
		garden_add(g,
			   "\"mute\": {\"words\": {\"en\": [\"mute\"], \"hi\": [\"चुप\"]}, \"do\": "
			   "{\"consent\": \"out\"}},\n");
	garden_add(g,
		   "\"menu\": {\"words\": {\"en\": [\"menu\"], \"hi\": [\"मेनू\"]}, \"do\": "
		   "\"s%zu\"},\n",
		   g->f.menu_to);
	garden_add(g,
		   "\"restart\": {\"words\": {\"en\": [\"restart\"], \"hi\": [\"फिर से\"]}, \"do\": "
		   "{\"clear\": true, \"goto\": \"s0\"}}},\n");
}

/* Values that are surely there stand alone, the others each in a section of their own. */
static inline const char *garden_text_of(struct garden *g, size_t i, const char *language)
{
	const struct made_step *s = &g->f.steps[i];
	bool first = strcmp(language, "en") == 0;
	const char *text = arena_printf(&g->a, "Text %zu in %s.", i, language);

	for (size_t v = 0; v < g->f.count; v++) {
		if (s->shows >> v & 1)
			text = arena_printf(&g->a,
					    s->surely >> v & 1 ? "%s <{{v%zu}}>"
							       : "%s {{#v%zu}}{{v%zu}}{{/v%zu}}",
					    text, v, v, v);
	}
	if (garden_is_here(g, NOT_SET, i))
		text = arena_printf(&g->a, "%s {{v%zu}}", text, g->value);
	if (garden_is_here(g, LANGUAGES, i) && first)
		text = arena_printf(&g->a, "%s {{#v%zu}}x{{/v%zu}}", text, g->value, g->value);
	if (garden_is_here(g, UNKNOWN_VALUE, i))
		text = arena_printf(&g->a, "%s {{nonsense}}", text);
	if (garden_is_here(g, TOO_LONG, i) && !first)
		text = arena_printf(&g->a, "%s %01600d", text, 0);
	return text;
}

static inline void garden_add_texts(struct garden *g)
{
	static const char *const languages[] = { "en", "hi" };

	for (size_t l = 0; l < COUNT(languages); l++) {
		garden_add_file(g, arena_printf(&g->a, "%s/said.txt", languages[l]), "Said.");
		for (size_t i = 0; i < g->f.count; i++) {
			if (!(garden_is_here(g, NO_TEXT, i) && l == 1))
				garden_add_file(
					g, arena_printf(&g->a, "%s/text%zu.txt", languages[l], i),
					garden_text_of(g, i, languages[l]));
		}
	}
	if (g->plant == UNSAID)
		garden_add_file(g, "en/unsaid.txt", "Unsaid.");
}

static inline int garden_by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static inline void garden_write(struct garden *g)
{
	g->pack = (struct file_tree){
		.root = "", .files = arena_array(&g->a, GARDEN_FILES, sizeof(struct file))
	};
	buf_reset(&g->json);
	garden_add(g, "{\"flow\": \"made\", \"version\": 1, \"languages\": {\"en\": {}, \"hi\": "
		      "{\"script\": \"Deva\"}}, \"start\": \"s0\",\n");
	garden_add(g, "\"records\": {\"sale\": {\"fields\": [\"v1\", \"language\"]}},\n");
	if (g->f.reminds)
		garden_add(
			g,
			"\"reminders\": [{\"after\": \"2h\", \"say\": \"said\", \"ask\": true}], "
			"\"expiry\": {\"after\": \"10h\", \"do\": {\"clear\": true, \"say\": "
			"\"said\"}},\n");
	garden_add_values(g);
	garden_add_calls(g);
	garden_add_steps(g);
	garden_add_commands(g);
	garden_add(
		g,
		"\"system\": {\"one_moment\": \"said\", \"too_fast\": \"said\", \"trouble\": "
		"\"said\", \"still_working\": \"said\", \"media_instead\": \"said\", \"way_out\": "
		"\"said\", \"expired\": \"said\", \"flow_changed\": \"said\"}}\n");
	garden_add_texts(g);
	garden_add_file(g, "flow.json", g->json.data);
	qsort(g->pack.files, g->pack.count, sizeof *g->pack.files, garden_by_path);
}

#endif
