/*
 * redis_pack.c - sessions, turns and what a turn writes of the facts: each one string.
 *
 * One string is one command to write and one to read, with its life, and costs the server a
 * fraction of a hash. What must stay readable stands at the front, as text: numbers parted by
 * blanks, names behind tabs, which no name holds (the guard refuses control characters).
 * The layouts are told in redis_scripts.c; the scripts read their first numbers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis_rows_private.h"

static struct str joined(const char *head, struct str x, struct str y, struct arena *a)
{
	size_t n = strlen(head);
	char *all = arena_alloc(a, n + x.n + y.n);

	memcpy(all, head, n);
	if (x.n) /* an empty one may be NULL */
		memcpy(all + n, x.p, x.n);
	if (y.n)
		memcpy(all + n + x.n, y.p, y.n);
	return (struct str){ all, n + x.n + y.n };
}

static bool is_string(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_STRING;
}

/* ---- a turn ---- */

struct str redis_pack_turn(const struct driver_turn *t, struct arena *a)
{
	const char *head = arena_printf(a, "%d %" PRId64 " %zu ", (int)t->reply_state, t->now_ms,
					t->reply_box.n);

	return joined(head, t->reply_box, t->inbound_box, a);
}

void redis_read_turn(const redisReply *r, int64_t since_ms, struct arena *a,
		     enum reply_state *state_out, struct str *box_out)
{
	char *at;
	long state;
	size_t n;

	if (!is_string(r))
		return;
	state = strtol(r->str, &at, 10);
	if (strtoll(at, &at, 10) < since_ms)
		return;
	n = strtoull(at, &at, 10);
	if (*at != ' ' || n > (size_t)(r->str + r->len - at - 1))
		return;
	*state_out = (enum reply_state)state;
	*box_out = (struct str){ arena_strndup(a, at + 1, n), n };
}

/* ---- a session ---- */

struct str redis_pack_session(const struct driver_session *s, int64_t call_due_ms, struct arena *a)
{
	int wait = call_due_ms == 0 ? 0 : *s->call_id ? 1 : 2;
	const char *head = arena_printf(a,
					"%" PRIu64 " %" PRId64 " %" PRId64 " %d %d %" PRId64
					" %" PRId64 "\t%s\t%s\t%s\t%s\t%s\t",
					s->revision + 1, s->expires_ms, s->updated_ms, wait,
					s->completed, s->created_ms, s->flow_version, s->flow,
					s->step, s->shown_step, s->language, s->call_id);

	return joined(head, s->box, (struct str){ NULL, 0 }, a);
}

/* Up to the next tab. False when there is none. */
static bool take_name(struct str *rest, struct str *name_out)
{
	const char *tab = rest->n ? memchr(rest->p, '\t', rest->n) : NULL;

	if (!tab)
		return false;
	*name_out = (struct str){ rest->p, (size_t)(tab - rest->p) };
	*rest = (struct str){ tab + 1, rest->n - name_out->n - 1 };
	return true;
}

bool redis_unpack_session(const redisReply *r, struct redis_session *s)
{
	struct str head;
	char *at;

	if (!is_string(r))
		return false;
	s->box = (struct str){ r->str, r->len };
	if (!take_name(&s->box, &head))
		return false;
	s->revision = strtoull(r->str, &at, 10);
	s->expires_ms = strtoll(at, &at, 10);
	s->updated_ms = strtoll(at, &at, 10);
	s->wait = (int)strtol(at, &at, 10);
	s->completed = strtol(at, &at, 10) != 0;
	s->created_ms = strtoll(at, &at, 10);
	s->flow_version = strtoll(at, &at, 10);
	return take_name(&s->box, &s->flow) && take_name(&s->box, &s->step) &&
	       take_name(&s->box, &s->shown) && take_name(&s->box, &s->language) &&
	       take_name(&s->box, &s->call);
}

static const char *copy(struct str s, struct arena *a)
{
	return s.n ? arena_strndup(a, s.p, s.n) : "";
}

struct driver_session redis_copy_session(const struct redis_session *s, bool with_box,
					 struct arena *a)
{
	return (struct driver_session){
		.flow = copy(s->flow, a),
		.flow_version = s->flow_version,
		.step = copy(s->step, a),
		.shown_step = copy(s->shown, a),
		.language = copy(s->language, a),
		.completed = s->completed,
		.created_ms = s->created_ms,
		.updated_ms = s->updated_ms,
		.expires_ms = s->expires_ms,
		.revision = s->revision,
		.call_id = copy(s->call, a),
		.box = with_box ? (struct str){ copy(s->box, a), s->box.n } : str_of(""),
	};
}

void redis_command_session(struct redis_batch *b, unsigned shard, const char *contact,
			   bool with_box)
{
	enum { HEAD = 1023 }; /* all of it but the box: its names are bounded */
	struct redis_command *c = redis_command(b, with_box ? "GET" : "GETRANGE");

	redis_arg_text(c, redis_key(b->arena, shard, "s", contact, NULL));
	if (with_box)
		return;
	redis_arg_int(c, 0);
	redis_arg_int(c, HEAD);
}

/* ---- facts ---- */

const char *redis_pack_met(const struct contact_facts *f, struct arena *a)
{
	return arena_printf(a, "%" PRId64 " %" PRId64 " %d %s", f->first_in_ms, f->last_in_ms,
			    f->unfinished, f->language);
}

void redis_unpack_met(const redisReply *r, struct contact_facts *f)
{
	char *at;

	f->known = is_string(r);
	if (!f->known)
		return;
	f->first_in_ms = strtoll(r->str, &at, 10);
	f->last_in_ms = strtoll(at, &at, 10);
	f->unfinished = strtol(at, &at, 10) != 0;
	(void)snprintf(f->language, sizeof f->language, "%s", *at ? at + 1 : "");
}
