/*
 * test_conversation_parts.c - pace, recent replies and spool, each alone.
 */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/metric.h"

#include "../../src/conversation/conversation_private.h"
#include "../../src/conversation/spool_private.h"

#define KEYS	   "k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER_KEYS "k2:ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* ---- pace ---- */

static void test_pace(void **state)
{
	struct session s = { 0 };
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < 60; i++)
		assert_int_equal(pace_take(&s, now), PACE_GO);
	assert_int_equal(pace_take(&s, now), PACE_SAY_SLOW);
	assert_int_equal(pace_take(&s, now), PACE_SILENT);
	assert_int_equal(pace_take(&s, now + 4999), PACE_SILENT);
	assert_int_equal(pace_take(&s, now + 6100), PACE_GO); /* debt paid, one earned */
	assert_int_equal(pace_take(&s, now + 6101), PACE_SAY_SLOW);
	assert_int_equal(pace_take(&s, now + 3600000), PACE_GO); /* an hour later: as new */
	assert_int_equal(s.pace_tokens_milli, 59000);
}

static void test_pace_survives_a_clock_set_back(void **state)
{
	struct session s = { 0 };

	(void)state;
	assert_int_equal(pace_take(&s, 1000000), PACE_GO);
	assert_int_equal(pace_take(&s, 500000), PACE_GO);
	assert_int_equal(pace_take(&s, 500001), PACE_GO);
}

static void test_loop(void **state)
{
	struct str same = str_of("What is your name?"), other = str_of("Thank you");
	struct session s = { 0 };
	int64_t now = 1000;

	(void)state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(pace_loop(&s, &same, 1, now), PACE_GO);
	assert_int_equal(pace_loop(&s, &same, 1, now), PACE_SAY_SLOW);
	assert_int_equal(pace_loop(&s, &same, 1, now), PACE_SILENT);
	assert_int_equal(pace_loop(&s, NULL, 0, now), PACE_GO); /* saying nothing is no loop */
	assert_int_equal(pace_loop(&s, &other, 1, now), PACE_GO);
	assert_int_equal(pace_loop(&s, &same, 1, now), PACE_GO); /* not in a row any more */
	for (int i = 0; i < 40; i++)
		(void)pace_loop(&s, &same, 1, now); /* into silence */
	assert_int_equal(pace_loop(&s, &same, 1, now), PACE_SILENT);
	assert_int_equal(pace_loop(&s, &same, 1, now + 300001), PACE_GO);
}

/* ---- recent ---- */

static void test_recent(void **state)
{
	struct recent *r = recent_new();
	struct str texts[2] = { str_of("one"), str_of("two") };
	struct arena a = { 0 };
	struct reply got;

	(void)state;
	assert_false(recent_get(r, "whatsapp:+911", "SM1", &a, &got));
	recent_put(r, "whatsapp:+911", "SM1", texts, 2);
	assert_true(recent_get(r, "whatsapp:+911", "SM1", &a, &got));
	assert_int_equal(got.count, 2);
	assert_true(str_is(got.texts[1], "two"));
	assert_false(recent_get(r, "whatsapp:+912", "SM1", &a, &got));
	recent_put(r, "whatsapp:+911", "SM1", texts, 0);
	assert_true(recent_get(r, "whatsapp:+911", "SM1", &a, &got));
	assert_int_equal(got.count, 0);
	for (int i = 0; i < 20000; i++) { /* far more than it keeps */
		char id[32];

		snprintf(id, sizeof id, "SM%d", i);
		recent_put(r, "whatsapp:+913", id, texts, 1);
	}
	assert_true(recent_get(r, "whatsapp:+913", "SM19999", &a, &got));
	arena_free(&a);
	recent_free(&r);
	assert_null(r);
}

/* ---- pending ---- */

static void test_pending(void **state)
{
	struct pending p = { 0 };

	(void)state;
	assert_false(pending_has(&p, 7));
	for (uint64_t k = 0; k < 1000; k++)
		pending_add(&p, k * 64, 1); /* all into few slots of a small table */
	for (uint64_t k = 0; k < 1000; k += 2)
		pending_add(&p, k * 64, -1);
	for (uint64_t k = 1; k < 1000; k++)
		assert_int_equal(pending_has(&p, k * 64), k % 2);
	pending_clear(&p);
	assert_false(pending_has(&p, 64));
}

