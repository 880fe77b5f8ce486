/*
 * base/buf.h - a growing byte buffer that is born with its maximum.
 *
 * Always NUL-terminated at data[len], so that text can be printed; may hold
 * any bytes. Passing the maximum sets `full`, keeps what was there and makes
 * every later add fail: check once at the end. Not for sharing between threads.
 */
#ifndef SAMVAD_BASE_BUF_H
#define SAMVAD_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str { /* a borrowed slice; may hold NUL bytes; p is never NULL when n > 0 */
	const char *p;
	size_t n;
};

static inline struct str str_of(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

static inline bool str_is(struct str s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

struct buf {
	char *data; /* owned; never NULL after buf_init */
	size_t len;
	size_t cap;
	size_t max; /* len never passes it */
	bool full;  /* an add was refused since the last reset */
};

/* Starts an empty buffer. Aborts when memory ends, as every allocation of ours does. */
void buf_init(struct buf *b, size_t max);
/* Frees the bytes; the struct is zeroed. Safe on a zeroed struct. */
void buf_free(struct buf *b);
/* Empties it and clears `full`; keeps the memory. */
void buf_reset(struct buf *b);

/* Each returns 0, or -1 when the maximum would be passed (then nothing is added). */
int buf_add(struct buf *b, const void *bytes, size_t n);
int buf_adds(struct buf *b, const char *text);
int buf_addc(struct buf *b, char c);
int buf_add_int(struct buf *b, int64_t n); /* decimal */
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

enum { BUF_DECIMAL_SIZE = 20 }; /* of the longest 64-bit number, signed or not; no NUL */
/* The number in decimal, at the end of `room`. For hot roads: printf costs ten times as much. */
struct str buf_decimal(int64_t n, char room[BUF_DECIMAL_SIZE]);
struct str buf_decimal_u64(uint64_t n, char room[BUF_DECIMAL_SIZE]);

#endif
