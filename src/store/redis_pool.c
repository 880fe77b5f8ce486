/*
 * redis_pool.c - a bounded set of connections to one server.
 *
 * Three moods. Well: take an idle connection or open one. Suspect (something
 * broke): the idle ones are gone, one caller connects and the others wait for
 * what it finds. Away (connecting failed): until the next try is due, and
 * while one caller makes it, everybody else gets the last error at once, so
 * that a dead server costs nobody a time-out. Tries start 100 ms apart and
 * double up to 5 s, with jitter so that processes do not knock in step.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/id.h"
#include "base/mem.h"
#include "redis_private.h"

enum { BACKOFF_FIRST_MS = 100, BACKOFF_LAST_MS = 5000, DEFAULT_CONNECTIONS = 16 };

struct redis_pool {
	struct redis_address address;
	unsigned max;
	int timeout_ms;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct redis_connection *idle;
	unsigned open; /* idle, lent, or being opened */
	bool suspect;
	bool probing;	   /* somebody connects for all the others */
	unsigned failures; /* to connect, in a row; not 0: away */
	int64_t next_try_ms;
	struct err last;
	char shas[REDIS_SCRIPTS][41]; /* written once, before the first connection is lent */
	bool shas_known;
};

struct redis_pool *redis_pool_new(struct redis_address *address, unsigned connections,
				  int timeout_ms)
{
	struct redis_pool *pool = mem_alloc(sizeof *pool);

	pool->address = *address;
	*address = (struct redis_address){ 0 };
	pool->max = connections ? connections : DEFAULT_CONNECTIONS;
	pool->timeout_ms = timeout_ms;
	pool->suspect = true; /* the first one to connect finds out for all */
	pthread_mutex_init(&pool->lock, NULL);
	cond_init(&pool->changed);
	return pool;
}

/* Under the lock. */
static void drop_idle(struct redis_pool *pool)
{
	while (pool->idle) {
		struct redis_connection *c = pool->idle;

		pool->idle = c->next;
		redis_connection_close(&c);
		pool->open--;
	}
}

void redis_pool_free(struct redis_pool **pool)
{
	struct redis_pool *p = *pool;

	if (!p)
		return;
	drop_idle(p);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	redis_address_free(&p->address);
	free(p);
	*pool = NULL;
}

const char *redis_pool_sha(const struct redis_pool *pool, enum redis_script script)
{
	return pool->shas[script];
}

int64_t redis_pool_deadline(const struct redis_pool *pool)
{
	return clock_mono_ms() + pool->timeout_ms;
}

/* Under the lock: an idle connection that still lives, or NULL. */
static struct redis_connection *pop_idle(struct redis_pool *pool)
{
	while (pool->idle) {
		struct redis_connection *c = pool->idle;

		pool->idle = c->next;
		c->next = NULL;
		if (redis_connection_is_quiet(c))
			return c;
		/* The server was restarted or hung up; its other connections share that fate. */
		redis_connection_close(&c);
		pool->open--;
		pool->suspect = true;
	}
	return NULL;
}

/* Under the lock. */
static void note_failure(struct redis_pool *pool, const struct err *why)
{
	int64_t now = clock_mono_ms();
	int64_t delay = BACKOFF_LAST_MS;

	pool->suspect = true;
	pool->last = *why;
	if (pool->failures > 0 && now < pool->next_try_ms)
		return; /* several failed together: that is one failure */
	if (pool->failures < 6)
		delay = BACKOFF_FIRST_MS << pool->failures;
	pool->failures++;
	pool->next_try_ms = now + delay / 2 + (int64_t)(id_random_u64() % (uint64_t)(delay / 2));
}

/* Without the lock: opens and greets. `open` counts it already. */
static int connect_one(struct redis_pool *pool, bool probe, int64_t deadline,
		       struct redis_connection **connection_out, struct err *err)
{
	char shas[REDIS_SCRIPTS][41];
	struct err why = { 0 };
	int ret = redis_connection_open(&pool->address, deadline, connection_out, &why);

	if (ret == 0)
		ret = redis_greet(*connection_out, &pool->address, shas, deadline, &why);
	pthread_mutex_lock(&pool->lock);
	if (probe)
		pool->probing = false;
	if (ret == 0) {
		if (!pool->shas_known)
			memcpy(pool->shas, shas, sizeof shas);
		pool->shas_known = true;
		pool->failures = 0;
		pool->suspect = false;
	} else {
		redis_connection_close(connection_out);
		pool->open--;
		note_failure(pool, &why);
		if (err)
			*err = why;
	}
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

enum verdict { USE_IDLE, CONNECT, WAIT, GIVE_UP };

/* Under the lock: what a caller should do now. */
static enum verdict judge(struct redis_pool *pool, struct redis_connection **connection_out)
{
	*connection_out = pop_idle(pool);
	if (*connection_out)
		return USE_IDLE;
	if (pool->failures > 0 && (pool->probing || clock_mono_ms() < pool->next_try_ms))
		return GIVE_UP;
	if (pool->open >= pool->max || (pool->suspect && pool->probing))
		return WAIT;
	return CONNECT;
}

int redis_pool_take(struct redis_pool *pool, int64_t deadline,
		    struct redis_connection **connection_out, struct err *err)
{
	enum verdict verdict;
	bool probe = false, late = false;

	pthread_mutex_lock(&pool->lock);
	while ((verdict = judge(pool, connection_out)) == WAIT && !late)
		late = !cond_wait_until(&pool->changed, &pool->lock, deadline);
	if (verdict == CONNECT) {
		probe = pool->suspect || pool->failures > 0;
		pool->probing = pool->probing || probe;
		pool->open++;
	} else if (verdict == GIVE_UP && err) {
		*err = pool->last;
	}
	pthread_mutex_unlock(&pool->lock);

	if (verdict == CONNECT)
		return connect_one(pool, probe, deadline, connection_out, err);
	if (verdict == WAIT)
		return err_set(err, ERR_TEMP, "all %u connections to Redis stayed busy", pool->max);
	return verdict == USE_IDLE ? 0 : -1;
}

void redis_pool_give(struct redis_pool *pool, struct redis_connection *connection, bool broken)
{
	pthread_mutex_lock(&pool->lock);
	if (broken) {
		redis_connection_close(&connection);
		pool->open--;
		pool->suspect = true;
		drop_idle(pool);
	} else {
		connection->next = pool->idle;
		pool->idle = connection;
	}
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}
