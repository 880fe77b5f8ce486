/*
 * chat.c - a conversation in the terminal.
 *
 * Where there is a twin, a phone of the twin's says the lines, and is seen in
 * the browser too; else they go out as signed webhooks. Between lines it looks
 * at the twin for what comes by other ways: late messages through the Messages
 * API, and SMS of the demo Auth API to numbers that were typed. Works with a
 * pipe.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/form.h"
#include "base/id.h"
#include "base/json.h"
#include "base/mem.h"
#include "command_private.h"
#include "model/contact.h"
#include "template.h"

enum { LOOK_MS = 500, LINGER_MS = 1000, LINE_MAX_BYTES = 32768, MAX_SEEN = 1000, MAX_PHONES = 8 };

struct phone {
	char number[17]; /* +919876543210 */
	int64_t seen;	 /* number of the last SMS that was printed */
};

struct chat {
	struct client cl;
	const char *from; /* NULL until the twin gave a new number */
	bool terminal;
	bool twin; /* late messages and SMS can be looked at */
	char seen[MAX_SEEN][ID_HEX_SIZE + 2];
	size_t seen_count;
	struct phone phones[MAX_PHONES];
	size_t phone_count;
};

static void print_from(const char *who, const char *text)
{
	(void)printf("%s> ", who);
	for (; *text; text++) {
		(void)putchar(*text);
		if (*text == '\n')
			(void)printf("%*s", (int)strlen(who) + 2, "");
	}
	(void)putchar('\n');
	(void)fflush(stdout);
}

static void prompt(const struct chat *chat)
{
	if (!chat->terminal)
		return;
	(void)printf("you> ");
	(void)fflush(stdout);
}

/* ---- other ways ---- */

/* True the first time a message is met. */
static bool is_new(struct chat *chat, const char *sid)
{
	for (size_t i = 0; i < chat->seen_count && i < MAX_SEEN; i++)
		if (strcmp(chat->seen[i], sid) == 0)
			return false;
	(void)snprintf(chat->seen[chat->seen_count++ % MAX_SEEN], sizeof chat->seen[0], "%s", sid);
	return true;
}

/* Prints messages that are new, oldest first; the list comes newest first. */
static void look_at_messages(struct chat *chat, bool print)
{
	struct client *cl = &chat->cl;
	struct arena a = { 0 };
	const struct value *newest[64];
	const struct value *messages;
	struct value *root;
	struct str body;
	struct buf url;
	size_t count = 0;
	int status;

	buf_init(&url, 1024);
	(void)buf_addf(&url,
		       "%s/2010-04-01/Accounts/%s/Messages.json?To=", cl->config.twilio_api_base,
		       cl->identity.account_sid);
	(void)percent_encode(&url, str_of(chat->from));
	if (client_get(cl, url.data, true, &status, &body, NULL) == 0 && status == 200 &&
	    value_from_json(&a, body, &root, NULL) == 0 &&
	    (messages = value_get(root, "messages")) != NULL)
		for (const struct value *m = messages->first; m && count < 64; m = m->next)
			newest[count++] = m;
	while (count > 0) {
		const struct value *m = newest[--count];

		if (strcmp(client_text(m, "direction"), "outbound-api") == 0 &&
		    is_new(chat, client_text(m, "sid")) && print)
			print_from("bot (later)", client_text(m, "body"));
	}
	buf_free(&url);
	arena_free(&a);
}

static void look_at_sms(struct chat *chat, struct phone *phone, bool print)
{
	struct client *cl = &chat->cl;
	struct arena a = { 0 };
	struct value *root;
	struct str body;
	struct buf url;
	int status;

	buf_init(&url, 1024);
	(void)buf_addf(&url, "%s/sms?phone=", cl->config.auth_api_url);
	(void)percent_encode(&url, str_of(phone->number));
	if (client_get(cl, url.data, false, &status, &body, NULL) == 0 && status == 200 &&
	    value_from_json(&a, body, &root, NULL) == 0) {
		int64_t number = strtoll(client_text(root, "number"), NULL, 10);

		if (number > phone->seen && print)
			print_from(arena_printf(&a, "SMS to %s", phone->number),
				   client_text(root, "text"));
		phone->seen = number;
	}
	buf_free(&url);
	arena_free(&a);
}

static void look(struct chat *chat)
{
	if (!chat->twin)
		return;
	look_at_messages(chat, true);
	for (size_t i = 0; i < chat->phone_count; i++)
		look_at_sms(chat, &chat->phones[i], true);
}

