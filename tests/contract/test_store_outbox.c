/*
 * test_store_outbox.c - the store's contract: lines of outbox rows, claims and
 * leases, outcomes, statuses.
 */
#include "store_fixture.c"

enum { LEASE = 60000 };

static void a_row_comes_back_whole(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "Namaste \xf0\x9f\x99\x8f"), *got;

	row->account = "AC1";
	queue(f, WHO, row, 1);
	assert_int_equal(claim(f, NOW - 1, &got), 0);
	assert_int_equal(claim(f, NOW, &got), 1);
	assert_string_equal(got[0].id, row->id);
	assert_int_equal(got[0].kind, OUTBOUND_REPLY);
	assert_string_equal(got[0].broadcast, "");
	assert_string_equal(got[0].channel, "twilio");
	assert_string_equal(got[0].contact, WHO);
	assert_string_equal(got[0].sender, row->sender);
	assert_string_equal(got[0].account, "AC1");
	assert_string_equal(got[0].text, "Namaste \xf0\x9f\x99\x8f");
	assert_int_equal(got[0].created_ms, NOW);
	assert_int_equal(got[0].attempts, 1);
	assert_int_equal(got[0].state, OUTBOUND_CLAIMED);
	assert_string_equal(got[0].external_id, "");
	assert_int_equal(got[0].status, STATUS_NONE);
	assert_int_equal(row_of(f, WHO, row->id).state, OUTBOUND_CLAIMED);
}

static void a_contact_has_one_line(struct fixture *f)
{
	struct outbound rows[3], *other = a_row(f, OTHER, "other"), *got;
	static const char *const order[] = { "first", "second", "third" };

	queue_three(f, rows);
	queue(f, OTHER, other, 1);
	assert_int_equal(claim(f, NOW, &got), 2);
	for (int i = 0; i < 2; i++)
		if (strcmp(got[i].contact, OTHER) == 0)
			settle(f, &got[i], OUTBOUND_ACCEPTED, 0);
	assert_int_equal(claim(f, NOW, &got), 0);

	for (int i = 0; i < 3; i++) {
		struct outbound first = row_of(f, WHO, rows[i].id);

		assert_int_equal(first.state, OUTBOUND_CLAIMED);
		assert_string_equal(first.text, order[i]);
		settle(f, &first, i == 1 ? OUTBOUND_DEAD : OUTBOUND_ACCEPTED, 0);
		assert_int_equal(claim(f, NOW, &got), i < 2 ? 1 : 0);
	}
	assert_int_equal(row_of(f, WHO, rows[1].id).state, OUTBOUND_DEAD);
}

static void lapsed_lease_is_unsure(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "hello"), *got;

	queue(f, WHO, row, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	assert_int_equal(claim(f, NOW + LEASE - 1, &got), 0);
	assert_int_equal(claim(f, NOW + LEASE, &got), 1);
	assert_int_equal(got[0].state, OUTBOUND_UNSURE);
	assert_int_equal(got[0].attempts, 2);
	assert_int_equal(claim(f, NOW + LEASE + 1, &got), 0);
	assert_int_equal(claim(f, NOW + 2 * LEASE, &got), 1);
	assert_int_equal(got[0].state, OUTBOUND_UNSURE);
}

static void waiting_again_has_its_time(struct fixture *f)
{
	struct outbound rows[3], *got, row;

	queue_three(f, rows);
	assert_int_equal(claim(f, NOW, &got), 1);
	row = got[0];
	row.error_code = 20429;
	settle(f, &row, OUTBOUND_WAITING, NOW + HOUR);
	assert_int_equal(claim(f, NOW + HOUR - 1, &got), 0); /* the second waits behind it */
	assert_int_equal(claim(f, NOW + HOUR, &got), 1);
	assert_string_equal(got[0].text, "first");
	assert_int_equal(got[0].state, OUTBOUND_CLAIMED);
	assert_int_equal(got[0].error_code, 20429);
	assert_int_equal(got[0].attempts, 2);
}

static void settled_unsure_comes_back_unsure(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "hello"), *got;

	queue(f, WHO, row, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	settle(f, &got[0], OUTBOUND_UNSURE, NOW + 5000);
	assert_int_equal(claim(f, NOW + 4999, &got), 0);
	assert_int_equal(claim(f, NOW + 5000, &got), 1);
	assert_int_equal(got[0].state, OUTBOUND_UNSURE);
	settle(f, &got[0], OUTBOUND_WAITING, NOW + 6000); /* the provider has never seen it */
	assert_int_equal(claim(f, NOW + 6000, &got), 1);
	assert_int_equal(got[0].state, OUTBOUND_CLAIMED);
}

static void a_settled_row_stays_accepted(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "hello"), *got, late;

	queue(f, WHO, row, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	late = got[0];
	got[0].external_id = "SM77";
	got[0].status = STATUS_SENT;
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	settle(f, &late, OUTBOUND_WAITING, NOW); /* a worker that slept past its lease */
	late = row_of(f, WHO, row->id);
	assert_int_equal(late.state, OUTBOUND_ACCEPTED);
	assert_string_equal(late.external_id, "SM77");
	assert_int_equal(late.status, STATUS_SENT);
	assert_int_equal(claim(f, NOW + HOUR, &got), 0);
}

static void same_row_twice_is_one(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "hello"), *got;

	queue(f, WHO, row, 1);
	queue(f, WHO, row, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	assert_int_equal(claim(f, NOW + HOUR, &got), 0);
}

