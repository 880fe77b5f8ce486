/*
 * test.c - runs the conversations in a pack's tests folder and tells what they leave out.
 */
#include <stdio.h>
#include <string.h>

#include "pack_private.h"
#include "test_private.h"

struct sums {
	size_t files;
	size_t failed;
	size_t places[2]; /* by kind */
	size_t passed[2];
};

enum { LINE_MAX_BYTES = 8388608 };

/* ---- one file ---- */

void test_print_fault(const char *label, const struct scenario_fault *fault)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	(void)scenario_fault_format(fault, &line);
	(void)printf("%-7s %s\n", label, line.data);
	buf_free(&line);
}

static void run_file(const char *folder, const struct file *f, const struct flow *flow,
		     struct flow_cover *cover, struct sums *sums)
{
	struct arena a = { 0 };
	struct scenario *s;
	struct scenario_fault fault;
	const char *name = arena_printf(&a, "%s/%s", folder, f->path);

	sums->files++;
	if (scenario_parse(name, f->text, &a, &s, &fault) == 0 &&
	    scenario_run(s, flow, cover, &a, &fault) == 0) {
		(void)printf("ok      %s\n", name);
	} else {
		sums->failed++;
		test_print_fault("FAILED", &fault);
	}
	arena_free(&a);
}

/* ---- coverage ---- */

void test_print_place(const char *label, const char *folder, const struct flow_place *p)
{
	(void)printf("%s: %s/flow.json:%u: ", label, folder, p->line);
	if (*p->step)
		(void)printf("step %s", p->step);
	if (p->kind == FLOW_PLACE_EXIT)
		(void)printf("%s %s", *p->step ? ", exit" : "command", p->exit);
	if (p->branch)
		(void)printf(", branch %u", p->branch);
}

static size_t percent(const struct sums *sums, enum flow_place_kind kind)
{
	return sums->places[kind] ? 100 * sums->passed[kind] / sums->places[kind] : 100;
}

static void sum_up(const char *folder, const struct flow_cover *cover, struct sums *sums)
{
	for (size_t i = 0; i < cover->count; i++) {
		const struct flow_place *p = &cover->list[i];

		sums->places[p->kind]++;
		if (p->passed) {
			sums->passed[p->kind]++;
			continue;
		}
		test_print_place("not passed", folder, p);
		(void)putchar('\n');
	}
	(void)printf("%s: steps %zu/%zu (%zu %%), exits %zu/%zu (%zu %%)\n", folder,
		     sums->passed[FLOW_PLACE_STEP], sums->places[FLOW_PLACE_STEP],
		     percent(sums, FLOW_PLACE_STEP), sums->passed[FLOW_PLACE_EXIT],
		     sums->places[FLOW_PLACE_EXIT], percent(sums, FLOW_PLACE_EXIT));
	(void)printf("%zu passed, %zu failed\n", sums->files - sums->failed, sums->failed);
}

static bool is_complete(const struct sums *sums)
{
	return sums->passed[FLOW_PLACE_STEP] == sums->places[FLOW_PLACE_STEP] &&
	       sums->passed[FLOW_PLACE_EXIT] == sums->places[FLOW_PLACE_EXIT];
}

/* ---- one pack ---- */

static int test_flow(const char *folder, const struct file_tree *pack, const struct flow *flow,
		     bool strict)
{
	struct sums sums = { 0 };
	struct flow_cover cover;
	int ret;

	flow_cover_init(&cover, flow);
	for (size_t i = 0; i < pack->count; i++) {
		if (scenario_is_chat(pack->files[i].path))
			run_file(folder, &pack->files[i], flow, &cover, &sums);
	}
	if (sums.files)
		sum_up(folder, &cover, &sums);
	else
		(void)printf("%s: there is no conversation in %s/tests\n", folder, folder);
	ret = !sums.files || sums.failed || (strict && !is_complete(&sums)) ? EXIT_FAULT : EXIT_OK;
	flow_cover_free(&cover);
	return ret;
}

struct wish {
	bool strict;
	bool generate;
	bool mutate;
	const char *out;       /* where what is generated goes, or NULL */
	struct client *client; /* NULL: on the engine */
};

static int run_wish(const struct command *self, const struct pack *p, const struct wish *wish)
{
	if (wish->client)
		return test_over_http(self, p->folder, &p->tree, p->flow, wish->client);
	if (wish->mutate)
		return test_mutate(self, p->folder, &p->tree, wish->strict);
	if (wish->generate)
		return test_generate(self, p->folder, &p->tree, p->flow,
				     (struct test_generation){ wish->out, wish->strict });
	return test_flow(p->folder, &p->tree, p->flow, wish->strict);
}

static int test_pack(const struct command *self, const char *folder, const struct wish *wish)
{
	struct pack p;
	struct err err = { 0 };
	int ret;

	if (command_pack_open(&p, folder, &err) < 0)
		return command_failed(self, &err);
	if (p.flow) {
		if (wish->client)
			command_settings_demo(p.flow, wish->client->base);
		ret = run_wish(self, &p, wish);
	} else {
		command_print_faults(p.folder, &p.faults);
		(void)err_set(&err, ERR_INPUT, "the pack %s has faults: nothing was tested",
			      p.folder);
		ret = command_failed(self, &err);
	}
	command_pack_close(&p);
	return ret;
}

static int test_packs(const struct command *self, const struct command_arguments *folders,
		      const struct wish *wish)
{
	int ret = EXIT_OK;

	if (folders->count == 0)
		return test_pack(self, NULL, wish);
	for (size_t i = 0; i < folders->count; i++) {
		if (test_pack(self, folders->list[i], wish) != EXIT_OK)
			ret = EXIT_FAULT;
	}
	return ret;
}

/* What does not go together. 0, or EXIT_USAGE when said so. */
static int check_wish(const struct command *self, const struct wish *wish, const char *url,
		      size_t folders)
{
	if (url && wish->strict)
		return command_misused(self, "a running server does not tell what was passed: "
					     "--strict goes without --http");
	if ((url != NULL) + wish->generate + wish->mutate > 1)
		return command_misused(self, "--http, --generate and --mutate go one at a time");
	if (wish->out && !wish->generate)
		return command_misused(self, "--out goes with --generate");
	if (wish->out && folders > 1)
		return command_misused(self, "--out takes the conversations of one DIR");
	return 0;
}

int run_test(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	struct wish wish = { 0 };
	struct client client = { 0 };
	const char *url = NULL;
	struct err err = { 0 };
	const struct command_option options[] = { { "--strict", NULL, &wish.strict },
						  { "--http", &url, NULL },
						  { "--generate", NULL, &wish.generate },
						  { "--mutate", NULL, &wish.mutate },
						  { "--out", &wish.out, NULL } };
	int ret =
		command_options(self, argc, argv, options, sizeof options / sizeof *options, &rest);

	if (ret || (ret = check_wish(self, &wish, url, rest.count)) != 0)
		return ret;
	if (url && client_open_at(&client, url, &err) < 0) {
		ret = command_failed(self, &err);
	} else {
		wish.client = url ? &client : NULL;
		ret = test_packs(self, &rest, &wish);
	}
	if (url)
		client_close(&client);
	return ret;
}
