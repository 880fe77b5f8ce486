/*
 * buf.c - a growing byte buffer with a maximum.
 *
 * Capacity doubles and always counts the closing NUL; it starts small because
 * most buffers stay short, whatever their maximum, and not smaller, because
 * growing costs more than 512 bytes do.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base_private.h"

enum { FIRST_CAPACITY = 512 };

void buf_init(struct buf *b, size_t max)
{
	assert(max < SIZE_MAX / 2);
	*b = (struct buf){ .max = max };
	b->cap = max < FIRST_CAPACITY ? max + 1 : FIRST_CAPACITY;
	b->data = mem_grow(NULL, b->cap, 1);
	b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	b->data[0] = '\0';
}

void *buf_room(struct buf *b, size_t n)
{
	size_t need, cap;

	if (b->full || n > b->max - b->len) {
		b->full = true;
		return NULL;
	}
	need = b->len + n + 1;
	if (need > b->cap) {
		cap = b->cap * 2;
		if (cap < need)
			cap = need;
		if (cap > b->max + 1)
			cap = b->max + 1;
		b->data = mem_grow(b->data, cap, 1);
		b->cap = cap;
	}
	return b->data + b->len;
}

/* Where n bytes go; mostly there is room already, and no maximum is passed by using it. */
static inline char *room_for(struct buf *b, size_t n)
{
	return !b->full && n < b->cap - b->len ? b->data + b->len : buf_room(b, n);
}

int buf_add(struct buf *b, const void *bytes, size_t n)
{
	char *to = room_for(b, n);

	if (!to)
		return -1;
	if (n)
		memcpy(to, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

int buf_adds(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int buf_addc(struct buf *b, char c)
{
	char *to = room_for(b, 1);

	if (!to)
		return -1;
	to[0] = c;
	to[1] = '\0';
	b->len++;
	return 0;
}

/* Puts a character before a text that has room for it. */
static struct str preceded(struct str s, char c)
{
	char *p = (char *)s.p - 1;

	*p = c;
	return (struct str){ p, s.n + 1 };
}

struct str buf_decimal_u64(uint64_t n, char room[BUF_DECIMAL_SIZE])
{
	struct str s = { room + BUF_DECIMAL_SIZE, 0 };

	do {
		s = preceded(s, (char)('0' + n % 10));
		n /= 10;
	} while (n);
	return s;
}

struct str buf_decimal(int64_t n, char room[BUF_DECIMAL_SIZE])
{
	struct str s = buf_decimal_u64(n < 0 ? -(uint64_t)n : (uint64_t)n, room);

	return n < 0 ? preceded(s, '-') : s;
}

int buf_add_int(struct buf *b, int64_t n)
{
	char room[BUF_DECIMAL_SIZE];
	struct str text = buf_decimal(n, room);

	return buf_add(b, text.p, text.n);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	size_t left = b->full ? 0 : b->cap - b->len;
	va_list args;
	size_t n;
	char *to;
	int ret;

	va_start(args, fmt);
	ret = vsnprintf(left ? b->data + b->len : NULL, left, fmt, args);
	va_end(args);
	if (ret < 0)
		base_die("samvad: a format string does not work");
	n = (size_t)ret;
	if (n < left) { /* it fitted at once */
		b->len += n;
		return 0;
	}
	if (left)
		b->data[b->len] = '\0';
	to = buf_room(b, n);
	if (!to)
		return -1;
	va_start(args, fmt);
	(void)vsnprintf(to, n + 1, fmt, args); /* the length is known from above */
	va_end(args);
	b->len += n;
	return 0;
}
