/*
 * channel_private.h - what a driver is.
 *
 * The contract of a driver:
 *  1. MUST be callable from any thread once open has returned; after that it
 *     changes nothing of its own.
 *  2. MUST NOT block, open a socket, read a clock or keep messages: it
 *     describes requests and reads answers, others carry them.
 *  3. MUST fail closed: verify says VERIFY_OK only after a proof with the
 *     provider's key, fills raw and form only then, and bounds its work on what a stranger sends.
 *  4. MUST put results into the arena that it is given, never into static memory.
 *  5. MUST NOT retry, and MUST say SEND_UNSURE when the provider may have
 *     accepted a message.
 *  6. MAY leave wrap_reply and reply_type NULL when replies do not travel in
 *     the HTTP answer.
 * `close` takes the channel, NULL is never given.
 */
#ifndef SAMVAD_CHANNEL_PRIVATE_H
#define SAMVAD_CHANNEL_PRIVATE_H

#include "channel.h"

struct channel_driver {
	const char *name;
	int (*open)(const struct channel_settings *set, struct channel **channel_out,
		    struct err *err);
	void (*close)(struct channel *c);
	enum verify_result (*verify)(const struct channel *c, const struct webhook *w,
				     struct arena *a, struct channel_verified *v_out,
				     const char **why_out);
	int (*parse_message)(const struct channel *c, const struct channel_verified *v,
			     int64_t now_ms, struct arena *a, struct inbound *in_out,
			     struct err *err);
	int (*parse_status)(const struct channel *c, const struct channel_verified *v,
			    struct arena *a, struct status_news *news_out, struct err *err);
	int (*wrap_reply)(const struct channel *c, const struct template *envelope,
			  const struct str *texts, size_t count, struct buf *out, struct err *err);
	const char *reply_type;
	int (*describe_send)(const struct channel *c, const struct outbound *o, struct arena *a,
			     struct net_request *req_out, struct err *err);
	void (*read_send)(const struct channel *c, const struct net_answer *answer,
			  struct send_result *result_out);
	int (*describe_lookup)(const struct channel *c, const struct outbound *o, int64_t since_ms,
			       struct arena *a, struct net_request *req_out, struct err *err);
	int (*read_lookup)(const struct channel *c, const struct outbound *o,
			   const struct net_answer *answer,
			   struct send_result results_out[CHANNEL_MAX_FOUND], size_t *found_out);
	int (*describe_status)(const struct channel *c, const struct outbound *o, struct arena *a,
			       struct net_request *req_out, struct err *err);
	int (*read_status)(const struct channel *c, const struct outbound *o,
			   const struct net_answer *answer, struct status_news *news_out,
			   struct arena *a);
	const char *(*error_text)(int error_code);
};

struct channel { /* first member of each driver's own struct */
	const struct channel_driver *driver;
};

extern const struct channel_driver channel_twilio;

#endif
