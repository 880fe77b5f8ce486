/*
 * test_store_sqlite.c - what only the embedded store promises: file modes, one
 * process per folder, sealed bytes on disk, settings, time.
 */
#include "store_database.c"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../src/store/sqlite_private.h"
#include "../unit/check.h"

/* ---- files ---- */

static void assert_mode(const char *path, mode_t mode)
{
	struct stat st;

	if (stat(path, &st) < 0)
		fail_msg("%s is not there", path);
	if ((st.st_mode & 07777) != mode)
		fail_msg("%s has mode %o", path, (unsigned)(st.st_mode & 07777));
}

static void files_are_private(struct fixture *f)
{
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "x", a_session(f, "name"));
	const char *inner = path_in(f, "inner");
	static const char *const names[] = { "samvad.db", "samvad.db-wal", "samvad.db-shm",
					     "samvad.lock" };
	mode_t before = umask(0); /* the mode must not be the umask's doing */

	store_close(&f->store);
	f->set.data_dir = inner;
	assert_int_equal(f->driver->open(f), 0);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	umask(before);
	assert_mode(inner, 0700);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_mode(arena_printf(&f->a, "%s/%s", inner, names[i]), 0600);

	store_close(&f->store);
	assert_int_equal(chmod(arena_printf(&f->a, "%s/samvad.db", inner), 0644), 0);
	assert_int_equal(f->driver->open(f), 0);
	assert_mode(arena_printf(&f->a, "%s/samvad.db", inner), 0600);
	store_close(&f->store);
	remove_dir(inner);
}

static void one_process_per_folder(struct fixture *f)
{
	struct store *second = NULL;
	struct err err;
	int status;
	pid_t child;

	assert_int_equal(store_open(&f->set, &second, &err), -1);
	assert_int_equal(err.kind, ERR_PERM);
	assert_non_null(strstr(err.text, "in use"));
	assert_non_null(strstr(err.text, arena_printf(&f->a, "process %ld", (long)getpid())));

	/* A child that has inherited the descriptors must not keep the folder closed. */
	store_close(&f->store);
	child = fork();
	if (child == 0)
		_exit(store_open(&f->set, &second, &err) == 0 ? 0 : 1);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(f->driver->open(f), 0);
}

static void folders_that_cannot_be_used(struct fixture *f)
{
	struct store *second = NULL;
	struct store_settings set = f->set;
	FILE *file;
	struct err err;

	set.data_dir = path_in(f, "no/such/folder");
	assert_int_equal(store_open(&set, &second, &err), -1);
	set.data_dir = "/proc";
	assert_int_equal(store_open(&set, &second, &err), -1);
	set.data_dir = "";
	assert_int_equal(store_open(&set, &second, &err), -1);

	store_close(&f->store);
	file = fopen(path_in(f, "samvad.db"), "w");
	assert_non_null(file);
	for (int i = 0; i < 4096; i++)
		fputs("this is not a database ", file);
	fclose(file);
	assert_int_equal(f->driver->open(f), -1);
	assert_int_equal(f->err.kind, ERR_PERM);
	assert_null(f->store);
}

/* ---- what is on disk ---- */

#define CANARY "xyzzyplugh"

static bool file_holds(const char *path, const char *text)
{
	size_t n = strlen(text), at = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), byte;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");
	bool found = false;

	if (!file)
		return false;
	while (!found && (byte = getc(file)) != EOF) {
		at = byte == text[at] ? at + 1 : byte == text[0];
		found = at == n;
	}
	fclose(file);
	return found;
}

static void commit_canaries(struct fixture *f)
{
	struct session_value fields[] = { { "name", CANARY } };
	struct record rec = { .type = "registration",
			      .id = "r1",
			      .contact = WHO,
			      .state = "new",
			      .fields = fields,
			      .field_count = 1 };
	struct consent_event consent = { CONSENT_IN, CANARY, "SM1" };
	struct session *s = a_session(f, "name");
	struct outbound *row = a_row(f, WHO, CANARY);
	struct inbound *in;
	struct turn t;

	assert_int_equal(session_set(s, &f->a, "name", CANARY, NULL), 0);
	s->receiver = CANARY;
	t = a_turn(f, WHO, "SM1", REPLY_INLINE, CANARY, s);
	in = a_message(f, WHO, "SM1");
	in->text = in->profile_name = in->place = in->payload = CANARY;
	in->raw = str_of("Body=" CANARY);
	t.inbound = in;
	t.consent = &consent;
	t.records = &rec;
	t.record_count = 1;
	row->sender = row->account = CANARY;
	t.outbox = row;
	t.outbox_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	assert_int_equal(store_allow(f->store, "otp:" CANARY, "m", 1, HOUR, NOW, &f->err), 1);
}

