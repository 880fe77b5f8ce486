/*
 * base/arena.h - memory that is freed all at once.
 *
 * One per request or per loaded pack, for all its small things. What is
 * allocated is valid until arena_free. Aborts when memory ends: inputs are
 * bounded before they reach an arena. One thread at a time.
 */
#ifndef SAMVAD_BASE_ARENA_H
#define SAMVAD_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena { /* zeroed = empty, ready for use */
	struct arena_block *head;
	size_t used; /* bytes handed out, for tests and limits */
};

/* Frees everything; the arena is empty and may be used again. */
void arena_free(struct arena *a);
/* All that `from` holds belongs to `to` from now on; `from` is empty. */
void arena_take(struct arena *to, struct arena *from);
/* Zeroed memory, aligned for any type. n may be 0 (a unique valid pointer). */
void *arena_alloc(struct arena *a, size_t n);
/* n items of `size` bytes; aborts on overflow. */
void *arena_array(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s);
/* Copies n bytes and adds a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
/* The three texts in a row. */
char *arena_join(struct arena *a, const char *first, const char *second, const char *third);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
