/*
 * test_generate.c - writes conversations that pass all of a pack, and says what they cannot.
 */
#include <stdio.h>

#include "base/files.h"
#include "test_private.h"

static int write_files(const char *folder, const struct scenario_generation *made, struct arena *a,
		       struct err *err)
{
	if (folder_make(folder, err) < 0)
		return -1;
	for (size_t i = 0; i < made->count; i++) {
		const char *path = arena_printf(a, "%s/%s", folder, made->files[i].name);

		if (file_write_atomic(path, made->files[i].text, 0644, err) < 0)
			return -1;
		(void)printf("written %s\n", path);
	}
	return 0;
}

static void sum_up(const char *folder, const struct scenario_generation *made)
{
	for (size_t i = 0; i < made->unreached_count; i++) {
		test_print_place("not reached", folder, made->unreached[i].place);
		(void)printf(": %s\n", made->unreached[i].why);
	}
	if (made->trouble)
		(void)printf("%s: what was tried made the engine give up at least once: %s\n",
			     folder, made->trouble);
	if (made->limit)
		(void)printf("%s: the search was ended by %s: more may be reachable\n", folder,
			     made->limit);
	(void)printf("%s: %zu conversations pass %zu of %zu steps and exits; %zu states and %zu "
		     "turns were looked at\n",
		     folder, made->count, made->cover.count - made->unreached_count,
		     made->cover.count, made->states, made->turns);
}

int test_generate(const struct command *self, const char *folder, const struct file_tree *pack,
		  const struct flow *flow, struct test_generation wish)
{
	struct arena a = { 0 };
	struct scenario_generation made = { .count = 0 };
	struct err err = { 0 };
	int ret;

	if (scenario_generate(pack, flow, &a, &made, &err) < 0 ||
	    (!wish.out && folder_make(arena_printf(&a, "%s/tests", folder), &err) < 0) ||
	    write_files(wish.out ? wish.out : arena_printf(&a, "%s/tests/generated", folder), &made,
			&a, &err) < 0) {
		ret = command_failed(self, &err);
	} else {
		sum_up(folder, &made);
		ret = wish.strict && made.unreached_count ? EXIT_FAULT : EXIT_OK;
	}
	flow_cover_free(&made.cover);
	arena_free(&a);
	return ret;
}
