/*
 * guard.c - opening and closing a store, and the frame of every call: time,
 * errors by kind, one debug line. The calls themselves are in store.c and
 * store_*.c.
 */
#include "guard_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define MIN_SEEN_KEEP_MS INT64_C(172800000)

static const char *const op_names[OP_COUNT] = {
	[OP_PING] = "ping",
	[OP_LOAD] = "load",
	[OP_COMMIT] = "commit",
	[OP_REPLY_LOAD] = "reply_load",
	[OP_REPLY_DECIDE] = "reply_decide",
	[OP_REPLY_DIVERT] = "reply_divert",
	[OP_CALLS_CLAIM] = "calls_claim",
	[OP_CALL_RENEW] = "call_renew",
	[OP_ALLOW] = "allow",
	[OP_OUTBOX_CLAIM] = "outbox_claim",
	[OP_OUTBOX_SETTLE] = "outbox_settle",
	[OP_STATUS_APPLY] = "status_apply",
	[OP_OUTBOX_GET] = "outbox_get",
	[OP_OUTBOX_REPLACE] = "outbox_replace",
	[OP_OUTBOX_UNPARK] = "outbox_unpark",
	[OP_STATUS_CLAIM] = "status_claim",
	[OP_RATE_TAKE] = "rate_take",
	[OP_RATE_SLOW] = "rate_slow",
	[OP_CONSENT_ADD] = "consent_add",
	[OP_CONSENT_LIST] = "consent_list",
	[OP_TROUBLE_SET] = "trouble_set",
	[OP_AUDIT_ADD] = "audit_add",
	[OP_AUDIT_LIST] = "audit_list",
	[OP_BROADCAST_CREATE] = "broadcast_create",
	[OP_BROADCAST_GET] = "broadcast_get",
	[OP_BROADCAST_FIND] = "broadcast_find",
	[OP_BROADCAST_CHANGE] = "broadcast_change",
	[OP_BROADCAST_LIST] = "broadcast_list",
	[OP_BROADCAST_COUNTS] = "broadcast_counts",
	[OP_AUDIENCE_PAGE] = "audience_page",
	[OP_RECIPIENTS_ADD] = "recipients_add",
	[OP_RECIPIENTS_PAGE] = "recipients_page",
	[OP_RECORD_GET] = "record_get",
	[OP_RECORD_LIST] = "record_list",
	[OP_RECORD_CHANGE] = "record_change",
	[OP_STATS] = "stats",
	[OP_LEGACY_LOAD] = "legacy_load",
	[OP_SWEEP] = "sweep",
};

void guard_begin(struct guard_call *g, struct store *store, enum store_op op, struct err *err)
{
	g->store = store;
	g->op = op;
	g->start_us = clock_mono_us();
	g->err = err ? err : &g->own;
	g->err->kind = ERR_NONE;
	g->err->text[0] = '\0';
}

int guard_end(struct guard_call *g, int ret)
{
	char labels[64];

	metric_observe_us(g->store->seconds[g->op], clock_mono_us() - g->start_us);
	if (ret >= 0)
		return ret;
	/* Errors are rare: finding their counter by name is cheap enough. */
	(void)snprintf(labels, sizeof labels, "op=\"%s\",kind=\"%s\"", op_names[g->op],
		       err_kind_name(g->err->kind));
	metric_add(metric_counter("samvad_store_errors_total", labels,
				  "Store calls that failed, by operation and kind of error."),
		   1);
	log_debug("store call failed", LOG_S("op", op_names[g->op]),
		  LOG_S("kind", err_kind_name(g->err->kind)), LOG_S("why", g->err->text));
	return ret;
}

const char *guard_text(const char *text)
{
	return text ? text : "";
}

static int check_settings(const struct store_settings *set, struct err *err)
{
	if (!set->ring)
		return err_set(err, ERR_BUG, "store: opened without sealing keys");
	if (set->seen_keep_ms != 0 && set->seen_keep_ms < MIN_SEEN_KEEP_MS)
		return err_set(err, ERR_INPUT, "store: turns must be remembered at least 48 hours");
	return 0;
}

int store_open_driver(const struct store_settings *set, const struct store_driver *driver,
		      void *self, struct store **store_out, struct err *err)
{
	struct store *s;
	char labels[64];

	if (check_settings(set, err) < 0) {
		driver->close(self);
		return -1;
	}
	s = mem_alloc(sizeof *s);
	if (pthread_mutex_init(&s->rate_lock, NULL) != 0) {
		free(s);
		driver->close(self);
		return err_set(err, ERR_TEMP, "store: no mutex");
	}
	s->driver = driver;
	s->self = self;
	s->ring = set->ring;
	for (int op = 0; op < OP_COUNT; op++) {
		(void)snprintf(labels, sizeof labels, "op=\"%s\"", op_names[op]);
		s->seconds[op] = metric_histogram("samvad_store_seconds", labels,
						  "Time of store calls, by operation.");
	}
	s->unopened = metric_counter("samvad_store_unopened_total", NULL,
				     "Stored parts that were left out because they did not open.");
	*store_out = s;
	return 0;
}

int store_open(const struct store_settings *set, struct store **store_out, struct err *err)
{
	const struct store_driver *driver = NULL;
	void *self = NULL;
	int ret;

	if (set->redis_url && *set->redis_url)
		ret = driver_redis_open(set, &driver, &self, err);
	else
		ret = driver_sqlite_open(set, &driver, &self, err);
	if (ret < 0)
		return -1;
	return store_open_driver(set, driver, self, store_out, err);
}

int store_open_memory(const struct store_settings *set, struct store **store_out, struct err *err)
{
	const struct store_driver *driver = NULL;
	void *self = NULL;

	if (driver_memory_open(set, &driver, &self, err) < 0)
		return -1;
	return store_open_driver(set, driver, self, store_out, err);
}

void store_close(struct store **store)
{
	if (!*store)
		return;
	(*store)->driver->close((*store)->self);
	pthread_mutex_destroy(&(*store)->rate_lock);
	free(*store);
	*store = NULL;
}

const char *store_kind(const struct store *store)
{
	return store->driver->name;
}

bool store_is_remote(const struct store *store)
{
	return store->driver->remote;
}
