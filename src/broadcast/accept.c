/*
 * accept.c - an admin's JSON becomes an order, or a refusal that says which member and why.
 *
 * Everything that can be known to fail is refused here, before anyone is
 * written to: a misspelt member, a value that no step saves, a step that is not
 * there, a time that has passed. First everything is read, then judged by what
 * is now: of a repeat only the first counts.
 */
#include "broadcast_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

enum {
	SEND_AT_LATE_MS = 60 * 1000, /* clocks differ */
	SEND_AT_MOST_DAYS = 35,	     /* as far as Twilio itself would schedule */
	MAX_VARIABLES = 100,
	MAX_VARIABLE_NAME = 64,
};

struct reader {
	const struct cJSON *root;
	const struct value *members; /* the same as a list */
	const struct flow *flow;
	const struct value *settings;
	int64_t now_ms;
	struct arena *a;
	struct broadcaster_order *order;
	const char **field;
	struct err *err;
};

#define REFUSE(r, member, ...) (*(r)->field = (member), err_set((r)->err, ERR_INPUT, __VA_ARGS__))

/* ---- time ---- */

static bool read_digits(const char **p, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return true;
}

static bool read_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool read_fraction(const char **p, int *ms_out)
{
	int digits = 0;

	*ms_out = 0;
	if (!read_char(p, '.'))
		return true;
	for (; **p >= '0' && **p <= '9'; (*p)++, digits++)
		if (digits < 3)
			*ms_out = *ms_out * 10 + (**p - '0');
	for (int i = digits; i < 3; i++)
		*ms_out *= 10;
	return digits > 0 && digits <= 9;
}

/* "Z", "+05:30", "+0530", "-08" */
static bool read_offset(const char **p, int *minutes_out)
{
	int sign = **p == '-' ? -1 : 1;
	int hours, minutes = 0;

	*minutes_out = 0;
	if (read_char(p, 'Z'))
		return true;
	if (!read_char(p, '+') && !read_char(p, '-'))
		return false;
	if (!read_digits(p, 2, &hours))
		return false;
	if (**p && ((void)read_char(p, ':'), !read_digits(p, 2, &minutes)))
		return false;
	*minutes_out = sign * (hours * 60 + minutes);
	return hours <= 14 && minutes < 60;
}

int broadcaster_read_time(const char *text, int64_t *ms_out)
{
	struct tm tm = { 0 }, back;
	const char *p = text;
	int ms = 0, offset;
	time_t seconds;

	if (!read_digits(&p, 4, &tm.tm_year) || !read_char(&p, '-') ||
	    !read_digits(&p, 2, &tm.tm_mon) || !read_char(&p, '-') ||
	    !read_digits(&p, 2, &tm.tm_mday) || !read_char(&p, 'T') ||
	    !read_digits(&p, 2, &tm.tm_hour) || !read_char(&p, ':') ||
	    !read_digits(&p, 2, &tm.tm_min))
		return -1;
	if (read_char(&p, ':') && (!read_digits(&p, 2, &tm.tm_sec) || !read_fraction(&p, &ms)))
		return -1;
	if (!read_offset(&p, &offset) || *p)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	seconds = timegm(&back);
	/* 31 February would have become a day of March */
	if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon || back.tm_hour != tm.tm_hour ||
	    back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
		return -1;
	*ms_out = ((int64_t)seconds - (int64_t)offset * 60) * 1000 + ms;
	return 0;
}

/* ---- the members ---- */

/* NULL is an absent member as well. */
static bool is_absent(const struct reader *r, const char *name)
{
	const struct value *v = value_get(r->members, name);
	bool is_bool = json_bool(r->root, name, true) == json_bool(r->root, name, false);

	return !v || (v->kind == VALUE_FALSE && !is_bool);
}

