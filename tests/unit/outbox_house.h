/*
 * outbox_house.h - an outbox with everything around it: a store in memory, and a desk that plays
 * the provider. A contact's number says how the desk treats what is sent to it.
 */
#ifndef SAMVAD_TESTS_OUTBOX_HOUSE_H
#define SAMVAD_TESTS_OUTBOX_HOUSE_H

#include "check.h"
#include "net_peer.h"
#include "outbox.h"
#include "store/broadcast.h"

#define HOUSE_SENDER "whatsapp:+14155238886"
#define HOUSE_KEYS   "a:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

enum way {
	WAY_OK,
	WAY_BUSY_ONCE,	   /* 429 with Retry-After: 1, then takes it */
	WAY_LOST_ONCE,	   /* 500, not taken; then takes it */
	WAY_KEPT,	   /* 500, but taken */
	WAY_DROPPED,	   /* taken, and gone without an answer */
	WAY_HANG,	   /* taken, never answers */
	WAY_OPTED_OUT,	   /* 21610 */
	WAY_CLOSED,	   /* 63016 without a template */
	WAY_NOT_JOINED,	   /* 63015 */
	WAY_BAD,	   /* 21211 */
	WAY_BROKEN_ACCESS, /* 401, until the desk is mended */
	WAY_COUNT,
};

enum { DESK_MAX = 4000, DESK_SID = 35, HOUSE_BODY = 4096 };

struct desk_message {
	int64_t at_us;
	char to[64];
	char sid[DESK_SID];
	char text[64];
	bool as_template;
	char status[16];
};

struct desk {
	struct peer *peer;
	pthread_mutex_t lock; /* guards what follows */
	struct desk_message messages[DESK_MAX];
	size_t count;
	struct {
		int64_t at_us;
		char to[64];
	} posts[DESK_MAX];
	size_t post_count;
	unsigned gets;
	bool mended;
};

struct house {
	struct clock clock;
	struct seal_ring *ring;
	struct store *store;
	struct net *net;
	struct channel *channel;
	struct outbox *box;
	struct outbox *other; /* a second process, as it were */
	struct desk *desk;
	struct arena a;
	struct err err;
	char broadcast[ID_HEX_SIZE];
};

/* ---- the desk ---- */

/* The form's field, decoded as far as these tests need it. */
static inline void desk_field(const char *body, const char *name, char *out, size_t size)
{
	const char *at = strstr(body, name);
	size_t n = 0;

	out[0] = '\0';
	if (!at)
		return;
	for (at += strlen(name); *at && *at != '&' && *at != ' ' && n + 1 < size; at++) {
		unsigned byte;

		if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
			out[n++] = (char)byte;
			at += 2;
		} else {
			out[n++] = *at == '+' ? ' ' : *at;
		}
	}
	out[n] = '\0';
}

static inline enum way desk_way(const char *to)
{
	unsigned way = WAY_OK;

	return sscanf(to, "whatsapp:+9198%2u", &way) == 1 && way < WAY_COUNT ? way : WAY_OK;
}

/* Returns its sid. */
static inline const char *desk_keep(struct desk *d, const char *to, const char *body)
{
	struct desk_message *m = &d->messages[d->count];

	assert(d->count < DESK_MAX);
	snprintf(m->sid, sizeof m->sid, "SM%032zu", d->count++);
	snprintf(m->to, sizeof m->to, "%s", to);
	desk_field(body, "Body=", m->text, sizeof m->text);
	m->as_template = strstr(body, "ContentSid=") != NULL;
	snprintf(m->status, sizeof m->status, "queued");
	m->at_us = clock_mono_us();
	return m->sid;
}

static inline unsigned desk_posts_to(struct desk *d, const char *to)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->post_count; i++)
		n += strcmp(d->posts[i].to, to) == 0;
	return n;
}

static inline bool desk_error(struct peer_connection *c, const char *status, const char *headers,
			      int code)
{
	char body[64];

	snprintf(body, sizeof body, "{\"code\":%d}", code);
	peer_answer(c->fd, status, headers, body);
	return true;
}