static void broadcast_canaries(struct fixture *f)
{
	const struct audit_entry audit = { NOW, "broadcast.create", "", "", "" };
	const struct consent_event stop = { CONSENT_OUT, CANARY, "SM2" };
	struct broadcast b = { .message = CANARY,
			       .content_sid = "HX" CANARY,
			       .content_variables = "{\"1\":\"" CANARY "\"}",
			       .created_ms = NOW },
			 existing;
	struct outbound *row, *next;

	id_random(b.id);
	assert_int_equal(store_broadcast_create(f->store, &b, &audit, &f->a, &existing, &f->err),
			 1);
	row = a_recipient(f, b.id, WHO);
	row->text = row->content_variables = CANARY;
	recipients(f, row, 1);
	next = a_recipient(f, b.id, WHO);
	outbound_successor_id(row->id, "template", next->id);
	next->text = next->content_sid = CANARY;
	assert_int_equal(
		store_outbox_replace(f->store, row->id, STATUS_FAILED, 63016, next, NOW, &f->err),
		1);
	assert_int_equal(store_consent_add(f->store, WHO, &stop, NOW, &f->err), 1);
}

static void private_parts_are_sealed_on_disk(struct fixture *f)
{
	commit_canaries(f);
	broadcast_canaries(f);
	assert_true(file_holds(path_in(f, "samvad.db-wal"), WHO)); /* the search finds things */
	assert_false(file_holds(path_in(f, "samvad.db-wal"), CANARY));
	assert_false(file_holds(path_in(f, "samvad.db"), CANARY));
	store_close(&f->store);
	assert_true(file_holds(path_in(f, "samvad.db"), WHO));
	assert_false(file_holds(path_in(f, "samvad.db"), CANARY));
}

static void the_ledger_keeps_every_consent(struct fixture *f)
{
	commit_canaries(f);
	assert_int_equal(ask(f, "SELECT count(*) FROM consent WHERE contact = '" WHO "' AND "
				"consent = 1 AND external_id = 'SM1' AND at_ms > 0 AND "
				"length(words) > 20"),
			 1);
}

