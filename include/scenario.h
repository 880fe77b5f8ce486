/*
 * scenario.h - a conversation that is a test: a .chat file, run on the real engine.
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

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
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
 * default, and those of the file. cover may be NULL. */
int scenario_run(const struct scenario *s, const struct flow *flow, struct flow_cover *cover,
		 struct arena *a, struct scenario_fault *fault);

/* ---- writing down what happened ---- */

enum scenario_event_kind {
	SCENARIO_SAID,	  /* message: text, tap, media or location, as the contact sent it */
	SCENARIO_REPLIED, /* text: one message of the reply to the event before */
	SCENARIO_CALLED,  /* a call ended: name, and outcome or status with text as its JSON */
	SCENARIO_PASSED,  /* ms went by */
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

#endif
