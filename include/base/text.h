/*
 * base/text.h - UTF-8: validity, folding, digits, safe cutting. utf8proc behind it.
 *
 * All positions and lengths are bytes unless a name says chars (code points).
 * Any thread.
 */
#ifndef SAMVAD_BASE_TEXT_H
#define SAMVAD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

bool text_is_utf8(struct str s);
/* Appends s to out; each ill-formed sequence (Unicode 15, table 3-7, maximal
 * subpart) and each character that XML 1.0 forbids becomes U+FFFD. */
int text_add_clean(struct buf *out, struct str s);
/* Number of code points of valid UTF-8. */
size_t text_chars(struct str s);
/* Decodes one code point at s.p; returns its length, 0 at the end, and
 * U+FFFD with length 1 for an ill-formed byte. */
size_t text_next(struct str s, int32_t *cp_out);

/* Comparison key of a whole message: NFKC, case folding, variation selectors
 * and other default ignorables removed, decimal digits of any script to
 * ASCII, keycap emoji to their digit, white space runs to one blank, trimmed. */
int text_add_folded(struct buf *out, struct str s);
/* What is stored of a typed answer: NFC, control characters and those that turn the
 * direction of the text around them removed, white space runs (line breaks too) to one
 * blank, trimmed. */
int text_add_tidy(struct buf *out, struct str s);
/* Decimal digits of any script (General_Category Nd) and keycap emoji to ASCII; the rest as it is.
 */
int text_add_ascii_digits(struct buf *out, struct str s);

/* Largest prefix of s with at most max_chars code points that ends at a line,
 * else a blank, else a grapheme cluster border. Returns its length in bytes
 * (0 only for an empty s); *skip_out: bytes of white space to drop behind it. */
size_t text_cut(struct str s, size_t max_chars, size_t *skip_out);

/* Number of letters (General_Category L) of any script. */
size_t text_letters(struct str s);
/* True when most letters of s belong to the named script; knows "Deva", "Arab", "Latn". */
bool text_script_is(struct str s, const char *script);

#endif
