/*
 * parse.c - a .chat file to acts.
 *
 * Line by line: '>' says, '<' expects, a word begins all else, '|' continues
 * the line before. The first fault ends it.
 */
#include "scenario_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/contact.h"

enum { PASS_DIGITS = 6 };

const char *const scenario_fact_names[FACT_COUNT] = { "step",	 "language", "value",
						      "consent", "record",   "call" };

struct parser {
	struct scenario *s;
	struct arena *a;
	struct scenario_fault *fault;
	const char *at; /* the next line */
	const char *end;
	unsigned line;		   /* of the statement under way */
	unsigned lines_taken;	   /* with what continues it */
	struct expected *expected; /* room for all */
	size_t expected_count;
	struct act *turn; /* whose reply is being told, or NULL */
};

int scenario_fail(struct scenario_fault *fault, struct arena *a, const char *file, unsigned line,
		  const char *fmt, ...)
{
	va_list args;
	int n;
	char *what;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	what = arena_alloc(a, n < 0 ? 1 : (size_t)n + 1);
	va_start(args, fmt);
	if (n >= 0)
		(void)vsnprintf(what, (size_t)n + 1, fmt, args);
	va_end(args);
	*fault = (struct scenario_fault){ file, line, what };
	return -1;
}

#define FAIL(p, ...) scenario_fail((p)->fault, (p)->a, (p)->s->file, (p)->line, __VA_ARGS__)

/* ---- lines and words ---- */

static struct str physical_line(struct parser *p)
{
	const char *eol = memchr(p->at, '\n', (size_t)(p->end - p->at));
	struct str line = { p->at, (size_t)((eol ? eol : p->end) - p->at) };

	p->at = eol ? eol + 1 : p->end;
	p->lines_taken++;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* Text behind a sign: one blank belongs to the sign. */
static struct str behind_sign(struct str line)
{
	size_t skip = line.n > 1 && line.p[1] == ' ' ? 2 : 1;

	return (struct str){ line.p + skip, line.n - skip };
}

/* The next statement with what continues it, or NULL at the end. */
static char *statement(struct parser *p)
{
	struct str line;
	char *text;

	if (p->at == p->end)
		return NULL;
	p->line = p->lines_taken + 1;
	line = physical_line(p);
	text = arena_strndup(p->a, line.p, line.n);
	while (line.n && p->at < p->end && *p->at == '|') {
		struct str more = behind_sign(physical_line(p));

		text = arena_printf(p->a, "%s\n%.*s", text, (int)more.n, more.p);
	}
	return text;
}

static char *skip_blanks(char *s)
{
	return s + strspn(s, " \t\n");
}

/* Cuts the next word off; "" when there is none. */
static char *word(char **rest)
{
	char *w = skip_blanks(*rest);
	size_t n = strcspn(w, " \t\n");

	*rest = skip_blanks(w + n + (w[n] != '\0'));
	w[n] = '\0';
	return w;
}

static void cut_blanks_behind(char *s)
{
	size_t n = strlen(s);

	while (n && strchr(" \t\n", s[n - 1]))
		s[--n] = '\0';
}

static struct act *add_act(struct parser *p, enum act_kind kind)
{
	struct act *act = &p->s->acts[p->s->act_count++];

	act->kind = kind;
	act->line = p->line;
	act->replies = p->expected + p->expected_count;
	if (kind != ACT_EXPECT) /* which may stand among the lines of a reply */
		p->turn = kind == ACT_RECORD ? NULL : act;
	return act;
}

static int take_json(struct parser *p, char *text, const struct value **value_out)
{
	struct value *v;
	struct err err = { 0 };

	if (value_from_json(p->a, str_of(text), &v, &err) < 0)
		return FAIL(p, "the JSON is none: %s", err.text);
	*value_out = v;
	return 0;
}

/* ---- what the contact does ---- */

static struct inbound *add_message(struct parser *p, enum inbound_kind kind, const char *text)
{
	struct inbound *in = &add_act(p, ACT_SAY)->message;

