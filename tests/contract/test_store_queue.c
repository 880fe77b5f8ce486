/*
 * test_store_queue.c - the store's contract: business calls that wait,
 * counting windows, statistics, the sweep.
 */
#include "store_fixture.c"

enum { LEASE = 60000 };

/* ---- business calls ---- */

static struct session *a_waiting(struct fixture *f, const char *contact, int64_t due_ms)
{
	struct session *s = a_session(f, "confirmation");
	struct turn t;

	s->call = (struct session_call){ "c1", "otp", "confirmation", "SM1", NOW };
	t = a_turn(f, contact, "SM1", REPLY_OPEN, "", s);
	t.call_due_ms = due_ms;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	return s;
}

static size_t calls(struct fixture *f, int64_t now_ms, unsigned max, struct call_due **due_out)
{
	size_t n = 0;

	assert_int_equal(store_calls_claim(f->store, now_ms, now_ms + LEASE, max, &f->a, due_out,
					   &n, &f->err),
			 0);
	return n;
}

static void call_is_claimed_leased_renewed(struct fixture *f)
{
	struct call_due *due;

	(void)a_waiting(f, WHO, NOW + 1000);
	assert_int_equal(calls(f, NOW + 999, 10, &due), 0);
	assert_int_equal(calls(f, NOW + 1000, 10, &due), 1);
	assert_string_equal(due[0].contact, WHO);
	assert_int_equal(calls(f, NOW + 1001, 10, &due), 0);

	assert_int_equal(store_call_renew(f->store, WHO, "c1", NOW + 5 * LEASE, &f->err), 1);
	assert_int_equal(calls(f, NOW + 1000 + LEASE, 10, &due), 0);
	assert_int_equal(calls(f, NOW + 5 * LEASE, 10, &due), 1);
	assert_int_equal(store_call_renew(f->store, WHO, "c2", NOW + 9 * LEASE, &f->err), 0);
	assert_int_equal(store_call_renew(f->store, OTHER, "c1", NOW + 9 * LEASE, &f->err), 0);
}

static void commit_without_call_clears_it(struct fixture *f)
{
	struct session *s = a_waiting(f, WHO, NOW + 1000);
	struct call_due *due;
	struct turn t;

	s->revision = 1;
	s->call = (struct session_call){ "", "", "", "", 0 };
	t = a_result(f, WHO, s);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(calls(f, NOW + HOUR, 10, &due), 0);
	assert_int_equal(store_call_renew(f->store, WHO, "c1", NOW + LEASE, &f->err), 0);
	assert_int_equal(calls(f, NOW + HOUR, 10, &due), 0);
}

static void calls_of_expired_sessions_rest(struct fixture *f)
{
	struct call_due *due;

	(void)a_waiting(f, WHO, NOW + 1000);
	assert_int_equal(calls(f, NOW + DAY, 10, &due), 0);
}

static void at_most_max_calls(struct fixture *f)
{
	struct call_due *due;
	size_t n, all = 0;

	for (int i = 0; i < 5; i++)
		(void)a_waiting(f, arena_printf(&f->a, "whatsapp:+9198765432%02d", i), NOW + i);
	for (int round = 0; round < 3; round++) {
		n = calls(f, NOW + 10, 2, &due);
		assert_true(n <= 2);
		all += n;
	}
	assert_int_equal(all, 5);
}

/* A session may be due without a call: its flow wants to say something. */
static void timer_is_claimed_and_is_no_call(struct fixture *f)
{
	struct session *s = a_session(f, "name");
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "Your name?", s);
	struct store_stats st;
	struct call_due *due;

	t.call_due_ms = NOW + 1000;
	assert_int_equal(store_commit(f->store, &t, &(enum commit_result){ 0 }, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT); /* nothing says what it is due for */
	s->wake_ms = NOW + 1000;
	s->trail = "name";
	assert_int_equal(commit(f, &t), COMMIT_DONE);

	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.calls_waiting, 0);
	assert_int_equal(calls(f, NOW + 999, 10, &due), 0);
	assert_int_equal(calls(f, NOW + 1000, 10, &due), 1);
	assert_string_equal(due[0].contact, WHO);
	assert_int_equal(calls(f, NOW + 1001, 10, &due), 0);
	assert_int_equal(load_at(f, WHO, NULL, NOW).session->wake_ms, NOW + 1000);
	assert_int_equal(calls(f, NOW + 1000 + LEASE, 10, &due), 1); /* nobody did it */
}

