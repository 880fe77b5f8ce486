/*
 * check.c - prints every fault of flow packs.
 */
#include <stdio.h>

#include "base/files.h"
#include "pack_private.h"

void command_print_faults(const char *folder, const struct flow_faults *faults)
{
	struct buf line;

	buf_init(&line, 8192);
	for (size_t i = 0; i < faults->count; i++) {
		const struct flow_fault *f = &faults->list[i];

		buf_reset(&line);
		(void)flow_fault_format(f, &line);
		(void)printf("%s: %s/%s\n", f->severity == FLOW_ERROR ? "error" : "warning", folder,
			     line.data);
	}
	buf_free(&line);
}

static int check_pack(const struct command *self, const char *folder)
{
	struct arena a = { 0 };
	struct flow_faults faults = { 0 };
	struct flow *flow = NULL;
	struct file_tree pack;
	struct err err = { 0 };
	int ret;

	if (file_tree_read(folder, &a, &pack, &err) < 0) {
		arena_free(&a);
		return command_failed(self, &err);
	}
	if (flow_load(&pack, &flow, &faults) == 0)
		flow_check(flow, &faults);
	command_print_faults(folder, &faults);
	ret = faults.errors || !flow ? EXIT_FAULT : EXIT_OK;
	if (flow && command_settings_check(flow, &err) < 0)
		ret = command_failed(self, &err);
	(void)printf("%s: %zu error%s, %zu warning%s\n", folder, faults.errors,
		     faults.errors == 1 ? "" : "s", faults.count - faults.errors,
		     faults.count - faults.errors == 1 ? "" : "s");
	flow_free(&flow);
	flow_faults_free(&faults);
	arena_free(&a);
	return ret;
}

static int check_configured(const struct command *self)
{
	struct config c;
	struct err err = { 0 };
	int ret;

	if (config_load(&c, &err) < 0)
		return command_failed(self, &err);
	ret = check_pack(self, arena_printf(&c.arena, "%s/%s", c.templates_dir, c.flow));
	config_free(&c);
	return ret;
}

int run_check(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	int ret = command_options(self, argc, argv, NULL, 0, &rest);

	if (ret)
		return ret;
	if (rest.count == 0)
		return check_configured(self);
	for (size_t i = 0; i < rest.count; i++)
		if (check_pack(self, rest.list[i]) != EXIT_OK)
			ret = EXIT_FAULT;
	return ret;
}
