/*
 * base/form.h - application/x-www-form-urlencoded, both ways (WHATWG URL, section 5).
 *
 * Decoded names and values are raw bytes: any byte may occur, NUL included,
 * because signatures are over bytes. Pure.
 */
#ifndef SAMVAD_BASE_FORM_H
#define SAMVAD_BASE_FORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { FORM_MAX_FIELDS = 200, FORM_MAX_READ = 5 * FORM_MAX_FIELDS };

struct form_field {
	struct str name;
	struct str value;
};

struct form {
	struct form_field *fields; /* in wire order */
	size_t count;
	bool broken; /* a '%' without two hex digits: it stands for itself */
};

/* Decodes body. Names and values live in the arena, each with a NUL behind it. Empty parts
 * ("a=1&&b=2") are skipped. -1 ERR_INPUT, *form_out as it was: what form_check
 * refuses. */
int form_decode(struct str body, struct arena *a, struct form *form_out, struct err *err);
/* In two steps, for a signature that is checked before a stranger is told what is wrong: form_read
 * takes up to FORM_MAX_READ fields (-1: there are more) and broken escapes, form_check refuses
 * more than FORM_MAX_FIELDS, or '%' without two hex digits. */
int form_read(struct str body, struct arena *a, struct form *form_out);
int form_check(const struct form *form, struct err *err);
/* Decodes one name or value to `to` (room for s.n bytes); returns the length. Lax: a '%' without
 * two hex digits stays as it is, and *broken becomes true (NULL is fine). */
size_t form_unescape(struct str s, char *to, bool *broken);
/* First value of name; an empty str with p == NULL when absent. */
struct str form_get(const struct form *form, const char *name);
/* Adds "name=value" (after a '&' unless out is empty), as Twilio encodes:
 * blank as '+', all but letters, digits and "-_.*" as %XX. */
int form_add(struct buf *out, struct str name, struct str value);

/* RFC 3986: all but unreserved characters as %XX (blank as %20). */
int percent_encode(struct buf *out, struct str s);

#endif
