/*
 * store_record.c - the guard around records and the audit log.
 */
#include "guard_private.h"

int store_record_get(struct store *store, const char *type, const char *id, struct arena *a,
		     struct record *record_out, struct err *err)
{
	struct guard_call g;
	struct driver_record d = { 0 };
	int ret = -1;

	guard_begin(&g, store, OP_RECORD_GET, err);
	if (check_record_key(type, id, g.err) == 0)
		ret = store->driver->record_get(store->self, type, id, a, &d, g.err);
	if (ret == 1 && open_record(store, &d, a, record_out, g.err) < 0)
		ret = -1;
	return guard_end(&g, ret);
}

static void open_records(const struct store *store, const struct driver_record *d, size_t n,
			 struct arena *a, struct record **list_out, size_t *count_out,
			 struct err *err)
{
	struct record *list = arena_array(a, n, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (open_record(store, &d[i], a, &list[count], err) == 0)
			count++;
		else
			open_failed(store, "record", d[i].id, err);
	}
	*list_out = list;
	*count_out = count;
}

int store_record_list(struct store *store, const char *type, const char *contact, const char *state,
		      const char *cursor, unsigned max, struct arena *a, struct record **list_out,
		      size_t *count_out, const char **next_out, struct err *err)
{
	struct driver_record *d = NULL;
	struct guard_call g;
	size_t n = 0;
	int ret = -1;

	guard_begin(&g, store, OP_RECORD_LIST, err);
	*list_out = NULL;
	*count_out = 0;
	*next_out = "";
	if (check_record_type(type, g.err) == 0 &&
	    (!contact || check_contact(contact, g.err) == 0) &&
	    check_name("a record's state", state, RECORD_STATE_MAX, true, g.err) == 0 &&
	    check_page(cursor, max, g.err) == 0)
		ret = store->driver->record_list(store->self, type, contact, state, cursor, max, a,
						 &d, &n, next_out, g.err);
	if (ret == 0)
		open_records(store, d, n, a, list_out, count_out, g.err);
	return guard_end(&g, ret);
}

int store_record_change(struct store *store, const char *type, const char *id, const char *from,
			const char *to, int64_t now_ms, const struct audit_entry *audit,
			struct err *err)
{
	struct audit_entry entry;
	struct guard_call g;
	int ret = -1;

	guard_begin(&g, store, OP_RECORD_CHANGE, err);
	if (check_record_key(type, id, g.err) < 0 ||
	    check_name("a record's former state", from, RECORD_STATE_MAX, true, g.err) < 0 ||
	    check_name("a record's state", to, RECORD_STATE_MAX, true, g.err) < 0 ||
	    (audit && check_audit(audit, g.err) < 0))
		return guard_end(&g, -1);
	if (audit)
		entry = sealer_plain_audit(audit);
	ret = store->driver->record_change(store->self, type, id, from, to, now_ms,
					   audit ? &entry : NULL, g.err);
	return guard_end(&g, ret);
}

int store_audit_add(struct store *store, const struct audit_entry *e, struct err *err)
{
	struct audit_entry entry;
	struct guard_call g;
	int ret;

	guard_begin(&g, store, OP_AUDIT_ADD, err);
	ret = check_audit(e, g.err);
	if (ret < 0)
		return guard_end(&g, -1);
	entry = sealer_plain_audit(e);
	return guard_end(&g, store->driver->audit_add(store->self, &entry, g.err));
}

int store_audit_list(struct store *store, const char *object, unsigned max, struct arena *a,
		     struct audit_entry **list_out, size_t *count_out, struct err *err)
{
	struct guard_call g;
	int ret = -1;

	guard_begin(&g, store, OP_AUDIT_LIST, err);
	*list_out = NULL;
	*count_out = 0;
	if ((!object ||
	     check_name("an audited object", object, EXTERNAL_ID_MAX, false, g.err) == 0) &&
	    check_page("", max, g.err) == 0)
		ret = store->driver->audit_list(store->self, object, max, a, list_out, count_out,
						g.err);
	return guard_end(&g, ret);
}
