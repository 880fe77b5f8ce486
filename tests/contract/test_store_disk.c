/*
 * test_store_disk.c - the embedded store on a disk that is full, hangs, or
 * loses its process: never half a turn, and an honest answer.
 *
 * A shim around SQLite's own file functions makes writes fail and syncs hang or
 * fail on cue; RLIMIT_FSIZE and kill -9 are the real thing.
 */
#include "store_fixture.c"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"

/* ---- the shim ---- */

struct wrapped {		 /* SQLite has one set of functions per kind of locking */
	sqlite3_io_methods ours; /* first: a file's pMethods points here */
	const sqlite3_io_methods *real;
};

static struct {
	pthread_mutex_t lock; /* guards kinds while they are made */
	struct wrapped kinds[4];
	int (*open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
	_Atomic int writes_left; /* then SQLITE_FULL, once; negative: no limit */
	atomic_bool full;	 /* every write fails */
	atomic_bool sync_fails;
	atomic_bool sync_hangs;
} shim = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
	return ((const struct wrapped *)(const void *)file->pMethods)->real;
}

static int shim_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	if (shim.full)
		return SQLITE_FULL;
	if (shim.writes_left >= 0 && shim.writes_left-- == 0)
		return SQLITE_FULL;
	return real_of(file)->xWrite(file, p, n, at);
}

static int shim_sync(sqlite3_file *file, int flags)
{
	while (shim.sync_hangs)
		(void)sched_yield();
	if (shim.sync_fails)
		return SQLITE_IOERR_FSYNC;
	return real_of(file)->xSync(file, flags);
}

static void shim_wrap(sqlite3_file *file)
{
	struct wrapped *w = shim.kinds;

	pthread_mutex_lock(&shim.lock);
	while (w->real && w->real != file->pMethods)
		w++;
	if (!w->real) {
		if (w == &shim.kinds[3])
			abort(); /* the last one stays empty: it ends the list */
		w->ours = *file->pMethods;
		w->ours.xWrite = shim_write;
		w->ours.xSync = shim_sync;
		w->real = file->pMethods;
	}
	pthread_mutex_unlock(&shim.lock);
	file->pMethods = &w->ours;
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int ret = shim.open(vfs, name, file, flags, out);

	if (ret == SQLITE_OK && file->pMethods)
		shim_wrap(file);
	return ret;
}

static void shim_reset(void)
{
	shim.writes_left = -1;
	shim.full = shim.sync_fails = shim.sync_hangs = false;
}

static void shim_install(void)
{
	static sqlite3_vfs vfs;

	(void)sqlite3_initialize();
	vfs = *sqlite3_vfs_find(NULL);
	shim.open = vfs.xOpen;
	vfs.zName = "shim";
	vfs.xOpen = shim_open;
	shim_reset();
	(void)sqlite3_vfs_register(&vfs, 1);
}

/* ---- turns that must be whole or absent ---- */

/* Turn i of a contact: message, session value, outbox row and record go together. */
static int commit_whole(struct store *store, struct arena *a, const char *contact, int i,
			struct err *err)
{
	struct fixture f = { .store = store };
	struct session_value fields[] = { { "n", arena_printf(a, "%d", i) } };
	struct record rec = { .type = "whole",
			      .id = arena_printf(a, "%s-%d", contact, i),
			      .contact = contact,
			      .state = "new",
			      .fields = fields,
			      .field_count = 1 };
	struct session *s = a_session(&f, "name");
	struct outbound *row = a_row(&f, contact, "later");
	enum commit_result result = COMMIT_CONFLICT;
	struct turn t;
	int ret;

	s->revision = (uint64_t)(i - 1);
	(void)snprintf(row->id, sizeof row->id, "%032d", i);
	if (session_set(s, &f.a, "n", fields[0].text, err) < 0)
		return -1;
	t = a_turn(&f, contact, arena_printf(a, "SM%d", i), REPLY_INLINE, "hello", s);
	t.outbox = row;
	t.outbox_count = 1;
	t.records = &rec;
	t.record_count = 1;
	ret = store_commit(store, &t, &result, NULL, err);
	arena_free(&f.a);
	return ret < 0 ? -1 : (int)result;
}

/* Checks that turns 1 to n are there in every part and nothing of n + 1; returns n. */
static int assert_whole(struct fixture *f, const char *contact)
{
	struct turn_view v = load_at(f, contact, NULL, NOW);
	int n = v.session ? (int)v.session->revision : 0;

	if (n > 0)
		assert_string_equal(session_get(v.session, "n"), arena_printf(&f->a, "%d", n));
	for (int i = 1; i <= n + 1; i++) {
		struct record rec;
		struct outbound row;
		const char *id = arena_printf(&f->a, "%s-%d", contact, i);
		int turn =
			reply_of(f, contact, arena_printf(&f->a, "SM%d", i)).state == REPLY_INLINE;

		assert_int_equal(turn, i <= n);
		assert_int_equal(store_record_get(f->store, "whole", id, &f->a, &rec, &f->err),
				 i <= n);
		assert_int_equal(store_outbox_get(f->store, contact,
						  arena_printf(&f->a, "%032d", i), NULL, &f->a,
						  &row, &f->err),
				 i <= n);
	}
	return n;
}

