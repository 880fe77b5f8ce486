/*
 * log.c - settings, context and the write.
 *
 * A line costs a clock reading, some copying on the stack and one write(2);
 * no memory, no lock. Settings are atomics, so that SIGHUP may change them
 * while others log; only the pseudonym key has a lock.
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "log_private.h"

enum { TRACE_SIZE = 65 };

static atomic_int level_now = LOG_LEVEL_INFO;
static atomic_int format_now = LOG_FORMAT_TEXT;
static atomic_int fd_now = STDERR_FILENO;

static pthread_mutex_t key_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char key[sizeof(((struct log_settings *)0)->pseudonym_key)];

static _Thread_local struct {
	char trace[TRACE_SIZE];
	char contact[LOG_PSEUDONYM_SIZE];
} context;

void log_setup(const struct log_settings *set)
{
	atomic_store(&level_now, (int)set->level);
	atomic_store(&format_now, (int)set->format);
	atomic_store(&fd_now, set->fd);
	pthread_mutex_lock(&key_lock);
	memcpy(key, set->pseudonym_key, sizeof key);
	pthread_mutex_unlock(&key_lock);
}

bool log_enabled(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&level_now, memory_order_relaxed);
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	return names[level];
}

/* A line that cannot be written is lost: there is nowhere to say so. */
static void write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		bytes += done; /* only a pipe that fills up takes less than all */
		n -= (size_t)done;
	}
}

static void add_text(struct log_line *line, const char *name, const char *text)
{
	const struct log_field f = LOG_S(name, text);

	log_line_field(line, &f);
}

static void begin_json(struct log_line *line, enum log_level level, const char *now)
{
	log_line_begin(line, true);
	add_text(line, "ts", now);
	add_text(line, "level", level_name(level));
}

/* "09:28:40 info  ": for people, who see the date elsewhere. */
static void begin_text(struct log_line *line, enum log_level level, const char *now)
{
	char time[] = "hh:mm:ss ";
	const char *name = level_name(level);

	memcpy(time, now + strlen("yyyy-mm-ddT"), strlen("hh:mm:ss"));
	log_line_begin(line, false);
	log_line_raw(line, time);
	log_line_raw(line, name);
	log_line_raw(line, strlen(name) < 5 ? "  " : " ");
}

void log_write(enum log_level level, const char *what, const struct log_field *fields)
{
	bool json = atomic_load(&format_now) == LOG_FORMAT_JSON;
	struct clock real;
	struct log_line line;
	char now[CLOCK_ISO_SIZE];

	if (!log_enabled(level))
		return;
	clock_init_real(&real);
	clock_format_iso(clock_now_ms(&real), now);
	if (json) {
		begin_json(&line, level, now);
		add_text(&line, "what", what);
	} else {
		begin_text(&line, level, now);
		log_line_raw(&line, what);
	}
	if (context.trace[0])
		add_text(&line, "trace", context.trace);
	if (context.contact[0])
		add_text(&line, "contact", context.contact);
	for (; fields && fields->key; fields++)
		log_line_field(&line, fields);
	log_line_end(&line);
	write_all(atomic_load(&fd_now), line.text, line.len);
}

void log_context_trace(const char *trace_id)
{
	size_t n;

	if (!trace_id)
		return;
	n = strnlen(trace_id, TRACE_SIZE - 1); /* ids of ours are 32 characters */
	memcpy(context.trace, trace_id, n);
	context.trace[n] = '\0';
}

void log_context_contact(const char *contact)
{
	if (contact)
		log_pseudonym(contact, context.contact);
}

void log_context_clear(void)
{
	context.trace[0] = '\0';
	context.contact[0] = '\0';
}

void log_pseudonym(const char *contact, char out[LOG_PSEUDONYM_SIZE])
{
	unsigned char copy[sizeof key];
	uint8_t digest[SHA256_SIZE];

	pthread_mutex_lock(&key_lock);
	memcpy(copy, key, sizeof copy);
	pthread_mutex_unlock(&key_lock);
	hmac_sha256((struct str){ (const char *)copy, sizeof copy }, str_of(contact), digest);
	hex_encode(digest, (LOG_PSEUDONYM_SIZE - 1) / 2, out);
}
