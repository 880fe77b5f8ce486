/*
 * flow.h - a bot as data: load a pack, check it, run one step of it.
 *
 * The engine is a pure function: (flow, session, input, env) -> new session
 * and a list of effects, in the order they shall happen. It performs nothing:
 * no socket, file, clock, thread or random number; what it needs of these is
 * in flow_env. The format of packs is described in templates/README.md.
 *
 * A struct flow is immutable once loaded and may be shared by all threads.
 */
#ifndef SAMVAD_FLOW_H
#define SAMVAD_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/files.h"
#include "model/contact.h"
#include "model/inbound.h"
#include "model/session.h"
#include "template.h"

struct flow;

/* ---- faults: what is wrong, where, and the cure ---- */

enum flow_severity { FLOW_WARNING, FLOW_ERROR };

struct flow_fault {
	enum flow_severity severity;
	const char *file;  /* "flow.json", "hi/ask_name.txt" */
	unsigned line;	   /* 0: unknown */
	const char *step;  /* or "" */
	const char *field; /* or "" */
	const char *what;
	const char *cure;
};
struct flow_faults { /* zeroed = empty; freed with flow_faults_free */
	struct arena arena;
	struct flow_fault *list;
	size_t count;
	size_t cap;
	size_t errors;
};
void flow_faults_free(struct flow_faults *f);
/* "flow.json:12: step name, field next: … ; …" */
int flow_fault_format(const struct flow_fault *f, struct buf *out);

/* ---- loading and checking ---- */

/* Builds a flow from the files of one pack. Copies what it needs. -1 when any fault is an
 * ERROR; the list names all that were found, not only the first. */
int flow_load(const struct file_tree *pack, struct flow **flow_out, struct flow_faults *faults);
void flow_free(struct flow **flow);
/* Looks at the flow as a graph (reachability, exits, variables, languages, lengths). */
void flow_check(const struct flow *flow, struct flow_faults *faults);

/* Appends the flow as a picture: an SVG document, or the text of a Mermaid flowchart. Texts come
 * from `pack`, the files it was loaded from. The same flow gives the same bytes. -1: out is full.
 */
int flow_draw_svg(const struct flow *flow, const struct file_tree *pack, struct buf *out);
int flow_draw_mermaid(const struct flow *flow, const struct file_tree *pack, struct buf *out);

const char *flow_name(const struct flow *flow);
int64_t flow_version(const struct flow *flow);
/* Public step names in the order of the file; NULL behind the last. */
const char *const *flow_shown_steps(const struct flow *flow);
/* The language whose script most letters of text belong to, else the default one: for
 * whoever must be answered before their session can be read. Valid as long as the flow. */
const char *flow_guess_language(const struct flow *flow, struct str text);
/* A system text of the pack in a language (falls back to the default one):
 * "one_moment" (slow call), "too_fast", "trouble" (our fault). Renders into out. */
int flow_render_system(const struct flow *flow, const char *name, const char *language,
		       const struct value *settings, struct buf *out, struct err *err);
/* What texts of this flow see of a saved session (one of another flow: no values), for texts that
 * are not of the pack. settings is "env" there. Made while it is looked at: the session must stay
 * as it is until then. */
const struct value *flow_session_values(const struct flow *flow, const struct session *session,
					const struct value *settings, struct arena *a);
/* Whether a session of this flow can have what a template calls so: "sector", "id.sector",
 * "language", "record.registration". */
bool flow_has_value(const struct flow *flow, const char *name);

/* A mobile number of a country ("IN") as people write it there, or from abroad; NULL: the country
 * is not known. */
const char *flow_phone_example(const char *country, bool abroad, struct arena *a);

/* ---- settings of a pack ---- */

enum { FLOW_MAX_SETTINGS = 16 };

