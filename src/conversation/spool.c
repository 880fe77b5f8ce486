/*
 * spool.c - messages kept on disk while the store is away.
 *
 * One append-only file per process: length (4 bytes, little endian) and a
 * sealed box per message, fsynced in groups before anyone is answered. Read
 * from the front; emptied when everything is worked off. Working an entry off
 * twice is harmless (the store knows the message's id), so the reading
 * position needs no durability. A file is locked by its process; what a dead
 * one left behind is taken over at the next start.
 */
#include "conversation_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "spool_private.h"

enum {
	MAX_FILES = 64,
	MAX_RECORD = 256 * 1024,
	MAX_BYTES = 256 * 1024 * 1024, /* then 503: better said than lost */
};

struct spool {
	char *folder;
	const struct seal_ring *ring;
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t synced_more;
	int64_t end;	/* bytes appended */
	int64_t synced; /* bytes known to be on disk: only these are read */
	int64_t failed; /* bytes up to here may not be on disk: an fsync failed */
	int sync_errno; /* why; whoever waited tells it as well */
	bool syncing;
	int64_t front;	/* read up to here */
	int64_t peeked; /* size of the record that spool_peek showed */
	uint64_t peeked_contact;
	int64_t count;
	struct pending pending; /* contacts with messages in here */
};

static const char CONTEXT[] = "spool";

static void count_error(const char *op)
{
	char labels[64];

	(void)snprintf(labels, sizeof labels, "op=\"%s\"", op);
	metric_add(metric_counter("samvad_spool_errors_total", labels,
				  "Messages the spool did not keep, could not read, or set aside "
				  "because no key opens them."),
		   1);
}

static uint64_t key_of(const char *contact)
{
	return hash64(str_of(contact));
}

/* ---- records ---- */

static int io_error(struct err *err, const char *doing)
{
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

	return err_set(err, full ? ERR_FULL : ERR_TEMP, "the spool cannot be %s: %s", doing,
		       strerror(errno));
}

static int make_record(const struct spool *s, const struct inbound *in, struct buf *out,
		       struct err *err)
{
	struct buf plain;
	size_t n;
	int ret = -1;

	buf_init(&plain, MAX_RECORD);
	if (inbound_encode(in, &plain) < 0) {
		err_set(err, ERR_INPUT, "the message is too large for the spool");
		goto out;
	}
	buf_add(out, "\0\0\0\0", 4);
	if (seal_box(s->ring, str_of(CONTEXT), (struct str){ plain.data, plain.len }, out, err) < 0)
		goto out;
	n = out->len - 4;
	for (int i = 0; i < 4; i++)
		out->data[i] = (char)(n >> (8 * i) & 0xff);
	ret = 0;
out:
	buf_free(&plain);
	return ret;
}

/* Reads the record at `at`: 1 and its bytes (with the length before them) in out, 0 when there is
 * none or it is torn. */
static int read_record(int fd, int64_t at, struct buf *out)
{
	unsigned char head[4];
	char *bytes;
	size_t n;
	int ret = 0;

	if (pread(fd, head, 4, at) != 4)
		return 0;
	n = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
	if (n == 0 || n > MAX_RECORD)
		return 0;
	bytes = mem_alloc(n);
	buf_reset(out);
	if (pread(fd, bytes, n, at + 4) == (ssize_t)n && buf_add(out, head, 4) == 0 &&
	    buf_add(out, bytes, n) == 0)
		ret = 1;
	free(bytes);
	return ret;
}

static int open_record(const struct spool *s, const struct buf *record, struct arena *a,
		       struct inbound *in, struct err *err)
{
	struct str box = { record->data + 4, record->len - 4 };
	struct buf plain;
	int ret;

	buf_init(&plain, MAX_RECORD);
	ret = seal_open(s->ring, str_of(CONTEXT), box, &plain, err);
	if (ret == 0)
		ret = inbound_decode(
			(struct str){ arena_strndup(a, plain.data, plain.len), plain.len }, a, in,
			err);
	buf_free(&plain);
	return ret;
}

