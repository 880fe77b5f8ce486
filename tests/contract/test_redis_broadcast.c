/*
 * test_redis_broadcast.c - what is special to Redis about broadcasts: shards, scans and scripts.
 * What every driver promises is in test_store_*.c.
 */
#include "redis_fixture.c"

#include "../../src/store/redis_rows_private.h"
#include "../../src/store/rules_private.h"

enum { TIMEOUT_MS = 20000, CROWD = 700 };

static void must(struct redis_fixture *f, int ret)
{
	if (ret < 0)
		fail_msg("%s: %s", err_kind_name(f->err.kind), f->err.text);
}

/* The n-th contact of WHO's shard. */
static const char *neighbour(struct redis_fixture *f, int n)
{
	for (unsigned i = 0;; i++) {
		const char *name = arena_printf(&f->a, "whatsapp:+91%08u", i);

		if (redis_shard(name) == redis_shard(WHO) && n-- == 0)
			return name;
	}
}

static const char **neighbours(struct redis_fixture *f, size_t count)
{
	const char **names = arena_array(&f->a, count, sizeof *names);
	size_t n = 0;

	for (unsigned i = 0; n < count; i++) {
		const char *name = arena_printf(&f->a, "whatsapp:+91%08u", i);

		if (redis_shard(name) == redis_shard(WHO))
			names[n++] = name;
	}
	return names;
}

static const char **anybody(struct redis_fixture *f, size_t count)
{
	const char **names = arena_array(&f->a, count, sizeof *names);

	for (size_t i = 0; i < count; i++)
		names[i] = arena_printf(&f->a, "whatsapp:+91%08zu", i);
	return names;
}

/* One row "to<i>" of the broadcast b1 for each. */
static struct driver_outbound *recipients(struct redis_fixture *f, const char **names, size_t count)
{
	struct driver_outbound *rows = arena_array(&f->a, count, sizeof *rows);

	for (size_t i = 0; i < count; i++) {
		rows[i] = a_row(arena_printf(&f->a, "to%zu", i), names[i]);
		rows[i].kind = OUTBOUND_BROADCAST;
		rows[i].broadcast = "b1";
	}
	must(f, f->driver->recipients_add(f->self, rows, count, &f->err));
	return rows;
}

static int64_t rows_in(struct redis_fixture *f, enum outbound_state state)
{
	struct broadcast_count *list;
	int64_t rows = 0;
	size_t n;

	must(f, f->driver->broadcast_counts(f->self, "b1", &f->a, &list, &n, &f->err));
	for (size_t i = 0; i < n; i++)
		rows += list[i].state == state ? list[i].rows : 0;
	return rows;
}

static void reset_counters(struct redis_fixture *f)
{
	freeReplyObject(look(f, "CONFIG RESETSTAT"));
}

/* ---- the audience ---- */

static size_t walk(struct redis_fixture *f, const char **names, size_t count, unsigned max,
		   int *seen)
{
	const char *cursor = "";
	size_t pages = 0;

	do {
		struct driver_member *list;
		size_t n;

		must(f, f->driver->audience_page(f->self, "", cursor, max, false, NOW, &f->a, &list,
						 &n, &cursor, &f->err));
		assert_true(n <= max);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < count; k++)
				seen[k] += strcmp(names[k], list[i].contact) == 0;
		pages++;
	} while (*cursor);
	return pages;
}

/* More contacts in one shard than a scan names, and pages smaller than that. */
static void a_crowded_shard(void **state)
{
	static const unsigned sizes[] = { 7, 100, 120, 1000 };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	const char **names = neighbours(f, CROWD);

	(void)state;
	for (size_t i = 0; i < CROWD; i++) {
		struct driver_turn t = a_turn(names[i], NULL, 0);

		assert_int_equal(commit(f, &t), COMMIT_DONE);
	}
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		int *seen = arena_array(&f->a, CROWD, sizeof *seen);
		size_t pages = walk(f, names, CROWD, sizes[s], seen);

		assert_true(pages >= CROWD / sizes[s]);
		for (size_t i = 0; i < CROWD; i++)
			if (seen[i] == 0)
				fail_msg("pages of %u leave out %s", sizes[s], names[i]);
	}
	fixture_end(f);
}

static void foreign_cursors(void **state)
{
	static const char *const cursors[] = { "x", "256:0:", "3", "3:", "3:x:", "-1:0:", "3:7" };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_member *list;
	const char *next;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
		f->err = (struct err){ 0 };
		if (f->driver->audience_page(f->self, "", cursors[i], 9, false, NOW, &f->a, &list,
					     &n, &next, &f->err) != -1 ||
		    f->err.kind != ERR_INPUT)
			fail_msg("cursor %s is taken", cursors[i]);
	}
	fixture_end(f);
}

/* ---- queues ---- */

