/*
 * messages_list.c - GET Messages.json: newest first, filtered, in pages.
 *
 * A page token names the last message that was shown, so that pages do not
 * shift when new messages come meanwhile.
 */
#include "messages_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { PAGE_DEFAULT = 50, PAGE_MAX = 1000 };

static const char *text_of(const struct form *form, const char *name)
{
	struct str s = form_get(form, name);

	return s.p ? s.p : "";
}

static int64_t sent_ms(const struct twin_message *m)
{
	return m->sent_ms ? m->sent_ms : m->created_ms;
}

/* "2026-11-20" or longer: compares as many characters as were given. The helper libraries make
 * midnight of a date; "at midnight" means on that day. */
static bool date_fits(const struct form *query, const char *name, int64_t ms, int low, int high)
{
	const char *limit = text_of(query, name);
	size_t n = strlen(limit);
	char own[25];
	int order;

	if (!n)
		return true;
	if (low == high && n > 10 && strncmp(limit + 10, "T00:00:00", 9) == 0)
		n = 10;
	clock_format_iso(ms, own);
	order = strncmp(own, limit, n < 19 ? n : 19);
	order = order < 0 ? -1 : order > 0;
	return order >= low && order <= high;
}

static bool is_wanted(const struct form *query, const struct twin_message *m)
{
	const char *to = text_of(query, "To");
	const char *from = text_of(query, "From");

	return !m->removed && m->direction != TWIN_SMS && (!*to || strcmp(to, m->to) == 0) &&
	       (!*from || strcmp(from, m->from) == 0) &&
	       date_fits(query, "DateSent", sent_ms(m), 0, 0) &&
	       date_fits(query, "DateSent>", sent_ms(m), 0, 1) &&
	       date_fits(query, "DateSent<", sent_ms(m), -1, 0);
}

static long number_of(const struct form *query, const char *name, long otherwise)
{
	const char *text = text_of(query, name);
	long n = strtol(text, NULL, 10);

	return *text && strlen(text) < 10 && n >= 0 ? n : otherwise;
}

/* Where the page begins, counted from the newest. */
static size_t first_of(const struct twin *twin, const struct form *query, long page, long size)
{
	const char *token = text_of(query, "PageToken");
	size_t kept = twin_messages_kept(twin);
	size_t skip = (size_t)(page * size);
	size_t i = 0;

	for (i = 0; strncmp(token, "PA", 2) == 0 && i < kept; i++)
		if (strcmp(twin_message_at(twin, i)->sid, token + 2) == 0)
			return i + 1;
	for (i = 0; i < kept && skip > 0; i++)
		skip -= is_wanted(query, twin_message_at(twin, i));
	return i;
}

static const char *page_uri(struct twin_call *call, long page, long size, const char *last)
{
	static const char *const kept[] = { "To", "From", "DateSent", "DateSent>", "DateSent<" };
	struct buf uri;
	const char *text;

	buf_init(&uri, 4096);
	(void)buf_addf(&uri, "/2010-04-01/Accounts/%s/Messages.json?", call->twin->account_sid);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		if (!*text_of(&call->query, kept[i]))
			continue;
		(void)percent_encode(&uri, str_of(kept[i]));
		(void)buf_addc(&uri, '=');
		(void)percent_encode(&uri, str_of(text_of(&call->query, kept[i])));
		(void)buf_addc(&uri, '&');
	}
	(void)buf_addf(&uri, "PageSize=%ld&Page=%ld", size, page);
	if (last)
		(void)buf_addf(&uri, "&PageToken=PA%s", last);
	text = arena_strdup(&call->arena, uri.data);
	buf_free(&uri);
	return text;
}

int twin_rest_list(struct twin_call *call)
{
	const struct twin *twin = call->twin;
	const struct form *query = &call->query;
	long size = number_of(query, "PageSize", PAGE_DEFAULT);
	long page = number_of(query, "Page", 0);
	size_t kept = twin_messages_kept(twin);
	const char *last = NULL;
	const char *next = NULL;
	struct json_writer w;
	long shown = 0;

	size = size < 1 ? PAGE_DEFAULT : size > PAGE_MAX ? PAGE_MAX : size;
	page = page > TWIN_MOST_MESSAGES ? TWIN_MOST_MESSAGES : page;
	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_array(&w, "messages");
	for (size_t i = first_of(twin, query, page, size); i < kept; i++) {
		const struct twin_message *m = twin_message_at(twin, i);

		if (!is_wanted(query, m))
			continue;
		if (shown == size) {
			next = page_uri(call, page + 1, size, last);
			break;
		}
		twin_resource_write(call, &w, m);
		last = m->sid;
		shown++;
	}
	json_end(&w);
	json_add_int(&w, "page", page);
	json_add_int(&w, "page_size", size);
	json_add_int(&w, "start", page * size);
	json_add_int(&w, "end", page * size + (shown ? shown - 1 : 0));
	json_add_text(&w, "uri", page_uri(call, page, size, NULL));
	json_add_text(&w, "first_page_uri", page_uri(call, 0, size, NULL));
	json_add_text(&w, "next_page_uri", next);
	json_add_text(&w, "previous_page_uri",
		      page > 0 ? page_uri(call, page - 1, size, NULL) : NULL);
	json_end(&w);
	return 200;
}
