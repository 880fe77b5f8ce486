/*
 * test_store.c - the store's contract: turns, sessions, records, sealing,
 * failures on cue. Open replies are in test_store_reply.c, what waits in
 * test_store_outbox.c and test_store_queue.c, threads in test_store_threads.c.
 */
#include "store_fixture.c"

#include "base/metric.h"

/* ---- turns ---- */

static void new_turn_is_seen(struct fixture *f)
{
	struct session *s = a_session(f, "name");
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "welcome", s);
	struct turn_view v = load_at(f, WHO, "SM1", NOW);

	assert_int_equal(v.reply.state, REPLY_NONE);
	assert_false(v.facts.known);
	assert_null(v.session);
	assert_int_equal(commit(f, &t), COMMIT_DONE);

	v = load_at(f, WHO, "SM1", NOW + 1000);
	assert_reply(v.reply, REPLY_INLINE, "welcome");
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_INLINE, "welcome");
	assert_true(v.facts.known);
	assert_string_equal(v.facts.language, "en");
	assert_int_equal(v.facts.first_in_ms, NOW - HOUR);
	assert_int_equal(v.facts.last_in_ms, NOW);
	assert_int_equal(load_at(f, WHO, "SM2", NOW).reply.state, REPLY_NONE);
	assert_int_equal(load_at(f, WHO, NULL, NOW).reply.state, REPLY_NONE);
	assert_int_equal(load_at(f, OTHER, "SM1", NOW).reply.state, REPLY_NONE);
	assert_false(load_at(f, OTHER, "SM1", NOW).facts.known);
}

static void session_comes_back_whole(struct fixture *f)
{
	struct session *s = a_session(f, "pincode"), *back;
	struct turn t;

	assert_int_equal(session_set(s, &f->a, "name", "R\xc3\xa9my <&>", NULL), 0);
	assert_int_equal(session_set(s, &f->a, "sector", "", NULL), 0);
	s->completed = true;
	s->wrong_answers = 2;
	s->call = (struct session_call){ "c1", "otp", "confirmation", "SM1", NOW - 5 };
	s->repeat_hash = UINT64_MAX;
	t = a_turn(f, WHO, "SM1", REPLY_INLINE, "ok", s);
	t.facts.unfinished = true;
	t.call_due_ms = NOW + 1000;
	assert_int_equal(commit(f, &t), COMMIT_DONE);

	back = load_at(f, WHO, NULL, NOW).session;
	assert_non_null(back);
	assert_int_equal(back->revision, 1);
	assert_string_equal(back->flow, "msme");
	assert_int_equal(back->flow_version, 3);
	assert_string_equal(back->step, "pincode");
	assert_string_equal(back->shown_step, "pincode");
	assert_string_equal(back->language, "en");
	assert_true(back->completed);
	assert_int_equal(back->created_ms, NOW);
	assert_int_equal(back->updated_ms, NOW);
	assert_int_equal(back->expires_ms, NOW + DAY);
	assert_string_equal(session_get(back, "name"), "R\xc3\xa9my <&>");
	assert_string_equal(session_get(back, "sector"), "");
	assert_int_equal(back->wrong_answers, 2);
	assert_string_equal(back->call.id, "c1");
	assert_string_equal(back->call.external_id, "SM1");
	assert_true(back->repeat_hash == UINT64_MAX);
	assert_true(load_at(f, WHO, NULL, NOW).facts.unfinished);
}