/* ---- counting windows ---- */

static void windows_slide(struct fixture *f)
{
	static const struct {
		const char *key;
		const char *member;
		int64_t at;
		int allowed;
	} steps[] = {
		{ "otp:+919876543210", "m1", 0, 1 },	{ "otp:+919876543210", "m2", 10, 1 },
		{ "otp:+919876543210", "m3", 20, 0 },	{ "otp:+919876543210", "m1", 30, 1 },
		{ "otp:+919876543211", "m3", 30, 1 },	{ "otp:+919876543210", "m3", 999, 0 },
		{ "otp:+919876543210", "m3", 1000, 1 }, { "otp:+919876543210", "m4", 1009, 0 },
		{ "otp:+919876543210", "m1", 1009, 0 }, /* its time has passed: it counts anew */
		{ "otp:+919876543210", "m1", 1010, 1 },
	};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int ret = store_allow(f->store, steps[i].key, steps[i].member, 2, 1000,
				      NOW + steps[i].at, &f->err);

		if (ret != steps[i].allowed)
			fail_msg("step %zu: %d", i, ret);
	}
	assert_int_equal(store_allow(f->store, "none", "m", 0, 1000, NOW, &f->err), 0);
}

/* ---- statistics, sweep ---- */

static int64_t at_step(const struct store_stats *s, const char *step)
{
	for (size_t i = 0; i < s->step_count; i++)
		if (strcmp(s->steps[i].step, step) == 0)
			return s->steps[i].sessions;
	return 0;
}

static void a_person_at(struct fixture *f, int number, const char *step, bool completed,
			int64_t expires_ms)
{
	const char *contact = arena_printf(&f->a, "whatsapp:+91987654%04d", number);
	struct session *s = a_session(f, step);
	struct turn t;

	s->completed = completed;
	s->expires_ms = expires_ms;
	t = a_turn(f, contact, "SM1", REPLY_INLINE, "x", s);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
}

static void statistics_count(struct fixture *f)
{
	struct outbound rows[3], *got;
	struct store_stats st;
	int number = 0;

	for (int i = 0; i < 3; i++)
		a_person_at(f, number++, "name", false, NOW + DAY);
	for (int i = 0; i < 2; i++)
		a_person_at(f, number++, "completed", true, NOW + DAY);
	a_person_at(f, number++, "name", false, NOW + HOUR);
	(void)a_waiting(f, OTHER, NOW + 5); /* at "confirmation" */
	queue_three(f, rows);		    /* WHO at "name" */

	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, 8);
	assert_int_equal(at_step(&st, "name"), 5);
	assert_int_equal(st.as_of_ms, NOW);
	assert_int_equal(st.outbox_waiting, 3);

	assert_int_equal(claim(f, NOW, &got), 1);
	settle(f, &got[0], OUTBOUND_DEAD, 0);
	assert_int_equal(claim(f, NOW, &got), 1);
	settle(f, &got[0], OUTBOUND_UNSURE, NOW + HOUR);
	assert_int_equal(store_stats(f->store, NOW + HOUR, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, 7);
	assert_int_equal(st.completed, 2);
	assert_int_equal(st.calls_waiting, 1);
	assert_int_equal(at_step(&st, "name"), 4);
	assert_int_equal(at_step(&st, "completed"), 2);
	assert_int_equal(at_step(&st, "confirmation"), 1);
	assert_int_equal(at_step(&st, "sector"), 0);
	assert_int_equal(st.outbox_waiting, 1);
	assert_int_equal(st.outbox_unsure, 1);
	assert_int_equal(st.outbox_dead, 1);

	assert_true(store_sweep(f->store, NOW + HOUR, &f->err) >= 0);
	assert_int_equal(store_stats(f->store, NOW + HOUR, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, 7);
	assert_int_equal(at_step(&st, "name"), 4);
}

static void moving_on_moves_the_count(struct fixture *f)
{
	struct session *s = a_session(f, "name");
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "x", s);
	struct store_stats st;

	assert_int_equal(commit(f, &t), COMMIT_DONE);
	s->revision = 1;
	s->step = s->shown_step = "sector";
	t = a_turn(f, WHO, "SM1b", REPLY_INLINE, "x", s);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, 1);
	assert_int_equal(at_step(&st, "name"), 0);
	assert_int_equal(at_step(&st, "sector"), 1);

	s->revision = 2;
	s->step = s->shown_step = "completed";
	s->completed = true;
	t = a_turn(f, WHO, "SM2", REPLY_INLINE, "x", s);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, 1);
	assert_int_equal(st.completed, 1);
	assert_int_equal(st.step_count, 1);
	assert_int_equal(at_step(&st, "completed"), 1);

	s->revision = 0; /* expired, and back again at the first step */
	s->expires_ms = NOW + 3 * DAY;
	s->step = s->shown_step = "name";
	s->completed = false;
	t = a_turn(f, WHO, "SM3", REPLY_INLINE, "x", s);
	t.now_ms = NOW + DAY;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(store_stats(f->store, NOW + DAY, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, 1);
	assert_int_equal(st.completed, 0);
	assert_int_equal(at_step(&st, "name"), 1);
}

