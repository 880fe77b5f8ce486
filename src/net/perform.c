/*
 * perform.c - submits and waits.
 */
#include "net_private.h"

#include <assert.h>
#include <stdio.h>

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool is_ended;
	struct net_answer answer;
	struct buf *body_out;
	char retry_after[RETRY_AFTER_MAX + 1];
	char trouble[CURL_ERROR_SIZE];
};

/* The answer's texts outlive job and waiter here: until the thread's next net_perform. */
static _Thread_local char kept_retry_after[RETRY_AFTER_MAX + 1];
static _Thread_local char kept_trouble[CURL_ERROR_SIZE];

static void on_done(void *arg, const struct net_answer *answer)
{
	struct waiter *w = arg;

	pthread_mutex_lock(&w->lock);
	w->answer = *answer;
	w->answer.body = (struct str){ "", 0 };
	w->answer.head = (struct str){ "", 0 }; /* for done functions only */
	if (w->body_out) {
		/* Fits: the answer was read with this buffer's room as its limit. */
		(void)buf_add(w->body_out, answer->body.p, answer->body.n);
		w->answer.body = (struct str){ w->body_out->data, w->body_out->len };
	}
	snprintf(w->retry_after, sizeof w->retry_after, "%s", answer->retry_after);
	snprintf(w->trouble, sizeof w->trouble, "%s", answer->trouble);
	w->is_ended = true;
	pthread_cond_signal(&w->ended);
	pthread_mutex_unlock(&w->lock);
}

static void give(struct net_answer *answer_out, const struct waiter *w)
{
	memcpy(kept_retry_after, w->retry_after, sizeof kept_retry_after);
	memcpy(kept_trouble, w->trouble, sizeof kept_trouble);
	*answer_out = w->answer;
	answer_out->retry_after = kept_retry_after;
	answer_out->trouble = kept_trouble;
}

int net_perform(struct net *net, const struct net_request *req, struct net_answer *answer_out,
		struct buf *body_out, struct err *err)
{
	struct waiter w = {
		.answer = { .outcome = NET_NOT_SENT, .body = { "", 0 }, .head = { "", 0 } }
	};
	struct net_request bounded = *req;
	int ret;

	assert(!pthread_equal(pthread_self(), net->thread)); /* it would wait for itself */
	w.body_out = body_out;
	if (body_out) {
		assert(body_out->max > 0);
		buf_reset(body_out);
		bounded.max_answer = request_max_answer(req);
		if (body_out->max < bounded.max_answer)
			bounded.max_answer = body_out->max;
	}
	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.ended, NULL);
	ret = net_submit(net, &bounded, on_done, &w, err);
	if (ret < 0)
		snprintf(w.trouble, sizeof w.trouble, "refused before it was queued");
	pthread_mutex_lock(&w.lock);
	/* No time-out here: the net calls done by the request's own deadline. */
	while (ret == 0 && !w.is_ended)
		pthread_cond_wait(&w.ended, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_cond_destroy(&w.ended);
	pthread_mutex_destroy(&w.lock);
	give(answer_out, &w);
	return ret;
}