static void rows_of_nobody(struct fixture *f)
{
	struct outbound o, *row = a_row(f, WHO, "hello");

	queue(f, WHO, row, 1);
	assert_int_equal(store_outbox_get(f->store, OTHER, row->id, NULL, &f->a, &o, &f->err), 0);
	assert_int_equal(store_outbox_get(f->store, WHO, "none", NULL, &f->a, &o, &f->err), 0);
	row = a_row(f, WHO, "never queued");
	settle(f, row, OUTBOUND_DEAD, 0);
	assert_int_equal(store_outbox_get(f->store, WHO, row->id, NULL, &f->a, &o, &f->err), 0);
}

/* ---- statuses ---- */

static int hear(struct fixture *f, const char *contact, const char *id, const char *external_id,
		enum status status, int error_code)
{
	int ret = store_status_apply(f->store, contact, id, external_id, status, error_code,
				     NOW + 1, &f->err);

	assert_true(ret >= 0);
	return ret;
}

static struct outbound *an_accepted(struct fixture *f, const char *external_id)
{
	struct outbound *row = a_row(f, WHO, "hello"), *got;

	queue(f, WHO, row, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	got[0].external_id = external_id;
	got[0].status = STATUS_QUEUED;
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	return row;
}

static void status_climbs_only(struct fixture *f)
{
	static const struct {
		enum status news;
		int error_code;
		enum status then;
		int error_then;
	} steps[] = {
		{ STATUS_SENT, 0, STATUS_SENT, 0 },
		{ STATUS_QUEUED, 0, STATUS_SENT, 0 },
		{ STATUS_DELIVERED, 0, STATUS_DELIVERED, 0 },
		{ STATUS_FAILED, 63016, STATUS_DELIVERED, 0 },
		{ STATUS_READ, 0, STATUS_READ, 0 },
		{ STATUS_SENT, 0, STATUS_READ, 0 },
	};
	struct outbound *row = an_accepted(f, "SM77"), *failed = an_accepted(f, "SM78"), now;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		assert_int_equal(hear(f, WHO, i % 2 ? row->id : NULL, "SM77", steps[i].news,
				      steps[i].error_code),
				 1);
		now = row_of(f, WHO, row->id);
		assert_int_equal(now.status, steps[i].then);
		assert_int_equal(now.error_code, steps[i].error_then);
		assert_int_equal(now.state, OUTBOUND_ACCEPTED);
	}
	assert_int_equal(hear(f, WHO, failed->id, NULL, STATUS_FAILED, 63016), 1);
	now = row_of(f, WHO, failed->id);
	assert_int_equal(now.status, STATUS_FAILED);
	assert_int_equal(now.error_code, 63016);
	assert_int_equal(hear(f, WHO, NULL, "SM99", STATUS_SENT, 0), 0);
	assert_int_equal(hear(f, OTHER, NULL, "SM77", STATUS_SENT, 0), 0);
	assert_int_equal(hear(f, WHO, "none", "SM78", STATUS_SENT, 0), 1); /* then by the other */
}

static void unsure_heard_of_is_accepted(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "hello"), *next = a_row(f, WHO, "next"), *got, now;

	queue(f, WHO, row, 1);
	queue(f, WHO, next, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	settle(f, &got[0], OUTBOUND_UNSURE, NOW + HOUR);
	assert_int_equal(hear(f, WHO, row->id, "SM77", STATUS_SENT, 0), 1);
	now = row_of(f, WHO, row->id);
	assert_int_equal(now.state, OUTBOUND_ACCEPTED);
	assert_string_equal(now.external_id, "SM77");
	assert_int_equal(claim(f, NOW, &got), 1);
	assert_string_equal(got[0].text, "next");
	assert_int_equal(hear(f, WHO, NULL, "SM77", STATUS_DELIVERED, 0), 1);
	assert_int_equal(row_of(f, WHO, row->id).status, STATUS_DELIVERED);
}

static void heard_of_before_unsure(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "hello"), *got, now;

	queue(f, WHO, row, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	assert_int_equal(hear(f, WHO, row->id, "SM77", STATUS_FAILED, 63016), 1);
	settle(f, &got[0], OUTBOUND_UNSURE, NOW + HOUR);
	now = row_of(f, WHO, row->id);
	assert_int_equal(now.state, OUTBOUND_ACCEPTED);
	assert_int_equal(now.status, STATUS_FAILED);
	assert_int_equal(now.error_code, 63016);
	assert_string_equal(now.external_id, "SM77");
}

static const struct contract_case cases[] = {
	{ .name = "a row comes back whole", .run = a_row_comes_back_whole },
	{ .name = "a contact has one line", .run = a_contact_has_one_line },
	{ .name = "a lapsed lease is unsure", .run = lapsed_lease_is_unsure },
	{ .name = "waiting again has its time", .run = waiting_again_has_its_time },
	{ .name = "settled unsure comes back unsure", .run = settled_unsure_comes_back_unsure },
	{ .name = "a settled row stays accepted", .run = a_settled_row_stays_accepted },
	{ .name = "the same row twice is one", .run = same_row_twice_is_one },
	{ .name = "rows of nobody", .run = rows_of_nobody },
	{ .name = "a status only climbs", .run = status_climbs_only },
	{ .name = "an unsure row heard of is accepted", .run = unsure_heard_of_is_accepted },
	{ .name = "a row heard of before it is unsure", .run = heard_of_before_unsure },
};

int main(void)
{
	return contract_run("store outbox", cases, sizeof cases / sizeof *cases);
}
