/*
 * rules_private.h - the decisions every driver makes alike, as pure functions.
 *
 * memory.c and sqlite_*.c call them; the Redis scripts say the same in Lua.
 * The contract test holds them together.
 */
#ifndef SAMVAD_STORE_RULES_PRIVATE_H
#define SAMVAD_STORE_RULES_PRIVATE_H

#include "driver_private.h"

/* What a result does to the reply it answers. */
struct rule_answer {
	bool decide;	 /* the reply becomes (or stays, if OPEN) answer_state with answer_box */
	bool store_rows; /* the outbox rows go with it */
	bool is_inline;
};
struct rule_answer rule_answer(enum reply_state now, enum reply_state answer);

bool rule_outbound_done(enum outbound_state s);
/* One claim of a due row: a lapsed or unsure one comes back UNSURE. */
void rule_claim(struct driver_outbound *row, int64_t lease_ms);
/* Merges what a worker says into the row. A row the provider has stays
 * ACCEPTED; an UNSURE one whose status is known already becomes it. */
void rule_settle(struct driver_outbound *row, const struct driver_outbound *news);
/* Merges a status callback. Pointers of the row may point to external_id afterwards. */
void rule_status(struct driver_outbound *row, const char *external_id, enum status status,
		 int error_code);

#endif