static inline bool desk_created(struct peer_connection *c, const char *sid)
{
	char body[128];

	snprintf(body, sizeof body, "{\"sid\":\"%s\",\"status\":\"queued\"}", sid);
	peer_answer(c->fd, "201 Created", "", body);
	return true;
}

/* Decides under the lock, answers after it. */
static inline bool desk_post(struct desk *d, struct peer_connection *c)
{
	char to[64], sid[DESK_SID] = "";
	bool first, mended;
	enum way way;

	desk_field(c->body, "To=", to, sizeof to);
	way = desk_way(to);
	pthread_mutex_lock(&d->lock);
	first = desk_posts_to(d, to) == 0;
	mended = d->mended;
	assert(d->post_count < DESK_MAX);
	snprintf(d->posts[d->post_count].to, sizeof to, "%s", to);
	d->posts[d->post_count++].at_us = clock_mono_us();
	if (way == WAY_OK || way == WAY_KEPT || way == WAY_DROPPED || way == WAY_HANG ||
	    ((way == WAY_BUSY_ONCE || way == WAY_LOST_ONCE) && !first) ||
	    (way == WAY_CLOSED && strstr(c->body, "ContentSid=")) ||
	    (way == WAY_BROKEN_ACCESS && mended))
		snprintf(sid, sizeof sid, "%s", desk_keep(d, to, c->body));
	pthread_mutex_unlock(&d->lock);
	switch (way) {
	case WAY_DROPPED:
		return false;
	case WAY_HANG:
		return peer_hang(c);
	case WAY_KEPT:
		return desk_error(c, "500 Internal Server Error", "", 20500);
	default:
		break;
	}
	if (*sid)
		return desk_created(c, sid);
	switch (way) {
	case WAY_BUSY_ONCE:
		return desk_error(c, "429 Too Many Requests", "Retry-After: 1\r\n", 20429);
	case WAY_OPTED_OUT:
		return desk_error(c, "400 Bad Request", "", 21610);
	case WAY_CLOSED:
		return desk_error(c, "400 Bad Request", "", 63016);
	case WAY_NOT_JOINED:
		return desk_error(c, "400 Bad Request", "", 63015);
	case WAY_BAD:
		return desk_error(c, "400 Bad Request", "", 21211);
	case WAY_BROKEN_ACCESS:
		return desk_error(c, "401 Unauthorized", "", 20003);
	default:
		return desk_error(c, "500 Internal Server Error", "", 20500);
	}
}

static inline size_t desk_row(const struct desk_message *m, char *out, size_t size)
{
	return (size_t)snprintf(out, size,
				"{\"sid\":\"%s\",\"direction\":\"outbound-api\",\"body\":\"%s\","
				"\"status\":\"%s\"}",
				m->sid, m->text, m->status);
}

/* A list for one recipient, or one message. */
static inline bool desk_get(struct desk *d, struct peer_connection *c)
{
	const char *sid = strstr(c->text, "/Messages/");
	char to[64], body[HOUSE_BODY];
	size_t n = 0;

	desk_field(c->text, "?To=", to, sizeof to);
	pthread_mutex_lock(&d->lock);
	d->gets++;
	n += (size_t)snprintf(body, sizeof body, "%s", sid ? "" : "{\"messages\":[");
	for (size_t i = d->count; i-- > 0 && n < sizeof body - 300;) {
		const struct desk_message *m = &d->messages[i];

		if (sid ? strncmp(sid + 10, m->sid, DESK_SID - 1) != 0 : strcmp(m->to, to) != 0)
			continue;
		if (!sid && body[n - 1] != '[')
			body[n++] = ',';
		n += desk_row(m, body + n, sizeof body - n);
	}
	snprintf(body + n, sizeof body - n, "%s", sid ? "" : "],\"next_page_uri\":null}");
	pthread_mutex_unlock(&d->lock);
	peer_answer(c->fd, "200 OK", "", body);
	return true;
}

static inline bool desk_behave(struct peer_connection *c)
{
	struct desk *d = c->peer->arg;

	return strncmp(c->text, "POST ", 5) == 0 ? desk_post(d, c) : desk_get(d, c);
}

/* ---- the house ---- */

