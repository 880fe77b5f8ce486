/*
 * Requests out against a peer in this process: what is sent, what comes back,
 * limits, and an honest outcome for each way things can end.
 */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "check.h"
#include "net.h"
#include "net_peer.h"

enum { PATIENT_MS = 20000, SHORT_MS = 300, ROOM = 4 << 20 };

static struct net *open_net(unsigned max_in_flight, unsigned max_queued)
{
	const struct net_settings set = { max_in_flight, max_queued, "tester/1" };
	struct net *net = NULL;

	assert_int_equal(net_open(&set, &net, NULL), 0);
	return net;
}

/* ---------------------------------------------------------------- outcomes */

static void test_outcomes(void **state)
{
	static const struct {
		const char *name;
		const char *method;
		const char *path;
		int timeout_ms;
		size_t max_answer;
		enum net_outcome outcome;
		int status;
		const char *retry_after;
		const char *body; /* of the answer, NULL: not looked at */
	} cases[] = {
		{ "echo", "POST", "/echo", PATIENT_MS, 0, NET_ANSWERED, 200, "", "the body" },
		{ "not found", "POST", "/nowhere", PATIENT_MS, 0, NET_ANSWERED, 404, "", "" },
		{ "busy", "POST", "/busy", PATIENT_MS, 0, NET_ANSWERED, 429, "17", "slow down" },
		{ "busy until a day that has passed", "POST", "/busy-until-then", PATIENT_MS, 0,
		  NET_ANSWERED, 429, "0", "slow down" },
		{ "retry-after too long to keep", "POST", "/long-retry", PATIENT_MS, 0,
		  NET_ANSWERED, 503, "", "" },
		{ "redirect is not followed", "GET", "/redirect", PATIENT_MS, 0, NET_ANSWERED, 302,
		  "", "" },
		{ "interim answer before", "POST", "/interim", PATIENT_MS, 0, NET_ANSWERED, 204, "",
		  "" },
		{ "HEAD has no body", "HEAD", "/head", PATIENT_MS, 0, NET_ANSWERED, 200, "", "" },
		{ "no answer in time", "POST", "/hang", SHORT_MS, 0, NET_TIMED_OUT, 0, "", "" },
		{ "half an answer in time", "POST", "/drip", SHORT_MS, 0, NET_TIMED_OUT, 202, "",
		  "" },
		{ "closed before an answer", "POST", "/early", PATIENT_MS, 0, NET_BROKEN, 0, "",
		  "" },
		{ "closed inside the answer", "POST", "/partial", PATIENT_MS, 0, NET_BROKEN, 200,
		  "", "" },
		{ "garbage", "POST", "/garbage", PATIENT_MS, 0, NET_BROKEN, 0, "", "" },
		{ "exactly the largest", "POST", "/big", PATIENT_MS, PEER_BIG, NET_ANSWERED, 200,
		  "", NULL },
		{ "one byte too large", "POST", "/big", PATIENT_MS, PEER_BIG - 1, NET_TOO_LARGE,
		  200, "", "" },
		{ "over the default maximum", "POST", "/big", PATIENT_MS, 0, NET_TOO_LARGE, 200, "",
		  "" },
		{ "too large without a length", "POST", "/endless", PATIENT_MS, 1000, NET_TOO_LARGE,
		  200, "", "" },
		{ "too many headers", "POST", "/heads", PATIENT_MS, 0, NET_TOO_LARGE, 200, "", "" },
	};
	struct peer *peer = peer_start();
	struct net *net = open_net(0, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char url[128];
		struct net_request req = {
			.method = cases[i].method,
			.url = peer_url(peer->port, cases[i].path, url),
			.body = str_of(strcmp(cases[i].method, "POST") == 0 ? "the body" : ""),
			.timeout_ms = cases[i].timeout_ms,
			.max_answer = cases[i].max_answer,
		};
		struct net_answer answer;
		struct buf body;

		buf_init(&body, ROOM);
		CHECK_CASE(net_perform(net, &req, &answer, &body, NULL) == 0, cases[i].name);
		if (answer.outcome != cases[i].outcome)
			fail_msg("%s: %s (%s)", cases[i].name, net_outcome_name(answer.outcome),
				 answer.trouble);
		CHECK_CASE(answer.status == cases[i].status, cases[i].name);
		CHECK_CASE(strcmp(answer.retry_after, cases[i].retry_after) == 0, cases[i].name);
		CHECK_CASE((answer.outcome == NET_ANSWERED) == (*answer.trouble == '\0'),
			   cases[i].name);
		CHECK_CASE(!cases[i].body || str_is(answer.body, cases[i].body), cases[i].name);
		CHECK_CASE(cases[i].body || answer.body.n == PEER_BIG, cases[i].name);
		CHECK_CASE(answer.took_ms < PATIENT_MS, cases[i].name);
		/* Times are whole milliseconds: both ends of the wait were cut down. */
		if (cases[i].timeout_ms == SHORT_MS)
			CHECK_CASE(answer.took_ms >= SHORT_MS - 2, cases[i].name);
		buf_free(&body);
	}
	net_close(&net, 0);
	peer_stop(peer);
}

