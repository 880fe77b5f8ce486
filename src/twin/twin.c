/*
 * twin.c - opening, closing, and the table of routes below /sandbox.
 */
#include "twin_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/mem.h"

/* ---- routes ---- */

struct route {
	const char *method; /* "*": the handler decides */
	const char *path; /* '*' stands for one part, at most twice; "**" at the end for the rest */
	int (*handler)(struct twin_call *call);
};

static const struct route routes[] = {
	{ "*", "/twilio/**", twin_rest },
	{ "POST", "/auth/api/send-otp", twin_auth_send_otp },
	{ "GET", "/auth/sms", twin_auth_sms },
	{ "GET", "/auth/health", twin_auth_health },
	{ "GET", "/auth", twin_auth_health },
	{ "GET", "/auth/", twin_auth_health },
	{ "GET", "", twin_page },
	{ "GET", "/", twin_page },
	{ "GET", "/page/*", twin_page },
	{ "GET", "/api/state", twin_state },
	{ "POST", "/api/clock", twin_clock },
	{ "GET", "/api/faults", twin_faults_get },
	{ "PUT", "/api/faults", twin_faults_put },
	{ "DELETE", "/api/faults", twin_faults_delete },
	{ "*", "/demo/*/**", twin_demo },
	{ "PUT", "/api/demo", twin_demo_next },
	{ "DELETE", "/api/demo", twin_demo_next },
	{ "GET", "/api/limits", twin_limits_get },
	{ "PUT", "/api/limits", twin_limits_put },
	{ "GET", "/api/tally", twin_tally },
	{ "POST", "/api/phones", twin_phones_create },
	{ "DELETE", "/api/phones/*", twin_phones_delete },
	{ "PATCH", "/api/phones/*", twin_phones_patch },
	{ "POST", "/api/phones/*/messages", twin_write },
	{ "POST", "/api/phones/*/read", twin_phones_read },
	{ "POST", "/api/phones/*/clear", twin_phones_clear },
	{ "GET", "/api/phones/*/transcript", twin_transcript },
	{ "GET", "/api/messages/*/inspection", twin_inspection },
};

static bool path_fits(const char *pattern, const char *path, struct twin_call *call)
{
	size_t count = 0;

	for (; *pattern; pattern++) {
		size_t n;

		if (*pattern != '*') {
			if (*path++ != *pattern)
				return false;
			continue;
		}
		if (pattern[1] == '*') {
			call->args[count] = arena_strdup(&call->arena, path);
			return true;
		}
		n = strcspn(path, "/");
		if (n == 0)
			return false;
		call->args[count++] = arena_strndup(&call->arena, path, n);
		path += n;
	}
	return *path == '\0';
}

static int refuse_method(struct twin_call *call, const char *allowed)
{
	(void)snprintf(call->reply->headers, sizeof call->reply->headers, "Allow: %s\r\n", allowed);
	return twin_refuse(call, 405, "method_not_allowed", NULL,
			   arena_printf(&call->arena, "use %s", allowed));
}

static int route(struct twin_call *call)
{
	const char *method = call->hook->method;
	const char *allowed = NULL;

	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		const struct route *r = &routes[i];

		if (!path_fits(r->path, call->path, call))
			continue;
		if (strcmp(r->method, "*") == 0 || strcmp(r->method, method) == 0)
			return r->handler(call);
		allowed = allowed ? arena_printf(&call->arena, "%s, %s", allowed, r->method)
				  : r->method;
	}
	if (allowed)
		return refuse_method(call, allowed);
	return twin_refuse(call, 404, "not_found", NULL, "nothing is here");
}

void twin_answer(struct twin *twin, const struct webhook *w, struct buf *body_out,
		 struct twin_reply *reply_out)
{
	static const char prefix[] = "/sandbox";
	struct twin_call call = { .twin = twin, .hook = w, .out = body_out, .reply = reply_out };
	const char *query = strchr(w->target, '?');
	size_t n = query ? (size_t)(query - w->target) : strlen(w->target);

	*reply_out = (struct twin_reply){ .type = "application/json" };
	call.path = arena_strndup(&call.arena, w->target, n);
	if (strncmp(call.path, prefix, sizeof prefix - 1) == 0)
		call.path += sizeof prefix - 1;
	if (form_decode(str_of(query ? query + 1 : ""), &call.arena, &call.query, NULL) < 0) {
		reply_out->status =
			twin_refuse(&call, 400, "malformed", NULL, "the query is malformed");
	} else {
		pthread_mutex_lock(&twin->lock);
		reply_out->status = route(&call);
		pthread_mutex_unlock(&twin->lock);
	}
	if (reply_out->status == 204)
		reply_out->type = NULL;
	arena_free(&call.arena);
}

/* ---- what handlers share ---- */

int twin_refuse(struct twin_call *call, int status, const char *code, const char *field,
		const char *message)
{
	struct json_writer w;

	buf_reset(call->out);
	call->reply->type = "application/json";
	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_object(&w, "error");
	json_add_text(&w, "code", code);
	json_add_text(&w, "message", message);
	if (field)
		json_add_text(&w, "field", field);
	json_end(&w);
	json_end(&w);
	return status;
}

