/*
 * store.c - the guard around a driver: turns, replies, house-keeping.
 *
 * Each call checks its arguments, seals, asks the driver, opens. What a driver
 * gets is valid; what a caller gets is plain. No decision about turns is made
 * here: those are the driver's, inside its atomic step.
 */
#include "guard_private.h"

#include "base/clock.h"

enum { NO_ROOM_MS = 10000 };

/* A full disk, or a Redis at its maxmemory, still answers a ping. Without new turns nobody
 * knows whether there is room again, so the refusal counts for some seconds only. */
static int check_room(const struct store *store, struct err *err)
{
	int64_t since_ms = store->no_room_ms;

	if (since_ms && clock_mono_ms() - since_ms < NO_ROOM_MS)
		return err_set(err, ERR_FULL, "store: no room for the last turn");
	return 0;
}

int store_ping(struct store *store, struct err *err)
{
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_PING, err);
	ret = store->driver->ping(store->self, g.err);
	return guard_end(&g, ret < 0 ? ret : check_room(store, g.err));
}

static int load(struct store *store, const char *contact, const char *external_id, int64_t now_ms,
		struct arena *a, struct turn_view *view_out, struct err *err)
{
	struct driver_view d = { 0 };

	if (check_contact(contact, err) < 0 ||
	    (external_id && check_external_id(external_id, err) < 0) ||
	    store->driver->load(store->self, contact, external_id, now_ms, a, &d, err) < 0 ||
	    open_reply(store, contact, d.reply_state, d.reply_box, a, &view_out->reply, err) < 0)
		return -1;
	view_out->facts = d.facts;
	if (!d.has_session)
		return 0;
	return open_session(store, contact, &d.session, a, &view_out->session, err);
}

int store_load(struct store *store, const char *contact, const char *external_id, int64_t now_ms,
	       struct arena *a, struct turn_view *view_out, struct err *err)
{
	struct guard_call g;

	guard_begin(&g, store, OP_LOAD, err);
	*view_out = (struct turn_view){ 0 };
	return guard_end(&g, load(store, contact, external_id, now_ms, a, view_out, g.err));
}

int store_commit(struct store *store, const struct turn *t, enum commit_result *result_out,
		 bool *inline_out, struct err *err)
{
	struct guard_call g;
	struct sealer s = { 0 };
	struct driver_turn d;
	bool is_inline = false;
	int ret = -1;

	guard_begin(&g, store, OP_COMMIT, err);
	if (inline_out)
		*inline_out = false;
	if (check_turn(t, g.err) < 0)
		return guard_end(&g, -1);
	sealer_begin(&s, store, t->contact);
	if (sealer_turn(&s, t, &d, g.err) == 0) {
		ret = store->driver->commit(store->self, &d, result_out, &is_inline, g.err);
		store->no_room_ms = ret < 0 && g.err->kind == ERR_FULL ? clock_mono_ms() : 0;
	}
	sealer_end(&s);
	if (ret == 0 && inline_out)
		*inline_out = is_inline;
	return guard_end(&g, ret);
}

int store_reply_load(struct store *store, const char *contact, const char *external_id,
		     struct arena *a, struct reply *reply_out, struct err *err)
{
	struct guard_call g;
	enum reply_state state = REPLY_NONE;
	struct str box = { NULL, 0 };
	int ret = -1;

	guard_begin(&g, store, OP_REPLY_LOAD, err);
	*reply_out = (struct reply){ 0 };
	if (check_contact(contact, g.err) == 0 && check_external_id(external_id, g.err) == 0 &&
	    store->driver->reply_load(store->self, contact, external_id, a, &state, &box, g.err) ==
		    0)
		ret = open_reply(store, contact, state, box, a, reply_out, g.err);
	return guard_end(&g, ret);
}

int store_reply_decide(struct store *store, const char *contact, const char *external_id,
		       const struct str *texts, size_t count, struct arena *a,
		       struct reply *reply_out, struct err *err)
{
	const struct reply late = { .state = REPLY_LATE, .texts = texts, .count = count };
	struct guard_call g;
	struct sealer s = { 0 };
	enum reply_state state = REPLY_NONE;
	struct str box = { NULL, 0 }, after = { NULL, 0 };
	int ret = -1;

	guard_begin(&g, store, OP_REPLY_DECIDE, err);
	*reply_out = (struct reply){ 0 };
	if (check_contact(contact, g.err) < 0 || check_external_id(external_id, g.err) < 0 ||
	    guard_check_texts(texts, count, g.err) < 0)
		return guard_end(&g, -1);
	sealer_begin(&s, store, contact);
	if (sealer_reply(&s, &late, &box, g.err) == 0 &&
	    store->driver->reply_decide(store->self, contact, external_id, box, a, &state, &after,
					g.err) == 0)
		ret = open_reply(store, contact, state, after, a, reply_out, g.err);
	sealer_end(&s);
	return guard_end(&g, ret);
}

int store_reply_divert(struct store *store, const char *contact, const char *external_id,
		       const struct str *notice, size_t count, const struct outbound *rows,
		       size_t row_count, bool *done_out, struct err *err)
{
	const struct reply late = { .state = REPLY_LATE, .texts = notice, .count = count };
	struct guard_call g;
	struct sealer s = { 0 };
	const struct driver_outbound *d = NULL;
	struct str box = { NULL, 0 };
	int ret = -1;

	guard_begin(&g, store, OP_REPLY_DIVERT, err);
	*done_out = false;
	if (check_contact(contact, g.err) < 0 || check_external_id(external_id, g.err) < 0 ||
	    guard_check_texts(notice, count, g.err) < 0 ||
	    check_rows(rows, row_count, contact, g.err) < 0)
		return guard_end(&g, -1);
	sealer_begin(&s, store, contact);
	if (sealer_reply(&s, &late, &box, g.err) == 0 &&
	    sealer_rows(&s, rows, row_count, &d, g.err) == 0)
		ret = store->driver->reply_divert(store->self, contact, external_id, box, d,
						  row_count, done_out, g.err);
	sealer_end(&s);
	return guard_end(&g, ret);
}

int store_stats(struct store *store, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
		struct err *err)
{
	struct guard_call g;

	guard_begin(&g, store, OP_STATS, err);
	*stats_out = (struct store_stats){ .as_of_ms = now_ms };
	return guard_end(&g, store->driver->stats(store->self, now_ms, a, stats_out, g.err));
}

int store_legacy_load(struct store *store, const char *contact, struct arena *a,
		      struct legacy_session *legacy_out, struct err *err)
{
	struct guard_call g;
	struct str json = { NULL, 0 };
	int ret;

	if (!store->driver->legacy_load)
		return 0;
	guard_begin(&g, store, OP_LEGACY_LOAD, err);
	*legacy_out = (struct legacy_session){ 0 };
	ret = check_contact(contact, g.err);
	if (ret == 0)
		ret = store->driver->legacy_load(store->self, contact, a, &json, g.err);
	/* The old bot took an unreadable session for none; so do we. */
	if (ret == 1)
		ret = legacy_parse(json, a, legacy_out);
	return guard_end(&g, ret);
}

int store_sweep(struct store *store, int64_t now_ms, struct err *err)
{
	struct guard_call g;

	guard_begin(&g, store, OP_SWEEP, err);
	return guard_end(&g, store->driver->sweep(store->self, now_ms, g.err));
}
