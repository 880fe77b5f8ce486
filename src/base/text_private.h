/*
 * text_private.h - the one UTF-8 decoder of this room.
 */
#ifndef SAMVAD_BASE_TEXT_PRIVATE_H
#define SAMVAD_BASE_TEXT_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { UTF8_ILL_FORMED = -1 };

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Looks at the start of s. Returns the bytes of one code point, or with
 * *cp_out UTF8_ILL_FORMED those of one maximal subpart; 0 at the end. */
size_t utf8_step(struct str s, int32_t *cp_out);

static inline struct str str_skip(struct str s, size_t n)
{
	return (struct str){ s.p + n, s.n - n };
}

#endif