static int whole(struct fixture *f, int i)
{
	return commit_whole(f->store, &f->a, WHO, i, &f->err);
}

/* ---- full ---- */

static void a_full_disk_at_every_write(struct fixture *f)
{
	int done = 0, failed = 0, in_a_row = 0;

	assert_int_equal(whole(f, ++done), COMMIT_DONE);
	for (int writes = 0; in_a_row < 3; writes++) {
		int ret;

		shim.writes_left = writes % 40;
		ret = whole(f, done + 1);
		shim_reset();
		if (ret == COMMIT_DONE) {
			done++;
			in_a_row++;
		} else {
			assert_int_equal(ret, -1);
			assert_int_equal(f->err.kind, ERR_FULL);
			failed++;
			in_a_row = 0;
		}
		assert_int_equal(assert_whole(f, WHO), done);
	}
	assert_true(failed >= 5);
	assert_int_equal(whole(f, ++done), COMMIT_DONE); /* space again, no restart */
	assert_int_equal(fixture_reopen(f, KEY_A), 0);
	assert_int_equal(assert_whole(f, WHO), done);
}

static void a_file_size_limit(struct fixture *f)
{
	struct rlimit before, small;
	struct stat st;
	int done = 0, ret;

	(void)signal(SIGXFSZ, SIG_IGN);
	while (done < 5)
		assert_int_equal(whole(f, ++done), COMMIT_DONE);
	assert_int_equal(stat(arena_printf(&f->a, "%s/samvad.db-wal", f->dir), &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = (rlim_t)st.st_size + 150000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 200; i++) {
		ret = whole(f, done + 1);
		if (ret != COMMIT_DONE)
			break;
		done++;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(ret, -1);
	assert_int_equal(f->err.kind, ERR_FULL);
	assert_int_equal(assert_whole(f, WHO), done);
	assert_int_equal(whole(f, ++done), COMMIT_DONE);
	assert_int_equal(assert_whole(f, WHO), done);
	assert_int_equal(fixture_reopen(f, KEY_A), 0);
	assert_int_equal(assert_whole(f, WHO), done);
}

enum { CROWD = 8 };

struct one { /* of a crowd that commits at once */
	struct store *store;
	int number;
	int ret;
	struct err err;
};

static void *commit_one(void *arg)
{
	struct one *o = arg;
	struct arena a = { 0 };

	o->ret = commit_whole(o->store, &a, arena_printf(&a, "whatsapp:+91700000000%d", o->number),
			      1, &o->err);
	arena_free(&a);
	return NULL;
}

static void start_crowd(struct fixture *f, struct one *crowd, pthread_t *threads)
{
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = (struct one){ .store = f->store, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, commit_one, &crowd[i]), 0);
	}
}

static void a_failed_group_fails_for_all(struct fixture *f)
{
	struct one crowd[CROWD];
	pthread_t threads[CROWD];

	shim.full = true;
	start_crowd(f, crowd, threads);
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	shim_reset();
	for (int i = 0; i < CROWD; i++) {
		const char *contact = arena_printf(&f->a, "whatsapp:+91700000000%d", i);

		assert_int_equal(crowd[i].ret, -1);
		assert_int_equal(crowd[i].err.kind, ERR_FULL);
		assert_int_equal(assert_whole(f, contact), 0);
		assert_int_equal(commit_whole(f->store, &f->a, contact, 1, &f->err), COMMIT_DONE);
	}
}

/* ---- hanging and lying disks ---- */

static void a_disk_that_hangs_is_unsure(struct fixture *f)
{
	struct one crowd[CROWD];
	pthread_t threads[CROWD];
	int64_t start;
	int unsure = 0, temp = 0;

	store_close(&f->store);
	f->set.timeout_ms = 400;
	assert_int_equal(f->driver->open(f), 0);
	shim.sync_hangs = true;
	start = clock_mono_ms();
	assert_int_equal(whole(f, 1), -1); /* alone in its group */
	assert_int_equal(f->err.kind, ERR_UNSURE);
	assert_true(clock_mono_ms() - start >= 400);
	start_crowd(f, crowd, threads); /* never started: surely nothing done */
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < CROWD; i++) {
		unsure += crowd[i].err.kind == ERR_UNSURE;
		temp += crowd[i].err.kind == ERR_TEMP;
	}
	assert_int_equal(temp, CROWD);
	assert_int_equal(unsure, 0);
	assert_true(clock_mono_ms() - start < 20000);
	shim_reset();

	f->set.timeout_ms = 20000;
	assert_int_equal(fixture_reopen(f, KEY_A), 0);
	assert_int_equal(assert_whole(f, WHO), 1); /* it was done: unsure was the truth */
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(assert_whole(f, arena_printf(&f->a, "whatsapp:+91700000000%d", i)),
				 0);
	assert_int_equal(whole(f, 2), COMMIT_DONE);
}

