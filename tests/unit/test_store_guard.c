/*
 * The guard around outbox, broadcasts and reach: what it refuses, what it leaves out, and the
 * rate that it keeps itself. Over the memory driver, whose answers some cases twist.
 */
#include "../../src/store/driver_private.h"
#include "base/metric.h"
#include "check.h"

#define WHO   "whatsapp:+919876543210"
#define OTHER "whatsapp:+919876543211"
#define NOW   INT64_C(1790000000000)
#define KEY   "a:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct world {
	struct seal_ring *ring;
	struct store *store;
	struct arena a;
	struct err err;
};

static const struct store_driver *inner;

static void open_world(struct world *w, void (*twist)(struct store_driver *))
{
	static struct store_driver twisted;
	struct store_settings set = { .redis_url = "" };
	void *self;

	*w = (struct world){ 0 };
	assert_int_equal(seal_ring_parse(KEY, &w->ring, &w->err), 0);
	set.ring = w->ring;
	assert_int_equal(driver_memory_open(&set, &inner, &self, &w->err), 0);
	twisted = *inner;
	if (twist)
		twist(&twisted);
	assert_int_equal(store_open_driver(&set, &twisted, self, &w->store, &w->err), 0);
}

static void close_world(struct world *w)
{
	store_close(&w->store);
	seal_ring_free(&w->ring);
	arena_free(&w->a);
}

static struct outbound recipient(const char *id, const char *contact)
{
	struct outbound o = { .kind = OUTBOUND_BROADCAST,
			      .channel = "twilio",
			      .contact = contact,
			      .sender = "",
			      .account = "",
			      .text = "Hi",
			      .broadcast = "b1",
			      .created_ms = NOW,
			      .due_ms = NOW };

	memcpy(o.id, id, strlen(id) + 1);
	return o;
}

static struct broadcast a_broadcast(void)
{
	return (struct broadcast){ .id = "b1", .message = "Hi {{name}}", .created_ms = NOW };
}

static const struct audit_entry created = { .at_ms = NOW, .action = "broadcast.create" };

/* ---- what is refused ---- */

