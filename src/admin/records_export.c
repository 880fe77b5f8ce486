/*
 * records_export.c - all records of a type as CSV or JSON, page by page, in bounded memory.
 *
 * Every cell is quoted, and one that a spreadsheet would take for a formula
 * begins with an apostrophe: what a person typed must stay a text.
 */
#include "records_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PAGE = 200, ENTRIES_MAX = 1 << 24 };

static void add_cell(struct buf *out, const char *text, bool first)
{
	(void)buf_adds(out, first ? "\"" : ",\"");
	if (*text && strchr("=+-@\t\r", *text))
		(void)buf_adds(out, "'");
	for (; *text; text++) {
		if (*text == '"')
			(void)buf_adds(out, "\"");
		(void)buf_add(out, text, 1);
	}
	(void)buf_adds(out, "\"");
}

static void add_head(struct buf *out, const char *const *fields)
{
	static const char *const own[] = { "id", "state", "contact", "created_at", "updated_at" };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		add_cell(out, own[i], i == 0);
	for (; *fields; fields++)
		add_cell(out, *fields, false);
	(void)buf_adds(out, "\r\n");
}

static const char *field_of(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->field_count; i++) {
		if (strcmp(r->fields[i].name, name) == 0)
			return r->fields[i].text;
	}
	return "";
}

static void add_row(struct buf *out, const struct record *r, const char *const *fields)
{
	char created[CLOCK_ISO_SIZE], updated[CLOCK_ISO_SIZE];

	clock_format_iso(r->created_ms, created);
	clock_format_iso(r->updated_ms, updated);
	add_cell(out, r->id, true);
	add_cell(out, r->state, false);
	add_cell(out, r->contact, false);
	add_cell(out, created, false);
	add_cell(out, updated, false);
	for (; *fields; fields++)
		add_cell(out, field_of(r, *fields), false);
	(void)buf_adds(out, "\r\n");
}

struct export
{
	const struct admin_record_query *query;
	bool csv;
	const char *const *fields;
	size_t written;
	bool (*write)(void *arg, const char *bytes, size_t n);
	void *arg;
};

static void add_json(struct buf *out, const struct record *r, bool first)
{
	struct json_writer w;

	(void)buf_adds(out, first ? "\n" : ",\n");
	json_begin(&w, out);
	admin_record_write(r, &w);
}

/* 1 there is more, 0 this was the last, -1 the store or the reader. */
static int write_page(struct admin *admin, struct export *x, char **cursor, struct err *err)
{
	const struct admin_record_query *q = x->query;
	struct record *list = NULL;
	const char *next = "";
	struct arena a = { 0 };
	struct buf piece;
	size_t count = 0;
	int ret = store_record_list(admin->set.store, q->type, q->contact, q->state, *cursor, PAGE,
				    &a, &list, &count, &next, err);

	buf_init(&piece, ENTRIES_MAX);
	for (size_t i = 0; ret == 0 && i < count; i++) {
		if (x->csv)
			add_row(&piece, &list[i], x->fields);
		else
			add_json(&piece, &list[i], x->written == 0);
		x->written++;
	}
	if (ret == 0 && piece.full)
		ret = err_set(err, ERR_FULL, "a page of records is larger than %d bytes",
			      ENTRIES_MAX);
	if (ret == 0 && piece.len && !x->write(x->arg, piece.data, piece.len))
		ret = -1;
	free(*cursor);
	*cursor = mem_strdup(next);
	buf_free(&piece);
	arena_free(&a);
	return ret < 0 ? -1 : **cursor != '\0';
}

int admin_record_export(struct admin *admin, const struct admin_record_query *q, bool csv,
			bool (*write)(void *arg, const char *bytes, size_t n), void *arg,
			struct err *err)
{
	struct bot *bot = conversation_bot(admin->set.conversation);
	const struct flow *flow = admin_record_flow(bot, q->type);
	struct export x = { .query = q, .csv = csv, .write = write, .arg = arg };
	char *cursor = mem_strdup("");
	struct buf head;
	int more = flow ? 1 : -1;

	buf_init(&head, 65536);
	if (flow) {
		x.fields = flow_record_fields(flow, q->type);
		if (csv)
			add_head(&head, x.fields);
		else
			(void)buf_adds(&head, "[");
		if (!write(arg, head.data, head.len))
			more = -1;
	}
	while (more == 1)
		more = write_page(admin, &x, &cursor, err);
	if (more == 0 && !csv)
		more = write(arg, "\n]\n", 3) ? 0 : -1;
	buf_free(&head);
	free(cursor);
	bot_release(&bot);
	return more;
}
