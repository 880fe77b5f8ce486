/*
 * call.c - one business call from limits to outcome.
 *
 * The order matters: a look at the breaker (what is not sent must not count
 * against a limit), the limits (a refused person must not use up the probe),
 * then the breaker before each attempt. What may have been accepted
 * is never repeated here; the flow decides what the person can do.
 */
#include "integration_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/crypto.h"
#include "base/id.h"
#include "base/log.h"
#include "base/metric.h"

enum {
	ANSWER_MAX = 64 * 1024,
	FIRST_PAUSE_MS = 200, /* before the second attempt, doubled after; plus jitter */
	MAX_PAUSE_MS = 2000,
};

static void count(const struct flow_call *call, const char *outcome)
{
	char labels[160];

	/* Both words come from the pack, not from messages. */
	snprintf(labels, sizeof labels, "call=\"%s\",outcome=\"%s\"", call->name, outcome);
	metric_add(metric_counter("samvad_calls_total", labels, "Business calls by outcome"), 1);
}

/* Limits are counted per digest: a phone number is no key in a store. */
static int within_limits(struct integration *ig, const struct flow_call *call, struct arena *a)
{
	int64_t now = clock_now_ms(ig->set.clock);

	for (size_t i = 0; i < call->limit_count; i++) {
		const struct flow_call_limit *l = &call->limits[i];
		const char *text = arena_printf(a, "%s/%zu/%s", call->name, i, l->key);
		uint8_t digest[SHA256_SIZE];
		char hex[2 * SHA256_SIZE + 1];
		struct err err = { 0 };
		int got;

		sha256(str_of(text), digest);
		hex_encode(digest, sizeof digest, hex);
		got = store_allow(ig->set.store, hex, call->id, l->max, l->window_ms, now, &err);
		if (got < 0)
			log_warn("call-limit-unknown", LOG_S("call", call->name),
				 LOG_S("error", err.text));
		if (got != 1)
			return got;
	}
	return 1;
}

static void describe_request(const struct flow_call *call, struct net_request *req)
{
	*req = (struct net_request){ .method = call->method,
				     .url = call->url,
				     .body = call->body,
				     .timeout_ms = (int)call->timeout_ms,
				     .max_answer = ANSWER_MAX };
	for (size_t i = 0; i < call->header_count; i++)
		req->headers[req->header_count++] =
			(struct net_header){ call->headers[i].name, call->headers[i].value };
}

static const char *read_answer(const struct flow *flow, const struct flow_call *call, int status,
			       struct str body, struct arena *a, struct integration_result *res)
{
	struct value *v = NULL;

	if (body.n > 0 && value_from_json(a, body, &v, NULL) < 0) {
		v = NULL;
		if (status >= 200 && status < 300)
			return "malformed"; /* said yes in words nobody agreed on */
	}
	res->answer = v;
	return flow_call_outcome(flow, call->name, status, v);
}

static const char *attempt(struct integration *ig, const struct flow *flow,
			   const struct flow_call *call, struct arena *a,
			   struct integration_result *res)
{
	struct net_request req;
	struct net_answer answer = { 0 };
	struct err err = { 0 };
	struct buf body;
	const char *outcome = "refused";

	describe_request(call, &req);
	buf_init(&body, ANSWER_MAX);
	if (net_perform(ig->set.net, &req, &answer, &body, &err) < 0) {
		log_warn("call-not-made", LOG_S("call", call->name), LOG_S("error", err.text));
		goto out;
	}
	switch (answer.outcome) {
	case NET_ANSWERED:
		res->http_status = answer.status;
		outcome = read_answer(flow, call, answer.status,
				      (struct str){ body.data, body.len }, a, res);
		break;
	case NET_NOT_SENT:
		outcome = "refused";
		break;
	case NET_TIMED_OUT:
		outcome = "timeout";
		break;
	case NET_BROKEN:
	case NET_TOO_LARGE:
		outcome = "malformed";
		break;
	}
	log_info("call", LOG_S("call", call->name), LOG_S("outcome", outcome),
		 LOG_S("net", net_outcome_name(answer.outcome)), LOG_I("status", answer.status),
		 LOG_I("ms", answer.took_ms));
out:
	buf_free(&body);
	return outcome;
}

static bool is_refused(struct integration *ig, const char *url)
{
	bool yes;

	pthread_mutex_lock(&ig->lock);
	yes = breaker_refuses(&service_of(ig, url)->breaker, clock_mono_ms());
	pthread_mutex_unlock(&ig->lock);
	return yes;
}

static bool admit(struct integration *ig, const char *url)
{
	bool yes;

	pthread_mutex_lock(&ig->lock);
	yes = breaker_admit(&service_of(ig, url)->breaker, clock_mono_ms());
	pthread_mutex_unlock(&ig->lock);
	return yes;
}

static void report(struct integration *ig, const struct flow_call *call, const char *outcome,
		   int status)
{
	char label[96];
	bool alive = strcmp(outcome, "timeout") != 0 && strcmp(outcome, "refused") != 0 &&
		     strcmp(outcome, "malformed") != 0 && status < 500;
	struct service *s;

	snprintf(label, sizeof label, "call=\"%s\"", call->name);
	pthread_mutex_lock(&ig->lock);
	s = service_of(ig, call->url);
	breaker_report(&s->breaker, alive, ig->set.breaker_failures, ig->set.breaker_open_ms,
		       clock_mono_ms());
	metric_set(metric_gauge("samvad_breaker_open", label,
				"1 while a business service is given a pause"),
		   s->breaker.state != BREAKER_CLOSED);
	pthread_mutex_unlock(&ig->lock);
}

/* Full jitter: many contacts that failed together do not come back together. */
static void pause_before(unsigned attempt_no)
{
	int64_t top = (int64_t)FIRST_PAUSE_MS << (attempt_no - 1);
	int64_t ms;
	struct timespec ts;

	if (top > MAX_PAUSE_MS)
		top = MAX_PAUSE_MS;
	ms = top / 2 + (int64_t)(id_random_u64() % (uint64_t)(top / 2 + 1));
	ts = (struct timespec){ ms / 1000, (ms % 1000) * 1000000 };
	nanosleep(&ts, NULL); /* a back-off of the call's own worker thread */
}

static bool may_repeat(const struct flow *flow, const struct flow_call *call, const char *outcome)
{
	return strcmp(outcome, "refused") == 0 || flow_call_repeatable(flow, call->name, outcome);
}

void integration_call(struct integration *ig, const struct flow *flow, const struct flow_call *call,
		      struct arena *a, struct integration_result *result_out)
{
	struct integration_result res = { .outcome = "limited" };
	int allowed = is_refused(ig, call->url) ? -1 : within_limits(ig, call, a);

	if (allowed < 0)
		res.outcome = "busy"; /* nothing was sent, and no limit is used up for it */
	while (allowed == 1) {
		if (!admit(ig, call->url)) {
			if (res.attempts == 0)
				res.outcome = "busy";
			break;
		}
		res.attempts++;
		res.http_status = 0;
		res.answer = NULL;
		res.outcome = attempt(ig, flow, call, a, &res);
		report(ig, call, res.outcome, res.http_status);
		if (!may_repeat(flow, call, res.outcome) || res.attempts >= call->attempts)
			break;
		pause_before(res.attempts);
	}
	count(call, res.outcome);
	*result_out = res;
}