/* ---- spool ---- */

struct fixture {
	char folder[64];
	struct seal_ring *ring;
	struct spool *spool;
};

static void open_spool(struct fixture *f, const char *keys)
{
	struct err err = { 0 };

	assert_int_equal(seal_ring_parse(keys, &f->ring, &err), 0);
	if (spool_open(f->folder, f->ring, &f->spool, &err) < 0)
		fail_msg("%s", err.text);
}

static void close_spool(struct fixture *f)
{
	spool_close(&f->spool);
	seal_ring_free(&f->ring);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	snprintf(f->folder, sizeof f->folder, "/tmp/samvad-spool-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	open_spool(f, KEYS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char name[128];

	close_spool(f);
	for (int i = 1; i <= 4; i++) {
		snprintf(name, sizeof name, "%s/%02d.spool", f->folder, i);
		(void)unlink(name);
	}
	snprintf(name, sizeof name, "%s/unreadable", f->folder);
	(void)unlink(name);
	if (rmdir(f->folder) < 0)
		return -1; /* something was left behind that nobody knows */
	free(f);
	return 0;
}

static int64_t errors(const char *op)
{
	char labels[64];

	snprintf(labels, sizeof labels, "op=\"%s\"", op);
	return metric_value(metric_counter("samvad_spool_errors_total", labels, ""));
}

static struct inbound message(const char *contact, const char *id)
{
	struct inbound in;

	inbound_init(&in);
	in.channel = "twilio";
	in.contact = contact;
	in.external_id = id;
	in.text = "canary text";
	return in;
}

static void put(struct fixture *f, const char *contact, const char *id)
{
	struct inbound in = message(contact, id);
	struct err err = { 0 };

	if (spool_put(f->spool, &in, &err) < 0)
		fail_msg("%s", err.text);
}

static void expect_next(struct fixture *f, const char *id)
{
	struct arena a = { 0 };
	struct inbound in;
	struct err err = { 0 };

	assert_int_equal(spool_peek(f->spool, &a, &in, &err), 1);
	assert_string_equal(in.external_id, id);
	assert_string_equal(in.text, "canary text");
	spool_done(f->spool);
	arena_free(&a);
}

static void expect_empty(struct fixture *f)
{
	struct arena a = { 0 };
	struct inbound in;

	assert_int_equal(spool_peek(f->spool, &a, &in, NULL), 0);
	assert_int_equal(spool_count(f->spool), 0);
	arena_free(&a);
}

static void test_spool_keeps_order(void **state)
{
	struct fixture *f = *state;

	expect_empty(f);
	put(f, "whatsapp:+911", "SM1");
	put(f, "whatsapp:+912", "SM2");
	put(f, "whatsapp:+911", "SM3");
	assert_true(spool_holds(f->spool, "whatsapp:+911"));
	assert_false(spool_holds(f->spool, "whatsapp:+913"));
	expect_next(f, "SM1");
	expect_next(f, "SM2");
	assert_false(spool_holds(f->spool, "whatsapp:+912"));
	assert_true(spool_holds(f->spool, "whatsapp:+911"));
	put(f, "whatsapp:+912", "SM4");
	expect_next(f, "SM3");
	expect_next(f, "SM4");
	expect_empty(f);
	put(f, "whatsapp:+912", "SM5"); /* after the file was emptied */
	expect_next(f, "SM5");
	expect_empty(f);
}

static void test_spool_survives_restart(void **state)
{
	struct fixture *f = *state;

	put(f, "whatsapp:+911", "SM1");
	put(f, "whatsapp:+912", "SM2");
	expect_next(f, "SM1");
	close_spool(f);
	open_spool(f, KEYS);
	assert_true(spool_holds(f->spool, "whatsapp:+912"));
	expect_next(f, "SM1"); /* again: the store knows it */
	expect_next(f, "SM2");
	expect_empty(f);
}

static void test_spool_cuts_torn_end(void **state)
{
	struct fixture *f = *state;
	char name[128];
	struct stat st;

	put(f, "whatsapp:+911", "SM1");
	put(f, "whatsapp:+911", "SM2");
	close_spool(f);
	snprintf(name, sizeof name, "%s/01.spool", f->folder);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(truncate(name, st.st_size - 3), 0);
	open_spool(f, KEYS);
	assert_int_equal(spool_count(f->spool), 1);
	put(f, "whatsapp:+911", "SM3");
	expect_next(f, "SM1");
	expect_next(f, "SM3");
	expect_empty(f);
}

static void test_spool_takes_over_from_the_dead(void **state)
{
	struct fixture *f = *state;
	struct fixture other = { 0 };

	memcpy(other.folder, f->folder, sizeof f->folder);
	open_spool(&other, KEYS); /* a second process: its own file */
	put(f, "whatsapp:+911", "SM1");
	put(&other, "whatsapp:+912", "SM2");
	assert_int_equal(spool_count(f->spool), 1);
	close_spool(&other);
	close_spool(f);
	open_spool(f, KEYS);
	assert_int_equal(spool_count(f->spool), 2);
	expect_next(f, "SM1");
	expect_next(f, "SM2");
	expect_empty(f);
}

static void test_spool_is_sealed(void **state)
{
	struct fixture *f = *state;
	char name[128], bytes[4096];
	ssize_t n;
	int fd;

	put(f, "whatsapp:+911", "SM1");
	snprintf(name, sizeof name, "%s/01.spool", f->folder);
	fd = open(name, O_RDONLY);
	n = read(fd, bytes, sizeof bytes);
	close(fd);
	assert_true(n > 40);
	assert_null(memmem(bytes, (size_t)n, "canary", 6));
	assert_null(memmem(bytes, (size_t)n, "+911", 4));
	expect_next(f, "SM1");
}

static void test_spool_sets_unreadable_aside(void **state)
{
	struct fixture *f = *state;
	struct arena a = { 0 };
	struct inbound in;
	struct err err = { 0 };
	struct stat st;
	char name[128];

	put(f, "whatsapp:+911", "SM1");
	close_spool(f);
	open_spool(f, OTHER_KEYS); /* the old key was thrown away */
	put(f, "whatsapp:+912", "SM2");
	assert_int_equal(errors("open"), 0);
	assert_int_equal(spool_peek(f->spool, &a, &in, &err), -1);
	assert_int_equal(err.kind, ERR_PERM);
	assert_int_equal(errors("open"), 1);
	snprintf(name, sizeof name, "%s/unreadable", f->folder);
	assert_int_equal(stat(name, &st), 0);
	assert_true(st.st_size > 40);
	expect_next(f, "SM2");
	expect_empty(f);
	arena_free(&a);
}

static void test_spool_counts_what_it_refuses(void **state)
{
	struct fixture *f = *state;
	struct inbound in = message("whatsapp:+911", "SM1");
	struct err err = { 0 };
	struct arena a = { 0 };
	size_t n = 512 * 1024;
	char *raw = arena_alloc(&a, n);

	memset(raw, 'x', n);
	in.raw = (struct str){ raw, n };
	assert_int_equal(errors("put"), 0);
	assert_int_equal(spool_put(f->spool, &in, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(errors("put"), 1);
	expect_empty(f);
	arena_free(&a);
}

static void test_spool_refuses_a_folder_it_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct spool *spool = NULL;
	struct err err = { 0 };

	assert_int_equal(spool_open("/proc/samvad-spool", f->ring, &spool, &err), -1);
	assert_null(spool);
	assert_non_null(strstr(err.text, "/proc/samvad-spool"));
}

#define SPOOL_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_pace_survives_a_clock_set_back),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_recent),
		cmocka_unit_test(test_pending),
		SPOOL_TEST(test_spool_keeps_order),
		SPOOL_TEST(test_spool_survives_restart),
		SPOOL_TEST(test_spool_cuts_torn_end),
		SPOOL_TEST(test_spool_takes_over_from_the_dead),
		SPOOL_TEST(test_spool_is_sealed),
		SPOOL_TEST(test_spool_sets_unreadable_aside),
		SPOOL_TEST(test_spool_counts_what_it_refuses),
		SPOOL_TEST(test_spool_refuses_a_folder_it_cannot_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