static void test_recipients_refused(void **state)
{
	const struct outbound good = recipient("r1", WHO);
	struct outbound row;
	const struct {
		const char *name;
		struct outbound second;
		int ret;
	} cases[] = {
		{ "waits", recipient("r2", OTHER), 0 },
		{ "is skipped",
		  (row = recipient("r2", OTHER), row.state = OUTBOUND_DEAD,
		   row.reason = OUTBOUND_OPTED_OUT, row),
		  0 },
		{ "has failed before it was sent",
		  (row = recipient("r2", OTHER), row.state = OUTBOUND_DEAD,
		   row.reason = OUTBOUND_FAILED, row),
		  -1 },
		{ "was sent before",
		  (row = recipient("r2", OTHER), row.state = OUTBOUND_ACCEPTED, row), -1 },
		{ "is parked", (row = recipient("r2", OTHER), row.state = OUTBOUND_PARKED, row),
		  -1 },
		{ "of another broadcast", (row = recipient("r2", OTHER), row.broadcast = "b2", row),
		  -1 },
		{ "of none", (row = recipient("r2", OTHER), row.broadcast = NULL, row), -1 },
		{ "is a reply", (row = recipient("r2", OTHER), row.kind = OUTBOUND_REPLY, row),
		  -1 },
		{ "of nobody", (row = recipient("r2", OTHER), row.contact = "x", row), -1 },
		{ "without an id", recipient("", OTHER), -1 },
		{ "without a text", (row = recipient("r2", OTHER), row.text = NULL, row), -1 },
		{ "a template's id of two lines",
		  (row = recipient("r2", OTHER), row.content_sid = "HX\n", row), -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct outbound rows[] = { good, cases[i].second };
		struct broadcast_count *counts = NULL;
		struct world w;
		size_t n = 0;

		open_world(&w, NULL);
		CHECK_CASE(store_recipients_add(w.store, rows, 2, &w.err) == cases[i].ret,
			   cases[i].name);
		CHECK_CASE(cases[i].ret == 0 || w.err.kind == ERR_INPUT, cases[i].name);
		CHECK_CASE(store_broadcast_counts(w.store, "b1", &w.a, &counts, &n, &w.err) == 0,
			   cases[i].name);
		CHECK_CASE((n > 0) == (cases[i].ret == 0), cases[i].name);
		close_world(&w);
	}
}

static void test_settle_refused(void **state)
{
	static const struct {
		const char *name;
		enum outbound_state state;
		enum outbound_reason reason;
		int ret;
	} cases[] = {
		{ "waiting", OUTBOUND_WAITING, OUTBOUND_NO_REASON, 0 },
		{ "unsure", OUTBOUND_UNSURE, OUTBOUND_NO_REASON, 0 },
		{ "accepted", OUTBOUND_ACCEPTED, OUTBOUND_NO_REASON, 0 },
		{ "dead", OUTBOUND_DEAD, OUTBOUND_BLOCKED, 0 },
		{ "claimed", OUTBOUND_CLAIMED, OUTBOUND_NO_REASON, -1 },
		{ "parked", OUTBOUND_PARKED, OUTBOUND_NO_REASON, -1 },
		{ "replaced by nothing", OUTBOUND_DEAD, OUTBOUND_REPLACED, -1 },
	};
	struct world w;

	(void)state;
	open_world(&w, NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outbound row = recipient("r1", WHO);

		row.state = cases[i].state;
		row.reason = cases[i].reason;
		CHECK_CASE(store_outbox_settle(w.store, &row, 1, NOW, &w.err) == cases[i].ret,
			   cases[i].name);
		CHECK_CASE(cases[i].ret == 0 || w.err.kind == ERR_INPUT, cases[i].name);
	}
	close_world(&w);
}

static int add_audit(struct world *w, const char *action, int64_t at_ms)
{
	const struct audit_entry e = { .at_ms = at_ms, .action = action };

	return store_audit_add(w->store, &e, &w->err);
}

static int create(struct world *w, struct broadcast b)
{
	struct broadcast existing;

	return store_broadcast_create(w->store, &b, &created, &w->a, &existing, &w->err);
}

static int page(struct world *w, const char *cursor, unsigned max)
{
	struct outbound *rows;
	const char *next;
	size_t n;

	return store_recipients_page(w->store, "b1", cursor, max, &w->a, &rows, &n, &next, &w->err);
}

static int list_before(struct world *w, const char *id)
{
	struct broadcast *list;
	size_t n;

	return store_broadcast_list(w->store, false, NOW, id, 1, &w->a, &list, &n, &w->err);
}

static int records(struct world *w, const char *type, const char *contact)
{
	struct record *list;
	const char *next;
	size_t n;

	return store_record_list(w->store, type, contact, "", "", 1, &w->a, &list, &n, &next,
				 &w->err);
}

static int take(struct world *w, const char *sender, unsigned rate, unsigned want)
{
	unsigned granted;
	int64_t wait_ms;

	return store_rate_take(w->store, sender, rate, false, want, &granted, &wait_ms, &w->err);
}

static int replace(struct world *w, const char *id, enum outbound_state state)
{
	struct outbound row = recipient("r2", WHO);

	row.state = state;
	return store_outbox_replace(w->store, id, STATUS_NONE, 0, &row, NOW, &w->err);
}

static void test_others_refused(void **state)
{
	struct broadcast b = a_broadcast();
	struct outbox_claim *claims;
	struct world w;
	size_t n;

	(void)state;
	open_world(&w, NULL);
#define REFUSED(call)                                                                              \
	do {                                                                                       \
		w.err.kind = ERR_NONE;                                                             \
		assert_int_equal((call), -1);                                                      \
		assert_int_equal(w.err.kind, ERR_INPUT);                                           \
	} while (0)
	REFUSED(add_audit(&w, "", NOW));
	REFUSED(add_audit(&w, "broadcast.pause", 0));
	REFUSED(add_audit(&w, "two\nlines", NOW));
	REFUSED(create(&w, (b = a_broadcast(), b.id[0] = '\0', b)));
	REFUSED(create(&w, (b = a_broadcast(), b.created_ms = 0, b)));
	REFUSED(create(&w, (b = a_broadcast(), b.target_step = "a\tb", b)));
	REFUSED(page(&w, "", 0));
	REFUSED(page(&w, "", STORE_MAX_ROWS + 1));
	REFUSED(page(&w, "a\nb", 1));
	REFUSED(page(&w, NULL, 1));
	REFUSED(list_before(&w, NULL));
	REFUSED(list_before(&w, "a\nb"));
	REFUSED(list_before(&w, "0123456789abcdef0123456789abcdef0"));
	REFUSED(records(&w, "No", NULL));
	REFUSED(records(&w, NULL, NULL));
	REFUSED(records(&w, "order", "nobody"));
	REFUSED(take(&w, "", 1, 1));
	REFUSED(take(&w, "s", 0, 1));
	REFUSED(take(&w, "s", 100001, 1));
	REFUSED(take(&w, "s", 1, 0));
	REFUSED(store_rate_slow(w.store, "s", 1, 1000, &w.err));
	REFUSED(store_rate_slow(w.store, "s", 65, 1000, &w.err));
	REFUSED(store_rate_slow(w.store, "s", 2, 0, &w.err));
	REFUSED(store_trouble_set(w.store, WHO, -1, NOW, &w.err));
	REFUSED(store_trouble_set(w.store, "x", 1, NOW, &w.err));
	REFUSED(replace(&w, "r2", OUTBOUND_WAITING));
	REFUSED(replace(&w, "", OUTBOUND_WAITING));
	REFUSED(replace(&w, "r1", OUTBOUND_DEAD));
	REFUSED(store_outbox_unpark(w.store, "x", NOW, &w.err));
	REFUSED(store_outbox_claim(w.store, "", 0, NOW, NOW + 1, 1, &w.a, &claims, &n, &w.err));
	REFUSED(store_outbox_claim(w.store, "b1", -1, NOW, NOW + 1, 1, &w.a, &claims, &n, &w.err));
#undef REFUSED
	close_world(&w);
}

/* ---- what is left out ---- */

static int spoil_second(void *self, const char *step, const char *cursor, unsigned max,
			bool with_boxes, int64_t now_ms, struct arena *a,
			struct driver_member **list_out, size_t *count_out, const char **next_out,
			struct err *err)
{
	int ret = inner->audience_page(self, step, cursor, max, with_boxes, now_ms, a, list_out,
				       count_out, next_out, err);

	for (size_t i = 0; ret == 0 && i < *count_out; i++)
		if (strcmp((*list_out)[i].contact, OTHER) == 0)
			(*list_out)[i].session.box = (struct str){ "spoilt", 6 };
	return ret;
}

static void twist_audience(struct store_driver *d)
{
	d->audience_page = spoil_second;
}

static void start_session(struct world *w, const char *contact)
{
	struct session_value name = { "name", "Ana" };
	const struct session s = { .flow = "msme",
				   .step = "name",
				   .shown_step = "name",
				   .language = "en",
				   .values = &name,
				   .value_count = 1,
				   .created_ms = NOW,
				   .updated_ms = NOW,
				   .expires_ms = NOW + 1000 };
	const struct turn t = {
		.contact = contact, .now_ms = NOW, .session = &s, .facts = { .language = "en" }
	};
	enum commit_result result = COMMIT_CONFLICT;

	assert_int_equal(store_commit(w->store, &t, &result, NULL, &w->err), 0);
	assert_int_equal(result, COMMIT_DONE);
}

static int64_t unopened(void)
{
	return metric_value(
		metric_counter("samvad_store_unopened_total", NULL,
			       "Stored parts that were left out because they did not open."));
}

static void test_spoilt_member_is_left_out(void **state)
{
	struct audience_member *list;
	const char *next;
	struct world w;
	int64_t before = unopened();
	size_t n;

	(void)state;
	open_world(&w, twist_audience);
	start_session(&w, WHO);
	start_session(&w, OTHER);
	assert_int_equal(
		store_audience_page(w.store, "", "", 10, true, NOW, &w.a, &list, &n, &next, &w.err),
		0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].contact, WHO);
	assert_string_equal(session_get(list[0].session, "name"), "Ana");
	assert_int_equal(unopened(), before + 1);

	/* Without values no box is opened, so nobody is left out. */
	assert_int_equal(store_audience_page(w.store, "name", "", 10, false, NOW, &w.a, &list, &n,
					     &next, &w.err),
			 0);
	assert_int_equal(n, 2);
	assert_null(session_get(list[0].session, "name"));
	assert_string_equal(list[0].session->shown_step, "name");
	assert_string_equal(list[0].session->language, "en");
	assert_int_equal(unopened(), before + 1);
	close_world(&w);
}

