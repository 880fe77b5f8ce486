/*
 * test_redis_held.c - turns on what was held: by whichever script, the same is left.
 */
#include "redis_fixture.c"

enum { TIMEOUT_MS = 20000 }; /* nothing here waits for it */

/* What is told of a held session beyond what the contract asks, of one that waits and one that
 * does not: how many scripts its next turn takes. */
static const struct {
	const char *name;
	int64_t call_due_ms;
	int64_t expires_ms;
	bool waits;
	int64_t scripts;
} tellings[] = {
	{ "nothing", 0, 0, false, 1 },
	{ "all", 0, NOW + DAY, false, 1 },
	{ "another end", 0, NOW + HOUR, false, 2 },
	{ "that it waits, but it does not", 0, NOW + DAY, true, 1 },
	{ "nothing, and it waits", NOW + HOUR, 0, false, 1 },
	{ "all, and it waits", NOW + HOUR, NOW + DAY, true, 1 },
	{ "that it does not wait, but it does", NOW + HOUR, NOW + DAY, false, 2 },
};

static void check_life(int64_t left, int64_t life)
{
	assert_true(left <= life && left > life - 60000);
}

/* A turn, the next one on what that left, told so, and what is there then. */
static void left_after(struct redis_fixture *f, size_t i, redisReply *left_out[3])
{
	const struct turn_held held = { NOW, CONSENT_NONE, tellings[i].expires_ms,
					tellings[i].waits };
	struct driver_turn t = a_turn(WHO, "SM1", 0);
	int shard = (int)redis_shard(WHO);

	freeReplyObject(look(f, "FLUSHALL"));
	t.call_due_ms = tellings[i].call_due_ms;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	t = a_turn(WHO, "SM2", 1);
	t.held = &held;
	t.session.step = "next";
	t.session.updated_ms++;
	t.facts.last_in_ms++;
	freeReplyObject(look(f, "CONFIG RESETSTAT"));
	assert_int_equal(commit(f, &t), COMMIT_DONE);
	if (calls_of(f, "evalsha") != tellings[i].scripts)
		fail_msg("%s: %d scripts", tellings[i].name, (int)calls_of(f, "evalsha"));
	if (look_int(f, "EXISTS samvad:{%d}:calls", shard) != 0)
		fail_msg("%s: it still waits", tellings[i].name);
	check_life(look_int(f, "PTTL samvad:{%d}:t:%s%b", shard, WHO, " SM2", (size_t)4),
		   DRIVER_SEEN_KEEP_MS);
	check_life(look_int(f, "PTTL samvad:{%d}:s:%s", shard, WHO), DAY);
	left_out[0] = look(f, "DUMP samvad:{%d}:s:%s", shard, WHO);
	left_out[1] = look(f, "DUMP samvad:{%d}:t:%s%b", shard, WHO, " SM2", (size_t)4);
	left_out[2] = look(f, "DUMP samvad:{%d}:c:%s", shard, WHO);
}

static void held_turns_leave_the_same(void **state)
{
	struct redis_fixture *f = fixture_start(NULL, TIMEOUT_MS);
	redisReply *first[3], *left[3];

	(void)state;
	left_after(f, 0, first);
	for (size_t i = 1; i < sizeof tellings / sizeof *tellings; i++) {
		left_after(f, i, left);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(left[k]->type, REDIS_REPLY_STRING);
			if (left[k]->len != first[k]->len ||
			    memcmp(left[k]->str, first[k]->str, left[k]->len) != 0)
				fail_msg("%s: key %zu is another", tellings[i].name, k);
			freeReplyObject(left[k]);
		}
	}
	for (size_t k = 0; k < 3; k++)
		freeReplyObject(first[k]);
	fixture_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_turns_leave_the_same),
	};

	return cmocka_run_group_tests_name("redis held", tests, NULL, NULL);
}
