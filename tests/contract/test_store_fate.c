/*
 * test_store_fate.c - the store's contract: what becomes of an outbox row after it was sent:
 * statuses in any order, questions to the provider, successors, parking.
 */
#include "store_fixture.c"

#include "model/status.h"

static int hear(struct fixture *f, const struct outbound *row, const char *external_id,
		enum status status, int error_code, int64_t now_ms)
{
	int ret = store_status_apply(f->store, row->contact, row->id, external_id, status,
				     error_code, now_ms, &f->err);

	must(f, ret);
	return ret;
}

static struct outbound *an_accepted(struct fixture *f, const char *broadcast, const char *contact,
				    const char *external_id)
{
	struct outbound *row = a_recipient(f, broadcast, contact);
	struct outbox_claim *claims;

	recipients(f, row, 1);
	assert_int_equal(claim_queue(f, broadcast, 0, NOW, &claims), 1);
	claims[0].row.external_id = external_id;
	claims[0].row.status = STATUS_QUEUED;
	settle(f, &claims[0].row, OUTBOUND_ACCEPTED, 0);
	return row;
}

/* ---- statuses ---- */

static void news_of_another_message(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound *row = an_accepted(f, id, WHO, "SM2"), now;

	(void)hear(f, row, "SM1", STATUS_FAILED, 63016, NOW);
	now = row_of(f, WHO, row->id);
	assert_int_equal(now.status, STATUS_QUEUED);
	assert_int_equal(now.error_code, 0);
	assert_string_equal(now.external_id, "SM2");
	assert_int_equal(hear(f, row, "SM2", STATUS_SENT, 0, NOW), 1);
	assert_int_equal(hear(f, row, NULL, STATUS_DELIVERED, 0, NOW), 1);
	assert_int_equal(row_of(f, WHO, row->id).status, STATUS_DELIVERED);
	assert_counts(f, id);
}

struct news {
	enum status status;
	int error_code;
};
struct story { /* what is heard of one message, in order */
	const char *name;
	struct news news[4];
	size_t count;
};
static const struct story stories[] = {
	{ "read", { { STATUS_SENT, 0 }, { STATUS_DELIVERED, 0 }, { STATUS_READ, 0 } }, 3 },
	{ "delivered", { { STATUS_QUEUED, 0 }, { STATUS_SENT, 0 }, { STATUS_DELIVERED, 0 } }, 3 },
	{ "undelivered", { { STATUS_SENT, 0 }, { STATUS_UNDELIVERED, 63016 } }, 2 },
	{ "failed", { { STATUS_SENDING, 0 }, { STATUS_FAILED, 63024 } }, 2 },
};
enum { STORIES = sizeof stories / sizeof *stories, SHUFFLES = 6 };

