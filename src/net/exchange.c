/*
 * exchange.c - one job in libcurl's hands: its options, its callbacks, and an
 * honest word about how it ended.
 *
 * Never twice. libcurl sends a request again, unasked, when a kept connection
 * dies before the first byte of an answer (Curl_retry_request, "Connection
 * died, retrying a fresh connect"), POST or not. But the other side may have
 * read the request, acted and then fallen. CURLOPT_FRESH_CONNECT would prevent
 * it at the price of a TCP and TLS handshake for each message. Instead the
 * pre-request callback, which libcurl calls right before each sending, lets a
 * request out once; the second time it stops the transfer, which then is
 * NET_BROKEN. GET and HEAD change nothing over there and may be repeated.
 * Connections that the other side closed while idle are found by libcurl
 * before it sends and replaced: that is no repetition.
 *
 * The same callback makes NET_NOT_SENT certain: if it was never called, no
 * byte of the request has left, whatever went wrong.
 */
#include "net_private.h"

#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/metric.h"

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or newer is needed (pre-request callback, quick exit)"
#endif

enum {
	HEAD_MAX = 64 * 1024,	/* bytes of status line and headers; libcurl sets no sum */
	KEEP_IDLE_SECONDS = 50, /* load balancers usually keep idle connections for 60 */
};

static struct metric *counters[NET_TOO_LARGE + 1];
static struct metric *refused;

const char *net_outcome_name(enum net_outcome o)
{
	switch (o) {
	case NET_ANSWERED:
		return "answered";
	case NET_NOT_SENT:
		return "not_sent";
	case NET_TIMED_OUT:
		return "timed_out";
	case NET_BROKEN:
		return "broken";
	case NET_TOO_LARGE:
		return "too_large";
	}
	return "unknown";
}

static struct metric *counter(const char *outcome)
{
	char labels[64];

	(void)snprintf(labels, sizeof labels, "outcome=\"%s\"", outcome);
	return metric_counter("samvad_http_out_total", labels, "HTTP requests made, by outcome");
}

void exchange_init_metrics(void)
{
	for (int o = 0; o <= NET_TOO_LARGE; o++)
		counters[o] = counter(net_outcome_name(o));
	refused = counter("refused");
}

void exchange_count_refused(void)
{
	metric_add(refused, 1);
}

/* ---------------------------------------------------------------- callbacks */

static int on_request(void *arg, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
	struct job *job = arg;

	(void)peer_ip, (void)own_ip, (void)peer_port, (void)own_port;
	if (job->let_out && strcmp(job->method, "GET") != 0 && strcmp(job->method, "HEAD") != 0) {
		job->repeat_refused = true;
		return CURL_PREREQFUNC_ABORT;
	}
	job->let_out = true;
	return CURL_PREREQFUNC_OK;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct job *job = arg;

	if (buf_add(&job->answer, bytes, size * n) == 0)
		return size * n;
	job->too_large = true;
	return 0; /* ends the transfer */
}

/* A date becomes the seconds until then, by our clock. */
static void seconds_from_date(char *text, size_t size)
{
	time_t at = *text >= '0' && *text <= '9' ? -1 : curl_getdate(text, NULL);
	struct clock real;
	int64_t now;

	if (at < 0)
		return;
	clock_init_real(&real);
	now = clock_now_ms(&real) / 1000;
	(void)snprintf(text, size, "%lld", at > now ? (long long)(at - now) : 0LL);
}

/* Too long for a date or a number: not kept, half of it would mean something else. */
static void keep_retry_after(struct job *job, const char *value, size_t n)
{
	while (n > 0 && (*value == ' ' || *value == '\t'))
		value++, n--;
	while (n > 0 && strchr(" \t\r\n", value[n - 1]))
		n--;
	if (n > RETRY_AFTER_MAX || memchr(value, '\0', n))
		return;
	memcpy(job->retry_after, value, n);
	job->retry_after[n] = '\0';
	seconds_from_date(job->retry_after, sizeof job->retry_after);
}

static size_t on_head(char *line, size_t size, size_t n, void *arg)
{
	static const char name[] = "Retry-After:";
	const size_t name_len = sizeof name - 1;
	struct job *job = arg;

	n *= size;
	job->head_bytes += n;
	if (job->head_bytes > HEAD_MAX) {
		job->too_large = true;
		return 0;
	}
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		job->retry_after[0] = '\0'; /* after a 1xx the real head begins */
		buf_reset(&job->head);
		return n;
	}
	(void)buf_add(&job->head, line, n); /* its maximum is the one that was just checked */
	if (n >= name_len && strncasecmp(line, name, name_len) == 0)
		keep_retry_after(job, line + name_len, n - name_len);
	return n;
}

/* ---------------------------------------------------------------- options */

/* Sets an option and remembers in `bad` that one was refused (no memory, or a libcurl built
 * without). */
