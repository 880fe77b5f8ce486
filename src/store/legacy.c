/*
 * legacy.c - reads a session of the former Python bot.
 *
 * {"current_step": "...", "data": {"name", "sector", "pincode", "phone"},
 * "created_at": "2025-06-01T12:00:00.123456", ...}: times are local without a
 * zone and are taken as UTC; they only tell how old the session is.
 */
#include "guard_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

static const char *const names[] = { "name", "sector", "pincode", "phone" };

enum { NAMES = sizeof names / sizeof *names };

static int64_t parse_time(const char *text)
{
	struct tm tm = { 0 };

	if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000;
}

static void read_values(const struct cJSON *data, struct arena *a, struct legacy_session *out)
{
	struct session_value *values = arena_array(a, NAMES, sizeof *values);

	for (size_t i = 0; data && i < NAMES; i++) {
		const char *text = json_text(data, names[i], NULL);

		if (!text || !*text || strlen(text) > SESSION_MAX_VALUE)
			continue;
		values[out->value_count].name = names[i];
		values[out->value_count].text = arena_strdup(a, text);
		out->value_count++;
	}
	out->values = values;
}

int legacy_parse(struct str json, struct arena *a, struct legacy_session *legacy_out)
{
	struct cJSON *root = NULL;
	const char *step;
	int ret = 0;

	if (json_parse(json, &root, NULL) < 0)
		return 0;
	step = json_text(root, "current_step", NULL);
	if (step && *step && strlen(step) <= SESSION_NAME_MAX) {
		legacy_out->step = arena_strdup(a, step);
		legacy_out->created_ms = parse_time(json_text(root, "created_at", ""));
		read_values(json_get(root, "data"), a, legacy_out);
		ret = 1;
	}
	json_free(&root);
	return ret;
}
