/*
 * twin_private.h - what the files of twin/ share.
 *
 * One lock guards everything in struct twin; it is never held over the
 * network. One condition variable tells everybody who waits that something
 * changed: few wait, and each knows what for.
 */
#ifndef SAMVAD_TWIN_PRIVATE_H
#define SAMVAD_TWIN_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/form.h"
#include "base/id.h"
#include "base/json.h"
#include "model/contact.h"
#include "net.h"
#include "twin.h"

enum {
	TWIN_MESSAGES = 10000,	      /* kept, unless the limits say another number */
	TWIN_MOST_MESSAGES = 1000000, /* which may be so large */
	TWIN_RATE = 80,
	TWIN_MAX_PHONES = 64,
	TWIN_MAX_TEXT = 1600,	 /* characters of a message of the program's */
	TWIN_MAX_INBOUND = 4096, /* characters of a person's message: WhatsApp's own limit */
	TWIN_MAX_EVENTS = 2000,
	TWIN_MAX_EVENT_BYTES = 8 << 20,
	TWIN_MAX_INSPECTION_BYTES = 16 << 20,
	TWIN_MAX_ATTEMPTS = 24,	 /* shown per message */
	TWIN_MAX_CALLBACKS = 12, /* likewise */
	TWIN_MAX_BUTTONS = 3,
	TWIN_MAX_URL = 2048,
	TWIN_WORKERS = 24,     /* 20 copies at once, and some for callbacks */
	TWIN_MAX_WAITING = 64, /* requests that a fault holds up */
	TWIN_SID_SIZE = 35,
	TWIN_ID_SIZE = CONTACT_MAX + 1,
	TWIN_WEBHOOK_MS = 15000,  /* Twilio's patience */
	TWIN_WEBHOOK_MAX = 65536, /* bytes of TwiML: beyond is 11750 */
	TWIN_WINDOW_MS = 24 * 3600 * 1000,
};

/* ---- messages ---- */

enum twin_direction { TWIN_IN, TWIN_OUT, TWIN_SMS };
enum twin_kind { TWIN_TEXT, TWIN_CHOICE, TWIN_MEDIA, TWIN_LOCATION };
enum twin_status {
	TWIN_RECEIVED,
	TWIN_ACCEPTED,
	TWIN_SCHEDULED,
	TWIN_QUEUED,
	TWIN_SENDING,
	TWIN_SENT,
	TWIN_DELIVERED,
	TWIN_READ,
	TWIN_FAILED,
	TWIN_UNDELIVERED,
	TWIN_CANCELED,
};

struct twin_button {
	char id[201];
	char title[84]; /* 20 characters */
};

/* What the inspector shows: JSON texts, each owned. */
struct twin_inspection {
	char *attempts[TWIN_MAX_ATTEMPTS];
	size_t attempt_count;
	char *callbacks[TWIN_MAX_CALLBACKS];
	size_t callback_count;
	char *rest;
	char *texts; /* of the last good answer, a JSON array */
	char *before;
	char *after;
	size_t bytes;
};

struct twin_message {
	char sid[TWIN_SID_SIZE];
	char phone[TWIN_ID_SIZE]; /* id of the phone that shows it; maybe of none */
	char from[CONTACT_MAX + 1];
	char to[CONTACT_MAX + 1];
	enum twin_direction direction;
	enum twin_kind kind;
	enum twin_status status;
	bool by_api;   /* REST, else TwiML */
	bool approved; /* an approved template: may be sent outside the window */
	bool removed;  /* DELETE: not listed any more */
	bool hidden;   /* the phone's chat was cleared */
	int error_code;
	int64_t created_ms;
	int64_t updated_ms;
	int64_t sent_ms;    /* 0: not yet */
	int64_t expires_ms; /* end of the validity period */
	int64_t plan_ms;    /* when its next status is due; 0: none is */
	uint64_t event;	    /* number of the event that told of it last */
	char *text;	    /* owned, as all below; never NULL */
	char *payload;	    /* CHOICE, or NULL */
	char *media_type;   /* MEDIA, or NULL */
	char *media_url;
	char *latitude, *longitude, *label; /* LOCATION, or NULL */
	char *callback_url;		    /* or NULL */
	char *service_sid;		    /* or NULL */
	struct twin_button *buttons;	    /* owned, or NULL */
	size_t button_count;
	unsigned under_way; /* IN: deliveries that have not ended */
	bool answered;	    /* IN: its TwiML was carried out; copies change nothing more */
	bool telling;	    /* OUT: a status callback is under way */
	struct twin_inspection *inspection; /* or NULL */
};

/* ---- phones ---- */