/* Remembers a line that is a phone number, in one of the ways people write Indian ones. */
static void note_phone(struct chat *chat, const char *line)
{
	struct phone *phone = &chat->phones[chat->phone_count % MAX_PHONES];
	char digits[16];
	size_t n = 0;

	for (; *line && n < sizeof digits - 1; line++) {
		if (*line >= '0' && *line <= '9')
			digits[n++] = *line;
		else if (!strchr("+- ().", *line))
			return;
	}
	digits[n] = '\0';
	if (n < 10 || *line)
		return;
	for (size_t i = 0; i < chat->phone_count; i++)
		if (strcmp(chat->phones[i].number + 3, digits + n - 10) == 0)
			return;
	if (chat->phone_count == MAX_PHONES)
		return;
	*phone = (struct phone){ 0 };
	(void)snprintf(phone->number, sizeof phone->number, "+91%s", digits + n - 10);
	chat->phone_count++;
	look_at_sms(chat, phone, false);
}

/* ---- lines ---- */

/* Remembers who speaks. */
static int meet_phone(struct chat *chat, struct str told, struct err *err)
{
	struct arena a = { 0 };
	struct value *phone;
	int ret = value_from_json(&a, told, &phone, err);

	if (ret == 0)
		chat->from = client_address(
			&chat->cl, arena_strdup(&chat->cl.arena, client_text(phone, "address")));
	if (ret == 0 && (!chat->from || !contact_number(chat->from)))
		ret = err_set(err, ERR_PERM, "the sandbox gave a phone without a number");
	arena_free(&a);
	return ret;
}

/* The phone that speaks; it may be there already. */
static int take_phone(struct chat *chat, struct err *err)
{
	struct json_writer w;
	struct str body;
	struct buf json;
	int status;
	int ret;

	buf_init(&json, 512);
	json_begin(&w, &json);
	json_object(&w, NULL);
	if (chat->from)
		json_add_text(&w, "number", contact_number(chat->from));
	json_add_text(&w, "profile_name", "Samvad terminal");
	json_end(&w);
	ret = client_post(&chat->cl, "/sandbox/api/phones", json.data, &status, &body, err);
	buf_free(&json);
	if (ret < 0)
		return -1;
	if (status != 200 && status != 201)
		return client_sandbox_refused(status, body, err);
	return meet_phone(chat, body, err);
}

static int say_on_phone(struct chat *chat, const char *line, struct err *err)
{
	struct arena a = { 0 };
	const char *path =
		arena_printf(&a, "/sandbox/api/phones/%s/messages", contact_number(chat->from) + 1);
	const struct value *texts;
	struct json_writer w;
	struct value *root;
	struct str body;
	struct buf json;
	int status;
	int ret;

	buf_init(&json, 6 * LINE_MAX_BYTES + 64);
	json_begin(&w, &json);
	json_object(&w, NULL);
	json_add_text(&w, "text", line);
	json_add_bool(&w, "wait", true);
	json_end(&w);
	ret = client_post(&chat->cl, path, json.data, &status, &body, err);
	buf_free(&json);
	if (ret == 0 && (status != 201 || value_from_json(&a, body, &root, NULL) < 0))
		ret = client_sandbox_refused(status, body, err);
	if (ret == 0 && (texts = value_get(root, "texts")) != NULL)
		for (const struct value *t = texts->first; t; t = t->next)
			print_from("bot", t->text.p);
	arena_free(&a);
	return ret;
}

static int say_signed(struct chat *chat, const char *line, struct err *err)
{
	struct arena a = { 0 };
	const char *texts[TWIML_MAX_TEXTS];
	char id[ID_HEX_SIZE], sid[ID_HEX_SIZE + 2];
	struct client_message m = { .from = chat->from,
				    .to = chat->cl.config.twilio_whatsapp_number,
				    .sid = sid,
				    .text = line };
	struct str twiml;
	size_t count;
	int ret;

	id_random(id);
	(void)snprintf(sid, sizeof sid, "SM%s", id);
	ret = client_send(&chat->cl, &m, &twiml, err);
	if (ret == 0) {
		count = twiml_texts(twiml.p, &a, texts);
		for (size_t i = 0; i < count; i++)
			print_from("bot", texts[i]);
	}
	arena_free(&a);
	return ret;
}

static int say(struct chat *chat, const char *line, struct err *err)
{
	if (!chat->twin)
		return say_signed(chat, line, err);
	note_phone(chat, line);
	if (say_on_phone(chat, line, err) < 0)
		return -1;
	look(chat);
	return 0;
}