/* The n-th order of up to three things: 0 is as they are. */
static const int orders[SHUFFLES][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					 { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

static void tell(struct fixture *f, const struct outbound *row, const struct story *s, int order,
		 bool doubled)
{
	const char *external_id = arena_printf(&f->a, "SM%.16s", row->id);

	for (int times = 0; times < (doubled ? 2 : 1); times++)
		for (int i = 0; i < 3; i++) {
			size_t at = (size_t)orders[order][i];

			if (at < s->count)
				assert_int_equal(hear(f, row, external_id, s->news[at].status,
						      s->news[at].error_code, NOW),
						 1);
		}
}

/* Heard before the worker has settled (its answer late), or after; each order, once or twice. */
static void any_order_ends_the_same(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	int number = 0;

	for (size_t s = 0; s < STORIES; s++) {
		struct outbound ordered = { 0 };

		for (int order = 0; order < SHUFFLES; order++) {
			const char *who = arena_printf(&f->a, "whatsapp:+91987%07d", number++);
			struct outbound *row = a_recipient(f, id, who), now;
			struct outbox_claim *claims;

			recipients(f, row, 1);
			assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 1);
			if (order % 2)
				tell(f, row, &stories[s], order, order > 2);
			claims[0].row.external_id = arena_printf(&f->a, "SM%.16s", row->id);
			claims[0].row.status = STATUS_QUEUED;
			settle(f, &claims[0].row, OUTBOUND_ACCEPTED, 0);
			if (order % 2 == 0)
				tell(f, row, &stories[s], order, order > 2);
			now = row_of(f, who, row->id);
			if (order == 0)
				ordered = now;
			if (now.state != OUTBOUND_ACCEPTED || now.status != ordered.status ||
			    now.error_code != ordered.error_code)
				fail_msg("%s, order %d: %s %s %d", stories[s].name, order,
					 outbound_state_name(now.state), status_name(now.status),
					 now.error_code);
		}
	}
	assert_counts(f, id);
}

/* ---- questions to the provider ---- */

static size_t unheard(struct fixture *f, int64_t now_ms, struct outbound **rows_out)
{
	size_t n = 0;

	must(f, store_status_claim(f->store, now_ms, 10, &f->a, rows_out, &n, &f->err));
	return n;
}

static void the_silent_are_asked_for(struct fixture *f)
{
	static const int64_t after_s[STORE_MAX_ASKED] = { 60, 300, 1800, 10800, 43200, 86400 };
	struct outbound *row = an_accepted(f, a_broadcast(f, "")->id, WHO, "SM1"), *got;
	int64_t at = NOW;

	for (unsigned i = 0; i < STORE_MAX_ASKED; i++) {
		at += after_s[i] * 1000;
		assert_int_equal(unheard(f, at - 1, &got), 0);
		assert_int_equal(unheard(f, at, &got), 1);
		assert_string_equal(got[0].id, row->id);
		assert_string_equal(got[0].external_id, "SM1");
		assert_int_equal(got[0].attempts, i);
		assert_int_equal(unheard(f, at, &got), 0);
	}
	assert_int_equal(unheard(f, at + 365 * DAY, &got), 0);
	assert_int_equal(row_of(f, WHO, row->id).attempts, 1); /* still the claim's token */
}

static void news_puts_the_question_off(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound *row = an_accepted(f, id, WHO, "SM1"), *other, *got;

	(void)hear(f, row, "SM1", STATUS_SENT, 0, NOW + 50000);
	assert_int_equal(unheard(f, NOW + 60000, &got), 0);
	assert_int_equal(unheard(f, NOW + 110000, &got), 1);
	(void)hear(f, row, "SM1", STATUS_DELIVERED, 0, NOW + 110000);
	assert_int_equal(unheard(f, NOW + DAY, &got), 0);

	other = an_accepted(f, id, OTHER, "SM2");
	(void)hear(f, other, "SM2", STATUS_FAILED, 63016, NOW);
	assert_int_equal(unheard(f, NOW + DAY, &got), 0);
}

static void only_the_accepted_are_asked_for(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound *reply = a_row(f, OTHER, "reply"), *got;
	struct outbox_claim *claims;

	recipients(f, a_recipient(f, id, WHO), 1);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 1);
	settle(f, &claims[0].row, OUTBOUND_UNSURE, NOW + HOUR);
	assert_int_equal(unheard(f, NOW + HOUR, &got), 0);
	assert_int_equal(claim_queue(f, id, 0, NOW + HOUR, &claims), 1);
	settle(f, &claims[0].row, OUTBOUND_DEAD, 0);
	assert_int_equal(unheard(f, NOW + DAY, &got), 0);

	queue(f, OTHER, reply, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	got[0].external_id = "SM3";
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	assert_int_equal(unheard(f, NOW + 60000, &got), 1); /* replies as well */
	assert_string_equal(got[0].id, reply->id);
}

/* ---- successors ---- */

static struct outbound *a_successor(struct fixture *f, const struct outbound *of, const char *word,
				    enum outbound_kind kind, enum outbound_state state)
{
	struct outbound *next = arena_alloc(&f->a, sizeof *next);

	*next = *of;
	outbound_successor_id(of->id, word, next->id);
	next->kind = kind;
	next->state = state;
	next->attempts = 0;
	next->external_id = "";
	next->status = STATUS_NONE;
	next->text = arena_strdup(&f->a, word);
	return next;
}

static int replace(struct fixture *f, const struct outbound *old, const struct outbound *next)
{
	int ret = store_outbox_replace(f->store, old->id, STATUS_FAILED, 63016, next, NOW, &f->err);

	must(f, ret);
	return ret;
}

static void a_row_is_replaced_once(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound *row = an_accepted(f, id, WHO, "SM1"), now;
	struct outbound *next = a_successor(f, row, "template", OUTBOUND_REPLY, OUTBOUND_WAITING);
	struct outbound *other = a_successor(f, row, "other", OUTBOUND_REPLY, OUTBOUND_WAITING);
	struct outbound *got;

	assert_int_equal(replace(f, row, next), 1);
	assert_int_equal(replace(f, row, next), 0);
	assert_int_equal(replace(f, row, other), 0);
	assert_int_equal(replace(f, a_recipient(f, id, OTHER), next), 0); /* never planned */
	now = row_of(f, WHO, row->id);
	assert_int_equal(now.state, OUTBOUND_DEAD);
	assert_int_equal(now.reason, OUTBOUND_REPLACED);
	assert_int_equal(now.status, STATUS_FAILED);
	assert_int_equal(now.error_code, 63016);
	assert_int_equal(counted(f, id, OUTBOUND_DEAD, OUTBOUND_REPLACED), 1);
	assert_int_equal(counted(f, id, OUTBOUND_WAITING, OUTBOUND_NO_REASON), 1);
	assert_counts(f, id);

	assert_int_equal(claim(f, NOW, &got), 1); /* a reply: from the line */
	assert_string_equal(got[0].id, next->id);
	assert_string_equal(got[0].broadcast, id);
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	assert_int_equal(counted(f, id, OUTBOUND_ACCEPTED, OUTBOUND_NO_REASON), 1);
	assert_counts(f, id);
}

static void a_replaced_row_stays_so(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound *row = a_recipient(f, id, WHO), now;
	struct outbox_claim *claims;

	recipients(f, row, 1);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 1);
	assert_int_equal(
		replace(f, row, a_successor(f, row, "retry", OUTBOUND_BROADCAST, OUTBOUND_WAITING)),
		1);
	settle(f, &claims[0].row, OUTBOUND_WAITING, NOW);
	claims[0].row.external_id = "SM1";
	settle(f, &claims[0].row, OUTBOUND_ACCEPTED, NOW);
	now = row_of(f, WHO, row->id);
	assert_int_equal(now.state, OUTBOUND_DEAD);
	assert_int_equal(now.reason, OUTBOUND_REPLACED);
	assert_int_equal(claim_queue(f, id, 0, NOW, &claims), 1);
	assert_string_equal(claims[0].row.text, "retry");
	assert_counts(f, id);
}

