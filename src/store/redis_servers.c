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

struct redis_servers {
	struct redis_address address;
	int timeout_ms;
	struct redis_tls *tls;	       /* NULL: plain */
	struct redis_link *link;       /* NULL: a Cluster */
	struct redis_cluster *cluster; /* NULL: none */
	char shas[REDIS_SCRIPTS][2 * SHA1_SIZE + 1];
};

static void name_scripts(struct redis_servers *servers)
{
	uint8_t digest[SHA1_SIZE];

	for (size_t i = 0; i < REDIS_SCRIPTS; i++) {
		sha1(str_of(redis_script_texts[i]), digest);
		hex_encode(digest, sizeof digest, servers->shas[i]);
	}
}

static int open_servers(struct redis_servers *servers, struct err *err)
{
	struct redis_link_settings set = { .place = servers->address.places[0],
					   .address = &servers->address,
					   .timeout_ms = servers->timeout_ms };

	if (servers->address.tls && redis_tls_new(&servers->tls, err) < 0)
		return -1;
	if (servers->address.form == REDIS_CLUSTER)
		return redis_cluster_open(&servers->address, servers->tls, servers->timeout_ms,
					  &servers->cluster, err);
	set.tls = servers->tls;
	return redis_link_open(&set, &servers->link, err);
}

int redis_servers_open(struct redis_address *address, int timeout_ms,
		       struct redis_servers **servers_out, struct err *err)
{
	struct redis_servers *servers = mem_alloc(sizeof *servers);

	servers->address = *address;
	*address = (struct redis_address){ 0 };
	servers->timeout_ms = timeout_ms;
	name_scripts(servers);
	*servers_out = servers;
	if (open_servers(servers, err) == 0)
		return 0;
	redis_servers_close(servers_out);
	return -1;
}

void redis_servers_close(struct redis_servers **servers)
{
	if (!*servers)
		return;
	redis_link_close(&(*servers)->link);
	redis_cluster_close(&(*servers)->cluster);
	redis_tls_free(&(*servers)->tls);
	redis_address_free(&(*servers)->address);
	free(*servers);
	*servers = NULL;
}

const char *redis_servers_sha(const struct redis_servers *servers, enum redis_script script)
{
	return servers->shas[script];
}

int64_t redis_servers_deadline(const struct redis_servers *servers)
{
	return clock_mono_ms() + servers->timeout_ms;
}

bool redis_servers_is_cluster(const struct redis_servers *servers)
{
	return servers->cluster;
}

static void put_reply(redisReply **place, redisReply **reply)
{
	if (*place)
		freeReplyObject(*place);
	*place = *reply;
	*reply = NULL;
}

enum redis_fate redis_servers_run(struct redis_servers *servers, const struct redis_batch *batch,
				  const size_t *which, size_t count, redisReply **replies,
				  int64_t deadline, struct err *err)
{
	enum redis_fate fate = REDIS_NOT_SENT;
	struct redis_call *call;

	if (servers->cluster)
		return redis_route(servers->cluster, batch, which, count, replies, deadline, err);
	call = redis_call_new(batch, which, count, err);
	if (call && redis_link_put(servers->link, call, err) == 0)
		fate = redis_link_wait(servers->link, &call, deadline, err);
	for (size_t i = 0; fate == REDIS_ANSWERED && i < count; i++)
		put_reply(&replies[which ? which[i] : i], &call->replies[i]);
	redis_call_free(call);
	return fate;
}
