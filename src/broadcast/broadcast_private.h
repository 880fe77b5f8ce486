/*
 * broadcast_private.h - what the files of broadcast/ share.
 *
 * accept.c    an admin's JSON → an order, or a refusal that names the member
 * letter.c    the texts of a broadcast: compiled, checked, written for one contact
 * plan.c      one contact of the audience → one row, or the reason of a skip
 * pages.c     pages of the audience as rows, read ahead
 * once.c      who was counted lately
 * rest.c      rests between pages while people write
 * planner.c   pages of the audience → rows in the store, under a lease
 * watch.c     the thread: plans, says what is to be sent, ends and pauses
 * steer.c     what an admin does to one
 * progress.c  counts → numbers that add up, and when it will be through; pure
 * show.c      all of it as JSON
 */
#ifndef SAMVAD_BROADCAST_PRIVATE_H
#define SAMVAD_BROADCAST_PRIVATE_H

#include <pthread.h>

#include "base/json.h"
#include "broadcast.h"
#include "template.h"

enum {
	BROADCASTER_PAGE = 500,	      /* rows of one write: a store's writer is held a few ms */
	BROADCASTER_PAGE_BUSY = 100,  /* while people write: they wait behind a page at the store */
	BROADCASTER_SLICE_MS = 300,   /* of planning, then others have their turn */
	BROADCASTER_LEASE_MS = 15000, /* after this another process goes on planning */
	BROADCASTER_MAX_OPEN = 200,   /* looked after at once, the oldest first */
	BROADCASTER_SAMPLES = 11,     /* one each second, for the rate */
};

/* What a process remembers of an open broadcast between two looks. */
struct broadcaster_watched {
	char id[ID_HEX_SIZE];
	bool seen;	       /* in this look */
	bool was_running;      /* in the last one */
	unsigned round;	       /* of the last one */
	int64_t planner_ms;    /* the lease that this process holds, or 0 */
	int64_t counted_ms;    /* monotonic; 0: not yet */
	int64_t since_ms;      /* trouble heard before does not count */
	int64_t base_failed;   /* what had failed and ended before the count for a pause began */
	int64_t base_finished; /* -1: not begun */
	int64_t waiting;
	struct {
		int64_t mono_ms;
		int64_t left; /* messages that had left by then */
	} samples[BROADCASTER_SAMPLES];
	size_t sample_count; /* the newest is samples[(sample_count - 1) % SAMPLES] */
	struct broadcaster_watched *next;
};

struct broadcaster {
	struct broadcaster_settings set;
	pthread_t watcher;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t woken; /* the watcher waits for it */
	pthread_cond_t news;  /* whoever waits for a plan does */
	bool wanted;
	bool stopping;
	struct broadcaster_watched *watched; /* changed by the watcher only */
	struct broadcaster_state state;
	char told[OUTBOX_MAX_BROADCASTS][ID_HEX_SIZE]; /* to the outbox; the watcher's own */
	size_t told_count;
	int64_t looked_back_ms; /* monotonic; the watcher's own */
};

/* ---- accept.c ---- */

struct broadcaster_order {
	const char *message;
	const char *target_step;
	const char *content_sid;
	const char *content_variables; /* JSON of an object of texts, or "" */
	int64_t send_at_ms;	       /* 0: at once */
	bool dry_run;
	bool whole; /* also of a refused one: it could be read, but cannot be done now */
};
/* -1 ERR_INPUT; *field_out names the member, "" the whole body. */
int broadcaster_read_order(struct str body, const struct flow *flow, const struct value *settings,
			   int64_t now_ms, struct arena *a, struct broadcaster_order *order_out,
			   const char **field_out, struct err *err);
/* "2026-11-20T09:28:40+05:30", fraction and seconds optional. -1: no such time, or no zone. */
int broadcaster_read_time(const char *text, int64_t *ms_out);

/* ---- letter.c ---- */

struct broadcaster_need; /* a value that the text cannot do without */
struct broadcaster_letter {
	struct template_set *set;
	const struct template *message; /* NULL: none */
	struct broadcaster_variable {
		const char *name;
		const struct template *text;
	} * variables;
	size_t variable_count;
	struct broadcaster_need *needs;
	bool uses_values;
	/* the first use that no session can fill, for a refusal */
	const char *unknown;
	const char *unknown_file;
	unsigned unknown_line;
};
/* Compiles the texts. flow NULL: unknown names are not looked for. -1 ERR_INPUT: a fault in the
 * text; *field_out names the member. Closed also then. */
