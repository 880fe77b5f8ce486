/*
 * load_private.h - what the loader's files share. cJSON ends at these files.
 *
 * A loader goes on after a fault, so that an author sees all of them; what
 * could not be read is left NULL or empty, and flow_load then returns no flow.
 */
#ifndef SAMVAD_FLOW_LOAD_PRIVATE_H
#define SAMVAD_FLOW_LOAD_PRIVATE_H

#include <cjson/cJSON.h>

#include "definition_private.h"
#include "fault_private.h"

struct load_place { /* where a value of flow.json begins */
	const cJSON *node;
	unsigned line;
};

struct flow_loader {
	const struct file_tree *pack;
	struct str json; /* flow.json */
	const cJSON *root;
	struct load_place *lines; /* by node; made when the first is asked for */
	size_t line_count;
	struct flow *flow;
	struct arena *a; /* the flow's */
	struct flow_faults *faults;
	const char *step;   /* being read, or NULL */
	const char *within; /* "values.name": where the keys being read are, or "" */
	bool answers;	    /* exits of a call are being read: {"answer": …} means something */
};

/* ---- load_json.c: reading members, with faults ---- */

/* Adds an error at the place of node (a member, or what it is missing from).
 * key is appended to ld->within; NULL: ld->within itself. */
void load_fault(struct flow_loader *ld, const cJSON *node, const char *key, const char *cure,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
unsigned load_line(struct flow_loader *ld, const cJSON *node);
/* Faults each key of object that is not in the NULL-ended list. */
void load_check_keys(struct flow_loader *ld, const cJSON *object, const char *const *keys);
/* Members of one kind; NULL when absent, or of another kind (a fault). The text is copied. */
const cJSON *load_object(struct flow_loader *ld, const cJSON *object, const char *key);
const cJSON *load_array(struct flow_loader *ld, const cJSON *object, const char *key);
const char *load_string(struct flow_loader *ld, const cJSON *object, const char *key);
bool load_bool(struct flow_loader *ld, const cJSON *object, const char *key);
int64_t load_int(struct flow_loader *ld, const cJSON *object, const char *key, int64_t otherwise,
		 int64_t min, int64_t max);
/* A text, or a whole number as one; NULL (and no fault) for anything else. */
const char *load_scalar(struct flow_loader *ld, const cJSON *m);
/* A text or a list of texts; *count_out 0 when absent. */
const char **load_strings(struct flow_loader *ld, const cJSON *object, const char *key,
			  size_t *count_out);
/* [a-z][a-z0-9_]*, at most FLOW_NAME_MAX: else a fault and false. */
bool load_name_ok(struct flow_loader *ld, const cJSON *node, const char *what, const char *name);
/* "; did you mean \"x\"?" or the list of what there is. */
const char *load_suggest(struct flow_loader *ld, const char *typed, const char *const *names,
			 size_t count);
/* "within.key", in the arena. */
const char *load_join(struct flow_loader *ld, const char *key);
/* "90s", "15m", "1h", "7d" as milliseconds; -1 when it is none of these. */
int64_t load_duration(const char *text);

/* ---- load_text.c: the files of the pack ---- */

void load_files(struct flow_loader *ld);
/* The text of that name, which exists in every language; NULL and a fault when not. */
const struct flow_text *load_text(struct flow_loader *ld, const cJSON *object, const char *key);
const struct flow_text **load_texts(struct flow_loader *ld, const cJSON *object, const char *key,
				    size_t *count_out);
/* Compiles a text that stands in flow.json itself. */
const struct template *load_inline(struct flow_loader *ld, const cJSON *node, const char *key,
				   const char *text);
void load_link(struct flow_loader *ld);

/* ---- load_list.c: words and options ---- */

struct load_words { /* a table that is being filled */
	struct flow_word *list;
	size_t count;
	size_t cap;
};
/* Adds one word. Returns -1, or the other item that has it already. */
int load_word_add(struct flow_loader *ld, struct load_words *w, const char *key, unsigned item);
struct flow_words load_words_done(struct load_words *w);
/* Reads {"en": ["help"], "hi": [...]}, calling taken() for each clash with another item. */
void load_words(struct flow_loader *ld, const cJSON *object, const char *key, bool each_language,
		struct load_words *w, unsigned item,
		void (*taken)(struct flow_loader *ld, const cJSON *node, const char *word,
			      unsigned other));
/* numbered: by place. */
void load_options(struct flow_loader *ld, const cJSON *array, bool numbered,
		  struct flow_list *list);
void load_lists(struct flow_loader *ld);

/* ---- the rest ---- */

void load_languages(struct flow_loader *ld);
void load_rule(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule);
/* When all values are known: where the options of a choice come from. */
void load_rule_link(struct flow_loader *ld, const cJSON *object, struct flow_rule *rule);
/* ---- load_condition.c ---- */

/* Never NULL: a condition with a fault is an empty one. */
struct flow_condition *load_condition(struct flow_loader *ld, const cJSON *node);
/* ---- load_assign.c ---- */

void load_assigns(struct flow_loader *ld, const cJSON *node, struct flow_action *act);

/* ---- load_setting.c ---- */

void load_settings(struct flow_loader *ld);

/* ---- load_timer.c ---- */

/* "reminders" and "expiry" of the flow. */
void load_timers(struct flow_loader *ld);
/* {"reminders": […]} of the flow or a step. */
void load_reminders(struct flow_loader *ld, const cJSON *node, struct flow_reminders *r);

/* ---- load_step.c and others ---- */

struct flow_pattern *load_pattern(struct flow_loader *ld, const cJSON *node, const char *key,
				  const char *text);
void load_values(struct flow_loader *ld);
void load_records(struct flow_loader *ld);
/* A state of the record (NULL: unknown) as a member; "" when absent. */
const char *load_state(struct flow_loader *ld, const cJSON *node, const char *key,
		       const struct flow_record *r);
void load_calls(struct flow_loader *ld);
void load_steps(struct flow_loader *ld);
void load_commands(struct flow_loader *ld);
void load_system(struct flow_loader *ld);
/* Reads what an exit or a command does: a step's name, an object, or a list of objects with
 * conditions. must_lead: every branch goes somewhere. NULL after a fault. */
struct flow_action *load_action(struct flow_loader *ld, const cJSON *node, bool must_lead);
const struct flow_step *load_step_ref(struct flow_loader *ld, const cJSON *node, const char *key,
				      const char *name);
int load_value_ref(struct flow_loader *ld, const cJSON *node, const char *key, const char *name);

#endif
