/*
 * status.c - the delivery ladder. Callbacks are lost, doubled and reordered;
 * climbing makes their order not matter.
 */
#include "model/status.h"

#include <stddef.h>
#include <strings.h>

/* The first row of a state carries its name. */
static const struct {
	const char *word;
	enum status status;
} words[] = {
	{ "queued", STATUS_QUEUED },
	{ "accepted", STATUS_QUEUED },
	{ "scheduled", STATUS_QUEUED },
	{ "sending", STATUS_SENDING },
	{ "sent", STATUS_SENT },
	{ "delivered", STATUS_DELIVERED },
	{ "read", STATUS_READ },
	{ "failed", STATUS_FAILED },
	{ "undelivered", STATUS_UNDELIVERED },
	{ "canceled", STATUS_CANCELED },
};

enum status status_parse(const char *word)
{
	/* Without case: the same words come as DELIVERED or READ in event fields. */
	for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
		if (strcasecmp(words[i].word, word) == 0)
			return words[i].status;
	return STATUS_NONE;
}

const char *status_name(enum status s)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].status == s)
			return words[i].word;
	return "none";
}

bool status_is_final(enum status s)
{
	return s == STATUS_READ || s == STATUS_FAILED || s == STATUS_UNDELIVERED ||
	       s == STATUS_CANCELED;
}

enum status status_climb(enum status now, enum status news)
{
	if (status_is_final(now))
		return now;
	switch (news) {
	case STATUS_FAILED:
	case STATUS_UNDELIVERED:
		return now < STATUS_DELIVERED ? news : now;
	case STATUS_CANCELED: /* only what has not left can be called back */
		return now < STATUS_SENT ? news : now;
	default:
		return news > now ? news : now;
	}
}