static void revision_conflict_stores_nothing(struct fixture *f)
{
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "one", a_session(f, "name"));
	struct outbound *row = a_row(f, WHO, "never");
	struct consent_event consent = { CONSENT_OUT, "STOP", "SM2" };
	struct record rec = { .type = "registration", .id = "r1", .contact = WHO, .state = "new" };
	struct outbound none;
	struct record no_record;
	struct turn_view v;

	assert_int_equal(commit(f, &t), COMMIT_DONE);
	t = a_turn(f, WHO, "SM2", REPLY_INLINE, "two", a_session(f, "sector"));
	t.outbox = row;
	t.outbox_count = 1;
	t.consent = &consent;
	t.records = &rec;
	t.record_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_CONFLICT);

	v = load_at(f, WHO, "SM2", NOW);
	assert_int_equal(v.reply.state, REPLY_NONE);
	assert_string_equal(v.session->step, "name");
	assert_int_equal(v.session->revision, 1);
	assert_int_equal(v.facts.consent, CONSENT_NONE);
	assert_int_equal(store_outbox_get(f->store, WHO, row->id, NULL, &f->a, &none, &f->err), 0);
	assert_int_equal(
		store_record_get(f->store, "registration", "r1", &f->a, &no_record, &f->err), 0);

	v.session->step = "sector";
	t.session = v.session;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(load_at(f, WHO, NULL, NOW).session->revision, 2);
	assert_int_equal(row_of(f, WHO, row->id).state, OUTBOUND_WAITING);
}

static void seen_wins_over_conflict(struct fixture *f)
{
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "one", a_session(f, "name"));
	struct session *moved = a_session(f, "sector");

	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(commit(f, &t), COMMIT_SEEN);
	moved->revision = 1;
	t = a_turn(f, WHO, "SM1", REPLY_INLINE, "again", moved);
	assert_int_equal(commit(f, &t), COMMIT_SEEN);
	assert_reply(reply_of(f, WHO, "SM1"), REPLY_INLINE, "one");
	assert_string_equal(load_at(f, WHO, NULL, NOW).session->step, "name");
}

static void expired_session_is_absent(struct fixture *f)
{
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "one", a_session(f, "name"));
	struct session *s = a_session(f, "welcome");

	assert_int_equal(commit(f, &t), COMMIT_DONE);
	s->revision = 1;
	t = a_turn(f, WHO, "SM2", REPLY_INLINE, "two", s);
	assert_int_equal(commit(f, &t), COMMIT_DONE);

	assert_non_null(load_at(f, WHO, NULL, NOW + DAY - 1).session);
	assert_null(load_at(f, WHO, NULL, NOW + DAY).session);
	assert_true(load_at(f, WHO, NULL, NOW + DAY).facts.known);

	s->revision = 2; /* loaded just before it expired */
	s->expires_ms = NOW + 2 * DAY;
	t = a_turn(f, WHO, "SM3", REPLY_INLINE, "three", s);
	t.now_ms = NOW + DAY;
	assert_int_equal(commit(f, &t), COMMIT_CONFLICT);
	s->revision = 0;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(load_at(f, WHO, NULL, NOW + DAY).session->revision, 1);
}

static void reply_of_many_texts(struct fixture *f)
{
	struct str texts[REPLY_MAX_TEXTS];
	struct turn t = a_turn(f, WHO, "SM1", REPLY_LATE, "x", a_session(f, "name"));
	struct reply r;

	for (size_t i = 0; i < REPLY_MAX_TEXTS; i++)
		texts[i] = i % 2 ? str_of("") : str_of("line\n\xe0\xa4\xb9");
	t.reply.texts = texts;
	t.reply.count = REPLY_MAX_TEXTS;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	r = reply_of(f, WHO, "SM1");
	assert_int_equal(r.state, REPLY_LATE);
	assert_int_equal(r.count, REPLY_MAX_TEXTS);
	assert_true(str_is(r.texts[0], "line\n\xe0\xa4\xb9"));
	assert_true(str_is(r.texts[15], ""));

	t = a_turn(f, OTHER, "SM1", REPLY_LATE, "x", a_session(f, "name"));
	t.reply.count = 0;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_reply(reply_of(f, OTHER, "SM1"), REPLY_LATE, NULL);
}

/* ---- records, consent ---- */

