/*
 * session.c - the values of a session, and its encoded part.
 *
 * Decoding costs two arena allocations whatever is inside: a copy of the
 * blob, into which every text points, and the array of values.
 */
#include "model/session.h"

#include <limits.h>

#include "wire_private.h"

enum { SESSION_VERSION = 2, SESSION_VERSION_OLD = 1 };

static size_t find(const struct session *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->value_count; i++)
		if (strcmp(s->values[i].name, name) == 0)
			break;
	return i;
}

const char *session_get(const struct session *s, const char *name)
{
	size_t i = find(s, name);

	return i < s->value_count ? s->values[i].text : NULL;
}

int session_set(struct session *s, struct arena *a, const char *name, const char *text,
		struct err *err)
{
	size_t name_len = strlen(name), text_len = strlen(text), i = find(s, name);
	struct session_value *grown;

	if (name_len == 0 || name_len > SESSION_NAME_MAX)
		return err_set(err, ERR_INPUT, "session: a value's name has %zu bytes, not 1 to %d",
			       name_len, SESSION_NAME_MAX);
	if (text_len > SESSION_MAX_VALUE)
		return err_set(err, ERR_INPUT, "session: value '%s' has %zu bytes, at most %d fit",
			       name, text_len, SESSION_MAX_VALUE);
	if (i == s->value_count) {
		if (i == SESSION_MAX_VALUES)
			return err_set(err, ERR_INPUT, "session: no room for '%s' beside %d values",
				       name, SESSION_MAX_VALUES);
		/* Always a new array: nobody knows what follows the old one. */
		grown = arena_array(a, i + 1, sizeof *grown);
		if (i > 0)
			memcpy(grown, s->values, i * sizeof *grown);
		grown[i].name = arena_strndup(a, name, name_len);
		s->values = grown;
		s->value_count = i + 1;
	}
	s->values[i].text = arena_strndup(a, text, text_len);
	return 0;
}

void session_unset(struct session *s, const char *name)
{
	size_t i = find(s, name);

	if (i == s->value_count)
		return;
	s->value_count--;
	memmove(&s->values[i], &s->values[i + 1], (s->value_count - i) * sizeof *s->values);
}

void session_clear_values(struct session *s)
{
	s->value_count = 0;
}

static const char *dup(struct arena *a, const char *text)
{
	return text && *text ? arena_strdup(a, text) : "";
}

struct session *session_copy(const struct session *s, struct arena *a)
{
	struct session *c = arena_alloc(a, sizeof *c);

	*c = *s;
	c->flow = dup(a, s->flow);
	c->step = dup(a, s->step);
	c->shown_step = dup(a, s->shown_step);
	c->call.id = dup(a, s->call.id);
	c->call.name = dup(a, s->call.name);
	c->call.step = dup(a, s->call.step);
	c->call.external_id = dup(a, s->call.external_id);
	c->receiver = dup(a, s->receiver);
	c->account = dup(a, s->account);
	c->trail = dup(a, s->trail);
	c->values = s->value_count ? arena_array(a, s->value_count, sizeof *c->values) : NULL;
	for (size_t i = 0; i < s->value_count; i++) {
		c->values[i].name = dup(a, s->values[i].name);
		c->values[i].text = dup(a, s->values[i].text);
	}
	return c;
}

/* What could not be read back is not written. */
static int check_values(const struct session *s, struct err *err)
{
	if (s->value_count > SESSION_MAX_VALUES)
		return err_set(err, ERR_BUG, "session: %zu values", s->value_count);
	for (size_t i = 0; i < s->value_count; i++) {
		const struct session_value *v = &s->values[i];

		if (!*v->name || strnlen(v->name, SESSION_NAME_MAX + 1) > SESSION_NAME_MAX ||
		    strnlen(v->text, SESSION_MAX_VALUE + 1) > SESSION_MAX_VALUE)
			return err_set(err, ERR_BUG, "session: value %zu passes its limits", i);
	}
	return 0;
}

