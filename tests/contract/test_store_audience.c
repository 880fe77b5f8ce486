/*
 * test_store_audience.c - the store's contract: paging through everyone with a session.
 */
#include "store_fixture.c"

#include <stdlib.h>

enum { PEOPLE = 150 };

static const char *person(struct fixture *f, int number)
{
	return arena_printf(&f->a, "whatsapp:+91987%07d", number);
}

static void arrive(struct fixture *f, int number, const char *step, int64_t expires_ms)
{
	struct session *s = a_session(f, step);
	struct turn t;

	s->expires_ms = expires_ms;
	must(f, session_set(s, &f->a, "name", arena_printf(&f->a, "P%d", number), &f->err));
	t = a_result(f, person(f, number), s);
	assert_int_equal(commit(f, &t), COMMIT_DONE);
}

/* The person's number, or -1. */
static int number_of(const char *contact)
{
	static const char before[] = "whatsapp:+91987";

	if (strncmp(contact, before, sizeof before - 1) != 0)
		return -1;
	return (int)strtol(contact + sizeof before - 1, NULL, 10);
}

struct walk {
	int seen[4 * PEOPLE];
	size_t members;
	size_t pages;
};

static const char *walk_page(struct fixture *f, struct walk *w, const char *step,
			     const char *cursor, unsigned max)
{
	struct audience_member *list;
	const char *next;
	size_t n;

	must(f, store_audience_page(f->store, step, cursor, max, false, NOW, &f->a, &list, &n,
				    &next, &f->err));
	assert_true(n <= max);
	for (size_t i = 0; i < n; i++) {
		int number = number_of(list[i].contact);

		assert_true(number >= 0 && number < 4 * PEOPLE);
		w->seen[number]++;
		assert_true(list[i].session->expires_ms > NOW);
		if (*step)
			assert_string_equal(list[i].session->shown_step, step);
	}
	w->members += n;
	w->pages++;
	assert_true(w->pages < 10000);
	return next;
}

static struct walk walk(struct fixture *f, const char *step, unsigned max)
{
	struct walk w = { .members = 0 };
	const char *cursor = "";

	do
		cursor = walk_page(f, &w, step, cursor, max);
	while (*cursor);
	return w;
}

static void everyone_is_named(struct fixture *f)
{
	struct walk w;

	w = walk(f, "", 10); /* nobody is there */
	assert_int_equal(w.members, 0);
	for (int i = 0; i < PEOPLE; i++)
		arrive(f, i * 7919 % PEOPLE, i % 3 ? "ask_name" : "ask_order",
		       i % 10 == 9 ? NOW : NOW + DAY);
	w = walk(f, "", 7);
	for (int i = 0; i < PEOPLE; i++)
		assert_int_equal(w.seen[i * 7919 % PEOPLE] > 0, i % 10 != 9);
	w = walk(f, "ask_order", 7);
	for (int i = 0; i < PEOPLE; i++)
		assert_int_equal(w.seen[i * 7919 % PEOPLE] > 0, i % 3 == 0 && i % 10 != 9);
	assert_int_equal(walk(f, "nowhere", 7).members, 0);
	w = walk(f, "", STORE_MAX_ROWS);
	assert_true(w.members >= PEOPLE - PEOPLE / 10);
}

static void who_stays_is_named(struct fixture *f)
{
	struct walk w = { .members = 0 };
	const char *cursor = "";
	int comes = PEOPLE, page = 0;

	for (int i = 0; i < PEOPLE; i++)
		arrive(f, i, "ask_name", i % 4 ? NOW + DAY : NOW - HOUR);
	do { /* meanwhile others come, the expired go, and some of those who stay write */
		cursor = walk_page(f, &w, "", cursor, 11);
		for (int k = 0; k < 5 && comes < 2 * PEOPLE; k++)
			arrive(f, comes++, "ask_name", NOW + DAY);
		if (page == 2)
			assert_true(store_sweep(f->store, NOW - HOUR, &f->err) >= 0);
		page++;
	} while (*cursor);
	for (int i = 0; i < PEOPLE; i++)
		if (i % 4 && !w.seen[i])
			fail_msg("%s was left out", person(f, i));
}

static struct audience_member only_member(struct fixture *f, bool with_values)
{
	struct audience_member *list, only = { .contact = "" };
	const char *cursor = "";
	size_t n;

	do { /* pages may be empty */
		must(f, store_audience_page(f->store, "", cursor, 10, with_values, NOW, &f->a,
					    &list, &n, &cursor, &f->err));
		if (n > 0)
			only = list[n - 1];
	} while (*cursor);
	return only;
}

static void members_come_with_facts(struct fixture *f)
{
	const struct consent_event stop = { CONSENT_OUT, "STOP", "SM1" };

	arrive(f, 1, "ask_name", NOW + DAY);
	must(f, store_consent_add(f->store, person(f, 1), &stop, NOW, &f->err));
	must(f, store_trouble_set(f->store, person(f, 1), 63024, NOW, &f->err));
	for (int values = 0; values < 2; values++) {
		struct audience_member m = only_member(f, values);

		assert_string_equal(m.contact, person(f, 1));
		assert_true(m.facts.known);
		assert_int_equal(m.facts.consent, CONSENT_OUT);
		assert_int_equal(m.facts.trouble_code, 63024);
		assert_int_equal(m.facts.last_in_ms, NOW);
		assert_string_equal(m.session->language, "en");
		assert_string_equal(m.session->step, "ask_name");
		assert_int_equal(m.session->created_ms, NOW);
		if (values)
			assert_string_equal(session_get(m.session, "name"), "P1");
	}
}

static void who_has_no_session_is_no_member(struct fixture *f)
{
	const struct consent_event stop = { CONSENT_OUT, "STOP", "SM1" };

	must(f, store_consent_add(f->store, person(f, 1), &stop, NOW, &f->err));
	must(f, store_trouble_set(f->store, person(f, 2), 63024, NOW, &f->err));
	recipients(f, a_recipient(f, a_broadcast(f, "")->id, person(f, 3)), 1);
	assert_int_equal(walk(f, "", 10).members, 0);
}

static const struct contract_case cases[] = {
	{ .name = "everyone is named", .run = everyone_is_named },
	{ .name = "who stays is named", .run = who_stays_is_named },
	{ .name = "members come with facts", .run = members_come_with_facts },
	{ .name = "who has no session is no member", .run = who_has_no_session_is_no_member },
};

int main(void)
{
	return contract_run("store audience", cases, sizeof cases / sizeof *cases);
}
