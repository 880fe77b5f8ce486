/*
 * verify.c - does a signature hold, and if not, what went wrong on the way.
 */
#include <stdio.h>

#include "channel.h"
#include "command_private.h"

enum { BODY_MAX = 1 << 20 };

struct request {
	const char *token;
	const char *url;
	const char *signature;
	const char *type;
};

static int explain(const struct command *self, const struct request *rq, struct str body)
{
	struct arena a = { 0 };
	struct twilio_explanation said = { 0 };
	struct err err = { 0 };
	int ret = EXIT_FAULT;

	if (twilio_explain(rq->token, rq->url, rq->signature, body, rq->type, &a, &said, &err) <
	    0) {
		ret = command_failed(self, &err);
	} else if (said.valid) {
		(void)printf("valid: %s\nsigned URL: %s\n", said.variant, said.signed_url);
		ret = EXIT_OK;
	} else {
		(void)printf("not valid: %s\n",
			     said.hint ? said.hint : "no usual mistake explains it");
	}
	arena_free(&a);
	return ret;
}

int run_verify(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	struct request rq = { .type = "application/x-www-form-urlencoded" };
	const struct command_option options[] = { { "--token", &rq.token, NULL },
						  { "--url", &rq.url, NULL },
						  { "--signature", &rq.signature, NULL },
						  { "--type", &rq.type, NULL } };
	struct err err = { 0 };
	struct buf body;
	int ret = command_options(self, argc, argv, options, 4, &rest);

	if (ret)
		return ret;
	if (!rq.token || !*rq.token || !rq.url || !rq.signature)
		return command_misused(self, "%s is missing",
				       !rq.token || !*rq.token ? "--token"
				       : !rq.url	       ? "--url"
							       : "--signature");
	if (rest.count)
		return command_misused(self, "\"%.40s\" is one word too many", rest.list[0]);
	buf_init(&body, BODY_MAX);
	if (command_read_input(&body, &err) < 0)
		ret = command_failed(self, &err);
	else
		ret = explain(self, &rq, (struct str){ body.data, body.len });
	buf_free(&body);
	return ret;
}
