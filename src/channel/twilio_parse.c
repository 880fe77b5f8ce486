/*
 * twilio_parse.c - message webhooks and status callbacks as plain data.
 *
 * The signature has been checked, but names, texts and ids come from
 * strangers: texts are cleaned, ids and addresses must be printable. Unknown
 * fields stay in `raw`. Where Twilio's documents leave the names open (answers
 * to a list), all candidates are tried.
 */
#include "twilio_private.h"

#include <stdlib.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "base/form.h"
#include "base/json.h"
#include "base/text.h"

struct reader {
	const struct form *form;
	struct arena *arena;
};

static const char *clean(struct str s, struct arena *a)
{
	struct buf b;
	const char *text;

	if (s.n == 0)
		return "";
	buf_init(&b, s.n * 3); /* a bad byte becomes three */
	(void)text_add_clean(&b, s);
	text = arena_strndup(a, b.data, b.len);
	buf_free(&b);
	return text;
}

static const char *text_field(const struct reader *r, const char *name)
{
	return clean(form_get(r->form, name), r->arena);
}

static const char *first_text(const struct reader *r, const char *const *names)
{
	const char *text = "";

	for (; *names && !*text; names++)
		text = text_field(r, *names);
	return text;
}

/* Printable ASCII without blanks, at most max bytes; else "". */
static const char *token_field(const struct reader *r, const char *name, size_t max)
{
	struct str s = form_get(r->form, name);

	if (s.n > max)
		return "";
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '!' || s.p[i] > '~')
			return "";
	return s.n ? s.p : ""; /* a form's values end with a NUL */
}

static const char *address_field(const struct reader *r, const char *name)
{
	const char *address = token_field(r, name, CONTACT_MAX);

	return contact_is_valid(address) ? address : "";
}

static const char *message_id(const struct reader *r)
{
	static const char *const names[] = { "MessageSid", "SmsMessageSid", "SmsSid" };
	const char *id = "";

	for (size_t i = 0; i < sizeof names / sizeof *names && !*id; i++)
		id = token_field(r, names[i], EXTERNAL_ID_MAX);
	return id;
}

/* A small decimal number, or `otherwise`. */
static int number_field(const struct reader *r, const char *name, int otherwise)
{
	const char *text = token_field(r, name, 9);
	size_t digits = strspn(text, "0123456789");

	return digits && !text[digits] ? (int)strtol(text, NULL, 10) : otherwise;
}

/* ---- what was tapped ---- */

/* The id of a button or row as ChannelMetadata repeats it, or "". */
static const char *payload_in_metadata(const struct reader *r)
{
	static const char *const keys[] = { "ListId", "ButtonPayload", "buttonPayload" };
	struct str text = form_get(r->form, "ChannelMetadata");
	const struct cJSON *context;
	struct cJSON *root = NULL;
	const char *found = "";

	if (text.n == 0 || json_parse(text, &root, NULL) < 0)
		return ""; /* a hint only: a broken one is no fault of the message */
	context = json_get(json_get(root, "data"), "context");
	for (size_t i = 0; i < sizeof keys / sizeof *keys && !*found; i++)
		found = clean(str_of(json_text(context, keys[i], "")), r->arena);
	json_free(&root);
	return found;
}

static void read_choice(const struct reader *r, struct inbound *in)
{
	static const char *const ids[] = { "ListId", "ButtonPayload", NULL };
	static const char *const titles[] = { "Body", "ListTitle", "ButtonText", NULL };

	in->payload = first_text(r, ids);
	if (!*in->payload)
		in->payload = payload_in_metadata(r);
	in->text = first_text(r, titles);
}

/* ---- media and places ---- */

static void read_media(const struct reader *r, struct inbound *in)
{
	char url[] = "MediaUrl0", type[] = "MediaContentType0";

	_Static_assert(INBOUND_MAX_MEDIA <= 10, "their numbers have one digit");
	for (int i = 0; i < INBOUND_MAX_MEDIA; i++) {
		struct inbound_media *m = &in->media[in->media_count];

		url[sizeof url - 2] = type[sizeof type - 2] = (char)('0' + i);
		m->url = text_field(r, url);
		m->type = text_field(r, type);
		if (!*m->url)
			break;
		in->media_count++;
	}
	for (size_t i = in->media_count; i < INBOUND_MAX_MEDIA; i++)
		in->media[i] = (struct inbound_media){ "", "" };
}

