/*
 * scan.c - finding the next tag: delimiters, sigil, body, and whether it stands alone.
 *
 * A section, comment, partial or delimiter tag that is alone on its line takes
 * the line with it; a value never does. That is read from the source, not from
 * what was compiled: every other tag on the line is visible there as text.
 */
#include <stdarg.h>
#include <stdio.h>

#include "scan_private.h"

int scan_fault(const struct scan *s, unsigned line, const char *fmt, ...)
{
	char what[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	return err_set(s->err, ERR_INPUT, "%s:%u: %s", s->name, line, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool scan_is_space(char c)
{
	return is_blank(c) || c == '\n' || c == '\r';
}

static struct str trimmed(const char *p, const char *end)
{
	while (p < end && scan_is_space(*p))
		p++;
	while (end > p && scan_is_space(end[-1]))
		end--;
	return (struct str){ p, (size_t)(end - p) };
}

static const char *find(const char *p, const char *end, struct str what)
{
	return memmem(p, (size_t)(end - p), what.p, what.n);
}

static unsigned lines_in(const char *p, const char *end)
{
	unsigned n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

void scan_begin(struct scan *s, const char *name, struct str source, struct err *err)
{
	*s = (struct scan){
		.name = name,
		.err = err,
		.text = source.p,
		.p = source.p,
		.end = source.p + source.n,
		.line = 1,
		.open = str_of("{{"),
		.close = str_of("}}"),
	};
}

int scan_set_delimiters(struct scan *s, const struct tag *tag)
{
	const char *p = tag->body.p, *end = p + tag->body.n;
	const char *gap = p;
	struct str open, close;

	while (gap < end && !scan_is_space(*gap))
		gap++;
	open = (struct str){ p, (size_t)(gap - p) };
	close = trimmed(gap, end);
	for (size_t i = 0; i < close.n; i++) {
		if (scan_is_space(close.p[i]))
			close.n = 0;
	}
	if (open.n == 0 || close.n == 0 || memchr(p, '=', tag->body.n))
		return scan_fault(s, tag->line,
				  "delimiters are set like {{=<%% %%>=}}; write two marks with a "
				  "blank between them and no '=' in them");
	s->open = open;
	s->close = close;
	return 0;
}

static void find_standalone(const struct scan *s, struct tag *tag)
{
	const char *begin = tag->begin, *end = tag->end;

	while (begin > s->text && is_blank(begin[-1]))
		begin--;
	while (end < s->end && is_blank(*end))
		end++;
	if (begin > s->text && begin[-1] != '\n')
		return;
	if (end < s->end && *end == '\r' && end + 1 < s->end && end[1] == '\n')
		end++;
	if (end < s->end && *end++ != '\n')
		return;
	tag->standalone = true;
	tag->from = begin;
	tag->to = end;
}

/* The closing delimiter; for {{{x}}} and {{=a b=}} the one that has `mark` before it. */
static const char *find_close(const struct scan *s, const char *body, char mark)
{
	const char *at = find(body, s->end, s->close);

	while (mark && at && (at == body || at[-1] != mark))
		at = find(at + 1, s->end, s->close);
	return at;
}

static int read_tag(const struct scan *s, const char *at, struct tag *tag)
{
	const char *body = at + s->open.n, *close;
	char mark[2] = { 0, 0 };

	*tag = (struct tag){ .begin = at, .line = s->line + lines_in(s->p, at) };
	while (body < s->end && scan_is_space(*body))
		body++;
	if (body < s->end && strchr("#^/!>&{=", *body))
		tag->sigil = *body++;
	if (tag->sigil == '{')
		mark[0] = '}';
	if (tag->sigil == '=')
		mark[0] = '=';
	close = find_close(s, body, mark[0]);
	if (!close)
		return scan_fault(s, tag->line,
				  "a tag that begins with %.*s is not closed; add %s%.*s",
				  (int)(body - at), at, mark, (int)s->close.n, s->close.p);
	tag->body = trimmed(body, close - strlen(mark));
	tag->end = close + s->close.n;
	tag->from = tag->begin;
	tag->to = tag->end;
	if (tag->sigil && strchr("#^/!>=", tag->sigil))
		find_standalone(s, tag);
	return 0;
}

int scan_next(struct scan *s, struct tag *tag_out)
{
	const char *at = find(s->p, s->end, s->open);

	if (!at)
		return 0;
	return read_tag(s, at, tag_out) < 0 ? -1 : 1;
}

void scan_pass(struct scan *s, const struct tag *tag)
{
	s->line += lines_in(s->p, tag->to);
	s->p = tag->to;
}
