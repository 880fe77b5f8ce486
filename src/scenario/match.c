/*
 * match.c - whether a reply is what the file says.
 */
#include "scenario_private.h"

#include <string.h>

/* ---- one line ---- */

/* Bytes of the wildcard that p begins with, or 0. */
static size_t wildcard(const char *p)
{
	if (strncmp(p, SCENARIO_ANY, strlen(SCENARIO_ANY)) == 0)
		return strlen(SCENARIO_ANY);
	return strncmp(p, "...", 3) == 0 ? 3 : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* At the end of what counts of a line. */
static bool at_end(const char *p)
{
	while (is_blank(*p))
		p++;
	return *p == '\0';
}

/* The usual walk for patterns: after a mismatch the last wildcard takes one byte more. */
bool scenario_line_fits(const char *pattern, const char *line)
{
	const char *retry = NULL, *from = NULL;

	for (;;) {
		size_t w = wildcard(pattern);

		if (w) {
			pattern += w;
			retry = pattern;
			from = line;
		} else if (at_end(pattern) && at_end(line)) {
			return true;
		} else if (*pattern && *pattern == *line) {
			pattern++;
			line++;
		} else if (!retry || !*from) {
			return false;
		} else {
			pattern = retry;
			line = ++from;
		}
	}
}

/* ---- a reply ---- */

static bool one_fits(const struct expected *e, const char *line)
{
	return e->inside ? strstr(line, e->text) != NULL : scenario_line_fits(e->text, line);
}

/* The same walk over lines; `out` keeps the first mismatch of those that came farthest. */
bool scenario_reply_fits(const struct expected *list, size_t count, const char *const *lines,
			 size_t line_count, struct mismatch *out)
{
	size_t e = 0, i = 0, retry = 0, from = 0;
	bool loose = false, noted = false;

	for (;;) {
		if (e < count && list[e].any) {
			retry = ++e;
			from = i;
			loose = true;
			continue;
		}
		if (e == count && i == line_count)
			return true;
		if (e < count && i < line_count && one_fits(&list[e], lines[i])) {
			e++;
			i++;
			continue;
		}
		if (loose && retry == count) /* the last one takes all that is left */
			return true;
		if (!noted || e > out->expected)
			*out = (struct mismatch){ e, i };
		noted = true;
		if (!loose || from == line_count)
			return false;
		e = retry;
		i = ++from;
	}
}

/* ---- fields ---- */

static bool value_fits(const struct value *want, const struct value *got, struct arena *a,
		       const char *path, struct field_mismatch *out);

static bool object_fits(const struct value *want, const struct value *got, struct arena *a,
			const char *path, struct field_mismatch *out)
{
	for (const struct value *m = want->first; m; m = m->next) {
		const char *inner = *path ? arena_printf(a, "%s.%s", path, m->name) : m->name;

		if (!value_fits(m, value_get(got, m->name), a, inner, out))
			return false;
	}
	return true;
}

static bool list_fits(const struct value *want, const struct value *got, struct arena *a,
		      const char *path, struct field_mismatch *out)
{
	const struct value *w = want->first, *g = got->first;

	for (size_t i = 0; w && g; i++, w = w->next, g = g->next) {
		if (!value_fits(w, g, a, arena_printf(a, "%s[%zu]", path, i), out))
			return false;
	}
	*out = (struct field_mismatch){ path, want, got }; /* as long as it should be? */
	return !w && !g;
}

static bool value_fits(const struct value *want, const struct value *got, struct arena *a,
		       const char *path, struct field_mismatch *out)
{
	*out = (struct field_mismatch){ path, want, got };
	if (!got || want->kind != got->kind)
		return false;
	switch (want->kind) {
	case VALUE_TEXT:
		return scenario_line_fits(arena_strndup(a, want->text.p, want->text.n),
					  arena_strndup(a, got->text.p, got->text.n));
	case VALUE_OBJECT:
		return object_fits(want, got, a, path, out);
	case VALUE_LIST:
		return list_fits(want, got, a, path, out);
	default:
		return true;
	}
}

bool scenario_fields_fit(const struct value *want, const struct value *got, struct arena *a,
			 struct field_mismatch *out)
{
	return value_fits(want, got, a, "", out);
}
