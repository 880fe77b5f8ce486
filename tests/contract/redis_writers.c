/* redis_writers.c - see redis_writers.h. */
#include "redis_writers.h"

enum { WRITERS_DEADLINE_MS = 60000 };

static void writers_pause(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

static void writers_names(const struct writers *w, char *contact, char *id, size_t size, int thread,
			  int k, uint64_t n)
{
	(void)snprintf(contact, size, "whatsapp:+91%c0%02d%06d", *w->town, thread, k);
	(void)snprintf(id, size, "SM%d-%d-%llu", thread, k, (unsigned long long)n);
}

static void writers_broke(struct writers *w, const char *what, const char *contact,
			  const char *text)
{
	if (atomic_fetch_add(&w->broken, 1) == 0)
		(void)snprintf(w->why, sizeof w->why, "%s: %s: %s", contact, what, text);
}

/* 1: that message is stored, 0: it is not, -1: unknown. */
static int writers_look_up(struct writers *w, const char *contact, const char *id)
{
	struct arena a = { 0 };
	struct driver_view v = { 0 };
	struct err err = { 0 };
	int ret = w->driver->load(w->self, contact, id, NOW, &a, &v, &err);

	if (ret == 0)
		ret = v.reply_state != REPLY_NONE;
	arena_free(&a);
	return ret;
}

/* One message, until it is surely stored. False: the test is over, or something broke. */
static bool writers_store(struct writers *w, int thread, int k)
{
	uint64_t *revision = &w->revisions[thread][k];
	bool maybe = false;
	char contact[64], id[64];

	writers_names(w, contact, id, sizeof id, thread, k, *revision);
	while (!w->over || maybe) {
		struct driver_turn t = a_turn(contact, id, *revision);
		enum commit_result result;
		struct err err = { 0 };
		bool is_inline;
		int found;

		if (maybe && (found = writers_look_up(w, contact, id)) != 0) {
			if (found > 0)
				return true;
			writers_pause(10);
			continue;
		}
		maybe = false;
		if (w->driver->commit(w->self, &t, &result, &is_inline, &err) == 0) {
			if (result != COMMIT_DONE)
				writers_broke(w, result == COMMIT_SEEN ? "seen" : "conflict",
					      contact, id);
			return result == COMMIT_DONE;
		}
		if (err.kind != ERR_TEMP && err.kind != ERR_UNSURE) {
			writers_broke(w, err_kind_name(err.kind), contact, err.text);
			return false;
		}
		maybe = err.kind == ERR_UNSURE;
		(void)atomic_fetch_add(maybe ? &w->unsure : &w->temp, 1);
		writers_pause(10);
	}
	return false;
}

static void *writers_run(void *arg)
{
	struct writers *w = arg;
	int thread = atomic_fetch_add(&w->next, 1);

	while (!w->over && !w->broken) {
		for (int k = 0; k < CONTACTS_EACH; k++) {
			if (!writers_store(w, thread, k))
				continue;
			w->revisions[thread][k]++;
			(void)atomic_fetch_add(&w->done, 1);
		}
	}
	return NULL;
}

void writers_start(struct writers *w, const char *town, const struct store_driver *driver,
		   void *self)
{
	memset(w, 0, sizeof *w);
	w->town = town;
	w->driver = driver;
	w->self = self;
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&w->threads[i], NULL, writers_run, w), 0);
}

void writers_wait(struct writers *w, long more)
{
	long goal = w->done + more;
	int64_t until = clock_mono_ms() + WRITERS_DEADLINE_MS;

	while (w->done < goal && !w->broken) {
		if (clock_mono_ms() > until)
			fail_msg("the writers stand still: %ld of %ld", (long)w->done, goal);
		writers_pause(5);
	}
}

static void writers_check(struct writers *w, int thread, int k)
{
	struct arena a = { 0 };
	char contact[64], id[64];
	uint64_t n = w->revisions[thread][k];
	struct driver_view v = { 0 };
	struct err err = { 0 };

	writers_names(w, contact, id, sizeof id, thread, k, n - 1);
	if (w->driver->load(w->self, contact, id, NOW, &a, &v, &err) < 0)
		fail_msg("%s: %s", contact, err.text);
	if (n > 0 && (!v.has_session || v.session.revision != n || v.reply_state == REPLY_NONE))
		fail_msg("%s: revision %llu after %llu turns", contact,
			 (unsigned long long)v.session.revision, (unsigned long long)n);
	for (uint64_t i = 0; i < n; i++) {
		writers_names(w, contact, id, sizeof id, thread, k, i);
		if (writers_look_up(w, contact, id) != 1)
			fail_msg("%s: %s is not there", contact, id);
	}
	arena_free(&a);
}

void writers_finish(struct writers *w)
{
	w->over = true;
	for (int i = 0; i < WRITERS; i++)
		pthread_join(w->threads[i], NULL);
	if (w->broken)
		fail_msg("%s", w->why);
	for (int i = 0; i < WRITERS; i++)
		for (int k = 0; k < CONTACTS_EACH; k++)
			writers_check(w, i, k);
}