#define SET(option, value) (bad |= curl_easy_setopt(job->easy, (option), (value)) != CURLE_OK)

static bool set_method(struct job *job)
{
	bool bad = false;
	bool posts = job->body.n > 0 || strcmp(job->method, "POST") == 0 ||
		     strcmp(job->method, "PUT") == 0 || strcmp(job->method, "PATCH") == 0;

	if (strcmp(job->method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
		return !bad;
	}
	if (posts) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, job->body.p); /* the job outlives the transfer */
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body.n);
	}
	SET(CURLOPT_CUSTOMREQUEST, job->method);
	return !bad;
}

static bool set_headers(struct job *job)
{
	bool bad = false;

	for (size_t i = 0; i < job->header_count; i++) {
		struct curl_slist *longer = curl_slist_append(job->list, job->headers[i]);

		if (!longer)
			return false;
		job->list = longer;
	}
	SET(CURLOPT_HTTPHEADER, job->list);
	if (job->user) {
		SET(CURLOPT_HTTPAUTH, CURLAUTH_BASIC); /* sent at once, without being asked */
		SET(CURLOPT_USERNAME, job->user);
		SET(CURLOPT_PASSWORD, job->password);
	}
	return !bad;
}

static bool set_connection(const struct net *net, struct job *job)
{
	int64_t left = job->deadline_ms - clock_mono_ms();
	bool bad = false;

	SET(CURLOPT_URL, job->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); /* one request, one connection */
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(left > 0 ? left : 1));
	SET(CURLOPT_MAXAGE_CONN, (long)KEEP_IDLE_SECONDS);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* Else a name server that hangs would hold this thread after the deadline:
	 * libcurl joins its resolver thread unless told not to. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_USERAGENT, net->user_agent);
	if (job->loopback)
		SET(CURLOPT_PROXY, "");
	return !bad;
}

static bool set_callbacks(struct job *job)
{
	bool bad = false;

	SET(CURLOPT_PRIVATE, job);
	SET(CURLOPT_ERRORBUFFER, job->trouble);
	SET(CURLOPT_PREREQFUNCTION, on_request);
	SET(CURLOPT_PREREQDATA, job);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, job);
	SET(CURLOPT_HEADERFUNCTION, on_head);
	SET(CURLOPT_HEADERDATA, job);
	return !bad;
}

#undef SET

int exchange_start(struct net *net, struct job *job)
{
	buf_init(&job->answer, job->max_answer);
	buf_init(&job->head, HEAD_MAX);
	job->easy = curl_easy_init();
	if (job->easy && set_callbacks(job) && set_connection(net, job) && set_method(job) &&
	    set_headers(job) && curl_multi_add_handle(net->multi, job->easy) == CURLM_OK)
		return 0;
	curl_easy_cleanup(job->easy);
	job->easy = NULL;
	snprintf(job->trouble, sizeof job->trouble, "libcurl refused the request");
	return -1;
}

void exchange_stop(struct net *net, struct job *job)
{
	/* Can only fail for a handle that is not inside. */
	(void)curl_multi_remove_handle(net->multi, job->easy);
}

/* ---------------------------------------------------------------- the end */

enum net_outcome exchange_outcome(const struct job *job, CURLcode code)
{
	if (job->too_large)
		return NET_TOO_LARGE;
	if (code == CURLE_OK)
		return NET_ANSWERED;
	if (!job->let_out)
		return NET_NOT_SENT;
	return code == CURLE_OPERATION_TIMEDOUT ? NET_TIMED_OUT : NET_BROKEN;
}

static const char *words(const struct job *job, enum net_outcome outcome)
{
	if (outcome == NET_ANSWERED)
		return "";
	if (job->too_large)
		return "the answer is too large";
	if (job->repeat_refused)
		return "the kept connection ended before an answer; not sent again";
	return *job->trouble ? job->trouble : "no details";
}

static int final_status(CURL *easy)
{
	long status = 0;

	if (!easy || curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
		return 0;
	return status >= 200 && status <= 999 ? (int)status : 0; /* 1xx is not an answer */
}

void exchange_finish(struct job *job, enum net_outcome outcome)
{
	struct net_answer answer = {
		.outcome = outcome,
		.status = final_status(job->easy),
		.body = { "", 0 },
		.retry_after = job->retry_after,
		.head = { "", 0 },
		.took_ms = clock_mono_ms() - job->submitted_ms,
		.trouble = words(job, outcome),
	};

	if (outcome == NET_ANSWERED) {
		answer.body = (struct str){ job->answer.data, job->answer.len };
		answer.head = (struct str){ job->head.data, job->head.len };
	}
	metric_add(counters[outcome], 1);
	job->done(job->arg, &answer);
	curl_easy_cleanup(job->easy);
	job_free(job);
}
