/*
 * test_store_broadcast.c - the store's contract: broadcasts, their recipients' rows,
 * queues and counts.
 */
#include "store_fixture.c"

enum { LEASE = 60000, PACE = 6000 };

/* ---- the broadcast itself ---- */

static struct broadcast the_broadcast(struct fixture *f, const char *id)
{
	struct broadcast b;
	int found = store_broadcast_get(f->store, id, &f->a, &b, &f->err);

	must(f, found);
	assert_int_equal(found, 1);
	return b;
}

static size_t audited(struct fixture *f)
{
	struct audit_entry *list;
	size_t n;

	must(f, store_audit_list(f->store, NULL, 100, &f->a, &list, &n, &f->err));
	return n;
}

static void a_broadcast_comes_back_whole(struct fixture *f)
{
	const struct audit_entry audit = { NOW, "broadcast.create", "", "", "" };
	struct broadcast b = { .state = BROADCAST_PAUSED,
			       .why = "admin",
			       .why_code = 63018,
			       .target_step = "ask_name",
			       .message = "Namaste {{name}}",
			       .content_sid = "HX1",
			       .content_variables = "{\"1\":\"{{name}}\"}",
			       .request_key = "key",
			       .request_digest = "abc",
			       .created_ms = NOW,
			       .send_at_ms = NOW + HOUR,
			       .round = 2,
			       .cursor = "c7",
			       .planned_ms = NOW + 1,
			       .planner_ms = NOW + 2,
			       .finished_ms = NOW + 3 },
			 got;

	memcpy(b.id, "b1", 3);
	assert_int_equal(store_broadcast_get(f->store, "b1", &f->a, &got, &f->err), 0);
	assert_int_equal(store_broadcast_create(f->store, &b, &audit, &f->a, &got, &f->err), 1);
	got = the_broadcast(f, "b1");
	assert_string_equal(got.id, "b1");
	assert_int_equal(got.state, BROADCAST_PAUSED);
	assert_string_equal(got.why, "admin");
	assert_int_equal(got.why_code, 63018);
	assert_string_equal(got.target_step, "ask_name");
	assert_string_equal(got.message, "Namaste {{name}}");
	assert_string_equal(got.content_sid, "HX1");
	assert_string_equal(got.content_variables, "{\"1\":\"{{name}}\"}");
	assert_string_equal(got.request_key, "key");
	assert_string_equal(got.request_digest, "abc");
	assert_int_equal(got.created_ms, NOW);
	assert_int_equal(got.send_at_ms, NOW + HOUR);
	assert_int_equal(got.round, 2);
	assert_string_equal(got.cursor, "c7");
	assert_int_equal(got.planned_ms, NOW + 1);
	assert_int_equal(got.planner_ms, NOW + 2);
	assert_int_equal(got.finished_ms, NOW + 3);
	assert_int_equal(got.revision, 1);
}

static void a_request_key_is_used_once(struct fixture *f)
{
	const struct audit_entry audit = { NOW, "broadcast.create", "", "", "" };
	struct broadcast *first = a_broadcast(f, "key"), again = *first, existing;

	(void)a_broadcast(f, "other");
	(void)a_broadcast(f, "");
	(void)a_broadcast(f, ""); /* no key is no key */
	id_random(again.id);
	again.request_digest = "d2";
	again.revision = 0;
	assert_int_equal(
		store_broadcast_create(f->store, &again, &audit, &f->a, &existing, &f->err), 0);
	assert_string_equal(existing.id, first->id);
	assert_string_equal(existing.request_digest, "d1");
	assert_string_equal(existing.message, "Hello {{name}}");
	assert_int_equal(store_broadcast_get(f->store, again.id, &f->a, &existing, &f->err), 0);
	assert_int_equal(audited(f), 4);
}

