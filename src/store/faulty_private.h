/*
 * faulty_private.h - what the files of the faulty driver share.
 */
#ifndef SAMVAD_STORE_FAULTY_PRIVATE_H
#define SAMVAD_STORE_FAULTY_PRIVATE_H

#include <pthread.h>

#include "driver_private.h"

struct faulty {
	const struct store_driver *inner;
	void *self;
	struct store_driver driver; /* ours, with the inner one's name */
	pthread_mutex_t lock;	    /* guards plan */
	struct faulty_plan plan;
};

/* What happens to this write; counts it. */
struct faulty_plan faulty_next(struct faulty *f);
/* Each write asks both; -1 when it fails on cue. */
int faulty_before(const struct faulty_plan *p, struct err *err);
int faulty_after(const struct faulty_plan *p, int ret, struct err *err);

int faulty_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_claim **claims_out, size_t *count_out, struct err *err);
int faulty_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			 int64_t now_ms, struct err *err);
int faulty_status_apply(void *self, const char *contact, const char *our_id,
			const char *external_id, enum status status, int error_code, int64_t now_ms,
			struct err *err);
int faulty_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		      struct arena *a, struct driver_outbound *row_out, struct err *err);
int faulty_outbox_replace(void *self, const char *id, enum status status, int error_code,
			  const struct driver_outbound *successor, int64_t now_ms, struct err *err);
int faulty_outbox_unpark(void *self, const char *contact, int64_t now_ms, struct err *err);
int faulty_status_claim(void *self, int64_t now_ms, unsigned max, struct arena *a,
			struct driver_outbound **rows_out, size_t *count_out, struct err *err);
int faulty_rate_take(void *self, const char *sender, unsigned rate, bool spare, unsigned want,
		     unsigned *granted_out, int64_t *wait_ms_out, struct err *err);
int faulty_rate_slow(void *self, const char *sender, unsigned divisor, int64_t duration_ms,
		     struct err *err);
int faulty_consent_add(void *self, const char *contact, const struct driver_consent *c,
		       struct err *err);
int faulty_consent_list(void *self, const char *contact, unsigned max, struct arena *a,
			struct driver_consent **list_out, size_t *count_out, struct err *err);
int faulty_trouble_set(void *self, const char *contact, int code, int64_t now_ms, struct err *err);
int faulty_audit_add(void *self, const struct audit_entry *e, struct err *err);
int faulty_audit_list(void *self, const char *object, unsigned max, struct arena *a,
		      struct audit_entry **list_out, size_t *count_out, struct err *err);
int faulty_broadcast_create(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct arena *a,
			    struct driver_broadcast *existing_out, struct err *err);
int faulty_broadcast_get(void *self, const char *id, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err);
int faulty_broadcast_find(void *self, const char *request_key, struct arena *a,
			  struct driver_broadcast *b_out, struct err *err);
int faulty_broadcast_change(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct err *err);
int faulty_broadcast_list(void *self, bool open_only, int64_t before_ms, const char *before_id,
			  unsigned max, struct arena *a, struct driver_broadcast **list_out,
			  size_t *count_out, struct err *err);
int faulty_broadcast_counts(void *self, const char *id, struct arena *a,
			    struct broadcast_count **list_out, size_t *count_out, struct err *err);
int faulty_audience_page(void *self, const char *step, const char *cursor, unsigned max,
			 bool with_boxes, int64_t now_ms, struct arena *a,
			 struct driver_member **list_out, size_t *count_out, const char **next_out,
			 struct err *err);
int faulty_recipients_add(void *self, const struct driver_outbound *rows, size_t count,
			  struct err *err);
int faulty_recipients_page(void *self, const char *broadcast, const char *cursor, unsigned max,
			   struct arena *a, struct driver_outbound **rows_out, size_t *count_out,
			   const char **next_out, struct err *err);
int faulty_record_get(void *self, const char *type, const char *id, struct arena *a,
		      struct driver_record *record_out, struct err *err);
int faulty_record_list(void *self, const char *type, const char *contact, const char *state,
		       const char *cursor, unsigned max, struct arena *a,
		       struct driver_record **list_out, size_t *count_out, const char **next_out,
		       struct err *err);
int faulty_record_change(void *self, const char *type, const char *id, const char *from,
			 const char *to, int64_t now_ms, const struct audit_entry *audit,
			 struct err *err);

#endif
