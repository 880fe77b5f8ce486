/*
 * form.c - form bodies and percent-encoding.
 *
 * Reading is lax, as the standard is; checking is strict ('%' must be followed
 * by two hex digits): Twilio never sends anything else.
 */
#include "base/form.h"

#include "base/crypto.h"

/* The part of s before the first c; *rest_out is what lies behind it. False: there is no c. */
static bool split(struct str s, char c, struct str *part_out, struct str *rest_out)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
	size_t n = at ? (size_t)(at - s.p) : s.n;

	*part_out = (struct str){ s.p, n };
	*rest_out = at ? (struct str){ at + 1, s.n - n - 1 } : (struct str){ "", 0 };
	return at != NULL;
}

size_t form_unescape(struct str s, char *to, bool *broken)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '%') {
			to[n++] = s.p[i] == '+' ? ' ' : s.p[i];
		} else if (s.n - i >= 3 &&
			   hex_decode((struct str){ s.p + i + 1, 2 }, (uint8_t *)to + n, 1) == 1) {
			i += 2;
			n++;
		} else {
			to[n++] = '%';
			if (broken)
				*broken = true;
		}
	}
	return n;
}

/* Writes to *to, which has room for s and a NUL, and moves it on. */
static struct str decode(struct str s, char **to, bool *broken)
{
	struct str out = { *to, s.n };

	if (s.n && (memchr(s.p, '%', s.n) || memchr(s.p, '+', s.n)))
		out.n = form_unescape(s, *to, broken);
	else if (s.n) /* most names and values are what they stand for */
		memcpy(*to, s.p, s.n);
	*to += out.n;
	*(*to)++ = '\0';
	return out;
}

static size_t count_fields(struct str body)
{
	struct str part;
	size_t n = 0;

	while (body.n) {
		(void)split(body, '&', &part, &body);
		n += part.n > 0;
	}
	return n;
}

int form_read(struct str body, struct arena *a, struct form *form_out)
{
	size_t count = count_fields(body);
	struct form form = { 0 };
	struct str part;
	char *to;

	if (count > FORM_MAX_READ)
		return -1;
	form.fields = arena_array(a, count, sizeof *form.fields);
	to = arena_alloc(a, body.n + 2 * count); /* for all names and values, each with a NUL */
	while (body.n) {
		struct str name, value;

		(void)split(body, '&', &part, &body);
		if (part.n == 0)
			continue;
		(void)split(part, '=', &name, &value);
		name = decode(name, &to, &form.broken);
		value = decode(value, &to, &form.broken);
		form.fields[form.count++] = (struct form_field){ name, value };
	}
	*form_out = form;
	return 0;
}

static int too_many(struct err *err)
{
	return err_set(err, ERR_INPUT, "form: more than %d fields", FORM_MAX_FIELDS);
}

int form_check(const struct form *form, struct err *err)
{
	if (form->count > FORM_MAX_FIELDS)
		return too_many(err);
	if (form->broken)
		return err_set(err, ERR_INPUT, "form: '%%' is not followed by two hex digits");
	return 0;
}

int form_decode(struct str body, struct arena *a, struct form *form_out, struct err *err)
{
	struct form form;

	if (form_read(body, a, &form) < 0)
		return too_many(err);
	if (form_check(&form, err) < 0)
		return -1;
	*form_out = form;
	return 0;
}

struct str form_get(const struct form *form, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < form->count; i++) {
		struct str has = form->fields[i].name;

		/* a message is asked for thirty names: nearly all differ in length or first byte */
		if (has.n == n && (n == 0 || has.p[0] == name[0]) && memcmp(has.p, name, n) == 0)
			return form->fields[i].value;
	}
	return (struct str){ NULL, 0 };
}

static bool is_plain(char c, const char *also_plain)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr(also_plain, c));
}

static int add_escaped(struct buf *out, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char)c;

	return buf_add(out, (char[]){ '%', digits[byte >> 4], digits[byte & 15] }, 3);
}

static int add_encoded(struct buf *out, struct str s, const char *also_plain, bool plus)
{
	size_t run = 0; /* bytes before i that are added as they are */

	for (size_t i = 0; i < s.n; i++) {
		if (is_plain(s.p[i], also_plain)) {
			run++;
			continue;
		}
		if (run)
			(void)buf_add(out, s.p + i - run, run);
		if (s.p[i] == ' ' && plus)
			(void)buf_addc(out, '+');
		else
			(void)add_escaped(out, s.p[i]);
		run = 0;
	}
	if (run)
		(void)buf_add(out, s.p + s.n - run, run);
	return out->full ? -1 : 0;
}

int form_add(struct buf *out, struct str name, struct str value)
{
	static const char plain[] = "-_.*";

	if (out->len > 0 && buf_addc(out, '&') < 0)
		return -1;
	if (add_encoded(out, name, plain, true) < 0 || buf_addc(out, '=') < 0)
		return -1;
	return add_encoded(out, value, plain, true);
}

int percent_encode(struct buf *out, struct str s)
{
	return add_encoded(out, s, "-._~", false);
}