int broadcaster_letter_open(const char *message, const char *variables, const struct flow *flow,
			    const struct value *settings, struct arena *a,
			    struct broadcaster_letter *letter_out, const char **field_out,
			    struct err *err);
void broadcaster_letter_close(struct broadcaster_letter *letter);
/* Writes the texts for one contact into the arena; or the reason of a skip. */
enum outbound_reason broadcaster_letter_write(const struct broadcaster_letter *letter,
					      const struct value *data, struct arena *a,
					      const char **text_out, const char **variables_out);

/* ---- plan.c ---- */

struct broadcaster_plan { /* what the rows of one broadcast are made from */
	const struct broadcast *broadcast;
	const struct broadcaster_letter *letter;
	const struct flow *flow;
	const struct value *settings;
	const char *channel;
	bool sandbox_sender;
	int64_t now_ms;
};
void broadcaster_plan_row(const struct broadcaster_plan *plan, const struct audience_member *member,
			  struct arena *a, struct outbound *row_out);
/* Whether a row is one that retry-failed sends again; began_ms: of the round. */
bool broadcaster_is_retried(const struct outbound *row, int64_t began_ms);

/* ---- pages.c ---- */

struct broadcaster_maker { /* what a page is made with */
	struct broadcaster *b;
	const struct broadcast *row;
	struct bot *bot;
	struct broadcaster_letter letter;
	struct arena arena; /* of the letter */
	uint64_t received;  /* messages, when the last page was begun */
};
int broadcaster_maker_open(struct broadcaster_maker *m, struct broadcaster *b,
			   const struct broadcast *row, struct err *err);
void broadcaster_maker_close(struct broadcaster_maker *m);
/* Rows of the next page, a small one if anybody wrote since the last; *cursor moves on. */
int broadcaster_make_page(struct broadcaster_maker *m, const char **cursor, struct arena *a,
			  struct outbound **rows_out, size_t *count_out, struct err *err);

enum { BROADCASTER_AHEAD = 3 }; /* pages read and not done with */
struct broadcaster_page {
	struct arena a;	    /* keeps what follows */
	const char *cursor; /* where it ends; "": nobody follows */
	struct outbound *rows;
	size_t count;
	struct err err;
	int ret;
};
struct broadcaster_reader {		 /* reads pages in a thread of its own */
	struct broadcaster_maker *maker; /* the thread's */
	pthread_t thread;
	bool runs;
	struct arena cursors;
	pthread_mutex_t lock; /* guards what follows, but for the page behind the last one */
	pthread_cond_t changed;
	struct broadcaster_page pages[BROADCASTER_AHEAD];
	unsigned first, count;
	const char *cursor; /* where the next page begins */
	bool over;	    /* nobody follows, or the last page is a fault */
	bool closing;
};
void broadcaster_reader_open(struct broadcaster_reader *r, struct broadcaster_maker *maker,
			     const char *cursor);
void broadcaster_reader_close(struct broadcaster_reader *r);
/* The oldest page, as long as it is not done with. Not to be asked for behind one that was the
 * last, or a fault. */
const struct broadcaster_page *broadcaster_page_wait(struct broadcaster_reader *r);
void broadcaster_page_done(struct broadcaster_reader *r);

/* ---- rest.c ---- */

/* Whether anybody wrote since *received was noted; notes it anew. */
bool broadcaster_heard(const struct broadcaster *b, uint64_t *received);

struct broadcaster_rest { /* since the last rest */
	const struct broadcaster *b;
	uint64_t received; /* messages */
	int64_t began_us;
};
void broadcaster_rest_begin(struct broadcaster_rest *r, const struct broadcaster *b);
/* After each page: rests four times as long as it took if anybody wrote meanwhile. */
void broadcaster_rest(struct broadcaster_rest *r);

/* ---- once.c ---- */