/* Sends each whole line of `in` and drops it from there. */
static int say_lines(struct chat *chat, struct buf *in, bool at_end, struct err *err)
{
	char *start = in->data;
	char *end = in->data + in->len;
	int ret = 0;

	while (ret == 0 && start < end) {
		char *eol = memchr(start, '\n', (size_t)(end - start));

		if (!eol && !at_end)
			break;
		if (!eol)
			eol = end;
		*eol = '\0';
		if (*start && !chat->terminal)
			print_from("you", start); /* a pipe's transcript shows both sides */
		if (*start)
			ret = say(chat, start, err);
		start = eol < end ? eol + 1 : end;
		prompt(chat);
	}
	memmove(in->data, start, (size_t)(end - start));
	in->len = (size_t)(end - start);
	in->data[in->len] = '\0';
	return ret;
}

/* Reads what is there. 1 more may come, 0 the end, -1. */
static int read_some(struct buf *in, struct err *err)
{
	char chunk[4096];
	ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);

	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0)
		return err_set(err, ERR_INPUT, "standard input: %s", strerror(errno));
	if (n > 0 && buf_add(in, chunk, (size_t)n) < 0)
		return err_set(err, ERR_INPUT, "a line is longer than %d bytes", LINE_MAX_BYTES);
	return n > 0;
}

static int talk(struct chat *chat, struct err *err)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct buf lines;
	int more = 1;
	int ret = 0;

	buf_init(&lines, LINE_MAX_BYTES);
	prompt(chat);
	while (ret == 0 && more == 1) {
		if (poll(&in, 1, LOOK_MS) <= 0) {
			look(chat);
			continue;
		}
		more = read_some(&lines, err);
		ret = more < 0 ? -1 : say_lines(chat, &lines, more == 0, err);
	}
	buf_free(&lines);
	return ret;
}

/* After the last line: what comes a moment later belongs to it. */
static void linger(struct chat *chat)
{
	int64_t until = clock_mono_ms() + LINGER_MS;

	while (chat->twin && clock_mono_ms() < until) {
		(void)poll(NULL, 0, LINGER_MS / 4);
		look(chat);
	}
}

static bool has_twin(const struct chat *chat)
{
	return chat->cl.config.sandbox && (!chat->from || contact_number(chat->from)) &&
	       strncmp(chat->cl.config.twilio_api_base, "http://127.0.0.1:", 17) == 0;
}

/* Finds out who speaks and how. A record begins with a new person, unless one was named: what was
 * said before belongs to it too. */
static int open_chat(struct chat *chat, const char *record, struct err *err)
{
	if (record && chat_record_check(record, err) < 0)
		return -1;
	chat->twin = has_twin(chat);
	if (record && !chat->twin)
		return err_set(err, ERR_PERM, "--record needs the sandbox and its phones");
	if (chat->twin && take_phone(chat, err) < 0)
		return -1;
	if (chat->twin)
		look_at_messages(chat, false);
	return 0;
}

static int hold_chat(struct chat *chat, const char *record, struct err *err)
{
	if (chat->terminal)
		(void)printf("You are %s. Say Hi; Ctrl-D ends.\n", chat->from);
	if (talk(chat, err) < 0)
		return -1;
	linger(chat);
	if (chat->terminal)
		(void)putchar('\n');
	return record ? chat_record(&chat->cl, contact_number(chat->from) + 1, record, err) : 0;
}

int run_chat(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	struct chat *chat;
	struct err err = { 0 };
	const char *from = NULL;
	const char *record = NULL;
	const struct command_option options[] = { { "--from", &from, NULL },
						  { "--record", &record, NULL } };
	int ret = command_options(self, argc, argv, options, 2, &rest);

	if (ret)
		return ret;
	if (rest.count)
		return command_misused(self, "\"%.40s\" is one word too many", rest.list[0]);
	chat = mem_alloc(sizeof *chat);
	chat->terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (client_open(&chat->cl, true, &err) < 0) {
		ret = command_failed(self, &err);
		goto out;
	}
	if (!from && !record)
		from = "+919999900001";
	chat->from = from ? client_address(&chat->cl, from) : NULL;
	if (from && !chat->from) {
		ret = command_misused(self, "\"%.60s\" is not a number such as +919876543210",
				      from);
		goto out;
	}
	if (open_chat(chat, record, &err) < 0 || hold_chat(chat, record, &err) < 0)
		ret = command_failed(self, &err);
out:
	client_close(&chat->cl);
	free(chat);
	return ret;
}
