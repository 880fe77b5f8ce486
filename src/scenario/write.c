/*
 * write.c - what happened, as a .chat file.
 *
 * Ids of records are made of random turn ids: whatever looks like one becomes
 * a wildcard. All else is written as it was.
 */
#include "scenario_private.h"

#include <string.h>

enum { ID_CHARS = 12 };

struct writer {
	struct buf *out;
	struct err *err;
};

/* ---- ids ---- */

static bool is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && !strchr("ILOU", c));
}

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Twelve of the id alphabet as a whole word, a letter among them: numbers of phones stay. */
static bool is_id(struct str line, size_t at)
{
	bool letter = false;

	if (line.n - at < ID_CHARS || (at && is_word_char(line.p[at - 1])))
		return false;
	for (size_t i = at; i < at + ID_CHARS; i++) {
		if (!is_id_char(line.p[i]))
			return false;
		letter = letter || line.p[i] >= 'A';
	}
	return letter && (at + ID_CHARS == line.n || !is_word_char(line.p[at + ID_CHARS]));
}

static void add_reply_line(struct buf *out, struct str line)
{
	(void)buf_adds(out, "< ");
	for (size_t i = 0; i < line.n;) {
		if (is_id(line, i)) {
			(void)buf_adds(out, SCENARIO_ANY);
			i += ID_CHARS;
		} else {
			(void)buf_addc(out, line.p[i++]);
		}
	}
	(void)buf_addc(out, '\n');
}

/* ---- texts of several lines ---- */

static struct str next_line(struct str *rest)
{
	const char *eol = memchr(rest->p, '\n', rest->n);
	struct str line = { rest->p, eol ? (size_t)(eol - rest->p) : rest->n };

	*rest = (struct str){ eol ? eol + 1 : rest->p + rest->n, eol ? rest->n - line.n - 1 : 0 };
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool is_empty(struct str line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (!strchr(" \t\r", line.p[i]))
			return false;
	}
	return true;
}

static void add_reply(struct buf *out, struct str text)
{
	while (text.n) {
		struct str line = next_line(&text);

		if (!is_empty(line))
			add_reply_line(out, line);
	}
}

/* The text behind what is there; further lines continue it. */
static void add_said(struct buf *out, const char *text)
{
	struct str rest = str_of(text);
	struct str line = next_line(&rest);

	(void)buf_add(out, line.p, line.n);
	while (rest.n) {
		line = next_line(&rest);
		(void)buf_addf(out, "\n| %.*s", (int)line.n, line.p);
	}
	(void)buf_addc(out, '\n');
}

/* ---- events ---- */

static bool is_word(const char *text)
{
	return *text && !strpbrk(text, " \t\r\n");
}

static int write_message(struct writer *w, const struct inbound *in, struct str comment)
{
	(void)buf_addc(w->out, '\n');
	if (comment.n)
		(void)buf_addf(w->out, "# %.*s\n", (int)comment.n, comment.p);
	switch (in->kind) {
	case INBOUND_TEXT:
		(void)buf_adds(w->out, "> ");
		break;
	case INBOUND_CHOICE:
		if (!is_word(in->payload))
			return err_set(w->err, ERR_INPUT, "the id of a button holds a blank");
		(void)buf_addf(w->out, "button %s ", in->payload);
		break;
	case INBOUND_MEDIA:
		if (!in->media_count || !is_word(in->media[0].type))
			return err_set(w->err, ERR_INPUT, "a file without a type");
		(void)buf_addf(w->out, "media %s%s", in->media[0].type, *in->text ? " " : "");
		break;
	case INBOUND_LOCATION:
		if (!is_word(in->latitude) || !is_word(in->longitude))
			return err_set(w->err, ERR_INPUT, "a location without numbers");
		(void)buf_addf(w->out, "location %s %s ", in->latitude, in->longitude);
		add_said(w->out, in->place);
		return 0;
	case INBOUND_OTHER:
		(void)buf_adds(w->out, "other ");
		break;
	}
	add_said(w->out, in->text);
	return 0;
}

static int write_call(struct writer *w, const struct scenario_event *e)
{
	if (!is_word(e->name) || (e->outcome && !is_word(e->outcome)))
		return err_set(w->err, ERR_INPUT, "a call or its outcome has no name");
	(void)buf_addf(w->out, "\ncall %s -> ", e->name);
	if (e->outcome)
		(void)buf_adds(w->out, e->outcome);
	else
		(void)buf_addf(w->out, "%d", e->status);
	if (e->text.n) {
		(void)buf_addc(w->out, ' ');
		for (size_t i = 0; i < e->text.n; i++) /* JSON: line breaks are blanks */
			(void)buf_addc(w->out, strchr("\r\n", e->text.p[i]) ? ' ' : e->text.p[i]);
	}
	(void)buf_addc(w->out, '\n');
	return 0;
}

/* Seconds do not matter to a conversation that goes on. */
static void write_pass(struct writer *w, int64_t ms)
{
	int64_t s = ms / 1000;

	if (s < 60)
		return;
	if (s % 3600 == 0)
		(void)buf_addf(w->out, "\npass %lldh\n", (long long)(s / 3600));
	else
		(void)buf_addf(w->out, "\npass %lldm\n", (long long)(s / 60));
}

static int write_event(struct writer *w, const struct scenario_event *e)
{
	switch (e->kind) {
	case SCENARIO_SAID:
		return write_message(w, e->message, e->text);
	case SCENARIO_REPLIED:
		add_reply(w->out, e->text);
		return 0;
	case SCENARIO_CALLED:
		return write_call(w, e);
	case SCENARIO_PASSED:
		write_pass(w, e->ms);
		return 0;
	case SCENARIO_NOTED:
		(void)buf_addf(w->out, "%.*s\n", (int)e->text.n, e->text.p);
		return 0;
	}
	return 0;
}

static int write_top(struct writer *w, const struct scenario_record *r)
{
	if (r->title)
		(void)buf_addf(w->out, "# %.*s\n", (int)strcspn(r->title, "\r\n"), r->title);
	if (r->contact)
		(void)buf_addf(w->out, "contact %s\n", r->contact);
	if (r->profile_name && *r->profile_name)
		(void)buf_addf(w->out, "profile %.*s\n", (int)strcspn(r->profile_name, "\r\n"),
			       r->profile_name);
	if (r->language && *r->language)
		(void)buf_addf(w->out, "language %s\n", r->language);
	for (size_t i = 0; i < r->setting_count; i++) {
		if (!is_word(r->settings[i].name) || strpbrk(r->settings[i].value, "\r\n"))
			return err_set(w->err, ERR_INPUT, "a setting of several lines");
		(void)buf_addf(w->out, "setting %s %s\n", r->settings[i].name,
			       r->settings[i].value);
	}
	return 0;
}

int scenario_write(const struct scenario_record *r, struct buf *out, struct err *err)
{
	struct writer w = { out, err };

	if (write_top(&w, r) < 0)
		return -1;
	for (size_t i = 0; i < r->event_count; i++) {
		if (write_event(&w, &r->events[i]) < 0)
			return -1;
	}
	return out->full ? err_set(err, ERR_FULL, "the conversation is too long for one file") : 0;
}