enum { BROADCASTER_ONCE = 16384 }; /* rows that are surely remembered */
struct broadcaster_once;
struct broadcaster_once *broadcaster_once_new(void);
void broadcaster_once_free(struct broadcaster_once *o);
/* False: this row id was asked for lately. */
bool broadcaster_once(struct broadcaster_once *o, const char *id);

/* ---- planner.c ---- */

/* Plans for a slice of time, if no other process does. 1 through, 0 not yet, -1. */
int broadcaster_plan_slice(struct broadcaster *b, struct broadcaster_watched *w, struct err *err);
/* Counts what a plan of `order` would hold, writing nothing. -1 ERR_TEMP: it takes too long. */
int broadcaster_plan_dry(struct broadcaster *b, const struct broadcast *order,
			 struct broadcast_count **list_out, size_t *count_out, struct arena *a,
			 struct err *err);

/* ---- progress.c: pure ---- */

enum broadcaster_outcome {
	OUTCOME_WAITING,
	OUTCOME_SENDING,
	OUTCOME_ACCEPTED,
	OUTCOME_DELIVERED,
	OUTCOME_READ,
	OUTCOME_FAILED,
	OUTCOME_UNSURE,
	OUTCOME_PARKED,
	OUTCOME_SKIPPED,
	OUTCOME_CANCELLED,
	OUTCOME_COUNT,
	OUTCOME_NONE, /* another row counts for it */
};
extern const char *const broadcaster_outcome_names[OUTCOME_COUNT];
/* Of one row, or of rows in one situation; cancelled: their broadcast is. Who said STOP to the
 * provider is skipped, as if we had known. */
enum broadcaster_outcome broadcaster_outcome_of(const struct broadcast_count *c, bool cancelled);
/* Why, in an outcome that is a skip or a failure. */
enum outbound_reason broadcaster_reason_of(const struct broadcast_count *c);
struct broadcast_count broadcaster_situation(const struct outbound *row); /* as rows of one */

struct broadcaster_progress {
	int64_t outcomes[OUTCOME_COUNT];
	int64_t audience;
	int64_t skipped[OUTBOUND_REASONS]; /* by reason */
	int64_t open; /* something is still to come of them, and not from the contact */
	/* for whoever pauses: without opt-outs and closed windows */
	int64_t failed;
	int64_t finished;
	int code; /* of most of the failed */
};
void broadcaster_count_up(const struct broadcast_count *list, size_t count, bool cancelled,
			  struct broadcaster_progress *p_out);
/* Enough has failed to stop and ask. */
bool broadcaster_is_failing(int64_t failed, int64_t finished);
/* When so many messages will have left, from `from_ms` on; quiet hours are passed over. */
int64_t broadcaster_finish_ms(int64_t messages, double per_second, int64_t from_ms,
			      const struct quiet_hours *quiet);
/* What a broadcast gets of a sender's rate. */
double broadcaster_share_of(unsigned send_rate);

/* ---- steer.c ---- */

/* Changes the row as fn says, again when another was faster. fn: 1 write it, 0 leave it, -1 refuse.
 * Returns fn's last word, *b_out as it is then; ERR_INPUT is never returned but by fn; not
 * there: 0 and b_out->revision 0. */
typedef int (*broadcaster_change_fn)(struct broadcast *b, void *arg, struct err *err);
int broadcaster_change(struct broadcaster *b, const char *id, broadcaster_change_fn fn, void *arg,
		       const struct audit_entry *audit, struct arena *a, struct broadcast *b_out,
		       struct err *err);

/* ---- watch.c ---- */

void *broadcaster_watch(void *broadcaster);
void broadcaster_wake(struct broadcaster *b);
/* Messages per second of the last ten; -1: not measured. */
double broadcaster_rate(struct broadcaster *b, const char *id);

/* ---- show.c ---- */

/* {"skipped":{…}} of an open object. */
void broadcaster_write_skipped(struct json_writer *w, const struct broadcaster_progress *p);
void broadcaster_write_time(struct json_writer *w, const char *key, int64_t ms); /* 0: null */
/* When what waits will have left; 0: nobody can tell, or it is past. */
int64_t broadcaster_expected(struct broadcaster *b, const struct broadcast *row,
			     const struct broadcaster_progress *p);

#endif
