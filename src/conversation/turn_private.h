/*
 * turn_private.h - the parts of a turn, whatever it begins with: a message, a result, a timer.
 */
#ifndef SAMVAD_CONVERSATION_TURN_PRIVATE_H
#define SAMVAD_CONVERSATION_TURN_PRIVATE_H

#include "conversation_private.h"

struct turn_draft { /* what the engine's effects amount to */
	struct str texts[REPLY_MAX_TEXTS];
	size_t text_count;
	struct record records[FLOW_MAX_RECORDS];
	size_t record_count;
	struct consent_event consent;
	bool has_consent;
	bool calls;
};

/* ---- draft.c ---- */

void turn_draft_effects(const struct flow_result *r, const struct flow_env *env,
			const struct inbound *in, struct arena *a, struct turn_draft *d);
/* Adds a text behind the others. */
void turn_draft_text(struct turn_draft *d, struct str text, struct arena *a);
/* Instead of all texts: one of the pack's system texts. */
void turn_say_system(struct conversation *c, const struct flow *flow, const char *name,
		     const char *language, struct arena *a, struct turn_draft *d);
struct contact_facts turn_facts_after(const struct contact_facts *f, const struct session *s,
				      const struct turn_draft *d, int64_t now_ms, bool message);
void turn_fill(struct turn *t, const char *contact, const struct session *s,
	       const struct turn_draft *d, int64_t now_ms);

/* ---- turn.c ---- */

enum { TURN_MAX_CONFLICTS = 200 };

/* Lets whoever won finish; a spin over the network would only heat it. Counts the conflict. */
void turn_yield(unsigned conflicts);

#endif
