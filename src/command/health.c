/*
 * health.c - asks the running server how it is, so that an image needs no other tool.
 */
#include <stdio.h>

#include "command_private.h"

int run_health(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	struct client cl;
	struct err err = { 0 };
	struct str body;
	int status = 0;
	bool ready = false;
	const struct command_option options[] = { { "--ready", NULL, &ready } };
	int ret = command_options(self, argc, argv, options, 1, &rest);

	if (ret)
		return ret;
	if (rest.count)
		return command_misused(self, "it takes no argument");
	if (client_open(&cl, false, &err) < 0 ||
	    client_get(&cl, arena_printf(&cl.arena, "%s/health%s", cl.base, ready ? "/ready" : ""),
		       false, &status, &body, &err) < 0) {
		ret = command_failed(self, &err);
	} else {
		(void)puts(body.p);
		ret = status == 200 ? EXIT_OK : EXIT_FAULT;
	}
	client_close(&cl);
	return ret;
}
