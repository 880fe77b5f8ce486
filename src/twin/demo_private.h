/*
 * demo_private.h - the packs' demo APIs: what the file says, and the answer that comes of it.
 */
#ifndef SAMVAD_TWIN_DEMO_PRIVATE_H
#define SAMVAD_TWIN_DEMO_PRIVATE_H

#include <cjson/cJSON.h>

#include "twin_private.h"

enum { DEMO_MAX_SEGMENTS = 8, DEMO_MAX_DEPTH = 12 };

struct demo_segment { /* "{id}" of a path, and what stood there */
	const char *name;
	const char *text;
};

/* One request below /sandbox/demo/{pack}. */
struct demo_request {
	struct twin_call *call;
	const char *path;	/* "/orders/ORD-1", still encoded */
	const struct cJSON *in; /* the body, or NULL */
	struct demo_segment segments[DEMO_MAX_SEGMENTS];
	size_t segment_count;
	struct str data; /* what texts of the file see, as JSON */
	struct err err;	 /* a fault of the file's */
};

/* ---- demo_match.c ---- */

/* Whether a route of the file is meant; fills the segments. */
bool twin_demo_route_fits(struct demo_request *rq, const cJSON *route);

/* ---- demo_write.c ---- */

/* Makes rq->data. */
void twin_demo_prepare(struct demo_request *rq);
/* Writes a value of the file, texts rendered (raw: as they are); -1: rq->err. */
int twin_demo_write(struct demo_request *rq, struct json_writer *w, const char *key,
		    const cJSON *value, bool raw, unsigned depth);
/* Whether an item of the file's data has what `where` asks for; "*" there is anybody's. */
bool twin_demo_item_fits(struct demo_request *rq, const cJSON *item, const cJSON *where);

#endif
