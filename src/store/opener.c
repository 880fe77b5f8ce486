/*
 * opener.c - the way out: boxes of a driver become texts in the caller's arena.
 *
 * A box that does not open or decode is ERR_PERM whatever the reason: trying
 * again does not help, the key ring or the stored bytes must be looked at.
 */
#include "guard_private.h"

#include <string.h>

#include "box_private.h"
#include "copy_private.h"

enum { MAX_PLAIN = 512 * 1024 };

/* Opens into a buffer that the caller frees, also after -1. */
static int open_box(const struct store *store, const char *contact, struct str box,
		    struct buf *plain, struct err *err)
{
	buf_init(plain, MAX_PLAIN);
	return seal_open(store->ring, str_of(contact), box, plain, err);
}

static int finish(struct buf *plain, int ret, const char *what, struct err *err)
{
	buf_free(plain);
	if (ret < 0) {
		err->kind = ERR_PERM;
		(void)err_prefix(err, "stored %s", what);
	}
	return ret;
}

int open_reply(const struct store *store, const char *contact, enum reply_state state,
	       struct str box, struct arena *a, struct reply *reply_out, struct err *err)
{
	struct buf plain;
	int ret;

	*reply_out = (struct reply){ .state = state };
	if (state == REPLY_NONE)
		return 0;
	ret = open_box(store, contact, box, &plain, err);
	if (ret == 0)
		ret = box_get_reply((struct str){ plain.data, plain.len }, a, reply_out, err);
	return finish(&plain, ret, "reply", err);
}

int open_session(const struct store *store, const char *contact, const struct driver_session *d,
		 struct arena *a, struct session **session_out, struct err *err)
{
	struct session *s = arena_alloc(a, sizeof *s);
	size_t language = strnlen(d->language, LANGUAGE_MAX);
	struct buf plain;
	int ret;

	s->flow = d->flow;
	s->flow_version = d->flow_version;
	s->step = d->step;
	s->shown_step = d->shown_step;
	memcpy(s->language, d->language, language);
	s->completed = d->completed;
	s->created_ms = d->created_ms;
	s->updated_ms = d->updated_ms;
	s->expires_ms = d->expires_ms;
	s->revision = d->revision;
	ret = open_box(store, contact, d->box, &plain, err);
	if (ret == 0)
		ret = session_decode((struct str){ plain.data, plain.len }, a, s, err);
	*session_out = s;
	return finish(&plain, ret, "session", err);
}

int open_outbound(const struct store *store, const struct driver_outbound *d, struct arena *a,
		  struct outbound *row_out, struct err *err)
{
	struct buf plain;
	int ret;

	*row_out = (struct outbound){
		.kind = d->kind,
		.channel = d->channel,
		.contact = d->contact,
		.created_ms = d->created_ms,
		.due_ms = d->due_ms,
		.attempts = d->attempts,
		.state = d->state,
		.external_id = d->external_id,
		.status = d->status,
		.error_code = d->error_code,
	};
	memcpy(row_out->id, d->id, strnlen(d->id, ID_HEX_SIZE - 1));
	ret = open_box(store, d->contact, d->box, &plain, err);
	if (ret == 0)
		ret = outbound_decode((struct str){ plain.data, plain.len }, a, row_out, err);
	return finish(&plain, ret, "outbox row", err);
}

int open_record(const struct store *store, const struct driver_record *d, struct arena *a,
		struct record *record_out, struct err *err)
{
	struct buf plain;
	int ret;

	*record_out = (struct record){
		.type = d->type,
		.id = d->id,
		.contact = d->contact,
		.state = d->state,
		.created_ms = d->created_ms,
		.updated_ms = d->updated_ms,
	};
	ret = open_box(store, d->contact, d->box, &plain, err);
	if (ret == 0)
		ret = box_get_fields((struct str){ plain.data, plain.len }, a, record_out, err);
	return finish(&plain, ret, "record", err);
}
