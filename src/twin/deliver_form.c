/*
 * deliver_form.c - the parameters of an inbound message, as Twilio sends them for WhatsApp.
 */
#include "twin_private.h"

#include <stdio.h>
#include <string.h>

static void add(struct buf *form, const char *name, const char *value)
{
	if (value)
		(void)form_add(form, str_of(name), str_of(value));
}

static const char *message_type(const struct twin_message *m)
{
	static const struct {
		const char *prefix;
		const char *type;
	} rows[] = { { "image/webp", "sticker" }, { "image/", "image" },   { "audio/", "audio" },
		     { "video/", "video" },	  { "text/", "contacts" }, { "", "document" } };
	size_t i = 0;

	switch (m->kind) {
	case TWIN_TEXT:
		return "text";
	case TWIN_CHOICE:
		return "interactive";
	case TWIN_LOCATION:
		return "location";
	case TWIN_MEDIA:
		break;
	}
	while (strncmp(m->media_type, rows[i].prefix, strlen(rows[i].prefix)) != 0)
		i++;
	return rows[i].type;
}

/* The channel's own words, as JSON text in one field. */
static void add_metadata(struct buf *form, const struct twin_message *m, const char *name,
			 const char *wa_id)
{
	struct json_writer w;
	struct buf json;

	buf_init(&json, 16384);
	json_begin(&w, &json);
	json_object(&w, NULL);
	json_add_text(&w, "type", "whatsapp");
	json_object(&w, "data");
	json_object(&w, "context");
	json_add_text(&w, "ProfileName", name);
	if (*wa_id)
		json_add_text(&w, "WaId", wa_id);
	if (m->payload) {
		json_add_text(&w, "ButtonText", m->text);
		json_add_text(&w, "ButtonPayload", m->payload);
	}
	json_end(&w);
	json_end(&w);
	json_end(&w);
	add(form, "ChannelMetadata", json.data);
	buf_free(&json);
}

/* What the tap answers: the last message of the program's on this phone. */
static const struct twin_message *replied_to(const struct twin *twin, const struct twin_message *m)
{
	size_t kept = twin_messages_kept(twin);

	for (size_t i = 0; i < kept; i++) {
		const struct twin_message *other = twin_message_at(twin, i);

		if (other->direction == TWIN_OUT && other->created_ms <= m->created_ms &&
		    strcmp(other->phone, m->phone) == 0)
			return other;
	}
	return NULL;
}

static void add_choice(const struct twin *twin, const struct twin_message *m, struct buf *form)
{
	const struct twin_message *asked = replied_to(twin, m);

	add(form, "ButtonText", m->text);
	add(form, "ButtonPayload", m->payload);
	if (asked) {
		add(form, "OriginalRepliedMessageSid", asked->sid);
		add(form, "OriginalRepliedMessageSender", asked->from);
	}
}

static void add_media(const struct twin *twin, const struct twin_message *m, struct buf *form)
{
	char url[256];

	(void)snprintf(url, sizeof url,
		       "https://api.twilio.com/2010-04-01/Accounts/%s/Messages/%s/Media/ME%s",
		       twin->account_sid, m->sid, m->sid + 2);
	add(form, "MediaContentType0", m->media_type);
	add(form, "MediaUrl0", m->media_url ? m->media_url : url);
}

void twin_deliver_form(const struct twin *twin, const struct twin_message *m,
		       const struct twin_phone *phone, int error_code, const char *error_url,
		       struct buf *form)
{
	const char *wa_id = contact_number(m->from) ? contact_number(m->from) + 1 : "";
	const char *name = phone ? phone->profile_name : "";
	char bsuid[96], code[16];

	add(form, "SmsMessageSid", m->sid);
	add(form, "NumMedia", m->kind == TWIN_MEDIA ? "1" : "0");
	add(form, "ProfileName", name);
	add(form, "MessageType", message_type(m));
	add(form, "SmsSid", m->sid);
	if (*wa_id)
		add(form, "WaId", wa_id);
	add(form, "SmsStatus", "received");
	add(form, "Body", m->text);
	if (m->kind == TWIN_CHOICE)
		add_choice(twin, m, form);
	if (m->kind == TWIN_MEDIA)
		add_media(twin, m, form);
	add(form, "Latitude", m->latitude);
	add(form, "Longitude", m->longitude);
	add(form, "Label", m->label);
	add(form, "To", m->to);
	add(form, "NumSegments", "1");
	add(form, "ReferralNumMedia", "0");
	add(form, "MessageSid", m->sid);
	add(form, "AccountSid", twin->account_sid);
	if (*twin->service_sid)
		add(form, "MessagingServiceSid", twin->service_sid);
	add_metadata(form, m, name, wa_id);
	if (phone) {
		(void)snprintf(bsuid, sizeof bsuid, "whatsapp:%s", phone->bsuid);
		add(form, "ExternalUserId", bsuid);
	}
	add(form, "From", m->from);
	add(form, "ApiVersion", "2010-04-01");
	if (error_code) {
		(void)snprintf(code, sizeof code, "%d", error_code);
		add(form, "ErrorCode", code);
		add(form, "ErrorUrl", error_url);
	}
}
