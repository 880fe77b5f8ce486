/*
 * test_store_reply.c - the store's contract: the reply of a turn that waits for a
 * business call, who decides it, and which outbox rows come of it.
 */
#include "store_fixture.c"

static struct session *open_turn(struct fixture *f, const char *external_id)
{
	struct session *s = a_session(f, "confirmation");
	struct turn t = a_turn(f, WHO, external_id, REPLY_OPEN, "x", s);

	t.reply.count = 0;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(reply_of(f, WHO, external_id).state, REPLY_OPEN);
	s->revision = 1;
	return s;
}

/* Commits a call's result that answers SM1; returns whether it became inline. */
static bool answer(struct fixture *f, const struct session *s, enum reply_state state,
		   const char *text, const struct outbound *row)
{
	struct turn t = a_result(f, WHO, s);
	enum commit_result result;
	bool is_inline = state != REPLY_INLINE;

	t.answers = "SM1";
	t.answer = (struct reply){ .state = state, .texts = a_text(f, text), .count = 1 };
	t.outbox = row;
	t.outbox_count = 1;
	assert_int_equal(store_commit(f->store, &t, &result, &is_inline, &f->err), 0);
	assert_int_equal(result, COMMIT_DONE);
	return is_inline;
}

static bool has_row(struct fixture *f, const struct outbound *row)
{
	struct outbound o;
	int found = store_outbox_get(f->store, WHO, row->id, NULL, &f->a, &o, &f->err);

	assert_true(found >= 0);
	return found == 1;
}

static void open_then_inline_drops_rows(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "otp sent");

	assert_true(answer(f, open_turn(f, "SM1"), REPLY_INLINE, "otp sent", row));
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_INLINE, "otp sent");
	assert_false(has_row(f, row));
	assert_int_equal(load_at(f, WHO, NULL, NOW).session->revision, 2);
}

static void open_then_late_answer_stores_rows(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "otp sent");

	assert_false(answer(f, open_turn(f, "SM1"), REPLY_LATE, "one moment", row));
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_LATE, "one moment");
	assert_true(has_row(f, row));
}

static void decided_late_first_stores_rows(struct fixture *f)
{
	struct session *s = open_turn(f, "SM1");
	struct outbound *row = a_row(f, WHO, "otp sent");
	struct reply r;

	assert_int_equal(store_reply_decide(f->store, WHO, "SM1", a_text(f, "one moment"), 1, &f->a,
					    &r, &f->err),
			 0);
	assert_reply(r, REPLY_LATE, "one moment");
	assert_false(answer(f, s, REPLY_INLINE, "otp sent", row));
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_LATE, "one moment");
	assert_true(has_row(f, row));
	assert_string_equal(row_of(f, WHO, row->id).text, "otp sent");
}

static void answers_a_turn_that_is_gone(struct fixture *f)
{
	struct outbound *row = a_row(f, WHO, "otp sent");

	assert_false(answer(f, a_session(f, "completed"), REPLY_INLINE, "otp sent", row));
	assert_int_equal(reply_of(f, WHO, "SM1").state, REPLY_NONE);
	assert_true(has_row(f, row));
}

static void decide_leaves_what_is_decided(struct fixture *f)
{
	struct reply r;

	assert_true(answer(f, open_turn(f, "SM1"), REPLY_INLINE, "done", a_row(f, WHO, "x")));
	assert_int_equal(store_reply_decide(f->store, WHO, "SM1", a_text(f, "one moment"), 1, &f->a,
					    &r, &f->err),
			 0);
	assert_reply(r, REPLY_INLINE, "done");
	assert_int_equal(store_reply_decide(f->store, WHO, "SM9", a_text(f, "one moment"), 1, &f->a,
					    &r, &f->err),
			 0);
	assert_int_equal(r.state, REPLY_NONE);
}

static void a_call_follows_a_call(struct fixture *f)
{
	struct session *s = open_turn(f, "SM1");
	struct outbound *first = a_row(f, WHO, "checked"), *last = a_row(f, WHO, "otp sent");

	assert_false(answer(f, s, REPLY_OPEN, "checked", first));
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_OPEN, "checked");
	assert_false(has_row(f, first)); /* its text waits in the open reply */
	s->revision = 2;
	assert_true(answer(f, s, REPLY_INLINE, "otp sent", last));
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_INLINE, "otp sent");
	s->revision = 3;
	assert_false(answer(f, s, REPLY_OPEN, "once more", first)); /* decided before */
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_INLINE, "otp sent");
	assert_true(has_row(f, first));
}

static bool divert(struct fixture *f, const struct outbound *row)
{
	bool done = false;

	assert_int_equal(store_reply_divert(f->store, WHO, "SM1", a_text(f, "one moment"), 1, row,
					    1, &done, &f->err),
			 0);
	return done;
}

static void divert_an_inline_reply(struct fixture *f)
{
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "hello", a_session(f, "name"));
	struct outbound rows[2] = { *a_row(f, WHO, "hello"), *a_row(f, WHO, "world") };
	struct outbound *again = a_row(f, WHO, "hello"), *got;
	bool done = false;

	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(store_reply_divert(f->store, WHO, "SM1", a_text(f, "one moment"), 1, rows,
					    2, &done, &f->err),
			 0);
	assert_true(done);
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_LATE, "one moment");
	assert_int_equal(claim(f, NOW, &got), 1);
	assert_string_equal(got[0].text, "hello");
	settle(f, &got[0], OUTBOUND_ACCEPTED, 0);
	assert_int_equal(claim(f, NOW, &got), 1);
	assert_string_equal(got[0].text, "world");
	assert_false(divert(f, again));
	assert_false(has_row(f, again));
}

static void divert_an_open_reply(struct fixture *f)
{
	struct session *s = open_turn(f, "SM1");
	struct outbound *row = a_row(f, WHO, "hello"), *late = a_row(f, WHO, "otp sent");

	assert_true(divert(f, row));
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_LATE, "one moment");
	assert_false(has_row(f, row)); /* the call's result goes out by itself */
	assert_false(answer(f, s, REPLY_INLINE, "otp sent", late));
	assert_true(has_row(f, late));
}

static void divert_a_late_or_unknown_reply(struct fixture *f)
{
	struct turn t = a_turn(f, WHO, "SM2", REPLY_LATE, "wait", a_session(f, "name"));
	struct outbound *row = a_row(f, WHO, "hello");

	assert_false(divert(f, row));
	assert_false(has_row(f, row));
	t.inbound = a_message(f, WHO, "SM1");
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_false(divert(f, row));
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_LATE, "wait");
	assert_false(has_row(f, row));
}

static const struct contract_case cases[] = {
	{ .name = "open, answered inline: no outbox row", .run = open_then_inline_drops_rows },
	{ .name = "open, answered late: outbox row", .run = open_then_late_answer_stores_rows },
	{ .name = "decided late, answered inline: outbox row",
	  .run = decided_late_first_stores_rows },
	{ .name = "answers a turn that is gone: outbox row", .run = answers_a_turn_that_is_gone },
	{ .name = "decide leaves what is decided", .run = decide_leaves_what_is_decided },
	{ .name = "a call follows a call: the reply stays open", .run = a_call_follows_a_call },
	{ .name = "divert an inline reply", .run = divert_an_inline_reply },
	{ .name = "divert an open reply", .run = divert_an_open_reply },
	{ .name = "divert a late or unknown reply", .run = divert_a_late_or_unknown_reply },
};

int main(void)
{
	return contract_run("store reply", cases, sizeof cases / sizeof *cases);
}
