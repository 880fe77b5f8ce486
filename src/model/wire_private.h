/*
 * wire_private.h - the bytes of stored structs: one version byte, then fields in order.
 *
 * Numbers are LEB128 varints (signed ones zigzag), texts and bytes are a
 * varint length, the bytes and one NUL. The NUL lets a reader point into its
 * copy of the whole blob instead of copying each text. There is exactly one
 * way to write a thing and readers refuse every other, so what decodes
 * encodes to the same bytes.
 */
#ifndef SAMVAD_MODEL_WIRE_PRIVATE_H
#define SAMVAD_MODEL_WIRE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Writing. A refused add shows as out->full. */
void wire_put_uint(struct buf *out, uint64_t n);
void wire_put_int(struct buf *out, int64_t n);
void wire_put_bytes(struct buf *out, struct str s);
void wire_put_text(struct buf *out, const char *text); /* NULL is written as "" */
/* Takes back what was added behind `start`; returns -1. */
int wire_undo(struct buf *out, size_t start);

/* Reading. After the first fault `bad` stays set and every get returns 0 or "". */
struct wire_reader {
	const char *p;
	const char *end;
	bool bad;
};

/* Copies the blob into the arena, reads the version byte and leaves r behind
 * it. -1 ERR_INPUT: empty, or another version. `what` names the blob in err. */
int wire_open(struct wire_reader *r, struct str bytes, struct arena *a, uint8_t version,
	      const char *what, struct err *err);
uint64_t wire_get_uint(struct wire_reader *r, uint64_t max); /* more than max is a fault */
int64_t wire_get_int(struct wire_reader *r);
/* Both point into the copy and are NUL-terminated; a text holds no other NUL. */
struct str wire_get_bytes(struct wire_reader *r, size_t max);
const char *wire_get_text(struct wire_reader *r, size_t max);
/* Declares what was read unusable, as a fault of its own would. Returns 0. */
uint64_t wire_fail(struct wire_reader *r);
/* 0 when all was read and nothing is left over, else -1 ERR_INPUT. */
int wire_close(const struct wire_reader *r, const char *what, struct err *err);

#endif
