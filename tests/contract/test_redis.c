/*
 * test_redis.c - what is special to the Redis driver on a server that is well:
 * log-in, database, scripts, keys and their lives, refusals, paging.
 */
#include "redis_fixture.c"

#include "base/crypto.h"

enum { TIMEOUT_MS = 20000 }; /* nothing here waits for it */

static void with_password(struct redis_fixture *f, const char *user, const char *password)
{
	(void)snprintf(f->url, sizeof f->url, "redis://%s:%s@127.0.0.1:%d/0", user, password,
		       f->server.port);
	assert_int_equal(fixture_open(f, f->url, TIMEOUT_MS), 0);
}

static void log_in(void **state)
{
	const struct redis_server_options options = { .password = SECRET };
	struct redis_fixture *f = fixture_start(&options, TIMEOUT_MS);

	(void)state;
	with_password(f, "", "hunter2%40%3A%2F%25");
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	with_password(f, "default", "hunter2%40%3A%2F%25");
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	freeReplyObject(look(f, "ACL SETUSER app on >%s ~samvad:* +@all", "pw"));
	with_password(f, "app", "pw");
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	fixture_end(f);
}

static void wrong_log_in(void **state)
{
	static const char *const urls[] = { "redis://:hunter3@127.0.0.1:%d", "redis://127.0.0.1:%d",
					    "redis://nobody:hunter3@127.0.0.1:%d" };
	const struct redis_server_options options = { .password = SECRET };
	struct redis_fixture *f = fixture_start(&options, TIMEOUT_MS);

	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		const char *url = arena_strdup(&f->a, urls[i]);
		char *port = strstr(url, "%d");

		url = arena_printf(&f->a, "%.*s%d", (int)(port - url), url, f->server.port);
		assert_int_equal(fixture_open(f, url, TIMEOUT_MS), 0);
		assert_err(f, f->driver->ping(f->self, &f->err), ERR_PERM);
		assert_null(strstr(f->err.text, "hunter"));
		/* Still so while it is backing off. */
		assert_err(f, f->driver->ping(f->self, &f->err), ERR_PERM);
	}
	fixture_end(f);
}

static void password_that_nobody_asked_for(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);

	(void)state;
	with_password(f, "", "hunter2");
	assert_err(f, f->driver->ping(f->self, &f->err), ERR_PERM);
	assert_null(strstr(f->err.text, "hunter2"));
	fixture_end(f);
}

static void missing_right(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_view v = { 0 };

	(void)state;
	freeReplyObject(look(f, "ACL SETUSER app on >pw ~samvad:* +ping +script +select"));
	with_password(f, "app", "pw");
	assert_err(f, f->driver->load(f->self, WHO, NULL, NOW, &f->a, &v, &f->err), ERR_PERM);
	assert_null(strstr(f->err.text, "98765"));
	fixture_end(f);
}

static void database_number(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_turn t = a_turn(WHO, "SM1", 0);

	(void)state;
	redis_server_url(&f->server, 3, f->url, sizeof f->url);
	assert_int_equal(fixture_open(f, f->url, TIMEOUT_MS), 0);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(look_int(f, "DBSIZE"), 0);
	freeReplyObject(look(f, "SELECT 3"));
	assert_true(look_int(f, "DBSIZE") > 0);
	assert_true(load(f, WHO, "SM1").has_session);

	redis_server_url(&f->server, 9999, f->url, sizeof f->url);
	assert_int_equal(fixture_open(f, f->url, TIMEOUT_MS), 0);
	assert_err(f, f->driver->ping(f->self, &f->err), ERR_PERM);
	fixture_end(f);
}