/* Appends at the end; with the lock held. On failure the file is as before. */
static int append(struct spool *s, const struct buf *record, struct err *err)
{
	if (s->end + (int64_t)record->len > MAX_BYTES)
		return err_set(err, ERR_FULL, "the spool has reached %d MiB", MAX_BYTES >> 20);
	if (pwrite(s->fd, record->data, record->len, s->end) != (ssize_t)record->len) {
		int saved = errno ? errno : ENOSPC;

		if (ftruncate(s->fd, s->end) < 0)
			log_error("spool-truncate", LOG_S("error", strerror(errno)));
		errno = saved;
		return io_error(err, "written");
	}
	s->end += (int64_t)record->len;
	return 0;
}

/* ---- putting ---- */

/* Waits until `mine` bytes are on disk. One thread syncs for all that wait; lock held. */
static int sync_up_to(struct spool *s, int64_t mine, struct err *err)
{
	while (s->synced < mine && s->failed < mine) {
		int64_t target = s->end;
		int got, cause;

		if (s->syncing) {
			pthread_cond_wait(&s->synced_more, &s->lock);
			continue;
		}
		s->syncing = true;
		pthread_mutex_unlock(&s->lock);
		got = fdatasync(s->fd);
		cause = errno;
		pthread_mutex_lock(&s->lock);
		s->syncing = false;
		if (got < 0) {
			s->failed = target;
			s->sync_errno = cause;
		} else {
			s->synced = target;
		}
		pthread_cond_broadcast(&s->synced_more);
	}
	if (s->synced >= mine)
		return 0;
	errno = s->sync_errno;
	return io_error(err, "synced");
}

int spool_put(struct spool *s, const struct inbound *in, struct err *err)
{
	struct buf record;
	int ret = -1;

	buf_init(&record, MAX_RECORD + 4);
	if (make_record(s, in, &record, err) < 0)
		goto out;
	pthread_mutex_lock(&s->lock);
	if (append(s, &record, err) == 0) {
		s->count++;
		pending_add(&s->pending, key_of(in->contact), 1);
		ret = sync_up_to(s, s->end, err);
	}
	pthread_mutex_unlock(&s->lock);
out:
	if (ret < 0)
		count_error("put");
	buf_free(&record);
	return ret;
}

bool spool_holds(struct spool *s, const char *contact)
{
	bool yes;

	pthread_mutex_lock(&s->lock);
	yes = s->count > 0 && pending_has(&s->pending, key_of(contact));
	pthread_mutex_unlock(&s->lock);
	return yes;
}

