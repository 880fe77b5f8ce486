/*
 * redis_turn.c - one message: load, commit, and the fate of its reply.
 *
 * The order of keys and arguments is that of the scripts in redis_scripts.c.
 * A session's key lives as long as the caller's clock says (expires - now),
 * not until a moment of the server's clock: the sandbox shifts time.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "redis_rows_private.h"

static const char *turn_key(struct arena *a, const char *contact, const char *external_id)
{
	return redis_key(a, redis_shard(contact), "t", contact, external_id);
}

void redis_read_session(const redisReply *r, struct arena *a, struct driver_session *s)
{
	s->flow = redis_reply_text(redis_reply_at(r, 0), a);
	s->flow_version = redis_reply_int(redis_reply_at(r, 1));
	s->step = redis_reply_text(redis_reply_at(r, 2), a);
	s->shown_step = redis_reply_text(redis_reply_at(r, 3), a);
	s->language = redis_reply_text(redis_reply_at(r, 4), a);
	s->completed = redis_reply_int(redis_reply_at(r, 5)) != 0;
	s->created_ms = redis_reply_int(redis_reply_at(r, 6));
	s->updated_ms = redis_reply_int(redis_reply_at(r, 7));
	s->expires_ms = redis_reply_int(redis_reply_at(r, 8));
	s->revision = redis_reply_u64(redis_reply_at(r, 9));
	s->call_id = redis_reply_text(redis_reply_at(r, 10), a);
	s->box = redis_reply_box(redis_reply_at(r, 11), a);
}

/* rs rb. */
static void read_reply(const redisReply *r, struct arena *a, enum reply_state *state_out,
		       struct str *box_out)
{
	*state_out = (enum reply_state)redis_reply_int(redis_reply_at(r, 0));
	if (*state_out != REPLY_NONE)
		*box_out = redis_reply_box(redis_reply_at(r, 1), a);
}