static void scripts_come_back(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_turn t = a_turn(WHO, "SM1", 0);
	struct driver_outbound rows[20];
	struct driver_claim *got;
	struct driver_turn u[20];
	char contacts[20][40], ids[20][16];
	size_t n;

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	freeReplyObject(look(f, "SCRIPT FLUSH"));
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(commit(f, &t), COMMIT_SEEN);
	freeReplyObject(look(f, "SCRIPT FLUSH"));
	assert_int_equal(load(f, WHO, "SM1").reply_state, REPLY_INLINE);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(contacts[i], sizeof contacts[i], "whatsapp:+9198765000%02d", i);
		(void)snprintf(ids[i], sizeof ids[i], "row%d", i);
		rows[i] = a_row(ids[i], contacts[i]);
		u[i] = a_turn(contacts[i], NULL, 0);
		u[i].outbox = &rows[i];
		u[i].outbox_count = 1;
		assert_int_equal(commit(f, &u[i]), COMMIT_DONE);
	}
	/* Now many scripts in one write: each is unknown, each runs once. */
	freeReplyObject(look(f, "SCRIPT FLUSH"));
	n = claim(f, NULL, 100, &got);
	assert_int_equal(n, 20);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(got[i].row.attempts, 1);
	fixture_end(f);
}

/* A broadcast with a row that waits, and one that is parked. */
static void store_broadcast(struct redis_fixture *f)
{
	struct driver_outbound rows[] = { a_row("to1", WHO), a_row("to2", WHO), a_row("to3", WHO) };
	unsigned granted;
	int64_t wait_ms;

	for (size_t i = 0; i < 3; i++) {
		rows[i].kind = OUTBOUND_BROADCAST;
		rows[i].broadcast = "b1";
	}
	rows[2].state = OUTBOUND_PARKED;
	create_broadcast(f, "once");
	assert_int_equal(f->driver->recipients_add(f->self, rows, 2, &f->err), 0);
	assert_int_equal(f->driver->outbox_replace(f->self, "to2", STATUS_UNDELIVERED, 63016,
						   &rows[2], NOW, &f->err),
			 1);
	assert_int_equal(
		f->driver->rate_take(f->self, "me", 10, true, 1, &granted, &wait_ms, &f->err), 0);
	assert_int_equal(granted, 1);
}

/* Stores one of everything. */
static void store_all(struct redis_fixture *f)
{
	const struct driver_record record = { "registration", "r1", WHO, "new", NOW, NOW,
					      { "re\0c", 4 } };
	struct driver_outbound rows[] = { a_row("row1", WHO), a_row("row2", WHO) };
	struct driver_turn t = a_turn(WHO, "SM1", 0);
	struct driver_claim *got;

	t.records = &record;
	t.record_count = 1;
	t.outbox = rows;
	t.outbox_count = 2;
	t.has_consent = true;
	t.consent = CONSENT_IN;
	t.consent_external_id = "SM1";
	t.consent_box = (struct str){ "w\0", 2 };
	t.session.call_id = "c1";
	t.call_due_ms = NOW + 1000;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(claim(f, NULL, 9, &got), 1);
	got[0].row.state = OUTBOUND_ACCEPTED;
	got[0].row.external_id = "SMout";
	assert_int_equal(f->driver->outbox_settle(f->self, &got[0].row, 1, NOW, &f->err), 0);
	store_broadcast(f);
	assert_int_equal(f->driver->allow(f->self, "pace", "m", 3, HOUR, NOW, &f->err), 1);
}

/* Which keys end by themselves, and when; the kind is what follows the shard. */
static const struct {
	const char *kind;
	int64_t life_ms; /* 0: never */
} lives[] = {
	{ "s:", DAY },
	{ "t:", DRIVER_SEEN_KEEP_MS },
	{ "x:", DRIVER_DONE_KEEP_MS },
	{ "a:", HOUR },
	{ "c:", 0 },
	{ "l:", 0 },
	{ "ix", 0 },
	{ "calls", 0 },
	{ "o:row1", 0 },
	{ "o:row2", 0 },
	{ "oq:", 0 },
	{ "ob", 0 },
	{ "n", 0 },
	{ "done", 0 },
	{ "r:registration r1", 0 },
	{ "rl:registration", 0 },
	{ "sl", 0 },
	{ "o:to1", 0 },
	{ "o:to2", 0 },
	{ "o:to3", 0 },
	{ "bq:b1", 0 },
	{ "br:b1", 0 },
	{ "bn:b1", 0 },
	{ "p:", 0 },
	{ "pk", 0 },
	{ "b:b1", 0 },
	{ "ball", 0 },
	{ "bopen", 0 },
	{ "key:", DRIVER_BROADCAST_KEEP_MS },
	{ "au:b1", DRIVER_AUDIT_KEEP_MS },
	{ "au", 0 },
	{ "rt:", 60200 },
};

