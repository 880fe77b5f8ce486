/*
 * sign.c - the signature that Twilio would send with a form body.
 */
#include <stdio.h>

#include "channel.h"
#include "command_private.h"

enum { BODY_MAX = 1 << 20 };

int run_sign(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	const char *token = NULL;
	const struct command_option options[] = { { "--token", &token, NULL } };
	struct err err = { 0 };
	char signature[BASE64_SHA1_SIZE];
	struct buf body;
	int ret = command_options(self, argc, argv, options, 1, &rest);

	if (ret)
		return ret;
	if (!token || !*token)
		return command_misused(self, "--token is missing: the account's auth token");
	if (rest.count != 1)
		return command_misused(self, "give the URL as Twilio calls it");
	buf_init(&body, BODY_MAX);
	if (command_read_input(&body, &err) < 0 ||
	    twilio_sign(token, rest.list[0], (struct str){ body.data, body.len }, signature, &err) <
		    0)
		ret = command_failed(self, &err);
	else
		(void)puts(signature);
	buf_free(&body);
	return ret;
}