struct cJSON *twin_body(struct twin_call *call)
{
	struct str body = call->hook->body;
	struct cJSON *root = NULL;
	struct err err = { 0 };

	if (body.n == 0)
		body = str_of("{}");
	if (json_parse(body, &root, &err) < 0)
		(void)twin_refuse(call, 400, "malformed", NULL, err.text);
	return root;
}

bool twin_wait_until(struct twin *twin, int64_t until_ms)
{
	return twin_wait_for(twin, &twin->changed, until_ms);
}

bool twin_wait_for(struct twin *twin, pthread_cond_t *cond, int64_t until_ms)
{
	return !twin->stopping && cond_wait_until(cond, &twin->lock, until_ms) && !twin->stopping;
}

void twin_changed(struct twin *twin)
{
	pthread_cond_broadcast(&twin->changed);
}

/* ---- opening and closing ---- */

static void copy_settings(struct twin *twin, const struct twin_settings *set)
{
	twin->account_sid = mem_strdup(set->account_sid);
	twin->auth_tokens = mem_strdup(set->auth_tokens);
	twin->sign_token = mem_strndup(set->auth_tokens, strcspn(set->auth_tokens, ","));
	twin->clock = set->clock;
	twin->sender = mem_strdup(set->sender ? set->sender : "");
	twin->service_sid = mem_strdup(set->service_sid ? set->service_sid : "");
	twin->webhook_url = mem_strdup(set->webhook_url ? set->webhook_url : "");
	twin->fallback_url = mem_strdup(set->fallback_url ? set->fallback_url : "");
	twin->status_url = mem_strdup(set->status_url ? set->status_url : "");
	twin->session_url = mem_strdup(set->session_url ? set->session_url : "");
	twin->page_dir = mem_strdup(set->page_dir ? set->page_dir : "");
	twin->packs_dir = mem_strdup(set->packs_dir ? set->packs_dir : "");
}

static int start(struct twin *twin, struct err *err)
{
	const struct net_settings net = { .max_in_flight = 2 * TWIN_WORKERS,
					  .max_queued = 2 * TWIN_WORKERS,
					  .user_agent = "TwilioProxy/1.1" };

	return net_open(&net, &twin->net, err) < 0 || twin_pool_start(twin, err) < 0 ||
			       twin_status_start(twin, err) < 0
		       ? -1
		       : 0;
}

int twin_open(const struct twin_settings *set, struct twin **twin_out, struct err *err)
{
	struct twin *twin;

	if (!set->account_sid[0] || !set->auth_tokens[0])
		return err_set(err, ERR_INPUT, "the sandbox needs an account SID and a token");
	twin = mem_alloc(sizeof *twin);
	pthread_mutex_init(&twin->lock, NULL);
	cond_init(&twin->changed);
	cond_init(&twin->job_added);
	cond_init(&twin->plan_added);
	copy_settings(twin, set);
	twin->limits = (struct twin_limits){ .rate = TWIN_RATE, .messages = TWIN_MESSAGES };
	(void)twin_messages_grow(twin, TWIN_MESSAGES);
	twin->event_first = 1;
	for (size_t i = 0; i < TWIN_WORKS; i++)
		TAILQ_INIT(&twin->jobs[i]);
	twin_faults_init(&twin->faults);
	if (start(twin, err) < 0) {
		twin_close(&twin);
		return -1;
	}
	*twin_out = twin;
	return 0;
}

void twin_stop(struct twin *twin)
{
	if (!twin)
		return;
	pthread_mutex_lock(&twin->lock);
	twin->stopping = true;
	twin_changed(twin);
	(void)pthread_cond_broadcast(&twin->job_added);
	(void)pthread_cond_broadcast(&twin->plan_added);
	pthread_mutex_unlock(&twin->lock);
}

static void free_settings(struct twin *twin)
{
	char *const texts[] = { twin->account_sid, twin->sender,       twin->service_sid,
				twin->webhook_url, twin->fallback_url, twin->status_url,
				twin->session_url, twin->page_dir,     twin->packs_dir };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	mem_wipe_free(twin->auth_tokens, strlen(twin->auth_tokens));
	mem_wipe_free(twin->sign_token, strlen(twin->sign_token));
}

void twin_close(struct twin **twinp)
{
	struct twin *twin = *twinp;

	if (!twin)
		return;
	twin_stop(twin);
	twin_status_stop(twin);
	if (twin->net)
		net_stop(twin->net, 0); /* who waits for an answer gets none */
	twin_pool_stop(twin);
	net_close(&twin->net, 0);
	twin_messages_free(twin);
	twin_events_free(twin);
	twin_demo_free(twin);
	free_settings(twin);
	free(twin->plan);
	pthread_cond_destroy(&twin->changed);
	pthread_cond_destroy(&twin->job_added);
	pthread_cond_destroy(&twin->plan_added);
	pthread_mutex_destroy(&twin->lock);
	free(twin);
	*twinp = NULL;
}
