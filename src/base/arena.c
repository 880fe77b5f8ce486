/*
 * arena.c - memory that is freed all at once.
 *
 * A list of blocks, newest first; each is twice the size of the one before, up
 * to a limit. What is larger than a quarter of the next block gets a block of
 * its own behind the head, so that the rest of the head stays in use.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base_private.h"

enum { FIRST_BLOCK = 2048, LARGEST_BLOCK = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* of bytes[] */
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[];
};

void arena_free(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->head; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b = mem_alloc(sizeof *b + size);

	b->size = size;
	return b;
}

static void *own_block(struct arena *a, size_t n)
{
	struct arena_block *b = block_new(n);

	b->used = n;
	if (a->head) {
		b->next = a->head->next;
		a->head->next = b;
	} else {
		a->head = b;
	}
	return b->bytes;
}

void *arena_alloc(struct arena *a, size_t n)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *b = a->head;
	size_t next_size = FIRST_BLOCK;
	void *p;

	if (n > SIZE_MAX / 2)
		base_die("samvad: arena size overflows");
	n = n ? (n + align - 1) / align * align : align;
	a->used += n;
	if (!b || b->size - b->used < n) {
		if (b && b->size >= FIRST_BLOCK)
			next_size = b->size < LARGEST_BLOCK ? b->size * 2 : LARGEST_BLOCK;
		if (n > next_size / 4)
			return own_block(a, n);
		b = block_new(next_size);
		b->next = a->head;
		a->head = b;
	}
	p = b->bytes + b->used;
	b->used += n;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		base_die("samvad: array size overflows");
	return arena_alloc(a, n * size);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		base_die("samvad: string size overflows");
	copy = arena_alloc(a, n + 1);
	if (n)
		memcpy(copy, s, n);
	return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		base_die("samvad: a format string does not work");
	text = arena_alloc(a, (size_t)n + 1);
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)n + 1, fmt, args); /* the length is known from above */
	va_end(args);
	return text;
}
