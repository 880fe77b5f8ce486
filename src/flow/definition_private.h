/*
 * definition_private.h - a loaded flow: what load_*.c builds and the engine reads.
 *
 * Everything lives in flow->arena and never changes after flow_load. Values
 * are numbered, so that a set of them is one 64-bit mask.
 */
#ifndef SAMVAD_FLOW_DEFINITION_PRIVATE_H
#define SAMVAD_FLOW_DEFINITION_PRIVATE_H

#include "flow.h"

enum {
	FLOW_MAX_LANGUAGES = 8,
	FLOW_MAX_VALUES = 48, /* leaves room in a session for what the engine keeps itself */
	FLOW_MAX_STEPS = 500,
	FLOW_MAX_OPTIONS = 200,
	FLOW_NAME_MAX = 40,
	FLOW_STEP_CAP = 100,	   /* steps in one turn */
	FLOW_MESSAGE_CHARS = 1600, /* what one WhatsApp message holds */
	FLOW_WAY_OUT_AFTER = 3,	   /* wrong answers in a row */
};

struct flow_pattern; /* pattern_private.h */

/* A text file in every language. */
struct flow_text {
	const char *name; /* "ask_name": en/ask_name.txt, hi/ask_name.txt */
	const struct template *in[FLOW_MAX_LANGUAGES];
};

/* Words and what they stand for, sorted by key. */
struct flow_word {
	const char *key; /* as flow_word_key makes it */
	unsigned item;
};
struct flow_words {
	struct flow_word *list;
	size_t count;
};

struct flow_language {
	const char *code;
	const char *script; /* "Deva", or NULL */
};

struct flow_option {
	const char *id;
	const char *label[FLOW_MAX_LANGUAGES];
};

struct flow_list {
	const char *name; /* "" for the options of one step */
	struct flow_option *options;
	size_t count;
	struct flow_words words;		 /* number, id, labels, synonyms -> option */
	struct value *shown[FLOW_MAX_LANGUAGES]; /* what templates see */
	unsigned line;
};

struct flow_country {
	const char *code;    /* ISO 3166, "IN" */
	const char *calling; /* "91" */
	const char *trunk;   /* "0": dialled before a national number */
	size_t digits;	     /* of a national number */
	const char *first;   /* digits a mobile number starts with */
};

enum flow_rule_type { RULE_TEXT, RULE_CHOICE, RULE_PATTERN, RULE_PHONE, RULE_INTEGER };

/* What is a valid answer, and what is stored of it. */
struct flow_rule {
	enum flow_rule_type type;
	int64_t min; /* code points of a text, or the smallest integer */
	int64_t max;
	int64_t letters; /* a text has at least so many */
	struct flow_words never;
	const struct flow_list *list;
	struct flow_pattern *pattern;
	const char *normal; /* "$1-$2" */
	const char *drop;   /* characters that are left out before matching */
	bool upper;
	const struct flow_country *country;
};

struct flow_value {
	const char *name;
	struct flow_rule rule;
	const char *pii; /* or NULL */
	unsigned line;
};

enum flow_condition_kind {
	CONDITION_SET,
	CONDITION_IS,
	CONDITION_AT,
	CONDITION_CONSENT,
	CONDITION_NOT,
	CONDITION_ALL,
	CONDITION_ANY,
};

struct flow_condition {
	enum flow_condition_kind kind;
	uint64_t values;		/* SET: all of them */
	unsigned value;			/* IS */
	const char *text;		/* IS: the stored form */
	const struct flow_step *step;	/* AT */
	enum consent consent;		/* CONSENT */
	struct flow_condition *inner;	/* NOT, ALL, ANY: first of a list */
	struct flow_condition *sibling; /* next in that list */
};

struct flow_assign {
	unsigned value;
	const char *text;
};

struct flow_record {
	const char *name;
	const char *id_prefix;
	const char **fields; /* values, and "language" */
	size_t field_count;
	unsigned line;
};

enum flow_goto { GOTO_NONE, GOTO_STEP, GOTO_SAME };

/* What happens on the way from one step to the next. Done in the order of the members. */
struct flow_action {
	const struct flow_condition *condition; /* NULL: always */
	int language;				/* index, -1: as it is */
	bool clear;
	uint64_t unset;
	struct flow_assign *sets;
	size_t set_count;
	enum consent consent; /* CONSENT_NONE: as it is */
	const struct flow_record *record;
	const struct flow_text **say;
	size_t say_count;
	enum flow_goto to;
	const char *target_name;
	const struct flow_step *target;
	bool quiet;		       /* the step is entered without its texts */
	struct flow_action *otherwise; /* when the condition does not hold */
	unsigned line;
};