static void nothing_stays_after_the_sweep(struct fixture *f)
{
	static const char *const tables[] = { "session", "turn", "allow", "line", "outbox" };
	struct outbound *rows;

	commit_canaries(f);
	assert_int_equal(claim(f, NOW, &rows), 1);
	settle(f, &rows[0], OUTBOUND_DEAD, 0);
	assert_int_equal(store_sweep(f->store, NOW + 31 * DAY, &f->err), 4);
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (ask(f, arena_printf(&f->a, "SELECT count(*) FROM %s", tables[i])) != 0)
			fail_msg("rows are left in %s", tables[i]);
	assert_int_equal(ask(f, "SELECT total(sessions) FROM step_count"), 0);
	assert_int_equal(ask(f, "SELECT count(*) FROM consent"), 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM record"), 1);
	assert_int_equal(ask(f, "SELECT count(*) FROM contact"), 1);
}

/* ---- settings ---- */

static void durable_settings_hold(struct fixture *f)
{
	struct sqlite_conn c = { 0 };
	static const struct {
		const char *pragma;
		const char *value;
	} rows[] = {
		{ "PRAGMA journal_mode", "wal" },
		{ "PRAGMA synchronous", "2" },
		{ "PRAGMA journal_size_limit", "67108864" },
		{ "PRAGMA busy_timeout", "1234" },
	};

	assert_int_equal(sqlite_conn_open(f->dir, ROLE_WRITER, 1234, &c, &f->err), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		sqlite3_stmt *q = NULL;

		assert_int_equal(sqlite3_prepare_v2(c.db, rows[i].pragma, -1, &q, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_step(q), SQLITE_ROW);
		assert_string_equal((const char *)sqlite3_column_text(q, 0), rows[i].value);
		sqlite3_finalize(q);
	}
	sqlite_conn_close(&c);
}

/* ---- time ---- */

static void another_holder_costs_time_not_truth(struct fixture *f)
{
	struct turn t = a_turn(f, WHO, "SM1", REPLY_INLINE, "x", a_session(f, "name"));
	enum commit_result result;
	sqlite3 *db = open_beside(f);

	f->set.timeout_ms = 200;
	store_close(&f->store);
	assert_int_equal(f->driver->open(f), 0);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_commit(f->store, &t, &result, NULL, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_TEMP);
	assert_int_equal(load_at(f, WHO, "SM1", NOW).reply.state, REPLY_NONE); /* reading goes on */
	assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);

	f->set.timeout_ms = 20000;
	assert_int_equal(fixture_reopen(f, KEY_A), 0);
	assert_int_equal(load_at(f, WHO, "SM1", NOW).reply.state, REPLY_NONE);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
}

static void the_log_does_not_grow_for_ever(struct fixture *f)
{
	struct session *s = a_session(f, "name");
	struct stat st;

	for (int i = 0; i < 2500; i++) {
		struct turn t =
			a_turn(f, WHO, arena_printf(&f->a, "SM%d", i), REPLY_INLINE, "x", s);

		assert_int_equal(commit(f, &t), COMMIT_DONE);
		s->revision++;
	}
	assert_int_equal(stat(path_in(f, "samvad.db"), &st), 0);
	assert_true(st.st_size > 400000); /* the log's pages have arrived */
	assert_int_equal(stat(path_in(f, "samvad.db-wal"), &st), 0);
	assert_true(st.st_size < 32 * 1024 * 1024);
}

/* ---- groups of jobs ---- */

struct probe { /* a job that writes its number into the table probe, and a session's long way */
	struct sqlite_writer *w;
	const char *sql;
	bool twice;
	bool fails;
	sem_t *running; /* not NULL: tells that it runs, then waits for go */
	sem_t *go;
	int runs;
	int ret;
	pthread_t thread;
};

enum { WAY = 40 }; /* more places than are added up at once */

static int walk(struct sqlite_conn *c, struct err *err)
{
	struct sqlite_place from, to;
	char step[] = "a";

	sqlite_place_set(&from, "start", false);
	for (int i = 0; i < WAY; i++, from = to) {
		step[0] = (char)('0' + i);
		sqlite_place_set(&to, step, i == WAY - 1);
		if (sqlite_steps_move(c, &from, &to, err) < 0)
			return -1;
	}
	return 0;
}

static int probe_work(struct sqlite_conn *c, void *arg, struct err *err)
{
	struct probe *p = arg;

	p->runs++;
	if (walk(c, err) < 0)
		return -1;
	if (sqlite3_exec(c->db, p->sql, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(c->db, "probe", err);
	if (p->running) {
		sem_post(p->running);
		while (sem_wait(p->go) != 0)
			;
	}
	return p->fails ? err_set(err, ERR_BUG, "as it should") : 0;
}

static void *probe_main(void *arg)
{
	struct probe *p = arg;
	struct err err = { 0 };

	p->ret = p->twice ? sqlite_write_twice(p->w, probe_work, p, &err)
			  : sqlite_write(p->w, probe_work, p, &err);
	return NULL;
}

static int queued(struct sqlite_writer *w)
{
	int n;

	pthread_mutex_lock(&w->lock);
	n = w->first ? w->first->count : 0;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static void start_queued(struct probe *p)
{
	const int before = queued(p->w);

	assert_int_equal(pthread_create(&p->thread, NULL, probe_main, p), 0);
	while (queued(p->w) == before)
		sched_yield();
}

/* The first holds the writer until the others, which are one group, are all in line. */
static void run_group_of(struct sqlite_writer *w, struct probe *probes, size_t count)
{
	struct probe first = { .w = w, .sql = "CREATE TABLE probe(n INTEGER)" };
	sem_t running, go;

	sem_init(&running, 0, 0);
	sem_init(&go, 0, 0);
	first.running = &running;
	first.go = &go;
	assert_int_equal(pthread_create(&first.thread, NULL, probe_main, &first), 0);
	while (sem_wait(&running) != 0)
		;
	for (size_t i = 0; i < count; i++) {
		probes[i].w = w;
		start_queued(&probes[i]);
	}
	sem_post(&go);
	for (size_t i = 0; i < count; i++)
		pthread_join(probes[i].thread, NULL);
	pthread_join(first.thread, NULL);
	assert_int_equal(first.ret, 0);
	sem_destroy(&running);
	sem_destroy(&go);
}

struct group_case {
	const char *name;
	struct probe probes[5];
	int runs[5]; /* nobody who must not runs twice */
};

static const struct group_case group_cases[] = {
	{ "a turn among the first",
	  { { .sql = "INSERT INTO probe VALUES(1)", .twice = true },
	    { .sql = "INSERT INTO probe VALUES(2)", .twice = true, .fails = true },
	    { .sql = "INSERT INTO probe VALUES(4)", .twice = true },
	    { .sql = "INSERT INTO probe VALUES(8)", .fails = true },
	    { .sql = "INSERT INTO probe VALUES(16)" } },
	  { 2, 2, 1, 1, 1 } },
	{ "the first of turns",
	  { { .sql = "INSERT INTO probe VALUES(2)", .twice = true, .fails = true },
	    { .sql = "INSERT INTO probe VALUES(1)", .twice = true },
	    { .sql = "INSERT INTO probe VALUES(4)", .twice = true },
	    { .sql = "INSERT INTO probe VALUES(16)" },
	    { .sql = "INSERT INTO probe VALUES(8)", .fails = true } },
	  { 2, 1, 1, 1, 1 } },
	{ "the first, and a turn behind it",
	  { { .sql = "INSERT INTO probe VALUES(8)", .fails = true },
	    { .sql = "INSERT INTO probe VALUES(16)" },
	    { .sql = "INSERT INTO probe VALUES(1)", .twice = true },
	    { .sql = "INSERT INTO probe VALUES(4)", .twice = true },
	    { .sql = "INSERT INTO probe VALUES(2)", .twice = true, .fails = true } },
	  { 1, 1, 2, 2, 2 } },
};

static void run_case(struct fixture *f, const struct group_case *gc)
{
	struct sqlite_writer w = { .log_pages = 0 };
	struct sqlite_checkpoint k = { .running = false };
	struct probe p[COUNT(gc->probes)];

	memcpy(p, gc->probes, sizeof p);
	assert_int_equal(sqlite_conn_open(f->dir, ROLE_WRITER, 3000, &w.conn, &f->err), 0);
	assert_int_equal(sqlite3_exec(w.conn.db,
				      "DROP TABLE IF EXISTS probe; DELETE FROM step_count", NULL,
				      NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite_checkpoint_open(&k, f->dir, 3000, &f->err), 0);
	assert_int_equal(sqlite_writer_start(&w, &k, 3000, &f->err), 0);
	run_group_of(&w, p, COUNT(p));
	sqlite_writer_stop(&w);
	sqlite_checkpoint_close(&k);
	sqlite_conn_close(&w.conn);
	for (size_t i = 0; i < COUNT(p); i++) {
		CHECK_CASE(p[i].ret == (p[i].fails ? -1 : 0), gc->name);
		CHECK_CASE(p[i].runs == gc->runs[i], gc->name);
	}
	CHECK_CASE(ask(f, "SELECT sum(n) FROM probe") == 1 + 4 + 16, gc->name);
	CHECK_CASE(ask(f, "SELECT count(*) FROM probe") == 3, gc->name);
	/* Three of these five, and the one before them that held the writer. */
	CHECK_CASE(ask(f, "SELECT sessions FROM step_count WHERE completed") == 4, gc->name);
	CHECK_CASE(ask(f, "SELECT sessions FROM step_count WHERE step = 'start'") == -4, gc->name);
	CHECK_CASE(ask(f, "SELECT count(*) FROM step_count WHERE sessions <> 0") == 2, gc->name);
}

static void a_failed_job_undoes_itself_only(struct fixture *f)
{
	store_close(&f->store);
	for (size_t i = 0; i < COUNT(group_cases); i++)
		run_case(f, &group_cases[i]);
	assert_int_equal(f->driver->open(f), 0);
}

static const struct contract_case cases[] = {
	{ .name = "files are private", .run = files_are_private },
	{ .name = "one process per folder", .run = one_process_per_folder },
	{ .name = "folders that cannot be used", .run = folders_that_cannot_be_used },
	{ .name = "private parts are sealed on disk", .run = private_parts_are_sealed_on_disk },
	{ .name = "the ledger keeps every consent", .run = the_ledger_keeps_every_consent },
	{ .name = "nothing stays after the sweep", .run = nothing_stays_after_the_sweep },
	{ .name = "durable settings hold", .run = durable_settings_hold },
	{ .name = "another holder costs time, not truth",
	  .run = another_holder_costs_time_not_truth },
	{ .name = "the log does not grow for ever", .run = the_log_does_not_grow_for_ever },
	{ .name = "a failed job undoes itself only", .run = a_failed_job_undoes_itself_only },
};

int main(void)
{
	return contract_run_on("sqlite", "store sqlite", cases, sizeof cases / sizeof *cases);
}
