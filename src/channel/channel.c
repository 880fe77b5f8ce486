/*
 * channel.c - the door: hands each call to the driver of the channel.
 *
 * Callers never reach a driver. What holds for every provider is here: outputs
 * are cleared first, and long texts are split in one way (channel_split.c).
 */
#include "channel_private.h"

int channel_open_twilio(const struct channel_settings *set, struct channel **channel_out,
			struct err *err)
{
	*channel_out = NULL;
	return channel_twilio.open(set, channel_out, err);
}

void channel_close(struct channel **channel)
{
	if (channel && *channel) {
		(*channel)->driver->close(*channel);
		*channel = NULL;
	}
}

const char *channel_name(const struct channel *c)
{
	return c->driver->name;
}

enum verify_result channel_verify(const struct channel *c, const struct webhook *w, struct arena *a,
				  struct channel_verified *v_out, const char **why_out)
{
	const char *ignored;

	*v_out = (struct channel_verified){ .hook = w };
	return c->driver->verify(c, w, a, v_out, why_out ? why_out : &ignored);
}

int channel_parse_message(const struct channel *c, const struct channel_verified *v, int64_t now_ms,
			  struct arena *a, struct inbound *in_out, struct err *err)
{
	*in_out = (struct inbound){ .channel = c->driver->name, .received_ms = now_ms };
	return c->driver->parse_message(c, v, now_ms, a, in_out, err);
}

int channel_parse_status(const struct channel *c, const struct channel_verified *v, struct arena *a,
			 struct status_news *news_out, struct err *err)
{
	*news_out = (struct status_news){ 0 };
	return c->driver->parse_status(c, v, a, news_out, err);
}

int channel_wrap_reply(const struct channel *c, const struct template *envelope,
		       const struct str *texts, size_t count, struct buf *out, struct err *err)
{
	if (!c->driver->wrap_reply)
		return err_set(err, ERR_BUG, "%s: replies do not travel in the HTTP answer",
			       c->driver->name);
	return c->driver->wrap_reply(c, envelope, texts, count, out, err);
}

const char *channel_reply_type(const struct channel *c)
{
	return c->driver->reply_type;
}

int channel_describe_send(const struct channel *c, const struct outbound *o, struct arena *a,
			  struct net_request *req_out, struct err *err)
{
	*req_out = (struct net_request){ 0 };
	return c->driver->describe_send(c, o, a, req_out, err);
}

void channel_read_send(const struct channel *c, const struct net_answer *answer,
		       struct send_result *result_out)
{
	*result_out = (struct send_result){ 0 };
	c->driver->read_send(c, answer, result_out);
}

int channel_describe_lookup(const struct channel *c, const struct outbound *o, int64_t since_ms,
			    struct arena *a, struct net_request *req_out, struct err *err)
{
	*req_out = (struct net_request){ 0 };
	return c->driver->describe_lookup(c, o, since_ms, a, req_out, err);
}

int channel_read_lookup(const struct channel *c, const struct outbound *o,
			const struct net_answer *answer,
			struct send_result results_out[CHANNEL_MAX_FOUND], size_t *found_out)
{
	*found_out = 0;
	return c->driver->read_lookup(c, o, answer, results_out, found_out);
}

int channel_describe_status(const struct channel *c, const struct outbound *o, struct arena *a,
			    struct net_request *req_out, struct err *err)
{
	*req_out = (struct net_request){ 0 };
	return c->driver->describe_status(c, o, a, req_out, err);
}

int channel_read_status(const struct channel *c, const struct outbound *o,
			const struct net_answer *answer, struct status_news *news_out,
			struct arena *a)
{
	*news_out = (struct status_news){ 0 };
	return c->driver->read_status(c, o, answer, news_out, a);
}

const char *channel_error_text(const struct channel *c, int error_code)
{
	return c->driver->error_text(error_code);
}
