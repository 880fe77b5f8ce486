/*
 * deliver.c - one delivery of a person's message: the session before, the signed webhook,
 * its fallback, what the TwiML asks for, the session after.
 *
 * Copies of a message are all delivered and shown, but carried out is the
 * first good answer only: a repeat's answer must say the same again, and a
 * person would not get it twice.
 */
#include "attempt_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "twiml_private.h"

enum { MAX_DOCUMENTS = 50, SESSION_MS = 3000, SESSION_MAX = 4096 };

struct delivery {
	struct twin *twin;
	const char *sid;
	char phone[TWIN_ID_SIZE];
	char contact[CONTACT_MAX + 1];
	bool dropped; /* a fault: the first answer is thrown away */
	bool chosen;  /* this delivery's answer is the one that is carried out */
	const char *texts[MAX_DOCUMENTS * TWIML_MAX_MESSAGES]; /* of all its documents */
	size_t text_count;
	struct arena arena;
};

/* ---- the session, asked of the program like of any other ---- */

static char *ask_session(struct delivery *d)
{
	struct twin *twin = d->twin;
	struct net_request req = { .method = "GET",
				   .timeout_ms = SESSION_MS,
				   .max_answer = SESSION_MAX };
	struct twin_got got = { 0 };
	struct buf url;
	struct cJSON *root = NULL;
	char *text = NULL;

	if (!*twin->session_url)
		return NULL;
	buf_init(&url, TWIN_MAX_URL);
	(void)buf_addf(&url, "%s?contact=", twin->session_url);
	(void)percent_encode(&url, str_of(d->contact));
	req.url = url.data;
	if (twin_http(twin, &req, &got) && got.outcome == NET_ANSWERED && got.status == 200 &&
	    json_parse((struct str){ got.body.data, got.body.len }, &root, NULL) == 0)
		text = mem_strdup(got.body.data);
	json_free(&root);
	twin_got_free(&got);
	buf_free(&url);
	return text;
}

/* ---- what an answer asks for ---- */

/* What cannot be sent may be long; the phone shows its beginning. */
static size_t shown_bytes(const char *text)
{
	size_t skip;

	if (text_chars(str_of(text)) <= TWIN_MAX_INBOUND)
		return strlen(text);
	return text_cut(str_of(text), TWIN_MAX_INBOUND, &skip);
}

static void add_out(struct twin *twin, const struct twin_message *in,
		    const struct twiml_message *asked)
{
	struct twin_message *m = twin_message_new(twin, TWIN_OUT, asked->media_count ? "MM" : "SM");
	const char *to = asked->to && *asked->to ? asked->to : in->from;
	const char *from = asked->from && *asked->from ? asked->from : in->to;

	if (!m)
		return;
	(void)snprintf(m->to, sizeof m->to, "%s", to);
	(void)snprintf(m->from, sizeof m->from, "%s", from);
	twin_phone_id(to, m->phone);
	free(m->text);
	m->text = mem_strndup(asked->text, shown_bytes(asked->text));
	if (asked->media_count) {
		m->kind = TWIN_MEDIA;
		m->media_type = mem_strdup("application/octet-stream");
		m->media_url = mem_strdup(asked->media[0]);
	}
	m->callback_url = mem_strdup(asked->status_callback);
	m->status = TWIN_QUEUED;
	twin_message_publish(twin, m);
	if (asked->error_code)
		twin_status_set(twin, m, TWIN_FAILED, asked->error_code);
	else
		twin_status_begin(twin, m, 0);
}

static void keep_texts(struct delivery *d, struct twin_message *m, const struct twiml *t)
{
	struct json_writer w;
	struct buf out;

	buf_init(&out, 1 << 20);
	json_begin(&w, &out);
	json_array(&w, NULL);
	for (size_t i = 0; i < t->count; i++)
		d->texts[d->text_count++] = t->messages[i].text;
	for (size_t i = 0; i < d->text_count; i++)
		json_add_text(&w, NULL, d->texts[i]);
	json_end(&w);
	if (!out.full)
		twin_inspect_texts(d->twin, m, mem_strdup(out.data));
	buf_free(&out);
}

static void carry_out(struct delivery *d, const struct twiml *t)
{
	struct twin *twin = d->twin;
	struct twin_message *m;

	pthread_mutex_lock(&twin->lock);
	m = twin_message_find(twin, d->sid);
	if (m)
		keep_texts(d, m, t);
	if (m && (d->chosen || !m->answered)) {
		d->chosen = m->answered = true;
		for (size_t i = 0; i < t->count; i++)
			add_out(twin, m, &t->messages[i]);
	}
	pthread_mutex_unlock(&twin->lock);
}

/* ---- one document ---- */

static void write_form(struct delivery *d, int error_code, const char *error_url, struct buf *form)
{
	struct twin *twin = d->twin;
	const struct twin_message *m;

	pthread_mutex_lock(&twin->lock);
	m = twin_message_find(twin, d->sid);
	if (m)
		twin_deliver_form(twin, m, twin_phone_find(twin, d->phone), error_code, error_url,
				  form);
	pthread_mutex_unlock(&twin->lock);
}

