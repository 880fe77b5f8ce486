/*
 * err.c - one shape for what went wrong.
 *
 * A text that does not fit ends with "..." at a character border.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = sizeof(((struct err *)0)->text) };

/* Copies tail behind the first `at` bytes of text and marks what had to be left out. */
static void put(char text[TEXT_SIZE], size_t at, const char *tail)
{
	static const char mark[] = "...";
	size_t n = strlen(tail);
	size_t end;

	if (at + n < TEXT_SIZE) {
		memmove(text + at, tail, n + 1);
		return;
	}
	memmove(text + at, tail, TEXT_SIZE - at);
	end = TEXT_SIZE - sizeof mark;
	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, mark, sizeof mark);
}

__attribute__((format(printf, 2, 0))) static void format(char out[2 * TEXT_SIZE], const char *fmt,
							 va_list args)
{
	if (vsnprintf(out, 2 * TEXT_SIZE, fmt, args) < 0)
		out[0] = '\0';
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	char text[2 * TEXT_SIZE]; /* the arguments may point into err->text */
	va_list args;

	if (!err)
		return -1;
	va_start(args, fmt);
	format(text, fmt, args);
	va_end(args);
	err->kind = kind;
	put(err->text, 0, text);
	return -1;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char text[2 * TEXT_SIZE];
	char old[TEXT_SIZE];
	va_list args;
	size_t n;

	if (!err)
		return -1;
	memcpy(old, err->text, sizeof old);
	va_start(args, fmt);
	format(text, fmt, args);
	va_end(args);
	put(err->text, 0, text);
	n = strlen(err->text);
	if (n + 2 < TEXT_SIZE) {
		put(err->text, n, ": ");
		put(err->text, n + 2, old);
	}
	return -1;
}

int err_below(struct err *err)
{
	if (err && err->kind == ERR_PERM)
		err->kind = ERR_BUG;
	return -1;
}

const char *err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
		return "none";
	case ERR_INPUT:
		return "input";
	case ERR_TEMP:
		return "temp";
	case ERR_PERM:
		return "perm";
	case ERR_FULL:
		return "full";
	case ERR_UNSURE:
		return "unsure";
	case ERR_BUG:
		return "bug";
	}
	return "unknown";
}
