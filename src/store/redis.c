/*
 * redis.c - the store on one Redis server.
 *
 * Whatever belongs to a contact lives in the contact's shard, under one hash
 * tag, so that each step below is one script call on one slot. The keys are
 * listed in redis_scripts.c. Connections, back-off and the meaning of failures
 * are redis_exchange.c and redis_link.c; nothing here knows of them.
 */
#include <stdlib.h>

#include "base/id.h"
#include "base/mem.h"
#include "redis_rows_private.h"

enum { DEFAULT_TIMEOUT_MS = 3000 };

static void redis_close(void *self)
{
	struct redis_store *st = self;

	redis_servers_close(&st->servers);
	free(st);
}

/* Of a Cluster every node that keeps something of ours must answer. */
static void add_ping(struct redis_batch *b, const struct redis_servers *servers)
{
	if (!redis_servers_is_cluster(servers)) {
		(void)redis_command(b, "PING");
		return;
	}
	for (unsigned i = 0; i < REDIS_SHARDS; i++)
		redis_arg_text(redis_command(b, "EXISTS"),
			       redis_key(b->arena, i, "floor", NULL, NULL));
}

static int redis_ping(void *self, struct err *err)
{
	struct redis_store *st = self;
	struct arena a = { 0 };
	struct redis_batch b;
	redisReply **replies;
	int ret;

	redis_batch_init(&b, &a, REDIS_READ);
	add_ping(&b, st->servers);
	ret = redis_exchange(st->servers, &b, &replies, err);
	redis_replies_free(replies, b.count);
	arena_free(&a);
	return ret;
}

static const struct store_driver driver_redis = {
	.name = "redis",
	.remote = true,
	.close = redis_close,
	.ping = redis_ping,
	.load = redis_load,
	.commit = redis_commit,
	.reply_load = redis_reply_load,
	.reply_decide = redis_reply_decide,
	.reply_divert = redis_reply_divert,
	.calls_claim = redis_calls_claim,
	.call_renew = redis_call_renew,
	.allow = redis_allow,
	.outbox_claim = redis_outbox_claim,
	.outbox_settle = redis_outbox_settle,
	.status_apply = redis_status_apply,
	.outbox_get = redis_outbox_get,
	.outbox_replace = redis_outbox_replace,
	.outbox_unpark = redis_outbox_unpark,
	.status_claim = redis_status_claim,
	.rate_take = redis_rate_take,
	.rate_slow = redis_rate_slow,
	.consent_add = redis_consent_add,
	.consent_list = redis_consent_list,
	.trouble_set = redis_trouble_set,
	.audit_add = redis_audit_add,
	.audit_list = redis_audit_list,
	.broadcast_create = redis_broadcast_create,
	.broadcast_get = redis_broadcast_get,
	.broadcast_find = redis_broadcast_find,
	.broadcast_change = redis_broadcast_change,
	.broadcast_list = redis_broadcast_list,
	.broadcast_counts = redis_broadcast_counts,
	.audience_page = redis_audience_page,
	.recipients_add = redis_recipients_add,
	.recipients_page = redis_recipients_page,
	.record_get = redis_record_get,
	.record_list = redis_record_list,
	.record_change = redis_record_change,
	.stats = redis_stats,
	.legacy_load = redis_legacy_load,
	.sweep = redis_sweep,
};

int driver_redis_open(const struct store_settings *set, const struct store_driver **driver_out,
		      void **self_out, struct err *err)
{
	struct redis_address address;
	struct redis_store *st;

	if (redis_url_parse(set->redis_url, &address, err) < 0)
		return -1;
	st = mem_alloc(sizeof *st);
	if (redis_servers_open(&address, set->timeout_ms > 0 ? set->timeout_ms : DEFAULT_TIMEOUT_MS,
			       &st->servers, err) < 0) {
		free(st);
		return -1;
	}
	st->seen_keep_ms = set->seen_keep_ms > 0 ? set->seen_keep_ms : DRIVER_SEEN_KEEP_MS;
	redis_ask_table(st->ask);
	st->first_shard = (unsigned)id_random_u64(); /* processes do not walk in step */
	*driver_out = &driver_redis;
	*self_out = st;
	return 0;
}
