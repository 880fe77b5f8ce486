/*
 * scenario.h - a conversation that is a test: a .chat file, run on the real engine, or played
 * where the caller can hold it.
 *
 * The clock is a number, calls are answered by the file, and between any two
 * lines the session is stored and read back: what does not survive a restart
 * is not there on the next line. A reply nobody expected is a fault. The
 * format is taught in templates/README.md.
 *
 * Pure: the caller reads and writes the files. One thread at a time.
 */
#ifndef SAMVAD_SCENARIO_H
#define SAMVAD_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/files.h"
#include "flow.h"
#include "model/inbound.h"

struct scenario; /* in the arena it was parsed into */

struct scenario_fault {
	const char *file; /* as given to scenario_parse */
	unsigned line;
	const char *what; /* one line, and below it what was expected and what came */
};
/* "first.chat:12: what"; further lines are indented. */
int scenario_fault_format(const struct scenario_fault *f, struct buf *out);

/* Borrows file and text: both must live as long as the arena. -1: the fault, in the arena. */
int scenario_parse(const char *file, struct str text, struct arena *a,
		   struct scenario **scenario_out, struct scenario_fault *fault);

/* Runs to the end or the first fault (-1). Packs see the program's settings as they are by
 * default, their own as they are set in the flow, and those of the file. cover may be NULL. */
int scenario_run(const struct scenario *s, const struct flow *flow, struct flow_cover *cover,
		 struct arena *a, struct scenario_fault *fault);

/* ---- the same file on a running program ---- */

/* A call that the file ends, as the engine makes it in this conversation. */
struct scenario_call {
	const char *name;
	const char *url;  /* with the default settings, and the flow's own as they are set */
	const char *step; /* of the session while it is under way */
	unsigned attempts;
	const char *outcome; /* as the file ends it; NULL: it does not */
	int status;	     /* and the answer in the file; 0: only an outcome */
	const char *json;    /* or "" */
	bool held;	     /* something else happens before that */
};

struct scenario_heard {
	const struct str *texts;
	size_t count;
	bool more; /* further ones may come */
};

/* Another place where the conversation can be held. -1 fails the file, with the text of err.
 * Of a call that is held, `say` returns when it is under way, else when it is over. */
struct scenario_world {
	/* Why it cannot make a call end so, or NULL. Asked in their order. */
	const char *(*cannot_call)(void *world, const struct scenario_call *call, struct arena *a);
	int (*begin)(void *world, const char *contact, const char *profile_name, struct err *err);
	/* call: the one that this begins, or NULL. */
	int (*say)(void *world, const struct inbound *message, const struct scenario_call *call,
		   struct err *err);
	int (*end_call)(void *world, const struct scenario_call *held, struct err *err);
	int (*pass)(void *world, int64_t ms, struct err *err);
	/* All texts since the last say, end_call, pass or finish. Once more: waits for a further
	 * one. */
	int (*hear)(void *world, const struct scenario_call *call, struct arena *a,
		    struct scenario_heard *heard_out, struct err *err);
	/* "step" or "language". 1, 0 there is none, -1. */
	int (*fact)(void *world, const char *name, struct arena *a, const char **text_out,
		    struct err *err);
	/* After the last line, also of a file that failed; what is held is let go. */
	int (*finish)(void *world, struct err *err);
};

/* Whether it can be played there. 1, 0 it cannot (the fault says why), -1 the file has a fault. */
int scenario_survey(const struct scenario *s, const struct flow *flow,
		    const struct scenario_world *w, void *world, struct arena *a,
		    struct scenario_fault *fault);
/* Plays it there, to the end or the first fault (-1). Adds to *unseen_out how many expectations
 * only the engine can answer: values, records, consent and what is in a call. */
int scenario_play(const struct scenario *s, const struct flow *flow, const struct scenario_world *w,
		  void *world, struct arena *a, size_t *unseen_out, struct scenario_fault *fault);

