/*
 * channel.h - how to speak with a messaging provider.
 *
 * A driver verifies and parses webhooks, wraps replies for the HTTP answer,
 * and describes sends as plain HTTP requests. It never calls the engine, the
 * store or web/, keeps no state of messages, and never retries. Adding a
 * provider is one driver (src/channel/channel_private.h) and its open function.
 * Any thread, after the channel was opened.
 */
#ifndef SAMVAD_CHANNEL_H
#define SAMVAD_CHANNEL_H

#include "base/arena.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/form.h"
#include "model/inbound.h"
#include "model/outbound.h"
#include "model/webhook.h"
#include "net.h"
#include "template.h"

struct channel;

struct channel_settings { /* borrowed during open only */
	const char
		*account_sid; /* "" : learned from webhooks, no sending with the configured one */
	const char *auth_tokens;	   /* "new,old"; never empty */
	const char *sender;		   /* whatsapp:+14155238886 */
	const char *messaging_service_sid; /* "" when unset */
	const char *api_base;
	const char *public_url;	     /* "" : take the URL from headers */
	const char *trusted_proxies; /* CIDR list */
};

/* Opens the Twilio channel. `reply_template` (templates/twiml/reply.xml) is
 * given per call because it can be reloaded. */
int channel_open_twilio(const struct channel_settings *set, struct channel **channel_out,
			struct err *err);
void channel_close(struct channel **channel);
const char *channel_name(const struct channel *c);

/* ---- webhooks ---- */

enum verify_result {
	VERIFY_OK,
	VERIFY_BAD, /* wrong or missing signature, two different ones, unusable URL: 403 */
};
/* A webhook whose signature holds. Only channel_verify fills it; what is parsed is what was
 * signed, and it is decoded once. */
struct channel_verified {
	const struct webhook *hook; /* borrowed */
	struct str raw;		    /* its fields as they came; borrowed */
	struct form form;	    /* and decoded, in the arena; parsing begins with form_check */
};
/* Fails closed. `why_out` gets a word for log and metric ("no_signature",
 * "mismatch", "two_signatures", "no_host", "no_token", "body_hash",
 * "too_many_fields"; "ok" else); never what was expected. */
enum verify_result channel_verify(const struct channel *c, const struct webhook *w, struct arena *a,
				  struct channel_verified *v_out, const char **why_out);

/* A message webhook. 0, or -1 ERR_INPUT: malformed (400), the text names the field. What is read
 * lives in the arena or belongs to v. */
int channel_parse_message(const struct channel *c, const struct channel_verified *v, int64_t now_ms,
			  struct arena *a, struct inbound *in_out, struct err *err);

struct status_news {
	const char *external_id;
	const char *our_id; /* outbound id from the callback URL's query, or "" */
	const char *contact;
	enum status status;
	int error_code;
};
int channel_parse_status(const struct channel *c, const struct channel_verified *v, struct arena *a,
			 struct status_news *news_out, struct err *err);

/* ---- replies inside the HTTP answer ---- */

enum { CHANNEL_MAX_TEXT = 1600, CHANNEL_MAX_MESSAGES = 10 };

/* Splits text into pieces of at most CHANNEL_MAX_TEXT code points, at a line or
 * word; at most CHANNEL_MAX_MESSAGES, the last one ending in "…" if there was more. */
int channel_split(const struct channel *c, struct str text, struct arena *a,
		  struct str pieces_out[CHANNEL_MAX_MESSAGES], size_t *count_out);

/* Appends the envelope with these texts (none: the empty answer). Each text is split as above. */
int channel_wrap_reply(const struct channel *c, const struct template *envelope,
		       const struct str *texts, size_t count, struct buf *out, struct err *err);
const char *channel_reply_type(const struct channel *c); /* "text/xml; charset=utf-8" */

/* ---- sending ---- */

/* Describes one send of o as an HTTP request; strings live in the arena.
 * -1 ERR_PERM: nothing to send with (account or sender missing). */
int channel_describe_send(const struct channel *c, const struct outbound *o, struct arena *a,
			  struct net_request *req_out, struct err *err);

enum send_verdict {
	SEND_OK,     /* accepted */
	SEND_BUSY,   /* not accepted, slow down and repeat (429) */
	SEND_TEMP,   /* not accepted, repeat later */
	SEND_UNSURE, /* may have been accepted: look it up first */
	SEND_PERM,   /* this message will never be accepted */
	SEND_CONFIG, /* nothing will be accepted until an operator acts (bad credentials, sender) */
};
struct send_result {
	enum send_verdict verdict;
	char external_id[EXTERNAL_ID_MAX + 1];
	enum status status;
	int error_code;
	int64_t retry_after_ms; /* 0 when not given */
};
void channel_read_send(const struct channel *c, const struct net_answer *answer,
		       struct send_result *result_out);

/* The provider's words for an error code, for people: a short sentence, never NULL. */
const char *channel_error_text(const struct channel *c, int error_code);

/* Asks the provider where the message o->external_id is. read_status: 0, or -1 when the answer does
 * not tell. */
int channel_describe_status(const struct channel *c, const struct outbound *o, struct arena *a,
			    struct net_request *req_out, struct err *err);
int channel_read_status(const struct channel *c, const struct outbound *o,
			const struct net_answer *answer, struct status_news *news_out,
			struct arena *a);

/* Asks the provider for messages to o's contact since `since_ms`, to find one that an
 * unsure attempt may have made. */
int channel_describe_lookup(const struct channel *c, const struct outbound *o, int64_t since_ms,
			    struct arena *a, struct net_request *req_out, struct err *err);
enum { CHANNEL_MAX_FOUND = 16 };
/* *found_out of them could be o, newest first, in results_out: whoever asks knows which belong to
 * other rows. Returns 0: these are all; -1: cannot tell whether there are more (no answer, or
 * not all of the list), what was found is in results_out all the same. */
int channel_read_lookup(const struct channel *c, const struct outbound *o,
			const struct net_answer *answer,
			struct send_result results_out[CHANNEL_MAX_FOUND], size_t *found_out);

/* ---- for people who are stuck (samvad sign, verify, send) ---- */

/* Signature over url and the form body (Twilio, "Validating requests"). Base64, 28 characters. */
int twilio_sign(const char *token, const char *url, struct str form_body,
		char out[BASE64_SHA1_SIZE], struct err *err);

struct twilio_explanation {
	bool valid;
	const char *variant;	/* "as given", "without port", …; set when valid */
	const char *signed_url; /* the matching URL string */
	const char *hint;	/* when not valid: the likely mistake, a whole sentence */
};
/* Checks like channel_verify and, failing that, tries the usual mistakes of
 * tunnels and proxies (http for https, missing or extra slash, lost query,
 * port, host case, other path prefix, JSON body) to say what was signed instead. */
int twilio_explain(const char *token, const char *url, const char *signature, struct str body,
		   const char *content_type, struct arena *a, struct twilio_explanation *out,
		   struct err *err);

#endif