/* Whoever reads an answer has no clock: a date is made seconds here. */
static void test_retry_after_a_date(void **state)
{
	struct peer *peer = peer_start();
	struct net *net = open_net(0, 0);
	char url[128];
	const struct net_request req = { .method = "POST",
					 .url = peer_url(peer->port, "/busy-for-a-minute", url),
					 .body = str_of("the body"),
					 .timeout_ms = PATIENT_MS };
	struct net_answer answer;
	struct buf body;
	long seconds;

	(void)state;
	buf_init(&body, ROOM);
	assert_int_equal(net_perform(net, &req, &answer, &body, NULL), 0);
	seconds = strtol(answer.retry_after, NULL, 10);
	if (seconds < 40 || seconds > 60)
		fail_msg("\"%s\" is not about a minute", answer.retry_after);
	buf_free(&body);
	net_close(&net, 0);
	peer_stop(peer);
}

/* A port whose queue of connections is full: what knocks there is not even refused. */
static void fill_queue(int port, int *fds, unsigned n)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (unsigned i = 0; i < n; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_true(fds[i] >= 0);
		(void)connect(fds[i], (struct sockaddr *)&at, sizeof at); /* may stay open */
	}
}

static void test_never_sent(void **state)
{
	int refusing, deaf, ports[2], knocking[4];
	struct peer *peer = peer_start();
	struct net *net = open_net(0, 0);
	char urls[4][128];
	const struct {
		const char *name;
		const char *url;
	} cases[] = {
		{ "refused", urls[0] },
		{ "no connection in time", urls[1] },
		{ "no TLS over there", urls[2] },
		{ "no such host", urls[3] },
	};

	(void)state;
	refusing = peer_bind(-1, &ports[0]);
	deaf = peer_bind(0, &ports[1]);
	fill_queue(ports[1], knocking, 4);
	peer_url(ports[0], "/echo", urls[0]);
	peer_url(ports[1], "/echo", urls[1]);
	snprintf(urls[2], sizeof urls[2], "https://127.0.0.1:%d/echo", peer->port);
	snprintf(urls[3], sizeof urls[3], "http://no-such-host.invalid/");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_request req = { .method = "POST",
					   .url = cases[i].url,
					   .timeout_ms = 1500 };
		struct net_answer answer;

		CHECK_CASE(net_perform(net, &req, &answer, NULL, NULL) == 0, cases[i].name);
		if (answer.outcome != NET_NOT_SENT)
			fail_msg("%s: %s (%s)", cases[i].name, net_outcome_name(answer.outcome),
				 answer.trouble);
		CHECK_CASE(*answer.trouble && answer.status == 0, cases[i].name);
	}
	assert_int_equal(peer_count(peer, &peer->requests), 0);
	net_close(&net, 0);
	peer_stop(peer);
	for (unsigned i = 0; i < 4; i++)
		close(knocking[i]);
	close(deaf);
	close(refusing);
}

/* ---------------------------------------------------------------- TLS */

static SSL_CTX *self_signed(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name;

	assert_true(ctx && key && cert);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"127.0.0.1", -1,
				   -1, 0);
	X509_set_issuer_name(cert, name);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

struct tls_peer {
	SSL_CTX *ctx;
	int fd;
	bool got_request;
};

