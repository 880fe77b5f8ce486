/*
 * twin.c - opening, closing, and which part answers a request below /sandbox.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "twin_private.h"

int twin_open(const struct twin_settings *set, struct twin **twin_out, struct err *err)
{
	struct twin *twin;

	if (!set->account_sid[0] || !set->auth_token[0])
		return err_set(err, ERR_INPUT, "the sandbox needs an account SID and a token");
	twin = mem_alloc(sizeof *twin);
	pthread_mutex_init(&twin->lock, NULL);
	twin->account_sid = mem_strdup(set->account_sid);
	twin->auth_tokens = mem_strdup(set->auth_token);
	twin->clock = set->clock;
	*twin_out = twin;
	return 0;
}

void twin_close(struct twin **twinp)
{
	struct twin *twin = *twinp;

	if (!twin)
		return;
	for (size_t i = 0; i < TWIN_MAX_KEPT; i++)
		free(twin->messages[i].body);
	mem_wipe_free(twin->auth_tokens, strlen(twin->auth_tokens));
	free(twin->account_sid);
	pthread_mutex_destroy(&twin->lock);
	free(twin);
	*twinp = NULL;
}

int twin_error(struct buf *out, int status, int code, const char *message)
{
	struct json_writer w;
	struct buf text;

	buf_init(&text, 128);
	(void)buf_addf(&text, "https://www.twilio.com/docs/errors/%d", code);
	json_begin(&w, out);
	json_object(&w, NULL);
	json_add_int(&w, "code", code);
	json_add_text(&w, "message", message);
	json_add_text(&w, "more_info", text.data);
	json_add_int(&w, "status", status);
	json_end(&w);
	buf_free(&text);
	return status;
}

static int route(struct twin_call *call)
{
	if (strncmp(call->path, "/auth", 5) == 0 && (!call->path[5] || call->path[5] == '/'))
		return twin_auth_answer(call);
	if (strncmp(call->path, "/twilio", 7) == 0 && (!call->path[7] || call->path[7] == '/'))
		return twin_messages_answer(call);
	return twin_error(call->out, 404, 20404, "nothing is here");
}

int twin_answer(struct twin *twin, const struct webhook *w, struct buf *body_out,
		const char **type_out)
{
	static const char prefix[] = "/sandbox";
	struct twin_call call = { .twin = twin, .hook = w, .out = body_out };
	const char *query = strchr(w->target, '?');
	size_t n = query ? (size_t)(query - w->target) : strlen(w->target);
	int status;

	*type_out = "application/json";
	call.path = arena_strndup(&call.arena, w->target, n);
	if (strncmp(call.path, prefix, sizeof prefix - 1) == 0)
		call.path += sizeof prefix - 1;
	if (form_decode(str_of(query ? query + 1 : ""), &call.arena, &call.query, NULL) < 0) {
		status = twin_error(body_out, 400, 20001, "the query is malformed");
	} else {
		pthread_mutex_lock(&twin->lock);
		status = route(&call);
		pthread_mutex_unlock(&twin->lock);
	}
	arena_free(&call.arena);
	return status;
}
