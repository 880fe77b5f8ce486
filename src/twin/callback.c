/*
 * callback.c - status callbacks: signed news of what became of a message.
 *
 * The faults lose, double or reorder them, as happens in life.
 */
#include "attempt_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FORM_MAX = 16384, SHOWN_MAX = 65536, LATE_MS = 1500 };

/* ---- what is told ---- */

static void add(struct buf *form, const char *name, const char *value)
{
	if (value)
		(void)form_add(form, str_of(name), str_of(value));
}

static const char *event_type(enum twin_status status)
{
	switch (status) {
	case TWIN_DELIVERED:
		return "DELIVERED";
	case TWIN_READ:
		return "READ";
	case TWIN_UNDELIVERED:
		return "UNDELIVERED";
	case TWIN_FAILED:
		return "FAILED";
	default:
		return NULL;
	}
}

static void add_error(struct buf *form, int error_code)
{
	char code[16];

	if (!error_code)
		return;
	(void)snprintf(code, sizeof code, "%d", error_code);
	add(form, "ErrorCode", code);
	add(form, "ChannelStatusMessage", "the sandbox did not deliver this message");
}

static void write_form(struct twin *twin, const struct twin_message *m, struct buf *form)
{
	const char *status = twin_status_names[m->status];
	const struct twin_phone *phone = twin_phone_by_address(twin, m->to);
	char install[TWIN_SID_SIZE], bsuid[96];

	(void)snprintf(install, sizeof install, "XE%.32s", twin->account_sid + 2);
	add(form, "EventType", event_type(m->status));
	add(form, "SmsSid", m->sid);
	add(form, "SmsStatus", status);
	add(form, "MessageStatus", status);
	add(form, "ChannelToAddress", strncmp(m->to, "whatsapp:", 9) == 0 ? m->to + 9 : m->to);
	add(form, "To", m->to);
	add(form, "ChannelPrefix", "whatsapp");
	add(form, "MessageSid", m->sid);
	add(form, "AccountSid", twin->account_sid);
	add(form, "StructuredMessage", m->approved ? "true" : "false");
	add(form, "MessagingServiceSid", m->service_sid);
	if (phone && (m->status == TWIN_DELIVERED || m->status == TWIN_READ)) {
		(void)snprintf(bsuid, sizeof bsuid, "whatsapp:%s", phone->bsuid);
		add(form, "ExternalUserId", bsuid);
	}
	add_error(form, m->error_code);
	add(form, "From", m->from);
	add(form, "ApiVersion", "2010-04-01");
	add(form, "ChannelInstallSid", install);
}

/* Mixed: of ten one is lost, two come late and two come twice. */
static enum twin_callback_fault choose(enum twin_callback_fault fault)
{
	static const enum twin_callback_fault dice[10] = { CALLBACKS_LOST, CALLBACKS_REORDERED,
							   CALLBACKS_REORDERED, CALLBACKS_DOUBLED,
							   CALLBACKS_DOUBLED };

	return fault == CALLBACKS_MIXED ? dice[id_random_u64() % 10] : fault;
}

void twin_callback_queue(struct twin *twin, const struct twin_message *m)
{
	const char *url = m->callback_url ? m->callback_url : m->by_api ? twin->status_url : "";
	enum twin_callback_fault fault = choose(twin->faults.callbacks);
	int64_t delay = fault == CALLBACKS_REORDERED && m->status == TWIN_SENT ? LATE_MS : 0;
	struct buf form;

	/* The first status is in the answer to the request; of TwiML nobody asked for it. */
	if (!*url || fault == CALLBACKS_LOST || m->direction != TWIN_OUT)
		return;
	if (m->status == TWIN_QUEUED && !m->service_sid)
		return;
	buf_init(&form, FORM_MAX);
	write_form(twin, m, &form);
	for (int i = 0; i < (fault == CALLBACKS_DOUBLED ? 2 : 1); i++)
		(void)twin_pool_callback(twin, m->sid, m->status, url, form.data, delay);
	buf_free(&form);
}

/* ---- telling it ---- */

static char *show(const struct attempt *at, enum twin_status status)
{
	struct json_writer w;
	struct buf out;
	char *text;

	buf_init(&out, SHOWN_MAX);
	json_begin(&w, &out);
	json_object(&w, NULL);
	json_add_text(&w, "url", at->url);
	json_add_text(&w, "status", twin_status_names[status]);
	twin_inspect_params(&w, "params", (struct str){ at->form.data, at->form.len });
	json_add_int(&w, "answer", at->got.status);
	json_end(&w);
	text = mem_strdup(out.full ? "{\"url\":\"too large to be shown\"}" : out.data);
	buf_free(&out);
	return text;
}

void twin_callback(struct twin *twin, const struct twin_job *job)
{
	struct twin_message *m;
	struct attempt at;
	char *shown;

	attempt_init(&at, job->url, "POST");
	(void)buf_adds(&at.form, job->form);
	if (attempt_perform(twin, &at)) {
		shown = show(&at, job->status);
		pthread_mutex_lock(&twin->lock);
		m = twin_message_find(twin, job->sid);
		if (m)
			twin_inspect_callback(twin, m, shown);
		else
			free(shown);
		pthread_mutex_unlock(&twin->lock);
	}
	attempt_free(&at);
}
