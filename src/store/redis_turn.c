/*
 * redis_turn.c - one message: load, commit, and the fate of its reply.
 *
 * The order of keys and arguments is that of the scripts in redis_scripts.c.
 * A session's key lives as long as the caller's clock says (expires - now),
 * not until a moment of the server's clock: the sandbox shifts time.
 */
#include <stdlib.h>
#include <string.h>

#include "redis_rows_private.h"

static const char *turn_key(struct arena *a, const char *contact, const char *external_id)
{
	return redis_key(a, redis_shard(contact), "t", contact, external_id);
}

/* One after the other, not in one step: a commit that comes in between makes what is read here
 * older than it, so that a commit on it is refused. The turn comes last: whoever does not find it
 * has read the session from before it. */
int redis_load(void *self, const char *contact, const char *external_id, int64_t now_ms,
	       struct arena *a, struct driver_view *view_out, struct err *err)
{
	struct redis_store *st = self;
	unsigned shard = redis_shard(contact);
	struct arena tmp = { 0 };
	struct redis_batch b;
	struct redis_session s;
	redisReply **r;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	redis_command_session(&b, shard, contact, true);
	redis_command_facts(&b, shard, contact);
	if (external_id)
		redis_arg_text(redis_command(&b, "GET"), turn_key(&tmp, contact, external_id));
	ret = redis_exchange(st->servers, &b, &r, err);
	if (ret == 0) {
		view_out->has_session = redis_unpack_session(r[0], &s) && s.expires_ms > now_ms;
		if (view_out->has_session)
			view_out->session = redis_copy_session(&s, true, a);
		redis_read_facts(r[1], &view_out->facts);
		if (external_id)
			redis_read_turn(r[2], now_ms - st->seen_keep_ms, a, &view_out->reply_state,
					&view_out->reply_box);
		redis_replies_free(r, b.count);
	}
	arena_free(&tmp);
	return ret;
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
	/* A turn that is not meant still needs a name in the slot. */
	redis_arg_text(c, turn_key(a, t->contact, t->external_id ? t->external_id : ""));
	if (t->answers)
		redis_arg_text(c, turn_key(a, t->contact, t->answers));
	for (size_t i = 0; i < t->record_count; i++) {
		const struct driver_record *r = &t->records[i];

		redis_arg_text(c, redis_key(a, shard, "r", r->type, r->id));
		redis_arg_text(c, redis_key(a, shard, "rl", r->type, NULL));
	}
}

static void arg_held(struct redis_command *c, const struct turn_held *held)
{
	if (held) {
		redis_arg_int(c, held->updated_ms);
		redis_arg_int(c, held->consent);
	} else {
		redis_arg_text(c, "");
		redis_arg_text(c, "");
	}
}

/* An enum, or nothing. */
static void arg_if(struct redis_command *c, bool is, int n)
{
	if (is)
		redis_arg_int(c, n);
	else
		redis_arg_text(c, "");
}

static void commit_arguments(struct redis_command *c, const struct driver_turn *t,
			     int64_t seen_keep_ms)
{
	int64_t life_ms = t->session.expires_ms - t->now_ms;

	redis_arg_int(c, t->now_ms);
	redis_arg_text(c, t->contact);
	redis_arg_u64(c, t->session.revision);
	redis_arg(c, t->external_id ? redis_pack_turn(t, c->arena) : str_of(""));
	redis_arg_int(c, seen_keep_ms);
	redis_arg(c, redis_pack_session(&t->session, t->call_due_ms, c->arena));
	redis_arg_int(c, life_ms > 0 ? life_ms : 0);
	redis_arg_int(c, t->session.updated_ms);
	redis_arg_int(c, t->call_due_ms);
	arg_held(c, t->held);
	redis_arg_text(c, redis_pack_met(&t->facts, c->arena));
	arg_if(c, t->answers, t->answer_state);
	arg_if(c, t->has_consent, t->consent);
	redis_arg_u64(c, t->record_count);
	redis_arg_u64(c, t->outbox_count);
	if (t->answers)
		redis_arg(c, t->answer_box);
	if (t->has_consent) {
		redis_arg_text(c, t->consent_external_id);
		redis_arg(c, t->consent_box);
	}
	for (size_t i = 0; i < t->record_count; i++)
		arg_record(c, &t->records[i]);
	if (t->outbox_count)
		redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	for (size_t i = 0; i < t->outbox_count; i++)
		redis_arg_row(c, &t->outbox[i]);
}

/* Whether the shorter script may do: a message moves a held session on, and no more. The index of
 * contacts turns with the fifth last digit of the session's moment. */
static bool only_advances(const struct driver_turn *t)
{
	enum { INDEX_MS = 100000 };
	const struct turn_held *held = t->held;

	return held && !held->waits && held->expires_ms > t->now_ms &&
	       held->updated_ms / INDEX_MS == t->session.updated_ms / INDEX_MS &&
	       t->session.expires_ms > t->now_ms && t->call_due_ms == 0 && t->external_id &&
	       !t->answers && !t->has_consent && t->record_count == 0 && t->outbox_count == 0;
}