static void few_commands(void **state)
{
	enum { ROWS = 600, SOME = 50 };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_claim *claims;
	struct driver_outbound *news = arena_array(&f->a, ROWS, sizeof *news);
	size_t n;

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	reset_counters(f);
	(void)recipients(f, anybody(f, ROWS), ROWS);
	assert_true(calls_of(f, "evalsha") <= REDIS_SHARDS);

	reset_counters(f);
	assert_int_equal(claim(f, "b1", SOME, &claims), SOME);
	assert_int_equal(calls_of(f, "zcount"), REDIS_SHARDS);
	assert_true(calls_of(f, "evalsha") <= SOME);

	n = SOME + claim(f, "b1", 1000, &claims);
	assert_int_equal(n, ROWS);
	for (size_t i = 0; i < ROWS - SOME; i++) {
		news[i] = claims[i].row;
		news[i].state = OUTBOUND_ACCEPTED;
		news[i].external_id = arena_printf(&f->a, "SM%s", claims[i].row.id);
	}
	reset_counters(f);
	must(f, f->driver->outbox_settle(f->self, news, ROWS - SOME, NOW, &f->err));
	assert_true(calls_of(f, "evalsha") <= REDIS_SHARDS);
	assert_int_equal(rows_in(f, OUTBOUND_ACCEPTED), ROWS - SOME);
	assert_int_equal(rows_in(f, OUTBOUND_CLAIMED), SOME);

	/* Nothing is due: one look at each shard. */
	reset_counters(f);
	assert_int_equal(claim(f, "b1", SOME, &claims), 0);
	assert_int_equal(calls_of(f, "zcount"), REDIS_SHARDS);
	assert_int_equal(calls_of(f, "evalsha"), 0);
	fixture_end(f);
}

/* What one shard gives or takes at once is done in several scripts, each a short stretch. */
static void short_stretches(void **state)
{
	enum { ROWS = 200, SCRIPTS = (ROWS + REDIS_STRETCH - 1) / REDIS_STRETCH };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_outbound *news = arena_array(&f->a, ROWS, sizeof *news);
	struct driver_claim *claims;

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	reset_counters(f);
	(void)recipients(f, neighbours(f, ROWS), ROWS);
	assert_int_equal(calls_of(f, "evalsha"), SCRIPTS);
	assert_int_equal(claim(f, "b1", ROWS, &claims), ROWS);
	assert_int_equal(calls_of(f, "evalsha"), 2 * SCRIPTS);
	for (size_t i = 0; i < ROWS; i++) {
		news[i] = claims[i].row;
		news[i].state = OUTBOUND_DEAD;
		news[i].reason = OUTBOUND_FAILED;
	}
	must(f, f->driver->outbox_settle(f->self, news, ROWS, NOW, &f->err));
	assert_int_equal(calls_of(f, "evalsha"), 3 * SCRIPTS);
	assert_int_equal(rows_in(f, OUTBOUND_DEAD), ROWS);
	fixture_end(f);
}

static void scripts_are_forgotten(void **state)
{
	enum { ROWS = 300 };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_claim *claims;

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	freeReplyObject(look(f, "SCRIPT FLUSH"));
	(void)recipients(f, anybody(f, ROWS), ROWS);
	assert_int_equal(rows_in(f, OUTBOUND_WAITING), ROWS);
	freeReplyObject(look(f, "SCRIPT FLUSH"));
	assert_int_equal(claim(f, "b1", 1000, &claims), ROWS);
	for (size_t i = 0; i < ROWS; i++)
		assert_int_equal(claims[i].row.attempts, 1);
	assert_int_equal(rows_in(f, OUTBOUND_CLAIMED), ROWS);
	fixture_end(f);
}

/* A row that the server has evicted leaves the queue at its next claim, and holds up nobody. */
static void an_evicted_row(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	const char *names[] = { WHO, neighbour(f, 3) };
	struct driver_claim *claims;

	(void)state;
	(void)recipients(f, names, 2);
	(void)look_int(f, "DEL samvad:{%d}:o:to0", (int)redis_shard(WHO));
	assert_int_equal(claim(f, "b1", 9, &claims), 1);
	assert_string_equal(claims[0].row.id, "to1");
	assert_int_equal(look_int(f, "ZCARD samvad:{%d}:bq:b1", (int)redis_shard(WHO)), 1);
	fixture_end(f);
}

/* A shard whose first rows are all put off still gives those behind them. */
static void put_off_rows_make_room(void **state)
{
	enum { ROWS = 20, PACED = 15 };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	const char **names = neighbours(f, ROWS);
	struct driver_claim *claims;
	size_t n;

	(void)state;
	(void)recipients(f, names, ROWS);
	for (size_t i = 0; i < PACED; i++)
		(void)look_int(f, "HSET samvad:{%d}:c:%s out %lld", (int)redis_shard(WHO), names[i],
			       (long long)NOW - 1000);
	must(f, f->driver->outbox_claim(f->self, "b1", 6000, NOW, NOW + HOUR, ROWS - PACED, &f->a,
					&claims, &n, &f->err));
	assert_int_equal(n, ROWS - PACED);
	must(f, f->driver->outbox_claim(f->self, "b1", 6000, NOW + 5000, NOW + HOUR, ROWS, &f->a,
					&claims, &n, &f->err));
	assert_int_equal(n, PACED);
	fixture_end(f);
}

/* ---- what comes again later ---- */

