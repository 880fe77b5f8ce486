/*
 * box_private.h - replies, records' fields and consent words as bytes, before sealing.
 *
 * A kind byte, a version byte, a count, then each part as length and bytes.
 * Decoding believes nothing: what was sealed may be of another program
 * version. Sessions, inbound and outbound have their own codecs in model/.
 */
#ifndef SAMVAD_STORE_BOX_PRIVATE_H
#define SAMVAD_STORE_BOX_PRIVATE_H

#include "store.h"

/* Each encoder appends; a refused add shows as out->full. */
void box_put_reply(const struct reply *reply, struct buf *out);
void box_put_fields(const struct session_value *fields, size_t count, struct buf *out);
void box_put_words(const char *words, struct buf *out);

/* Texts are copied into the arena, each with a NUL behind it. -1 ERR_INPUT. */
int box_get_reply(struct str bytes, struct arena *a, struct reply *reply_out, struct err *err);
int box_get_fields(struct str bytes, struct arena *a, struct record *record_out, struct err *err);
int box_get_words(struct str bytes, struct arena *a, const char **words_out, struct err *err);

#endif
