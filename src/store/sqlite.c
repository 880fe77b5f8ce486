/*
 * sqlite.c - the embedded store: opens its parts, lends out readers, closes in order.
 *
 * One writer, a few readers, one checkpointer, each with a connection of its
 * own and never shared between threads at one time.
 */
#include "sqlite_private.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"

enum { DEFAULT_TIMEOUT_MS = 3000 };

/* ---- readers ---- */

struct sqlite_conn *sqlite_reader(struct sqlite_store *s, struct err *err)
{
	const int64_t until = clock_mono_ms() + s->timeout_ms;
	struct sqlite_conn *c;

	pthread_mutex_lock(&s->readers_lock);
	while (!s->idle)
		if (!cond_wait_until(&s->readers_wake, &s->readers_lock, until))
			break;
	c = s->idle;
	if (c)
		s->idle = c->next;
	pthread_mutex_unlock(&s->readers_lock);
	if (!c)
		(void)err_set(err, ERR_TEMP, "sqlite: all readers are busy");
	return c;
}

void sqlite_reader_return(struct sqlite_store *s, struct sqlite_conn *c)
{
	pthread_mutex_lock(&s->readers_lock);
	c->next = s->idle;
	s->idle = c;
	pthread_mutex_unlock(&s->readers_lock);
	pthread_cond_signal(&s->readers_wake); /* unlocked: who wakes need not wait again */
}

static int sqlite_ping(void *self, struct err *err)
{
	struct sqlite_store *s = self;
	struct sqlite_conn *c = sqlite_reader(s, err);
	int ret;

	if (!c)
		return -1;
	ret = sqlite_do(c, SQL_PING, err);
	sqlite_reader_return(s, c);
	return ret;
}

/* ---- open and close ---- */

static void sqlite_close(void *self)
{
	struct sqlite_store *s = self;

	sqlite_writer_stop(&s->writer);
	sqlite_checkpoint_close(&s->checkpoint);
	for (int i = 0; i < POOL_READERS; i++)
		sqlite_conn_close(&s->readers[i]);
	sqlite_conn_close(&s->writer.conn); /* the last one: copies the log and removes it */
	pthread_cond_destroy(&s->readers_wake);
	pthread_mutex_destroy(&s->readers_lock);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s);
}

static pthread_once_t configured = PTHREAD_ONCE_INIT;

/* Statistics nobody reads would cost a process-wide lock at each allocation. */
static void configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* refused: slower, no more */
}

static int open_parts(struct sqlite_store *s, const char *dir, struct err *err)
{
	s->lock_fd = sqlite_folder_open(dir, err);
	if (s->lock_fd < 0)
		return -1;
	if (sqlite_conn_open(dir, ROLE_WRITER, s->timeout_ms, &s->writer.conn, err) < 0 ||
	    sqlite_migrate(&s->writer.conn, SCHEMA_VERSION, err) < 0 ||
	    sqlite_checkpoint_open(&s->checkpoint, dir, s->timeout_ms, err) < 0)
		return -1;
	for (int i = 0; i < POOL_READERS; i++) {
		if (sqlite_conn_open(dir, ROLE_READER, s->timeout_ms, &s->readers[i], err) < 0)
			return -1;
		sqlite_reader_return(s, &s->readers[i]);
	}
	return sqlite_writer_start(&s->writer, &s->checkpoint, s->timeout_ms, err);
}

static const struct store_driver driver_sqlite = {
	.name = "sqlite",
	.close = sqlite_close,
	.ping = sqlite_ping,
	.load = sqlite_load,
	.commit = sqlite_commit,
	.reply_load = sqlite_reply_load,
	.reply_decide = sqlite_reply_decide,
	.reply_divert = sqlite_reply_divert,
	.calls_claim = sqlite_calls_claim,
	.call_renew = sqlite_call_renew,
	.allow = sqlite_allow,
	.outbox_claim = sqlite_outbox_claim,
	.outbox_settle = sqlite_outbox_settle,
	.status_apply = sqlite_status_apply,
	.outbox_get = sqlite_outbox_get,
	.outbox_replace = sqlite_outbox_replace,
	.outbox_unpark = sqlite_outbox_unpark,
	.status_claim = sqlite_status_claim,
	.consent_add = sqlite_consent_add,
	.consent_list = sqlite_consent_list,
	.trouble_set = sqlite_trouble_set,
	.audit_add = sqlite_audit_add,
	.audit_list = sqlite_audit_list,
	.broadcast_create = sqlite_broadcast_create,
	.broadcast_get = sqlite_broadcast_get,
	.broadcast_find = sqlite_broadcast_find,
	.broadcast_change = sqlite_broadcast_change,
	.broadcast_list = sqlite_broadcast_list,
	.broadcast_counts = sqlite_broadcast_counts,
	.audience_page = sqlite_audience_page,
	.recipients_add = sqlite_recipients_add,
	.recipients_page = sqlite_recipients_page,
	.record_get = sqlite_record_get,
	.record_list = sqlite_record_list,
	.record_change = sqlite_record_change,
	.stats = sqlite_stats,
	.sweep = sqlite_sweep,
};

int driver_sqlite_open(const struct store_settings *set, const struct store_driver **driver_out,
		       void **self_out, struct err *err)
{
	struct sqlite_store *s = mem_alloc(sizeof *s);

	(void)pthread_once(&configured, configure); /* cannot fail */
	if (pthread_mutex_init(&s->readers_lock, NULL) != 0) {
		free(s);
		return err_set(err, ERR_TEMP, "sqlite: no mutex");
	}
	cond_init(&s->readers_wake);
	s->lock_fd = -1;
	s->timeout_ms = set->timeout_ms > 0 ? set->timeout_ms : DEFAULT_TIMEOUT_MS;
	s->seen_keep_ms = set->seen_keep_ms > 0 ? set->seen_keep_ms : DRIVER_SEEN_KEEP_MS;
	if (open_parts(s, set->data_dir, err) < 0) {
		sqlite_close(s);
		(void)err_prefix(err, "embedded store");
		return -1;
	}
	*driver_out = &driver_sqlite;
	*self_out = s;
	return 0;
}
