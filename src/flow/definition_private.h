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
	FLOW_MAX_REMINDERS = 4,
	FLOW_MAX_FIELDS = 8,   /* extra fields of an option, fields of an item */
	FLOW_URL_CHARS = 1000, /* of a file's address */
	FLOW_MAX_ITEMS = 20,   /* of a list that comes from an answer */
};

struct flow_pattern; /* pattern_private.h */

/* A text file in every language. */
struct flow_text {
	const char *name; /* "ask_name": en/ask_name.txt, hi/ask_name.txt */
	const struct template *in[FLOW_MAX_LANGUAGES];
	size_t blanks[FLOW_MAX_LANGUAGES]; /* at its end: they are not sent */
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
	unsigned number[FLOW_MAX_LANGUAGES]; /* as it is shown */
	const char *with[FLOW_MAX_FIELDS][FLOW_MAX_LANGUAGES];
};

struct flow_list {
	const char *name; /* "" for the options of one step */
	struct flow_option *options;
	size_t count;
	const char *fields[FLOW_MAX_FIELDS]; /* every option has them */
	size_t field_count;
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
	const char *groups;  /* lengths of the groups it is read in, the trunk prefix included */
};

enum flow_rule_type {
	RULE_TEXT,
	RULE_CHOICE,
	RULE_PATTERN,
	RULE_PHONE,
	RULE_INTEGER,
	RULE_DATE,
	RULE_MEDIA,
	RULE_LOCATION,
	RULE_ITEMS, /* never asked for: a list out of a call's answer */
};

struct flow_day { /* a bound of dates */
	bool given;
	bool relative; /* days count from today, else from 1970-01-01 */
	int64_t days;
};

/* WhatsApp's own limits for a choice that is sent as buttons or as a list. */
enum flow_show_as { SHOW_AS_TEXT, SHOW_AS_BUTTONS, SHOW_AS_LIST };

struct flow_item_field {
	const char *name;
	const char *path; /* in an item of the answer, "a.b" */
	size_t max;	  /* characters: what is longer is cut, with an ellipsis */
};

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
	const char *show;     /* how people read it, or NULL: as it is stored */
	const char *order;    /* DATE: "dmy" */
	struct flow_day from; /* DATE */
	struct flow_day to;
	const char **kinds; /* MEDIA: "image", "application/pdf" */
	size_t kind_count;
	enum flow_show_as as;  /* CHOICE */
	const char *from_name; /* CHOICE: the value whose items are the options, or NULL */
	int items;	       /* CHOICE: its index, -1 */
	struct flow_item_field fields[FLOW_MAX_FIELDS]; /* ITEMS */
	size_t field_count;
	const char *label; /* ITEMS: the field that names an item */
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
	CONDITION_LANGUAGE,
	CONDITION_COMPARE,
	CONDITION_NOT,
	CONDITION_ALL,
	CONDITION_ANY,
};

enum flow_compare { COMPARE_LESS, COMPARE_MORE, COMPARE_AT_LEAST, COMPARE_AT_MOST };

enum { FLOW_WRONG_COUNT = -1 }; /* as an operand: wrong answers in a row at this step */

struct flow_condition {
	enum flow_condition_kind kind;
	uint64_t values;    /* SET: all of them */
	unsigned value;	    /* IS */
	const char **texts; /* IS: the stored form is one of these */
	size_t text_count;
	int language;		   /* LANGUAGE */
	enum flow_compare compare; /* COMPARE: `left` with `right`, else with `number` or `day` */
	int left;		   /* a value, or FLOW_WRONG_COUNT */
	int right;		   /* a value, or -1 */
	int64_t number;
	struct flow_day day;
	const struct flow_step *step;	/* AT */
	enum consent consent;		/* CONSENT */
	struct flow_condition *inner;	/* NOT, ALL, ANY: first of a list */
	struct flow_condition *sibling; /* next in that list */
};

