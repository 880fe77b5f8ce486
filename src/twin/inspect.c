/*
 * inspect.c - what a message went through, for who wants to see inside.
 *
 * Kept as finished JSON, so that showing it is joining it. All of it together
 * has a limit; the oldest goes first.
 */
#include "twin_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct twin_inspection *inspection_of(struct twin_message *m)
{
	if (!m->inspection)
		m->inspection = mem_alloc(sizeof *m->inspection);
	return m->inspection;
}

void twin_inspect_forget(struct twin *twin, struct twin_message *m)
{
	struct twin_inspection *in = m->inspection;

	if (!in)
		return;
	twin->inspection_bytes -= in->bytes;
	for (size_t i = 0; i < in->attempt_count; i++)
		free(in->attempts[i]);
	for (size_t i = 0; i < in->callback_count; i++)
		free(in->callbacks[i]);
	free(in->rest);
	free(in->texts);
	free(in->before);
	free(in->after);
	free(in);
	m->inspection = NULL;
}

/* Makes room by forgetting what other messages went through, the oldest first; an eighth at once,
 * for the way to the oldest is long. */
static void make_room(struct twin *twin, const struct twin_message *spared)
{
	size_t enough = TWIN_MAX_INSPECTION_BYTES - TWIN_MAX_INSPECTION_BYTES / 8;

	if (twin->inspection_bytes <= TWIN_MAX_INSPECTION_BYTES)
		return;
	for (size_t i = twin_messages_kept(twin); i-- > 0 && twin->inspection_bytes > enough;)
		if (twin_message_at(twin, i) != spared)
			twin_inspect_forget(twin, twin_message_at(twin, i));
}

static void publish(struct twin *twin, const struct twin_message *m)
{
	struct json_writer w;
	struct buf data;

	if (m->hidden || m->removed)
		return;
	buf_init(&data, 128);
	json_begin(&w, &data);
	json_object(&w, NULL);
	json_add_text(&w, "sid", m->sid);
	json_end(&w);
	(void)twin_event_add(twin, "inspection", mem_strdup(data.data));
	buf_free(&data);
}

static void account(struct twin *twin, struct twin_message *m, const char *json)
{
	size_t n = json ? strlen(json) : 0;

	m->inspection->bytes += n;
	twin->inspection_bytes += n;
	make_room(twin, m);
}

void twin_inspect_attempt(struct twin *twin, struct twin_message *m, char *json)
{
	struct twin_inspection *in = inspection_of(m);

	if (in->attempt_count == TWIN_MAX_ATTEMPTS) {
		free(json);
		return;
	}
	in->attempts[in->attempt_count++] = json;
	account(twin, m, json);
	publish(twin, m);
}

void twin_inspect_callback(struct twin *twin, struct twin_message *m, char *json)
{
	struct twin_inspection *in = inspection_of(m);

	if (in->callback_count == TWIN_MAX_CALLBACKS) {
		free(json);
		return;
	}
	in->callbacks[in->callback_count++] = json;
	account(twin, m, json);
	publish(twin, m);
}

void twin_inspect_rest(struct twin *twin, struct twin_message *m, char *json)
{
	inspection_of(m)->rest = json;
	account(twin, m, json);
}

void twin_inspect_texts(struct twin *twin, struct twin_message *m, char *json)
{
	struct twin_inspection *in = inspection_of(m);

	if (in->texts) {
		twin->inspection_bytes -= strlen(in->texts);
		in->bytes -= strlen(in->texts);
		free(in->texts);
	}
	in->texts = json;
	account(twin, m, json);
}

/* Of copies of a message the first delivery's "before" and the last one's "after" are shown. */
void twin_inspect_session(struct twin *twin, struct twin_message *m, char *before, char *after)
{
	struct twin_inspection *in = inspection_of(m);

	if (in->before) {
		free(before);
	} else if (before) {
		in->before = before;
		account(twin, m, before);
	}
	if (in->after) {
		twin->inspection_bytes -= strlen(in->after);
		in->bytes -= strlen(in->after);
		free(in->after);
	}
	in->after = after;
	account(twin, m, after);
	publish(twin, m);
}

void twin_inspect_params(struct json_writer *w, const char *key, struct str form)
{
	struct arena a = { 0 };
	struct form decoded = { 0 };

	(void)form_decode(form, &a, &decoded, NULL);
	json_array(w, key);
	for (size_t i = 0; i < decoded.count; i++) {
		json_array(w, NULL);
		json_add_str(w, NULL, decoded.fields[i].name);
		json_add_str(w, NULL, decoded.fields[i].value);
		json_end(w);
	}
	json_end(w);
	arena_free(&a);
}

static void join(struct buf *out, const char *key, char *const *parts, size_t count)
{
	(void)buf_addf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < count; i++) {
		(void)buf_adds(out, i ? "," : "");
		(void)buf_adds(out, parts[i]);
	}
	(void)buf_addc(out, ']');
}

int twin_inspection(struct twin_call *call)
{
	static const struct twin_inspection none;
	const struct twin_message *m = twin_message_find(call->twin, call->args[0]);
	const struct twin_inspection *in = m && m->inspection ? m->inspection : &none;
	struct buf *out = call->out;

	if (!m || m->removed)
		return twin_refuse(call, 404, "no_such_message", NULL,
				   "there is no message with this sid");
	(void)buf_addf(out, "{\"sid\":\"%s\"", m->sid);
	join(out, "attempts", in->attempts, in->attempt_count);
	(void)buf_adds(out, ",\"session\":{\"before\":");
	(void)buf_adds(out, in->before ? in->before : "null");
	(void)buf_adds(out, ",\"after\":");
	(void)buf_adds(out, in->after ? in->after : "null");
	(void)buf_adds(out, "},\"rest\":");
	(void)buf_adds(out, in->rest ? in->rest : "null");
	join(out, "callbacks", in->callbacks, in->callback_count);
	(void)buf_addc(out, '}');
	return 200;
}
