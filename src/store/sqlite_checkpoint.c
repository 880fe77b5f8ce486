/*
 * sqlite_checkpoint.c - moves the write-ahead log into the database while turns go on.
 *
 * Copying a log and syncing the database takes long; done inside a commit, as
 * SQLite does by itself, some turn would pay for it. Here a thread of its own
 * copies most of a long log; the writer then copies the few pages that came
 * meanwhile, after which SQLite starts the log anew instead of growing it.
 * A checkpoint that fails (full disk, busy) is tried again later: the log has it all.
 */
#include "sqlite_private.h"

#include "base/cond.h"

enum { LOG_LONG = 1000, LOG_TOO_LONG = 16000 }; /* pages of 4 KiB */

/* SQLite itself syncs the database only when nothing was written meanwhile: the writer's copy would
 * then wait for the disk to take all of these pages. A sync that fails is the writer's to report.
 */
static void copy_most(struct sqlite_conn *c)
{
	sqlite3_file *file = NULL;

	(void)sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (sqlite3_file_control(c->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	    file && file->pMethods)
		(void)file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static void *checkpoint_main(void *arg)
{
	struct sqlite_checkpoint *k = arg;

	pthread_mutex_lock(&k->lock);
	while (!k->stop) {
		if (!k->wanted) {
			pthread_cond_wait(&k->wake, &k->lock);
			continue;
		}
		pthread_mutex_unlock(&k->lock);
		copy_most(&k->conn);
		atomic_store(&k->finish, true);
		pthread_mutex_lock(&k->lock);
		k->wanted = false;
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

int sqlite_checkpoint_open(struct sqlite_checkpoint *k, const char *dir, int timeout_ms,
			   struct err *err)
{
	if (sqlite_conn_open(dir, ROLE_CHECKPOINTER, timeout_ms, &k->conn, err) < 0)
		return -1;
	if (pthread_mutex_init(&k->lock, NULL) != 0)
		return err_set(err, ERR_TEMP, "sqlite: no mutex");
	cond_init(&k->wake);
	if (pthread_create(&k->thread, NULL, checkpoint_main, k) != 0) {
		pthread_cond_destroy(&k->wake);
		pthread_mutex_destroy(&k->lock);
		return err_set(err, ERR_TEMP, "sqlite: no thread");
	}
	k->running = true;
	return 0;
}

void sqlite_checkpoint_close(struct sqlite_checkpoint *k)
{
	if (k->running) {
		pthread_mutex_lock(&k->lock);
		k->stop = true;
		pthread_cond_signal(&k->wake);
		pthread_mutex_unlock(&k->lock);
		pthread_join(k->thread, NULL);
		pthread_cond_destroy(&k->wake);
		pthread_mutex_destroy(&k->lock);
		k->running = false;
	}
	sqlite_conn_close(&k->conn);
}

void sqlite_checkpoint_consider(struct sqlite_checkpoint *k, struct sqlite_conn *writer,
				int log_pages)
{
	if (log_pages < LOG_LONG)
		return;
	if (atomic_exchange(&k->finish, false) || log_pages >= LOG_TOO_LONG) {
		(void)sqlite3_wal_checkpoint_v2(writer->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
						NULL);
		return;
	}
	pthread_mutex_lock(&k->lock);
	k->wanted = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
}
