/*
 * outbound.c - the part of an outbound message that is sealed, as bytes.
 */
#include "model/outbound.h"

#include "wire_private.h"

enum { OUTBOUND_VERSION = 1 };

const char *outbound_state_name(enum outbound_state s)
{
	switch (s) {
	case OUTBOUND_WAITING:
		return "waiting";
	case OUTBOUND_CLAIMED:
		return "claimed";
	case OUTBOUND_UNSURE:
		return "unsure";
	case OUTBOUND_ACCEPTED:
		return "accepted";
	case OUTBOUND_DEAD:
		return "dead";
	}
	return "unknown";
}

int outbound_encode(const struct outbound *o, struct buf *out)
{
	size_t start = out->len;

	(void)buf_addc(out, OUTBOUND_VERSION);
	wire_put_text(out, o->text);
	wire_put_text(out, o->sender);
	wire_put_text(out, o->account);
	return out->full ? wire_undo(out, start) : 0;
}

int outbound_decode(struct str bytes, struct arena *a, struct outbound *o, struct err *err)
{
	struct wire_reader r;
	const char *text, *sender, *account;

	if (wire_open(&r, bytes, a, OUTBOUND_VERSION, "outbound", err) < 0)
		return -1;
	text = wire_get_text(&r, SIZE_MAX);
	sender = wire_get_text(&r, SIZE_MAX);
	account = wire_get_text(&r, SIZE_MAX);
	if (wire_close(&r, "outbound", err) < 0)
		return -1;
	o->text = text;
	o->sender = sender;
	o->account = account;
	return 0;
}
