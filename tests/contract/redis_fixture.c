/*
 * redis_fixture.c - see redis_fixture.h. Included by each test of the Redis driver.
 */
#include "redis_fixture.h"

#include <stdlib.h>

#include "base/mem.h"
#include "redis_server.c"

struct redis_fixture *fixture_start(const struct redis_server_options *options, int timeout_ms)
{
	struct redis_fixture *f = mem_alloc(sizeof *f);

	assert_int_equal(redis_server_start(&f->server, options), 0);
	redis_server_url(&f->server, 0, f->url, sizeof f->url);
	f->look = redisConnect("127.0.0.1", f->server.port);
	assert_non_null(f->look);
	assert_int_equal(f->look->err, 0);
	if (f->server.password[0])
		freeReplyObject(look(f, "AUTH %s", f->server.password));
	if (!f->server.password[0] && fixture_open(f, f->url, timeout_ms) < 0)
		fail_msg("%s", f->err.text);
	return f;
}

int fixture_open(struct redis_fixture *f, const char *url, int timeout_ms)
{
	if (f->self)
		f->driver->close(f->self);
	f->self = NULL;
	f->set = (struct store_settings){ .redis_url = url,
					  .data_dir = "",
					  .timeout_ms = timeout_ms };
	return driver_redis_open(&f->set, &f->driver, &f->self, &f->err);
}

struct redis_fixture *fixture_on(const char *url, int timeout_ms)
{
	struct redis_fixture *f = mem_alloc(sizeof *f);

	(void)snprintf(f->url, sizeof f->url, "%s", url);
	if (fixture_open(f, f->url, timeout_ms) < 0)
		fail_msg("%s", f->err.text);
	return f;
}

void fixture_end(struct redis_fixture *f)
{
	if (f->self)
		f->driver->close(f->self);
	if (f->look)
		redisFree(f->look);
	redis_server_free(&f->server);
	arena_free(&f->a);
	free(f);
}

static redisReply *vlook(struct redis_fixture *f, const char *format, va_list args)
{
	redisReply *r = redisvCommand(f->look, format, args);

	if (!r)
		fail_msg("%s: %s", format, f->look->errstr);
	else if (r->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", format, r->str);
	return r;
}

redisReply *look(struct redis_fixture *f, const char *format, ...)
{
	va_list args;
	redisReply *r;

	va_start(args, format);
	r = vlook(f, format, args);
	va_end(args);
	return r;
}

int64_t look_int(struct redis_fixture *f, const char *format, ...)
{
	va_list args;
	redisReply *r;
	int64_t n;

	va_start(args, format);
	r = vlook(f, format, args);
	va_end(args);
	n = redis_reply_int(r);
	freeReplyObject(r);
	return n;
}

int64_t calls_of(struct redis_fixture *f, const char *command)
{
	redisReply *r = look(f, "INFO commandstats");
	char line[64];
	const char *at;
	int64_t n = 0;

	(void)snprintf(line, sizeof line, "cmdstat_%s:calls=", command);
	at = strstr(r->str, line);
	if (at)
		n = strtoll(at + strlen(line), NULL, 10);
	freeReplyObject(r);
	return n;
}

struct driver_turn a_turn(const char *contact, const char *external_id, uint64_t revision)
{
	return (struct driver_turn){
		.contact = contact,
		.now_ms = NOW,
		.external_id = external_id,
		.inbound_box = { "in\0box", 6 },
		.reply_state = external_id ? REPLY_INLINE : REPLY_NONE,
		.reply_box = { "re\0ply", 6 },
		.session = { .flow = "msme",
			     .flow_version = 3,
			     .step = "ask",
			     .shown_step = "name",
			     .language = "en",
			     .created_ms = NOW - HOUR,
			     .updated_ms = NOW,
			     .expires_ms = NOW + DAY,
			     .revision = revision,
			     .call_id = "",
			     .box = { "an\0swers", 8 } },
		.facts = { .known = true,
			   .language = "en",
			   .first_in_ms = NOW - HOUR,
			   .last_in_ms = NOW },
	};
}

struct driver_outbound a_row(const char *id, const char *contact)
{
	return (struct driver_outbound){ .id = id,
					 .channel = "twilio",
					 .contact = contact,
					 .created_ms = NOW,
					 .due_ms = NOW,
					 .external_id = "",
					 .broadcast = "",
					 .box = { "te\0xt", 5 } };
}

enum commit_result commit(struct redis_fixture *f, const struct driver_turn *t)
{
	enum commit_result result;
	bool is_inline;

	if (f->driver->commit(f->self, t, &result, &is_inline, &f->err) < 0)
		fail_msg("%s: %s", err_kind_name(f->err.kind), f->err.text);
	return result;
}

struct driver_view load(struct redis_fixture *f, const char *contact, const char *external_id)
{
	struct driver_view v = { 0 };

	if (f->driver->load(f->self, contact, external_id, NOW, &f->a, &v, &f->err) < 0)
		fail_msg("%s: %s", err_kind_name(f->err.kind), f->err.text);
	return v;
}

void create_broadcast(struct redis_fixture *f, const char *request_key)
{
	static const struct audit_entry audit = { NOW, "broadcast.create", "b1", "", "" };
	struct driver_broadcast b = { .plain = { .id = "b1",
						 .why = "",
						 .target_step = "",
						 .request_key = request_key,
						 .request_digest = "",
						 .cursor = "",
						 .created_ms = NOW } };

	assert_int_equal(f->driver->broadcast_create(f->self, &b, &audit, &f->a, &b, &f->err), 1);
}

size_t claim(struct redis_fixture *f, const char *broadcast, unsigned max,
	     struct driver_claim **claims_out)
{
	size_t n = 0;

	if (f->driver->outbox_claim(f->self, broadcast, 0, NOW, NOW + HOUR, max, &f->a, claims_out,
				    &n, &f->err) < 0)
		fail_msg("%s: %s", err_kind_name(f->err.kind), f->err.text);
	return n;
}
