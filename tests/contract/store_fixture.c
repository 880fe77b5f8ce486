/*
 * store_fixture.c - see store_fixture.h. Included by each test of the store.
 */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/id.h"
#include "base/mem.h"
#include "redis_server.c"
#include "redis_nodes.c"

/* ---- drivers ---- */

static int wrap(struct fixture *f, const struct store_driver *driver, void *self)
{
	const struct store_driver *wrapped;

	if (driver_faulty_wrap(driver, self, &wrapped, &f->faulty, &f->err) < 0)
		return -1;
	return store_open_driver(&f->set, wrapped, f->faulty, &f->store, &f->err);
}

static int open_memory(struct fixture *f)
{
	return store_open_memory(&f->set, &f->store, &f->err);
}

static int open_faulty_memory(struct fixture *f)
{
	const struct store_driver *driver;
	void *self;

	if (driver_memory_open(&f->set, &driver, &self, &f->err) < 0)
		return -1;
	return wrap(f, driver, self);
}

static int open_by_settings(struct fixture *f)
{
	return store_open(&f->set, &f->store, &f->err);
}

static int open_faulty_sqlite(struct fixture *f)
{
	const struct store_driver *driver;
	void *self;

	if (driver_sqlite_open(&f->set, &driver, &self, &f->err) < 0)
		return -1;
	return wrap(f, driver, self);
}

static const struct driver_row drivers[] = {
	{ .name = "memory", .open = open_memory },
	{ .name = "sqlite", .open = open_by_settings, .kept = true },
	{ .name = "redis", .open = open_by_settings, .redis = true, .kept = true },
	{ .name = "redis cluster", .open = open_by_settings, .cluster = true, .kept = true },
	{ .name = "faulty memory", .open = open_faulty_memory },
	{ .name = "faulty sqlite", .open = open_faulty_sqlite, .kept = true },
};

enum { DRIVERS = sizeof drivers / sizeof *drivers };

/* Three masters for all cases of a program; started by the first that needs them. */
static struct nodes cluster;

static int cluster_empty(void)
{
	if (cluster.count == 0)
		return nodes_start(&cluster, 3, 0);
	return nodes_clear(&cluster);
}

/* ---- one case ---- */

struct pair { /* what a cmocka test starts with */
	const struct driver_row *driver;
	const struct contract_case *one;
	struct fixture *f;
	char name[128];
};

