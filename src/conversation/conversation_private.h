/*
 * conversation_private.h - the parts of the conductor and how they hang together.
 *
 * receive.c   a webhook's message: turn, wait, answer, or spool
 * turn.c      load, run the pure engine, commit; again on conflict
 * draft.c     what the engine's effects amount to
 * timer.c     the same without a message: reminders, the end of waiting
 * calls.c     business calls under way, and the webhooks that wait for them
 * lookup.c    what a flow wants to know of its records
 * spool.c     messages kept on disk while the store is away
 * drain.c     works the spool off when the store is back
 * housekeeper.c  leases, calls left by dead processes, sweeping
 * pace.c     pace and loops, pure
 * recent.c    replies given lately, for repeats while the store is away
 * held.c      sessions of those who wrote lately, so that their next turn need not load
 */
#ifndef SAMVAD_CONVERSATION_PRIVATE_H
#define SAMVAD_CONVERSATION_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "conversation.h"

struct calls;
struct spool;
struct recent;
struct held;

struct conversation {
	struct conversation_settings set;
	pthread_mutex_t bot_lock; /* guards bot, the pointer only */
	struct bot *bot;
	struct calls *calls;
	struct spool *spool;
	struct recent *recent; /* NULL on an embedded store */
	struct held *held;
	_Atomic uint64_t received; /* messages */
	_Atomic int64_t hurry_ms;  /* monotonic: no webhook waits longer; far away until the end */

	pthread_mutex_t lock; /* guards stopping; waited on by the two threads */
	pthread_cond_t changed;
	bool stopping;
	pthread_t housekeeper;
	pthread_t drainer;
};

enum {
	CALL_LEASE_MS = 6000, /* after this a call of a dead process is taken up */
	CALL_RENEW_MS = 2000,
};

bool conversation_is_stopping(struct conversation *c);
/* Waits ms or until the conversation stops; true when it stops. */
bool conversation_pause(struct conversation *c, int ms);

void *housekeeper_run(void *conversation);
void *drain_run(void *conversation);

/* ---- turn.c ---- */

enum turn_mode {
	TURN_INLINE, /* the reply goes into the HTTP answer */
	TURN_LATE,   /* the HTTP answer was the notice; the reply goes through the outbox */
};

enum turn_how {
	TURN_ANSWERED,	/* committed, the reply is decided */
	TURN_WAITS,	/* committed, the reply depends on session->call */
	TURN_SEEN,	/* there was a turn of this id: reply is its reply */
	TURN_ABANDONED, /* a result that nobody waits for any more */
	TURN_TROUBLE,	/* the flow failed: nothing committed, reply says so */
};

struct turn_done {
	enum turn_how how;
	struct reply reply;
	const struct session *session; /* after it; NULL when seen */
	const char *language;
	bool paced;
	bool parked; /* messages waited for this one */
};

/* One message. 0, or -1: store trouble as in store.h. */
int turn_message(struct conversation *c, struct bot *bot, const struct inbound *in,
		 enum turn_mode mode, struct arena *a, struct turn_done *done_out, struct err *err);

/* The result of the call `call_id`. With mode INLINE the reply of the message that
 * started it becomes the result if it is still open; else the result is queued. */
int turn_result(struct conversation *c, struct bot *bot, const char *contact, const char *call_id,
		const char *external_id, const struct integration_result *result,
		enum turn_mode mode, struct arena *a, struct turn_done *done_out, struct err *err);

/* The session's wake_ms has come (else nothing happens): what is said goes through the outbox. */
int turn_timer(struct conversation *c, struct bot *bot, const char *contact, struct arena *a,
	       struct err *err);

/* Logs and counts that the flow failed: the pack or we are to be mended. */
void turn_trouble(const struct err *cause);

/* The pack's "one moment" in this language, as a reply of one text. */
void turn_notice(struct conversation *c, const struct flow *flow, const char *language,
		 struct arena *a, struct reply *notice_out);

/* Rows for the outbox, one for each piece of each text. */
void turn_rows(struct conversation *c, const struct str *texts, size_t count, const char *contact,
	       const char *receiver, const char *account, struct arena *a,
	       struct outbound **rows_out, size_t *count_out);

