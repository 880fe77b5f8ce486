/*
 * redis_pack.c - sessions, turns and what a turn writes of the facts: each one string.
 *
 * One string is one command to write and one to read, with its life, and costs the server a
 * fraction of a hash. What must stay readable stands at the front, as text: numbers parted by
 * blanks, names behind tabs, which no name holds (the guard refuses control characters).
 * The layouts are told in redis_scripts.c; the scripts read their first numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis_rows_private.h"

/* What is put together: formatted by hand, because printf costs more than all else here. */
struct packed {
	char *all;
	size_t n;
};

static void put_bytes(struct packed *p, struct str s)
{
	if (s.n) /* an empty one may be NULL */
		memcpy(p->all + p->n, s.p, s.n);
	p->n += s.n;
}

static void put_text(struct packed *p, const char *text, char end)
{
	put_bytes(p, str_of(text));
	p->all[p->n++] = end;
}

static void put_number(struct packed *p, uint64_t n, char end)
{
	char room[BUF_DECIMAL_SIZE];

	put_bytes(p, buf_decimal_u64(n, room));
	p->all[p->n++] = end;
}

/* A moment, or a version. */
static void put_signed(struct packed *p, int64_t n, char end)
{
	char room[BUF_DECIMAL_SIZE];

	put_bytes(p, buf_decimal(n, room));
	p->all[p->n++] = end;
}

static bool is_string(const redisReply *r)
{
	return r && r->type == REDIS_REPLY_STRING;
}

/* ---- a turn ---- */

struct str redis_pack_turn(const struct driver_turn *t, struct arena *a)
{
	size_t room = 3 * (BUF_DECIMAL_SIZE + 1) + t->reply_box.n + t->inbound_box.n;
	struct packed p = { arena_alloc(a, room), 0 };

	put_number(&p, t->reply_state, ' ');
	put_signed(&p, t->now_ms, ' ');
	put_number(&p, t->reply_box.n, ' ');
	put_bytes(&p, t->reply_box);
	put_bytes(&p, t->inbound_box);
	return (struct str){ p.all, p.n };
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

/* What the scripts read of it. */
static void put_head(struct packed *p, uint64_t revision, int64_t expires_ms, int64_t updated_ms,
		     unsigned wait)
{
	put_number(p, revision, ' ');
	put_signed(p, expires_ms, ' ');
	put_signed(p, updated_ms, ' ');
	put_number(p, wait, ' ');
}

struct str redis_pack_head(uint64_t revision, const struct turn_held *held, struct arena *a)
{
	struct packed p = { arena_alloc(a, 4 * (BUF_DECIMAL_SIZE + 1)), 0 };

	put_head(&p, revision, held->expires_ms, held->updated_ms, 0);
	return (struct str){ p.all, p.n };
}

struct str redis_pack_session(const struct driver_session *s, int64_t call_due_ms, struct arena *a)
{
	size_t names = strlen(s->flow) + strlen(s->step) + strlen(s->shown_step) +
		       strlen(s->language) + strlen(s->call_id) + 5;
	struct packed p = { arena_alloc(a, 7 * (BUF_DECIMAL_SIZE + 1) + names + s->box.n), 0 };

	put_head(&p, s->revision + 1, s->expires_ms, s->updated_ms,
		 call_due_ms == 0 ? 0
		 : *s->call_id	  ? 1
				  : 2);
	put_number(&p, s->completed, ' ');
	put_signed(&p, s->created_ms, ' ');
	put_signed(&p, s->flow_version, '\t');
	put_text(&p, s->flow, '\t');
	put_text(&p, s->step, '\t');
	put_text(&p, s->shown_step, '\t');
	put_text(&p, s->language, '\t');
	put_text(&p, s->call_id, '\t');
	put_bytes(&p, s->box);
	return (struct str){ p.all, p.n };
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
	struct packed p = { arena_alloc(a, 3 * (BUF_DECIMAL_SIZE + 1) + sizeof f->language), 0 };

	put_signed(&p, f->first_in_ms, ' ');
	put_signed(&p, f->last_in_ms, ' ');
	put_number(&p, f->unfinished, ' ');
	put_text(&p, f->language, '\0');
	return p.all;
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
