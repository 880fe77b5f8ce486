/*
 * store_queue.c - the guard around what waits: business calls, the outbox,
 * statuses, and the counting window.
 */
#include "guard_private.h"

#include <string.h>

#include "base/crypto.h"

enum { MAX_KEY = 511, MAX_CLAIM = 1000 };

static int check_claim(int64_t now_ms, int64_t lease_ms, unsigned max, struct err *err)
{
	if (lease_ms <= now_ms || max == 0 || max > MAX_CLAIM)
		return err_set(err, ERR_INPUT,
			       "store: a claim needs a lease in the future and 1 to %d rows",
			       MAX_CLAIM);
	return 0;
}

int store_calls_claim(struct store *store, int64_t now_ms, int64_t lease_ms, unsigned max,
		      struct arena *a, struct call_due **due_out, size_t *count_out,
		      struct err *err)
{
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_CALLS_CLAIM, err);
	*due_out = NULL;
	*count_out = 0;
	ret = check_claim(now_ms, lease_ms, max, g.err);
	if (ret == 0)
		ret = store->driver->calls_claim(store->self, now_ms, lease_ms, max, a, due_out,
						 count_out, g.err);
	return guard_end(&g, ret);
}

int store_call_renew(struct store *store, const char *contact, const char *call_id,
		     int64_t lease_ms, struct err *err)
{
	struct guard_call g;
	int ret = -1;

	guard_begin(&g, store, OP_CALL_RENEW, err);
	if (check_contact(contact, g.err) == 0 &&
	    check_name("the call's id", call_id, EXTERNAL_ID_MAX, false, g.err) == 0)
		ret = store->driver->call_renew(store->self, contact, call_id, lease_ms, g.err);
	return guard_end(&g, ret);
}

int store_allow(struct store *store, const char *key, const char *member, unsigned limit,
		int64_t window_ms, int64_t now_ms, struct err *err)
{
	struct guard_call g;
	uint8_t digest[SHA256_SIZE];
	char hidden[2 * SHA256_SIZE + 1];
	int ret = -1;

	guard_begin(&g, store, OP_ALLOW, err);
	if (check_name("the counter's key", key, MAX_KEY, false, g.err) < 0 ||
	    check_name("the counter's member", member, EXTERNAL_ID_MAX, false, g.err) < 0)
		return guard_end(&g, -1);
	if (limit == 0 || window_ms <= 0)
		return guard_end(&g, 0);
	/* Keys carry what people typed (a target number): drivers see its digest only. */
	sha256(str_of(key), digest);
	hex_encode(digest, sizeof digest, hidden);
	ret = store->driver->allow(store->self, hidden, member, limit, window_ms, now_ms, g.err);
	return guard_end(&g, ret);
}

/* A row that does not open must not stop all others: it is left out and comes
 * back when its lease has passed. */
static int open_claims(const struct store *store, const struct driver_claim *d, size_t n,
		       struct arena *a, struct outbox_claim **claims_out, size_t *count_out,
		       struct err *err)
{
	struct outbox_claim *claims = arena_array(a, n, sizeof *claims);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		claims[count].facts = d[i].facts;
		if (open_outbound(store, &d[i].row, a, &claims[count].row, err) == 0)
			count++;
		else
			open_failed(store, "outbox row", d[i].row.id, err);
	}
	*claims_out = claims;
	*count_out = count;
	return n > 0 && count == 0 ? -1 : 0;
}

int store_outbox_claim(struct store *store, const char *broadcast, int64_t pace_ms, int64_t now_ms,
		       int64_t lease_ms, unsigned max, struct arena *a,
		       struct outbox_claim **claims_out, size_t *count_out, struct err *err)
{
	struct guard_call g;
	struct driver_claim *d = NULL;
	size_t n = 0;
	int ret = -1;

	guard_begin(&g, store, OP_OUTBOX_CLAIM, err);
	*claims_out = NULL;
	*count_out = 0;
	if (check_claim(now_ms, lease_ms, max, g.err) < 0 ||
	    (broadcast && check_broadcast_id(broadcast, g.err) < 0))
		return guard_end(&g, -1);
	if (pace_ms < 0)
		return guard_end(&g, err_set(g.err, ERR_INPUT, "store: a pace below 0"));
	if (store->driver->outbox_claim(store->self, broadcast, pace_ms, now_ms, lease_ms, max, a,
					&d, &n, g.err) == 0)
		ret = open_claims(store, d, n, a, claims_out, count_out, g.err);
	return guard_end(&g, ret);
}

