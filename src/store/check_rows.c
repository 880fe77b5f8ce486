/*
 * check_rows.c - the guard's argument checks of outbox rows, broadcasts, pages and audit entries.
 */
#include "guard_private.h"

#include <string.h>

enum {
	MAX_TEXT = REPLY_MAX_BYTES,
	MAX_ROWS = 64,
	MAX_CURSOR = 1023,
	MAX_CONTENT_SID = 63,
	MAX_KEY = 255,
	MAX_DIGEST = 127,
	MAX_DETAIL = 1023,
	MAX_WORD = 127,
};

static int check_outbound(const struct outbound *row, struct err *err)
{
	if (check_name("an outbox row's id", row->id, sizeof row->id - 1, false, err) < 0 ||
	    check_name("an outbox row's channel", row->channel, SESSION_NAME_MAX, false, err) < 0 ||
	    check_contact(row->contact, err) < 0 ||
	    check_name("an outbox row's sender", row->sender, CONTACT_MAX, true, err) < 0 ||
	    check_name("an outbox row's account", row->account, CONTACT_MAX, true, err) < 0 ||
	    check_text("an outbox row's text", row->text, MAX_TEXT, err) < 0 ||
	    check_name("an outbox row's template", guard_text(row->content_sid), MAX_CONTENT_SID,
		       true, err) < 0 ||
	    check_text("an outbox row's template values", guard_text(row->content_variables),
		       MAX_TEXT, err) < 0 ||
	    check_name("an outbox row's broadcast", guard_text(row->broadcast), ID_HEX_SIZE - 1,
		       row->kind != OUTBOUND_BROADCAST, err) < 0)
		return -1;
	return 0;
}

int check_rows(const struct outbound *rows, size_t count, const char *contact, struct err *err)
{
	if (count > MAX_ROWS || (count > 0 && !rows))
		return err_set(err, ERR_INPUT, "store: %zu outbox rows at once, at most %d", count,
			       MAX_ROWS);
	for (size_t i = 0; i < count; i++) {
		if (check_outbound(&rows[i], err) < 0)
			return -1;
		if (strcmp(rows[i].contact, contact) != 0)
			return err_set(err, ERR_INPUT, "store: an outbox row of another contact");
		if (rows[i].kind != OUTBOUND_REPLY || rows[i].state != OUTBOUND_WAITING)
			return err_set(err, ERR_INPUT,
				       "store: a new row of a line that is not a waiting reply");
	}
	return 0;
}

static int check_recipient(const struct outbound *row, const char *broadcast, struct err *err)
{
	if (check_outbound(row, err) < 0)
		return -1;
	if (row->kind != OUTBOUND_BROADCAST || strcmp(row->broadcast, broadcast) != 0)
		return err_set(err, ERR_INPUT, "store: recipients' rows of one broadcast only");
	if (row->state != OUTBOUND_WAITING &&
	    (row->state != OUTBOUND_DEAD || !outbound_is_skip(row->reason)))
		return err_set(err, ERR_INPUT,
			       "store: a new recipient that neither waits nor is skipped");
	return 0;
}

static int check_count(size_t count, const void *rows, struct err *err)
{
	if (count > STORE_MAX_ROWS || (count > 0 && !rows))
		return err_set(err, ERR_INPUT, "store: %zu rows at once, at most %d", count,
			       STORE_MAX_ROWS);
	return 0;
}

int check_recipients(const struct outbound *rows, size_t count, struct err *err)
{
	if (check_count(count, rows, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (check_recipient(&rows[i], guard_text(rows[0].broadcast), err) < 0)
			return -1;
	return 0;
}

int check_successor(const struct outbound *row, struct err *err)
{
	if (check_outbound(row, err) < 0)
		return -1;
	if (row->state != OUTBOUND_WAITING && row->state != OUTBOUND_PARKED)
		return err_set(err, ERR_INPUT, "store: a successor that neither waits nor parks");
	return 0;
}

static int check_settle(const struct outbound *row, struct err *err)
{
	if (check_contact(row->contact, err) < 0 ||
	    check_name("the row's id", row->id, ID_HEX_SIZE - 1, false, err) < 0 ||
	    check_name("the row's external id", guard_text(row->external_id), EXTERNAL_ID_MAX, true,
		       err) < 0)
		return -1;
	if (row->state == OUTBOUND_CLAIMED || row->state == OUTBOUND_PARKED)
		return err_set(err, ERR_INPUT, "store: a row settled as %s",
			       outbound_state_name(row->state));
	if (row->state == OUTBOUND_DEAD && row->reason == OUTBOUND_REPLACED)
		return err_set(err, ERR_INPUT, "store: a row settled as replaced, by nothing");
	return 0;
}

int check_settled(const struct outbound *rows, size_t count, struct err *err)
{
	if (check_count(count, rows, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (check_settle(&rows[i], err) < 0)
			return -1;
	return 0;
}

int check_broadcast_id(const char *id, struct err *err)
{
	return check_name("the broadcast's id", id, ID_HEX_SIZE - 1, false, err);
}

int check_request_key(const char *key, struct err *err)
{
	return check_name("the request's key", key, MAX_KEY, false, err);
}

int check_broadcast(const struct broadcast *b, struct err *err)
{
	if (check_broadcast_id(b->id, err) < 0 ||
	    check_name("the broadcast's pause", guard_text(b->why), MAX_WORD, true, err) < 0 ||
	    check_name("the broadcast's step", guard_text(b->target_step), SESSION_NAME_MAX, true,
		       err) < 0 ||
	    check_text("the broadcast's message", guard_text(b->message), MAX_TEXT, err) < 0 ||
	    check_name("the broadcast's template", guard_text(b->content_sid), MAX_CONTENT_SID,
		       true, err) < 0 ||
	    check_text("the broadcast's template values", guard_text(b->content_variables),
		       MAX_TEXT, err) < 0 ||
	    check_name("the request's key", guard_text(b->request_key), MAX_KEY, true, err) < 0 ||
	    check_name("the request's digest", guard_text(b->request_digest), MAX_DIGEST, true,
		       err) < 0 ||
	    check_name("the broadcast's cursor", guard_text(b->cursor), MAX_CURSOR, true, err) < 0)
		return -1;
	if (b->created_ms <= 0)
		return err_set(err, ERR_INPUT, "store: a broadcast without a time");
	if (b->revision >= INT64_MAX)
		return err_set(err, ERR_INPUT, "store: a revision out of range");
	return 0;
}

int check_audit(const struct audit_entry *e, struct err *err)
{
	if (!e || e->at_ms <= 0)
		return err_set(err, ERR_INPUT, "store: an audit entry without a time");
	if (check_name("the audit entry's action", e->action, MAX_WORD, false, err) < 0 ||
	    check_name("the audit entry's object", guard_text(e->object), MAX_WORD, true, err) <
		    0 ||
	    check_name("the audit entry's detail", guard_text(e->detail), MAX_DETAIL, true, err) <
		    0)
		return -1;
	return check_name("the audit entry's request", guard_text(e->request_id), MAX_WORD, true,
			  err);
}

int check_page(const char *cursor, unsigned max, struct err *err)
{
	if (max == 0 || max > STORE_MAX_ROWS)
		return err_set(err, ERR_INPUT, "store: a page of 1 to %d rows", STORE_MAX_ROWS);
	return check_name("the page's cursor", cursor, MAX_CURSOR, true, err);
}