static void records_are_kept_and_replaced(struct fixture *f)
{
	struct session_value fields[] = { { "name", "Asha" }, { "pincode", "400001" } };
	struct record rec = { .type = "registration",
			      .id = "r1",
			      .contact = WHO,
			      .state = "new",
			      .created_ms = NOW,
			      .updated_ms = NOW,
			      .fields = fields,
			      .field_count = 2 };
	struct session *s = a_session(f, "completed");
	struct turn t = a_result(f, WHO, s);
	struct record back;

	t.records = &rec;
	t.record_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(store_record_get(f->store, "registration", "r1", &f->a, &back, &f->err),
			 1);
	assert_string_equal(back.contact, WHO);
	assert_string_equal(back.state, "new");
	assert_int_equal(back.created_ms, NOW);
	assert_int_equal(back.field_count, 2);
	assert_string_equal(back.fields[0].name, "name");
	assert_string_equal(back.fields[0].text, "Asha");
	assert_string_equal(back.fields[1].text, "400001");

	s->revision = 1;
	rec.state = "done";
	rec.updated_ms = NOW + 5;
	rec.field_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(store_record_get(f->store, "registration", "r1", &f->a, &back, &f->err),
			 1);
	assert_string_equal(back.state, "done");
	assert_int_equal(back.updated_ms, NOW + 5);
	assert_int_equal(back.field_count, 1);
	assert_int_equal(store_record_get(f->store, "registration", "r2", &f->a, &back, &f->err),
			 0);
	assert_int_equal(store_record_get(f->store, "defect", "r1", &f->a, &back, &f->err), 0);
}

static void consent_follows_the_ledger(struct fixture *f)
{
	struct consent_event out = { CONSENT_OUT, "STOP", "SM1" }, in = { CONSENT_IN, "START", "" };
	struct session *s = a_session(f, "name");
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "bye", s);

	t.consent = &out;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(load_at(f, WHO, NULL, NOW).facts.consent, CONSENT_OUT);
	s->revision = 1;
	t = a_turn(f, WHO, "SM2", REPLY_INLINE, "again", s);
	t.consent = &in;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(load_at(f, WHO, NULL, NOW).facts.consent, CONSENT_IN);
}

/* ---- arguments ---- */

