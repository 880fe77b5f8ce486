/*
 * twiml.c - the verbs of messaging TwiML, and the limits that Twilio sets.
 *
 * Not well-formed: 12100, nothing is carried out. Well-formed but not TwiML:
 * 12200, and what is understood is carried out, as Twilio does; unless the
 * root is another one, then nothing can be.
 */
#include "twiml_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "xml_private.h"

enum { MAX_CHARS = 1600, BODY_MAX = 65536 };

struct reading {
	struct xml xml;
	struct twiml *out;
	struct arena *arena;
};

/* ---- faults: the first one is told, a fatal one before others ---- */

static void complain(struct twiml *t, bool fatal, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void complain(struct twiml *t, bool fatal, int code, const char *fmt, ...)
{
	va_list args;

	if (t->fatal || (t->code && !fatal))
		return;
	t->code = code;
	t->fatal = fatal;
	t->verdict = code == 12100 ? "invalid_xml" : "invalid_twiml";
	va_start(args, fmt);
	(void)vsnprintf(t->why, sizeof t->why, fmt, args);
	va_end(args);
}

static void complain_xml(struct reading *r)
{
	complain(r->out, true, 12100, "line %u: %s", r->xml.line, r->xml.why);
}

static void check_attributes(struct reading *r, const char *const *known)
{
	const struct xml *x = &r->xml;

	for (size_t i = 0; i < x->attribute_count; i++) {
		size_t k = 0;

		while (known[k] && strcmp(known[k], x->attributes[i].name) != 0)
			k++;
		if (!known[k] && strncmp(x->attributes[i].name, "xmlns", 5) != 0)
			complain(r->out, false, 12200,
				 "line %u: <%.40s> knows no attribute \"%.40s\"", x->line, x->name,
				 x->attributes[i].name);
	}
}

/* ---- reading ---- */

static bool is_white(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(" \t\r\n", s.p[i]))
			return false;
	return true;
}

/* Skips to the end of the element that was just opened. False: not well-formed. */
static bool skip_element(struct reading *r)
{
	size_t depth = r->xml.depth;
	enum xml_piece piece;

	do {
		piece = xml_next(&r->xml);
		if (piece == XML_FAULT)
			return false;
	} while (piece != XML_CLOSE || r->xml.depth >= depth);
	return true;
}

/* The text of an element without children. False: not well-formed. */
static bool read_text(struct reading *r, struct buf *out)
{
	const char *name = r->xml.name;
	enum xml_piece piece;

	while ((piece = xml_next(&r->xml)) != XML_CLOSE) {
		if (piece == XML_FAULT)
			return false;
		if (piece == XML_TEXT) {
			(void)buf_add(out, r->xml.text.p, r->xml.text.n);
		} else {
			complain(r->out, false, 12200,
				 "line %u: <%.40s> holds <%.40s>, only text may", r->xml.line, name,
				 r->xml.name);
			if (!skip_element(r))
				return false;
		}
	}
	return true;
}

static const char *trimmed(struct arena *a, const struct buf *b)
{
	const char *p = b->data;
	size_t n = b->len;

	while (n && strchr(" \t\r\n", *p))
		p++, n--;
	while (n && strchr(" \t\r\n", p[n - 1]))
		n--;
	return arena_strndup(a, p, n);
}

static bool is_url(const char *url)
{
	const char *host = strncmp(url, "https://", 8) == 0  ? url + 8
			   : strncmp(url, "http://", 7) == 0 ? url + 7
							     : NULL;

	return host && *host && !memchr(host, '_', strcspn(host, "/?#"));
}

static bool read_media(struct reading *r, struct twiml_message *m)
{
	struct buf text;
	bool fine;

	check_attributes(r, (const char *const[]){ NULL });
	buf_init(&text, BODY_MAX);
	fine = read_text(r, &text);
	if (fine && m->media_count == TWIML_MAX_MEDIA) {
		complain(r->out, false, 12200, "more than 10 Media in one Message");
	} else if (fine) {
		m->media[m->media_count] = trimmed(r->arena, &text);
		if (is_url(m->media[m->media_count]))
			m->media_count++;
		else
			complain(r->out, false, 12200,
				 "Media is no absolute address that begins with http");
	}
	buf_free(&text);
	return fine;
}

static bool read_child(struct reading *r, struct twiml_message *m, struct buf *text)
{
	if (strcmp(r->xml.name, "Body") == 0) {
		check_attributes(r, (const char *const[]){ NULL });
		return read_text(r, text);
	}
	if (strcmp(r->xml.name, "Media") == 0)
		return read_media(r, m);
	complain(r->out, false, 12200, "line %u: Message knows no <%.40s>", r->xml.line,
		 r->xml.name);
	return skip_element(r);
}

static void take_attributes(struct reading *r, struct twiml_message *m)
{
	static const char *const known[] = { "to",     "from",		 "action",
					     "method", "statusCallback", NULL };
	const char *method = xml_attribute(&r->xml, "method");

	check_attributes(r, known);
	m->to = xml_attribute(&r->xml, "to");
	m->from = xml_attribute(&r->xml, "from");
	m->action = xml_attribute(&r->xml, "action");
	m->status_callback = xml_attribute(&r->xml, "statusCallback");
	if (method && strcasecmp(method, "POST") != 0 && strcasecmp(method, "GET") != 0)
		complain(r->out, false, 14104, "the method \"%.20s\" is neither GET nor POST",
			 method);
	if (m->action)
		r->out->next_get = method && strcasecmp(method, "GET") == 0;
}