int store_outbox_settle(struct store *store, const struct outbound *rows, size_t count,
			int64_t now_ms, struct err *err)
{
	struct arena a = { 0 };
	struct driver_outbound *d;
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_OUTBOX_SETTLE, err);
	ret = check_settled(rows, count, g.err);
	if (ret < 0 || count == 0)
		return guard_end(&g, ret);
	d = arena_array(&a, count, sizeof *d);
	for (size_t i = 0; i < count; i++)
		d[i] = sealer_plain_row(&rows[i]);
	ret = store->driver->outbox_settle(store->self, d, count, now_ms, g.err);
	arena_free(&a);
	return guard_end(&g, ret);
}

int store_status_apply(struct store *store, const char *contact, const char *our_id,
		       const char *external_id, enum status status, int error_code, int64_t now_ms,
		       struct err *err)
{
	struct guard_call g;
	int ret = -1;

	our_id = guard_text(our_id);
	external_id = guard_text(external_id);
	guard_begin(&g, store, OP_STATUS_APPLY, err);
	if (check_contact(contact, g.err) == 0 &&
	    check_name("our id", our_id, ID_HEX_SIZE - 1, true, g.err) == 0 &&
	    check_name("the external id", external_id, EXTERNAL_ID_MAX, true, g.err) == 0)
		ret = store->driver->status_apply(store->self, contact, our_id, external_id, status,
						  error_code, now_ms, g.err);
	return guard_end(&g, ret);
}

static int get_row(struct store *store, const char *contact, const char *id,
		   const char *external_id, struct arena *a, struct outbound *row_out,
		   struct err *err)
{
	struct driver_outbound d = { 0 };
	int ret;

	if (check_contact(contact, err) < 0)
		return -1;
	if (id ? check_name("the row's id", id, EXTERNAL_ID_MAX, false, err) < 0
	       : check_external_id(external_id, err) < 0)
		return -1;
	ret = store->driver->outbox_get(store->self, contact, id ? id : "", id ? "" : external_id,
					a, &d, err);
	if (ret == 1 && open_outbound(store, &d, a, row_out, err) < 0)
		return -1;
	return ret;
}

int store_outbox_get(struct store *store, const char *contact, const char *id,
		     const char *external_id, struct arena *a, struct outbound *row_out,
		     struct err *err)
{
	struct guard_call g;

	guard_begin(&g, store, OP_OUTBOX_GET, err);
	return guard_end(&g, get_row(store, contact, id, external_id, a, row_out, g.err));
}

int store_outbox_replace(struct store *store, const char *id, enum status status, int error_code,
			 const struct outbound *successor, int64_t now_ms, struct err *err)
{
	const struct driver_outbound *d = NULL;
	struct guard_call g;
	struct sealer s;
	int ret = -1;

	guard_begin(&g, store, OP_OUTBOX_REPLACE, err);
	if (check_name("the row's id", id, ID_HEX_SIZE - 1, false, g.err) < 0 ||
	    check_successor(successor, g.err) < 0)
		return guard_end(&g, -1);
	if (strcmp(id, successor->id) == 0)
		return guard_end(&g, err_set(g.err, ERR_INPUT, "store: a row replaced by itself"));
	sealer_begin(&s, store, successor->contact);
	if (sealer_rows(&s, successor, 1, &d, g.err) == 0)
		ret = store->driver->outbox_replace(store->self, id, status, error_code, d, now_ms,
						    g.err);
	sealer_end(&s);
	return guard_end(&g, ret);
}

int store_outbox_unpark(struct store *store, const char *contact, int64_t now_ms, struct err *err)
{
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_OUTBOX_UNPARK, err);
	ret = check_contact(contact, g.err);
	if (ret == 0)
		ret = store->driver->outbox_unpark(store->self, contact, now_ms, g.err);
	return guard_end(&g, ret);
}

int store_status_claim(struct store *store, int64_t now_ms, unsigned max, struct arena *a,
		       struct outbound **rows_out, size_t *count_out, struct err *err)
{
	struct guard_call g;
	struct driver_outbound *d = NULL;
	size_t n = 0;
	int ret;

	guard_begin(&g, store, OP_STATUS_CLAIM, err);
	*rows_out = NULL;
	*count_out = 0;
	ret = check_page("", max, g.err);
	if (ret == 0)
		ret = store->driver->status_claim(store->self, now_ms, max, a, &d, &n, g.err);
	if (ret == 0)
		open_rows(store, d, n, a, rows_out, count_out, g.err);
	return guard_end(&g, ret);
}
