/*
 * redis_command.c - commands as argument lists, keys, and values out of replies.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "redis_private.h"

void redis_batch_init(struct redis_batch *b, struct arena *a, enum redis_kind kind)
{
	*b = (struct redis_batch){ .arena = a, .kind = kind };
}

void redis_batch_reset(struct redis_batch *b)
{
	*b = (struct redis_batch){ .arena = b->arena, .kind = b->kind, .deadline = b->deadline };
}

struct redis_command *redis_command(struct redis_batch *b, const char *name)
{
	struct redis_command *c;

	if (b->count == b->room) {
		size_t room = b->room ? b->room * 2 : 4;
		struct redis_command *grown = arena_array(b->arena, room, sizeof *grown);

		if (b->count)
			memcpy(grown, b->commands, b->count * sizeof *grown);
		b->commands = grown;
		b->room = room;
	}
	c = &b->commands[b->count++];
	*c = (struct redis_command){ .arena = b->arena };
	redis_arg_text(c, name);
	return c;
}

void redis_arg(struct redis_command *c, struct str s)
{
	if (c->argc == c->room) {
		int room = c->room ? c->room * 2 : 8;
		const char **argv = arena_array(c->arena, (size_t)room, sizeof *argv);
		size_t *argvlen = arena_array(c->arena, (size_t)room, sizeof *argvlen);

		if (c->argc) {
			memcpy(argv, c->argv, (size_t)c->argc * sizeof *argv);
			memcpy(argvlen, c->argvlen, (size_t)c->argc * sizeof *argvlen);
		}
		c->argv = argv;
		c->argvlen = argvlen;
		c->room = room;
	}
	c->argv[c->argc] = s.p ? s.p : "";
	c->argvlen[c->argc++] = s.p ? s.n : 0;
}

void redis_arg_text(struct redis_command *c, const char *text)
{
	redis_arg(c, str_of(text));
}

void redis_arg_int(struct redis_command *c, int64_t n)
{
	redis_arg(c, buf_decimal(n, arena_alloc(c->arena, BUF_DECIMAL_SIZE)));
}

void redis_arg_u64(struct redis_command *c, uint64_t n)
{
	redis_arg(c, buf_decimal_u64(n, arena_alloc(c->arena, BUF_DECIMAL_SIZE)));
}

struct redis_command *redis_script(struct redis_batch *b, const struct redis_servers *servers,
				   enum redis_script script, size_t keys)
{
	struct redis_command *c = redis_command(b, "EVALSHA");

	redis_arg(c, (struct str){ redis_servers_sha(servers, script), 40 });
	redis_arg_u64(c, keys);
	return c;
}

unsigned redis_shard(const char *owner)
{
	return (unsigned)(hash64(str_of(owner)) % REDIS_SHARDS);
}

static char *put_text(char *p, const char *text, size_t n)
{
	memcpy(p, text, n);
	return p + n;
}

const char *redis_key(struct arena *a, unsigned shard, const char *kind, const char *owner,
		      const char *rest)
{
	size_t kind_n = strlen(kind), owner_n = owner ? strlen(owner) : 0;
	size_t rest_n = rest ? strlen(rest) : 0;
	char room[BUF_DECIMAL_SIZE];
	struct str digits = buf_decimal_u64(shard, room);
	char *key =
		arena_alloc(a, sizeof "samvad:{}:" + digits.n + kind_n + 1 + owner_n + 1 + rest_n);
	char *p = put_text(key, "samvad:{", 8);

	p = put_text(p, digits.p, digits.n);
	p = put_text(p, "}:", 2);
	p = put_text(p, kind, kind_n);
	if (owner) {
		*p++ = ':';
		p = put_text(p, owner, owner_n);
	}
	if (owner && rest) {
		*p++ = ' ';
		p = put_text(p, rest, rest_n);
	}
	*p = '\0';
	return key;
}

bool redis_reply_has(const redisReply *r)
{
	return r && r->type != REDIS_REPLY_NIL;
}

bool redis_reply_refuses(const redisReply *r, const char *word)
{
	return r->type == REDIS_REPLY_ERROR && strncmp(r->str, word, strlen(word)) == 0;
}

const redisReply *redis_reply_at(const redisReply *r, size_t i)
{
	return r && r->type == REDIS_REPLY_ARRAY && i < r->elements ? r->element[i] : NULL;
}

static bool is_text(const redisReply *r)
{
	return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
}

struct str redis_reply_box(const redisReply *r, struct arena *a)
{
	if (!is_text(r))
		return (struct str){ "", 0 };
	return (struct str){ arena_strndup(a, r->str, r->len), r->len };
}

const char *redis_reply_text(const redisReply *r, struct arena *a)
{
	return redis_reply_box(r, a).p;
}

int64_t redis_reply_int(const redisReply *r)
{
	if (r && r->type == REDIS_REPLY_INTEGER)
		return r->integer;
	return is_text(r) ? strtoll(r->str, NULL, 10) : 0;
}

uint64_t redis_reply_u64(const redisReply *r)
{
	return is_text(r) ? strtoull(r->str, NULL, 10) : 0;
}

void redis_replies_free(redisReply **replies, size_t count)
{
	if (!replies)
		return;
	for (size_t i = 0; i < count; i++)
		if (replies[i]) /* hiredis 0.14 takes NULL, others did not */
			freeReplyObject(replies[i]);
	free(replies);
}