static void remove_dir(const char *dir)
{
	static const char *const files[] = { "samvad.db", "samvad.db-wal", "samvad.db-shm",
					     "samvad.lock" };
	char path[160];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static void fixture_free(struct fixture *f)
{
	store_close(&f->store);
	seal_ring_free(&f->ring);
	redis_server_free(&f->redis);
	arena_free(&f->a);
	if (*f->dir)
		remove_dir(f->dir);
	free(f);
}

static int fixture_fail(struct fixture *f, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", f->driver->name, what, f->err.text);
	fixture_free(f);
	return -1;
}

static int fixture_new(const struct driver_row *driver, struct fixture **f_out)
{
	struct fixture *f = mem_alloc(sizeof *f);

	f->driver = driver;
	if (seal_ring_parse(KEY_A, &f->ring, &f->err) < 0)
		return fixture_fail(f, "keys");
	(void)snprintf(f->dir, sizeof f->dir, "/tmp/samvad-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return fixture_fail(f, "mkdtemp");
	if (driver->redis) {
		const struct redis_server_options options = { .keep = false };

		if (redis_server_start(&f->redis, &options) < 0)
			return fixture_fail(f, "redis-server");
		redis_server_url(&f->redis, 0, f->url, sizeof f->url);
	}
	if (driver->cluster) {
		if (cluster_empty() < 0)
			return fixture_fail(f, "cluster");
		(void)snprintf(f->url, sizeof f->url, "%s", cluster.url);
	}
	f->set = (struct store_settings){
		.redis_url = f->url,
		.data_dir = f->dir,
		.ring = f->ring,
		.timeout_ms = 20000, /* tests run on busy machines, also under sanitizers */
	};
	if (driver->open(f) < 0)
		return fixture_fail(f, "open");
	*f_out = f;
	return 0;
}

int fixture_reopen(struct fixture *f, const char *keys)
{
	store_close(&f->store);
	seal_ring_free(&f->ring);
	f->faulty = NULL;
	if (seal_ring_parse(keys, &f->ring, &f->err) < 0)
		return -1;
	f->set.ring = f->ring;
	return f->driver->open(f);
}

static int pair_setup(void **state)
{
	struct pair *p = *state;

	return fixture_new(p->driver, &p->f);
}

static void pair_run(void **state)
{
	struct pair *p = *state;

	p->one->run(p->f);
}

static int pair_teardown(void **state)
{
	struct pair *p = *state;

	if (p->f)
		fixture_free(p->f);
	return 0;
}

int contract_run(const char *group, const struct contract_case *cases, size_t count)
{
	return contract_run_on(NULL, group, cases, count);
}

int contract_run_on(const char *driver, const char *group, const struct contract_case *cases,
		    size_t count)
{
	struct pair *pairs = mem_array(DRIVERS * count, sizeof *pairs);
	struct CMUnitTest *tests = mem_array(DRIVERS * count, sizeof *tests);
	size_t n = 0;
	int failed;

	for (size_t d = 0; d < DRIVERS; d++) {
		for (size_t i = 0; i < count; i++) {
			if ((cases[i].kept_only && !drivers[d].kept) ||
			    (driver && strcmp(driver, drivers[d].name) != 0))
				continue;
			pairs[n] = (struct pair){ .driver = &drivers[d], .one = &cases[i] };
			(void)snprintf(pairs[n].name, sizeof pairs[n].name, "%s: %s",
				       drivers[d].name, cases[i].name);
			tests[n] = (struct CMUnitTest){ .name = pairs[n].name,
							.test_func = pair_run,
							.setup_func = pair_setup,
							.teardown_func = pair_teardown,
							.initial_state = &pairs[n] };
			n++;
		}
	}
	failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
	nodes_stop(&cluster);
	free(tests);
	free(pairs);
	return failed;
}

/* ---- words ---- */

static void must(struct fixture *f, int ret)
{
	if (ret < 0)
		fail_msg("%s: %s", err_kind_name(f->err.kind), f->err.text);
}

struct session *a_session(struct fixture *f, const char *step)
{
	struct session *s = arena_alloc(&f->a, sizeof *s);

	s->flow = "msme";
	s->flow_version = 3;
	s->step = step;
	s->shown_step = step;
	memcpy(s->language, "en", 3);
	s->created_ms = NOW;
	s->updated_ms = NOW;
	s->expires_ms = NOW + DAY;
	s->call = (struct session_call){ .id = "", .name = "", .step = "", .external_id = "" };
	s->receiver = "whatsapp:+14155238886";
	s->account = "";
	return s;
}

struct str *a_text(struct fixture *f, const char *text)
{
	struct str *s = arena_alloc(&f->a, sizeof *s);

	*s = str_of(arena_strdup(&f->a, text));
	return s;
}

struct inbound *a_message(struct fixture *f, const char *contact, const char *external_id)
{
	struct inbound *in = arena_alloc(&f->a, sizeof *in);

	inbound_init(in);
	in->channel = "twilio";
	in->contact = contact;
	in->receiver = "whatsapp:+14155238886";
	in->external_id = external_id;
	in->text = "hello";
	in->received_ms = NOW;
	return in;
}

struct turn a_result(struct fixture *f, const char *contact, const struct session *session)
{
	(void)f;
	return (struct turn){ .contact = contact,
			      .now_ms = NOW,
			      .session = session,
			      .facts = { .known = true,
					 .language = "en",
					 .first_in_ms = NOW - HOUR,
					 .last_in_ms = NOW } };
}

struct turn a_turn(struct fixture *f, const char *contact, const char *external_id,
		   enum reply_state state, const char *reply, const struct session *session)
{
	struct turn t = a_result(f, contact, session);

	t.inbound = a_message(f, contact, external_id);
	t.reply = (struct reply){ .state = state, .texts = a_text(f, reply), .count = 1 };
	return t;
}

struct outbound *a_row(struct fixture *f, const char *contact, const char *text)
{
	struct outbound *o = arena_alloc(&f->a, sizeof *o);

	*o = (struct outbound){ .channel = "twilio",
				.contact = contact,
				.sender = "whatsapp:+14155238886",
				.account = "",
				.text = arena_strdup(&f->a, text),
				.created_ms = NOW,
				.due_ms = NOW,
				.external_id = "" };
	id_random(o->id);
	return o;
}

enum commit_result commit(struct fixture *f, const struct turn *t)
{
	enum commit_result result = COMMIT_CONFLICT;

	must(f, store_commit(f->store, t, &result, NULL, &f->err));
	return result;
}

struct turn_view load_at(struct fixture *f, const char *contact, const char *external_id,
			 int64_t now_ms)
{
	struct turn_view v;

	must(f, store_load(f->store, contact, external_id, now_ms, &f->a, &v, &f->err));
	return v;
}

struct reply reply_of(struct fixture *f, const char *contact, const char *external_id)
{
	struct reply r;

	must(f, store_reply_load(f->store, contact, external_id, &f->a, &r, &f->err));
	return r;
}

struct outbound row_of(struct fixture *f, const char *contact, const char *id)
{
	struct outbound o;
	int found = store_outbox_get(f->store, contact, id, NULL, &f->a, &o, &f->err);

	must(f, found);
	assert_int_equal(found, 1);
	return o;
}

size_t claim_queue(struct fixture *f, const char *broadcast, int64_t pace_ms, int64_t now_ms,
		   struct outbox_claim **claims_out)
{
	size_t n = 0;

	must(f, store_outbox_claim(f->store, broadcast, pace_ms, now_ms, now_ms + 60000, 100, &f->a,
				   claims_out, &n, &f->err));
	return n;
}

size_t claim(struct fixture *f, int64_t now_ms, struct outbound **rows_out)
{
	struct outbox_claim *claims;
	size_t n = claim_queue(f, NULL, 0, now_ms, &claims);

	*rows_out = arena_array(&f->a, n, sizeof **rows_out);
	for (size_t i = 0; i < n; i++)
		(*rows_out)[i] = claims[i].row;
	return n;
}

void settle(struct fixture *f, const struct outbound *row, enum outbound_state state,
	    int64_t due_ms)
{
	struct outbound o = *row;

	o.state = state;
	o.due_ms = due_ms;
	must(f, store_outbox_settle(f->store, &o, 1, NOW, &f->err));
}

void queue(struct fixture *f, const char *contact, const struct outbound *rows, size_t n)
{
	struct turn_view v = load_at(f, contact, NULL, NOW);
	struct turn t = a_result(f, contact, v.session ? v.session : a_session(f, "name"));

	t.outbox = rows;
	t.outbox_count = n;
	assert_int_equal(commit(f, &t), COMMIT_DONE);
}

void queue_three(struct fixture *f, struct outbound *rows)
{
	for (int i = 0; i < 3; i++)
		rows[i] = *a_row(f, WHO, i == 0 ? "first" : i == 1 ? "second" : "third");
	rows[1].due_ms = NOW - HOUR; /* older than the first: the line decides, not the time */
	queue(f, WHO, rows, 2);
	queue(f, WHO, rows + 2, 1);
}

/* ---- broadcasts ---- */

struct broadcast *a_broadcast(struct fixture *f, const char *request_key)
{
	struct broadcast *b = arena_alloc(&f->a, sizeof *b), existing;
	const struct audit_entry audit = { NOW, "broadcast.create", "", "", "" };

	*b = (struct broadcast){ .why = "",
				 .target_step = "",
				 .message = "Hello {{name}}",
				 .content_sid = "",
				 .content_variables = "",
				 .request_key = request_key,
				 .request_digest = "d1",
				 .created_ms = NOW,
				 .cursor = "" };
	id_random(b->id);
	assert_int_equal(store_broadcast_create(f->store, b, &audit, &f->a, &existing, &f->err), 1);
	b->revision = 1;
	return b;
}

struct outbound *a_recipient(struct fixture *f, const char *broadcast, const char *contact)
{
	struct outbound *o = a_row(f, contact, "Hello");

	o->kind = OUTBOUND_BROADCAST;
	o->broadcast = broadcast;
	outbound_recipient_id(broadcast, contact, o->id);
	return o;
}

void recipients(struct fixture *f, const struct outbound *rows, size_t n)
{
	must(f, store_recipients_add(f->store, rows, n, &f->err));
}

int64_t counted(struct fixture *f, const char *broadcast, enum outbound_state state,
		enum outbound_reason reason)
{
	struct broadcast_count *list;
	int64_t rows = 0;
	size_t n;

	must(f, store_broadcast_counts(f->store, broadcast, &f->a, &list, &n, &f->err));
	for (size_t i = 0; i < n; i++)
		if (list[i].state == state && (!reason || list[i].reason == reason))
			rows += list[i].rows;
	return rows;
}

static void recount(struct broadcast_count *list, size_t n, const struct outbound *o)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].state == o->state && list[i].reason == o->reason &&
		    list[i].status == o->status && list[i].error_code == o->error_code) {
			list[i].rows--;
			return;
		}
	}
	fail_msg("a row that is not counted: %s %s %s %d", outbound_state_name(o->state),
		 outbound_reason_name(o->reason), status_name(o->status), o->error_code);
}