struct flow_env turn_env(struct conversation *c, const char *contact,
			 const struct contact_facts *facts, struct arena *a);

/* ---- pace.c: pure ---- */

enum pace_verdict { PACE_GO, PACE_SAY_SLOW, PACE_SILENT };
/* Takes one token of the session's bucket. */
enum pace_verdict pace_take(struct session *s, int64_t now_ms);
/* Counts the same reply in a row. */
enum pace_verdict pace_loop(struct session *s, const struct str *texts, size_t count,
			    int64_t now_ms);

/* ---- calls.c ---- */

struct waiter { /* a webhook that waits for a reply; on its thread's stack */
	const char *contact;
	const char *external_id;
	struct reply
		reply; /* NONE until it is decided; guarded by the lock of calls, as the arena */
	struct arena arena; /* holds the reply: the thread's own arena is in use meanwhile */
	struct waiter *next;
};

int calls_open(struct conversation *c, unsigned workers, struct calls **calls_out, struct err *err);
/* No new calls, no new waiters; waits at most grace_ms for calls under way. Whatever
 * they say after that is not delivered: the next owner asks again. */
void calls_stop(struct calls *calls, int grace_ms);
/* After calls_stop: joins the threads. */
void calls_close(struct calls **calls);
/* Starts the call unless this process makes it already. Holds the bot for it. */
void calls_start(struct calls *calls, struct bot *bot, const char *contact, const char *call_id,
		 const char *external_id);
/* False when too many wait already, or the program stops: answer with the notice at once. */
bool calls_wait_begin(struct calls *calls, struct waiter *w);
/* Waits until the reply is decided in this process or ms are over; true when it is, with
 * the reply copied into the arena. */
bool calls_wait(struct calls *calls, struct waiter *w, int ms, struct arena *a,
		struct reply *reply_out);
void calls_wait_end(struct calls *calls, struct waiter *w);
/* Prolongs the leases of calls under way whose time has come. */
void calls_renew(struct calls *calls);
int64_t calls_in_flight(struct calls *calls);

/* ---- lookup.c ---- */

/* 0 with an outcome and what texts see of it; -1: store trouble, ask again. */
int calls_look(struct conversation *c, const struct flow *flow, const char *contact,
	       const char *language, const struct flow_call *call, struct arena *a,
	       struct integration_result *result_out, struct err *err);

/* ---- spool.c ---- */

/* Opens the folder, counts what is there. -1 when it cannot be written. */
int spool_open(const char *folder, const struct seal_ring *ring, struct spool **spool_out,
	       struct err *err);
void spool_close(struct spool **spool);
/* Durable when it returns 0. */
int spool_put(struct spool *spool, const struct inbound *in, struct err *err);
/* True while messages of this contact are in it: later ones must queue behind. */
bool spool_holds(struct spool *spool, const char *contact);
int64_t spool_count(struct spool *spool);
/* The oldest message: 1, or 0 when empty, or -1. The same one until spool_done. */
int spool_peek(struct spool *spool, struct arena *a, struct inbound *in_out, struct err *err);
void spool_done(struct spool *spool);

/* ---- recent.c ---- */

void reply_copy(const struct reply *from, struct arena *a, struct reply *to);

struct recent *recent_new(void);
void recent_free(struct recent **recent);
void recent_put(struct recent *r, const char *contact, const char *external_id,
		const struct str *texts, size_t count);
bool recent_get(struct recent *r, const char *contact, const char *external_id, struct arena *a,
		struct reply *reply_out);

/* ---- held.c: NULL holds nothing ---- */

struct held *held_new(void);
void held_free(struct held **held);
/* True with facts and session as the last commit here left them. The entry is gone by this. Only a
 * commit with turn.held may follow. */
bool held_take(struct held *h, const char *contact, int64_t now_ms, struct arena *a,
	       struct turn_view *view_out);
/* After a commit: what it was given. May decline. */
void held_put(struct held *h, const char *contact, const struct contact_facts *facts,
	      const struct session *session);
/* What was held was not true any more: others serve this contact too. */
void held_shun(struct held *h, const char *contact);
/* Frees what is too old; call every minute. */
void held_expire(struct held *h);

#endif