static void a_change_needs_the_revision(struct fixture *f)
{
	const struct audit_entry audit = { NOW + 1, "broadcast.pause", "x", "", "r1" };
	struct broadcast b = *a_broadcast(f, ""), got;

	b.state = BROADCAST_PAUSED;
	b.why = "failures";
	b.why_code = 63016;
	b.round = 1;
	b.cursor = "c1";
	b.planned_ms = NOW + 5;
	assert_int_equal(store_broadcast_change(f->store, &b, &audit, &f->err), 1);
	b.state = BROADCAST_CANCELLED;
	assert_int_equal(store_broadcast_change(f->store, &b, &audit, &f->err), 0);
	got = the_broadcast(f, b.id);
	assert_int_equal(got.state, BROADCAST_PAUSED);
	assert_string_equal(got.why, "failures");
	assert_int_equal(got.why_code, 63016);
	assert_int_equal(got.round, 1);
	assert_string_equal(got.cursor, "c1");
	assert_int_equal(got.planned_ms, NOW + 5);
	assert_int_equal(got.revision, 2);
	assert_string_equal(got.message, "Hello {{name}}"); /* frozen */
	assert_int_equal(audited(f), 2);		    /* the refused one left none */

	b.revision = 2;
	assert_int_equal(store_broadcast_change(f->store, &b, NULL, &f->err), 1);
	assert_int_equal(the_broadcast(f, b.id).state, BROADCAST_CANCELLED);
	id_random(b.id);
	assert_int_equal(store_broadcast_change(f->store, &b, NULL, &f->err), 0);
}

static size_t list_behind(struct fixture *f, bool open_only, int64_t before_ms,
			  const char *before_id, unsigned max, struct broadcast **list_out)
{
	size_t n = 0;

	must(f, store_broadcast_list(f->store, open_only, before_ms, before_id, max, &f->a,
				     list_out, &n, &f->err));
	return n;
}

static size_t list(struct fixture *f, bool open_only, int64_t before_ms, unsigned max,
		   struct broadcast **list_out)
{
	return list_behind(f, open_only, before_ms, "", max, list_out);
}