static void judge(struct delivery *d, struct attempt *at, struct twiml *t)
{
	*t = (struct twiml){ .fatal = true };
	attempt_judge(at);
	if (at->code)
		return;
	if (d->dropped) {
		d->dropped = false;
		at->verdict = "timeout";
		at->code = 11200;
		(void)snprintf(at->why, sizeof at->why,
			       "the answer was thrown away, as the faults ask");
		return;
	}
	twiml_read((struct str){ at->got.body.data, at->got.body.len },
		   attempt_header(at, "Content-Type", &d->arena), &d->arena, t);
	at->verdict = t->verdict;
	at->code = t->code;
	(void)snprintf(at->why, sizeof at->why, "%s", t->why);
}

/* The bubble of what the person wrote says what its webhook met; a fallback may mend it, a further
 * document only adds to it. */
static void mark(struct delivery *d, struct twin_message *m, int code)
{
	if (code == m->error_code || (d->chosen && !code))
		return;
	m->error_code = code;
	twin_message_publish(d->twin, m);
}

static void record(struct delivery *d, const struct attempt *at)
{
	char *shown = attempt_show(at);
	struct twin_message *m;

	pthread_mutex_lock(&d->twin->lock);
	m = twin_message_find(d->twin, d->sid);
	if (m) {
		twin_inspect_attempt(d->twin, m, shown);
		mark(d, m, at->code);
	} else {
		free(shown);
	}
	pthread_mutex_unlock(&d->twin->lock);
}

/* Asks for one document. Returns its code, 0 when all is well; -1: the twin closes. */
static int fetch(struct delivery *d, const char *url, const char *method, int error_code,
		 const char *error_url, struct twiml *t)
{
	struct attempt at;
	int ret = -1;

	attempt_init(&at, url, method);
	write_form(d, error_code, error_url, &at.form);
	if (attempt_perform(d->twin, &at)) {
		judge(d, &at, t);
		record(d, &at);
		ret = at.code;
	}
	attempt_free(&at);
	return ret;
}

/* "/next" or "next" beside the document that says so. */
static const char *resolve(struct arena *a, const char *base, const char *next)
{
	const char *host = strstr(base, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;
	size_t origin = path ? (size_t)(path - base) : strlen(base);
	size_t folder = strcspn(base, "?#");

	if (strstr(next, "://"))
		return next;
	if (*next == '/')
		return arena_printf(a, "%.*s%s", (int)origin, base, next);
	while (folder > origin && base[folder - 1] != '/')
		folder--;
	return arena_printf(a, "%.*s%s%s", (int)folder, base, folder == origin ? "/" : "", next);
}

/* Follows Redirect and action. */
static void follow(struct delivery *d, const char *url, struct twiml *t)
{
	for (int i = 1; t->next && i < MAX_DOCUMENTS; i++) {
		bool get = t->next_get;

		url = resolve(&d->arena, url, t->next);
		if (fetch(d, url, get ? "GET" : "POST", 0, NULL, t) < 0 || t->fatal)
			return;
		carry_out(d, t);
	}
}

static void exchange(struct delivery *d)
{
	struct twin *twin = d->twin;
	bool was_dropped = d->dropped;
	const char *url = twin->webhook_url;
	struct twiml t;
	int code = fetch(d, url, "POST", 0, NULL, &t);

	if (code > 0 && t.fatal && (*twin->fallback_url || was_dropped)) {
		url = *twin->fallback_url ? twin->fallback_url : twin->webhook_url;
		code = fetch(d, url, "POST", code, twin->webhook_url, &t);
	}
	if (code < 0 || t.fatal)
		return;
	carry_out(d, &t);
	follow(d, url, &t);
}

/* ---- the whole of it ---- */

/* False: the message is not kept any more. */
static bool begin(struct delivery *d)
{
	struct twin *twin = d->twin;
	const struct twin_message *m;
	struct twin_phone *phone;

	pthread_mutex_lock(&twin->lock);
	m = twin_message_find(twin, d->sid);
	if (m) {
		(void)snprintf(d->phone, sizeof d->phone, "%s", m->phone);
		(void)snprintf(d->contact, sizeof d->contact, "%s", m->from);
		phone = twin_phone_find(twin, d->phone);
		if (phone && strcmp(phone->held, d->sid) == 0)
			phone->held[0] = '\0'; /* nobody overtook it */
		d->dropped = twin->faults.drop_answer > 0;
		twin->faults.drop_answer -= d->dropped;
		twin_phone_typing(twin, d->phone, 1);
	}
	pthread_mutex_unlock(&twin->lock);
	return m != NULL;
}

static void end(struct delivery *d, char *before, char *after)
{
	struct twin *twin = d->twin;
	struct twin_message *m;

	pthread_mutex_lock(&twin->lock);
	m = twin_message_find(twin, d->sid);
	if (m) {
		twin_inspect_session(twin, m, before, after);
		m->under_way--;
	} else {
		free(before);
		free(after);
	}
	twin_phone_typing(twin, d->phone, -1);
	twin_changed(twin);
	pthread_mutex_unlock(&twin->lock);
}

void twin_deliver(struct twin *twin, const struct twin_job *job)
{
	struct delivery d = { .twin = twin, .sid = job->sid };
	char *before, *after;

	if (!begin(&d))
		return;
	before = ask_session(&d);
	if (*twin->webhook_url)
		exchange(&d);
	after = ask_session(&d);
	end(&d, before, after);
	arena_free(&d.arena);
}
