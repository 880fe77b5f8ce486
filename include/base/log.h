/*
 * base/log.h - one line per event: what, and key=value.
 *
 * Trace id, contact and the like come from the thread's context, not by hand.
 * Message texts, full numbers, OTPs and secrets never get here: a contact is
 * logged as a keyed hash (log_contact). Lines go to standard error in one
 * write. Any thread.
 */
#ifndef SAMVAD_BASE_LOG_H
#define SAMVAD_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_settings {
	enum log_level level;
	enum log_format format;
	int fd;				 /* where lines go; 2 by default */
	unsigned char pseudonym_key[16]; /* keys the contact hash; random per start is fine */
};

struct log_field {
	const char *key; /* NULL ends the list */
	enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_REAL, LOG_FIELD_BOOL } type;
	union {
		const char *text;
		int64_t number;
		double real;
	} u;
};

#define LOG_S(k, v)                                                                                \
	{                                                                                          \
		.key = (k), .type = LOG_FIELD_TEXT, .u.text = (v)                                  \
	}
#define LOG_I(k, v)                                                                                \
	{                                                                                          \
		.key = (k), .type = LOG_FIELD_INT, .u.number = (v)                                 \
	}

/* Call once before threads start, and again to change it (SIGHUP). */
void log_setup(const struct log_settings *set);
void log_write(enum log_level level, const char *what, const struct log_field *fields);
bool log_enabled(enum log_level level);

#define LOG_FIELDS(...)	     ((const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ .key = NULL } })
#define log_debug(what, ...) log_write(LOG_LEVEL_DEBUG, what, LOG_FIELDS(__VA_ARGS__))
#define log_info(what, ...)  log_write(LOG_LEVEL_INFO, what, LOG_FIELDS(__VA_ARGS__))
#define log_warn(what, ...)  log_write(LOG_LEVEL_WARN, what, LOG_FIELDS(__VA_ARGS__))
#define log_error(what, ...) log_write(LOG_LEVEL_ERROR, what, LOG_FIELDS(__VA_ARGS__))

/* The thread's context: shown on every line until cleared. Copies its arguments; NULL keeps. */
void log_context_trace(const char *trace_id);
void log_context_contact(const char *contact); /* stored as pseudonym */
void log_context_clear(void);

enum { LOG_PSEUDONYM_SIZE = 17 };
/* Keyed, shortened hash of a contact: the same person, no number. */
void log_pseudonym(const char *contact, char out[LOG_PSEUDONYM_SIZE]);

#endif
