/*
 * redis_call.c - one caller's commands as bytes, and its wait for their replies.
 *
 * A call belongs to the thread that made it and, while it waits, to the link
 * as well. Its state says who lets go last:
 *
 *   AWAITED -> ASLEEP -> SETTLED   the caller takes it back
 *          \-> ASLEEP -> LEFT      the link frees it
 *
 * Each caller sleeps on its own word (a futex), so a reply wakes exactly the
 * one who waits for it, and nobody who does not sleep yet costs a system call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/mem.h"
#include "redis_link_private.h"

enum { AWAITED, ASLEEP, SETTLED, LEFT };

/* ---- the bytes ---- */

static size_t number_size(size_t n)
{
	size_t size = 1;

	for (; n > 9; n /= 10)
		size++;
	return size;
}

/* "*3\r\n" or "$7\r\n". */
static size_t head_size(size_t n)
{
	return 1 + number_size(n) + 2;
}

static char *put_head(char *p, char kind, size_t n)
{
	size_t size = number_size(n);

	*p++ = kind;
	for (size_t i = size; i > 0; i--, n /= 10)
		p[i - 1] = (char)('0' + n % 10);
	p += size;
	*p++ = '\r';
	*p++ = '\n';
	return p;
}

static size_t command_size(const struct redis_command *c)
{
	size_t size = head_size((size_t)c->argc);

	for (int i = 0; i < c->argc; i++)
		size += head_size(c->argvlen[i]) + c->argvlen[i] + 2;
	return size;
}

static char *put_command(char *p, const struct redis_command *c)
{
	p = put_head(p, '*', (size_t)c->argc);
	for (int i = 0; i < c->argc; i++) {
		p = put_head(p, '$', c->argvlen[i]);
		memcpy(p, c->argv[i], c->argvlen[i]);
		p += c->argvlen[i];
		*p++ = '\r';
		*p++ = '\n';
	}
	return p;
}

static const struct redis_command *nth(const struct redis_batch *batch, const size_t *which,
				       size_t i)
{
	return &batch->commands[which ? which[i] : i];
}

/* One piece of memory: the struct, its replies, its bytes. */
struct redis_call *redis_call_new(const struct redis_batch *batch, const size_t *which,
				  size_t count, struct err *err)
{
	struct redis_call *call;
	size_t size = 0;
	char *bytes, *p;

	for (size_t i = 0; i < count; i++)
		size += command_size(nth(batch, which, i));
	if (size > REDIS_MAX_REQUEST) {
		(void)err_set(err, ERR_INPUT, "Redis: more than %d MiB in one step",
			      REDIS_MAX_REQUEST >> 20);
		return NULL;
	}
	call = mem_alloc(sizeof *call + count * sizeof(redisReply *) + size);
	atomic_init(&call->state, AWAITED);
	call->count = count;
	call->replies = (redisReply **)(call + 1);
	bytes = p = (char *)(call->replies + count);
	for (size_t i = 0; i < count; i++)
		p = put_command(p, nth(batch, which, i));
	call->bytes = (struct str){ bytes, size };
	return call;
}

void redis_call_free(struct redis_call *call)
{
	if (!call)
		return;
	for (size_t i = 0; i < call->count; i++)
		if (call->replies[i])
			freeReplyObject(call->replies[i]);
	free(call);
}

/* ---- the wait ---- */

bool redis_call_wait(struct redis_call *call, int64_t deadline)
{
	int expected = AWAITED;

	/* Settled already: then it stays so. */
	(void)atomic_compare_exchange_strong(&call->state, &expected, ASLEEP);
	while (atomic_load(&call->state) != SETTLED)
		if (!cond_word_wait_until(&call->state, ASLEEP, deadline))
			return atomic_load(&call->state) == SETTLED;
	return true;
}

bool redis_call_leave(struct redis_call *call)
{
	return atomic_exchange(&call->state, LEFT) != SETTLED;
}

void redis_call_settle(struct redis_call *call, enum redis_fate fate, const struct err *why)
{
	int was;

	call->fate = fate;
	if (why)
		call->why = *why;
	was = atomic_exchange(&call->state, SETTLED);
	/* From here on its memory may be gone; waking an address that nobody sleeps on is harmless.
	 */
	if (was == ASLEEP)
		cond_word_wake(&call->state, 1);
	else if (was == LEFT)
		redis_call_free(call);
}
