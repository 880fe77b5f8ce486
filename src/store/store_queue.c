/*
 * store_queue.c - the guard around what waits: business calls, the outbox,
 * statuses, and the counting window.
 */
#include "guard_private.h"

#include "base/crypto.h"
#include "base/log.h"

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

/* A row that does not open must not stop the lines of all others: it is left
 * out and comes back when its lease has passed. */
static int open_rows(struct store *store, const struct driver_outbound *d, size_t n,
		     struct arena *a, struct outbound **rows_out, size_t *count_out,
		     struct err *err)
{
	struct outbound *rows = arena_array(a, n, sizeof *rows);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (open_outbound(store, &d[i], a, &rows[count], err) == 0)
			count++;
		else
			log_error("outbox row does not open", LOG_S("outbound", d[i].id),
				  LOG_S("why", err->text));
	}
	*rows_out = rows;
	*count_out = count;
	return n > 0 && count == 0 ? -1 : 0;
}

int store_outbox_claim(struct store *store, int64_t now_ms, int64_t lease_ms, unsigned max,
		       struct arena *a, struct outbound **rows_out, size_t *count_out,
		       struct err *err)
{
	struct guard_call g;
	struct driver_outbound *d = NULL;
	size_t n = 0;
	int ret = -1;

	guard_begin(&g, store, OP_OUTBOX_CLAIM, err);
	*rows_out = NULL;
	*count_out = 0;
	if (check_claim(now_ms, lease_ms, max, g.err) == 0 &&
	    store->driver->outbox_claim(store->self, now_ms, lease_ms, max, a, &d, &n, g.err) == 0)
		ret = open_rows(store, d, n, a, rows_out, count_out, g.err);
	return guard_end(&g, ret);
}

static int check_settle(const struct outbound *row, struct err *err)
{
	if (check_contact(row->contact, err) < 0 ||
	    check_name("the row's id", row->id, ID_HEX_SIZE - 1, false, err) < 0 ||
	    check_name("the row's external id", row->external_id ? row->external_id : "",
		       EXTERNAL_ID_MAX, true, err) < 0)
		return -1;
	if (row->state == OUTBOUND_CLAIMED)
		return err_set(err, ERR_INPUT, "store: a row settled as claimed");
	return 0;
}

int store_outbox_settle(struct store *store, const struct outbound *row, int64_t now_ms,
			struct err *err)
{
	const struct driver_outbound d = sealer_plain_row(row);
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_OUTBOX_SETTLE, err);
	ret = check_settle(row, g.err);
	if (ret == 0)
		ret = store->driver->outbox_settle(store->self, &d, now_ms, g.err);
	return guard_end(&g, ret);
}

int store_status_apply(struct store *store, const char *contact, const char *our_id,
		       const char *external_id, enum status status, int error_code, int64_t now_ms,
		       struct err *err)
{
	struct guard_call g;
	int ret = -1;

	if (!our_id)
		our_id = "";
	if (!external_id)
		external_id = "";
	guard_begin(&g, store, OP_STATUS_APPLY, err);
	if (check_contact(contact, g.err) == 0 &&
	    check_name("our id", our_id, ID_HEX_SIZE - 1, true, g.err) == 0 &&
	    check_name("the external id", external_id, EXTERNAL_ID_MAX, true, g.err) == 0)
		ret = store->driver->status_apply(store->self, contact, our_id, external_id, status,
						  error_code, now_ms, g.err);
	return guard_end(&g, ret);
}

int store_outbox_get(struct store *store, const char *contact, const char *id, struct arena *a,
		     struct outbound *row_out, struct err *err)
{
	struct guard_call g;
	struct driver_outbound d = { 0 };
	int ret = -1;

	guard_begin(&g, store, OP_OUTBOX_GET, err);
	if (check_contact(contact, g.err) == 0 &&
	    check_name("the row's id", id, EXTERNAL_ID_MAX, false, g.err) == 0)
		ret = store->driver->outbox_get(store->self, contact, id, a, &d, g.err);
	if (ret == 1 && open_outbound(store, &d, a, row_out, g.err) < 0)
		ret = -1;
	return guard_end(&g, ret);
}