static void a_broadcast_is_found_by_its_key(struct fixture *f)
{
	struct broadcast *b = a_broadcast(f, "key"), got;

	assert_int_equal(store_broadcast_find(f->store, "key", &f->a, &got, &f->err), 1);
	assert_string_equal(got.id, b->id);
	assert_string_equal(got.message, b->message);
	assert_int_equal(store_broadcast_find(f->store, "other", &f->a, &got, &f->err), 0);
	(void)a_broadcast(f, "");
	assert_int_equal(store_broadcast_find(f->store, "", &f->a, &got, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
}

/* Pages of two name each of those that were made in one millisecond, and the one before. */
static void pages_pass_a_millisecond(struct fixture *f, bool open_only)
{
	char before[ID_HEX_SIZE] = "";
	struct broadcast *got;
	int64_t before_ms = 0;
	size_t n, seen = 0;

	while ((n = list_behind(f, open_only, before_ms, before, 2, &got)) > 0) {
		for (size_t i = 0; i < n; i++, seen++) {
			char want[16];

			(void)snprintf(want, sizeof want, "t%d", 6 - (int)seen);
			assert_string_equal(got[i].id, want);
		}
		before_ms = got[n - 1].created_ms;
		memcpy(before, got[n - 1].id, sizeof before);
	}
	assert_int_equal(seen, 7);
}

static void lists_name_all_of_a_millisecond(struct fixture *f)
{
	static const int order[] = { 3, 0, 6, 5, 1, 4, 2 };
	const struct audit_entry audit = { NOW, "broadcast.create", "", "", "" };

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		struct broadcast b = { .created_ms = order[i] ? NOW : NOW - 1 }, existing;

		(void)snprintf(b.id, sizeof b.id, "t%d", order[i]);
		assert_int_equal(
			store_broadcast_create(f->store, &b, &audit, &f->a, &existing, &f->err), 1);
	}
	pages_pass_a_millisecond(f, false);
	pages_pass_a_millisecond(f, true);
}

static void lists_are_newest_first(struct fixture *f)
{
	static const enum broadcast_state states[] = { BROADCAST_RUNNING, BROADCAST_DONE,
						       BROADCAST_PAUSED, BROADCAST_CANCELLED,
						       BROADCAST_RUNNING };
	const struct audit_entry audit = { NOW, "broadcast.create", "", "", "" };
	struct broadcast *got;

	for (int i = 0; i < 5; i++) {
		struct broadcast b = { .created_ms = NOW + i }, existing;

		(void)snprintf(b.id, sizeof b.id, "b%d", i);
		assert_int_equal(
			store_broadcast_create(f->store, &b, &audit, &f->a, &existing, &f->err), 1);
		b.revision = 1;
		b.state = states[i];
		assert_int_equal(store_broadcast_change(f->store, &b, NULL, &f->err), 1);
	}
	assert_int_equal(list(f, false, 0, 10, &got), 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(got[i].created_ms, NOW + 4 - i);
	assert_int_equal(list(f, false, NOW + 3, 2, &got), 2);
	assert_string_equal(got[0].id, "b2");
	assert_string_equal(got[1].id, "b1");
	assert_int_equal(list(f, true, 0, 10, &got), 3);
	assert_string_equal(got[0].id, "b4");
	assert_string_equal(got[1].id, "b2");
	assert_string_equal(got[2].id, "b0");
	assert_int_equal(list(f, true, NOW + 2, 10, &got), 1);
}

/* ---- recipients ---- */

static const char *person(struct fixture *f, int number)
{
	return arena_printf(&f->a, "whatsapp:+91987%07d", number);
}

static void recipients_are_added_once(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound rows[3], other;
	struct outbox_claim *got;

	for (int i = 0; i < 3; i++)
		rows[i] = *a_recipient(f, id, person(f, i));
	rows[2].state = OUTBOUND_DEAD;
	rows[2].reason = OUTBOUND_OPTED_OUT;
	recipients(f, rows, 2);
	assert_int_equal(claim_queue(f, id, 0, NOW, &got), 2);
	recipients(f, rows, 3); /* planned again after a crash */
	recipients(f, rows, 0);
	assert_int_equal(counted(f, id, OUTBOUND_CLAIMED, OUTBOUND_NO_REASON), 2);
	assert_int_equal(counted(f, id, OUTBOUND_DEAD, OUTBOUND_OPTED_OUT), 1);
	assert_int_equal(counted(f, id, OUTBOUND_WAITING, OUTBOUND_NO_REASON), 0);
	assert_counts(f, id);
	other = row_of(f, rows[2].contact, rows[2].id);
	assert_int_equal(other.kind, OUTBOUND_BROADCAST);
	assert_string_equal(other.broadcast, id);
	assert_string_equal(other.text, "Hello");
	assert_int_equal(claim_queue(f, id, 0, NOW + HOUR, &got), 2); /* the skip is not sent */
}

static void pages_name_each_row_once(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id, *other = a_broadcast(f, "")->id, *cursor = "";
	struct outbound rows[100];
	int seen[100] = { 0 };
	size_t n;

	for (int i = 0; i < 100; i++)
		rows[i] = *a_recipient(f, id, person(f, i * 7919 % 100));
	recipients(f, rows, 100);
	recipients(f, a_recipient(f, other, WHO), 1);
	do {
		struct outbound *got;

		must(f, store_recipients_page(f->store, id, cursor, 7, &f->a, &got, &n, &cursor,
					      &f->err));
		assert_true(n <= 7);
		for (size_t i = 0; i < n; i++)
			for (int k = 0; k < 100; k++)
				seen[k] += strcmp(rows[k].id, got[i].id) == 0;
	} while (*cursor);
	for (int i = 0; i < 100; i++)
		assert_int_equal(seen[i], 1);
	assert_counts(f, id);
	assert_counts(f, other);
}

/* ---- claims ---- */

static void queue_and_lines_are_apart(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id, *other = a_broadcast(f, "")->id;
	struct outbound *reply = a_row(f, WHO, "reply"), *got;
	struct outbox_claim *claims;

	recipients(f, a_recipient(f, id, WHO), 1);
	recipients(f, a_recipient(f, other, WHO), 1);
	queue(f, WHO, reply, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	assert_string_equal(got[0].text, "reply");
	assert_int_equal(claim_queue(f, id, 0, NOW - 1, &claims), 0);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 1); /* though the reply is out */
	assert_string_equal(claims[0].row.broadcast, id);
	assert_int_equal(claims[0].row.state, OUTBOUND_CLAIMED);
	assert_int_equal(claims[0].row.attempts, 1);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 0);
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	assert_int_equal(claim(f, NOW + HOUR, &got), 0);
	assert_int_equal(counted(f, id, OUTBOUND_CLAIMED, OUTBOUND_NO_REASON), 1);
	assert_int_equal(counted(f, other, OUTBOUND_WAITING, OUTBOUND_NO_REASON), 1);
}

static void claims_bring_facts(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	const struct consent_event stop = { CONSENT_OUT, "STOP", "SM1" };
	struct outbox_claim *claims;

	queue(f, WHO, a_row(f, WHO, "reply"), 1);
	recipients(f, a_recipient(f, id, WHO), 1);
	must(f, store_consent_add(f->store, WHO, &stop, NOW, &f->err));
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 1);
	assert_true(claims[0].facts.known);
	assert_int_equal(claims[0].facts.consent, CONSENT_OUT);
	assert_int_equal(claims[0].facts.last_in_ms, NOW);
	assert_string_equal(claims[0].facts.language, "en");
	assert_int_equal(load_at(f, WHO, NULL, NOW).facts.last_out_ms, NOW);
	assert_int_equal(claim_queue(f, NULL, 0, NOW + 1, &claims), 1);
	assert_int_equal(claims[0].facts.consent, CONSENT_OUT);
	assert_int_equal(load_at(f, WHO, NULL, NOW).facts.last_out_ms, NOW + 1);
}

