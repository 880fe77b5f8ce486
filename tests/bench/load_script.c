/*
 * load_script.c - conversations with the onboarding pack, as Twilio would deliver them.
 *
 * Every contact greets, gives a name of its own, slips twice, and begins again
 * at the end, so that no business call is made: that would measure the peer.
 * Each message has its own id and a signature that holds. What an answer must
 * contain is the contact's own name where the reply repeats it, so that
 * answers that went to the wrong person are seen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/form.h"
#include "load.h"

enum { FIELDS_MAX = 20, WIRE_MAX = 8192 };

struct talk {
	const char *name;
	const char *number;
};

struct field {
	const char *name;
	const char *value;
};

static const struct {
	const char *says;   /* NULL: the name; "": the number */
	const char *answer; /* what must be in the reply */
	bool names;	    /* followed by the contact's name */
} lines[TALK_LENGTH] = {
	{ "Hi", "your *full name*", false },
	{ NULL, "Nice to meet you, ", true },
	{ "13", "could not find that sector", false },
	{ "3", "*pincode*", false },
	{ "400001", "*mobile number*", false },
	{ "", "Name: ", true },
	{ "maybe", "*YES*", false },
	{ "NO", "let us begin again", false },
};

/* Letters only, another one for each contact. */
static const char *name_of(unsigned n, struct arena *a)
{
	char letters[8];

	for (int i = 6; i >= 0; i--, n /= 26)
		letters[i] = (char)('a' + n % 26);
	letters[7] = '\0';
	return arena_printf(a, "Asha K%s", letters);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct field *)a)->name, ((const struct field *)b)->name);
}

/* Twilio's: HMAC-SHA1 over the URL and every name and value in the order of the names. */
static void sign(const struct load_options *o, const struct field *fields, size_t count,
		 char out[BASE64_SHA1_SIZE])
{
	struct field sorted[FIELDS_MAX];
	uint8_t digest[SHA1_SIZE];
	struct buf text;

	memcpy(sorted, fields, count * sizeof *fields);
	qsort(sorted, count, sizeof *sorted, by_name);
	buf_init(&text, WIRE_MAX);
	(void)buf_addf(&text, "http://127.0.0.1:%u%s", (unsigned)o->port, o->path);
	for (size_t i = 0; i < count; i++)
		(void)buf_addf(&text, "%s%s", sorted[i].name, sorted[i].value);
	hmac_sha1(str_of(o->token), (struct str){ text.data, text.len }, digest);
	if (o->forge)
		digest[0] ^= 1;
	base64_encode(digest, sizeof digest, out);
	buf_free(&text);
}

/* Room ends with full; a request is far below it. */
static struct str write_request(const struct load_options *o, const struct field *fields,
				size_t count, struct arena *a)
{
	char signature[BASE64_SHA1_SIZE];
	struct buf body, wire;
	struct str done;

	sign(o, fields, count, signature);
	buf_init(&body, WIRE_MAX);
	buf_init(&wire, WIRE_MAX);
	for (size_t i = 0; i < count; i++)
		(void)form_add(&body, str_of(fields[i].name), str_of(fields[i].value));
	(void)buf_addf(&wire,
		       "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		       "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
		       "User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
		       "X-Twilio-Signature: %s\r\nContent-Length: %zu\r\n\r\n",
		       o->path, (unsigned)o->port, signature, body.len);
	(void)buf_add(&wire, body.data, body.len);
	if (wire.full || body.full)
		abort();
	done = (struct str){ arena_strndup(a, wire.data, wire.len), wire.len };
	buf_free(&body);
	buf_free(&wire);
	return done;
}

static void build_message(const struct load_options *o, const struct talk *t, unsigned contact,
			  unsigned line, struct arena *a, struct load_request *rq)
{
	const char *says = lines[line].says;
	const char *sid = arena_printf(a, "SM%016x%016x", contact, line);
	const char *text = !says ? t->name : *says ? says : t->number;
	const struct field fields[] = {
		{ "SmsMessageSid", sid },
		{ "NumMedia", "0" },
		{ "ProfileName", t->name },
		{ "MessageType", "text" },
		{ "SmsSid", sid },
		{ "WaId", arena_printf(a, "91%s", t->number) },
		{ "SmsStatus", "received" },
		{ "Body", text },
		{ "To", "whatsapp:+14155238886" },
		{ "NumSegments", "1" },
		{ "ReferralNumMedia", "0" },
		{ "MessageSid", sid },
		{ "AccountSid", "AC00000000000000000000000000000001" },
		{ "From", arena_printf(a, "whatsapp:+91%s", t->number) },
		{ "ApiVersion", "2010-04-01" },
	};

	rq->wire = write_request(o, fields, sizeof fields / sizeof *fields, a);
	if (o->expect)
		rq->expect = str_of(o->expect);
	else if (lines[line].names)
		rq->expect = str_of(arena_printf(a, "%s%s", lines[line].answer, t->name));
	else
		rq->expect = str_of(lines[line].answer);
}

static void build_get(const struct load_options *o, struct load_script *s)
{
	s->talks = 1;
	s->length = 1;
	s->requests = arena_alloc(&s->arena, sizeof *s->requests);
	s->requests[0].wire = str_of(arena_printf(
		&s->arena, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\n\r\n", o->get,
		(unsigned)o->port));
	s->requests[0].expect = str_of(o->expect ? o->expect : "");
}

void script_build(const struct load_options *o, struct load_script *s)
{
	*s = (struct load_script){ .talks = o->talks + o->slow, .length = o->length };
	if (o->get) {
		build_get(o, s);
		return;
	}
	s->requests = arena_array(&s->arena, s->talks * s->length, sizeof *s->requests);
	for (size_t i = 0; i < s->talks; i++) {
		unsigned contact = o->first + (unsigned)i;
		const struct talk t = { name_of(contact, &s->arena),
					arena_printf(&s->arena, "9%09u", contact) };

		for (unsigned k = 0; k < s->length; k++)
			build_message(o, &t, contact, k, &s->arena,
				      &s->requests[i * s->length + k]);
	}
}
