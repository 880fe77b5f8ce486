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

enum { FORM_MAX_FIELDS = 200 };

struct form_field {
	struct str name;
	struct str value;
};

struct form {
	struct form_field *fields; /* in wire order */
	size_t count;
};

/* Decodes body. Names and values live in the arena. -1 ERR_INPUT: more than
 * FORM_MAX_FIELDS fields, or '%' without two hex digits. Empty parts ("a=1&&b=2") are skipped. */
int form_decode(struct str body, struct arena *a, struct form *form_out, struct err *err);
/* First value of name; an empty str with p == NULL when absent. */
struct str form_get(const struct form *form, const char *name);
/* Adds "name=value" (after a '&' unless out is empty), as Twilio encodes:
 * blank as '+', all but letters, digits and "-_.*" as %XX. */
int form_add(struct buf *out, struct str name, struct str value);

/* RFC 3986: all but unreserved characters as %XX (blank as %20). */
int percent_encode(struct buf *out, struct str s);

#endif