static void a_line_goes_on_behind_a_parked_row(struct fixture *f)
{
	static const char *const order[] = { "second", "third", "later", "parked" };
	struct outbound rows[3], *later = a_row(f, WHO, "later"), *parked, *got;
	const char *ids[4];

	queue_three(f, rows);
	assert_int_equal(claim(f, NOW, &got), 1);
	parked = a_successor(f, &got[0], "parked", OUTBOUND_REPLY, OUTBOUND_PARKED);
	assert_int_equal(replace(f, &got[0], parked), 1);
	queue(f, WHO, later, 1);
	assert_int_equal(load_at(f, WHO, NULL, NOW).facts.parked, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	assert_string_equal(got[0].text, "second");
	assert_int_equal(store_outbox_unpark(f->store, WHO, NOW + 1, &f->err), 1);
	assert_int_equal(store_outbox_unpark(f->store, WHO, NOW + 1, &f->err), 0);
	assert_int_equal(store_outbox_unpark(f->store, OTHER, NOW + 1, &f->err), 0);
	assert_int_equal(load_at(f, WHO, NULL, NOW).facts.parked, 0);
	assert_int_equal(claim(f, NOW + 1, &got), 0); /* one at a time, still */
	ids[0] = rows[1].id;
	ids[1] = rows[2].id;
	ids[2] = later->id;
	ids[3] = parked->id;
	for (int i = 0; i < 4; i++) {
		struct outbound now = row_of(f, WHO, ids[i]);

		assert_int_equal(now.state, OUTBOUND_CLAIMED);
		assert_string_equal(now.text, order[i]);
		settle(f, &now, OUTBOUND_ACCEPTED, 0);
		assert_int_equal(claim(f, NOW + 1, &got), i < 3 ? 1 : 0);
	}
}

static void parked_recipients_go_back_to_their_queue(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound *row = an_accepted(f, id, WHO, "SM1");
	struct outbound *parked =
		a_successor(f, row, "parked", OUTBOUND_BROADCAST, OUTBOUND_PARKED);
	struct outbox_claim *claims;
	struct store_stats st;

	assert_int_equal(replace(f, row, parked), 1);
	assert_int_equal(counted(f, id, OUTBOUND_PARKED, OUTBOUND_NO_REASON), 1);
	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.outbox_parked, 1);
	assert_int_equal(claim_queue(f, id, 0, NOW + DAY, &claims), 0);
	assert_int_equal(store_outbox_unpark(f->store, WHO, NOW + DAY, &f->err), 1);
	assert_int_equal(claim_queue(f, id, 0, NOW + DAY, &claims), 1);
	assert_string_equal(claims[0].row.id, parked->id);
	assert_counts(f, id);
}