static void pace_puts_off(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id, *second = a_broadcast(f, "")->id;
	struct outbox_claim *claims;
	struct outbound row;

	recipients(f, a_recipient(f, id, WHO), 1);
	recipients(f, a_recipient(f, second, WHO), 1);
	recipients(f, a_recipient(f, second, OTHER), 1);
	assert_int_equal(claim_queue(f, id, PACE, NOW, &claims), 1);
	assert_int_equal(claim_queue(f, second, PACE, NOW + 1000, &claims), 1);
	assert_string_equal(claims[0].row.contact, OTHER);
	row = row_of(f, WHO, a_recipient(f, second, WHO)->id);
	assert_int_equal(row.state, OUTBOUND_WAITING);
	assert_int_equal(row.due_ms, NOW + PACE);
	assert_int_equal(row.attempts, 0);
	assert_int_equal(claim_queue(f, second, PACE, NOW + PACE - 1, &claims), 0);
	assert_int_equal(claim_queue(f, second, PACE, NOW + PACE, &claims), 1);
	assert_int_equal(claims[0].row.state, OUTBOUND_CLAIMED);
	assert_counts(f, second);
}

static void lapsed_is_unsure_whatever_the_pace(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbox_claim *claims;

	recipients(f, a_recipient(f, id, WHO), 1);
	assert_int_equal(claim_queue(f, id, PACE, NOW, &claims), 1);
	assert_int_equal(claim_queue(f, id, PACE, NOW + LEASE - 1, &claims), 0);
	assert_int_equal(claim_queue(f, id, 2 * LEASE, NOW + LEASE, &claims), 1);
	assert_int_equal(claims[0].row.state, OUTBOUND_UNSURE);
	assert_int_equal(claims[0].row.attempts, 2);
	assert_int_equal(load_at(f, WHO, NULL, NOW).facts.last_out_ms, NOW); /* only looked up */
	assert_int_equal(counted(f, id, OUTBOUND_UNSURE, OUTBOUND_NO_REASON), 1);
	assert_counts(f, id);
}

/* ---- outcomes ---- */

static void a_stale_worker_is_not_heard(struct fixture *f)
{
	static const enum outbound_state said[] = { OUTBOUND_WAITING, OUTBOUND_UNSURE,
						    OUTBOUND_DEAD };
	const char *id = a_broadcast(f, "")->id;
	struct outbox_claim *first, *second;
	struct outbound now, late;

	recipients(f, a_recipient(f, id, WHO), 1);
	assert_int_equal(claim_queue(f, id, 0, NOW, &first), 1);
	assert_int_equal(claim_queue(f, id, 0, NOW + LEASE, &second), 1);
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		settle(f, &first[0].row, said[i], NOW);
		now = row_of(f, WHO, first[0].row.id);
		assert_int_equal(now.state, OUTBOUND_UNSURE);
		assert_int_equal(now.due_ms, NOW + 2 * LEASE);
		assert_int_equal(now.attempts, 2);
	}
	late = first[0].row;
	late.external_id = "SM7";
	settle(f, &late, OUTBOUND_ACCEPTED, 0);
	settle(f, &second[0].row, OUTBOUND_WAITING, NOW); /* it looked, and found nothing yet */
	now = row_of(f, WHO, late.id);
	assert_int_equal(now.state, OUTBOUND_ACCEPTED);
	assert_string_equal(now.external_id, "SM7");
	assert_counts(f, id);
}