static void read_place(const struct reader *r, struct inbound *in)
{
	static const char *const names[] = { "Label", "Address", NULL };

	in->latitude = text_field(r, "Latitude");
	in->longitude = text_field(r, "Longitude");
	in->place = first_text(r, names);
}

static bool is_contact_card(const struct inbound *in, const char *message_type)
{
	return strcasecmp(message_type, "contacts") == 0 ||
	       (in->media_count && (strcasecmp(in->media[0].type, "text/vcard") == 0 ||
				    strcasecmp(in->media[0].type, "text/x-vcard") == 0));
}

static enum inbound_kind kind_of(const struct reader *r, const struct inbound *in)
{
	const char *type = text_field(r, "MessageType");

	if (*in->payload)
		return INBOUND_CHOICE;
	if (*in->latitude && *in->longitude)
		return INBOUND_LOCATION;
	if (is_contact_card(in, type))
		return INBOUND_OTHER;
	if (in->media_count || number_field(r, "NumMedia", 0) > 0)
		return INBOUND_MEDIA;
	if (*in->text || !*type || strcasecmp(type, "text") == 0)
		return INBOUND_TEXT;
	return INBOUND_OTHER;
}

static enum opt_out_type opt_out_of(const char *word)
{
	static const struct {
		const char *word;
		enum opt_out_type type;
	} words[] = {
		{ "STOP", OPT_OUT_STOP },
		{ "START", OPT_OUT_START },
		{ "HELP", OPT_OUT_HELP },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(words[i].word, word) == 0)
			return words[i].type;
	return OPT_OUT_NONE;
}

int twilio_parse_message(const struct channel *c, const struct channel_verified *v, int64_t now_ms,
			 struct arena *a, struct inbound *in_out, struct err *err)
{
	const struct reader r = { &v->form, a };
	struct inbound in = *in_out;

	if (form_check(&v->form, err) < 0)
		return -1;
	in.raw = v->raw;
	in.channel = c->driver->name;
	in.received_ms = now_ms;
	in.external_id = message_id(&r);
	if (!*in.external_id)
		return err_set(err, ERR_INPUT, "MessageSid: missing or not an id");
	in.contact = address_field(&r, "From");
	if (!*in.contact)
		return err_set(err, ERR_INPUT,
			       "From: missing or not an address like whatsapp:+15005550111");
	in.receiver = address_field(&r, "To");
	in.account = token_field(&r, "AccountSid", EXTERNAL_ID_MAX);
	in.profile_name = text_field(&r, "ProfileName");
	in.user_id = contact_number(in.contact) ? address_field(&r, "ExternalUserId") : "";
	in.opt_out = opt_out_of(text_field(&r, "OptOutType"));
	read_choice(&r, &in);
	read_media(&r, &in);
	read_place(&r, &in);
	in.kind = kind_of(&r, &in);
	*in_out = in;
	return 0;
}

/* ---- status callbacks ---- */

/* The outbound id that describe_send put into the callback's URL. */
static const char *our_id(const struct webhook *w, struct arena *a)
{
	const char *mark = w->target ? strchr(w->target, '?') : NULL;
	struct str id = twilio_url_parameter(str_of(mark ? mark : ""), "m", a);

	if (id.n != ID_HEX_SIZE - 1)
		return "";
	for (size_t i = 0; i < id.n; i++)
		if (!((id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f')))
			return "";
	return arena_strndup(a, id.p, id.n);
}

int twilio_parse_status(const struct channel *c, const struct channel_verified *v, struct arena *a,
			struct status_news *news_out, struct err *err)
{
	static const char *const words[] = { "MessageStatus", "SmsStatus", NULL };
	const struct reader r = { &v->form, a };
	struct status_news news = { 0 };
	const char *word;

	(void)c;
	if (form_check(&v->form, err) < 0)
		return -1;
	news.external_id = message_id(&r);
	if (!*news.external_id)
		return err_set(err, ERR_INPUT, "MessageSid: missing or not an id");
	word = first_text(&r, words);
	if (!*word)
		return err_set(err, ERR_INPUT, "MessageStatus: missing");
	news.status = status_parse(word); /* a new word is STATUS_NONE, which climbs nowhere */
	news.our_id = our_id(v->hook, a);
	news.contact = address_field(&r, "To");
	news.error_code = number_field(&r, "ErrorCode", 0);
	*news_out = news;
	return 0;
}
