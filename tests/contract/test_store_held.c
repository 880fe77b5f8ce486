/*
 * test_store_held.c - the store's contract: a turn that was decided on what an earlier turn left,
 * without loading, is stored only if that is still true.
 */
#include "store_fixture.c"

#define LATER (NOW + 1000)

/* The next turn of WHO, decided on the first one's session. */
static struct turn held_turn(struct fixture *f, const char *external_id,
			     const struct turn_held *held)
{
	struct session *s = a_session(f, "sector");
	struct turn t;

	s->revision = 1;
	s->updated_ms = LATER;
	t = a_turn(f, WHO, external_id, REPLY_INLINE, "two", s);
	t.now_ms = LATER;
	t.held = held;
	return t;
}

static void first_turn(struct fixture *f)
{
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "one", a_session(f, "name"));

	assert_int_equal(commit(f, &t), COMMIT_DONE);
}

static void say(struct fixture *f, enum consent consent)
{
	const struct consent_event e = { consent, "21610", "" };

	must(f, store_consent_add(f->store, WHO, &e, NOW + 1, &f->err));
}

/* ---- what may happen in between ---- */

static void nothing(struct fixture *f)
{
	(void)f;
}

static void they_opt_out(struct fixture *f)
{
	say(f, CONSENT_OUT);
}

static void they_opt_out_and_in(struct fixture *f)
{
	say(f, CONSENT_OUT);
	say(f, CONSENT_IN);
}

/* Of a broadcast: no turn is stored with it, so the session's revision stays. */
static void a_message_is_parked(struct fixture *f)
{
	const char *broadcast = a_broadcast(f, "")->id;
	struct outbound *row = a_recipient(f, broadcast, WHO), next = *row;

	recipients(f, row, 1);
	id_random(next.id);
	next.state = OUTBOUND_PARKED;
	must(f, store_outbox_replace(f->store, row->id, STATUS_FAILED, 63016, &next, NOW + 1,
				     &f->err));
	assert_int_equal(load_at(f, WHO, NULL, NOW + 1).facts.parked, 1);
	assert_int_equal(load_at(f, WHO, NULL, NOW + 1).session->revision, 1);
}

static void another_turn(struct fixture *f)
{
	struct session *s = a_session(f, "pincode");
	struct turn t = a_turn(f, WHO, "SM9", REPLY_INLINE, "nine", s);

	s->revision = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
}

/* A session of the same revision, but another one. */
static void expired_and_begun_anew(struct fixture *f)
{
	struct session *s = a_session(f, "welcome");
	struct turn t = a_turn(f, WHO, "SM8", REPLY_INLINE, "eight", s);

	s->revision = 1;
	s->expires_ms = NOW + 10;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	s->revision = 0;
	s->updated_ms = NOW + 20;
	s->expires_ms = NOW + DAY;
	t = a_turn(f, WHO, "SM9", REPLY_INLINE, "nine", s);
	t.now_ms = NOW + 20;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(load_at(f, WHO, NULL, LATER).session->revision, 1);
}

static void the_same_message(struct fixture *f)
{
	struct turn t = held_turn(f, "SM2", NULL);

	assert_int_equal(commit(f, &t), COMMIT_DONE);
	say(f, CONSENT_OUT);
}

static const struct {
	const char *name;
	void (*meanwhile)(struct fixture *f);
	enum consent assumed;
	enum commit_result result;
} rows[] = {
	{ "nothing", nothing, CONSENT_NONE, COMMIT_DONE },
	{ "another consent was assumed", nothing, CONSENT_IN, COMMIT_CONFLICT },
	{ "the consent changes", they_opt_out, CONSENT_NONE, COMMIT_CONFLICT },
	{ "the consent has changed before", they_opt_out, CONSENT_OUT, COMMIT_DONE },
	{ "the consent changes twice", they_opt_out_and_in, CONSENT_IN, COMMIT_DONE },
	{ "a message is parked", a_message_is_parked, CONSENT_NONE, COMMIT_CONFLICT },
	{ "another turn", another_turn, CONSENT_NONE, COMMIT_CONFLICT },
	{ "another session", expired_and_begun_anew, CONSENT_NONE, COMMIT_CONFLICT },
	{ "the same message: seen wins", the_same_message, CONSENT_NONE, COMMIT_SEEN },
};

/* What is true of every row, whether or not the store is told all that was held. */
static void run_row(struct fixture *f, size_t i, bool told)
{
	struct turn_held held = { NOW, rows[i].assumed, told ? NOW + DAY : 0, false };
	struct turn t = held_turn(f, "SM2", &held);
	enum commit_result got;

	first_turn(f);
	rows[i].meanwhile(f);
	got = commit(f, &t);
	if (got != rows[i].result)
		fail_msg("%s: %d instead of %d", rows[i].name, got, rows[i].result);
	if (got == COMMIT_CONFLICT) {
		assert_int_equal(load_at(f, WHO, "SM2", LATER).reply.state, REPLY_NONE);
		t.held = NULL; /* as one that has loaded */
		((struct session *)t.session)->revision =
			load_at(f, WHO, NULL, LATER).session->revision;
		assert_int_equal(commit(f, &t), COMMIT_DONE);
	}
	assert_reply(reply_of(f, WHO, "SM2"), REPLY_INLINE, "two");
}

#define ROW(n)                                                                                     \
	static void row_##n(struct fixture *f)                                                     \
	{                                                                                          \
		run_row(f, n, false);                                                              \
	}                                                                                          \
	static void row_told_##n(struct fixture *f)                                                \
	{                                                                                          \
		run_row(f, n, true);                                                               \
	}
ROW(0)
ROW(1)
ROW(2)
ROW(3)
ROW(4)
ROW(5)
ROW(6)
ROW(7)
ROW(8)

static const struct contract_case cases[] = {
	{ .name = "held, nothing happened: stored", .run = row_0 },
	{ .name = "held, another consent was assumed: conflict", .run = row_1 },
	{ .name = "held, the consent changes: conflict", .run = row_2 },
	{ .name = "held, the consent is the assumed one: stored", .run = row_3 },
	{ .name = "held, the consent came back: stored", .run = row_4 },
	{ .name = "held, a message is parked: conflict", .run = row_5 },
	{ .name = "held, another turn: conflict", .run = row_6 },
	{ .name = "held, another session of that revision: conflict", .run = row_7 },
	{ .name = "held, the same message: seen", .run = row_8 },
	{ .name = "held and told, nothing happened: stored", .run = row_told_0 },
	{ .name = "held and told, another consent was assumed: conflict", .run = row_told_1 },
	{ .name = "held and told, the consent changes: conflict", .run = row_told_2 },
	{ .name = "held and told, the consent is the assumed one: stored", .run = row_told_3 },
	{ .name = "held and told, the consent came back: stored", .run = row_told_4 },
	{ .name = "held and told, a message is parked: conflict", .run = row_told_5 },
	{ .name = "held and told, another turn: conflict", .run = row_told_6 },
	{ .name = "held and told, another session of that revision: conflict", .run = row_told_7 },
	{ .name = "held and told, the same message: seen", .run = row_told_8 },
};

int main(void)
{
	_Static_assert(sizeof cases / sizeof *cases == 2 * (sizeof rows / sizeof *rows),
		       "two each");

	return contract_run("held", cases, sizeof cases / sizeof *cases);
}