	inbound_init(in);
	in->kind = kind;
	in->text = text;
	return in;
}

static int parse_button(struct parser *p, char *rest)
{
	const char *id = word(&rest);

	if (!*id)
		return FAIL(p, "write the id of the button: button yes");
	add_message(p, INBOUND_CHOICE, *rest ? rest : id)->payload = id;
	return 0;
}

static int parse_media(struct parser *p, char *rest)
{
	const char *type = word(&rest);
	struct inbound *in;

	if (!strchr(type, '/'))
		return FAIL(p, "write the type of the file: media image/jpeg");
	in = add_message(p, INBOUND_MEDIA, rest);
	in->media[0] = (struct inbound_media){ .url = "https://media.invalid/1", .type = type };
	in->media_count = 1;
	return 0;
}

static int parse_location(struct parser *p, char *rest)
{
	const char *latitude = word(&rest), *longitude = word(&rest);
	struct inbound *in;

	if (!*latitude || !*longitude)
		return FAIL(p, "write two numbers: location 19.07 72.88");
	in = add_message(p, INBOUND_LOCATION, "");
	in->latitude = latitude;
	in->longitude = longitude;
	in->place = rest;
	return 0;
}

static int parse_other(struct parser *p, char *rest)
{
	add_message(p, INBOUND_OTHER, rest);
	return 0;
}

/* ---- what the world does ---- */

static int status_of(const char *text)
{
	int n = 0;

	for (size_t i = 0; i < 3; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		n = 10 * n + text[i] - '0';
	}
	return text[3] || n < 100 ? 0 : n;
}

static int parse_call(struct parser *p, char *rest)
{
	const char *name = word(&rest), *arrow = word(&rest), *how = word(&rest);
	struct act *act;

	if (strcmp(arrow, "->") != 0 || !*how)
		return FAIL(p, "write how it ends: call %s -> 200 {\"ok\": true}, or -> timeout",
			    *name ? name : "NAME");
	act = add_act(p, ACT_CALL);
	act->name = name;
	act->status = status_of(how);
	act->outcome = how;
	cut_blanks_behind(rest);
	act->json = rest;
	return *rest ? take_json(p, rest, &act->answer) : 0;
}

static int parse_pass(struct parser *p, char *rest)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	const char *w = word(&rest);
	size_t digits = strspn(w, "0123456789");

	for (size_t i = 0; digits && digits <= PASS_DIGITS && i < 4; i++) {
		if (w[digits] == units[i].unit && !w[digits + 1] && !*rest) {
			add_act(p, ACT_PASS)->ms = strtoll(w, NULL, 10) * units[i].ms;
			return 0;
		}
	}
	return FAIL(p, "write how long: pass 90s, pass 11m, pass 25h or pass 2d");
}

static int parse_record(struct parser *p, char *rest)
{
	const char *name = word(&rest), *arrow = word(&rest), *state = word(&rest);
	struct act *act;

	if (strcmp(arrow, "->") != 0 || !*state || *rest)
		return FAIL(p, "write its new state: record %s -> closed", *name ? name : "NAME");
	act = add_act(p, ACT_RECORD);
	act->name = name;
	act->outcome = state;
	return 0;
}

/* ---- expectations ---- */

static struct expected *add_expected(struct parser *p, const char *text)
{
	struct expected *e = &p->expected[p->expected_count++];

	*e = (struct expected){ .line = p->line, .text = text };
	p->turn->reply_count++;
	return e;
}

/* Blank lines do not count, so that a reply can be written as it is read. */
static int parse_reply(struct parser *p, char *line)
{
	bool inside = line[1] == '~';
	const char *text;

	if (!p->turn)
		return FAIL(p, "nobody said anything that this would answer");
	if (strchr(line, '\n'))
		return FAIL(p, "write each line of a reply behind a < of its own");
	text = line + 1 + inside;
	text += *text == ' ';
	cut_blanks_behind(line);
	if (inside && *skip_blanks(line + 2)) {
		add_expected(p, SCENARIO_ANY)->any = true;
		add_expected(p, text)->inside = true;
		add_expected(p, SCENARIO_ANY)->any = true;
	} else if (inside) {
		return FAIL(p, "write the text that the reply holds behind <~");
	} else if (*skip_blanks(line + 1)) {
		bool any = strcmp(text, SCENARIO_ANY) == 0 || strcmp(text, "...") == 0;

		add_expected(p, text)->any = any;
	}
	return 0;
}

static int check_expectation(struct parser *p, struct act *act, char *rest)
{
	bool named = act->fact == FACT_VALUE || act->fact == FACT_RECORD;
	bool fields = act->fact == FACT_RECORD || act->fact == FACT_CALL;
	const char *fact = scenario_fact_names[act->fact];

	if (act->none && act->fact != FACT_VALUE && act->fact != FACT_RECORD)
		return FAIL(p, "\"no\" goes with a value or a record");
	if (named && !*(act->name = word(&rest)))
		return FAIL(p, "write which %s", fact);
	cut_blanks_behind(rest);
	if (act->none)
		return *rest ? FAIL(p, "nothing may follow: it is not there") : 0;
	if (!*rest)
		return FAIL(p, "write what the %s should be", fact);
	act->text = rest;
	return fields ? take_json(p, rest, &act->fields) : 0;
}