static void judge(struct twiml *t, struct twiml_message *m, bool clean)
{
	size_t chars = text_chars(str_of(m->text));

	if (!clean || chars > MAX_CHARS) {
		m->error_code = 21617;
		complain(t, false, 21617, "a Message has %zu characters, 1600 are allowed", chars);
	} else if (is_white(str_of(m->text)) && m->media_count == 0) {
		m->error_code = 14103;
		complain(t, false, 14103, "a Message has neither text nor media");
	}
}

static bool read_message(struct reading *r)
{
	struct twiml_message spare = { 0 };
	struct twiml_message *m = &spare;
	enum xml_piece piece = XML_CLOSE;
	struct buf text;
	bool fine = true;

	if (r->out->count == TWIML_MAX_MESSAGES)
		complain(r->out, false, 14109, "more than 10 Messages: the rest is dropped");
	else
		m = &r->out->messages[r->out->count++];
	take_attributes(r, m);
	buf_init(&text, BODY_MAX);
	while (fine && (piece = xml_next(&r->xml)) != XML_CLOSE) {
		if (piece == XML_TEXT)
			(void)buf_add(&text, r->xml.text.p, r->xml.text.n);
		else
			fine = piece != XML_FAULT && read_child(r, m, &text);
	}
	m->text = trimmed(r->arena, &text);
	if (m != &spare)
		judge(r->out, m, !text.full);
	buf_free(&text);
	if (fine && m->action && *m->action)
		r->out->next = m->action;
	return fine;
}

static bool read_redirect(struct reading *r)
{
	const char *method = xml_attribute(&r->xml, "method");
	struct buf text;
	bool fine;

	check_attributes(r, (const char *const[]){ "method", NULL });
	buf_init(&text, BODY_MAX);
	fine = read_text(r, &text);
	if (fine) {
		r->out->next = trimmed(r->arena, &text);
		r->out->next_get = method && strcasecmp(method, "GET") == 0;
		if (!*r->out->next) {
			r->out->next = NULL;
			complain(r->out, false, 12200, "Redirect names no address");
		}
	}
	buf_free(&text);
	return fine;
}

/* What follows a Redirect, or a Message with an action, is read but not carried out. */
static bool read_verb(struct reading *r)
{
	if (r->out->next)
		return skip_element(r);
	if (strcmp(r->xml.name, "Message") == 0)
		return read_message(r);
	if (strcmp(r->xml.name, "Redirect") == 0)
		return read_redirect(r);
	complain(r->out, false, 12200, "line %u: Response knows no <%.40s> for messages",
		 r->xml.line, r->xml.name);
	return skip_element(r);
}

static bool read_response(struct reading *r)
{
	enum xml_piece piece;

	if (xml_next(&r->xml) != XML_OPEN)
		return false;
	if (strcmp(r->xml.name, "Response") != 0) {
		complain(r->out, true, 12200, "the root is <%.40s>, not <Response>", r->xml.name);
		return true;
	}
	check_attributes(r, (const char *const[]){ NULL });
	while ((piece = xml_next(&r->xml)) != XML_DONE) {
		if (piece == XML_FAULT)
			return false;
		if (piece == XML_OPEN && !read_verb(r))
			return false;
		if (piece == XML_TEXT && !is_white(r->xml.text))
			complain(r->out, false, 12200, "line %u: text directly in Response",
				 r->xml.line);
	}
	return true;
}

/* ---- the whole answer ---- */

static bool media_is(const char *type, const char *media)
{
	size_t n = strlen(media);

	type += strspn(type, " \t");
	return strncasecmp(type, media, n) == 0 && strchr("; \t", type[n]) != NULL;
}

static void read_plain(struct str body, struct arena *a, struct twiml *out)
{
	struct buf text;

	buf_init(&text, body.n * 3 + 1);
	(void)text_add_clean(&text, body);
	out->count = 1;
	out->messages[0].text = arena_strndup(a, text.data, text.len);
	buf_free(&text);
	judge(out, &out->messages[0], true);
}

void twiml_read(struct str body, const char *content_type, struct arena *a, struct twiml *out)
{
	struct reading r = { .out = out, .arena = a };
	const char *type = content_type ? content_type : "";

	*out = (struct twiml){ .verdict = "ok" };
	if (is_white(body))
		return;
	if (media_is(type, "text/plain")) {
		read_plain(body, a, out);
		return;
	}
	if (!media_is(type, "text/xml") && !media_is(type, "application/xml") &&
	    !media_is(type, "text/html")) {
		complain(out, true, 12300, "Content-Type is \"%.60s\", not text/xml", type);
		return;
	}
	xml_begin(&r.xml, body, a);
	if (!read_response(&r))
		complain_xml(&r);
	if (out->fatal) {
		out->count = 0;
		out->next = NULL;
	}
}