enum flow_source {
	SOURCE_TEXT,   /* as written */
	SOURCE_ADD,    /* the value's own number and `number`, or another value's */
	SOURCE_COPY,   /* another value */
	SOURCE_OPTION, /* an extra field of the option that another value holds */
	SOURCE_ANSWER, /* a field of the call's answer */
	SOURCE_DATE,   /* so many days from today */
};

struct flow_assign { /* a source that is not there takes the value away */
	unsigned value;
	enum flow_source source;
	const char *text; /* TEXT; ANSWER: "a.b" */
	int64_t number;	  /* ADD, DATE */
	int other;	  /* ADD, COPY, OPTION: a value, or -1 */
	size_t field;	  /* OPTION: of the list, or of the items */
	bool sure;	  /* OPTION: every option has it */
};

struct flow_record {
	const char *name;
	const char *id_prefix;
	const char **fields; /* values, and "language" */
	size_t field_count;
	const struct flow_list *states; /* the first is that of a new one; NULL: only "new" */
	const struct flow_text **tell;	/* by state: said when it comes to be so, or NULL */
	unsigned line;
};

enum flow_goto { GOTO_NONE, GOTO_STEP, GOTO_SAME, GOTO_BACK };

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
	const char *record_state; /* NULL: the first */
	bool record_update;	  /* the one that the session has kept last, if there is one */
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

struct flow_reminder {	  /* said after silence while a question is open */
	int64_t after_ms; /* since the contact's last message */
	const struct flow_text *say;
	bool ask; /* and the question once more */
	unsigned line;
};
struct flow_reminders {
	struct flow_reminder list[FLOW_MAX_REMINDERS]; /* by time */
	size_t count;
};

#define FLOW_EXIT_STUCK "@stuck"
#define FLOW_EXIT_AGAIN "@again"

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
	const struct flow_list *also;	 /* words that are taken beside the rule, or NULL */
	const struct flow_reminders *reminders; /* NULL: those of the flow */
	unsigned stuck_after; /* wrong answers in a row, then the exit FLOW_EXIT_STUCK */
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
	const char *said; /* words of the default language, "help, info" */
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
	enum flow_call_kind kind;
	const struct flow_record *record; /* look-ups: of this type, the contact's own */
	const struct template *id;	  /* FIND, CHANGE */
	const char *state;		  /* LIST: only in this one, or ""; CHANGE: the new one */
	const char *from;		  /* CHANGE: only from this one, or "" */
	unsigned max;			  /* LIST */
	/* HTTP: the rest, but for the names of outcomes */
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
	struct flow_setting settings[FLOW_MAX_SETTINGS];
	const char *setting_values[FLOW_MAX_SETTINGS];
	size_t setting_count;
	const char *name;
	int64_t version;
	int64_t utc_offset_ms;				    /* for dates */
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
	struct flow_reminders reminders;
	int64_t expiry_ms; /* of silence at a question; 0: never */
	struct flow_action *expiry;
	unsigned expiry_line;
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

/* The name of an exit without its sign: "stuck", "again". */
const char *flow_exit_shown(const char *name);
/* NULL or -1 when there is none of that name. */
const struct flow_step *flow_step_find(const struct flow *flow, const char *name);
const struct flow_exit *flow_exit_find(const struct flow_step *step, const char *name);
const struct flow_list *flow_list_find(const struct flow *flow, const char *name);
const struct flow_call_rule *flow_call_find(const struct flow *flow, const char *name);
const struct flow_record *flow_record_find(const struct flow *flow, const char *name);
const struct flow_option *flow_option_find(const struct flow_list *list, const char *id);
/* It only says something, and goes on at once. */
bool flow_step_passes(const struct flow_step *s);
int flow_value_find(const struct flow *flow, const char *name);
/* Index of an extra field, or -1. */
int flow_list_field(const struct flow_list *list, const char *name);
int flow_items_field(const struct flow_rule *rule, const char *name);
int flow_language_find(const struct flow *flow, const char *code);
/* The index of a language, or of the default one when there is none of that code. */
size_t flow_language_or_default(const struct flow *flow, const char *code);
/* One that the pack declares, or NULL. */
const struct flow_setting *flow_setting_find(const struct flow *flow, const char *name);

#endif
