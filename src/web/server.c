/*
 * server.c - CivetWeb: starting, one callback for every request, stopping.
 *
 * A thread per connection. What keeps slow and idle clients from taking all
 * threads: a head must arrive within CivetWeb's request time-out, a body
 * within patience.c's, an idle connection is kept for a few seconds only and
 * not at all once half of the threads are taken. CivetWeb serves no file,
 * decodes no form and no path here.
 */
#include "web_private.h"

#include <assert.h>
#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"

static struct web *web_of(const struct mg_connection *conn)
{
	struct web *web = mg_get_user_context_data(conn);

	assert(web && web->magic == WEB_MAGIC);
	return web;
}

/* ---- callbacks ---- */

static void leave(struct web *web)
{
	if (atomic_fetch_sub(&web->under_way, 1) == 1 && atomic_load(&web->draining)) {
		pthread_mutex_lock(&web->lock);
		pthread_cond_broadcast(&web->idle);
		pthread_mutex_unlock(&web->lock);
	}
}

static int on_request(struct mg_connection *conn)
{
	struct web *web = web_of(conn);

	atomic_fetch_add(&web->under_way, 1);
	web_serve(web, conn);
	leave(web);
	return 200; /* answered; CivetWeb shall do nothing more */
}

/* CivetWeb's own refusals: a head that is too long, too late or no HTTP. */
static int on_error(struct mg_connection *conn, int status, const char *message)
{
	struct web_request rq = { 0 };
	struct web_answer an;
	struct buf wire;

	(void)message; /* may repeat what the stranger sent */
	web_answer_init(&an);
	buf_init(&wire, WEB_MAX_HEAD);
	id_random(rq.id);
	an.close = true;
	if (status == 413)
		status = 431;
	if (status == 408)
		web_answer_error(&an, &rq, 408, "timeout", NULL, "the request came too slowly");
	else if (status == 431)
		web_answer_error(&an, &rq, 431, "headers_too_large", NULL,
				 "request line and headers exceed %d bytes", WEB_MAX_HEAD);
	else if (status >= 500 && status != 505) /* an HTTP version of the client's own */
		web_answer_error(&an, &rq, 500, "internal", NULL, "the server refused this");
	else
		web_answer_error(&an, &rq, 400, "malformed", NULL, "this is not a valid request");
	if (web_answer_format(&an, &rq, true, &wire) == 0)
		(void)mg_write(conn, wire.data, wire.len);
	mg_disable_connection_keep_alive(conn);
	web_route_count_answer(NULL, an.status);
	buf_free(&wire);
	web_answer_free(&an);
	return 0;
}

static int on_log(const struct mg_connection *conn, const char *message)
{
	(void)conn;
	log_debug("civetweb", LOG_S("message", message));
	return 1;
}

static int on_open(const struct mg_connection *conn, void **data)
{
	(void)data;
	atomic_fetch_add(&web_of(conn)->connections, 1);
	return 0;
}

static void on_close(const struct mg_connection *conn)
{
	atomic_fetch_sub(&web_of(conn)->connections, 1);
}

/* ---- starting ---- */

static int start(struct web *web, struct err *err)
{
	static const struct mg_callbacks callbacks = {
		.begin_request = on_request,
		.http_error = on_error,
		.log_message = on_log,
		.init_connection = on_open,
		.connection_closed = on_close,
	};
	const char *host = strcmp(web->set.host, "localhost") == 0 ? "127.0.0.1" : web->set.host;
	char listen[128], threads[16], head[16];
	const char *options[] = { "listening_ports",  listen, "num_threads",	    threads,
				  "max_request_size", head,   WEB_CIVETWEB_OPTIONS, NULL };
	char trouble[256] = "";
	unsigned code = 0;
	struct mg_init_data init = { &callbacks, web, options };
	struct mg_error_data error = { &code, trouble, sizeof trouble };
	struct mg_server_port ports[1];

	(void)snprintf(listen, sizeof listen, "%s:%u", host, (unsigned)web->set.port);
	(void)snprintf(threads, sizeof threads, "%u", web->threads);
	(void)snprintf(head, sizeof head, "%d", WEB_MAX_HEAD);
	(void)mg_init_library(MG_FEATURES_DEFAULT);
	web->civetweb = mg_start2(&init, &error);
	if (!web->civetweb)
		return err_set(
			err, ERR_PERM,
			"cannot listen on %s: %s. Is the port taken by another program, or the "
			"address not one of this machine? Choose another PORT or HOST",
			listen, trouble);
	web->port = web->set.port;
	if (mg_get_server_ports(web->civetweb, 1, ports) == 1)
		web->port = (uint16_t)ports[0].port;
	return 0;
}

int web_open(const struct web_settings *set, struct web **web_out, struct err *err)
{
	struct web *web = mem_alloc(sizeof *web);

	web->magic = WEB_MAGIC;
	web->set = *set;
	web->port = set->port;
	web->threads = set->threads ? set->threads : WEB_THREADS;
	sha256(str_of(set->admin_token), web->admin_digest);
	pthread_mutex_init(&web->lock, NULL);
	cond_init(&web->idle);
	web->turn_seconds = metric_histogram("samvad_turn_seconds", NULL,
					     "Time from a verified message to its answer.");
	web->patience = patience_new();
	if (!web->patience)
		err_set(err, ERR_TEMP, "no thread to be had");
	else if (start(web, err) == 0) {
		*web_out = web;
		return 0;
	}
	web_close(&web, 0);
	return -1;
}

uint16_t web_port(const struct web *web)
{
	return web->port;
}

/* ---- stopping ---- */

/* True when nothing is under way any more. */
static bool wait_idle(struct web *web, int ms)
{
	const int64_t until = clock_mono_ms() + ms;
	bool idle;

	pthread_mutex_lock(&web->lock);
	while (!(idle = atomic_load(&web->under_way) == 0))
		if (!cond_wait_until(&web->idle, &web->lock, until))
			break;
	pthread_mutex_unlock(&web->lock);
	return idle;
}

void web_close(struct web **webp, int grace_ms)
{
	struct web *web = *webp;

	if (!web)
		return;
	if (web->civetweb) {
		/* Half of the time everybody is answered, then only those who are inside. */
		atomic_store(&web->draining, true);
		if (!wait_idle(web, grace_ms / 2)) {
			atomic_store(&web->refusing, true);
			(void)wait_idle(web, grace_ms - grace_ms / 2);
		}
		atomic_store(&web->refusing, true);
		patience_wake(atomic_load(&web->port));
		mg_stop(web->civetweb); /* CivetWeb writes nothing once this has begun */
		(void)mg_exit_library();
	}
	patience_free(&web->patience);
	pthread_cond_destroy(&web->idle);
	pthread_mutex_destroy(&web->lock);
	web->magic = 0;
	free(web);
	*webp = NULL;
}
