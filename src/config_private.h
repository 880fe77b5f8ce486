/*
 * config_private.h - the settings table and the `.env` reader, for config*.c only.
 */
#ifndef SAMVAD_CONFIG_PRIVATE_H
#define SAMVAD_CONFIG_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum setting_type {
	SETTING_TEXT,	  /* printable, no blanks */
	SETTING_PATH,	  /* printable, blanks allowed */
	SETTING_URL,	  /* http:// or https://; a final slash is dropped */
	SETTING_NUMBER,	  /* whole, min to max */
	SETTING_BOOL,	  /* 0 or 1 */
	SETTING_CHOICE,	  /* one word of `choices` */
	SETTING_HOST,	  /* an IPv4 address or localhost */
	SETTING_URL_PATH, /* begins with a slash */
	SETTING_ADDRESS	  /* of a channel; "whatsapp:" is put before a bare number */
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset; /* of the field in struct config */
	const char *fallback;
	const char *fallback_shown; /* what people read when the default is worked out; or NULL */
	int64_t min;
	int64_t max;
	bool secret;
	const char *choices; /* "a b c" */
	const char *help;
};

extern const struct setting config_settings[];
extern const size_t config_setting_count;

struct env_pair {
	const char *name;
	const char *value;
	unsigned line;
};
struct env_file { /* in the arena */
	struct env_pair *pairs;
	size_t count;
};

/* Parses the text of a `.env` file. -1 ERR_INPUT with the line's number. */
int env_file_parse(struct str text, struct arena *a, struct env_file *file_out, struct err *err);
/* The last value of name, or NULL. */
const char *env_file_get(const struct env_file *file, const char *name);

#endif
