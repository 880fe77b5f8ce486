/*
 * arena.c - memory that is freed all at once.
 *
 * A list of blocks, newest first; each is twice the size of the one before, up
 * to a limit. What is larger than a quarter of the next block gets a block of
 * its own behind the head, so that the rest of the head stays in use.
 *
 * Blocks are too large for malloc's own cache, and a request needs a dozen: each thread keeps
 * a few of the usual sizes, all threads together KEPT_IN_ALL. Only what is handed out is zeroed.
 */
#include "base/arena.h"

#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base_private.h"

enum {
	FIRST_BLOCK = 2048,
	LARGEST_BLOCK = 64 * 1024,
	KEPT_SIZES = 4, /* FIRST_BLOCK, and each twice as large: at most 16 KiB */
	KEPT_EACH = 2,
	KEPT_IN_ALL = 512,
};

struct arena_block {
	struct arena_block *next;
	size_t size; /* of bytes[] */
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[];
};

/* ---- blocks ---- */

struct kept {
	struct arena_block *first;
	unsigned count;
};

static _Thread_local struct kept kept[KEPT_SIZES];
static _Thread_local bool kept_ends; /* with the thread */
static atomic_int kept_in_all;
static pthread_key_t at_exit; /* of a thread */
static pthread_once_t at_exit_once = PTHREAD_ONCE_INIT;

static struct arena_block *take_kept(struct kept *k)
{
	struct arena_block *b = k->first;

	if (!b)
		return NULL;
	k->first = b->next;
	k->count--;
	atomic_fetch_sub_explicit(&kept_in_all, 1, memory_order_relaxed);
	ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
	return b;
}

static void drop_kept(void *arg)
{
	struct kept *k = arg;
	struct arena_block *b;

	kept_ends = false; /* another destructor may still use an arena */
	for (int i = 0; i < KEPT_SIZES; i++)
		while ((b = take_kept(&k[i])))
			free(b);
}

static void make_key(void)
{
	if (pthread_key_create(&at_exit, drop_kept) != 0)
		base_die("samvad: no thread-specific data");
}

static bool ends_with_thread(void)
{
	if (!kept_ends && pthread_once(&at_exit_once, make_key) == 0)
		kept_ends = pthread_setspecific(at_exit, kept) == 0;
	return kept_ends;
}

/* Where blocks of this size are kept, or NULL. */
static struct kept *kept_of(size_t size)
{
	for (int i = 0; i < KEPT_SIZES; i++)
		if (size == (size_t)FIRST_BLOCK << i)
			return &kept[i];
	return NULL;
}

static void block_free(struct arena_block *b)
{
	struct kept *k = kept_of(b->size);

	if (!k || k->count == KEPT_EACH || !ends_with_thread() ||
	    atomic_load_explicit(&kept_in_all, memory_order_relaxed) >= KEPT_IN_ALL) {
		free(b);
		return;
	}
	atomic_fetch_add_explicit(&kept_in_all, 1, memory_order_relaxed);
	b->next = k->first;
	k->first = b;
	k->count++;
	/* whoever still uses it is found as if it had been freed */
	ASAN_POISON_MEMORY_REGION(b->bytes, b->size);
}

/* Its bytes hold anything. */
static struct arena_block *block_new(size_t size)
{
	struct kept *k = kept_of(size);
	struct arena_block *b = k ? take_kept(k) : NULL;

	if (!b)
		b = mem_grow(NULL, sizeof *b + size, 1);
	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

/* ---- arenas ---- */

void arena_free(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->head; b; b = next) {
		next = b->next;
		block_free(b);
	}
	*a = (struct arena){ 0 };
}

void arena_take(struct arena *to, struct arena *from)
{
	struct arena_block *last = from->head;

	if (!last)
		return;
	while (last->next)
		last = last->next;
	if (to->head) { /* behind the head, as the rest of that stays in use */
		last->next = to->head->next;
		to->head->next = from->head;
	} else {
		to->head = from->head;
	}
	to->used += from->used;
	*from = (struct arena){ 0 };
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

/* Not zeroed. */
static void *alloc_raw(struct arena *a, size_t n)
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

void *arena_alloc(struct arena *a, size_t n)
{
	return memset(alloc_raw(a, n), 0, n);
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
	copy = alloc_raw(a, n + 1);
	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *arena_join(struct arena *a, const char *first, const char *second, const char *third)
{
	size_t n1 = strlen(first), n2 = strlen(second), n3 = strlen(third);
	char *text;

	if (n1 > SIZE_MAX / 4 || n2 > SIZE_MAX / 4 || n3 > SIZE_MAX / 4)
		base_die("samvad: string size overflows");
	text = alloc_raw(a, n1 + n2 + n3 + 1);
	memcpy(text, first, n1);
	memcpy(text + n1, second, n2);
	memcpy(text + n1 + n2, third, n3 + 1);
	return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char most[512]; /* nearly all fit: formatting twice costs twice */
	va_list args;
	char *text;
	int n;

	va_start(args, fmt);
	n = vsnprintf(most, sizeof most, fmt, args);
	va_end(args);
	if (n < 0)
		base_die("samvad: a format string does not work");
	if ((size_t)n < sizeof most)
		return arena_strndup(a, most, (size_t)n);
	text = arena_alloc(a, (size_t)n + 1);
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)n + 1, fmt, args); /* the length is known from above */
	va_end(args);
	return text;
}
