/*
 * opener.c - the way out: boxes of a driver become texts in the caller's arena.
 *
 * A box that does not open or decode is ERR_PERM whatever the reason: trying
 * again does not help, the key ring or the stored bytes must be looked at.
 */
#include "guard_private.h"

#include <string.h>

#include "base/log.h"
#include "box_private.h"
#include "copy_private.h"

enum { MAX_PLAIN = 512 * 1024 };

/* Opens into a buffer that the caller frees, also after -1. */
static int open_box(const struct store *store, const char *context, struct str box,
		    struct buf *plain, struct err *err)
{
	buf_init(plain, MAX_PLAIN);
	return seal_open(store->ring, str_of(context), box, plain, err);
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

struct session open_session_plain(const struct driver_session *d)
{
	struct session s = {
		.flow = d->flow,
		.flow_version = d->flow_version,
		.step = d->step,
		.shown_step = d->shown_step,
		.completed = d->completed,
		.created_ms = d->created_ms,
		.updated_ms = d->updated_ms,
		.expires_ms = d->expires_ms,
		.revision = d->revision,
	};

	memcpy(s.language, d->language, strnlen(d->language, LANGUAGE_MAX));
	return s;
}

int open_session(const struct store *store, const char *contact, const struct driver_session *d,
		 struct arena *a, struct session **session_out, struct err *err)
{
	struct session *s = arena_alloc(a, sizeof *s);
	struct buf plain;
	int ret;

	*s = open_session_plain(d);
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
		.changed_ms = d->changed_ms,
		.state = d->state,
		.reason = d->reason,
		.external_id = d->external_id,
		.status = d->status,
		.error_code = d->error_code,
		.broadcast = guard_text(d->broadcast),
	};
	memcpy(row_out->id, d->id, strnlen(d->id, ID_HEX_SIZE - 1));
	ret = open_box(store, d->contact, d->box, &plain, err);
	if (ret == 0)
		ret = outbound_decode((struct str){ plain.data, plain.len }, a, row_out, err);
	return finish(&plain, ret, "outbox row", err);
}

void open_failed(const struct store *store, const char *what, const char *id, const struct err *err)
{
	metric_add(store->unopened, 1);
	log_error("a stored part does not open, left out", LOG_S("what", what), LOG_S("id", id),
		  LOG_S("why", err->text));
}

void open_rows(const struct store *store, const struct driver_outbound *d, size_t n,
	       struct arena *a, struct outbound **rows_out, size_t *count_out, struct err *err)
{
	struct outbound *rows = arena_array(a, n, sizeof *rows);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (open_outbound(store, &d[i], a, &rows[count], err) == 0)
			count++;
		else
			open_failed(store, "outbox row", d[i].id, err);
	}
	*rows_out = rows;
	*count_out = count;
}

int open_words(const struct store *store, const char *contact, struct str box, struct arena *a,
	       const char **words_out, struct err *err)
{
	struct buf plain;
	int ret = open_box(store, contact, box, &plain, err);

	if (ret == 0)
		ret = box_get_words((struct str){ plain.data, plain.len }, a, words_out, err);
	return finish(&plain, ret, "consent", err);
}

int open_broadcast(const struct store *store, const struct driver_broadcast *d, struct arena *a,
		   struct broadcast *broadcast_out, struct err *err)
{
	struct buf plain;
	int ret;

	*broadcast_out = d->plain;
	ret = open_box(store, d->plain.id, d->box, &plain, err);
	if (ret == 0)
		ret = broadcast_decode((struct str){ plain.data, plain.len }, a, broadcast_out,
				       err);
	return finish(&plain, ret, "broadcast", err);
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
