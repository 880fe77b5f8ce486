/*
 * show.c - the settings in force, or their table for README and .env.example.
 */
#include <stdio.h>
#include <string.h>

#include "command_private.h"

enum { PAGE_MAX = 65536 };

static int print_config(const struct command *self, struct buf *out)
{
	struct config c;
	struct err err = { 0 };
	int ret = EXIT_OK;

	if (config_load(&c, &err) < 0)
		return command_failed(self, &err);
	(void)config_print(&c, out);
	if (config_check(&c, &err) < 0)
		ret = command_failed(self, &err);
	config_free(&c);
	return ret;
}

int run_show(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	bool markdown = false;
	bool example = false;
	const struct command_option options[] = { { "--markdown", NULL, &markdown },
						  { "--env-example", NULL, &example } };
	struct buf out;
	int ret = command_options(self, argc, argv, options, 2, &rest);

	if (ret)
		return ret;
	if (rest.count != 1 || strcmp(rest.list[0], "config") != 0)
		return command_misused(self, "say what to show: config");
	buf_init(&out, PAGE_MAX);
	if (markdown)
		(void)config_print_markdown(&out);
	else if (example)
		(void)config_print_env_example(&out);
	else
		ret = print_config(self, &out);
	(void)fputs(out.data, stdout);
	buf_free(&out);
	return ret;
}