/* ---- writing down what happened ---- */

enum scenario_event_kind {
	SCENARIO_SAID,	  /* message: text, tap, media or location, as the contact sent it; with
			     text as a comment above it */
	SCENARIO_REPLIED, /* text: one message of the reply to the event before */
	SCENARIO_CALLED,  /* a call ended: name, and outcome or status with text as its JSON */
	SCENARIO_PASSED,  /* ms went by */
	SCENARIO_NOTED,	  /* text: further lines, as they are */
};

struct scenario_event {
	enum scenario_event_kind kind;
	const struct inbound *message;
	struct str text;
	const char *name;
	const char *outcome; /* or NULL: by status */
	int status;
	int64_t ms;
};

struct scenario_setting {
	const char *name;
	const char *value;
	unsigned line; /* where a file has it */
};

struct scenario_record {
	const char *title;   /* the comment on top, or NULL */
	const char *contact; /* or NULL, as the following */
	const char *profile_name;
	const char *language; /* the one that was remembered of the contact before */
	const struct scenario_setting *settings; /* what texts show of the program's settings */
	size_t setting_count;
	const struct scenario_event *events;
	size_t event_count;
};

/* Appends a .chat file that passes on the flow that was recorded. Ids that differ from run to run
 * become "…". -1 ERR_INPUT: something a .chat file cannot say; ERR_FULL. */
int scenario_write(const struct scenario_record *r, struct buf *out, struct err *err);

/* ---- do the conversations of a pack notice? ---- */

/* Whether a file of a pack is a conversation: tests/NAME.chat, also in a folder below. */
bool scenario_is_chat(const char *path);

struct scenario_change { /* of one place of a pack; valid during the call */
	const char *file;
	unsigned line;
	const char *where;	/* "step confirmation, exit no", or "" */
	const char *what;	/* "leads to name instead of details" */
	const char *noticed_by; /* the conversation that fails then, or NULL */
	const char *passed_by;	/* the first that passes the place, or NULL */
	bool may_pass;		/* coverage knows the place: NULL above means that none does */
};

struct scenario_changes {
	size_t tried; /* of those that load and have no fault that was not there before */
	size_t noticed;
	size_t refused; /* by loading or checking: nobody can run them */
	bool full;	/* there were more than are tried */
};

enum { SCENARIO_MAX_CHANGES = 4000 };

/* Changes the pack, one place at a time, and runs its conversations on each; see() hears of every
 * change that was tried. -1: the fault; a conversation fails on the pack as it is, or there is
 * none, or the pack does not load. */
int scenario_mutate(const struct file_tree *pack,
		    void (*see)(void *arg, const struct scenario_change *change), void *arg,
		    struct scenario_changes *sums_out, struct arena *a,
		    struct scenario_fault *fault);

/* ---- conversations made from the flow itself ---- */

struct scenario_made {
	const char *name; /* "03-sector-wrong.chat" */
	struct str text;
};

struct scenario_unreached {
	const struct flow_place *place; /* of the cover in the generation */
	const char *why;
};

struct scenario_generation { /* in the caller's arena, but for the cover */
	struct scenario_made *files;
	size_t count;
	struct flow_cover cover; /* what the files pass; freed with flow_cover_free */
	struct scenario_unreached *unreached;
	size_t unreached_count;
	size_t states;	     /* that were looked at */
	size_t turns;	     /* that were run to find the way */
	const char *limit;   /* what ended the search before all was tried, or NULL */
	const char *trouble; /* what the first turn that failed said, or NULL */
};

/* Searches a small set of conversations that pass every step and exit, with answers from the
 * rules of the inputs; each passes when it is run. The same pack makes the same files. -1: the
 * pack is none. */
int scenario_generate(const struct file_tree *pack, const struct flow *flow, struct arena *a,
		      struct scenario_generation *out, struct err *err);

#endif
