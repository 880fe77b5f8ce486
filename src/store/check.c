/*
 * check.c - the guard's argument checks. What passes here fits every driver.
 */
#include "guard_private.h"

#include <string.h>

enum {
	MAX_RECORDS = 16,
	MAX_WORDS = 8192,
};

int check_contact(const char *contact, struct err *err)
{
	if (!contact || !contact_is_valid(contact))
		return err_set(err, ERR_INPUT, "store: not a contact address");
	return 0;
}

int check_name(const char *what, const char *name, size_t max, bool empty_ok, struct err *err)
{
	size_t n = name ? strnlen(name, max + 1) : max + 1;

	if (n > max || (n == 0 && !empty_ok))
		return err_set(err, ERR_INPUT, "store: %s is missing or longer than %zu bytes",
			       what, max);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return err_set(err, ERR_INPUT, "store: %s holds a control character", what);
	return 0;
}

int check_external_id(const char *id, struct err *err)
{
	return check_name("the external id", id, EXTERNAL_ID_MAX, false, err);
}

int guard_check_texts(const struct str *texts, size_t count, struct err *err)
{
	size_t bytes = 0;

	if (count > REPLY_MAX_TEXTS || (count > 0 && !texts))
		return err_set(err, ERR_INPUT, "store: a reply of %zu texts, at most %d", count,
			       REPLY_MAX_TEXTS);
	for (size_t i = 0; i < count; i++) {
		if (texts[i].n > REPLY_MAX_BYTES)
			bytes = REPLY_MAX_BYTES;
		bytes += texts[i].n;
		if (bytes > REPLY_MAX_BYTES)
			return err_set(err, ERR_INPUT, "store: a reply of more than %d bytes",
				       REPLY_MAX_BYTES);
	}
	return 0;
}

int check_text(const char *what, const char *text, size_t max, struct err *err)
{
	if (!text || strnlen(text, max + 1) > max)
		return err_set(err, ERR_INPUT, "store: %s is missing or longer than %zu bytes",
			       what, max);
	return 0;
}

static int check_session(const struct session *s, int64_t call_due_ms, struct err *err)
{
	if (!s)
		return err_set(err, ERR_INPUT, "store: a turn without a session");
	if (check_name("the flow", s->flow, SESSION_NAME_MAX, false, err) < 0 ||
	    check_name("the step", s->step, SESSION_NAME_MAX, false, err) < 0 ||
	    check_name("the shown step", s->shown_step, SESSION_NAME_MAX, true, err) < 0 ||
	    check_name("the language", s->language, LANGUAGE_MAX, true, err) < 0 ||
	    check_name("the call's id", guard_text(s->call.id), EXTERNAL_ID_MAX, true, err) < 0)
		return -1;
	if (s->revision >= INT64_MAX)
		return err_set(err, ERR_INPUT, "store: a revision out of range");
	if (call_due_ms < 0 || (call_due_ms > 0 && (!s->call.id || !*s->call.id) && !s->wake_ms))
		return err_set(err, ERR_INPUT, "store: a time without a call or a timer");
	return 0;
}

int check_record_type(const char *type, struct err *err)
{
	size_t n = type ? strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;

	if (n == 0 || n > SESSION_NAME_MAX || type[n] != '\0')
		return err_set(err, ERR_INPUT, "store: a record's type is not [a-z0-9_]{1,63}");
	return 0;
}

int check_record_key(const char *type, const char *id, struct err *err)
{
	if (check_record_type(type, err) < 0)
		return -1;
	return check_name("a record's id", id, EXTERNAL_ID_MAX, false, err);
}

static int check_record(const struct record *r, const char *contact, struct err *err)
{
	if (check_record_key(r->type, r->id, err) < 0 ||
	    check_name("a record's state", r->state, RECORD_STATE_MAX, true, err) < 0)
		return -1;
	if (!r->contact || strcmp(r->contact, contact) != 0)
		return err_set(err, ERR_INPUT, "store: a record of another contact");
	if (r->field_count > SESSION_MAX_VALUES)
		return err_set(err, ERR_INPUT, "store: a record of %zu fields", r->field_count);
	for (size_t i = 0; i < r->field_count; i++)
		if (check_name("a record's field", r->fields[i].name, SESSION_NAME_MAX, false,
			       err) < 0 ||
		    check_text("a record's value", r->fields[i].text, SESSION_MAX_VALUE, err) < 0)
			return -1;
	return 0;
}

static int check_message(const struct turn *t, struct err *err)
{
	if (!t->inbound) {
		if (t->reply.state != REPLY_NONE)
			return err_set(err, ERR_INPUT, "store: a reply without a message");
		return 0;
	}
	if (t->reply.state == REPLY_NONE)
		return err_set(err, ERR_INPUT, "store: a message without a reply");
	if (!t->inbound->contact || strcmp(t->inbound->contact, t->contact) != 0)
		return err_set(err, ERR_INPUT, "store: a message of another contact");
	if (check_external_id(t->inbound->external_id, err) < 0)
		return -1;
	return guard_check_texts(t->reply.texts, t->reply.count, err);
}

static int check_answer(const struct turn *t, struct err *err)
{
	if (!t->answers)
		return 0;
	if (t->answer.state == REPLY_NONE)
		return err_set(err, ERR_INPUT, "store: an answer without a state");
	if (check_external_id(t->answers, err) < 0)
		return -1;
	if (t->inbound && strcmp(t->answers, t->inbound->external_id) == 0)
		return err_set(err, ERR_INPUT, "store: a turn that answers itself");
	return guard_check_texts(t->answer.texts, t->answer.count, err);
}

int check_consent(const struct consent_event *e, struct err *err)
{
	if (check_text("the consent's words", e->words, MAX_WORDS, err) < 0)
		return -1;
	return check_name("the consent's message", guard_text(e->external_id), EXTERNAL_ID_MAX,
			  true, err);
}

int check_turn(const struct turn *t, struct err *err)
{
	if (check_contact(t->contact, err) < 0 || check_message(t, err) < 0 ||
	    check_answer(t, err) < 0 || check_session(t->session, t->call_due_ms, err) < 0)
		return -1;
	if (t->record_count > MAX_RECORDS)
		return err_set(err, ERR_INPUT, "store: %zu records in a turn, at most %d",
			       t->record_count, MAX_RECORDS);
	for (size_t i = 0; i < t->record_count; i++)
		if (check_record(&t->records[i], t->contact, err) < 0)
			return -1;
	if (check_rows(t->outbox, t->outbox_count, t->contact, err) < 0)
		return -1;
	if (t->consent && check_consent(t->consent, err) < 0)
		return -1;
	return check_name("the contact's language", t->facts.language, LANGUAGE_MAX, true, err);
}