int redis_load(void *self, const char *contact, const char *external_id, int64_t now_ms,
	       struct arena *a, struct driver_view *view_out, struct err *err)
{
	struct redis_store *st = self;
	unsigned shard = redis_shard(contact);
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	const redisReply *session, *turn;
	redisReply *reply;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	c = redis_script(&b, st->pool, REDIS_SCRIPT_LOAD, external_id ? 3 : 2);
	redis_arg_text(c, redis_key(&tmp, shard, "s", contact, NULL));
	redis_arg_text(c, redis_key(&tmp, shard, "c", contact, NULL));
	if (external_id)
		redis_arg_text(c, turn_key(&tmp, contact, external_id));
	ret = redis_exchange_one(st->pool, &b, &reply, err);
	if (ret == 0) {
		session = redis_reply_at(reply, 0);
		turn = redis_reply_at(reply, 2);
		view_out->has_session = redis_reply_int(redis_reply_at(session, 8)) > now_ms;
		if (view_out->has_session)
			redis_read_session(session, a, &view_out->session);
		redis_read_facts(redis_reply_at(reply, 1), a, &view_out->facts);
		if (redis_reply_int(redis_reply_at(turn, 2)) >= now_ms - st->seen_keep_ms)
			read_reply(turn, a, &view_out->reply_state, &view_out->reply_box);
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

static void arg_flag(struct redis_command *c, bool flag)
{
	redis_arg_text(c, flag ? "1" : "0");
}

static void arg_session(struct redis_command *c, const struct driver_session *s)
{
	redis_arg_text(c, s->flow);
	redis_arg_int(c, s->flow_version);
	redis_arg_text(c, s->step);
	redis_arg_text(c, s->shown_step);
	redis_arg_text(c, s->language);
	arg_flag(c, s->completed);
	redis_arg_int(c, s->created_ms);
	redis_arg_int(c, s->updated_ms);
	redis_arg_int(c, s->expires_ms);
	redis_arg_text(c, s->call_id);
	redis_arg(c, s->box);
}

/* Without consent and the facts below it: they are not a turn's. */
static void arg_facts(struct redis_command *c, const struct contact_facts *f)
{
	arg_flag(c, f->known);
	redis_arg_text(c, f->language);
	redis_arg_int(c, f->first_in_ms);
	redis_arg_int(c, f->last_in_ms);
	arg_flag(c, f->unfinished);
}

static void arg_record(struct redis_command *c, const struct driver_record *r)
{
	redis_arg_text(c, r->type);
	redis_arg_text(c, r->id);
	redis_arg_text(c, r->state);
	redis_arg_int(c, r->created_ms);
	redis_arg_int(c, r->updated_ms);
	redis_arg(c, r->box);
}

static void commit_keys(struct redis_command *c, const struct driver_turn *t)
{
	unsigned shard = redis_shard(t->contact);
	struct arena *a = c->arena;

	redis_arg_text(c, redis_key(a, shard, "s", t->contact, NULL));
	redis_arg_text(c, redis_key(a, shard, "c", t->contact, NULL));
	redis_arg_text(c, redis_key(a, shard, "ix", NULL, NULL));
	redis_arg_text(c, redis_key(a, shard, "calls", NULL, NULL));
	redis_arg_text(c, redis_key(a, shard, "l", t->contact, NULL));
	/* A turn that is not meant still needs a name in the slot. */
	redis_arg_text(c, turn_key(a, t->contact, t->external_id ? t->external_id : ""));
	redis_arg_text(c, turn_key(a, t->contact, t->answers ? t->answers : ""));
	for (size_t i = 0; i < t->record_count; i++) {
		const struct driver_record *r = &t->records[i];

		redis_arg_text(c, redis_key(a, shard, "r", r->type, r->id));
		redis_arg_text(c, redis_key(a, shard, "rl", r->type, NULL));
	}
}

static void commit_arguments(struct redis_command *c, const struct driver_turn *t,
			     int64_t seen_keep_ms)
{
	redis_arg_int(c, t->now_ms);
	redis_arg_text(c, t->contact);
	redis_arg_u64(c, t->session.revision);
	redis_arg_u64(c, t->session.revision + 1);
	arg_flag(c, t->external_id);
	redis_arg(c, t->inbound_box);
	redis_arg_int(c, t->reply_state);
	redis_arg(c, t->reply_box);
	redis_arg_int(c, seen_keep_ms);
	arg_flag(c, t->answers);
	redis_arg_int(c, t->answer_state);
	redis_arg(c, t->answer_box);
	redis_arg_int(c, t->session.expires_ms - t->now_ms);
	redis_arg_int(c, t->call_due_ms);
	arg_session(c, &t->session);
	arg_facts(c, &t->facts);
	arg_flag(c, t->has_consent);
	redis_arg_int(c, t->consent);
	redis_arg_text(c, t->consent_external_id);
	redis_arg(c, t->consent_box);
	redis_arg_u64(c, t->record_count);
	redis_arg_u64(c, t->outbox_count);
	redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	arg_flag(c, t->held);
	redis_arg_int(c, t->held ? t->held->updated_ms : 0);
	redis_arg_int(c, t->held ? t->held->consent : 0);
	for (size_t i = 0; i < t->record_count; i++)
		arg_record(c, &t->records[i]);
	for (size_t i = 0; i < t->outbox_count; i++)
		redis_arg_row(c, &t->outbox[i]);
}

int redis_commit(void *self, const struct driver_turn *t, enum commit_result *result_out,
		 bool *inline_out, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->pool, REDIS_SCRIPT_COMMIT, 7 + 2 * t->record_count);
	commit_keys(c, t);
	commit_arguments(c, t, st->seen_keep_ms);
	ret = redis_exchange_one(st->pool, &b, &reply, err);
	if (ret == 0) {
		*result_out = (enum commit_result)redis_reply_int(redis_reply_at(reply, 0));
		*inline_out = redis_reply_int(redis_reply_at(reply, 1)) != 0;
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

int redis_reply_load(void *self, const char *contact, const char *external_id, struct arena *a,
		     enum reply_state *state_out, struct str *box_out, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	c = redis_command(&b, "HMGET");
	redis_arg_text(c, turn_key(&tmp, contact, external_id));
	redis_arg_text(c, "rs");
	redis_arg_text(c, "rb");
	redis_arg_text(c, "at");
	c = redis_command(&b, "GET");
	redis_arg_text(c, redis_key(&tmp, redis_shard(contact), "floor", NULL, NULL));
	ret = redis_exchange(st->pool, &b, &replies, err);
	if (ret == 0) {
		*state_out = REPLY_NONE;
		if (redis_reply_int(redis_reply_at(replies[0], 2)) >= redis_reply_int(replies[1]))
			read_reply(replies[0], a, state_out, box_out);
		redis_replies_free(replies, b.count);
	}
	arena_free(&tmp);
	return ret;
}

int redis_reply_decide(void *self, const char *contact, const char *external_id, struct str box,
		       struct arena *a, enum reply_state *state_out, struct str *box_out,
		       struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	redisReply *reply;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->pool, REDIS_SCRIPT_DECIDE, 2);
	redis_arg_text(c, turn_key(&tmp, contact, external_id));
	redis_arg_text(c, redis_key(&tmp, redis_shard(contact), "floor", NULL, NULL));
	redis_arg(c, box);
	ret = redis_exchange_one(st->pool, &b, &reply, err);
	if (ret == 0) {
		read_reply(reply, a, state_out, box_out);
		freeReplyObject(reply);
	}
	arena_free(&tmp);
	return ret;
}

int redis_reply_divert(void *self, const char *contact, const char *external_id,
		       struct str notice_box, const struct driver_outbound *rows, size_t row_count,
		       bool *done_out, struct err *err)
{
	struct redis_store *st = self;
	unsigned shard = redis_shard(contact);
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_command *c;
	int yes;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	c = redis_script(&b, st->pool, REDIS_SCRIPT_DIVERT, 2);
	redis_arg_text(c, turn_key(&tmp, contact, external_id));
	redis_arg_text(c, redis_key(&tmp, shard, "floor", NULL, NULL));
	redis_arg(c, notice_box);
	redis_arg_text(c, contact);
	redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	redis_arg_u64(c, row_count);
	for (size_t i = 0; i < row_count; i++)
		redis_arg_row(c, &rows[i]);
	yes = redis_exchange_yes(st->pool, &b, err);
	*done_out = yes > 0;
	arena_free(&tmp);
	return yes < 0 ? -1 : 0;
}
