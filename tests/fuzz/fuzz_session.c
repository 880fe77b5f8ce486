/*
 * Arbitrary bytes as a stored session, inbound, outbound and broadcast: what decodes
 * must encode to the same bytes again (there is one way to write a thing).
 */
#include <stdint.h>
#include <stdlib.h>

#include "model/broadcast.h"
#include "model/inbound.h"
#include "model/outbound.h"
#include "model/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 22 };

/* Bytes of a former version are written as the newest one: what was written comes back then. */
static bool is_former(const struct buf *out, struct str bytes)
{
	return out->data[0] != bytes.p[0];
}

static void must_equal(const struct buf *out, struct str bytes)
{
	if (out->len != bytes.n || memcmp(out->data, bytes.p, bytes.n) != 0)
		abort();
}

static void try_newest(const struct buf *newest, struct arena *a,
		       void (*try)(struct str, struct arena *, struct buf *))
{
	struct buf again;

	buf_init(&again, ROOM);
	try((struct str){ newest->data, newest->len }, a, &again);
	if (again.len == 0)
		abort(); /* it does not read what it writes */
	buf_free(&again);
}

static void try_session(struct str bytes, struct arena *a, struct buf *out)
{
	struct session s = { 0 }, *copy;

	if (session_decode(bytes, a, &s, NULL) == 0) {
		if (session_encode(&s, out, NULL) < 0)
			abort();
		if (is_former(out, bytes))
			try_newest(out, a, try_session);
		else
			must_equal(out, bytes);
	}
	/* Usable whether it decoded or not. */
	session_unset(&s, "name");
	if (session_set(&s, a, "name", "x", NULL) == 0 && strcmp(session_get(&s, "name"), "x") != 0)
		abort();
	copy = session_copy(&s, a);
	if (strlen(copy->flow) + strlen(copy->step) + strlen(copy->shown_step) != 0)
		abort();
}

static void try_inbound(struct str bytes, struct arena *a, struct buf *out)
{
	struct inbound in;

	if (inbound_decode(bytes, a, &in, NULL) < 0)
		return;
	if (inbound_encode(&in, out) < 0)
		abort();
	must_equal(out, bytes);
}

static void try_outbound(struct str bytes, struct arena *a, struct buf *out)
{
	struct outbound o = { 0 };

	if (outbound_decode(bytes, a, &o, NULL) < 0)
		return;
	if (outbound_encode(&o, out) < 0)
		abort();
	if (is_former(out, bytes))
		try_newest(out, a, try_outbound);
	else
		must_equal(out, bytes);
}

static void try_broadcast(struct str bytes, struct arena *a, struct buf *out)
{
	struct broadcast b = { 0 };

	if (broadcast_decode(bytes, a, &b, NULL) < 0)
		return;
	if (broadcast_encode(&b, out) < 0)
		abort();
	must_equal(out, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct arena a = { 0 };
	struct buf out;

	buf_init(&out, ROOM);
	try_session(bytes, &a, &out);
	buf_reset(&out);
	try_inbound(bytes, &a, &out);
	buf_reset(&out);
	try_outbound(bytes, &a, &out);
	buf_reset(&out);
	try_broadcast(bytes, &a, &out);
	buf_free(&out);
	arena_free(&a);
	return 0;
}
