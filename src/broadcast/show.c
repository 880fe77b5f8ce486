/*
 * show.c - broadcasts as JSON: where they stand, how fast, until when, and who got what.
 *
 * Contacts are shown to whoever asks for recipients, texts to nobody.
 */
#include "broadcast_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MOST = 100, RECIPIENTS_MOST = 1000, AUDIT_MOST = 50, CODES_MOST = 20 };

/* ---- small parts ---- */

void broadcaster_write_time(struct json_writer *w, const char *key, int64_t ms)
{
	char text[CLOCK_ISO_SIZE];

	if (!ms) {
		json_add_null(w, key);
		return;
	}
	clock_format_iso(ms, text);
	json_add_text(w, key, text);
}

void broadcaster_write_skipped(struct json_writer *w, const struct broadcaster_progress *p)
{
	json_object(w, "skipped");
	for (int r = 0; r < OUTBOUND_REASONS; r++)
		if (p->skipped[r])
			json_add_int(w, outbound_reason_name(r), p->skipped[r]);
	json_end(w);
}

static void write_progress(struct json_writer *w, const struct broadcaster_progress *p)
{
	json_object(w, "progress");
	for (int o = 0; o < OUTCOME_COUNT; o++)
		json_add_int(w, broadcaster_outcome_names[o], p->outcomes[o]);
	json_end(w);
}

static const char *state_word(struct broadcaster *b, const struct broadcast *row)
{
	int64_t now = clock_now_ms(b->set.clock);

	if (row->state != BROADCAST_RUNNING)
		return broadcast_state_name(row->state);
	if (!row->planned_ms)
		return "planning";
	if (row->send_at_ms > now)
		return "scheduled";
	return broadcaster_quiet_until(&b->set.quiet, now) ? "quiet" : "sending";
}

static void write_why(struct broadcaster *b, const struct broadcast *row, struct json_writer *w)
{
	const char *said = channel_error_text(b->set.channel, row->why_code);
	char text[400] = "";

	if (strcmp(row->why, "admin") == 0)
		(void)snprintf(text, sizeof text, "an admin paused it");
	else if (strcmp(row->why, "failures") == 0)
		(void)snprintf(text, sizeof text,
			       "too many messages failed, most of them with %d: %s; see what is "
			       "wrong, then resume",
			       row->why_code, said);
	else if (strcmp(row->why, "configuration") == 0)
		(void)snprintf(
			text, sizeof text,
			"the provider refuses everything with %d: %s; mend that, then resume",
			row->why_code, said);
	json_add_text(w, "why", row->why);
	json_add_int(w, "why_code", row->why_code);
	json_add_text(w, "why_text", text);
}

/* ---- failures by code ---- */

struct code_rows {
	int code;
	int64_t rows;
};

static int by_rows(const void *a, const void *b)
{
	int64_t x = ((const struct code_rows *)a)->rows;
	int64_t y = ((const struct code_rows *)b)->rows;

	return (x < y) - (x > y);
}

static size_t sum_codes(const struct broadcast_count *list, size_t count, struct code_rows *sums)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct broadcast_count *c = &list[i];
		size_t k = 0;

		if (broadcaster_outcome_of(c, false) != OUTCOME_FAILED)
			continue;
		while (k < n && sums[k].code != c->error_code)
			k++;
		if (k == n)
			sums[n++] = (struct code_rows){ c->error_code, 0 };
		sums[k].rows += c->rows;
	}
	qsort(sums, n, sizeof *sums, by_rows);
	return n;
}

static void write_failures(struct broadcaster *b, const struct broadcast_count *list, size_t count,
			   struct arena *a, struct json_writer *w)
{
	struct code_rows *sums = arena_array(a, count, sizeof *sums);
	size_t n = sum_codes(list, count, sums);

	json_array(w, "failures");
	for (size_t i = 0; i < n && i < CODES_MOST; i++) {
		json_object(w, NULL);
		json_add_int(w, "code", sums[i].code);
		json_add_text(w, "text",
			      sums[i].code ? channel_error_text(b->set.channel, sums[i].code)
					   : "no code was given");
		json_add_int(w, "count", sums[i].rows);
		json_end(w);
	}
	json_end(w);
}

static int write_audit(struct broadcaster *b, const char *id, struct arena *a,
		       struct json_writer *w, struct err *err)
{
	struct audit_entry *list = NULL;
	size_t count = 0;

