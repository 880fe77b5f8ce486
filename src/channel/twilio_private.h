/*
 * twilio_private.h - what the files of the Twilio driver share.
 */
#ifndef SAMVAD_TWILIO_PRIVATE_H
#define SAMVAD_TWILIO_PRIVATE_H

#include <netinet/in.h>

#include "channel_private.h"

enum {
	TWILIO_MAX_TOKENS = 4,
	TWILIO_SIGNATURE_LENGTH = 28,
	TWILIO_MAX_URL = 16384, /* bytes; longer is not worth a check */
};

/* ---- trusted proxies (twilio_proxy.c) ---- */

struct twilio_network {
	struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
};

struct twilio_proxies {
	struct twilio_network *networks; /* owned */
	size_t count;
};

/* "10.0.0.0/8, ::1": -1 ERR_INPUT names the entry that is none. */
int twilio_proxies_parse(const char *list, struct twilio_proxies *p_out, struct err *err);
void twilio_proxies_free(struct twilio_proxies *p);
bool twilio_proxies_has(const struct twilio_proxies *p, const char *peer);

/* ---- the channel (twilio.c) ---- */

struct twilio {
	struct channel base;
	char *account_sid; /* "" when it comes with each message */
	char *sender;
	char *service_sid;
	char *api_base;			      /* no slash at the end */
	char *public_url;		      /* no slash at the end; "" when unset */
	struct str tokens[TWILIO_MAX_TOKENS]; /* NUL-terminated, in token_text */
	size_t token_count;
	char *token_text;
	size_t token_text_size;
	struct twilio_proxies proxies;
};

static inline const struct twilio *twilio_of(const struct channel *c)
{
	return (const struct twilio *)c;
}

/* ---- URLs (twilio_url.c) ---- */

struct twilio_url { /* slices of one text; joined in order they give it back, less the fragment */
	struct str scheme;   /* "https" */
	struct str userinfo; /* "user:pass@" or empty */
	struct str host;
	struct str port;  /* ":8443" or empty */
	struct str path;  /* "/in" or empty */
	struct str query; /* "?a=b" or empty */
};

/* False: no absolute http or https URL, or too long. */
bool twilio_url_split(struct str text, struct twilio_url *u_out);
struct str twilio_joined(const struct str *parts, size_t count, struct arena *a);
struct str twilio_url_join(const struct twilio_url *u, struct arena *a);
bool twilio_url_is_https(const struct twilio_url *u);

/* The URL that Twilio requested. -1: it cannot be told (no usable Host). */
int twilio_url_seen(const struct twilio *t, const struct webhook *w, struct arena *a,
		    struct twilio_url *u_out);

/* The forms of one URL that Twilio or its libraries sign, the likeliest first. */
enum { TWILIO_URL_FORMS = 36 };
/* False: form i does not exist or equals an earlier one. */
bool twilio_url_form(const struct twilio_url *u, unsigned i, struct arena *a, struct str *url_out);
/* "as given", "without port", ...; i is a form that exists. */
const char *twilio_url_form_name(const struct twilio_url *u, unsigned i, struct arena *a);

/* The value of a query parameter, decoded by form rules; p == NULL when absent. */
struct str twilio_url_parameter(struct str query, const char *name, struct arena *a);

/* ---- signatures (twilio_signature.c) ---- */

enum twilio_body_kind {
	TWILIO_BODY_NONE, /* GET: everything is in the URL */
	TWILIO_BODY_FORM,
	TWILIO_BODY_HASHED, /* anything else: the query carries its SHA-256 */
};

struct twilio_signed { /* what is signed behind the URL */
	struct arena *arena;
	char *block; /* room for the URL, then the fields */
	size_t url_room;
	size_t fields_size;
	struct form form; /* as it came; of a form body only */
};

enum twilio_body_kind twilio_body_kind(const char *method, const char *content_type);
/* -1: nothing that could be signed; *why_out says why in a word. */
int twilio_signed_init(struct twilio_signed *s_out, enum twilio_body_kind kind, struct str body,
		       const struct twilio_url *u, struct arena *a, const char **why_out);
void twilio_signed_compute(struct twilio_signed *s, struct str url, struct str token,
			   char out[TWILIO_SIGNATURE_LENGTH + 1]);
struct twilio_match { /* the form of the URL that was signed */
	unsigned form;
	struct str url;
};
/* Tries each form of the URL with each token. */
bool twilio_signed_match(struct twilio_signed *s, const struct twilio_url *u,
			 const struct str *tokens, size_t token_count, struct str signature,
			 struct twilio_match *match_out);
enum verify_result twilio_verify(const struct channel *c, const struct webhook *w, struct arena *a,
				 struct channel_verified *v_out, const char **why_out);

/* ---- the rest of the driver ---- */

int twilio_parse_message(const struct channel *c, const struct channel_verified *v, int64_t now_ms,
			 struct arena *a, struct inbound *in_out, struct err *err);
int twilio_parse_status(const struct channel *c, const struct channel_verified *v, struct arena *a,
			struct status_news *news_out, struct err *err);
int twilio_wrap_reply(const struct channel *c, const struct template *envelope,
		      const struct str *texts, size_t count, struct buf *out, struct err *err);
int twilio_describe_send(const struct channel *c, const struct outbound *o, struct arena *a,
			 struct net_request *req_out, struct err *err);
void twilio_read_send(const struct channel *c, const struct net_answer *answer,
		      struct send_result *result_out);
int twilio_describe_lookup(const struct channel *c, const struct outbound *o, int64_t since_ms,
			   struct arena *a, struct net_request *req_out, struct err *err);
int twilio_read_lookup(const struct channel *c, const struct outbound *o,
		       const struct net_answer *answer,
		       struct send_result results_out[CHANNEL_MAX_FOUND], size_t *found_out);
int twilio_describe_status(const struct channel *c, const struct outbound *o, struct arena *a,
			   struct net_request *req_out, struct err *err);
int twilio_read_status(const struct channel *c, const struct outbound *o,
		       const struct net_answer *answer, struct status_news *news_out,
		       struct arena *a);

/* What a refusal with this code and HTTP status means for the message (twilio_errors.c). */
enum send_verdict twilio_error_verdict(int code, int http_status);
const char *twilio_error_text(int code);
/* Twilio's code in a JSON answer, 0 when there is none. */
struct cJSON;
int twilio_code_of(const struct cJSON *answer, const char *key);
/* False: no usable sid in it (twilio_send.c). */
bool twilio_read_message(const struct cJSON *message, struct send_result *result_out);
/* What every request to the Messages resource has in common; req->url is the resource's
 * (twilio_send.c). */
int twilio_describe(const struct twilio *t, const struct outbound *o, const char *method,
		    struct arena *a, struct net_request *req, struct err *err);
const char *twilio_encoded(const char *text, struct arena *a);

#endif