struct twin_phone {
	bool used;
	char id[TWIN_ID_SIZE];
	char address[CONTACT_MAX + 1];
	char number[20]; /* "+91…", "" for a business-scoped id */
	char bsuid[64];	 /* "IN.…" */
	char profile_name[256];
	bool opted_out;
	int64_t last_in_ms;	  /* 0: never */
	char held[TWIN_SID_SIZE]; /* waits for the next one, to be overtaken; "" when none */
	unsigned typing;	  /* deliveries under way */
	unsigned order;		  /* counts up: pages show the oldest first */
};

struct twin_sms { /* what the demo Auth API remembers of an OTP */
	uint64_t number;
	char phone[17];
	char otp[7];
	char key[129]; /* Idempotency-Key, "" when none came */
	int64_t sent_ms;
};
enum { TWIN_MAX_SMS = 1000 };

struct twin_auth_call {		  /* a request to a demo API that was answered: for transcripts */
	char name[41];		  /* the call's in its pack */
	char phone[TWIN_ID_SIZE]; /* whose conversation it belongs to */
	size_t before;		  /* so many messages had been made */
	int status;
	bool malformed;
	char answer[2048];
};
enum { TWIN_MAX_AUTH_CALLS = 200 };

struct twin_demo_answer { /* of a packs' demo API: given again to the same Idempotency-Key */
	char key[129];
	int status;
	int times;  /* of the next one: for so many requests */
	char *body; /* owned, or NULL */
};
enum { TWIN_MAX_DEMO_ANSWERS = 200 };

/* ---- faults ---- */

enum twin_auth_fault {
	AUTH_OK,
	AUTH_400,
	AUTH_422,
	AUTH_429,
	AUTH_500,
	AUTH_503,
	AUTH_MALFORMED,
	AUTH_SLOW,
	AUTH_HANG,
	AUTH_FAULTS
};
enum twin_rest_fault { REST_OK, REST_429, REST_500, REST_503, REST_HANG, REST_LOST, REST_FAULTS };
enum twin_callback_fault {
	CALLBACKS_OK,
	CALLBACKS_LOST,
	CALLBACKS_REORDERED,
	CALLBACKS_DOUBLED,
	CALLBACKS_MIXED,
	CALLBACKS_FAULTS
};

struct twin_faults {
	int duplicate;
	int delay_ms;
	bool reorder;
	int drop_answer;
	enum twin_auth_fault auth;
	int auth_delay_ms;
	enum twin_rest_fault rest;
	int rest_times;
	int rest_every;
	int refused_code;
	int refused_every;
	int undelivered_code;
	int undelivered_every;
	enum twin_callback_fault callbacks;
	bool sandbox_rate;
};

/* How large this Twilio is; src/twin/API.md. */
struct twin_limits {
	int rate;      /* messages a second that leave the sender */
	int messages;  /* kept */
	bool everyone; /* whoever is written to has joined, and wrote a moment ago */
};

/* ---- work for the pool ---- */

enum twin_work { WORK_DELIVER, WORK_CALLBACK, TWIN_WORKS };

struct twin_job {
	TAILQ_ENTRY(twin_job) link;
	enum twin_work work;
	int64_t due_ms; /* monotonic */
	char sid[TWIN_SID_SIZE];
	enum twin_status status; /* CALLBACK: what is told */
	char *url;		 /* CALLBACK: owned */
	char *form;		 /* CALLBACK: owned */
};
TAILQ_HEAD(twin_jobs, twin_job);

struct twin_event {
	uint64_t number;
	const char *type; /* static */
	char *data;	  /* owned, JSON */
};

struct twin {
	/* constant after open */
	char *account_sid;
	char *auth_tokens;
	char *sign_token;
	struct clock *clock;
	char *sender;
	char *service_sid;
	char *webhook_url;
	char *fallback_url;
	char *status_url;
	char *session_url;
	char *page_dir;
	char *packs_dir;
	struct net *net;
	pthread_t workers[TWIN_WORKERS];
	size_t worker_count;
	pthread_t scheduler;
	bool scheduling;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	pthread_cond_t job_added; /* wakes one worker: at a thousand messages a second waking all
				     of them for each would be all that is done */
	pthread_cond_t plan_added;
	bool stopping;	  /* nothing new; waits end */
	unsigned waiting; /* requests held up by a fault */
	unsigned asking;  /* REST requests under way */