/* 1, 0 absent, -1 no text. */
static int take_text(struct reader *r, const char *name, const char **text_out)
{
	const char *text = json_text(r->root, name, NULL);

	*text_out = "";
	if (is_absent(r, name))
		return 0;
	if (!text)
		return REFUSE(r, name, "%s is not a text; write it between double quotes", name);
	*text_out = arena_strdup(r->a, text);
	return 1;
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

static int read_message(struct reader *r)
{
	int got = take_text(r, "message", &r->order->message);
	size_t chars = text_chars(str_of(r->order->message));

	if (got < 0)
		return -1;
	if (got == 0 && is_absent(r, "content_sid"))
		return REFUSE(r, "message",
			      "message is missing; write the text to send, or give a content_sid");
	if (got && is_blank(r->order->message))
		return REFUSE(r, "message", "message is empty; write the text to send%s",
			      is_absent(r, "content_sid")
				      ? ""
				      : ", or leave it out to send the template only");
	if (chars > CHANNEL_MAX_TEXT)
		return REFUSE(r, "message",
			      "message has %zu characters; one WhatsApp message holds %d, shorten "
			      "it",
			      chars, CHANNEL_MAX_TEXT);
	return 0;
}

static int read_target(struct reader *r)
{
	return take_text(r, "target_step", &r->order->target_step) < 0 ? -1 : 0;
}

static int judge_target(struct reader *r)
{
	const char *const *steps = flow_shown_steps(r->flow);
	const char *step = r->order->target_step;
	struct buf known;
	int ret = 0;

	if (!*step && is_absent(r, "target_step"))
		return 0;
	buf_init(&known, 320);
	for (; *steps && strcmp(*steps, step) != 0; steps++)
		if (buf_addf(&known, "%s%s", known.len ? ", " : "", *steps) < 0)
			continue; /* enough are named */
	if (!*steps)
		ret = REFUSE(r, "target_step",
			     "target_step \"%.60s\" is no step of this bot; write one of: %s", step,
			     known.data);
	buf_free(&known);
	return ret;
}

static int read_send_at(struct reader *r)
{
	const char *text;

	if (take_text(r, "send_at", &text) <= 0)
		return *r->field ? -1 : 0;
	if (broadcaster_read_time(text, &r->order->send_at_ms) < 0)
		return REFUSE(r, "send_at",
			      "send_at \"%.40s\" is not a time with its zone; write it such as "
			      "2026-11-20T09:30:00+05:30 (ISO 8601)",
			      text);
	return 0;
}

static int judge_send_at(struct reader *r)
{
	int64_t ms = r->order->send_at_ms;
	const char *text = json_text(r->root, "send_at", "");
	char now[CLOCK_ISO_SIZE];

	if (is_absent(r, "send_at"))
		return 0;
	clock_format_iso(r->now_ms, now);
	if (ms < r->now_ms - SEND_AT_LATE_MS)
		return REFUSE(r, "send_at",
			      "send_at \"%.40s\" has passed: it is %s now; leave it out to send at "
			      "once",
			      text, now);
	if (ms > r->now_ms + (int64_t)SEND_AT_MOST_DAYS * 86400000)
		return REFUSE(r, "send_at",
			      "send_at \"%.40s\" is more than %d days ahead; choose an earlier "
			      "time",
			      text, SEND_AT_MOST_DAYS);
	return 0;
}

static int read_content_sid(struct reader *r)
{
	const char *sid;

	if (take_text(r, "content_sid", &sid) <= 0)
		return *r->field ? -1 : 0;
	if (strlen(sid) != 34 || strncmp(sid, "HX", 2) != 0 ||
	    strspn(sid + 2, "0123456789abcdefABCDEF") != 32)
		return REFUSE(r, "content_sid",
			      "content_sid \"%.40s\" is none; write HX and the 32 hex digits of an "
			      "approved template (Twilio console, Content Template Builder)",
			      sid);
	r->order->content_sid = sid;
	return 0;
}

static int read_variable(struct reader *r, const struct cJSON *object, const char *name,
			 struct json_writer *w)
{
	const char *text = json_text(object, name, NULL);
	size_t n = strlen(name);

	if (n == 0 || n > MAX_VARIABLE_NAME)
		return REFUSE(r, "content_variables",
			      "a name in content_variables has %zu bytes; write 1 to %d", n,
			      MAX_VARIABLE_NAME);
	if (!text)
		return REFUSE(r, "content_variables",
			      "content_variables: \"%s\" is not a text; write it between double "
			      "quotes",
			      name);
	if (is_blank(text))
		return REFUSE(r, "content_variables",
			      "content_variables: \"%s\" is empty, which Twilio refuses", name);
	if (text_chars(str_of(text)) > CHANNEL_MAX_TEXT)
		return REFUSE(r, "content_variables",
			      "content_variables: \"%s\" is over %d characters; shorten it", name,
			      CHANNEL_MAX_TEXT);
	json_add_text(w, name, text);
	return 0;
}

static int read_variables(struct reader *r)
{
	const struct value *list = value_get(r->members, "content_variables");
	const struct cJSON *object = json_get(r->root, "content_variables");
	struct json_writer w;
	struct buf out;
	size_t count = 0;
	int ret = 0;

	if (is_absent(r, "content_variables"))
		return 0;
	if (list->kind != VALUE_OBJECT)
		return REFUSE(r, "content_variables",
			      "content_variables is not an object; write {\"1\": \"text\"}");
	if (!*r->order->content_sid)
		return REFUSE(r, "content_variables",
			      "content_variables belong to a template; give its content_sid too");
	buf_init(&out, 1 << 20);
	json_begin(&w, &out);
	json_object(&w, NULL);
	for (const struct value *v = list->first; v && ret == 0; v = v->next)
		ret = ++count > MAX_VARIABLES
			      ? REFUSE(r, "content_variables",
				       "content_variables has more than %d members", MAX_VARIABLES)
			      : read_variable(r, object, v->name, &w);
	if (ret == 0) {
		json_end(&w);
		r->order->content_variables = count ? arena_strndup(r->a, out.data, out.len) : "";
	}
	buf_free(&out);
	return ret;
}

static int read_dry_run(struct reader *r)
{
	bool yes = json_bool(r->root, "dry_run", false);

	if (!is_absent(r, "dry_run") && json_bool(r->root, "dry_run", true) != yes)
		return REFUSE(r, "dry_run", "dry_run is neither true nor false");
	r->order->dry_run = yes;
	return 0;
}

/* ---- all of it ---- */

static const struct member {
	const char *name;
	int (*read)(struct reader *r);
} members[] = {
	{ "message", read_message },
	{ "target_step", read_target },
	{ "send_at", read_send_at },
	{ "content_sid", read_content_sid },
	{ "content_variables", read_variables },
	{ "dry_run", read_dry_run },
};
enum { MEMBERS = sizeof members / sizeof *members };

static int refuse_unknown(struct reader *r)
{
	for (const struct value *v = r->members->first; v; v = v->next) {
		size_t i = 0;

		while (i < MEMBERS && strcmp(members[i].name, v->name) != 0)
			i++;
		if (i == MEMBERS)
			return REFUSE(r, arena_printf(r->a, "%.60s", v->name),
				      "\"%.60s\" is not known here; remove it, or write one of: "
				      "message, target_step, dry_run, send_at, content_sid, "
				      "content_variables",
				      v->name);
	}
	return 0;
}

/* The texts are compiled once now, so that faults and slips are heard before anyone is written to.
 */
static int check_letter(struct reader *r)
{
	const struct broadcaster_order *o = r->order;
	struct broadcaster_letter letter;
	int ret = 0;

	if (broadcaster_letter_open(o->message, o->content_variables, r->flow, r->settings, r->a,
				    &letter, r->field, r->err) < 0)
		return -1;
	if (letter.unknown)
		ret = REFUSE(r,
			     strcmp(letter.unknown_file, "message") == 0 ? "message"
									 : "content_variables",
			     "%.80s:%u: no step of this bot saves \"%.60s\"; write a value that it "
			     "saves, or remove the braces",
			     letter.unknown_file, letter.unknown_line, letter.unknown);
	broadcaster_letter_close(&letter);
	return ret;
}

static int read_members(struct reader *r)
{
	if (refuse_unknown(r) < 0)
		return -1;
	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].read(r) < 0)
			return -1;
	r->order->whole = true;
	return judge_target(r) < 0 || judge_send_at(r) < 0 ? -1 : check_letter(r);
}

int broadcaster_read_order(struct str body, const struct flow *flow, const struct value *settings,
			   int64_t now_ms, struct arena *a, struct broadcaster_order *order_out,
			   const char **field_out, struct err *err)
{
	struct cJSON *root = NULL;
	struct value *list = NULL;
	struct reader r = { .flow = flow,
			    .settings = settings,
			    .now_ms = now_ms,
			    .a = a,
			    .order = order_out,
			    .field = field_out,
			    .err = err };
	int ret = -1;

	*order_out = (struct broadcaster_order){ "", "", "", "", 0, false, false };
	*field_out = NULL;
	if (json_parse(body, &root, err) < 0 || value_from_json(a, body, &list, err) < 0) {
		(void)err_prefix(err, "the body is not JSON");
		goto out;
	}
	if (list->kind != VALUE_OBJECT) {
		(void)err_set(err, ERR_INPUT,
			      "the body is not an object; write {\"message\": \"…\"}");
		goto out;
	}
	r.root = root;
	r.members = list;
	ret = read_members(&r);
out:
	json_free(&root);
	if (!*field_out)
		*field_out = "";
	return ret;
}
