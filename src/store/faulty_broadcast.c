/*
 * faulty_broadcast.c - faulty.c's functions for broadcasts, audiences, records and audit.
 */
#include "faulty_private.h"

int faulty_audit_add(void *self, const struct audit_entry *e, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->audit_add(f->self, e, err), err);
}

int faulty_audit_list(void *self, const char *object, unsigned max, struct arena *a,
		      struct audit_entry **list_out, size_t *count_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->audit_list(f->self, object, max, a, list_out, count_out, err);
}

int faulty_broadcast_create(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct arena *a,
			    struct driver_broadcast *existing_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(
		&plan, f->inner->broadcast_create(f->self, b, audit, a, existing_out, err), err);
}

int faulty_broadcast_get(void *self, const char *id, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->broadcast_get(f->self, id, a, b_out, err);
}

int faulty_broadcast_find(void *self, const char *request_key, struct arena *a,
			  struct driver_broadcast *b_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->broadcast_find(f->self, request_key, a, b_out, err);
}

int faulty_broadcast_change(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->broadcast_change(f->self, b, audit, err), err);
}

int faulty_broadcast_list(void *self, bool open_only, int64_t before_ms, const char *before_id,
			  unsigned max, struct arena *a, struct driver_broadcast **list_out,
			  size_t *count_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->broadcast_list(f->self, open_only, before_ms, before_id, max, a, list_out,
					count_out, err);
}

int faulty_broadcast_counts(void *self, const char *id, struct arena *a,
			    struct broadcast_count **list_out, size_t *count_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->broadcast_counts(f->self, id, a, list_out, count_out, err);
}

int faulty_audience_page(void *self, const char *step, const char *cursor, unsigned max,
			 bool with_boxes, int64_t now_ms, struct arena *a,
			 struct driver_member **list_out, size_t *count_out, const char **next_out,
			 struct err *err)
{
	struct faulty *f = self;

	return f->inner->audience_page(f->self, step, cursor, max, with_boxes, now_ms, a, list_out,
				       count_out, next_out, err);
}

int faulty_recipients_add(void *self, const struct driver_outbound *rows, size_t count,
			  struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->recipients_add(f->self, rows, count, err), err);
}

int faulty_recipients_page(void *self, const char *broadcast, const char *cursor, unsigned max,
			   struct arena *a, struct driver_outbound **rows_out, size_t *count_out,
			   const char **next_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->recipients_page(f->self, broadcast, cursor, max, a, rows_out, count_out,
					 next_out, err);
}

int faulty_record_get(void *self, const char *type, const char *id, struct arena *a,
		      struct driver_record *record_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->record_get(f->self, type, id, a, record_out, err);
}

int faulty_record_list(void *self, const char *type, const char *contact, const char *state,
		       const char *cursor, unsigned max, struct arena *a,
		       struct driver_record **list_out, size_t *count_out, const char **next_out,
		       struct err *err)
{
	struct faulty *f = self;

	return f->inner->record_list(f->self, type, contact, state, cursor, max, a, list_out,
				     count_out, next_out, err);
}

int faulty_record_change(void *self, const char *type, const char *id, const char *from,
			 const char *to, int64_t now_ms, const struct audit_entry *audit,
			 struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(
		&plan, f->inner->record_change(f->self, type, id, from, to, now_ms, audit, err),
		err);
}