static int parse_expect(struct parser *p, char *rest)
{
	const char *what = word(&rest);
	bool none = strcmp(what, "no") == 0;
	struct act *act;

	if (none)
		what = word(&rest);
	for (int i = 0; i < FACT_COUNT; i++) {
		if (strcmp(scenario_fact_names[i], what) != 0)
			continue;
		act = add_act(p, ACT_EXPECT);
		act->fact = (enum fact)i;
		act->none = none;
		return check_expectation(p, act, rest);
	}
	return FAIL(p, "write one of: expect step, language, value, consent, record, call");
}

/* ---- the top of the file ---- */

static int parse_contact(struct parser *p, char *rest)
{
	cut_blanks_behind(rest);
	if (!contact_is_valid(rest))
		return FAIL(p, "write an address: contact whatsapp:+919812345678");
	p->s->contact = rest;
	return 0;
}

static int parse_profile(struct parser *p, char *rest)
{
	p->s->profile_name = rest;
	return 0;
}

static int parse_language(struct parser *p, char *rest)
{
	const char *code = word(&rest);

	if (!*code || strlen(code) > LANGUAGE_MAX || *rest)
		return FAIL(p, "write a language of the flow: language hi");
	p->s->language = code;
	p->s->language_line = p->line;
	return 0;
}

static int parse_setting(struct parser *p, char *rest)
{
	const char *name = word(&rest);

	cut_blanks_behind(rest);
	if (!*name)
		return FAIL(p, "write: setting NAME value");
	if (!p->s->setting_line)
		p->s->setting_line = p->line;
	p->s->settings[p->s->setting_count++] = (struct scenario_setting){ name, rest, p->line };
	return 0;
}

/* ---- all ---- */

static const struct {
	const char *word;
	bool top; /* only before anything happens */
	int (*parse)(struct parser *p, char *rest);
} statements[] = {
	{ "contact", true, parse_contact },    { "profile", true, parse_profile },
	{ "language", true, parse_language },  { "setting", true, parse_setting },
	{ "button", false, parse_button },     { "media", false, parse_media },
	{ "location", false, parse_location }, { "other", false, parse_other },
	{ "call", false, parse_call },	       { "pass", false, parse_pass },
	{ "record", false, parse_record },     { "expect", false, parse_expect },
};

static int parse_statement(struct parser *p, char *line)
{
	char *rest = line;
	const char *w;

	if (*line == '>') {
		add_message(p, INBOUND_TEXT, line + 1 + (line[1] == ' '));
		return 0;
	}
	if (*line == '<')
		return parse_reply(p, line);
	if (*line == '|')
		return FAIL(p, "there is no line that this continues");
	w = word(&rest);
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		if (strcmp(statements[i].word, w) != 0)
			continue;
		if (statements[i].top && p->s->act_count)
			return FAIL(p, "%s stands at the top, before anything happens", w);
		return statements[i].parse(p, rest);
	}
	return FAIL(p,
		    "\"%.40s\" begins no line: write >, <, #, button, media, location, other, "
		    "call, pass, record, expect, or at the top contact, profile, language, setting",
		    w);
}

static size_t count_lines(struct str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

int scenario_parse(const char *file, struct str text, struct arena *a,
		   struct scenario **scenario_out, struct scenario_fault *fault)
{
	size_t most = count_lines(text);
	struct parser p = { .a = a, .fault = fault };
	char *line;

	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) /* some editors begin so */
		text = (struct str){ text.p + 3, text.n - 3 };
	p.at = text.p;
	p.end = text.p + text.n;
	p.s = arena_alloc(a, sizeof *p.s);
	*p.s = (struct scenario){ .file = file,
				  .contact = "whatsapp:+919812345678",
				  .profile_name = "",
				  .language = "" };
	p.s->acts = arena_array(a, most, sizeof *p.s->acts);
	p.s->settings = arena_array(a, most, sizeof *p.s->settings);
	p.expected = arena_array(a, 3 * most, sizeof *p.expected);
	if (!text_is_utf8(text) || (text.n && memchr(text.p, '\0', text.n)))
		return scenario_fail(fault, a, file, 1, "the file is no UTF-8 text");
	while ((line = statement(&p)) != NULL) {
		if (*line == '#' || !*skip_blanks(line))
			continue;
		if (parse_statement(&p, line) < 0)
			return -1;
	}
	p.line = p.lines_taken ? p.lines_taken : 1;
	if (p.s->act_count == 0)
		return FAIL(&p, "nothing happens in it: write what the person says, > Hi");
	*scenario_out = p.s;
	return 0;
}
