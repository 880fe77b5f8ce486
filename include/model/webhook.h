/*
 * model/webhook.h - an HTTP request a provider makes to us, as plain data.
 *
 * Filled by web/, read by channel/. Everything is borrowed from the request
 * and valid until it is answered.
 */
#ifndef SAMVAD_MODEL_WEBHOOK_H
#define SAMVAD_MODEL_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { WEBHOOK_MAX_HEADERS = 64 };

struct webhook_header {
	const char *name; /* as sent; compare without case */
	const char *value;
};

struct webhook {
	const char *method;
	const char *target; /* path and query exactly as on the request line */
	struct webhook_header headers[WEBHOOK_MAX_HEADERS];
	size_t header_count;
	struct str body;
	const char *peer; /* address of the TCP peer, without port */
	bool tls;	  /* our own listener spoke TLS */
	const char *request_id;
};

/* The header's value, or NULL. When it occurs twice with different values
 * *conflict_out (may be NULL) becomes true: refuse such requests. */
const char *webhook_header(const struct webhook *w, const char *name, bool *conflict_out);

#endif
