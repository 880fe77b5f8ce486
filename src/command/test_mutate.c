/*
 * test_mutate.c - whether the conversations of a pack notice when it is changed.
 */
#include <stdio.h>

#include "test_private.h"

struct report {
	const char *folder;
};

static void see(void *arg, const struct scenario_change *c)
{
	const struct report *r = arg;

	if (c->noticed_by)
		return;
	(void)printf("not noticed: %s/%s:%u: %s%s%s", r->folder, c->file, c->line, c->where,
		     *c->where ? ": " : "", c->what);
	if (c->passed_by)
		(void)printf("; %s passes there and does not look", c->passed_by);
	else if (c->may_pass)
		(void)printf("; no conversation passes there");
	(void)putchar('\n');
}

int test_mutate(const struct command *self, const char *folder, const struct file_tree *pack,
		bool strict)
{
	struct arena a = { 0 };
	struct report report = { folder };
	struct scenario_changes sums;
	struct scenario_fault fault = { .file = "" };
	int ret = EXIT_FAULT;

	if (scenario_mutate(pack, see, &report, &sums, &a, &fault) < 0) {
		struct err err = { 0 };

		fault.file = arena_printf(&a, "%s/%s", folder, fault.file);
		test_print_fault("FAILED", &fault);
		(void)err_set(&err, ERR_INPUT,
			      "%s: changes say something only when all conversations pass", folder);
		ret = command_failed(self, &err);
		goto out;
	}
	if (sums.full)
		(void)printf("%s: more than %d changes are possible: the rest was not tried\n",
			     folder, SCENARIO_MAX_CHANGES);
	(void)printf("%s: %zu changes, %zu noticed (%zu %%), %zu not noticed; "
		     "%zu more could not run\n",
		     folder, sums.tried, sums.noticed,
		     sums.tried ? 100 * sums.noticed / sums.tried : 100, sums.tried - sums.noticed,
		     sums.refused);
	ret = strict && sums.noticed < sums.tried ? EXIT_FAULT : EXIT_OK;
out:
	arena_free(&a);
	return ret;
}
