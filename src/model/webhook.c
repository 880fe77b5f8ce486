/*
 * webhook.c - looking up a header of a request.
 */
#include "model/webhook.h"

#include <strings.h>

/* The bit that tells 'a' from 'A' aside: enough to pass over nearly all headers, each of which is
 * compared a dozen times per request. */
static bool begin_alike(const char *a, const char *b)
{
	return ((*a ^ *b) & ~('a' ^ 'A')) == 0;
}

const char *webhook_header(const struct webhook *w, const char *name, bool *conflict_out)
{
	const char *found = NULL;
	bool conflict = false;

	for (size_t i = 0; i < w->header_count; i++) {
		const struct webhook_header *h = &w->headers[i];

		if (!begin_alike(h->name, name) || strcasecmp(h->name, name) != 0)
			continue;
		if (!found)
			found = h->value;
		else if (strcmp(found, h->value) != 0)
			conflict = true;
	}
	if (conflict_out)
		*conflict_out = conflict;
	return found;
}
