/*
 * utf8.c - decoding, validity and cleaning of UTF-8.
 *
 * Follows table 3-7 of the Unicode Standard: of an ill-formed sequence, the
 * longest start that could still have become a character is one unit.
 */
#include "base/text.h"

#include "text_private.h"

/* The lead byte says how many bytes follow and narrows the first of them. */
static size_t lead(uint8_t b, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (b >= 0xc2 && b <= 0xdf)
		return 1;
	if (b >= 0xe0 && b <= 0xef) {
		if (b == 0xe0)
			*low = 0xa0;
		if (b == 0xed)
			*high = 0x9f;
		return 2;
	}
	if (b >= 0xf0 && b <= 0xf4) {
		if (b == 0xf0)
			*low = 0x90;
		if (b == 0xf4)
			*high = 0x8f;
		return 3;
	}
	return 0;
}

size_t utf8_step(struct str s, int32_t *cp_out)
{
	const uint8_t *p = (const uint8_t *)s.p;
	uint8_t low, high;
	size_t follow;
	int32_t cp;

	if (s.n == 0) {
		*cp_out = 0;
		return 0;
	}
	if (p[0] < 0x80) {
		*cp_out = p[0];
		return 1;
	}
	*cp_out = UTF8_ILL_FORMED;
	follow = lead(p[0], &low, &high);
	if (!follow)
		return 1;
	cp = p[0] & (0x3f >> follow);
	for (size_t i = 1; i <= follow; i++) {
		if (i >= s.n || p[i] < low || p[i] > high)
			return i;
		cp = cp << 6 | (p[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	*cp_out = cp;
	return follow + 1;
}

/* Bytes at the start of s that are ASCII, counted by eights: most texts are little else. */
static size_t ascii_run(struct str s)
{
	uint64_t eight;
	size_t n = 0;

	for (; s.n - n >= sizeof eight; n += sizeof eight) {
		memcpy(&eight, s.p + n, sizeof eight);
		if (eight & 0x8080808080808080)
			break;
	}
	return n;
}

bool text_is_utf8(struct str s)
{
	int32_t cp;

	while (s.n) {
		s = str_skip(s, ascii_run(s));
		s = str_skip(s, utf8_step(s, &cp));
		if (cp == UTF8_ILL_FORMED)
			return false;
	}
	return true;
}

size_t text_chars(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
	return n;
}

size_t text_next(struct str s, int32_t *cp_out)
{
	size_t n = utf8_step(s, cp_out);

	if (*cp_out != UTF8_ILL_FORMED)
		return n;
	*cp_out = 0xfffd;
	return 1;
}

/* Surrogates do not get here: as UTF-8 they are ill-formed. */
static bool forbidden_in_xml(int32_t cp)
{
	if (cp < 0x20)
		return cp != '\t' && cp != '\n' && cp != '\r';
	return cp == 0xfffe || cp == 0xffff;
}

int text_add_clean(struct buf *out, struct str s)
{
	size_t good = 0; /* bytes at s.p that can be copied as they are */

	while (good < s.n) {
		int32_t cp;
		size_t n = utf8_step(str_skip(s, good), &cp);

		if (cp != UTF8_ILL_FORMED && !forbidden_in_xml(cp)) {
			good += n;
			continue;
		}
		if (buf_add(out, s.p, good) < 0 || buf_adds(out, UTF8_REPLACEMENT) < 0)
			return -1;
		s = str_skip(s, good + n);
		good = 0;
	}
	return buf_add(out, s.p, good);
}
