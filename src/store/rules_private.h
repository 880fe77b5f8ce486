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

/* Whether what a turn was decided on still stands; its revision does. */
bool rule_held(const struct turn_held *held, int64_t updated_ms, enum consent consent,
	       unsigned parked);

bool rule_outbound_done(enum outbound_state s);
/* One claim of a due row: a lapsed or unsure one comes back UNSURE. */
void rule_claim(struct driver_outbound *row, int64_t lease_ms);
/* Merges what a worker says into the row. A row the provider has stays
 * ACCEPTED; an UNSURE one whose status is known already becomes it. News of an
 * older claim (other attempts) is heard only when it says ACCEPTED. A REPLACED row stays that.
 * False: not heard, the row is as it was. */
bool rule_settle(struct driver_outbound *row, const struct driver_outbound *news);
/* Merges a status callback; one that names another message than the row's changes nothing. An
 * UNSURE row becomes ACCEPTED, and so does one that was given up as UNTOLD. Pointers of the row
 * may point to external_id afterwards. False: of another message, the row is as it was. */
bool rule_status(struct driver_outbound *row, const char *external_id, enum status status,
		 int error_code);

/* Ends the row for a successor; a status that would step back is not written, nor its code. False:
 * replaced before. */
bool rule_replace(struct driver_outbound *row, enum status status, int error_code);

/* When a row that is ACCEPTED with this status is to be asked about at the provider: so long
 * after now; 0: never (delivered, final, or asked often enough). */
int64_t rule_ask_after_ms(enum status status, unsigned asked);

/* The rate of one sender: GCRA with two arrival times, all in microseconds of one clock. */
struct rule_rate {
	int64_t all_us;	  /* theoretical arrival of the next send */
	int64_t spare_us; /* of the next one of a broadcast */
	int64_t slow_until_us;
	unsigned divisor; /* until then */
};
/* Grants up to want sends. No window of one second holds more than `rate`, nor any 10 ms more
 * than a hundredth of it (at least 1). spare: at most four fifths of the rate. With fewer granted
 * than wanted *wait_us_out says when it is worth asking again. */
unsigned rule_rate_take(struct rule_rate *r, int64_t now_us, unsigned rate, bool spare,
			unsigned want, int64_t *wait_us_out);

#endif