void assert_counts(struct fixture *f, const char *broadcast)
{
	struct broadcast_count *list;
	const char *cursor = "";
	size_t n, rows_n;

	must(f, store_broadcast_counts(f->store, broadcast, &f->a, &list, &n, &f->err));
	for (size_t i = 0; i < n; i++)
		assert_true(list[i].rows > 0);
	do {
		struct outbound *rows;

		must(f, store_recipients_page(f->store, broadcast, cursor, 37, &f->a, &rows,
					      &rows_n, &cursor, &f->err));
		for (size_t i = 0; i < rows_n; i++)
			recount(list, n, &rows[i]);
	} while (*cursor);
	for (size_t i = 0; i < n; i++)
		if (list[i].rows != 0)
			fail_msg("%lld rows are counted but not there: %s %s %s %d",
				 (long long)list[i].rows, outbound_state_name(list[i].state),
				 outbound_reason_name(list[i].reason), status_name(list[i].status),
				 list[i].error_code);
}

void assert_reply(struct reply r, enum reply_state state, const char *text)
{
	assert_int_equal(r.state, state);
	if (!text) {
		assert_int_equal(r.count, 0);
		return;
	}
	assert_int_equal(r.count, 1);
	assert_true(str_is(r.texts[0], text));
	assert_int_equal(r.texts[0].p[r.texts[0].n], 0);
}