static void a_failed_sync_is_unsure(struct fixture *f)
{
	int n;

	assert_int_equal(whole(f, 1), COMMIT_DONE);
	shim.sync_fails = true;
	assert_int_equal(whole(f, 2), -1);
	assert_int_equal(f->err.kind, ERR_UNSURE);
	shim_reset();
	n = assert_whole(f, WHO);
	assert_true(n == 1 || n == 2);
	assert_int_equal(whole(f, n + 1), COMMIT_DONE);
	assert_int_equal(fixture_reopen(f, KEY_A), 0);
	assert_int_equal(assert_whole(f, WHO), n + 1);
}

/* ---- kill -9 ---- */

enum { WRITERS = 4, KILLS = 6, REPORTS = 40 };

struct report {
	int contact;
	int turn;
};

struct child_thread {
	struct store *store;
	int number;
	int first;
	int pipe;
};

static const char *contact_of(struct arena *a, int number)
{
	return arena_printf(a, "whatsapp:+91987654320%d", number);
}

static void *write_for_ever(void *arg)
{
	const struct child_thread *c = arg;

	for (int i = c->first;; i++) {
		struct arena a = { 0 };
		struct report r = { c->number, i };
		struct err err;

		if (commit_whole(c->store, &a, contact_of(&a, c->number), i, &err) != COMMIT_DONE ||
		    write(c->pipe, &r, sizeof r) != sizeof r)
			_exit(3);
		arena_free(&a);
	}
}

/* The child: opens the store, lets threads commit and report until it is killed. */
static void child_main(struct fixture *f, const int *first, int out)
{
	pthread_t threads[WRITERS];
	struct child_thread c[WRITERS];

	if (f->driver->open(f) < 0)
		_exit(2);
	for (int i = 0; i < WRITERS; i++) {
		c[i] = (struct child_thread){ f->store, i, first[i] + 1, out };
		if (pthread_create(&threads[i], NULL, write_for_ever, &c[i]) != 0)
			_exit(2);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	_exit(2);
}

static void read_reports(int in, int *reported, int count)
{
	struct report r;

	/* After the kill: count is large, and the pipe ends by itself. */
	for (int i = 0; i < count && read(in, &r, sizeof r) == sizeof r; i++)
		if (r.turn > reported[r.contact])
			reported[r.contact] = r.turn;
}

static void killed_at_any_moment(struct fixture *f)
{
	int stored[WRITERS] = { 0 };

	store_close(&f->store);
	for (int round = 0; round < KILLS; round++) {
		int reported[WRITERS], ends[2], status;
		pid_t child;

		memcpy(reported, stored, sizeof reported);
		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (child == 0)
			child_main(f, stored, ends[1]);
		assert_true(child > 0);
		close(ends[1]);
		read_reports(ends[0], reported, REPORTS + 17 * round);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		read_reports(ends[0], reported, 1000000);
		close(ends[0]);

		assert_int_equal(f->driver->open(f), 0);
		for (int i = 0; i < WRITERS; i++) {
			int n = assert_whole(f, contact_of(&f->a, i));

			assert_true(n >= reported[i]);	   /* what was said is there */
			assert_true(n <= reported[i] + 1); /* and at most the one under way */
			stored[i] = n;
		}
		store_close(&f->store);
	}
	assert_true(stored[0] + stored[1] + stored[2] + stored[3] >= KILLS * REPORTS);
	assert_int_equal(f->driver->open(f), 0);
}

static const struct contract_case cases[] = {
	{ .name = "a full disk at every write", .run = a_full_disk_at_every_write },
	{ .name = "a file size limit", .run = a_file_size_limit },
	{ .name = "a failed group fails for all", .run = a_failed_group_fails_for_all },
	{ .name = "a disk that hangs is unsure", .run = a_disk_that_hangs_is_unsure },
	{ .name = "a failed sync is unsure", .run = a_failed_sync_is_unsure },
	{ .name = "killed at any moment", .run = killed_at_any_moment },
};

int main(void)
{
	shim_install();
	return contract_run_on("sqlite", "store disk", cases, sizeof cases / sizeof *cases);
}