/* The table that travels to the scripts is rules.c's. */
static void ask_table(void **state)
{
	char table[REDIS_ASK_SIZE], one[10] = "";
	size_t at = 0;

	(void)state;
	redis_ask_table(table);
	assert_int_equal(strlen(table), REDIS_ASK_SIZE - 1);
	for (int status = STATUS_NONE; status <= STATUS_CANCELED; status++) {
		for (unsigned asked = 0; asked <= STORE_MAX_ASKED; asked++, at += 9) {
			memcpy(one, table + at, 9);
			assert_int_equal(strtoll(one, NULL, 10),
					 rule_ask_after_ms((enum status)status, asked));
		}
	}
}

static int sweep_all(struct redis_fixture *f, int64_t now_ms)
{
	int total = 0, n;

	while ((n = f->driver->sweep(f->self, now_ms, &f->err)) > 0)
		total += n;
	must(f, n);
	return total;
}

/* More rows in a shard than a sweep takes at once; all keys of the broadcast go. */
static void an_old_broadcast_leaves_nothing(void **state)
{
	enum { ROWS = 200 };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_claim *claims;
	struct store_stats st;

	(void)state;
	create_broadcast(f, "");
	(void)recipients(f, neighbours(f, ROWS), ROWS);
	assert_int_equal(claim(f, "b1", 2, &claims), 2);
	claims[0].row.state = OUTBOUND_ACCEPTED;
	claims[0].row.external_id = "";
	must(f, f->driver->outbox_settle(f->self, &claims[0].row, 1, NOW, &f->err));
	assert_int_equal(sweep_all(f, NOW + DRIVER_BROADCAST_KEEP_MS), 0);
	assert_int_equal(sweep_all(f, NOW + DRIVER_BROADCAST_KEEP_MS + 1), ROWS + 1);
	must(f, f->driver->stats(f->self, NOW, &f->a, &st, &f->err));
	assert_int_equal(st.outbox_waiting, 0);
	/* c of the two, the floors, the audit streams */
	assert_int_equal(look_int(f, "DBSIZE"), 2 + REDIS_SHARDS + 2);
	fixture_end(f);
}

static void audit_ends_by_age(void **state)
{
	enum { OLD = 450, NEW = 5 };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct audit_entry e = { NOW, "broadcast.pause", "b1", "", "" }, *list;
	size_t n;

	(void)state;
	for (int i = 0; i < OLD + NEW; i++) {
		e.at_ms = i < OLD ? NOW : NOW + DAY;
		must(f, f->driver->audit_add(f->self, &e, &f->err));
	}
	assert_int_equal(sweep_all(f, NOW + DRIVER_AUDIT_KEEP_MS + 1), OLD);
	must(f, f->driver->audit_list(f->self, NULL, 1000, &f->a, &list, &n, &f->err));
	assert_int_equal(n, NEW);
	assert_true(list[0].at_ms == NOW + DAY);
	fixture_end(f);
}

/* ---- records over all shards ---- */

static void put_record(struct redis_fixture *f, const char *contact, size_t i, int64_t created_ms)
{
	struct driver_record record = { "ticket",    arena_printf(&f->a, "r%03zu", i),
					contact,     "new",
					created_ms,  created_ms,
					{ "box", 3 } };
	struct driver_turn t = a_turn(contact, NULL, load(f, contact, NULL).session.revision);

	t.records = &record;
	t.record_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
}

/* Most of them in one shard, many of the same moment: the merge must not lose any. */
static void records_merge(void **state)
{
	enum { RECORDS = 150 };
	static const unsigned sizes[] = { 1, 9, 40, 1000 };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	const char **names = anybody(f, RECORDS);

	(void)state;
	for (size_t i = 0; i < RECORDS; i++)
		put_record(f, i % 3 ? WHO : names[i], i, NOW + (int64_t)(i / 50));
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		const char *cursor = "", *before = "~";
		size_t seen = 0, n;

		do {
			struct driver_record *list;

			must(f,
			     f->driver->record_list(f->self, "ticket", NULL, "", cursor, sizes[s],
						    &f->a, &list, &n, &cursor, &f->err));
			for (size_t i = 0; i < n; i++, seen++) {
				/* ids and times grow together */
				if (strcmp(list[i].id, before) >= 0)
					fail_msg("pages of %u: %s after %s", sizes[s], list[i].id,
						 before);
				before = list[i].id;
			}
		} while (*cursor);
		assert_int_equal(seen, RECORDS);
	}
	fixture_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crowded_shard),
		cmocka_unit_test(foreign_cursors),
		cmocka_unit_test(few_commands),
		cmocka_unit_test(short_stretches),
		cmocka_unit_test(scripts_are_forgotten),
		cmocka_unit_test(an_evicted_row),
		cmocka_unit_test(put_off_rows_make_room),
		cmocka_unit_test(ask_table),
		cmocka_unit_test(an_old_broadcast_leaves_nothing),
		cmocka_unit_test(audit_ends_by_age),
		cmocka_unit_test(records_merge),
	};

	return cmocka_run_group_tests_name("redis broadcast", tests, NULL, NULL);
}