struct flow_setting {
	const char *name;     /* "TOPUP_API_URL", in texts and calls {{env.TOPUP_API_URL}} */
	const char *fallback; /* what it is when nobody sets it, or "" */
	const char *demo;     /* path of the pack's demo API that stands for it in sandbox mode,
				 or NULL */
	bool secret;	      /* headers of calls see it, and nothing else */
};
/* Those that the pack declares. Valid as long as the flow. */
const struct flow_setting *flow_settings(const struct flow *flow, size_t *count_out);
/* Sets the one of that index; only before the flow is shared. Copies. */
void flow_set_setting(struct flow *flow, size_t index, const char *value);
/* The program's own that every pack sees (flow_env.settings); NULL behind the last. */
extern const char *const flow_program_settings[];
/* Whether {{env.name}} is one of either. */
bool flow_has_setting(const struct flow *flow, const char *name);

/* ---- running ---- */

struct flow_env {
	int64_t now_ms;
	const char *turn_id; /* random, 32 hex: seeds the ids of calls and records */
	const char *contact;
	const struct contact_facts *facts;
	const struct value *settings; /* object: WEB_APP_URL, AUTH_API_URL, ...; "env" in templates,
					 with those of the pack */
	int64_t session_ttl_ms;
	struct flow_cover
		*cover; /* NULL, or: what is passed is counted there, for tests of packs */
};

enum flow_input_kind {
	FLOW_INPUT_MESSAGE, /* the contact wrote */
	FLOW_INPUT_OUTCOME, /* the call that the session waits for has ended */
	FLOW_INPUT_TIMER, /* session->wake_ms has come; earlier, or for no session: nothing happens
			   */
};

struct flow_input {
	enum flow_input_kind kind;
	const struct inbound *message;
	const char *call_id;	    /* must be the session's, else nothing happens */
	const char *outcome;	    /* "ok", "timeout", ...; see flow_call_outcome */
	const struct value *answer; /* the answer's JSON as a value, or NULL */
};

enum flow_effect_kind {
	FLOW_SAY,     /* text: one message to the contact */
	FLOW_CALL,    /* the session waits for a business call: see flow_call_describe */
	FLOW_RECORD,  /* keep a record beyond the session */
	FLOW_CONSENT, /* opt-in or opt-out, for the ledger */
	FLOW_END,     /* the session is completed */
};

struct flow_effect {
	enum flow_effect_kind kind;
	struct str text;	 /* SAY */
	const char *record_type; /* RECORD; its id is record_id */
	const char *record_id;
	const char *record_state;
	const struct session_value *fields;
	size_t field_count;
	enum consent consent; /* CONSENT */
};

struct flow_result {
	struct session *session; /* a new one, in the arena; the one given is not touched */
	struct flow_effect *effects;
	size_t effect_count;
	const char *exit; /* "step/exit" that was taken, for coverage; "" when none */
};

enum { FLOW_MAX_RECORDS = 8 }; /* kept by one run */

/* Runs until the flow waits. session NULL: a new one. -1 ERR_BUG when the step
 * cap (100) or FLOW_MAX_RECORDS is passed or the session outgrows its limit:
 * commit nothing, say "trouble". */
int flow_run(const struct flow *flow, const struct session *session, const struct flow_input *input,
	     const struct flow_env *env, struct arena *a, struct flow_result *result_out,
	     struct err *err);

/* A session from another system's step and values: keeps values that this flow
 * knows and that pass their inputs' rules, and the step if it exists and all that
 * it needs is there, else the first open step. */
struct session *flow_adopt(const struct flow *flow, const char *step,
			   const struct session_value *values, size_t count,
			   const struct flow_env *env, struct arena *a);

/* ---- business calls, as data ---- */

struct flow_call_header {
	const char *name;
	const char *value;
};
struct flow_call_limit { /* at most max calls per key within window */
	const char *key;
	unsigned max;
	int64_t window_ms;
};
enum { FLOW_CALL_MAX_LIMITS = 4, FLOW_CALL_MAX_HEADERS = 8 };

enum flow_call_kind {
	FLOW_CALL_HTTP,
	FLOW_CALL_LIST,	  /* the contact's own records of a type: "found", "none" */
	FLOW_CALL_FIND,	  /* one of them by id: "found", "none" */
	FLOW_CALL_CHANGE, /* its state: "changed", "unchanged" (it is in another), "none" */
};