/* 1 done, 0 not as it was held: nothing was done, -1. */
static int advance(struct redis_store *st, const struct driver_turn *t, struct redis_batch *b,
		   struct err *err)
{
	unsigned shard = redis_shard(t->contact);
	struct arena *a = b->arena;
	struct redis_command *c = redis_script(b, st->servers, REDIS_SCRIPT_ADVANCE, 3);

	redis_arg_text(c, redis_key(a, shard, "s", t->contact, NULL));
	redis_arg_text(c, redis_key(a, shard, "c", t->contact, NULL));
	redis_arg_text(c, redis_key(a, shard, "t", t->contact, t->external_id));
	redis_arg(c, redis_pack_head(t->session.revision, t->held, a));
	redis_arg_int(c, t->held->consent);
	redis_arg(c, redis_pack_turn(t, a));
	redis_arg_int(c, st->seen_keep_ms);
	redis_arg(c, redis_pack_session(&t->session, 0, a));
	redis_arg_int(c, t->session.expires_ms - t->now_ms);
	redis_arg_text(c, redis_pack_met(&t->facts, a));
	return redis_exchange_yes(st->servers, b, err);
}

static int commit(struct redis_store *st, const struct driver_turn *t, struct redis_batch *b,
		  enum commit_result *result_out, bool *inline_out, struct err *err)
{
	struct redis_command *c = redis_script(b, st->servers, REDIS_SCRIPT_COMMIT,
					       4 + (t->answers ? 1 : 0) + 2 * t->record_count);
	redisReply *reply;

	commit_keys(c, t);
	commit_arguments(c, t, st->seen_keep_ms);
	if (redis_exchange_one(st->servers, b, &reply, err) < 0)
		return -1;
	*result_out = (enum commit_result)redis_reply_int(redis_reply_at(reply, 0));
	*inline_out = redis_reply_int(redis_reply_at(reply, 1)) != 0;
	freeReplyObject(reply);
	return 0;
}

int redis_commit(void *self, const struct driver_turn *t, enum commit_result *result_out,
		 bool *inline_out, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	int done = 0;

	redis_batch_init(&b, &tmp, REDIS_WRITE);
	b.deadline = redis_servers_deadline(st->servers);
	if (only_advances(t))
		done = advance(st, t, &b, err);
	if (done > 0) {
		*result_out = COMMIT_DONE;
		*inline_out = false;
	} else if (done == 0) {
		redis_batch_reset(&b);
		done = commit(st, t, &b, result_out, inline_out, err);
	}
	arena_free(&tmp);
	return done < 0 ? -1 : 0;
}

int redis_reply_load(void *self, const char *contact, const char *external_id, struct arena *a,
		     enum reply_state *state_out, struct str *box_out, struct err *err)
{
	struct redis_store *st = self;
	struct arena tmp = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &tmp, REDIS_READ);
	redis_arg_text(redis_command(&b, "GET"), turn_key(&tmp, contact, external_id));
	redis_arg_text(redis_command(&b, "GET"),
		       redis_key(&tmp, redis_shard(contact), "floor", NULL, NULL));
	ret = redis_exchange(st->servers, &b, &replies, err);
	if (ret == 0) {
		*state_out = REPLY_NONE;
		redis_read_turn(replies[0], redis_reply_int(replies[1]), a, state_out, box_out);
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
	c = redis_script(&b, st->servers, REDIS_SCRIPT_DECIDE, 2);
	redis_arg_text(c, turn_key(&tmp, contact, external_id));
	redis_arg_text(c, redis_key(&tmp, redis_shard(contact), "floor", NULL, NULL));
	redis_arg(c, box);
	ret = redis_exchange_one(st->servers, &b, &reply, err);
	if (ret == 0) {
		*state_out = (enum reply_state)redis_reply_int(redis_reply_at(reply, 0));
		if (*state_out != REPLY_NONE)
			*box_out = redis_reply_box(redis_reply_at(reply, 1), a);
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
	c = redis_script(&b, st->servers, REDIS_SCRIPT_DIVERT, 2);
	redis_arg_text(c, turn_key(&tmp, contact, external_id));
	redis_arg_text(c, redis_key(&tmp, shard, "floor", NULL, NULL));
	redis_arg(c, notice_box);
	redis_arg_text(c, contact);
	redis_arg_int(c, DRIVER_DONE_KEEP_MS);
	redis_arg_u64(c, row_count);
	for (size_t i = 0; i < row_count; i++)
		redis_arg_row(c, &rows[i]);
	yes = redis_exchange_yes(st->servers, &b, err);
	*done_out = yes > 0;
	arena_free(&tmp);
	return yes < 0 ? -1 : 0;
}
