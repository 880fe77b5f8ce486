/*
 * chat_record.c - what was said in the terminal, kept as a conversation that is a test.
 *
 * The twin has seen both sides and the calls in between, so it is asked for
 * its transcript. What texts show of this server's settings goes on top where
 * it is not what tests have anyway.
 */
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "command_private.h"
#include "scenario.h"

enum { RECORD_MAX = 1 << 24, FILE_MODE = 0644 };

int chat_record_check(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct arena a = { 0 };
	const char *folder =
		slash ? arena_strndup(&a, path, slash == path ? 1 : (size_t)(slash - path)) : ".";
	int ret = 0;

	if (access(path, F_OK) == 0)
		ret = err_set(err, ERR_INPUT, "%s is there already", path);
	else if (access(folder, W_OK) != 0)
		ret = err_set(err, ERR_INPUT, "no file can be made in %s", folder);
	arena_free(&a);
	return ret;
}

/* Only what the conversation shows: a file with settings of its own cannot be played over HTTP. */
static size_t choose_settings(const struct config *c, const char *transcript,
			      struct scenario_setting *out)
{
	const struct {
		struct scenario_setting now;
		const char *in_tests;
	} rows[] = {
		{ { "WEB_APP_URL", c->web_app_url, 0 }, "http://localhost:3000" },
		{ { "PUBLIC_URL", c->public_url, 0 }, "" },
		{ { "TWILIO_WHATSAPP_NUMBER", c->twilio_whatsapp_number, 0 },
		  "whatsapp:+14155238886" },
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (strcmp(rows[i].now.value, rows[i].in_tests) != 0 &&
		    strstr(transcript, rows[i].now.value))
			out[count++] = rows[i].now;
	}
	return count;
}

int chat_record(struct client *cl, const char *phone_id, const char *path, struct err *err)
{
	struct scenario_setting settings[3];
	struct scenario_record top = { .settings = settings };
	struct str transcript;
	struct buf file;
	int status;
	int ret = -1;

	if (client_ask(cl, "GET",
		       arena_printf(&cl->arena, "/sandbox/api/phones/%s/transcript", phone_id),
		       NULL, &status, &transcript, err) < 0)
		return -1;
	if (status != 200)
		return client_sandbox_refused(status, transcript, err);
	buf_init(&file, RECORD_MAX);
	top.setting_count = choose_settings(&cl->config, transcript.p, settings);
	if (scenario_write(&top, &file, err) < 0)
		goto out;
	if (buf_add(&file, transcript.p, transcript.n) < 0) {
		err_set(err, ERR_FULL, "the conversation is too long for one file");
		goto out;
	}
	ret = file_write_atomic(path, (struct str){ file.data, file.len }, FILE_MODE, err);
out:
	buf_free(&file);
	return ret;
}