static inline struct outbox_settings house_settings(struct house *h)
{
	return (struct outbox_settings){ .store = h->store,
					 .channel = h->channel,
					 .net = h->net,
					 .clock = &h->clock,
					 .sender = HOUSE_SENDER,
					 .send_rate = 2000,
					 .poll_ms = 50,
					 .attempt_ms = 1000,
					 .look_ms = 50 };
}

static inline void house_open_store(struct house *h)
{
	struct store_settings set = { .redis_url = "", .data_dir = "" };
	struct broadcast existing, b = { .why = "",
					 .target_step = "",
					 .message = "Hello",
					 .content_sid = "",
					 .content_variables = "",
					 .request_key = "",
					 .request_digest = "",
					 .cursor = "" };
	const struct audit_entry audit = { clock_now_ms(&h->clock), "broadcast.create", "", "",
					   "" };

	assert_int_equal(seal_ring_parse(HOUSE_KEYS, &h->ring, &h->err), 0);
	set.ring = h->ring;
	assert_int_equal(store_open_memory(&set, &h->store, &h->err), 0);
	id_random(b.id);
	b.created_ms = clock_now_ms(&h->clock);
	memcpy(h->broadcast, b.id, sizeof b.id);
	if (store_broadcast_create(h->store, &b, &audit, &h->a, &existing, &h->err) != 1)
		fail_msg("broadcast: %s", h->err.text);
}

static inline struct house *house_open(const struct outbox_settings *own)
{
	struct house *h = calloc(1, sizeof *h);
	struct net_settings net = { .max_in_flight = 64, .user_agent = "test" };
	struct channel_settings ch = { .account_sid = "AC00112233445566778899aabbccddeeff",
				       .auth_tokens = "12345",
				       .sender = HOUSE_SENDER,
				       .messaging_service_sid = "",
				       .public_url = "",
				       .trusted_proxies = "" };
	struct outbox_settings set;
	char base[128];

	assert_non_null(h);
	clock_init_real(&h->clock);
	house_open_store(h);
	h->desk = calloc(1, sizeof *h->desk);
	assert_non_null(h->desk);
	pthread_mutex_init(&h->desk->lock, NULL);
	h->desk->peer = peer_start();
	pthread_mutex_lock(&h->desk->peer->lock);
	h->desk->peer->arg = h->desk;
	h->desk->peer->behave = desk_behave;
	pthread_mutex_unlock(&h->desk->peer->lock);
	ch.api_base = peer_url(h->desk->peer->port, "", base);
	assert_int_equal(channel_open_twilio(&ch, &h->channel, &h->err), 0);
	assert_int_equal(net_open(&net, &h->net, &h->err), 0);
	set = house_settings(h);
	if (own && own->send_rate)
		set.send_rate = own->send_rate;
	assert_int_equal(outbox_open(&set, &h->box, &h->err), 0);
	return h;
}

static inline void house_close(struct house *h)
{
	outbox_stop(h->box, 0);
	if (h->other)
		outbox_stop(h->other, 0);
	net_stop(h->net, 0);
	outbox_close(&h->box);
	outbox_close(&h->other);
	net_close(&h->net, 0);
	channel_close(&h->channel);
	store_close(&h->store);
	seal_ring_free(&h->ring);
	peer_stop(h->desk->peer);
	pthread_mutex_destroy(&h->desk->lock);
	free(h->desk);
	arena_free(&h->a);
	free(h);
}

static inline void house_send_broadcasts(struct house *h)
{
	outbox_use_broadcasts(h->box, &h->broadcast, 1);
	if (h->other)
		outbox_use_broadcasts(h->other, &h->broadcast, 1);
}

static inline const char *house_contact(struct house *h, enum way way, unsigned serial)
{
	return arena_printf(&h->a, "whatsapp:+9198%02u%06u", way, serial);
}

