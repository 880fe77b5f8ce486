/*
 * base/json.h - JSON out by hand, JSON in through cJSON with strict rules.
 *
 * The tree type stays inside the function that parses; nothing stores it.
 */
#ifndef SAMVAD_BASE_JSON_H
#define SAMVAD_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct cJSON;

/* Strict parse: one value, nothing behind it, valid UTF-8, no U+0000, no
 * duplicate key, depth at most 64. *root_out is freed with json_free. -1
 * ERR_INPUT: the text names line and column. */
int json_parse(struct str text, struct cJSON **root_out, struct err *err);
void json_free(struct cJSON **root);

/* Look-ups in an object; NULL or the default when absent or of another type. */
const struct cJSON *json_get(const struct cJSON *object, const char *key);
const char *json_text(const struct cJSON *object, const char *key, const char *otherwise);
bool json_bool(const struct cJSON *object, const char *key, bool otherwise);
/* Whole numbers within +-2^53; *ok_out (may be NULL) false when present but not one. */
int64_t json_int(const struct cJSON *object, const char *key, int64_t otherwise, bool *ok_out);

/* Writing: commas are the writer's business.
 *   struct json_writer w; json_begin(&w, &buf); json_object(&w, NULL); json_add_text(&w, "a", "b");
 *   json_end(&w);
 * Keys are given inside objects and NULL inside arrays and at the top. Errors
 * show as buf->full. Text is repaired to valid UTF-8 on the way out. */
struct json_writer {
	struct buf *out;
	unsigned depth;
	char closer[16]; /* deeper is a bug and asserts */
	bool comma[17];
};

void json_begin(struct json_writer *w, struct buf *out);
void json_object(struct json_writer *w, const char *key);
void json_array(struct json_writer *w, const char *key);
void json_end(struct json_writer *w); /* closes the innermost object or array */
void json_add_text(struct json_writer *w, const char *key, const char *text); /* NULL: null */
void json_add_str(struct json_writer *w, const char *key, struct str s);
void json_add_int(struct json_writer *w, const char *key, int64_t n);
void json_add_real(struct json_writer *w, const char *key, double d);
void json_add_bool(struct json_writer *w, const char *key, bool b);
void json_add_null(struct json_writer *w, const char *key);

/* Appends s escaped for the inside of a JSON string, without quotes. */
int json_escape(struct buf *out, struct str s);

#endif