static void sweep_all(struct fixture *f, int64_t now_ms)
{
	int n;

	while ((n = store_sweep(f->store, now_ms, &f->err)) > 0)
		;
	assert_int_equal(n, 0);
}

static void the_parked_wait_a_week(struct fixture *f)
{
	const char *id = a_broadcast(f, "")->id;
	struct outbound *row = an_accepted(f, id, WHO, "SM1"), now;
	struct outbound *parked =
		a_successor(f, row, "parked", OUTBOUND_BROADCAST, OUTBOUND_PARKED);

	assert_int_equal(replace(f, row, parked), 1);
	sweep_all(f, NOW + 7 * DAY - HOUR);
	assert_int_equal(row_of(f, WHO, parked->id).state, OUTBOUND_PARKED);
	sweep_all(f, NOW + 7 * DAY + HOUR);
	now = row_of(f, WHO, parked->id);
	assert_int_equal(now.state, OUTBOUND_DEAD);
	assert_int_equal(now.reason, OUTBOUND_OUTSIDE_WINDOW);
	assert_int_equal(counted(f, id, OUTBOUND_DEAD, OUTBOUND_OUTSIDE_WINDOW), 1);
	assert_int_equal(load_at(f, WHO, NULL, NOW).facts.parked, 0);
	assert_int_equal(store_outbox_unpark(f->store, WHO, NOW + 8 * DAY, &f->err), 0);
	assert_counts(f, id);
}

static const struct contract_case cases[] = {
	{ .name = "news of another message change nothing", .run = news_of_another_message },
	{ .name = "any order of statuses ends the same", .run = any_order_ends_the_same },
	{ .name = "the silent are asked for", .run = the_silent_are_asked_for },
	{ .name = "news puts the question off", .run = news_puts_the_question_off },
	{ .name = "only the accepted are asked for", .run = only_the_accepted_are_asked_for },
	{ .name = "a row is replaced once", .run = a_row_is_replaced_once },
	{ .name = "a replaced row stays so", .run = a_replaced_row_stays_so },
	{ .name = "a line goes on behind a parked row", .run = a_line_goes_on_behind_a_parked_row },
	{ .name = "parked recipients go back to their queue",
	  .run = parked_recipients_go_back_to_their_queue },
	{ .name = "the parked wait a week", .run = the_parked_wait_a_week },
};

int main(void)
{
	return contract_run("store fate", cases, sizeof cases / sizeof *cases);
}