static int rename_broadcast(void *self, const char *id, struct arena *a,
			    struct driver_broadcast *b_out, struct err *err)
{
	int ret = inner->broadcast_get(self, id, a, b_out, err);

	if (ret == 1)
		b_out->plain.id[0] = 'x';
	return ret;
}

static void twist_broadcast(struct store_driver *d)
{
	d->broadcast_get = rename_broadcast;
}

/* What one broadcast says cannot be put under another's id. */
static void test_broadcast_is_bound_to_its_id(void **state)
{
	struct broadcast b;
	struct world w;

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(create(&w, a_broadcast()), 1);
	assert_int_equal(store_broadcast_get(w.store, "b1", &w.a, &b, &w.err), 1);
	assert_string_equal(b.message, "Hi {{name}}");
	assert_string_equal(b.content_sid, "");
	assert_int_equal(b.revision, 1);
	close_world(&w);

	open_world(&w, twist_broadcast);
	assert_int_equal(create(&w, a_broadcast()), 1);
	assert_int_equal(store_broadcast_get(w.store, "b1", &w.a, &b, &w.err), -1);
	assert_int_equal(w.err.kind, ERR_PERM);
	close_world(&w);
}

/* ---- what is added ---- */

static void test_dead_has_a_reason(void **state)
{
	const struct outbound row = recipient("r1", WHO);
	struct outbox_claim *claims;
	struct outbound got;
	struct world w;
	size_t n;

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(store_recipients_add(w.store, &row, 1, &w.err), 0);
	assert_int_equal(
		store_outbox_claim(w.store, "b1", 0, NOW, NOW + 1, 1, &w.a, &claims, &n, &w.err),
		0);
	assert_int_equal(n, 1);
	claims[0].row.state = OUTBOUND_DEAD;
	claims[0].row.error_code = 21211;
	assert_int_equal(store_outbox_settle(w.store, &claims[0].row, 1, NOW, &w.err), 0);
	assert_int_equal(store_outbox_get(w.store, WHO, "r1", NULL, &w.a, &got, &w.err), 1);
	assert_int_equal(got.state, OUTBOUND_DEAD);
	assert_int_equal(got.reason, OUTBOUND_FAILED);
	assert_int_equal(got.error_code, 21211);
	close_world(&w);
}

