/*
 * compare.c - what the file expects against what came, wherever it came from.
 */
#include "scenario_private.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_LINES = 12, DIFF_MAX = 4194304 };

#define FAIL(w, at, ...) scenario_fail((w)->fault, (w)->a, (w)->file, at, __VA_ARGS__)

int scenario_fault_format(const struct scenario_fault *f, struct buf *out)
{
	return buf_addf(out, "%s:%u: %s", f->file, f->line, f->what);
}

/* ---- the reply ---- */

static bool is_empty(const char *line)
{
	return line[strspn(line, " \t\r")] == '\0';
}

/* The lines of all texts; empty ones do not count. */
static const char **lines_of(const struct str *texts, size_t text_count, struct arena *a,
			     size_t *count_out)
{
	const char **lines;
	size_t most = 0, n = 0;

	for (size_t i = 0; i < text_count; i++)
		most += texts[i].n + 1;
	lines = arena_array(a, most, sizeof *lines);
	for (size_t i = 0; i < text_count; i++) {
		char *text = arena_strndup(a, texts[i].p, texts[i].n);
		char *line;

		while ((line = strsep(&text, "\n")) != NULL) {
			if (!is_empty(line))
				lines[n++] = line;
		}
	}
	*count_out = n;
	return lines;
}

static void add_lines(struct buf *out, const char *label, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count && i < SHOWN_LINES; i++)
		(void)buf_addf(out, "\n    %-9s %s", i ? "" : label, lines[i]);
	if (count > SHOWN_LINES)
		(void)buf_addf(out, "\n              (and %zu lines more)", count - SHOWN_LINES);
}

static int differs(const struct witness *w, const struct expectation *all, const struct mismatch *m,
		   const char *const *lines, size_t count)
{
	const struct expected *e = m->expected < all->count ? &all->list[m->expected] : NULL;
	bool searched = m->expected > 0 && all->list[m->expected - 1].any;
	unsigned line = all->line;
	struct buf out;

	buf_init(&out, DIFF_MAX);
	if (e) {
		line = e->line;
		(void)buf_addf(&out, "\n    expected  %s", e->text);
		if (m->at == count)
			(void)buf_adds(&out, "\n    got       (no further line)");
		add_lines(&out, "got", lines + m->at, searched ? count - m->at : m->at < count);
	} else {
		line = all->count ? all->list[all->count - 1].line : line;
		add_lines(&out, "got", lines + m->at, count - m->at);
	}
	(void)FAIL(w, line, "%s%s",
		   e ? "the reply differs" : "the reply goes on, and nobody expects it", out.data);
	buf_free(&out);
	return -1;
}

int scenario_compare_reply(const struct witness *w, const struct expectation *e,
			   const struct str *texts, size_t text_count)
{
	struct mismatch m;
	size_t count;
	const char *const *lines = (const char *const *)lines_of(texts, text_count, w->a, &count);

	if (scenario_reply_fits(e->list, e->count, lines, count, &m))
		return 0;
	return differs(w, e, &m, lines, count);
}

/* ---- expectations ---- */

static const char *shown(struct arena *a, const struct value *v)
{
	if (!v)
		return "(no such field)";
	switch (v->kind) {
	case VALUE_TEXT:
		return arena_strndup(a, v->text.p, v->text.n);
	case VALUE_TRUE:
		return "true";
	case VALUE_FALSE:
		return "false or null";
	case VALUE_LIST:
		return "(a list, or one of another length)";
	case VALUE_OBJECT:
		break;
	}
	return "(an object)";
}

static int compare_fields(const struct witness *w, const struct act *act, const struct value *got)
{
	struct field_mismatch m;
	const char *fact = scenario_fact_names[act->fact];

	if (!got)
		return FAIL(w, act->line, "there is no %s%s%s", fact, act->name ? " " : "",
			    act->name ? act->name : "");
	if (scenario_fields_fit(act->fields, got, w->a, &m))
		return 0;
	return FAIL(w, act->line, "the %s differs in \"%s\"\n    expected  %s\n    got       %s",
		    fact, m.path, shown(w->a, m.want), shown(w->a, m.got));
}

int scenario_compare_fact(const struct witness *w, const struct act *act, const char *got,
			  const struct value *fields)
{
	const char *fact = scenario_fact_names[act->fact];

	if (act->none)
		return got ? FAIL(w, act->line, "there is a %s %s: %s", fact, act->name, got) : 0;
	if (act->fields)
		return compare_fields(w, act, fields);
	if (got && scenario_line_fits(act->text, got))
		return 0;
	return FAIL(w, act->line, "the %s %s%sdiffers\n    expected  %s\n    got       %s", fact,
		    act->name ? act->name : "", act->name ? " " : "", act->text,
		    got ? got : "(nothing)");
}
