/*
 * redis_servers.c - the servers of a store, in the form that REDIS_URL gives them: one,
 * the master of a Sentinel set, or a Cluster.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "redis_cluster_private.h"

struct redis_pool {
	struct redis_address address;
	int timeout_ms;
	struct redis_tls *tls;	       /* NULL: plain */
	struct redis_link *link;       /* NULL: a Cluster */
	struct redis_cluster *cluster; /* NULL: none */
	char shas[REDIS_SCRIPTS][2 * SHA1_SIZE + 1];
};

static void name_scripts(struct redis_pool *pool)
{
	uint8_t digest[SHA1_SIZE];

	for (size_t i = 0; i < REDIS_SCRIPTS; i++) {
		sha1(str_of(redis_script_texts[i]), digest);
		hex_encode(digest, sizeof digest, pool->shas[i]);
	}
}

static int open_servers(struct redis_pool *pool, struct err *err)
{
	struct redis_link_settings set = { .place = pool->address.places[0],
					   .address = &pool->address,
					   .timeout_ms = pool->timeout_ms };

	if (pool->address.tls && redis_tls_new(&pool->tls, err) < 0)
		return -1;
	if (pool->address.form == REDIS_CLUSTER)
		return redis_cluster_open(&pool->address, pool->tls, pool->timeout_ms,
					  &pool->cluster, err);
	set.tls = pool->tls;
	return redis_link_open(&set, &pool->link, err);
}

int redis_pool_open(struct redis_address *address, int timeout_ms, struct redis_pool **pool_out,
		    struct err *err)
{
	struct redis_pool *pool = mem_alloc(sizeof *pool);

	pool->address = *address;
	*address = (struct redis_address){ 0 };
	pool->timeout_ms = timeout_ms;
	name_scripts(pool);
	*pool_out = pool;
	if (open_servers(pool, err) == 0)
		return 0;
	redis_pool_close(pool_out);
	return -1;
}

void redis_pool_close(struct redis_pool **pool)
{
	if (!*pool)
		return;
	redis_link_close(&(*pool)->link);
	redis_cluster_close(&(*pool)->cluster);
	redis_tls_free(&(*pool)->tls);
	redis_address_free(&(*pool)->address);
	free(*pool);
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

bool redis_pool_is_cluster(const struct redis_pool *pool)
{
	return pool->cluster;
}

static void put_reply(redisReply **place, redisReply **reply)
{
	if (*place)
		freeReplyObject(*place);
	*place = *reply;
	*reply = NULL;
}

enum redis_fate redis_pool_run(struct redis_pool *pool, const struct redis_batch *batch,
			       const size_t *which, size_t count, redisReply **replies,
			       int64_t deadline, struct err *err)
{
	enum redis_fate fate = REDIS_NOT_SENT;
	struct redis_call *call;

	if (pool->cluster)
		return redis_route(pool->cluster, batch, which, count, replies, deadline, err);
	call = redis_call_new(batch, which, count, err);
	if (call && redis_link_put(pool->link, call, err) == 0)
		fate = redis_link_wait(pool->link, &call, deadline, err);
	for (size_t i = 0; fate == REDIS_ANSWERED && i < count; i++)
		put_reply(&replies[which ? which[i] : i], &call->replies[i]);
	redis_call_free(call);
	return fate;
}
