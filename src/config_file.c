/*
 * config_file.c - reads `.env`: KEY=VALUE lines as shells and Docker Compose write them.
 *
 * Knows comments, `export`, single quotes (literal) and double quotes (\n \t
 * \" \\ \$). Expands no variables: a value means what it says.
 */
#include "config_private.h"

#include <string.h>

enum { MAX_PAIRS = 1000 };

struct line {
	const char *p;
	const char *end;
	unsigned number;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static void skip_blanks(struct line *l)
{
	while (l->p < l->end && is_blank(*l->p))
		l->p++;
}

static int fault(const struct line *l, struct err *err, const char *what)
{
	return err_set(err, ERR_INPUT, ".env line %u: %s; write NAME=value", l->number, what);
}

/* Reads the name and the '=' behind it. */
static int take_name(struct line *l, struct arena *a, const char **name_out, struct err *err)
{
	const char *start;

	if (l->end - l->p > 7 && memcmp(l->p, "export", 6) == 0 && is_blank(l->p[6])) {
		l->p += 6;
		skip_blanks(l);
	}
	start = l->p;
	while (l->p < l->end && is_name_char(*l->p))
		l->p++;
	if (l->p == start || (*start >= '0' && *start <= '9'))
		return fault(l, err, "no name before the '='");
	*name_out = arena_strndup(a, start, (size_t)(l->p - start));
	skip_blanks(l);
	if (l->p == l->end || *l->p != '=')
		return fault(l, err, "no '=' behind the name");
	l->p++;
	skip_blanks(l);
	return 0;
}

static char unescape(char c)
{
	return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

static int take_quoted(struct line *l, struct arena *a, const char **value_out, struct err *err)
{
	char quote = *l->p++;
	char *value = arena_alloc(a, (size_t)(l->end - l->p) + 1);
	size_t n = 0;

	while (l->p < l->end && *l->p != quote) {
		if (quote == '"' && *l->p == '\\' && l->p + 1 < l->end) {
			l->p++;
			value[n++] = unescape(*l->p++);
		} else {
			value[n++] = *l->p++;
		}
	}
	if (l->p == l->end)
		return fault(l, err, "a quote is not closed");
	l->p++;
	skip_blanks(l);
	if (l->p < l->end && *l->p != '#')
		return fault(l, err, "something stands behind the closing quote");
	*value_out = value;
	return 0;
}

/* Up to a '#' that follows a blank, without blanks at the end. */
static const char *take_plain(struct line *l, struct arena *a)
{
	const char *start = l->p;
	const char *end;

	while (l->p < l->end && !(*l->p == '#' && (l->p == start || is_blank(l->p[-1]))))
		l->p++;
	end = l->p;
	while (end > start && is_blank(end[-1]))
		end--;
	return arena_strndup(a, start, (size_t)(end - start));
}

static int read_line(struct line *l, struct arena *a, struct env_file *file, struct err *err)
{
	struct env_pair pair = { .line = l->number };

	skip_blanks(l);
	if (l->p == l->end || *l->p == '#')
		return 0;
	if (take_name(l, a, &pair.name, err) < 0)
		return -1;
	if (l->p < l->end && (*l->p == '"' || *l->p == '\'')) {
		if (take_quoted(l, a, &pair.value, err) < 0)
			return -1;
	} else {
		pair.value = take_plain(l, a);
	}
	if (file->count == MAX_PAIRS)
		return err_set(err, ERR_INPUT, ".env has more than %d settings", MAX_PAIRS);
	file->pairs[file->count++] = pair;
	return 0;
}

static size_t count_lines(struct str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

int env_file_parse(struct str text, struct arena *a, struct env_file *file_out, struct err *err)
{
	const char *p = text.p;
	const char *end = text.p + text.n;
	size_t lines = count_lines(text);
	unsigned number = 1;

	if (memchr(text.p, '\0', text.n))
		return err_set(err, ERR_INPUT, ".env holds a NUL byte: it is not a text file");
	file_out->count = 0;
	file_out->pairs =
		arena_array(a, lines < MAX_PAIRS ? lines : MAX_PAIRS, sizeof *file_out->pairs);
	if (text.n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (; p < end; number++) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		struct line l = { p, eol ? eol : end, number };

		p = eol ? eol + 1 : end;
		if (l.end > l.p && l.end[-1] == '\r')
			l.end--;
		if (read_line(&l, a, file_out, err) < 0)
			return -1;
	}
	return 0;
}

const char *env_file_get(const struct env_file *file, const char *name)
{
	for (size_t i = file->count; i > 0; i--)
		if (strcmp(file->pairs[i - 1].name, name) == 0)
			return file->pairs[i - 1].value;
	return NULL;
}
