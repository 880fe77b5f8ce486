/*
 * request.c - checks a request and copies it into a job of its own.
 */
#include "net_private.h"

#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"

enum { MAX_ANSWER_DEFAULT = 256 * 1024 };

static bool is_token(const char *s)
{
	/* RFC 9110, section 5.6.2 */
	static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return s && *s && s[strspn(s, allowed)] == '\0';
}

/* A line break would end the header and start one of a stranger's choice. */
static bool is_header_value(const char *s)
{
	if (!s)
		return false;
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static bool is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "[::1]") == 0;
}

/* The texts never show the URL: it may carry a password or a number. */
static int check_url(const char *url, bool *loopback_out, struct err *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL;
	CURLUcode rc;
	int ret = -1;

	if (!u) {
		err_set(err, ERR_TEMP, "net: no memory for a URL");
		goto out;
	}
	rc = curl_url_set(u, CURLUPART_URL, url ? url : "", 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_HOST, &host, 0);
	if (rc != CURLUE_OK) {
		err_set(err, ERR_INPUT, "net: bad URL: %s", curl_url_strerror(rc));
		goto out;
	}
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
		err_set(err, ERR_INPUT, "net: bad URL: only http and https are spoken");
		goto out;
	}
	*loopback_out = is_loopback(host);
	ret = 0;
out:
	curl_free(host);
	curl_free(scheme);
	curl_url_cleanup(u);
	return ret;
}

static int check(const struct net_request *req, bool *loopback_out, struct err *err)
{
	if (!is_token(req->method))
		return err_set(err, ERR_INPUT, "net: bad method");
	if (req->timeout_ms <= 0)
		return err_set(err, ERR_INPUT, "net: a request needs a time-out");
	if (req->header_count > sizeof req->headers / sizeof *req->headers)
		return err_set(err, ERR_INPUT, "net: %zu headers are too many", req->header_count);
	for (size_t i = 0; i < req->header_count; i++) {
		const struct net_header *h = &req->headers[i];

		if (!is_token(h->name))
			return err_set(err, ERR_INPUT, "net: header %zu has a bad name", i);
		if (!is_header_value(h->value))
			return err_set(err, ERR_INPUT, "net: header %s has a bad value", h->name);
	}
	if (req->user && strchr(req->user, ':'))
		return err_set(err, ERR_INPUT, "net: a user's name cannot hold ':'");
	return check_url(req->url, loopback_out, err);
}

static bool has_header(const struct net_request *req, const char *name)
{
	for (size_t i = 0; i < req->header_count; i++)
		if (strcasecmp(req->headers[i].name, name) == 0)
			return true;
	return false;
}

/* In libcurl's notation "Name;" is a header without value and "Name:" takes one away. */
static void copy_headers(struct job *job, const struct net_request *req)
{
	job->headers = arena_array(&job->arena, req->header_count + 2, sizeof *job->headers);
	for (size_t i = 0; i < req->header_count; i++) {
		const struct net_header *h = &req->headers[i];
		bool blank = h->value[strspn(h->value, " \t")] == '\0';

		job->headers[job->header_count++] =
			blank ? arena_printf(&job->arena, "%s;", h->name)
			      : arena_printf(&job->arena, "%s: %s", h->name, h->value);
	}
	/* Waiting for "100 Continue" costs a second with servers that do not know it. */
	if (!has_header(req, "Expect"))
		job->headers[job->header_count++] = "Expect:";
	/* Only the caller knows what the body is. */
	if (!has_header(req, "Content-Type"))
		job->headers[job->header_count++] = "Content-Type:";
}

size_t request_max_answer(const struct net_request *req)
{
	return req->max_answer ? req->max_answer : MAX_ANSWER_DEFAULT;
}

int job_new(const struct net_request *req, struct job **job_out, struct err *err)
{
	struct job *job;
	bool loopback = false;

	if (check(req, &loopback, err) < 0)
		return -1;
	job = mem_alloc(sizeof *job);
	job->loopback = loopback;
	job->method = arena_strdup(&job->arena, req->method);
	job->url = arena_strdup(&job->arena, req->url);
	job->user = req->user ? arena_strdup(&job->arena, req->user) : NULL;
	job->password = req->password ? arena_strdup(&job->arena, req->password) : "";
	job->body.p = req->body.n ? arena_strndup(&job->arena, req->body.p, req->body.n) : "";
	job->body.n = req->body.n;
	job->max_answer = request_max_answer(req);
	copy_headers(job, req);
	*job_out = job;
	return 0;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	curl_slist_free_all(job->list);
	buf_free(&job->answer);
	buf_free(&job->head);
	arena_free(&job->arena);
	free(job);
}