static void bad_arguments_are_refused(struct fixture *f)
{
	static const char too_long[] =
		"SM0123456789012345678901234567890123456789012345678901234567890123"
		"4567890123456789012345678901234567890123456789012345678901234567";
	static const char *const ids[] = { "", "a\nb", too_long };
	static const char *const contacts[] = { "", "no-channel", "whatsapp:+91 98" };
	struct turn_view v;
	struct turn t;
	enum commit_result result;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		assert_int_equal(store_load(f->store, WHO, ids[i], NOW, &f->a, &v, &f->err), -1);
		assert_int_equal(f->err.kind, ERR_INPUT);
	}
	for (size_t i = 0; i < sizeof contacts / sizeof *contacts; i++) {
		assert_int_equal(store_load(f->store, contacts[i], NULL, NOW, &f->a, &v, &f->err),
				 -1);
		assert_int_equal(f->err.kind, ERR_INPUT);
	}
	t = a_turn(f, WHO, "SM1", REPLY_INLINE, "x", a_session(f, "name"));
	t.outbox = a_row(f, OTHER, "not theirs");
	t.outbox_count = 1;
	assert_int_equal(store_commit(f->store, &t, &result, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	t.outbox_count = 0;
	t.call_due_ms = NOW;
	assert_int_equal(store_commit(f->store, &t, &result, NULL, NULL), -1);
	t.call_due_ms = 0;
	t.session = NULL;
	assert_int_equal(store_commit(f->store, &t, &result, NULL, NULL), -1);
	assert_int_equal(load_at(f, WHO, "SM1", NOW).reply.state, REPLY_NONE);
}

static void calls_are_counted(struct fixture *f)
{
	struct metric *loads = metric_histogram("samvad_store_seconds", "op=\"load\"",
						"Time of store calls, by operation.");
	int64_t before = metric_value(loads), errors;
	struct metric *refused;
	struct turn_view v;

	(void)load_at(f, WHO, NULL, NOW);
	assert_int_equal(store_load(f->store, "nobody", NULL, NOW, &f->a, &v, &f->err), -1);
	assert_int_equal(metric_value(loads), before + 2);
	refused = metric_counter("samvad_store_errors_total", "op=\"load\",kind=\"input\"",
				 "Store calls that failed, by operation and kind of error.");
	errors = metric_value(refused);
	assert_true(errors > 0);
	assert_int_equal(store_load(f->store, "nobody", NULL, NOW, &f->a, &v, NULL), -1);
	assert_int_equal(metric_value(refused), errors + 1);
}

/* ---- keys ---- */

static void keys_rotate(struct fixture *f)
{
	struct session *s = a_session(f, "name");
	struct turn t;
	struct turn_view v;

	assert_int_equal(session_set(s, &f->a, "name", "Asha", NULL), 0);
	t = a_turn(f, WHO, "SM1", REPLY_INLINE, "old box", s);
	assert_int_equal(commit(f, &t), COMMIT_DONE);

	assert_int_equal(fixture_reopen(f, KEY_B "," KEY_A), 0);
	v = load_at(f, WHO, "SM1", NOW);
	assert_reply(v.reply, REPLY_INLINE, "old box");
	assert_string_equal(session_get(v.session, "name"), "Asha");
	t = a_turn(f, WHO, "SM2", REPLY_INLINE, "new box", v.session);
	assert_int_equal(commit(f, &t), COMMIT_DONE);

	assert_int_equal(fixture_reopen(f, KEY_B), 0);
	assert_reply(load_at(f, WHO, "SM2", NOW).reply, REPLY_INLINE, "new box");
	assert_int_equal(store_load(f->store, WHO, "SM1", NOW, &f->a, &v, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_PERM);
}

/* ---- failures on cue ---- */

static void failures_say_what_was_done(struct fixture *f)
{
	struct faulty_plan plan = { .when = FAULT_BEFORE, .kind = ERR_FULL, .skip = 1, .fail = 1 };
	struct session *s = a_session(f, "name");
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "one", s);
	enum commit_result result;

	if (!f->faulty) {
		assert_int_equal(store_ping(f->store, &f->err), 0);
		return;
	}
	driver_faulty_plan(f->faulty, &plan);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	s->revision = 1;
	t = a_turn(f, WHO, "SM2", REPLY_INLINE, "two", s);
	assert_int_equal(store_commit(f->store, &t, &result, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_FULL);
	assert_int_equal(reply_of(f, WHO, "SM2").state, REPLY_NONE);
	assert_int_equal(store_ping(f->store, &f->err), -1); /* it answers, but keeps nothing */
	assert_int_equal(f->err.kind, ERR_FULL);

	plan = (struct faulty_plan){ .when = FAULT_AFTER, .fail = 1 };
	driver_faulty_plan(f->faulty, &plan);
	assert_int_equal(store_commit(f->store, &t, &result, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_UNSURE);
	assert_reply(reply_of(f, WHO, "SM2"), REPLY_INLINE, "two");
	assert_int_equal(commit(f, &t), COMMIT_SEEN);
	assert_int_equal(store_ping(f->store, &f->err), 0);
}

static const struct contract_case cases[] = {
	{ .name = "a new turn is stored and seen again", .run = new_turn_is_seen },
	{ .name = "a session comes back whole", .run = session_comes_back_whole },
	{ .name = "another revision: nothing is stored", .run = revision_conflict_stores_nothing },
	{ .name = "seen wins over conflict", .run = seen_wins_over_conflict },
	{ .name = "an expired session is absent, then new", .run = expired_session_is_absent },
	{ .name = "a reply of many texts, or of none", .run = reply_of_many_texts },
	{ .name = "records are kept and replaced", .run = records_are_kept_and_replaced },
	{ .name = "consent follows the ledger", .run = consent_follows_the_ledger },
	{ .name = "bad arguments are refused", .run = bad_arguments_are_refused },
	{ .name = "calls are counted", .run = calls_are_counted },
	{ .name = "keys rotate", .run = keys_rotate, .kept_only = true },
	{ .name = "failures say what was done", .run = failures_say_what_was_done },
};

int main(void)
{
	return contract_run("store", cases, sizeof cases / sizeof *cases);
}
