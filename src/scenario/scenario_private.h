/*
 * scenario_private.h - a parsed .chat file, and what its parts do with it.
 */
#ifndef SAMVAD_SCENARIO_PRIVATE_H
#define SAMVAD_SCENARIO_PRIVATE_H

#include "scenario.h"
#include "template.h"

#define SCENARIO_ANY "…" /* any text inside a line, any lines when alone; "..." is the same */

/* One line behind '<'. "<~ text" is three: any, text inside, any. */
struct expected {
	unsigned line;
	const char *text;
	bool any;    /* any number of lines, also none */
	bool inside; /* the text is somewhere in the line */
};

enum act_kind { ACT_SAY, ACT_CALL, ACT_PASS, ACT_RECORD, ACT_EXPECT };

enum fact {
	FACT_STEP,
	FACT_LANGUAGE,
	FACT_VALUE,
	FACT_CONSENT,
	FACT_RECORD, /* the last one kept of a type */
	FACT_CALL,   /* the body of the call that was made last */
	FACT_COUNT,
};
extern const char *const scenario_fact_names[FACT_COUNT];

struct act {
	enum act_kind kind;
	unsigned line;
	struct inbound message;	    /* SAY: what the file says of it */
	const char *name;	    /* CALL, RECORD; EXPECT: of the value or record */
	int status;		    /* CALL: 0 when the outcome is given */
	const char *outcome;	    /* CALL; RECORD: its new state */
	const struct value *answer; /* CALL: or NULL */
	const char *json;	    /* CALL: the same as it is written, or "" */
	int64_t ms;		    /* PASS */
	enum fact fact;		    /* EXPECT */
	bool none;		    /* EXPECT: there is none */
	const char *text;	    /* EXPECT: step, language, value, consent */
	const struct value *fields; /* EXPECT: record, call: at least these */
	struct expected *replies;   /* SAY, CALL, PASS */
	size_t reply_count;
};

struct scenario {
	const char *file;
	unsigned language_line; /* 0: none */
	unsigned setting_line;	/* of the first */
	const char *contact;
	const char *profile_name;
	const char *language; /* or "" */
	struct scenario_setting *settings;
	size_t setting_count;
	struct act *acts;
	size_t act_count;
};

/* Fills the fault and returns -1. */
int scenario_fail(struct scenario_fault *fault, struct arena *a, const char *file, unsigned line,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* ---- match.c ---- */

/* Whether a line is so; SCENARIO_ANY in the pattern stands for any text. White space at the ends
 * of both lines does not count. */
bool scenario_line_fits(const char *pattern, const char *line);

struct mismatch {
	size_t expected; /* index; the count when nothing more was expected */
	size_t at;	 /* index of the line that does not fit; the count when there is none */
};
/* Whether the expected lines account for all lines; else where they stop to, as far as possible. */
bool scenario_reply_fits(const struct expected *list, size_t count, const char *const *lines,
			 size_t line_count, struct mismatch *out);
struct field_mismatch {
	const char *path;
	const struct value *want;
	const struct value *got; /* NULL: there is none */
};
/* Whether got has at least the fields of want; else the first that differs. */
bool scenario_fields_fit(const struct value *want, const struct value *got, struct arena *a,
			 struct field_mismatch *out);

/* ---- compare.c: what the file expects, and what came ---- */

struct witness { /* who tells of a difference */
	const char *file;
	struct arena *a;
	struct scenario_fault *fault;
};
struct expectation {   /* of one reply */
	unsigned line; /* of what it answers */
	const struct expected *list;
	size_t count;
};
int scenario_compare_reply(const struct witness *w, const struct expectation *e,
			   const struct str *texts, size_t text_count);
/* got: NULL when there is none; fields: of a record or a call. */
int scenario_compare_fact(const struct witness *w, const struct act *act, const char *got,
			  const struct value *fields);

/* ---- plan.c: which calls begin and end where ---- */

struct plan_call {
	struct scenario_call call;
	const struct act *begin;
	const struct act *end; /* or NULL */
};
struct plan {
	struct plan_call *calls; /* in the order they begin */
	size_t count;
};
/* Runs the file on the engine and compares nothing. */
int scenario_plan(const struct scenario *s, const struct flow *flow, struct arena *a,
		  struct plan *plan_out, struct scenario_fault *fault);

/* ---- lookup.c ---- */

struct stage;
struct stage_record;
/* Answers a look-up from the records that the conversation has kept. */
void stage_record_state(struct stage_record *r, const char *state);
const char *stage_look(struct stage *st, const struct flow_call *call,
		       const struct value **answer_out);

/* ---- stage.c: the engine with a fake world around it ---- */

struct stage_call {
	const char *name;
	const char *id;
	const char *url;
	const char *step; /* that waits */
	unsigned attempts;
	const char *outcome;
	const struct act *end; /* or NULL: it has no answer yet */
};
struct stage_record {
	const char *type;
	const char *id;
	const char *state;
	int64_t created_ms;
	const struct session_value *stored;
	size_t count;
	struct value *fields; /* the same and the state, for expectations */
};
enum { STAGE_MAX_CALLS = 200, STAGE_MAX_RECORDS = 200, STAGE_MAX_LOOKUPS = 20 };

struct stage {
	const struct scenario *scenario;
	const struct flow *flow;
	struct arena *a;
	struct session *session;
	struct contact_facts facts;
	struct flow_env env;
	unsigned turns;
	struct flow_result last;
	struct stage_call calls[STAGE_MAX_CALLS];
	size_t call_count;
	const struct value *call_body;			/* of the last one, or NULL */
	struct stage_record records[STAGE_MAX_RECORDS]; /* oldest first */
	size_t record_count;
	struct flow_call *lookup; /* that the last turn has begun, or NULL */
	const struct act *next;	  /* that follows: may answer a look-up itself, or NULL */
};

/* -1: the file has a setting that the flow does not see. */
int stage_open(struct stage *st, const struct scenario *s, const struct flow *flow,
	       struct flow_cover *cover, struct arena *a, struct scenario_fault *fault);
/* Stores the session and reads it back, as between two processes. */
int stage_reload(struct stage *st, struct err *err);
/* What happens in one line of a file; an expectation does nothing. The effects are in st->last; the
 * calls that it began are the last of st->calls. */
int stage_act(struct stage *st, const struct act *act, struct err *err);
/* The text of a fact, or NULL; for records and calls its fields are in *fields_out. */
const char *stage_fact(const struct stage *st, enum fact fact, const char *name,
		       const struct value **fields_out);

/* -1: the file ends while a call is under way. */
int stage_check_end(const struct stage *st, unsigned last_line, struct scenario_fault *fault);

#endif