	if (store_audit_list(b->set.store, id, AUDIT_MOST, a, &list, &count, err) < 0)
		return -1;
	json_array(w, "audit");
	for (size_t i = 0; i < count; i++) {
		json_object(w, NULL);
		broadcaster_write_time(w, "at", list[i].at_ms);
		json_add_text(w, "action", list[i].action);
		json_add_text(w, "detail", list[i].detail);
		json_add_text(w, "request_id", list[i].request_id);
		json_end(w);
	}
	json_end(w);
	return 0;
}

/* ---- one broadcast ---- */

int64_t broadcaster_expected(struct broadcaster *b, const struct broadcast *row,
			     const struct broadcaster_progress *p)
{
	int64_t messages = p->outcomes[OUTCOME_WAITING] + p->outcomes[OUTCOME_SENDING];
	int64_t now = clock_now_ms(b->set.clock);
	double per_second = broadcaster_share_of(b->set.send_rate);
	double measured = broadcaster_rate(b, row->id);

	if (row->state != BROADCAST_RUNNING || !messages)
		return 0;
	if (measured > 0 && measured < per_second)
		per_second = measured;
	return broadcaster_finish_ms(messages, per_second,
				     row->send_at_ms > now ? row->send_at_ms : now, &b->set.quiet);
}

static void write_head(struct broadcaster *b, const struct broadcast *row, struct json_writer *w)
{
	json_add_text(w, "broadcast_id", row->id);
	json_add_text(w, "state", state_word(b, row));
	write_why(b, row, w);
	json_add_text(w, "target_step", row->target_step);
	json_add_bool(w, "has_template", *row->content_sid != '\0');
	broadcaster_write_time(w, "created_at", row->created_ms);
	broadcaster_write_time(w, "send_at", row->send_at_ms);
	broadcaster_write_time(w, "planned_at", row->planned_ms);
	broadcaster_write_time(w, "finished_at", row->finished_ms);
}

/* The members that an answer about one broadcast has; `whole` with failures and audit. */
static int write_broadcast(struct broadcaster *b, const struct broadcast *row, bool whole,
			   struct json_writer *w, struct err *err)
{
	struct broadcast_count *list = NULL;
	struct broadcaster_progress p;
	struct arena a = { 0 };
	size_t count = 0;
	double rate = broadcaster_rate(b, row->id);
	int ret = store_broadcast_counts(b->set.store, row->id, &a, &list, &count, err);

	if (ret < 0)
		goto out;
	broadcaster_count_up(list, count, row->state == BROADCAST_CANCELLED, &p);
	write_head(b, row, w);
	json_add_int(w, "audience", p.audience);
	json_add_int(w, "recipient_count", p.audience - p.outcomes[OUTCOME_SKIPPED]);
	write_progress(w, &p);
	broadcaster_write_skipped(w, &p);
	if (rate >= 0)
		json_add_real(w, "rate_per_second", (double)(int64_t)(rate * 10 + 0.5) / 10);
	else
		json_add_null(w, "rate_per_second");
	broadcaster_write_time(w, "expected_finish", broadcaster_expected(b, row, &p));
	if (whole) {
		write_failures(b, list, count, &a, w);
		ret = write_audit(b, row->id, &a, w, err);
	}
out:
	arena_free(&a);
	return ret;
}

int broadcaster_show(struct broadcaster *b, const char *id, struct buf *out, struct err *err)
{
	struct broadcast row = { 0 };
	struct arena a = { 0 };
	struct json_writer w;
	int ret = store_broadcast_get(b->set.store, id, &a, &row, err);

	if (ret == 1) {
		json_begin(&w, out);
		json_object(&w, NULL);
		if (write_broadcast(b, &row, true, &w, err) < 0) {
			ret = -1;
		} else {
			broadcaster_write_time(&w, "timestamp", clock_now_ms(b->set.clock));
			json_end(&w);
		}
	}
	arena_free(&a);
	return ret < 0 ? err_below(err) : ret;
}

/* ---- many ---- */

/* "<ms>" or "<ms>-<id>" of the last one of the page before. */
static int read_before(const char *before, int64_t *ms_out, const char **id_out, struct err *err)
{
	size_t digits = strspn(before, "0123456789");

	*ms_out = 0;
	*id_out = "";
	if (!*before)
		return 0;
	*ms_out = digits && digits <= 15 ? strtoll(before, NULL, 10) : 0;
	if (before[digits] == '-')
		*id_out = before + digits + 1;
	if (!*ms_out || (before[digits] && strlen(*id_out) != ID_HEX_SIZE - 1))
		return err_set(err, ERR_INPUT, "before is not what \"next\" said");
	return 0;
}

