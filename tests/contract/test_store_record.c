/*
 * test_store_record.c - the store's contract: records by pages and states, and the audit.
 */
#include "store_fixture.c"

/* ---- records ---- */

static void keep_record(struct fixture *f, const char *type, int number, const char *contact,
			const char *state)
{
	const char *id = arena_printf(&f->a, "r%02d", number);
	struct session_value field = { "name", arena_printf(&f->a, "N%d", number) };
	const struct record r = { .type = type,
				  .id = id,
				  .contact = contact,
				  .state = state,
				  .created_ms = NOW + number / 2, /* two of each time */
				  .updated_ms = NOW + number / 2,
				  .fields = &field,
				  .field_count = 1 };
	struct turn_view v = load_at(f, contact, NULL, NOW);
	struct turn t = a_result(f, contact, v.session ? v.session : a_session(f, "name"));

	t.records = &r;
	t.record_count = 1;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
}

struct found {
	int seen[40];
	size_t count;
};

static struct found list_records(struct fixture *f, const char *type, const char *contact,
				 const char *state, unsigned max)
{
	struct found found = { .count = 0 };
	int64_t before = INT64_MAX;
	const char *cursor = "", *before_id = "";
	size_t n;

	do {
		struct record *list;

		must(f, store_record_list(f->store, type, contact, state, cursor, max, &f->a, &list,
					  &n, &cursor, &f->err));
		assert_true(n <= max);
		for (size_t i = 0; i < n; i++) {
			int number = (list[i].id[1] - '0') * 10 + list[i].id[2] - '0';

			assert_string_equal(list[i].type, type);
			assert_true(list[i].created_ms <= before);
			if (list[i].created_ms == before)
				assert_true(strcmp(list[i].id, before_id) < 0);
			assert_string_equal(list[i].fields[0].text,
					    arena_printf(&f->a, "N%d", number));
			before = list[i].created_ms;
			before_id = list[i].id;
			found.seen[number]++;
			found.count++;
		}
	} while (*cursor);
	return found;
}

static void lists_name_what_is_asked_for(struct fixture *f)
{
	static const struct {
		const char *name;
		const char *contact;
		const char *state;
		int every; /* one of so many */
	} rows[] = {
		{ "all", NULL, "", 1 },
		{ "in a state", NULL, "new", 2 },
		{ "of a contact", WHO, "", 3 },
		{ "of a contact, in a state", WHO, "new", 6 },
	};

	for (int i = 0; i < 36; i++)
		keep_record(f, "registration", i, i % 3 ? OTHER : WHO, i % 2 ? "done" : "new");
	keep_record(f, "order", 36, WHO, "new");
	for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
		struct found got =
			list_records(f, "registration", rows[k].contact, rows[k].state, 5);

		for (int i = 0; i < 36; i++)
			if ((got.seen[i] > 0) != (i % rows[k].every == 0))
				fail_msg("%s: record %d %d times", rows[k].name, i, got.seen[i]);
	}
	assert_int_equal(list_records(f, "order", NULL, "", 5).count, 1);
	assert_int_equal(list_records(f, "none", NULL, "", 5).count, 0);
	assert_int_equal(list_records(f, "registration", NULL, "lost", 5).count, 0);
}

static struct record the_record(struct fixture *f, const char *id)
{
	struct record r;
	int found = store_record_get(f->store, "registration", id, &f->a, &r, &f->err);

	must(f, found);
	assert_int_equal(found, 1);
	return r;
}

static int change(struct fixture *f, const char *id, const char *from, const char *to,
		  const struct audit_entry *audit)
{
	int ret = store_record_change(f->store, "registration", id, from, to, NOW + HOUR, audit,
				      &f->err);

	must(f, ret);
	return ret;
}

static size_t audited(struct fixture *f, const char *object, unsigned max,
		      struct audit_entry **list_out)
{
	size_t n = 0;

	must(f, store_audit_list(f->store, object, max, &f->a, list_out, &n, &f->err));
	return n;
}

static void a_state_changes_from_one_to_the_next(struct fixture *f)
{
	const struct audit_entry audit = { NOW, "record.change", "r01", "new to done", "q1" };
	struct audit_entry *list;
	struct record r;

	keep_record(f, "registration", 1, WHO, "new");
	assert_int_equal(change(f, "r01", "lost", "done", &audit), 0);
	assert_int_equal(change(f, "r09", "", "done", &audit), 0);
	assert_int_equal(audited(f, NULL, 10, &list), 0);
	assert_int_equal(change(f, "r01", "new", "done", &audit), 1);
	assert_int_equal(change(f, "r01", "new", "done", &audit), 0);
	r = the_record(f, "r01");
	assert_string_equal(r.state, "done");
	assert_int_equal(r.created_ms, NOW);
	assert_int_equal(r.updated_ms, NOW + HOUR);
	assert_string_equal(r.fields[0].text, "N1");
	assert_int_equal(audited(f, "r01", 10, &list), 1);
	assert_int_equal(change(f, "r01", "", "new", NULL), 1);
	assert_int_equal(list_records(f, "registration", NULL, "done", 5).count, 0);
	assert_int_equal(list_records(f, "registration", NULL, "new", 5).count, 1);
}

/* ---- audit ---- */

static void add_audit(struct fixture *f, int number, int64_t at_ms)
{
	const struct audit_entry e = { at_ms, "broadcast.pause", number % 2 ? "b1" : "b2",
				       arena_printf(&f->a, "d%d", number), "q" };

	must(f, store_audit_add(f->store, &e, &f->err));
}

static void the_audit_is_newest_first(struct fixture *f)
{
	struct audit_entry *list;

	assert_int_equal(audited(f, NULL, 10, &list), 0);
	for (int i = 0; i < 20; i++)
		add_audit(f, i, NOW + i);
	assert_int_equal(audited(f, NULL, 7, &list), 7);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(list[i].at_ms, NOW + 19 - i);
		assert_string_equal(list[i].action, "broadcast.pause");
		assert_string_equal(list[i].detail, arena_printf(&f->a, "d%d", 19 - i));
		assert_string_equal(list[i].request_id, "q");
	}
	assert_int_equal(audited(f, "b1", 100, &list), 10);
	for (int i = 0; i < 10; i++) {
		assert_string_equal(list[i].object, "b1");
		assert_int_equal(list[i].at_ms, NOW + 19 - 2 * i);
	}
	assert_int_equal(audited(f, "b3", 10, &list), 0);
}

static void the_audit_is_kept_a_year(struct fixture *f)
{
	struct audit_entry *list;
	int n;

	add_audit(f, 1, NOW);
	add_audit(f, 2, NOW + 40 * DAY);
	while ((n = store_sweep(f->store, NOW + 360 * DAY, &f->err)) > 0)
		;
	assert_int_equal(n, 0);
	assert_int_equal(audited(f, NULL, 10, &list), 2);
	while ((n = store_sweep(f->store, NOW + 370 * DAY, &f->err)) > 0)
		;
	assert_int_equal(n, 0);
	assert_int_equal(audited(f, NULL, 10, &list), 1);
	assert_string_equal(list[0].detail, "d2");
}

static const struct contract_case cases[] = {
	{ .name = "lists name what is asked for", .run = lists_name_what_is_asked_for },
	{ .name = "a state changes from one to the next",
	  .run = a_state_changes_from_one_to_the_next },
	{ .name = "the audit is newest first", .run = the_audit_is_newest_first },
	{ .name = "the audit is kept a year", .run = the_audit_is_kept_a_year },
};

int main(void)
{
	return contract_run("store record", cases, sizeof cases / sizeof *cases);
}
