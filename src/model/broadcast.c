/*
 * broadcast.c - the part of a broadcast that is sealed, as bytes, and the names of its states.
 */
#include "model/broadcast.h"

#include "wire_private.h"

enum { BROADCAST_VERSION = 1 };

const char *broadcast_state_name(enum broadcast_state s)
{
	switch (s) {
	case BROADCAST_RUNNING:
		return "running";
	case BROADCAST_PAUSED:
		return "paused";
	case BROADCAST_CANCELLED:
		return "cancelled";
	case BROADCAST_DONE:
		return "done";
	}
	return "unknown";
}

int broadcast_encode(const struct broadcast *b, struct buf *out)
{
	size_t start = out->len;

	(void)buf_addc(out, BROADCAST_VERSION); /* a refusal shows in out->full */
	wire_put_text(out, b->message);
	wire_put_text(out, b->content_sid);
	wire_put_text(out, b->content_variables);
	return out->full ? wire_undo(out, start) : 0;
}

int broadcast_decode(struct str bytes, struct arena *a, struct broadcast *b, struct err *err)
{
	const char *message, *content_sid, *content_variables;
	struct wire_reader r;

	if (wire_open(&r, bytes, a, BROADCAST_VERSION, "broadcast", err) < 0)
		return -1;
	message = wire_get_text(&r, SIZE_MAX);
	content_sid = wire_get_text(&r, SIZE_MAX);
	content_variables = wire_get_text(&r, SIZE_MAX);
	if (wire_close(&r, "broadcast", err) < 0)
		return -1;
	b->message = message;
	b->content_sid = content_sid;
	b->content_variables = content_variables;
	return 0;
}
