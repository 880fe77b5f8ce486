/*
 * base/seal.h - AES-256-GCM boxes with a key ring.
 *
 * A box is: version byte, key id (length-prefixed), 12-byte random nonce,
 * ciphertext, 16-byte tag. The context (the contact) is bound as associated
 * data, so a box moved to another contact does not open. The first key seals,
 * every key opens: that is rotation. (NIST SP 800-38D.) Any thread.
 */
#ifndef SAMVAD_BASE_SEAL_H
#define SAMVAD_BASE_SEAL_H

#include "base/buf.h"
#include "base/err.h"

struct seal_ring; /* immutable once parsed */

/* Parses "id:hex,id:hex": ids 1-16 of [A-Za-z0-9_-], keys 64 hex digits.
 * The caller owns *ring_out. -1 with ERR_INPUT; the text never shows a key. */
int seal_ring_parse(const char *text, struct seal_ring **ring_out, struct err *err);
void seal_ring_free(struct seal_ring **ring);

/* Appends a box to out. -1 when out is full (ERR_FULL). */
int seal_box(const struct seal_ring *ring, struct str context, struct str plain, struct buf *out,
	     struct err *err);
/* Appends the plain bytes to out. -1 ERR_PERM: unknown key id (the text names
 * it), wrong context or changed bytes; ERR_INPUT: not a box. */
int seal_open(const struct seal_ring *ring, struct str context, struct str box, struct buf *out,
	      struct err *err);

#endif