/* PTTL -1 (none) is the only answer below 0 for a key that is there. */
static void check_life(const char *key, int64_t left, int64_t life)
{
	if (life == 0 ? left != -1 : left > life || left < life - 60000)
		fail_msg("%s ends in %lld ms", key, (long long)left);
}

static void keys_have_tags_and_lives(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	const size_t kinds = sizeof lives / sizeof *lives;
	char who[32], pace[32], home[32], sender[32];
	redisReply *keys;

	(void)state;
	store_all(f);
	(void)snprintf(who, sizeof who, "samvad:{%u}:", redis_shard(WHO));
	(void)snprintf(pace, sizeof pace, "samvad:{%u}:a:pace", redis_shard("pace"));
	(void)snprintf(home, sizeof home, "samvad:{%u}:", redis_shard("broadcast"));
	(void)snprintf(sender, sizeof sender, "samvad:{%u}:rt:me", redis_shard("me"));
	assert_int_equal(look_int(f, "DBSIZE"), kinds);
	keys = look(f, "KEYS *");
	for (size_t i = 0; i < keys->elements; i++) {
		const char *key = keys->element[i]->str, *kind = strchr(key, '}') + 2;
		size_t k = 0;

		if (strncmp(key, who, strlen(who)) != 0 && strcmp(key, pace) != 0 &&
		    strncmp(key, home, strlen(home)) != 0 && strcmp(key, sender) != 0)
			fail_msg("%s has no slot of its own", key);
		while (k < kinds && strncmp(kind, lives[k].kind, strlen(lives[k].kind)) != 0)
			k++;
		if (k == kinds)
			fail_msg("%s is unknown", key);
		check_life(key, look_int(f, "PTTL %s", key), lives[k].life_ms);
	}
	freeReplyObject(keys);
	fixture_end(f);
}

static void nothing_readable_is_missing(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	char box[70000];
	struct driver_turn t = a_turn(WHO, "SM:1 with {blanks}\r\n", 0);
	struct driver_view v;

	(void)state;
	for (size_t i = 0; i < sizeof box; i++)
		box[i] = (char)(i * 7);
	t.session.box = (struct str){ box, sizeof box };
	t.reply_box = (struct str){ "\0\r\n$-1\r\n", 9 };
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	v = load(f, WHO, t.external_id);
	assert_int_equal(v.session.box.n, sizeof box);
	assert_memory_equal(v.session.box.p, box, sizeof box);
	assert_int_equal(v.reply_box.n, 9);
	assert_memory_equal(v.reply_box.p, t.reply_box.p, 9);
	assert_int_equal(load(f, WHO, "SM:1").reply_state, REPLY_NONE);
	fixture_end(f);
}

/* A session as it is stored. */
static const char *a_stored(struct redis_fixture *f, uint64_t revision, int64_t expires_ms,
			    int wait, bool completed, const char *shown)
{
	return arena_printf(&f->a, "%llu %lld %lld %d %d 1 1\tmsme\task\t%s\ten\t\tbox",
			    (unsigned long long)revision, (long long)expires_ms, (long long)NOW,
			    wait, completed, shown);
}