struct flow_exit {
	const char *name; /* "next", an option's id, an outcome, "otherwise" */
	struct flow_action *action;
	unsigned line;
};

struct flow_call_rule;

struct flow_step {
	const char *name;
	const char *shown; /* public name; NULL: the session keeps the one it has */
	unsigned line;
	const struct flow_text **say;
	size_t say_count;
	const struct flow_text *ask;
	const struct flow_text *wrong;
	const struct flow_text *waiting; /* said to whoever writes while the call is under way */
	const struct flow_text *again;	 /* said to whoever writes at the end */
	const struct flow_rule *rule;	 /* NULL: asks nothing */
	int save;			 /* index of a value, -1: none */
	const struct flow_call_rule *call;
	bool end;
	struct flow_exit *exits;
	size_t exit_count;
	/* found by graph.c */
	bool reachable;
	uint64_t surely; /* values that are set whenever the step is entered */
};

struct flow_command {
	const char *name;
	struct flow_pattern **patterns;
	size_t pattern_count;
	struct flow_action *action;
	unsigned line;
};

struct flow_expect { /* a field of the answer and what it must be */
	const char *path[8];
	size_t depth;
	bool any; /* present and not null */
	enum value_kind kind;
	const char *text;
};

struct flow_outcome {
	const char *name;
	int status_low[8];
	int status_high[8];
	size_t status_count;
	struct flow_expect *when; /* all hold */
	size_t when_count;
	struct flow_expect *unless; /* not all hold */
	size_t unless_count;
	bool repeat;
};

struct flow_limit {
	const struct template *key;
	unsigned max;
	int64_t window_ms;
};

struct flow_call_rule {
	const char *name;
	const char *method;
	const struct template *url;
	const struct template *timeout;
	struct {
		const char *name;
		const struct template *value;
	} headers[FLOW_CALL_MAX_HEADERS];
	size_t header_count;
	const char *idempotency_header; /* or NULL */
	const char *body_file;
	const struct template *body; /* or NULL */
	unsigned attempts;
	const char **pii;
	size_t pii_count;
	struct flow_limit limits[FLOW_CALL_MAX_LIMITS];
	size_t limit_count;
	struct flow_outcome *outcomes;
	size_t outcome_count;
	unsigned line;
};

enum flow_system_text {
	SYSTEM_ONE_MOMENT,
	SYSTEM_TOO_FAST,
	SYSTEM_TROUBLE,
	SYSTEM_STILL_WORKING,
	SYSTEM_MEDIA_INSTEAD,
	SYSTEM_WAY_OUT,
	SYSTEM_EXPIRED,
	SYSTEM_FLOW_CHANGED,
	SYSTEM_COUNT,
};

struct flow {
	struct arena arena;
	const char *name;
	int64_t version;
	struct flow_language languages[FLOW_MAX_LANGUAGES]; /* the first is the default */
	size_t language_count;
	struct flow_value *values;
	size_t value_count;
	struct flow_list *lists;
	size_t list_count;
	struct flow_record *records;
	size_t record_count;
	struct flow_call_rule *calls;
	size_t call_count;
	struct flow_step *steps;
	size_t step_count;
	const struct flow_step *start;
	const char **shown_steps;
	struct flow_command *commands;
	size_t command_count;
	struct flow_words command_words;
	const struct flow_text *system[SYSTEM_COUNT];
	struct flow_text **texts; /* every one that is named */
	size_t text_count;
	const char **text_files; /* every .txt file of the pack's language folders */
	size_t text_file_count;
	const char **partials; /* every file that another one includes */
	size_t partial_count;
	struct template_set *templates;
	struct flow_pattern **patterns; /* owned: freed with the flow */
	size_t pattern_count;
};

extern const char *const flow_system_names[SYSTEM_COUNT];
/* Outcomes that integration/ gives; NULL behind the last. */
extern const char *const flow_fixed_outcomes[];

/* NULL or -1 when there is none of that name. */
const struct flow_step *flow_step_find(const struct flow *flow, const char *name);
const struct flow_exit *flow_exit_find(const struct flow_step *step, const char *name);
const struct flow_list *flow_list_find(const struct flow *flow, const char *name);
const struct flow_call_rule *flow_call_find(const struct flow *flow, const char *name);
const struct flow_record *flow_record_find(const struct flow *flow, const char *name);
const struct flow_option *flow_option_find(const struct flow_list *list, const char *id);
int flow_value_find(const struct flow *flow, const char *name);
int flow_language_find(const struct flow *flow, const char *code);

#endif
