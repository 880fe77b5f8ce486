/*
 * twilio_lookup.c - asks the Messages resource: which message did an unsure attempt make, if any,
 * and where is one that nothing was heard of.
 *
 * A list can only name candidates. Which of them belong to other rows is known
 * to whoever asks.
 */
#include "twilio_private.h"

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/json.h"
#include "twilio_date_private.h"

enum {
	ASK_TIMEOUT_MS = 5000, /* asking again does no harm */
	LOOKUP_PAGE = 50,
	LOOKUP_MAX_ANSWER = 1024 * 1024, /* 50 messages of 1600 characters, escaped */
	LOOKUP_SLACK_MS = 60 * 1000,	 /* between their clock and ours */
	CODE_NO_TEMPLATE = 63016,	 /* outside the window without a template */
};

/* ---- looking up ---- */

int twilio_describe_lookup(const struct channel *c, const struct outbound *o, int64_t since_ms,
			   struct arena *a, struct net_request *req_out, struct err *err)
{
	const struct twilio *t = twilio_of(c);
	bool own = o->sender && *o->sender;
	const char *from = "";
	char day[CLOCK_ISO_SIZE];

	if (twilio_describe(t, o, "GET", a, req_out, err) < 0)
		return -1;
	/* A Messaging Service chooses the number itself. */
	if (own || !*t->service_sid)
		from = arena_printf(a, "&From=%s", twilio_encoded(own ? o->sender : t->sender, a));
	clock_format_iso(since_ms - LOOKUP_SLACK_MS, day);
	req_out->url = arena_printf(a, "%s?To=%s%s&DateSent%%3E=%.10s&PageSize=%d", req_out->url,
				    twilio_encoded(o->contact, a), from, day, LOOKUP_PAGE);
	req_out->max_answer = LOOKUP_MAX_ANSWER;
	req_out->timeout_ms = ASK_TIMEOUT_MS;
	return 0;
}

/* A template's text is the provider's, so there is nothing to compare; but what failed for want of
 * a template was none. */
static bool has_our_content(const struct cJSON *message, const struct outbound *o)
{
	if (o->as_template)
		return twilio_code_of(message, "error_code") != CODE_NO_TEMPLATE;
	return strcmp(json_text(message, "body", ""), o->text) == 0;
}

/* Could be ours: sent through the API, the same text, and not before the row was written. */
static bool is_candidate(const struct cJSON *message, const struct outbound *o)
{
	int64_t created;

	if (strcmp(json_text(message, "direction", ""), "outbound-api") != 0 ||
	    !has_our_content(message, o))
		return false;
	/* Without a readable date rather ours: a late message is better than a double one. */
	return twilio_date_parse(json_text(message, "date_created", ""), &created) < 0 ||
	       created >= o->created_ms - LOOKUP_SLACK_MS;
}

int twilio_read_lookup(const struct channel *c, const struct outbound *o,
		       const struct net_answer *answer,
		       struct send_result results_out[CHANNEL_MAX_FOUND], size_t *found_out)
{
	const struct cJSON *list, *message;
	struct cJSON *root = NULL;
	bool whole;

	(void)c;
	if (answer->outcome != NET_ANSWERED || answer->status != 200 ||
	    json_parse(answer->body, &root, NULL) < 0)
		return -1;
	list = json_get(root, "messages");
	whole = cJSON_IsArray(list) && !*json_text(root, "next_page_uri", "");
	cJSON_ArrayForEach(message, list)
	{
		struct send_result r = { 0 };

		if (!is_candidate(message, o) || !twilio_read_message(message, &r))
			continue;
		if (*found_out == CHANNEL_MAX_FOUND) {
			whole = false;
			break;
		}
		results_out[(*found_out)++] = r;
	}
	json_free(&root);
	return whole ? 0 : -1;
}

/* ---- one message ---- */

int twilio_describe_status(const struct channel *c, const struct outbound *o, struct arena *a,
			   struct net_request *req_out, struct err *err)
{
	static const char list[] = ".json";

	if (!o->external_id || !*o->external_id)
		return err_set(err, ERR_PERM, "the message was not accepted yet");
	if (twilio_describe(twilio_of(c), o, "GET", a, req_out, err) < 0)
		return -1;
	req_out->url = arena_printf(a, "%.*s/%s.json", (int)(strlen(req_out->url) - strlen(list)),
				    req_out->url, twilio_encoded(o->external_id, a));
	req_out->timeout_ms = ASK_TIMEOUT_MS;
	return 0;
}

int twilio_read_status(const struct channel *c, const struct outbound *o,
		       const struct net_answer *answer, struct status_news *news_out,
		       struct arena *a)
{
	struct send_result r = { 0 };
	struct cJSON *root = NULL;
	int ret = -1;

	(void)c;
	if (answer->outcome == NET_ANSWERED && answer->status == 200 &&
	    json_parse(answer->body, &root, NULL) == 0 && twilio_read_message(root, &r) &&
	    strcmp(r.external_id, o->external_id) == 0 && r.status != STATUS_NONE) {
		*news_out = (struct status_news){ .external_id = arena_strdup(a, r.external_id),
						  .our_id = arena_strdup(a, o->id),
						  .contact = arena_strdup(a, o->contact),
						  .status = r.status,
						  .error_code = r.error_code };
		ret = 0;
	}
	json_free(&root);
	return ret;
}
