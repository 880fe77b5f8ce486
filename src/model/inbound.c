/*
 * inbound.c - an inbound as bytes, for journal and spool.
 */
#include "model/inbound.h"

#include <limits.h>

#include "model/contact.h"
#include "wire_private.h"

enum { INBOUND_VERSION = 1 };

void inbound_init(struct inbound *in)
{
	*in = (struct inbound){ .channel = "",
				.contact = "",
				.receiver = "",
				.account = "",
				.external_id = "",
				.text = "",
				.payload = "",
				.profile_name = "",
				.user_id = "",
				.latitude = "",
				.longitude = "",
				.place = "" };
}

int inbound_encode(const struct inbound *in, struct buf *out)
{
	size_t start = out->len;

	/* What could not be read back is not written. */
	if (in->media_count > INBOUND_MAX_MEDIA || !in->external_id || !*in->external_id ||
	    strlen(in->external_id) > EXTERNAL_ID_MAX ||
	    (in->contact && strlen(in->contact) > CONTACT_MAX))
		return -1;
	(void)buf_addc(out, INBOUND_VERSION);
	wire_put_text(out, in->channel);
	wire_put_text(out, in->contact);
	wire_put_text(out, in->receiver);
	wire_put_text(out, in->account);
	wire_put_text(out, in->external_id);
	wire_put_uint(out, in->kind);
	wire_put_text(out, in->text);
	wire_put_text(out, in->payload);
	wire_put_text(out, in->profile_name);
	wire_put_text(out, in->user_id);
	wire_put_uint(out, in->opt_out);
	wire_put_uint(out, in->media_count);
	for (size_t i = 0; i < in->media_count; i++) {
		wire_put_text(out, in->media[i].url);
		wire_put_text(out, in->media[i].type);
	}
	wire_put_text(out, in->latitude);
	wire_put_text(out, in->longitude);
	wire_put_text(out, in->place);
	wire_put_bytes(out, in->raw);
	wire_put_int(out, in->received_ms);
	return out->full ? wire_undo(out, start) : 0;
}

static void get_media(struct wire_reader *r, struct inbound *in)
{
	in->media_count = (size_t)wire_get_uint(r, INBOUND_MAX_MEDIA);
	for (size_t i = 0; i < in->media_count; i++) {
		in->media[i].url = wire_get_text(r, SIZE_MAX);
		in->media[i].type = wire_get_text(r, SIZE_MAX);
	}
}

int inbound_decode(struct str bytes, struct arena *a, struct inbound *in_out, struct err *err)
{
	struct wire_reader r;
	struct inbound in = { 0 };

	if (wire_open(&r, bytes, a, INBOUND_VERSION, "inbound", err) < 0)
		return -1;
	in.channel = wire_get_text(&r, SIZE_MAX);
	in.contact = wire_get_text(&r, CONTACT_MAX);
	in.receiver = wire_get_text(&r, SIZE_MAX);
	in.account = wire_get_text(&r, SIZE_MAX);
	in.external_id = wire_get_text(&r, EXTERNAL_ID_MAX);
	in.kind = (enum inbound_kind)wire_get_uint(&r, INBOUND_OTHER);
	in.text = wire_get_text(&r, SIZE_MAX);
	in.payload = wire_get_text(&r, SIZE_MAX);
	in.profile_name = wire_get_text(&r, SIZE_MAX);
	in.user_id = wire_get_text(&r, SIZE_MAX);
	in.opt_out = (enum opt_out_type)wire_get_uint(&r, OPT_OUT_HELP);
	get_media(&r, &in);
	in.latitude = wire_get_text(&r, SIZE_MAX);
	in.longitude = wire_get_text(&r, SIZE_MAX);
	in.place = wire_get_text(&r, SIZE_MAX);
	in.raw = wire_get_bytes(&r, SIZE_MAX);
	in.received_ms = wire_get_int(&r);
	if (wire_close(&r, "inbound", err) < 0)
		return -1;
	if (!*in.external_id)
		return err_set(err, ERR_INPUT, "inbound: without an external id");
	*in_out = in;
	return 0;
}
