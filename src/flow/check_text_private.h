/*
 * check_text_private.h - what a name in a template means at the place where the text is said.
 */
#ifndef SAMVAD_FLOW_CHECK_TEXT_PRIVATE_H
#define SAMVAD_FLOW_CHECK_TEXT_PRIVATE_H

#include "check_private.h"

/* What the templates at one place may use. */
struct place {
	struct flow_checker *ck;
	const char *step;
	const char *field;
	uint64_t surely;
	const struct flow_rule *choice; /* the open question's, or NULL: {{#options}} */
	const struct flow_list *also;	/* what it takes beside, or NULL */
	bool answer;
	const struct flow_call_rule *lookup; /* whose answer it is, or NULL: of a foreign call */
	const struct flow_call_rule *call; /* personal data may not leave by it unless it says so */
	const char *file;		   /* shown instead of the template's own name */
	unsigned line;
	uint64_t *seen; /* values that a template uses, or NULL */
};

enum name_kind { NAME_UNKNOWN, NAME_FREE, NAME_LIST, NAME_VALUE, NAME_FIELD };

struct name {
	enum name_kind kind;
	int value;
	bool url;
	bool plain;		       /* without a prefix */
	const struct flow_list *list;  /* LIST; FIELD of an option */
	const struct flow_rule *items; /* LIST; FIELD of an item */
	int field;
};

struct section { /* over a list: one of these */
	const struct flow_list *list;
	const struct flow_rule *items;
	bool answer;
	const struct flow_call_rule *lookup; /* the records of this one */
};

/* Whether a look-up's answer has such a field, of a record. */
bool flow_check_found_field(const struct flow_call_rule *lookup, const char *name);

struct name flow_check_name(const struct place *p, const char *text);
/* Whether a section repeats over a list, and over which. */
bool flow_check_section(const struct place *p, const struct template_use *section,
			struct section *out);
/* Whether a tag is a field of an item of the sections around it. */
bool flow_check_item(const struct place *p, const struct template_use *use, struct section *out);
/* Warns of texts that can grow over one message. */
void flow_check_lengths(struct flow_checker *ck);

#endif
