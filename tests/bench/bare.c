/*
 * bare.c - the measure of `make bench`: CivetWeb with the settings of
 * src/web/server.c, a handler that reads the body and answers fixed TwiML.
 *
 *	bare PORT [hmac]      with hmac: one HMAC-SHA1 over the body as well
 *
 * No signature check, no parsing, no store, no log. Ends with its standard input.
 */
#include <civetweb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../src/web/web_private.h"
#include "base/crypto.h"

#define TWIML                                                                                      \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Message>What is your *full name*? "  \
	"We will use it to register.</Message></Response>"

static bool with_hmac;
static const char token[] = "c0ffee00c0ffee00c0ffee00c0ffee00";

static int on_request(struct mg_connection *conn)
{
	const struct mg_request_info *info = mg_get_request_info(conn);
	char body[65536], answer[512];
	int n = 0, size;

	if (info->content_length > 0 && info->content_length <= (long long)sizeof body)
		n = mg_read(conn, body, (size_t)info->content_length);
	if (with_hmac && n > 0) {
		volatile uint8_t digest[SHA1_SIZE];

		hmac_sha1(str_of(token), (struct str){ body, (size_t)n }, (uint8_t *)digest);
	}
	size = snprintf(answer, sizeof answer,
			"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"
			"Content-Length: %zu\r\n\r\n%s",
			sizeof TWIML - 1, TWIML);
	if (mg_write(conn, answer, (size_t)size) != size)
		mg_disable_connection_keep_alive(conn);
	return 200;
}

/* As src/web/server.c does it. */
static struct mg_context *start(const char *port)
{
	static const struct mg_callbacks callbacks = { .begin_request = on_request };
	char listen[64], threads[16], head[16];
	const char *options[] = { "listening_ports",  listen, "num_threads",	    threads,
				  "max_request_size", head,   WEB_CIVETWEB_OPTIONS, NULL };

	(void)snprintf(listen, sizeof listen, "127.0.0.1:%s", port);
	(void)snprintf(threads, sizeof threads, "%d", WEB_THREADS);
	(void)snprintf(head, sizeof head, "%d", WEB_MAX_HEAD);
	(void)mg_init_library(MG_FEATURES_DEFAULT);
	return mg_start(&callbacks, NULL, options);
}

int main(int argc, char **argv)
{
	struct mg_context *civetweb;
	char rest[64];

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: bare PORT [hmac]\n");
		return 2;
	}
	with_hmac = argc == 3;
	civetweb = start(argv[1]);
	if (!civetweb) {
		fprintf(stderr, "bare: cannot listen on %s\n", argv[1]);
		return 1;
	}
	while (read(STDIN_FILENO, rest, sizeof rest) > 0)
		;
	mg_stop(civetweb);
	(void)mg_exit_library();
	return 0;
}