struct flow_call { /* rendered, in the arena */
	enum flow_call_kind kind;
	const char *name;
	const char *id; /* idempotency key */
	/* LIST, FIND, CHANGE */
	const char *record_type;
	const char *record_id;
	const char *record_state; /* LIST: only in this one, or ""; CHANGE: the new one */
	const char *record_from;  /* CHANGE: only from this one, or "" */
	unsigned record_max;
	/* HTTP */
	const char *method;
	const char *url;
	struct flow_call_header headers[FLOW_CALL_MAX_HEADERS];
	size_t header_count;
	struct str body;
	int64_t timeout_ms;
	unsigned attempts; /* at most, and only where nothing was accepted */
	struct flow_call_limit limits[FLOW_CALL_MAX_LIMITS];
	size_t limit_count;
};

/* The call that the session waits for, rendered from its saved values: the same
 * bytes whenever and wherever it is asked. 1, 0 when it waits for none, -1. */
int flow_call_describe(const struct flow *flow, const struct session *session,
		       const struct flow_env *env, struct arena *a, struct flow_call *call_out,
		       struct err *err);

struct flow_found { /* a record */
	const char *id;
	const char *state;
	int64_t created_ms;
	const struct session_value *fields;
	size_t field_count;
};
/* What the exits of a look-up see as {{answer...}}: of LIST {items, more}, else the one record;
 * each with id, state (as people read it), state_id, date, and its fields as people read them. */
const struct value *flow_found_answer(const struct flow *flow, const struct flow_call *call,
				      const char *language, const struct flow_found *found,
				      size_t count, bool more, struct arena *a);

/* ---- records, for who looks after them ---- */

/* The fields that the flow keeps of a type, NULL behind the last; NULL: it keeps none such. */
const char *const *flow_record_fields(const struct flow *flow, const char *type);
bool flow_record_has_state(const struct flow *flow, const char *type, const char *state);
/* What its contact is told when a record has come into its state. 1 rendered, 0: the pack says
 * nothing of it, -1. */
int flow_record_tell(const struct flow *flow, const char *type, const struct flow_found *found,
		     const char *contact, const char *language, const struct value *settings,
		     struct buf *out, struct err *err);

/* Names the outcome of an HTTP answer by the call's rules, first match wins;
 * "failed" when none matches. answer may be NULL (no JSON). Besides the names of
 * the rules there are fixed ones that integration/ gives: "timeout", "refused",
 * "malformed", "busy" (breaker open), "limited". The word is valid as long as the flow. */
const char *flow_call_outcome(const struct flow *flow, const char *call_name, int http_status,
			      const struct value *answer);
/* Whether an outcome means that the other side certainly accepted nothing and may be asked again.
 */
bool flow_call_repeatable(const struct flow *flow, const char *call_name, const char *outcome);

/* ---- coverage: what of a flow a set of conversations has passed ---- */

enum flow_place_kind { FLOW_PLACE_STEP, FLOW_PLACE_EXIT };

struct flow_place { /* somewhere in flow.json */
	enum flow_place_kind kind;
	const char *step; /* "" for a command */
	/* "" for a step; "next", "yes", "timeout"; a command; and "wrong" (an answer was refused),
	 * "stuck" (too many were), "waiting" (something was written during a call), "again" (after
	 * the end); of the flow "reminders" and "expiry" */
	const char *exit;
	unsigned branch; /* from 1 when the exit has conditions, else 0 */
	unsigned line;
	unsigned passed;  /* how often */
	const void *part; /* what the engine passes */
};
struct flow_cover { /* one thread; freed with flow_cover_free */
	struct arena arena;
	struct flow_place *list; /* in the order of the file: steps with their exits, commands */
	size_t count;
};
/* Lists every place of the flow, none passed. Borrows names of the flow. */
void flow_cover_init(struct flow_cover *cover, const struct flow *flow);
void flow_cover_free(struct flow_cover *cover);

/* Whether an outcome is one that this call can have: a rule's, or a fixed one. */
bool flow_call_has_outcome(const struct flow *flow, const char *call_name, const char *outcome);

#endif
