/*
 * store_broadcast.c - the guard around broadcasts, audiences and recipients.
 *
 * What a broadcast says is sealed with its own id as context; what a
 * recipient gets, with the contact.
 */
#include "guard_private.h"

int store_broadcast_create(struct store *store, const struct broadcast *b,
			   const struct audit_entry *audit, struct arena *a,
			   struct broadcast *existing_out, struct err *err)
{
	struct driver_broadcast d, existing = { 0 };
	struct audit_entry entry;
	struct guard_call g;
	struct sealer s;
	int ret = -1;

	guard_begin(&g, store, OP_BROADCAST_CREATE, err);
	*existing_out = (struct broadcast){ 0 };
	if (check_broadcast(b, g.err) < 0 || check_audit(audit, g.err) < 0)
		return guard_end(&g, -1);
	entry = sealer_plain_audit(audit);
	sealer_begin(&s, store, b->id);
	if (sealer_broadcast(&s, b, &d, g.err) == 0)
		ret = store->driver->broadcast_create(store->self, &d, &entry, a, &existing, g.err);
	sealer_end(&s);
	if (ret == 0 && open_broadcast(store, &existing, a, existing_out, g.err) < 0)
		ret = -1;
	return guard_end(&g, ret);
}

int store_broadcast_get(struct store *store, const char *id, struct arena *a,
			struct broadcast *b_out, struct err *err)
{
	struct driver_broadcast d = { 0 };
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_BROADCAST_GET, err);
	ret = check_broadcast_id(id, g.err);
	if (ret == 0)
		ret = store->driver->broadcast_get(store->self, id, a, &d, g.err);
	if (ret == 1 && open_broadcast(store, &d, a, b_out, g.err) < 0)
		ret = -1;
	return guard_end(&g, ret);
}

int store_broadcast_find(struct store *store, const char *request_key, struct arena *a,
			 struct broadcast *b_out, struct err *err)
{
	struct driver_broadcast d = { 0 };
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_BROADCAST_FIND, err);
	ret = check_request_key(request_key, g.err);
	if (ret == 0)
		ret = store->driver->broadcast_find(store->self, request_key, a, &d, g.err);
	if (ret == 1 && open_broadcast(store, &d, a, b_out, g.err) < 0)
		ret = -1;
	return guard_end(&g, ret);
}

int store_broadcast_change(struct store *store, const struct broadcast *b,
			   const struct audit_entry *audit, struct err *err)
{
	struct driver_broadcast d = { .box = { "", 0 } };
	struct audit_entry entry;
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_BROADCAST_CHANGE, err);
	if (check_broadcast(b, g.err) < 0 || (audit && check_audit(audit, g.err) < 0))
		return guard_end(&g, -1);
	d.plain = sealer_plain_broadcast(b);
	if (audit)
		entry = sealer_plain_audit(audit);
	ret = store->driver->broadcast_change(store->self, &d, audit ? &entry : NULL, g.err);
	return guard_end(&g, ret);
}

static void open_broadcasts(const struct store *store, const struct driver_broadcast *d, size_t n,
			    struct arena *a, struct broadcast **list_out, size_t *count_out,
			    struct err *err)
{
	struct broadcast *list = arena_array(a, n, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (open_broadcast(store, &d[i], a, &list[count], err) == 0)
			count++;
		else
			open_failed(store, "broadcast", d[i].plain.id, err);
	}
	*list_out = list;
	*count_out = count;
}

int store_broadcast_list(struct store *store, bool open_only, int64_t before_ms,
			 const char *before_id, unsigned max, struct arena *a,
			 struct broadcast **list_out, size_t *count_out, struct err *err)
{
	struct driver_broadcast *d = NULL;
	struct guard_call g;
	size_t n = 0;
	int ret = -1;