int64_t spool_count(struct spool *s)
{
	int64_t n;

	pthread_mutex_lock(&s->lock);
	n = s->count;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* ---- taking ---- */

/* A record that no key opens is kept aside for people, so that it holds up nobody. */
static int set_aside(const struct spool *s, const struct buf *record, struct err *err)
{
	struct arena a = { 0 };
	const char *path = arena_printf(&a, "%s/unreadable", s->folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int ret = -1;

	if (fd < 0 || write(fd, record->data, record->len) != (ssize_t)record->len || fsync(fd) < 0)
		io_error(err, "set aside");
	else
		ret = 0;
	if (fd >= 0)
		close(fd);
	arena_free(&a);
	return ret;
}

int spool_peek(struct spool *s, struct arena *a, struct inbound *in_out, struct err *err)
{
	struct buf record;
	int64_t front, synced;
	int ret;

	pthread_mutex_lock(&s->lock);
	front = s->front;
	synced = s->synced;
	pthread_mutex_unlock(&s->lock);
	if (front >= synced)
		return 0;

	buf_init(&record, MAX_RECORD + 4);
	if (read_record(s->fd, front, &record) != 1) {
		count_error("read");
		ret = err_set(err, ERR_TEMP, "the spool cannot be read at byte %lld",
			      (long long)front);
		goto out;
	}
	s->peeked = (int64_t)record.len;
	s->peeked_contact = 0;
	ret = open_record(s, &record, a, in_out, err) == 0 ? 1 : -1;
	if (ret == 1) {
		s->peeked_contact = key_of(in_out->contact);
	} else {
		count_error("open");
		if (set_aside(s, &record, err) == 0)
			spool_done(s);
	}
out:
	buf_free(&record);
	return ret;
}

void spool_done(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	s->front += s->peeked;
	s->peeked = 0;
	s->count--;
	if (s->peeked_contact)
		pending_add(&s->pending, s->peeked_contact, -1);
	if (s->count == 0) { /* nobody appends now: the lock is ours */
		pending_clear(&s->pending);
		if (ftruncate(s->fd, 0) == 0)
			s->front = s->end = s->synced = s->failed = 0;
		else
			log_error("spool-truncate", LOG_S("error", strerror(errno)));
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- opening ---- */

static const char *file_name(const struct spool *s, int i, struct arena *a)
{
	return arena_printf(a, "%s/%02d.spool", s->folder, i);
}

/* An open and locked file, or -1. With `make` it is created when missing. */
static int open_locked(const char *path, bool make)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0600);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Counts what is in our file; a torn end was never acknowledged and is cut off. */
static void take_stock(struct spool *s)
{
	struct buf record;

	buf_init(&record, MAX_RECORD + 4);
	while (read_record(s->fd, s->end, &record) == 1) {
		struct arena a = { 0 };
		struct inbound in;

		if (open_record(s, &record, &a, &in, NULL) == 0)
			pending_add(&s->pending, key_of(in.contact), 1);
		s->end += (int64_t)record.len;
		s->count++;
		arena_free(&a);
	}
	s->synced = s->end;
	if (ftruncate(s->fd, s->end) < 0)
		log_error("spool-truncate", LOG_S("error", strerror(errno)));
	buf_free(&record);
}

/* Moves a dead process's messages into our file. */
static int take_over(struct spool *s, int fd, struct err *err)
{
	struct buf record;
	int64_t at = 0;
	int ret = 0;

	buf_init(&record, MAX_RECORD + 4);
	while (ret == 0 && read_record(fd, at, &record) == 1) {
		at += (int64_t)record.len;
		ret = append(s, &record, err);
	}
	if (ret == 0 && at > 0 && fsync(s->fd) < 0)
		ret = io_error(err, "synced");
	if (ret == 0 && ftruncate(fd, 0) < 0)
		ret = io_error(err, "emptied");
	buf_free(&record);
	return ret;
}

static int open_files(struct spool *s, struct arena *a, struct err *err)
{
	int own;

	for (own = 1; own <= MAX_FILES && s->fd < 0; own++)
		s->fd = open_locked(file_name(s, own, a), true);
	if (s->fd < 0)
		return io_error(err, "opened");
	for (int i = 1; i <= MAX_FILES; i++) {
		int fd = i == own - 1 ? -1 : open_locked(file_name(s, i, a), false);
		struct stat st;
		int ret = 0;

		if (fd < 0)
			continue;
		if (fstat(s->fd, &st) == 0)
			s->end = st.st_size; /* behind what is ours */
		ret = take_over(s, fd, err);
		s->end = 0;
		close(fd);
		if (ret < 0)
			return -1;
	}
	return 0;
}

/* A start on a disk that takes nothing would lose messages later: find out now. */
static int try_writing(const struct spool *s, struct arena *a, struct err *err)
{
	return file_write_atomic(arena_printf(a, "%s/writable.%d", s->folder, (int)getpid()),
				 str_of("ok\n"), 0600, err);
}

int spool_open(const char *folder, const struct seal_ring *ring, struct spool **spool_out,
	       struct err *err)
{
	struct spool *s = mem_alloc(sizeof *s);
	struct arena a = { 0 };
	int ret = -1;

	s->folder = mem_strdup(folder);
	s->ring = ring;
	s->fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->synced_more, NULL);
	if (folder_make(folder, err) < 0 || try_writing(s, &a, err) < 0 ||
	    open_files(s, &a, err) < 0) {
		err_prefix(err, "spool in %s", folder);
		goto out;
	}
	take_stock(s);
	if (s->count > 0)
		log_info("spool-found", LOG_I("messages", s->count));
	ret = 0;
out:
	(void)unlink(arena_printf(&a, "%s/writable.%d", folder, (int)getpid())); /* may not exist */
	arena_free(&a);
	if (ret < 0)
		spool_close(&s);
	else
		*spool_out = s;
	return ret;
}

void spool_close(struct spool **spool)
{
	struct spool *s = *spool;

	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	pending_clear(&s->pending);
	pthread_cond_destroy(&s->synced_more);
	pthread_mutex_destroy(&s->lock);
	free(s->folder);
	free(s);
	*spool = NULL;
}