int session_encode(const struct session *s, struct buf *out, struct err *err)
{
	size_t start = out->len;

	if (check_values(s, err) < 0)
		return -1;
	(void)buf_addc(out, SESSION_VERSION);
	wire_put_uint(out, s->value_count);
	for (size_t i = 0; i < s->value_count; i++) {
		wire_put_text(out, s->values[i].name);
		wire_put_text(out, s->values[i].text);
	}
	wire_put_uint(out, s->wrong_answers);
	wire_put_text(out, s->call.id);
	wire_put_text(out, s->call.name);
	wire_put_text(out, s->call.step);
	wire_put_text(out, s->call.external_id);
	wire_put_int(out, s->call.started_ms);
	wire_put_int(out, s->pace_tokens_milli);
	wire_put_int(out, s->pace_at_ms);
	wire_put_uint(out, s->repeat_hash);
	wire_put_uint(out, s->repeat_count);
	wire_put_int(out, s->repeat_since_ms);
	wire_put_text(out, s->receiver);
	wire_put_text(out, s->account);
	wire_put_text(out, s->trail);
	wire_put_uint(out, s->fresh);
	wire_put_int(out, s->heard_ms);
	wire_put_int(out, s->wake_ms);
	wire_put_uint(out, s->reminded);
	if (!out->full && out->len - start <= SESSION_MAX_ENCODED)
		return 0;
	(void)wire_undo(out, start);
	return err_set(err, ERR_FULL, "session: more than %d bytes encoded", SESSION_MAX_ENCODED);
}

static void get_values(struct wire_reader *r, struct arena *a, struct session *s)
{
	size_t n = (size_t)wire_get_uint(r, SESSION_MAX_VALUES);

	s->values = n ? arena_array(a, n, sizeof *s->values) : NULL;
	while (s->value_count < n && !r->bad) {
		struct session_value *v = &s->values[s->value_count];

		v->name = wire_get_text(r, SESSION_NAME_MAX);
		v->text = wire_get_text(r, SESSION_MAX_VALUE);
		if (!*v->name || find(s, v->name) < s->value_count)
			(void)wire_fail(r);
		s->value_count++;
	}
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* s with its plain fields kept and an empty encoded part; no pointer to text is NULL. */
static struct session emptied(const struct session *s)
{
	struct session e = *s;

	e.flow = or_empty(s->flow);
	e.step = or_empty(s->step);
	e.shown_step = or_empty(s->shown_step);
	e.language[LANGUAGE_MAX] = '\0';
	e.values = NULL;
	e.value_count = 0;
	e.wrong_answers = 0;
	e.call = (struct session_call){ .id = "", .name = "", .step = "", .external_id = "" };
	e.pace_tokens_milli = e.pace_at_ms = 0;
	e.repeat_hash = e.repeat_count = 0;
	e.repeat_since_ms = 0;
	e.receiver = e.account = e.trail = "";
	e.fresh = false;
	e.heard_ms = e.wake_ms = 0;
	e.reminded = 0;
	return e;
}

/* What version 1 does not have is as nothing had happened. */
static void get_version_2(struct wire_reader *r, struct session *s)
{
	s->trail = wire_get_text(r, SESSION_MAX_TRAIL);
	s->fresh = wire_get_uint(r, 1) == 1;
	s->heard_ms = wire_get_int(r);
	s->wake_ms = wire_get_int(r);
	s->reminded = (unsigned)wire_get_uint(r, UINT_MAX);
}

int session_decode(struct str bytes, struct arena *a, struct session *s, struct err *err)
{
	struct wire_reader r;
	struct session d;
	bool old;

	*s = emptied(s); /* safe to use whatever the bytes are */
	d = *s;
	if (bytes.n > SESSION_MAX_ENCODED)
		return err_set(err, ERR_INPUT, "session: %zu bytes, at most %d are read", bytes.n,
			       SESSION_MAX_ENCODED);
	old = bytes.n && bytes.p[0] == SESSION_VERSION_OLD;
	if (wire_open(&r, bytes, a, old ? SESSION_VERSION_OLD : SESSION_VERSION, "session", err) <
	    0)
		return -1;
	get_values(&r, a, &d);
	d.wrong_answers = (unsigned)wire_get_uint(&r, UINT_MAX);
	d.call.id = wire_get_text(&r, SIZE_MAX);
	d.call.name = wire_get_text(&r, SIZE_MAX);
	d.call.step = wire_get_text(&r, SIZE_MAX);
	d.call.external_id = wire_get_text(&r, SIZE_MAX);
	d.call.started_ms = wire_get_int(&r);
	d.pace_tokens_milli = wire_get_int(&r);
	d.pace_at_ms = wire_get_int(&r);
	d.repeat_hash = wire_get_uint(&r, UINT64_MAX);
	d.repeat_count = (unsigned)wire_get_uint(&r, UINT_MAX);
	d.repeat_since_ms = wire_get_int(&r);
	d.receiver = wire_get_text(&r, SIZE_MAX);
	d.account = wire_get_text(&r, SIZE_MAX);
	if (!old)
		get_version_2(&r, &d);
	if (wire_close(&r, "session", err) < 0)
		return -1;
	*s = d;
	return 0;
}