/* ---- the rate that the guard keeps ---- */

static unsigned granted(struct world *w, const char *sender, unsigned rate, int64_t *wait_ms_out)
{
	unsigned n = 0;

	assert_int_equal(
		store_rate_take(w->store, sender, rate, false, 2, &n, wait_ms_out, &w->err), 0);
	return n;
}

static void test_rate_per_sender(void **state)
{
	char sender[] = "whatsapp:+1000";
	int64_t wait_ms = 0;
	struct world w;

	(void)state;
	open_world(&w, NULL);
	assert_int_equal(granted(&w, "whatsapp:+1", 1, &wait_ms), 1);
	assert_int_equal(granted(&w, "whatsapp:+1", 1, &wait_ms), 0);
	assert_in_range(wait_ms, 1, 1031);
	assert_int_equal(granted(&w, "whatsapp:+2", 1, &wait_ms), 1);

	/* Slow: the time until the next is longer by the divisor. */
	assert_int_equal(store_rate_slow(w.store, "whatsapp:+3", 64, 60000, &w.err), 0);
	assert_int_equal(granted(&w, "whatsapp:+3", 1, &wait_ms), 1);
	assert_in_range(wait_ms, 60000, 101000);

	/* More senders than there is room for: the longest unused ones are forgotten. */
	for (int i = 0; i < 200; i++) {
		sender[11] = (char)('0' + i / 100);
		sender[12] = (char)('0' + i / 10 % 10);
		sender[13] = (char)('0' + i % 10);
		assert_int_equal(granted(&w, sender, 1, &wait_ms), 1);
		assert_int_equal(granted(&w, sender, 1, &wait_ms), 0);
	}
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recipients_refused),
		cmocka_unit_test(test_settle_refused),
		cmocka_unit_test(test_others_refused),
		cmocka_unit_test(test_spoilt_member_is_left_out),
		cmocka_unit_test(test_broadcast_is_bound_to_its_id),
		cmocka_unit_test(test_dead_has_a_reason),
		cmocka_unit_test(test_rate_per_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