/* Sweeps until nothing more is found; returns how many rows went. */
static int sweep_all(struct fixture *f, int64_t now_ms)
{
	int n, all = 0;

	while ((n = store_sweep(f->store, now_ms, &f->err)) > 0)
		all += n;
	assert_int_equal(n, 0);
	return all;
}

static void sweep_keeps_what_has_time(struct fixture *f)
{
	struct session *s = a_session(f, "name");
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "hello", s);
	struct outbound *row = a_row(f, WHO, "late"), *got;

	t.outbox = row;
	t.outbox_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(claim(f, NOW, &got), 1);
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	assert_int_equal(store_allow(f->store, "k", "m", 1, HOUR, NOW, &f->err), 1);

	(void)sweep_all(f, NOW + 2 * DAY);
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_INLINE, "hello");
	assert_null(load_at(f, WHO, NULL, NOW + 2 * DAY).session);
	assert_true(load_at(f, WHO, NULL, NOW + 2 * DAY).facts.known);
	assert_int_equal(row_of(f, WHO, row->id).state, OUTBOUND_ACCEPTED);
	assert_int_equal(store_allow(f->store, "k", "n", 1, HOUR, NOW + 2 * DAY, &f->err), 1);
}

static void sweep_deletes_what_is_over(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "late"), *waiting = a_row(f, WHO, "waits"), *got, none;
	struct store_stats st;

	queue(f, WHO, row, 1);
	queue(f, WHO, waiting, 1);
	assert_int_equal(claim(f, NOW, &got), 1);
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	for (int i = 0; i < 700; i++)
		a_person_at(f, i, "name", false, NOW + DAY);

	(void)sweep_all(f, NOW + 31 * DAY);
	assert_int_equal(reply_of(f, "whatsapp:+919876540001", "SM1").state, REPLY_NONE);
	assert_int_equal(store_stats(f->store, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, 0); /* gone for good, whatever the clock says */
	assert_int_equal(store_outbox_get(f->store, WHO, row->id, NULL, &f->a, &none, &f->err), 0);
	assert_int_equal(row_of(f, WHO, waiting->id).state, OUTBOUND_WAITING);
	assert_true(load_at(f, WHO, NULL, NOW + 31 * DAY).facts.known);
}

static const struct contract_case cases[] = {
	{ .name = "a call is claimed, leased, renewed", .run = call_is_claimed_leased_renewed },
	{ .name = "a commit without call clears it", .run = commit_without_call_clears_it },
	{ .name = "calls of expired sessions rest", .run = calls_of_expired_sessions_rest },
	{ .name = "a timer is claimed and is no call", .run = timer_is_claimed_and_is_no_call },
	{ .name = "at most max calls", .run = at_most_max_calls },
	{ .name = "windows slide", .run = windows_slide },
	{ .name = "statistics count", .run = statistics_count },
	{ .name = "moving on moves the count", .run = moving_on_moves_the_count },
	{ .name = "the sweep keeps what has time", .run = sweep_keeps_what_has_time },
	{ .name = "the sweep deletes what is over", .run = sweep_deletes_what_is_over },
};

int main(void)
{
	return contract_run("store queue", cases, sizeof cases / sizeof *cases);
}