	struct twin_phone phones[TWIN_MAX_PHONES];
	unsigned phones_made;
	struct twin_message **messages; /* ring */
	size_t message_count;		/* ever made; the newest is at (message_count - 1) % keep */
	size_t keep;			/* places in the ring */
	size_t inspection_bytes;
	struct twin_sms sms[TWIN_MAX_SMS]; /* ring */
	size_t sms_count;
	struct twin_auth_call auth_calls[TWIN_MAX_AUTH_CALLS]; /* ring */
	size_t auth_call_count;
	struct twin_demo_answer demo_answers[TWIN_MAX_DEMO_ANSWERS]; /* ring */
	size_t demo_count;		   /* answers that changed something; {{counter}} */
	struct twin_demo_answer demo_next; /* the next request gets this one, if it is set */
	struct twin_event events[TWIN_MAX_EVENTS]; /* ring */
	uint64_t event_count;			   /* number of the newest; numbers count from 1 */
	uint64_t event_first;			   /* the oldest kept */
	size_t event_bytes;
	struct twin_faults faults;
	struct twin_limits limits;
	uint64_t
		rest_requests; /* POSTs that met a fault, or would have; of which every n-th does */
	uint64_t refusable;
	uint64_t undeliverable;
	struct twin_jobs jobs[TWIN_WORKS];
	size_t job_count; /* of all kinds */
	unsigned callbacks_running;
	int64_t sender_free_us; /* when the sender's queue has a place again, by the shared clock */
	int64_t sandbox_sent_ms; /* what the sandbox's own rate counts from */
	struct twin_plan *plan;	 /* heap of due status changes, src/twin/status.c */
	size_t plan_count, plan_cap;
};

struct twin_plan {
	int64_t due_ms; /* by the shared clock */
	char sid[TWIN_SID_SIZE];
};

/* One request, taken apart. */
struct twin_call {
	struct twin *twin;
	const struct webhook *hook;
	const char *path;    /* without "/sandbox" and without query */
	const char *args[2]; /* what stood for '*' in the route, or NULL */
	struct form query;
	struct arena arena;
	struct buf *out;
	struct twin_reply *reply;
};

/* ---- twin.c ---- */

/* Both return the status. An error as Twilio writes it; and as the rest of the program does. */
int twin_error(struct twin_call *call, int status, int code, const char *message);
int twin_refuse(struct twin_call *call, int status, const char *code, const char *field,
		const char *message);
/* The body as a JSON object, freed with json_free; NULL: refused with a 400. */
struct cJSON *twin_body(struct twin_call *call);
/* Waits for a change until this monotonic time. False: it is past, or the twin stops. */
bool twin_wait_until(struct twin *twin, int64_t until_ms);
/* The same for one of the twin's own conditions. */
bool twin_wait_for(struct twin *twin, pthread_cond_t *cond, int64_t until_ms);
void twin_changed(struct twin *twin);

/* ---- events.c ---- */

/* Publishes; takes `data`. Returns the event's number. */
uint64_t twin_event_add(struct twin *twin, const char *type, char *data);
void twin_events_free(struct twin *twin);

/* ---- record.c: the ring of messages ---- */

extern const char *const twin_status_names[];
/* A new message with a new id and empty text; NULL: the oldest is still on its way. */
struct twin_message *twin_message_new(struct twin *twin, enum twin_direction direction,
				      const char *prefix);
struct twin_message *twin_message_find(struct twin *twin, const char *sid);
size_t twin_messages_kept(const struct twin *twin);
/* The i-th newest. */
struct twin_message *twin_message_at(const struct twin *twin, size_t i);
/* Tells the pages. */
void twin_message_publish(struct twin *twin, struct twin_message *m);
void twin_message_write(const struct twin_message *m, struct json_writer *w);
void twin_messages_free(struct twin *twin);
/* Makes places for so many; what is kept stays. False: there are more already. */
bool twin_messages_grow(struct twin *twin, size_t keep);

/* ---- phones.c ---- */

struct twin_phone *twin_phone_find(struct twin *twin, const char *id);
struct twin_phone *twin_phone_by_address(struct twin *twin, const char *address);
/* "919876543210" of "whatsapp:+919876543210" or "+919876543210", "IN.1" of "whatsapp:IN.1". */
void twin_phone_id(const char *address, char id_out[TWIN_ID_SIZE]);
void twin_phone_publish(struct twin *twin, const struct twin_phone *phone);
void twin_phone_write(const struct twin_phone *phone, struct json_writer *w, const char *key);
/* What the person wrote may be a word that Twilio listens for: STOP, START. */
void twin_phone_hear(struct twin_phone *phone, const char *text);
/* One more, or one less, delivery under way: the page shows three dots. */
void twin_phone_typing(struct twin *twin, const char *id, int change);
int twin_phones_create(struct twin_call *call);
int twin_phones_delete(struct twin_call *call);
int twin_phones_patch(struct twin_call *call);
int twin_phones_read(struct twin_call *call);
int twin_phones_clear(struct twin_call *call);

