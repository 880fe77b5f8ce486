/*
 * text.c - comparison keys, tidy text, digits and scripts, with utf8proc.
 *
 * Folding goes: clean, blanks, keycaps, NFKC with case folding (utf8proc),
 * digits, blanks once more, because NFKC makes some. Short ASCII, which most
 * messages are, takes a road without utf8proc to the same result.
 */
#include "base/text.h"

#include <stdlib.h>

#include <utf8proc.h>

#include "base_private.h"
#include "text_private.h"

enum {
	KEYCAP = 0x20e3,	 /* encloses the digit before it */
	KEYCAP_TEN = 0x1f51f,	 /* the one keycap that is a single character */
	EMOJI_SELECTOR = 0xfe0f, /* may stand between digit and keycap */
};

static bool is_white(int32_t cp)
{
	if (cp < 0x80)
		return cp == ' ' || (cp >= '\t' && cp <= '\r');
	return cp == 0x85 || cp == 0xa0 || cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	       cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f || cp == 0x3000;
}

static bool is_control(int32_t cp)
{
	return (cp >= 0 && cp < 0x20) || (cp >= 0x7f && cp < 0xa0);
}

/* The value of a decimal digit of any script, or -1. Unicode keeps the ten
 * digits of a script together in order; where several sets touch (the
 * mathematical ones), the tens still count from the first. */
static int digit_value(int32_t cp)
{
	int32_t zero = cp;

	if (cp < 0x80)
		return cp >= '0' && cp <= '9' ? cp - '0' : -1;
	if (utf8proc_category(cp) != UTF8PROC_CATEGORY_ND)
		return -1;
	while (utf8proc_category(zero - 1) == UTF8PROC_CATEGORY_ND)
		zero--;
	return (cp - zero) % 10;
}

/* Length of a keycap emoji at the start of s and its digits; 0 when there is none. */
static size_t keycap(struct str s, const char **digits_out)
{
	static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
	int32_t cp;
	size_t at = utf8_step(s, &cp);

	if (cp == KEYCAP_TEN) {
		*digits_out = "10";
		return at;
	}
	if (at != 1 || cp < '0' || cp > '9')
		return 0;
	*digits_out = names[cp - '0'];
	for (int looks = 0; looks < 2; looks++) {
		at += utf8_step(str_skip(s, at), &cp);
		if (cp == KEYCAP)
			return at;
		if (cp != EMOJI_SELECTOR)
			break;
	}
	return 0;
}

/* Keycaps and decimal digits become ASCII; every other byte is kept. */
int text_add_ascii_digits(struct buf *out, struct str s)
{
	while (s.n) {
		const char *digits;
		int32_t cp;
		size_t n = keycap(s, &digits);
		int value, ret;

		if (n) {
			ret = buf_adds(out, digits);
		} else {
			n = utf8_step(s, &cp);
			value = cp == UTF8_ILL_FORMED ? -1 : digit_value(cp);
			ret = value < 0 ? buf_add(out, s.p, n) : buf_addc(out, (char)('0' + value));
		}
		if (ret < 0)
			return -1;
		s = str_skip(s, n);
	}
	return 0;
}

/* Turns the direction of what follows, also behind the end of the text it came in. */
static bool is_embedding(int32_t cp)
{
	return (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* White space to blanks; ill-formed bytes, what XML forbids and control
 * characters to U+FFFD, or with drop_controls the last two to nothing.
 * The buffer's maximum is three times s, so that adding cannot fail. */
static void add_prepared(struct buf *out, struct str s, bool drop_controls)
{
	while (s.n) {
		int32_t cp;
		size_t n = utf8_step(s, &cp);
		struct str one = { s.p, n };

		if (is_white(cp))
			(void)buf_addc(out, ' ');
		else if (!drop_controls || !(is_control(cp) || is_embedding(cp)))
			(void)text_add_clean(out, one);
		s = str_skip(s, n);
	}
}

/* Bytes up to the next white space; *white_out: the bytes of that one character, 0 at the end. */
static size_t word_length(struct str s, size_t *white_out)
{
	size_t at = 0;

	*white_out = 0;
	while (at < s.n) {
		int32_t cp = (uint8_t)s.p[at];
		size_t n = cp < 0x80 ? 1 : utf8_step(str_skip(s, at), &cp);

		if (is_white(cp)) {
			*white_out = n;
			break;
		}
		at += n;
	}
	return at;
}

/* Collapses runs of white space to one blank and trims; s is valid. */
static int add_collapsed(struct buf *out, struct str s)
{
	bool any = false;

	while (s.n) {
		size_t white, n = word_length(s, &white);

		if (n && any && buf_addc(out, ' ') < 0)
			return -1;
		if (n && buf_add(out, s.p, n) < 0)
			return -1;
		any = any || n;
		s = str_skip(s, n + white);
	}
	return out->full ? -1 : 0;
}

static bool is_plain_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((uint8_t)s.p[i] >= 0x7f || (s.p[i] < ' ' && !is_white(s.p[i])))
			return false;
	}
	return true;
}

static struct str normalized(const struct buf *b, utf8proc_option_t options)
{
	utf8proc_uint8_t *text = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)b->data,
					  (utf8proc_ssize_t)b->len, &text, options);

	if (n < 0) /* the text is valid UTF-8: only memory can be missing */
		base_die("samvad: utf8proc failed");
	return (struct str){ (char *)text, (size_t)n };
}

static int add_folded_ascii(struct buf *out, struct str s)
{
	size_t start = out->len;

	if (add_collapsed(out, s) < 0)
		return -1;
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] >= 'A' && out->data[i] <= 'Z')
			out->data[i] += 'a' - 'A';
	}
	return 0;
}

int text_add_folded(struct buf *out, struct str s)
{
	const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
					  UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
	struct buf prepared, keycaps, digits;
	struct str text;
	int ret;

	if (is_plain_ascii(s))
		return add_folded_ascii(out, s);
	buf_init(&prepared, 3 * s.n);
	buf_init(&keycaps, 3 * s.n);
	add_prepared(&prepared, s, false);
	(void)text_add_ascii_digits(&keycaps, (struct str){ prepared.data, prepared.len });
	text = normalized(&keycaps, options);
	buf_init(&digits, text.n);
	/* Once more: NFKC turns styled digits into plain ones of some script. */
	(void)text_add_ascii_digits(&digits, text);
	ret = add_collapsed(out, (struct str){ digits.data, digits.len });
	free((char *)text.p);
	buf_free(&digits);
	buf_free(&keycaps);
	buf_free(&prepared);
	return ret;
}

int text_add_tidy(struct buf *out, struct str s)
{
	struct buf prepared;
	struct str text;
	int ret;

	if (is_plain_ascii(s))
		return add_collapsed(out, s);
	buf_init(&prepared, 3 * s.n);
	add_prepared(&prepared, s, true);
	text = normalized(&prepared, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	ret = add_collapsed(out, text);
	free((char *)text.p);
	buf_free(&prepared);
	return ret;
}