/* They write, and get these rows into their line. */
static inline void house_hear_from(struct house *h, const char *contact,
				   const struct outbound *rows, size_t count)
{
	struct session s = { .flow = "msme",
			     .step = "name",
			     .shown_step = "name",
			     .language = "en",
			     .call = { .id = "", .name = "", .step = "", .external_id = "" },
			     .receiver = HOUSE_SENDER,
			     .account = "" };
	int64_t now = clock_now_ms(&h->clock);
	char id[ID_HEX_SIZE];
	struct inbound in;
	struct turn_view view;
	enum commit_result result;
	struct turn t = { .contact = contact, .now_ms = now, .inbound = &in, .session = &s };

	id_random(id);
	inbound_init(&in);
	in.channel = "twilio";
	in.contact = contact;
	in.receiver = HOUSE_SENDER;
	in.external_id = id;
	in.text = "hello";
	in.received_ms = now;
	assert_int_equal(store_load(h->store, contact, NULL, now, &h->a, &view, &h->err), 0);
	s.revision = view.session ? view.session->revision : 0;
	s.created_ms = s.updated_ms = now;
	s.expires_ms = now + 86400000;
	t.facts = view.facts;
	t.facts.known = true;
	t.facts.first_in_ms = t.facts.last_in_ms = now;
	memcpy(t.facts.language, "en", 3);
	t.reply = (struct reply){ .state = REPLY_LATE };
	t.outbox = rows;
	t.outbox_count = count;
	if (store_commit(h->store, &t, &result, NULL, &h->err) < 0 || result != COMMIT_DONE)
		fail_msg("commit: %d %s", result, h->err.text);
}

static inline struct outbound house_row(struct house *h, const char *contact, const char *text)
{
	struct outbound o = { .channel = "twilio",
			      .contact = contact,
			      .sender = "",
			      .account = "",
			      .text = text,
			      .content_sid = "",
			      .content_variables = "",
			      .broadcast = "",
			      .created_ms = clock_now_ms(&h->clock),
			      .external_id = "" };

	o.due_ms = o.created_ms;
	id_random(o.id);
	return o;
}

/* Somebody who has written lately gets the broadcast; its row's id into id_out. */
static inline const char *house_recipient(struct house *h, const char *contact, const char *sid)
{
	struct outbound o = house_row(h, contact, "Hello");

	house_hear_from(h, contact, NULL, 0);
	o.kind = OUTBOUND_BROADCAST;
	o.broadcast = h->broadcast;
	o.content_sid = sid;
	outbound_recipient_id(h->broadcast, contact, o.id);
	if (store_recipients_add(h->store, &o, 1, &h->err) < 0)
		fail_msg("recipient: %s", h->err.text);
	return arena_strdup(&h->a, o.id);
}

static inline struct outbound house_row_now(struct house *h, const char *contact, const char *id)
{
	struct outbound o = { 0 };

	if (store_outbox_get(h->store, contact, id, NULL, &h->a, &o, &h->err) != 1)
		fail_msg("%s: no such row", contact);
	return o;
}

static inline struct contact_facts house_facts(struct house *h, const char *contact)
{
	struct turn_view view;

	assert_int_equal(
		store_load(h->store, contact, NULL, clock_now_ms(&h->clock), &h->a, &view, &h->err),
		0);
	return view.facts;
}

/* Whether the row comes to this state within 20 s. Looks, does not sleep blindly: the peer's
 * condition is signalled by every request. */
static inline bool house_await(struct house *h, const char *contact, const char *id,
			       enum outbound_state state)
{
	const int64_t until = clock_mono_ms() + 20000;
	struct peer *p = h->desk->peer;

	for (;;) {
		if (house_row_now(h, contact, id).state == state)
			return true;
		if (clock_mono_ms() >= until)
			return false;
		pthread_mutex_lock(&p->lock);
		(void)cond_wait_until(&p->changed, &p->lock, clock_mono_ms() + 10);
		pthread_mutex_unlock(&p->lock);
	}
}

static inline unsigned house_messages_to(struct house *h, const char *contact)
{
	unsigned n = 0;

	pthread_mutex_lock(&h->desk->lock);
	for (size_t i = 0; i < h->desk->count; i++)
		n += strcmp(h->desk->messages[i].to, contact) == 0;
	pthread_mutex_unlock(&h->desk->lock);
	return n;
}

static inline unsigned house_posts_to(struct house *h, const char *contact)
{
	unsigned n;

	pthread_mutex_lock(&h->desk->lock);
	n = desk_posts_to(h->desk, contact);
	pthread_mutex_unlock(&h->desk->lock);
	return n;
}

#endif