/* ---- write.c: a person writes ---- */

int twin_write(struct twin_call *call);

/* ---- pool.c, deliver.c, callback.c ---- */

int twin_pool_start(struct twin *twin, struct err *err);
/* Joins the workers; drops what is queued. */
void twin_pool_stop(struct twin *twin);
/* Takes nothing; copies. -1: too much is queued. */
int twin_pool_deliver(struct twin *twin, const char *sid, int64_t delay_ms);
int twin_pool_callback(struct twin *twin, const char *sid, enum twin_status status, const char *url,
		       const char *form, int64_t delay_ms);

/* Queued deliveries of this message go after so long, not when they were planned. */
void twin_pool_hurry(struct twin *twin, const char *sid, int64_t delay_ms);

struct twin_got { /* what a request of the twin's came to; freed with twin_got_free */
	enum net_outcome outcome;
	int status;
	int64_t took_ms;
	struct buf body;
	struct buf head; /* header lines */
	char trouble[256];
};
/* Submits and waits, without the lock. False: the twin closes. */
bool twin_http(struct twin *twin, const struct net_request *req, struct twin_got *got_out);
void twin_got_free(struct twin_got *got);

/* Both are called without the lock, by a worker. */
void twin_deliver(struct twin *twin, const struct twin_job *job);
void twin_callback(struct twin *twin, const struct twin_job *job);
/* The form of an inbound message's webhook; lock held. error_code 0: not a fallback. */
void twin_deliver_form(const struct twin *twin, const struct twin_message *m,
		       const struct twin_phone *phone, int error_code, const char *error_url,
		       struct buf *form);

/* ---- status.c: the life of what was sent ---- */

int twin_status_start(struct twin *twin, struct err *err);
void twin_status_stop(struct twin *twin);
/* A new outbound message begins its life: at not_before_ms, or when the sender has room. */
void twin_status_begin(struct twin *twin, struct twin_message *m, int64_t not_before_ms);
/* Lets happen what is due now. */
void twin_status_run(struct twin *twin);
void twin_status_set(struct twin *twin, struct twin_message *m, enum twin_status status,
		     int error_code);
/* True when the sender's queue is as long as Twilio allows: four hours. */
bool twin_status_full(const struct twin *twin);

/* Tells the program, unless the faults forbid it; lock held. */
void twin_callback_queue(struct twin *twin, const struct twin_message *m);

/* ---- inspect.c ---- */

/* Each takes the text. */
void twin_inspect_attempt(struct twin *twin, struct twin_message *m, char *json);
void twin_inspect_callback(struct twin *twin, struct twin_message *m, char *json);
void twin_inspect_rest(struct twin *twin, struct twin_message *m, char *json);
void twin_inspect_texts(struct twin *twin, struct twin_message *m, char *json);
void twin_inspect_session(struct twin *twin, struct twin_message *m, char *before, char *after);
void twin_inspect_forget(struct twin *twin, struct twin_message *m);
/* [["name","value"],…] of a form. */
void twin_inspect_params(struct json_writer *w, const char *key, struct str form);
int twin_inspection(struct twin_call *call);

/* ---- the rest, one file each ---- */

int twin_state(struct twin_call *call);
int twin_clock(struct twin_call *call);
void twin_faults_init(struct twin_faults *f);
void twin_faults_write(const struct twin_faults *f, struct json_writer *w, const char *key);
int twin_faults_get(struct twin_call *call);
int twin_faults_put(struct twin_call *call);
int twin_faults_delete(struct twin_call *call);
/* True for every n-th time that `seen` counts. */
bool twin_fault_hits(uint64_t *seen, int every);
int twin_limits_get(struct twin_call *call);
int twin_limits_put(struct twin_call *call);
int twin_tally(struct twin_call *call);
int twin_transcript(struct twin_call *call);
int twin_page(struct twin_call *call);
int twin_auth_send_otp(struct twin_call *call);
/* The fault `auth`, for any demo API: the status that it makes, -1 when the request shall be
 * answered well (by now). Not heard: it hung until nobody waits any more. */
int twin_auth_spoil(struct twin_call *call, bool *heard_out);
/* Remembers an answer of a demo API for the transcript of a phone (its id); one too long for that
 * is left out. */
void twin_auth_note(struct twin_call *call, const char *name, const char *phone, int status);
int twin_demo(struct twin_call *call); /* everything below /demo */
int twin_demo_next(struct twin_call *call);
void twin_demo_free(struct twin *twin);
int twin_auth_sms(struct twin_call *call);
int twin_auth_health(struct twin_call *call);
int twin_rest(struct twin_call *call); /* everything below /twilio */

#endif