static void *tls_serve(void *arg)
{
	struct tls_peer *p = arg;
	int fd = accept(p->fd, NULL, NULL);
	SSL *ssl = SSL_new(p->ctx);
	char byte;

	if (fd < 0 || !ssl || SSL_set_fd(ssl, fd) != 1)
		abort();
	p->got_request = SSL_accept(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1;
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void test_certificates_are_checked(void **state)
{
	struct tls_peer peer = { .ctx = self_signed() };
	struct net *net = open_net(0, 0);
	struct net_request req = { .method = "POST", .timeout_ms = PATIENT_MS };
	struct net_answer answer;
	pthread_t thread;
	char url[128];
	int port;

	(void)state;
	peer.fd = peer_bind(4, &port);
	snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
	req.url = url;
	assert_int_equal(pthread_create(&thread, NULL, tls_serve, &peer), 0);
	assert_int_equal(net_perform(net, &req, &answer, NULL, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(answer.outcome, NET_NOT_SENT);
	assert_non_null(strstr(answer.trouble, "certificate"));
	assert_false(peer.got_request);
	net_close(&net, 0);
	close(peer.fd);
	SSL_CTX_free(peer.ctx);
}

/* ---------------------------------------------------------------- what is sent */

static void test_what_is_sent(void **state)
{
	static char large[PEER_BIG + 2]; /* from 1 MiB on libcurl would ask first */
	static const struct {
		const char *name;
		const char *method;
		const char *body;
		const char *has;
		const char *has_not;
	} cases[] = {
		{ "request line", "POST", "x", "POST /echo HTTP/1.1\r\n", NULL },
		{ "user agent", "POST", "x", "User-Agent: tester/1\r\n", NULL },
		{ "header", "POST", "x", "Idempotency-Key: k-1\r\n", NULL },
		{ "header without value", "POST", "x", "X-Empty:\r\n", NULL },
		{ "basic auth", "POST", "x", "Authorization: Basic QUMwMDpwOncg\r\n", NULL },
		{ "no type of its own", "POST", "x", NULL, "Content-Type" },
		{ "no Expect with a large body", "POST", large, "Content-Length: 1048577\r\n",
		  "Expect" },
		{ "empty POST", "POST", "", "Content-Length: 0\r\n", NULL },
		{ "empty PUT", "PUT", "", "Content-Length: 0\r\n", NULL },
		{ "PUT", "PUT", "p", "PUT /echo HTTP/1.1\r\n", NULL },
		{ "DELETE", "DELETE", "", "DELETE /echo HTTP/1.1\r\n", "Content-Length" },
		{ "GET", "GET", "", "GET /echo HTTP/1.1\r\n", "Content-Length" },
		{ "GET with a body", "GET", "g", "GET /echo HTTP/1.1\r\n", NULL },
	};
	struct peer *peer = peer_start();
	struct net *net = open_net(0, 0);
	char url[128];

	(void)state;
	memset(large, 'L', sizeof large - 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_request req = {
			.method = cases[i].method,
			.url = peer_url(peer->port, "/echo", url),
			.headers = { { "Idempotency-Key", "k-1" }, { "X-Empty", "" } },
			.header_count = 2,
			.user = "AC00",
			.password = "p:w ",
			.body = str_of(cases[i].body),
			.timeout_ms = PATIENT_MS,
			.max_answer = ROOM,
		};
		struct net_answer answer;
		struct buf body;

		buf_init(&body, ROOM);
		CHECK_CASE(net_perform(net, &req, &answer, &body, NULL) == 0, cases[i].name);
		CHECK_CASE(answer.outcome == NET_ANSWERED, cases[i].name);
		CHECK_CASE(str_is(answer.body, cases[i].body), cases[i].name);
		CHECK_CASE(!cases[i].has || strstr(peer->last, cases[i].has), cases[i].name);
		CHECK_CASE(!cases[i].has_not || !strcasestr(peer->last, cases[i].has_not),
			   cases[i].name);
		buf_free(&body);
	}
	assert_int_equal(peer_count(peer, &peer->connections), 1); /* kept and reused */
	net_close(&net, 0);
	peer_stop(peer);
}

static void on_never(void *arg, const struct net_answer *answer)
{
	(void)answer;
	*(bool *)arg = true;
}

static void test_bad_requests_are_refused(void **state)
{
	static const struct {
		const char *name;
		struct net_request req;
	} cases[] = {
		{ "no URL", { .method = "GET", .timeout_ms = 1000 } },
		{ "relative", { .method = "GET", .url = "/x", .timeout_ms = 1000 } },
		{ "no scheme", { .method = "GET", .url = "example.org/x", .timeout_ms = 1000 } },
		{ "file", { .method = "GET", .url = "file:///etc/passwd", .timeout_ms = 1000 } },
		{ "ftp", { .method = "GET", .url = "ftp://127.0.0.1/x", .timeout_ms = 1000 } },
		{ "line break in URL",
		  { .method = "GET", .url = "http://127.0.0.1/a\r\nb", .timeout_ms = 1000 } },
		{ "blank in method",
		  { .method = "GET /", .url = "http://127.0.0.1/", .timeout_ms = 1000 } },
		{ "no time", { .method = "GET", .url = "http://127.0.0.1/" } },
		{ "header name",
		  { .method = "GET",
		    .url = "http://127.0.0.1/",
		    .timeout_ms = 1000,
		    .headers = { { "A:b", "c" } },
		    .header_count = 1 } },
		{ "second header inside a value",
		  { .method = "GET",
		    .url = "http://127.0.0.1/",
		    .timeout_ms = 1000,
		    .headers = { { "A", "b\r\nC: d" } },
		    .header_count = 1 } },
		{ "too many headers",
		  { .method = "GET",
		    .url = "http://127.0.0.1/",
		    .timeout_ms = 1000,
		    .header_count = 17 } },
		{ "colon in user",
		  { .method = "GET",
		    .url = "http://127.0.0.1/",
		    .timeout_ms = 1000,
		    .user = "a:b" } },
	};
	struct net *net = open_net(0, 0);
	bool called = false;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };
		struct net_answer answer;

		CHECK_CASE(net_submit(net, &cases[i].req, on_never, &called, &err) == -1,
			   cases[i].name);
		CHECK_CASE(err.kind == ERR_INPUT && *err.text, cases[i].name);
		CHECK_CASE(net_perform(net, &cases[i].req, &answer, NULL, &err) == -1,
			   cases[i].name);
		CHECK_CASE(answer.outcome == NET_NOT_SENT && answer.trouble && answer.retry_after,
			   cases[i].name);
	}
	net_close(&net, 0);
	assert_false(called);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_retry_after_a_date),
		cmocka_unit_test(test_never_sent),
		cmocka_unit_test(test_certificates_are_checked),
		cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_bad_requests_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
