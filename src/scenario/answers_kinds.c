/*
 * answers_kinds.c - dates, files and places.
 */
#include <stdlib.h>
#include <string.h>

#include "answers_private.h"
#include "base/clock.h"

static const long long day_ms = 86400000;

struct inbound *scenario_answer_add(struct answers *to, bool valid, const char *why,
				    const char *text)
{
	struct answer *answer = &to->list[to->count < MAX_ANSWERS ? to->count : MAX_ANSWERS - 1];

	to->count += to->count < MAX_ANSWERS;
	*answer = (struct answer){ .valid = valid, .why = why };
	inbound_init(&answer->message);
	answer->message.text = text;
	return &answer->message;
}

void scenario_answer_file(struct answers *to, bool valid, const char *why, const char *type)
{
	struct inbound *in = scenario_answer_add(to, valid, why, "");

	in->kind = INBOUND_MEDIA; /* at the address that a .chat file gives it */
	in->media[0] = (struct inbound_media){ .url = "https://media.invalid/1", .type = type };
	in->media_count = 1;
}

/* ---- dates ---- */

/* Days since 1970-01-01 of "2026-11-20". Counts in years that begin in March. */
static long long days_of(const char *text)
{
	char *behind;
	long long y = strtoll(text, &behind, 10), m = strtoll(behind + 1, &behind, 10);
	long long d = strtoll(behind + 1, NULL, 10), year = m <= 2 ? y - 1 : y;
	long long of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719468;
}

/* "+05:30" */
static long long offset_ms(const struct node *root)
{
	const char *text = scenario_source_text(root, "utc_offset", "");
	char *behind;
	long long hours = strtoll(text, &behind, 10);
	long long minutes = *behind == ':' ? strtoll(behind + 1, NULL, 10) : 0;

	return ((hours < 0 || *text == '-' ? -1 : 1) * minutes + 60 * hours) * 60000;
}

/* "today+7", "2026-11-20" */
static long long day_named(const char *text, long long today)
{
	return strncmp(text, "today", 5) == 0 ? today + strtoll(text + 5, NULL, 10) : days_of(text);
}

static const char *written(const char *order, long long day, struct arena *a)
{
	char iso[CLOCK_ISO_SIZE];

	clock_format_iso(day * day_ms, iso);
	if (strcmp(order, "ymd") == 0)
		return arena_strndup(a, iso, 10);
	if (strcmp(order, "mdy") == 0)
		return arena_printf(a, "%.2s/%.2s/%.4s", iso + 5, iso + 8, iso);
	return arena_printf(a, "%.2s.%.2s.%.4s", iso + 8, iso + 5, iso);
}

void scenario_answers_date(struct answers *to)
{
	const struct question *q = to->of;
	const char *order = scenario_source_text(q->rule, "order", "dmy");
	const char *from = scenario_source_text(q->rule, "from", NULL);
	const char *until = scenario_source_text(q->rule, "to", NULL);
	long long today = (q->now_ms + offset_ms(q->root)) / day_ms;
	long long first = from ? day_named(from, today) : today;
	long long last = until ? day_named(until, today) : first + 30;

	if (!from && last < first)
		first = last - 30;
	scenario_answer_add(to, true, "the first day", written(order, first, to->a));
	scenario_answer_add(to, true, "the last day", written(order, last, to->a));
	if (from)
		scenario_answer_add(to, false, "too early", written(order, first - 1, to->a));
	if (until)
		scenario_answer_add(to, false, "too late", written(order, last + 1, to->a));
	scenario_answer_add(to, false, "no day",
			    strcmp(order, "ymd") == 0 ? "2026-02-30" : "30/30/2026");
}

/* ---- files and places ---- */

static const char *type_of(const char *kind)
{
	static const char *const types[][2] = { { "image", "image/jpeg" },
						{ "audio", "audio/ogg" },
						{ "video", "video/mp4" },
						{ "application", "application/pdf" },
						{ "text", "text/plain" } };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i][0], kind) == 0)
			return types[i][1];
	}
	return kind;
}

static bool takes_kind(const struct node *kinds, const char *type)
{
	size_t n = strcspn(type, "/");

	if (kinds->kind == NODE_TEXT)
		return strcmp(kinds->text, type) == 0 ||
		       (strlen(kinds->text) == n && strncmp(kinds->text, type, n) == 0);
	for (const struct node *k = kinds->first; k; k = k->next) {
		if (takes_kind(k, type))
			return true;
	}
	return false;
}

void scenario_answers_media(struct answers *to)
{
	const struct node *kinds = scenario_source_get(to->of->rule, "kinds");

	if (!kinds)
		scenario_answer_file(to, true, "a file", "image/jpeg");
	else if (kinds->kind == NODE_TEXT)
		scenario_answer_file(to, true, "a file of that kind", type_of(kinds->text));
	for (const struct node *k = kinds ? kinds->first : NULL; k; k = k->next)
		scenario_answer_file(to, true, "a file of that kind", type_of(k->text));
	scenario_answer_add(to, false, "no file", "Which file do you mean");
	if (kinds && !takes_kind(kinds, "audio/ogg"))
		scenario_answer_file(to, false, "a file of another kind", "audio/ogg");
	else if (kinds && !takes_kind(kinds, "image/jpeg"))
		scenario_answer_file(to, false, "a file of another kind", "image/jpeg");
}

static void add_place(struct answers *to, bool valid, const char *why, const char *latitude,
		      const char *longitude)
{
	struct inbound *in = scenario_answer_add(to, valid, why, "");

	in->kind = INBOUND_LOCATION;
	in->latitude = latitude;
	in->longitude = longitude;
	in->place = "";
}

void scenario_answers_location(struct answers *to)
{
	add_place(to, true, "a place", "19.0760", "72.8777");
	add_place(to, true, "the farthest place", "-90", "180");
	scenario_answer_add(to, false, "no place", "Near the old mill");
	add_place(to, false, "no place on earth", "91", "72.8777");
}