	guard_begin(&g, store, OP_BROADCAST_LIST, err);
	*list_out = NULL;
	*count_out = 0;
	if (check_name("the broadcast before", before_id, ID_HEX_SIZE - 1, true, g.err) == 0 &&
	    check_page("", max, g.err) == 0)
		ret = store->driver->broadcast_list(store->self, open_only, before_ms, before_id,
						    max, a, &d, &n, g.err);
	if (ret == 0)
		open_broadcasts(store, d, n, a, list_out, count_out, g.err);
	return guard_end(&g, ret);
}

int store_broadcast_counts(struct store *store, const char *id, struct arena *a,
			   struct broadcast_count **list_out, size_t *count_out, struct err *err)
{
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_BROADCAST_COUNTS, err);
	*list_out = NULL;
	*count_out = 0;
	ret = check_broadcast_id(id, g.err);
	if (ret == 0)
		ret = store->driver->broadcast_counts(store->self, id, a, list_out, count_out,
						      g.err);
	return guard_end(&g, ret);
}

/* A member whose answers do not open could be told something wrong: it is left out. */
static void open_members(const struct store *store, const struct driver_member *d, size_t n,
			 bool with_values, struct arena *a, struct audience_member **list_out,
			 size_t *count_out, struct err *err)
{
	struct audience_member *list = arena_array(a, n, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct session *s = NULL;

		if (!with_values) {
			s = arena_alloc(a, sizeof *s);
			*s = open_session_plain(&d[i].session);
		} else if (open_session(store, d[i].contact, &d[i].session, a, &s, err) < 0) {
			open_failed(store, "session", "", err);
			continue;
		}
		list[count++] = (struct audience_member){ d[i].contact, d[i].facts, s };
	}
	*list_out = list;
	*count_out = count;
}

int store_audience_page(struct store *store, const char *step, const char *cursor, unsigned max,
			bool with_values, int64_t now_ms, struct arena *a,
			struct audience_member **list_out, size_t *count_out, const char **next_out,
			struct err *err)
{
	struct driver_member *d = NULL;
	struct guard_call g;
	size_t n = 0;
	int ret = -1;

	guard_begin(&g, store, OP_AUDIENCE_PAGE, err);
	*list_out = NULL;
	*count_out = 0;
	*next_out = "";
	if (check_name("the audience's step", step, SESSION_NAME_MAX, true, g.err) == 0 &&
	    check_page(cursor, max, g.err) == 0)
		ret = store->driver->audience_page(store->self, step, cursor, max, with_values,
						   now_ms, a, &d, &n, next_out, g.err);
	if (ret == 0)
		open_members(store, d, n, with_values, a, list_out, count_out, g.err);
	return guard_end(&g, ret);
}

int store_recipients_add(struct store *store, const struct outbound *rows, size_t count,
			 struct err *err)
{
	const struct driver_outbound *d = NULL;
	struct guard_call g;
	struct sealer s;
	int ret;

	guard_begin(&g, store, OP_RECIPIENTS_ADD, err);
	ret = check_recipients(rows, count, g.err);
	if (ret < 0 || count == 0)
		return guard_end(&g, ret);
	sealer_begin(&s, store, rows[0].contact);
	ret = sealer_rows(&s, rows, count, &d, g.err);
	if (ret == 0)
		ret = store->driver->recipients_add(store->self, d, count, g.err);
	sealer_end(&s);
	return guard_end(&g, ret);
}

int store_recipients_page(struct store *store, const char *broadcast, const char *cursor,
			  unsigned max, struct arena *a, struct outbound **rows_out,
			  size_t *count_out, const char **next_out, struct err *err)
{
	struct driver_outbound *d = NULL;
	struct guard_call g;
	size_t n = 0;
	int ret = -1;

	guard_begin(&g, store, OP_RECIPIENTS_PAGE, err);
	*rows_out = NULL;
	*count_out = 0;
	*next_out = "";
	if (check_broadcast_id(broadcast, g.err) == 0 && check_page(cursor, max, g.err) == 0)
		ret = store->driver->recipients_page(store->self, broadcast, cursor, max, a, &d, &n,
						     next_out, g.err);
	if (ret == 0)
		open_rows(store, d, n, a, rows_out, count_out, g.err);
	return guard_end(&g, ret);
}
