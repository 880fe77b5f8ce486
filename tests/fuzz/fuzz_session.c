/*
 * Arbitrary bytes as a stored session, inbound and outbound: what decodes
 * must encode to the same bytes again (there is one way to write a thing).
 */
#include <stdint.h>
#include <stdlib.h>

#include "model/inbound.h"
#include "model/outbound.h"
#include "model/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 22 };

static void must_equal(const struct buf *out, struct str bytes)
{
	if (out->len != bytes.n || memcmp(out->data, bytes.p, bytes.n) != 0)
		abort();
}

static void try_session(struct str bytes, struct arena *a, struct buf *out)
{
	struct session s = { 0 }, *copy;

	if (session_decode(bytes, a, &s, NULL) == 0) {
		if (session_encode(&s, out, NULL) < 0)
			abort();
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
	buf_free(&out);
	arena_free(&a);
	return 0;
}
