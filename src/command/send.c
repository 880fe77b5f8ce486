/*
 * send.c - one message in, its reply out.
 */
#include <stdio.h>

#include "base/id.h"
#include "command_private.h"

static int print_reply(struct client *cl, struct str twiml, bool raw)
{
	const char *texts[TWIML_MAX_TEXTS];
	size_t count;

	if (raw)
		return puts(twiml.p) < 0 ? EXIT_FAULT : EXIT_OK;
	count = twiml_texts(twiml.p, &cl->arena, texts);
	for (size_t i = 0; i < count; i++)
		(void)printf("%s%s\n", i ? "\n" : "", texts[i]);
	return EXIT_OK;
}

int run_send(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	struct client_message m = { 0 };
	struct client cl;
	struct err err = { 0 };
	const char *to = NULL;
	bool raw = false;
	const struct command_option options[] = { { "--to", &to, NULL },
						  { "--sid", &m.sid, NULL },
						  { "--raw", NULL, &raw } };
	char id[ID_HEX_SIZE];
	struct str twiml;
	int ret;

	ret = command_options(self, argc, argv, options, sizeof options / sizeof *options, &rest);
	if (ret)
		return ret;
	if (rest.count != 2)
		return command_misused(self, "give FROM and TEXT (quote a text with blanks)");
	if (client_open(&cl, true, &err) < 0) {
		ret = command_failed(self, &err);
		goto out;
	}
	m.from = client_address(&cl, rest.list[0]);
	m.to = to ? client_address(&cl, to) : cl.config.twilio_whatsapp_number;
	m.text = rest.list[1];
	if (!m.from || !m.to) {
		ret = command_misused(self, "\"%.60s\" is not a number such as +919876543210",
				      m.from ? to : rest.list[0]);
		goto out;
	}
	if (!m.sid) {
		id_random(id);
		m.sid = arena_printf(&cl.arena, "SM%s", id);
	}
	if (client_send(&cl, &m, &twiml, &err) < 0)
		ret = command_failed(self, &err);
	else
		ret = print_reply(&cl, twiml, raw);
out:
	client_close(&cl);
	return ret;
}