static void many_are_settled_at_once(struct fixture *f)
{
	enum { MANY = 90 };
	const char *id = a_broadcast(f, "")->id;
	struct outbound rows[MANY];
	struct outbox_claim *claims;

	for (int i = 0; i < MANY; i++)
		rows[i] = *a_recipient(f, id, person(f, i));
	recipients(f, rows, MANY);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), MANY);
	for (int i = 0; i < MANY; i++) {
		rows[i] = claims[i].row;
		rows[i].due_ms = NOW + HOUR;
		rows[i].state = (enum outbound_state[]){ OUTBOUND_ACCEPTED, OUTBOUND_DEAD,
							 OUTBOUND_WAITING }[i % 3];
		rows[i].error_code = i % 3 == 1 ? 63003 : 0;
		rows[i].reason = i % 3 == 1 ? OUTBOUND_BLOCKED : OUTBOUND_NO_REASON;
		rows[i].external_id = i % 3 ? "" : arena_printf(&f->a, "SM%d", i);
	}
	for (int twice = 0; twice < 2; twice++) {
		must(f, store_outbox_settle(f->store, rows, MANY, NOW, &f->err));
		assert_int_equal(counted(f, id, OUTBOUND_ACCEPTED, OUTBOUND_NO_REASON), MANY / 3);
		assert_int_equal(counted(f, id, OUTBOUND_DEAD, OUTBOUND_BLOCKED), MANY / 3);
		assert_int_equal(counted(f, id, OUTBOUND_WAITING, OUTBOUND_NO_REASON), MANY / 3);
		assert_counts(f, id);
	}
	must(f, store_outbox_settle(f->store, rows, 0, NOW, &f->err));
	assert_int_equal(claim_queue(f, id, 0, NOW + HOUR, &claims), MANY / 3);
}

static void a_row_is_found_by_either_id(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbox_claim *claims;
	struct outbound row;

	recipients(f, a_recipient(f, id, WHO), 1);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 1);
	claims[0].row.external_id = "SM7";
	settle(f, &claims[0].row, OUTBOUND_ACCEPTED, 0);
	assert_int_equal(store_outbox_get(f->store, WHO, NULL, "SM7", &f->a, &row, &f->err), 1);
	assert_string_equal(row.id, claims[0].row.id);
	assert_int_equal(store_outbox_get(f->store, WHO, NULL, "SM8", &f->a, &row, &f->err), 0);
	assert_int_equal(store_outbox_get(f->store, OTHER, NULL, "SM7", &f->a, &row, &f->err), 0);
}

/* ---- keeping ---- */

static void sweep_all(struct fixture *f, int64_t now_ms)
{
	int n;

	while ((n = store_sweep(f->store, now_ms, &f->err)) > 0)
		;
	assert_int_equal(n, 0);
}

static void a_broadcast_goes_with_its_rows(struct fixture *f)
{
	enum { MANY = 450 };
	struct broadcast b = *a_broadcast(f, "key"), none;
	struct outbound *rows = arena_array(&f->a, MANY, sizeof *rows), row;
	struct outbox_claim *claims;
	struct store_stats st;

	for (int i = 0; i < MANY; i++)
		rows[i] = *a_recipient(f, b.id, person(f, i));
	recipients(f, rows, MANY);
	assert_int_equal(claim_queue(f, b.id, 0, NOW, &claims), 100);
	settle(f, &claims[0].row, OUTBOUND_ACCEPTED, 0);
	settle(f, &claims[1].row, OUTBOUND_DEAD, 0);
	b.state = BROADCAST_CANCELLED;
	b.finished_ms = NOW;
	assert_int_equal(store_broadcast_change(f->store, &b, NULL, &f->err), 1);

	sweep_all(f, NOW + 69 * DAY); /* longer than finished rows of replies are kept */
	assert_int_equal(counted(f, b.id, OUTBOUND_ACCEPTED, OUTBOUND_NO_REASON), 1);
	assert_counts(f, b.id);
	sweep_all(f, NOW + 71 * DAY);
	assert_int_equal(store_broadcast_get(f->store, b.id, &f->a, &none, &f->err), 0);
	assert_int_equal(counted(f, b.id, OUTBOUND_WAITING, OUTBOUND_NO_REASON), 0);
	assert_int_equal(
		store_outbox_get(f->store, rows[0].contact, rows[0].id, NULL, &f->a, &row, &f->err),
		0);
	assert_int_equal(claim_queue(f, b.id, 0, NOW + 71 * DAY, &claims), 0);
	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.outbox_waiting, 0);
	(void)a_broadcast(f, "key"); /* the key is free again */
}

