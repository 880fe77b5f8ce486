/*
 * outbound.c - the part of an outbound message that is sealed, as bytes, and the ids that are
 * made from other ids.
 */
#include "model/outbound.h"

#include "base/crypto.h"
#include "wire_private.h"

enum {
	VERSION_TEXT_ONLY = 1, /* text, sender, account */
	OUTBOUND_VERSION = 2,
};

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
	case OUTBOUND_PARKED:
		return "parked";
	}
	return "unknown";
}

const char *outbound_reason_name(enum outbound_reason r)
{
	switch (r) {
	case OUTBOUND_NO_REASON:
		return "";
	case OUTBOUND_FAILED:
		return "failed";
	case OUTBOUND_UNTOLD:
		return "untold";
	case OUTBOUND_REPLACED:
		return "replaced";
	case OUTBOUND_OPTED_OUT:
		return "opted_out";
	case OUTBOUND_OUTSIDE_WINDOW:
		return "outside_window";
	case OUTBOUND_NOT_JOINED:
		return "not_joined";
	case OUTBOUND_BLOCKED:
		return "blocked";
	case OUTBOUND_NO_VALUE:
		return "no_value";
	case OUTBOUND_TOO_LONG:
		return "too_long";
	case OUTBOUND_CANCELLED:
		return "cancelled";
	}
	return "unknown";
}

bool outbound_is_skip(enum outbound_reason r)
{
	return r >= OUTBOUND_OPTED_OUT && r <= OUTBOUND_TOO_LONG;
}

/* A keyed digest keeps "a" + "bc" and "ab" + "c" apart. */
static void made_id(const char *from, const char *what, char out[ID_HEX_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	hmac_sha256(str_of(from), str_of(what), digest);
	hex_encode(digest, (ID_HEX_SIZE - 1) / 2, out);
}

void outbound_successor_id(const char *id, const char *word, char out[ID_HEX_SIZE])
{
	made_id(id, word, out);
}

struct outbound outbound_successor(const struct outbound *row, const char *word, int64_t now_ms)
{
	struct outbound next = *row;

	outbound_successor_id(row->id, word, next.id);
	next.created_ms = next.due_ms = now_ms;
	next.attempts = 0;
	next.state = OUTBOUND_WAITING;
	next.reason = OUTBOUND_NO_REASON;
	next.external_id = "";
	next.status = STATUS_NONE;
	next.error_code = 0;
	return next;
}

void outbound_recipient_id(const char *broadcast, const char *contact, char out[ID_HEX_SIZE])
{
	made_id(broadcast, contact, out);
}

int outbound_encode(const struct outbound *o, struct buf *out)
{
	size_t start = out->len;

	(void)buf_addc(out, OUTBOUND_VERSION); /* a refusal shows in out->full */
	wire_put_text(out, o->text);
	wire_put_text(out, o->sender);
	wire_put_text(out, o->account);
	wire_put_text(out, o->content_sid);
	wire_put_text(out, o->content_variables);
	wire_put_uint(out, o->as_template);
	return out->full ? wire_undo(out, start) : 0;
}

int outbound_decode(struct str bytes, struct arena *a, struct outbound *o, struct err *err)
{
	bool old = bytes.n > 0 && bytes.p[0] == VERSION_TEXT_ONLY;
	struct outbound got = { .content_sid = "", .content_variables = "" };
	struct wire_reader r;

	if (wire_open(&r, bytes, a, old ? VERSION_TEXT_ONLY : OUTBOUND_VERSION, "outbound", err) <
	    0)
		return -1;
	got.text = wire_get_text(&r, SIZE_MAX);
	got.sender = wire_get_text(&r, SIZE_MAX);
	got.account = wire_get_text(&r, SIZE_MAX);
	if (!old) {
		got.content_sid = wire_get_text(&r, SIZE_MAX);
		got.content_variables = wire_get_text(&r, SIZE_MAX);
		got.as_template = wire_get_uint(&r, 1) == 1;
	}
	if (wire_close(&r, "outbound", err) < 0)
		return -1;
	o->text = got.text;
	o->sender = got.sender;
	o->account = got.account;
	o->content_sid = got.content_sid;
	o->content_variables = got.content_variables;
	o->as_template = got.as_template;
	return 0;
}
