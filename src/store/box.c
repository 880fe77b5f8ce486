/*
 * box.c - see box_private.h. Numbers are four bytes, little end first.
 */
#include "box_private.h"

enum { KIND_REPLY = 'R', KIND_FIELDS = 'F', KIND_WORDS = 'W', BOX_VERSION = 1 };

struct reader {
	const unsigned char *p;
	size_t left;
	bool bad;
};

static void put_u32(struct buf *out, size_t n)
{
	unsigned char b[4];

	for (size_t i = 0; i < sizeof b; i++)
		b[i] = (unsigned char)(n >> (8 * i));
	(void)buf_add(out, b, sizeof b); /* shows as out->full */
}

static void put_head(struct buf *out, char kind, size_t count)
{
	(void)buf_addc(out, kind);
	(void)buf_addc(out, BOX_VERSION);
	put_u32(out, count);
}

static void put_part(struct buf *out, struct str s)
{
	put_u32(out, s.n);
	if (s.n > 0)
		(void)buf_add(out, s.p, s.n);
}

void box_put_reply(const struct reply *reply, struct buf *out)
{
	put_head(out, KIND_REPLY, reply->count);
	for (size_t i = 0; i < reply->count; i++)
		put_part(out, reply->texts[i]);
}

void box_put_fields(const struct session_value *fields, size_t count, struct buf *out)
{
	put_head(out, KIND_FIELDS, count);
	for (size_t i = 0; i < count; i++) {
		put_part(out, str_of(fields[i].name));
		put_part(out, str_of(fields[i].text));
	}
}

void box_put_words(const char *words, struct buf *out)
{
	put_head(out, KIND_WORDS, 1);
	put_part(out, str_of(words));
}

static size_t get_u32(struct reader *r)
{
	size_t n = 0;

	if (r->left < 4) {
		r->bad = true;
		return 0;
	}
	for (size_t i = 0; i < 4; i++)
		n |= (size_t)r->p[i] << (8 * i);
	r->p += 4;
	r->left -= 4;
	return n;
}

static struct str get_part(struct reader *r, struct arena *a)
{
	size_t n = get_u32(r);
	struct str s = { "", 0 };

	if (r->bad || n > r->left) {
		r->bad = true;
		return s;
	}
	s = (struct str){ arena_strndup(a, (const char *)r->p, n), n };
	r->p += n;
	r->left -= n;
	return s;
}

/* Reads the head; *count_out is at most max. */
static int open_box(struct reader *r, struct str bytes, char kind, size_t max, size_t *count_out,
		    struct err *err)
{
	*r = (struct reader){ (const unsigned char *)bytes.p, bytes.n, false };
	if (r->left < 2 || r->p[0] != (unsigned char)kind || r->p[1] != BOX_VERSION)
		return err_set(err, ERR_INPUT, "box: not of kind %c, version %d", kind,
			       BOX_VERSION);
	r->p += 2;
	r->left -= 2;
	*count_out = get_u32(r);
	if (r->bad || *count_out > max)
		return err_set(err, ERR_INPUT, "box: damaged head");
	return 0;
}

static int close_box(const struct reader *r, struct err *err)
{
	if (r->bad || r->left > 0)
		return err_set(err, ERR_INPUT, "box: damaged bytes");
	return 0;
}

int box_get_reply(struct str bytes, struct arena *a, struct reply *reply_out, struct err *err)
{
	struct reader r;
	struct str *texts;
	size_t count;

	if (open_box(&r, bytes, KIND_REPLY, REPLY_MAX_TEXTS, &count, err) < 0)
		return -1;
	texts = arena_array(a, count, sizeof *texts);
	for (size_t i = 0; i < count; i++)
		texts[i] = get_part(&r, a);
	reply_out->texts = texts;
	reply_out->count = count;
	return close_box(&r, err);
}

int box_get_fields(struct str bytes, struct arena *a, struct record *record_out, struct err *err)
{
	struct reader r;
	struct session_value *fields;
	size_t count;

	if (open_box(&r, bytes, KIND_FIELDS, SESSION_MAX_VALUES, &count, err) < 0)
		return -1;
	fields = arena_array(a, count, sizeof *fields);
	for (size_t i = 0; i < count; i++) {
		fields[i].name = get_part(&r, a).p;
		fields[i].text = get_part(&r, a).p;
	}
	record_out->fields = fields;
	record_out->field_count = count;
	return close_box(&r, err);
}

int box_get_words(struct str bytes, struct arena *a, const char **words_out, struct err *err)
{
	struct reader r;
	size_t count;

	if (open_box(&r, bytes, KIND_WORDS, 1, &count, err) < 0)
		return -1;
	*words_out = count == 1 ? get_part(&r, a).p : "";
	return close_box(&r, err);
}
