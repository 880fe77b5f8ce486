/*
 * wire.c - see wire_private.h. Decoded bytes may come from foreign hands: no
 * length is believed before it is compared with what is left.
 */
#include "wire_private.h"

enum { VARINT_MAX = 10 }; /* bytes of a 64-bit varint */

void wire_put_uint(struct buf *out, uint64_t n)
{
	uint8_t bytes[VARINT_MAX];
	size_t len = 0;

	if (n < 0x80) { /* most are */
		(void)buf_addc(out, (char)n);
		return;
	}
	while (n >= 0x80) {
		bytes[len++] = (uint8_t)(n | 0x80);
		n >>= 7;
	}
	bytes[len++] = (uint8_t)n;
	(void)buf_add(out, bytes, len); /* a refusal shows in out->full */
}

void wire_put_int(struct buf *out, int64_t n)
{
	uint64_t u = (uint64_t)n << 1;

	wire_put_uint(out, n < 0 ? ~u : u);
}

void wire_put_bytes(struct buf *out, struct str s)
{
	wire_put_uint(out, s.n);
	if (s.n > 0)
		(void)buf_add(out, s.p, s.n);
	(void)buf_addc(out, '\0');
}

void wire_put_text(struct buf *out, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	wire_put_uint(out, n);
	(void)buf_add(out, text ? text : "", n + 1);
}

int wire_undo(struct buf *out, size_t start)
{
	out->len = start;
	out->data[start] = '\0';
	return -1;
}

int wire_open(struct wire_reader *r, struct str bytes, struct arena *a, uint8_t version,
	      const char *what, struct err *err)
{
	*r = (struct wire_reader){ .p = "", .end = "", .bad = true };
	r->end = r->p;
	if (bytes.n == 0)
		return err_set(err, ERR_INPUT, "%s: no bytes", what);
	if ((uint8_t)bytes.p[0] != version)
		return err_set(err, ERR_INPUT, "%s: stored as version %u, this program reads %u",
			       what, (unsigned)(uint8_t)bytes.p[0], (unsigned)version);
	r->p = arena_strndup(a, bytes.p, bytes.n);
	r->end = r->p + bytes.n;
	r->p++;
	r->bad = false;
	return 0;
}

uint64_t wire_fail(struct wire_reader *r)
{
	r->bad = true;
	r->p = r->end;
	return 0;
}

uint64_t wire_get_uint(struct wire_reader *r, uint64_t max)
{
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 7 * VARINT_MAX; shift += 7) {
		uint8_t byte;

		if (r->p == r->end)
			return wire_fail(r);
		byte = (uint8_t)*r->p++;
		if (shift == 63 && byte > 1)
			return wire_fail(r); /* more than 64 bits */
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (byte == 0 && shift > 0)
			return wire_fail(r); /* a shorter form exists */
		return n <= max ? n : wire_fail(r);
	}
	return wire_fail(r);
}

int64_t wire_get_int(struct wire_reader *r)
{
	uint64_t u = wire_get_uint(r, UINT64_MAX);

	return u & 1 ? -(int64_t)(u >> 1) - 1 : (int64_t)(u >> 1);
}

struct str wire_get_bytes(struct wire_reader *r, size_t max)
{
	size_t n = (size_t)wire_get_uint(r, max);
	struct str s = { "", 0 };

	/* The NUL behind the bytes must be inside the blob as well. */
	if (r->bad || n >= (size_t)(r->end - r->p) || r->p[n] != '\0') {
		(void)wire_fail(r);
		return s;
	}
	s = (struct str){ r->p, n };
	r->p += n + 1;
	return s;
}

const char *wire_get_text(struct wire_reader *r, size_t max)
{
	struct str s = wire_get_bytes(r, max);

	if (s.n > 0 && memchr(s.p, '\0', s.n)) {
		(void)wire_fail(r);
		return "";
	}
	return s.p;
}

int wire_close(const struct wire_reader *r, const char *what, struct err *err)
{
	if (r->bad)
		return err_set(err, ERR_INPUT, "%s: damaged bytes", what);
	if (r->p != r->end)
		return err_set(err, ERR_INPUT, "%s: %zu bytes too many", what,
			       (size_t)(r->end - r->p));
	return 0;
}
