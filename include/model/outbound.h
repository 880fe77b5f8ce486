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

enum outbound_kind { OUTBOUND_REPLY /* a late result */, OUTBOUND_BROADCAST };

enum outbound_state {
	OUTBOUND_WAITING, /* due at due_ms */
	OUTBOUND_CLAIMED, /* a worker holds it until its lease ends; its attempt may be under way */
	OUTBOUND_UNSURE,  /* an attempt may have reached the provider: look before repeating */
	OUTBOUND_ACCEPTED, /* the provider has it; status tells the rest */
	OUTBOUND_DEAD,	   /* failed for good: error_code says why */
};

struct outbound {
	char id[ID_HEX_SIZE];
	enum outbound_kind kind;
	const char *channel;
	const char *contact;
	const char *sender;  /* our address, or "" for the configured one */
	const char *account; /* or "" for the configured one */
	const char *text;    /* sealed in every store */
	int64_t created_ms;
	int64_t due_ms;
	unsigned attempts;
	enum outbound_state state;
	const char *external_id; /* the provider's id once accepted, or "" */
	enum status status;
	int error_code; /* the provider's, 0 when none */
};

const char *outbound_state_name(enum outbound_state s);

/* Versioned bytes of the sealed part (text, sender, account), and back. */
int outbound_encode(const struct outbound *o, struct buf *out);
int outbound_decode(struct str bytes, struct arena *a, struct outbound *o, struct err *err);

#endif