static void revision_beyond_doubles(void **state)
{
	static const struct {
		uint64_t stored, loaded;
		enum commit_result result;
	} rows[] = {
		{ UINT64_C(9007199254740993), UINT64_C(9007199254740992), COMMIT_CONFLICT },
		{ UINT64_C(9007199254740993), UINT64_C(9007199254740993), COMMIT_DONE },
		{ UINT64_MAX - 1, UINT64_MAX - 1, COMMIT_DONE },
	};
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_turn t = a_turn(WHO, NULL, 0);

	(void)state;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		freeReplyObject(look(f, "SET samvad:{%d}:s:%s %s", (int)redis_shard(WHO), WHO,
				     a_stored(f, rows[i].stored, NOW + DAY, 0, false, "name")));
		assert_true(load(f, WHO, NULL).session.revision == rows[i].stored);
		t.session.revision = rows[i].loaded;
		assert_int_equal(commit(f, &t), rows[i].result);
		if (rows[i].result == COMMIT_DONE)
			assert_true(load(f, WHO, NULL).session.revision == rows[i].loaded + 1);
	}
	fixture_end(f);
}

static void one_script_call_each(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_turn t = a_turn("whatsapp:+911", "SM1", 0);
	struct driver_claim *rows;
	struct call_due *due;
	struct store_stats st;
	size_t n;

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	freeReplyObject(look(f, "CONFIG RESETSTAT"));
	(void)load(f, WHO, "SM1");
	assert_int_equal(calls_of(f, "hmget"), 1);
	assert_int_equal(calls_of(f, "get"), 2);
	assert_int_equal(calls_of(f, "evalsha"), 0);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(calls_of(f, "evalsha"), 1);

	/* Nothing is due: a claim is one look at each shard and no script. */
	freeReplyObject(look(f, "CONFIG RESETSTAT"));
	assert_int_equal(claim(f, NULL, 9, &rows), 0);
	assert_int_equal(f->driver->calls_claim(f->self, NOW, NOW, 9, &f->a, &due, &n, &f->err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(calls_of(f, "zcount"), 2 * REDIS_SHARDS);
	assert_int_equal(calls_of(f, "evalsha"), 0);

	store_all(f);
	assert_int_equal(f->driver->stats(f->self, NOW, &f->a, &st, &f->err), 0);
	assert_true(f->driver->sweep(f->self, NOW + 40 * DAY, &f->err) > 0);
	assert_int_equal(calls_of(f, "keys"), 0);
	assert_int_equal(calls_of(f, "eval"), 0);
	fixture_end(f);
}

static void full_and_read_only(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_turn t = a_turn(WHO, "SM1", 0);
	enum commit_result result;
	bool is_inline;

	(void)state;
	assert_int_equal(f->driver->ping(f->self, &f->err), 0);
	freeReplyObject(look(f, "CONFIG SET maxmemory 1"));
	assert_err(f, f->driver->commit(f->self, &t, &result, &is_inline, &f->err), ERR_FULL);
	assert_int_equal(look_int(f, "DBSIZE"), 0);
	assert_false(load(f, WHO, "SM1").has_session);
	freeReplyObject(look(f, "CONFIG SET maxmemory 0"));

	freeReplyObject(look(f, "REPLICAOF 127.0.0.1 1"));
	assert_err(f, f->driver->commit(f->self, &t, &result, &is_inline, &f->err), ERR_TEMP);
	freeReplyObject(look(f, "REPLICAOF NO ONE"));
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	fixture_end(f);
}

/* The ladder travels to the script as digits: all pairs must be model/status.c's. */
static void status_ladder(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct driver_outbound row = a_row("row1", WHO), got;
	struct driver_turn t = a_turn(WHO, NULL, 0);

	(void)state;
	t.outbox = &row;
	t.outbox_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	for (int now = STATUS_NONE; now <= STATUS_CANCELED; now++) {
		for (int news = STATUS_NONE; news <= STATUS_CANCELED; news++) {
			(void)look_int(f, "HSET samvad:{%d}:o:row1 status %d",
				       (int)redis_shard(WHO), now);
			assert_int_equal(f->driver->status_apply(f->self, WHO, "row1", "",
								 (enum status)news, 7, NOW,
								 &f->err),
					 1);
			assert_int_equal(f->driver->outbox_get(f->self, WHO, "row1", "", &f->a,
							       &got, &f->err),
					 1);
			if (got.status != status_climb((enum status)now, (enum status)news))
				fail_msg("%d hears %d: %d", now, news, (int)got.status);
		}
	}
	fixture_end(f);
}

static void legacy_sessions(void **state)
{
	static const char json[] = "{\"current_step\":\"name\"}";
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct str got;

	(void)state;
	assert_int_equal(f->driver->legacy_load(f->self, WHO, &f->a, &got, &f->err), 0);
	freeReplyObject(look(f, "SET whatsapp_session:%s %s", WHO, json));
	assert_int_equal(f->driver->legacy_load(f->self, WHO, &f->a, &got, &f->err), 1);
	assert_true(str_is(got, json));
	fixture_end(f);
}

/* Sessions as commit leaves them, as far as counting looks at them, without 100,000 commits. A
 * quarter each: expired, completed, waiting for a call, open. */
static void fill(struct redis_fixture *f, int count)
{
	enum { PIPELINE = 2000 };
	int asked = 0;
	void *reply;

	for (int i = 0; i < count; i++) {
		const char *contact = arena_printf(&f->a, "whatsapp:+9190000%05d", i);
		int shard = (int)redis_shard(contact), quarter = i / (count / 4);
		const char *text = a_stored(f, 1, quarter ? NOW + DAY : NOW, quarter == 2,
					    quarter == 1, quarter == 1 ? "completed" : "name");

		redisAppendCommand(f->look, "SET samvad:{%d}:s:%s %s", shard, contact, text);
		redisAppendCommand(f->look, "ZADD samvad:{%d}:ix %lld %s", shard,
				   (long long)(NOW - DAY + i), contact);
		asked += 2;
		if (asked < PIPELINE && i + 1 < count)
			continue;
		for (; asked > 0; asked--) {
			assert_int_equal(redisGetReply(f->look, &reply), REDIS_OK);
			freeReplyObject(reply);
		}
	}
}

static void counting_pages(void **state)
{
	enum { SESSIONS = 100000 };
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	struct store_stats st;
	int n, all = 0;

	(void)state;
	fill(f, SESSIONS);
	freeReplyObject(look(f, "CONFIG RESETSTAT"));
	assert_int_equal(f->driver->stats(f->self, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, SESSIONS / 4 * 3);
	assert_int_equal(st.completed, SESSIONS / 4);
	assert_int_equal(st.calls_waiting, SESSIONS / 4);
	assert_int_equal(st.step_count, 2);
	assert_true(calls_of(f, "zscan") > 2 * REDIS_SHARDS); /* 390 a shard do not come at once */
	assert_int_equal(calls_of(f, "keys") + calls_of(f, "zrange"), 0);

	/* What has expired leaves the index, and nothing else does. */
	while ((n = f->driver->sweep(f->self, NOW, &f->err)) > 0)
		all += n;
	assert_int_equal(n, 0);
	assert_int_equal(all, SESSIONS / 4);
	assert_int_equal(f->driver->stats(f->self, NOW, &f->a, &st, &f->err), 0);
	assert_int_equal(st.sessions, SESSIONS / 4 * 3);
	fixture_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_in),
		cmocka_unit_test(wrong_log_in),
		cmocka_unit_test(password_that_nobody_asked_for),
		cmocka_unit_test(missing_right),
		cmocka_unit_test(database_number),
		cmocka_unit_test(scripts_come_back),
		cmocka_unit_test(keys_have_tags_and_lives),
		cmocka_unit_test(nothing_readable_is_missing),
		cmocka_unit_test(revision_beyond_doubles),
		cmocka_unit_test(one_script_call_each),
		cmocka_unit_test(full_and_read_only),
		cmocka_unit_test(status_ladder),
		cmocka_unit_test(legacy_sessions),
		cmocka_unit_test(counting_pages),
	};

	return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
