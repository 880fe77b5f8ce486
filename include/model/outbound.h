/*
 * model/outbound.h - a message from us that is not the HTTP answer.
 */
#ifndef SAMVAD_MODEL_OUTBOUND_H
#define SAMVAD_MODEL_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "model/contact.h"
#include "model/status.h"

/* Which queue: a reply stands in its contact's line, one at a time and in order; a
 * broadcast's row stands in the broadcast's queue and blocks nobody. */
enum outbound_kind { OUTBOUND_REPLY, OUTBOUND_BROADCAST };

enum outbound_state {
	OUTBOUND_WAITING, /* due at due_ms */
	OUTBOUND_CLAIMED, /* a worker holds it until its lease ends; its attempt may be under way */
	OUTBOUND_UNSURE,  /* an attempt may have reached the provider: look before repeating */
	OUTBOUND_ACCEPTED, /* the provider has it; status tells the rest */
	OUTBOUND_DEAD,	   /* ended without: reason says why */
	OUTBOUND_PARKED,   /* waits in no queue until the contact writes again */
};

/* Why a row is DEAD. Skips were never sent. */
enum outbound_reason {
	OUTBOUND_NO_REASON,
	OUTBOUND_FAILED,	 /* the provider refused it for good: error_code */
	OUTBOUND_UNTOLD,	 /* nobody can tell whether it was sent, so it is not repeated */
	OUTBOUND_REPLACED,	 /* another row carries on for it; counts for nothing */
	OUTBOUND_OPTED_OUT,	 /* skip: said STOP, here or to the provider */
	OUTBOUND_OUTSIDE_WINDOW, /* skip: 24 h since their last message, and no template */
	OUTBOUND_NOT_JOINED,	 /* skip: their membership of the provider's sandbox has ended */
	OUTBOUND_BLOCKED,	 /* skip: they, or the provider, block us */
	OUTBOUND_NO_VALUE,	 /* skip: a value that the text needs is not known of them */
	OUTBOUND_TOO_LONG,	 /* skip: with their values it does not fit one message */
	OUTBOUND_CANCELLED,	 /* its broadcast was cancelled while it stood in a line */
};
enum { OUTBOUND_REASONS = OUTBOUND_CANCELLED + 1 };

struct outbound {
	char id[ID_HEX_SIZE];
	enum outbound_kind kind;
	const char *channel;
	const char *contact;
	const char *sender;  /* our address, or "" for the configured one */
	const char *account; /* or "" for the configured one */
	/* sealed in every store: */
	const char *text;	       /* free text, or "" */
	const char *content_sid;       /* the provider's approved template, or "" */
	const char *content_variables; /* its values, a JSON object, or "" */
	bool as_template;	       /* the template goes out, not the text */

	const char *broadcast; /* the id of the broadcast that counts it, or "" */
	int64_t created_ms;
	int64_t due_ms;
	unsigned attempts;
	int64_t changed_ms; /* set by the store */
	enum outbound_state state;
	enum outbound_reason reason;
	const char *external_id; /* the provider's id once accepted, or "" */
	enum status status;
	int error_code; /* the provider's, 0 when none */
};

const char *outbound_state_name(enum outbound_state s);
/* "opted_out", "outside_window", …; "" for none. */
const char *outbound_reason_name(enum outbound_reason r);
bool outbound_is_skip(enum outbound_reason r);
/* The id of the row that carries on for the row `id`, made from it and a word ("template",
 * "parked", "retry"): doing it twice makes the same row. */
void outbound_successor_id(const char *id, const char *word, char out[ID_HEX_SIZE]);
/* The row that carries on for `row`: what it says, with that id, made and due now and not tried
 * yet (WAITING). Borrows the texts of the row. */
struct outbound outbound_successor(const struct outbound *row, const char *word, int64_t now_ms);
/* The id of a broadcast's row for a contact: planning twice makes the same row. */
void outbound_recipient_id(const char *broadcast, const char *contact, char out[ID_HEX_SIZE]);

/* Versioned bytes of the sealed part (text, template, sender, account), and back; older bytes
 * are read as well. */
int outbound_encode(const struct outbound *o, struct buf *out);
int outbound_decode(struct str bytes, struct arena *a, struct outbound *o, struct err *err);

#endif