int broadcaster_list(struct broadcaster *b, const char *before, unsigned limit, struct buf *out,
		     struct err *err)
{
	struct broadcast *list = NULL;
	struct arena a = { 0 };
	struct json_writer w;
	size_t count = 0;
	const char *before_id;
	int64_t before_ms;
	int ret = -1;

	if (limit > LIST_MOST)
		limit = LIST_MOST;
	if (read_before(before, &before_ms, &before_id, err) < 0 ||
	    store_broadcast_list(b->set.store, false, before_ms, before_id, limit, &a, &list,
				 &count, err) < 0)
		goto out;
	json_begin(&w, out);
	json_object(&w, NULL);
	json_array(&w, "broadcasts");
	for (size_t i = 0; i < count; i++) {
		json_object(&w, NULL);
		if (write_broadcast(b, &list[i], false, &w, err) < 0)
			goto out;
		json_end(&w);
	}
	json_end(&w);
	json_add_text(&w, "next",
		      count && count == limit
			      ? arena_printf(&a, "%lld-%s", (long long)list[count - 1].created_ms,
					     list[count - 1].id)
			      : NULL);
	broadcaster_write_time(&w, "timestamp", clock_now_ms(b->set.clock));
	json_end(&w);
	ret = 0;
out:
	arena_free(&a);
	return ret < 0 ? err_below(err) : ret;
}

/* ---- recipients ---- */

static void write_recipient(struct broadcaster *b, const struct outbound *row,
			    enum broadcaster_outcome outcome, struct json_writer *w)
{
	const struct broadcast_count c = broadcaster_situation(row);

	json_object(w, NULL);
	json_add_text(w, "contact", row->contact);
	json_add_text(w, "outcome", broadcaster_outcome_names[outcome]);
	json_add_text(w, "reason", outbound_reason_name(broadcaster_reason_of(&c)));
	json_add_int(w, "error_code", row->error_code);
	json_add_text(w, "error_text",
		      row->error_code ? channel_error_text(b->set.channel, row->error_code) : "");
	json_add_int(w, "attempts", row->attempts);
	json_add_text(w, "external_id", row->external_id);
	broadcaster_write_time(w, "updated_at", row->changed_ms);
	json_end(w);
}

/* OUTCOME_COUNT: any. */
static int read_outcome(const char *word, int *outcome_out, struct err *err)
{
	*outcome_out = OUTCOME_COUNT;
	if (!*word)
		return 0;
	for (*outcome_out = 0; *outcome_out < OUTCOME_COUNT; (*outcome_out)++)
		if (strcmp(broadcaster_outcome_names[*outcome_out], word) == 0)
			return 0;
	return err_set(err, ERR_INPUT,
		       "outcome \"%.20s\" is not known; write one of: waiting, sending, accepted, "
		       "delivered, read, failed, unsure, parked, skipped, cancelled",
		       word);
}

static int write_recipients(struct broadcaster *b, const struct broadcast *broadcast,
			    const char *cursor, int wanted, unsigned limit, struct arena *a,
			    struct buf *out, struct err *err)
{
	struct outbound *rows = NULL;
	const char *next = "";
	struct json_writer w;
	size_t count = 0;

	if (store_recipients_page(b->set.store, broadcast->id, cursor, limit, a, &rows, &count,
				  &next, err) < 0)
		return -1;
	json_begin(&w, out);
	json_object(&w, NULL);
	json_array(&w, "recipients");
	for (size_t i = 0; i < count; i++) {
		const struct broadcast_count c = broadcaster_situation(&rows[i]);
		enum broadcaster_outcome outcome =
			broadcaster_outcome_of(&c, broadcast->state == BROADCAST_CANCELLED);

		if (outcome != OUTCOME_NONE && (wanted == OUTCOME_COUNT || wanted == (int)outcome))
			write_recipient(b, &rows[i], outcome, &w);
	}
	json_end(&w);
	json_add_text(&w, "next", *next ? next : NULL);
	json_end(&w);
	return 1;
}

int broadcaster_recipients(struct broadcaster *b, const char *id, const char *cursor,
			   const char *outcome, unsigned limit, struct buf *out, struct err *err)
{
	struct broadcast row = { 0 };
	struct arena a = { 0 };
	int wanted, ret = -1;

	if (limit > RECIPIENTS_MOST)
		limit = RECIPIENTS_MOST;
	if (read_outcome(outcome, &wanted, err) == 0)
		ret = store_broadcast_get(b->set.store, id, &a, &row, err);
	if (ret == 1)
		ret = write_recipients(b, &row, cursor, wanted, limit, &a, out, err);
	arena_free(&a);
	return ret < 0 ? err_below(err) : ret;
}