static void statistics_see_recipients(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbox_claim *claims;
	struct store_stats st;

	recipients(f, a_recipient(f, id, WHO), 1);
	recipients(f, a_recipient(f, id, OTHER), 1);
	queue(f, WHO, a_row(f, WHO, "reply"), 1);
	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.outbox_waiting, 3);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 2);
	settle(f, &claims[0].row, OUTBOUND_UNSURE, NOW + HOUR);
	settle(f, &claims[1].row, OUTBOUND_ACCEPTED, 0);
	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.outbox_waiting, 1);
	assert_int_equal(st.outbox_unsure, 1);
}

static int64_t dead(struct fixture *f)
{
	struct store_stats st;

	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	return st.outbox_dead;
}

/* Who was skipped is no message that died, and neither is one that another carries on for. */
static void statistics_count_the_dead(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound skip = *a_recipient(f, id, person(f, 1)), next;
	struct outbox_claim *claims;

	skip.state = OUTBOUND_DEAD;
	skip.reason = OUTBOUND_OPTED_OUT;
	recipients(f, &skip, 1);
	for (int i = 2; i < 7; i++)
		recipients(f, a_recipient(f, id, person(f, i)), 1);
	assert_int_equal(dead(f), 0);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 5);
	claims[0].row.reason = OUTBOUND_OUTSIDE_WINDOW;
	claims[1].row.reason = OUTBOUND_CANCELLED;
	claims[2].row.reason = OUTBOUND_FAILED;
	claims[3].row.reason = OUTBOUND_UNTOLD;
	claims[4].row.reason = OUTBOUND_FAILED;
	for (int i = 0; i < 5; i++)
		settle(f, &claims[i].row, OUTBOUND_DEAD, 0);
	assert_int_equal(dead(f), 3);
	next = claims[4].row;
	outbound_successor_id(claims[4].row.id, "retry", next.id);
	next.state = OUTBOUND_WAITING;
	next.reason = OUTBOUND_NO_REASON;
	assert_int_equal(store_outbox_replace(f->store, claims[4].row.id, STATUS_NONE, 0, &next,
					      NOW, &f->err),
			 1);
	assert_int_equal(dead(f), 2);
	assert_int_equal(store_status_apply(f->store, claims[3].row.contact, claims[3].row.id,
					    "SM3", STATUS_SENT, 0, NOW, &f->err),
			 1);
	assert_int_equal(dead(f), 1);
	assert_counts(f, id);
}

static const struct contract_case cases[] = {
	{ .name = "a broadcast comes back whole", .run = a_broadcast_comes_back_whole },
	{ .name = "a request key is used once", .run = a_request_key_is_used_once },
	{ .name = "a change needs the revision", .run = a_change_needs_the_revision },
	{ .name = "a broadcast is found by its key", .run = a_broadcast_is_found_by_its_key },
	{ .name = "lists are newest first", .run = lists_are_newest_first },
	{ .name = "lists name all of a millisecond", .run = lists_name_all_of_a_millisecond },
	{ .name = "recipients are added once", .run = recipients_are_added_once },
	{ .name = "pages name each row once", .run = pages_name_each_row_once },
	{ .name = "queue and lines are apart", .run = queue_and_lines_are_apart },
	{ .name = "claims bring facts", .run = claims_bring_facts },
	{ .name = "the pace puts off", .run = pace_puts_off },
	{ .name = "a lapsed row is unsure, whatever the pace",
	  .run = lapsed_is_unsure_whatever_the_pace },
	{ .name = "a stale worker is not heard", .run = a_stale_worker_is_not_heard },
	{ .name = "many are settled at once", .run = many_are_settled_at_once },
	{ .name = "a row is found by either id", .run = a_row_is_found_by_either_id },
	{ .name = "a broadcast goes with its rows", .run = a_broadcast_goes_with_its_rows },
	{ .name = "statistics see recipients", .run = statistics_see_recipients },
	{ .name = "statistics count the dead", .run = statistics_count_the_dead },
};

int main(void)
{
	return contract_run("store broadcast", cases, sizeof cases / sizeof *cases);
}
