/*
 * model/inbound.h - a message to us, as every channel describes it.
 *
 * Pointers are into the arena or request of the one who parsed; texts are
 * clean UTF-8 and NUL-terminated.
 */
#ifndef SAMVAD_MODEL_INBOUND_H
#define SAMVAD_MODEL_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum inbound_kind {
	INBOUND_TEXT,
	INBOUND_CHOICE, /* a button or list row was tapped: `payload` is its id */
	INBOUND_MEDIA,	/* with or without a caption in `text` */
	INBOUND_LOCATION,
	INBOUND_OTHER, /* contacts, stickers without file, unknown kinds */
};

enum opt_out_type { OPT_OUT_NONE, OPT_OUT_STOP, OPT_OUT_START, OPT_OUT_HELP };

enum { INBOUND_MAX_MEDIA = 10, EXTERNAL_ID_MAX = 127 };

struct inbound_media {
	const char *url;
	const char *type;
};

struct inbound {
	const char *channel;	 /* "twilio" */
	const char *contact;	 /* who wrote */
	const char *receiver;	 /* our address that was written to */
	const char *account;	 /* the provider's account id, "" when unknown */
	const char *external_id; /* the provider's id of the message; never empty */
	enum inbound_kind kind;
	const char *text;	  /* "" when there is none */
	const char *payload;	  /* id of the tapped button or row, or "" */
	const char *profile_name; /* untrusted, "" when unknown */
	const char *user_id;	  /* business-scoped id when the contact is a number, or "" */
	enum opt_out_type
		opt_out; /* the provider recognised a keyword and has answered it already */
	struct inbound_media media[INBOUND_MAX_MEDIA];
	size_t media_count;
	const char *latitude; /* decimal text as sent, or "" */
	const char *longitude;
	const char *place; /* label or address of a location, or "" */
	struct str raw;	   /* the body as received: unknown parameters are kept in the journal */
	int64_t received_ms;
};

/* Empty texts everywhere, so that a writer fills only what there is. */
void inbound_init(struct inbound *in);
/* Versioned bytes for journal and spool, and back (into the arena; every
 * length is checked, bytes may come from foreign hands: -1 ERR_INPUT). */
int inbound_encode(const struct inbound *in, struct buf *out);
int inbound_decode(struct str bytes, struct arena *a, struct inbound *in_out, struct err *err);

#endif
