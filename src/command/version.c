/*
 * version.c - which one this is.
 */
#include <stdio.h>

#include "command_private.h"

int run_version(const struct command *self, int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return command_misused(self, "it takes no argument");
	(void)puts("samvad " SAMVAD_VERSION);
	return EXIT_OK;
}
