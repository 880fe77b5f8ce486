/*
 * faulty_outbox.c - faulty.c's functions for the outbox, the rate and consent.
 */
#include "faulty_private.h"

int faulty_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_claim **claims_out, size_t *count_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan,
			    f->inner->outbox_claim(f->self, broadcast, pace_ms, now_ms, lease_ms,
						   max, a, claims_out, count_out, err),
			    err);
}

int faulty_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			 int64_t now_ms, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->outbox_settle(f->self, rows, count, now_ms, err), err);
}

int faulty_status_apply(void *self, const char *contact, const char *our_id,
			const char *external_id, enum status status, int error_code, int64_t now_ms,
			struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan,
			    f->inner->status_apply(f->self, contact, our_id, external_id, status,
						   error_code, now_ms, err),
			    err);
}

int faulty_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		      struct arena *a, struct driver_outbound *row_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->outbox_get(f->self, contact, id, external_id, a, row_out, err);
}

int faulty_outbox_replace(void *self, const char *id, enum status status, int error_code,
			  const struct driver_outbound *successor, int64_t now_ms, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(
		&plan,
		f->inner->outbox_replace(f->self, id, status, error_code, successor, now_ms, err),
		err);
}

int faulty_outbox_unpark(void *self, const char *contact, int64_t now_ms, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->outbox_unpark(f->self, contact, now_ms, err), err);
}

int faulty_status_claim(void *self, int64_t now_ms, unsigned max, struct arena *a,
			struct driver_outbound **rows_out, size_t *count_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(
		&plan, f->inner->status_claim(f->self, now_ms, max, a, rows_out, count_out, err),
		err);
}

int faulty_rate_take(void *self, const char *sender, unsigned rate, bool spare, unsigned want,
		     unsigned *granted_out, int64_t *wait_ms_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan,
			    f->inner->rate_take(f->self, sender, rate, spare, want, granted_out,
						wait_ms_out, err),
			    err);
}

int faulty_rate_slow(void *self, const char *sender, unsigned divisor, int64_t duration_ms,
		     struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->rate_slow(f->self, sender, divisor, duration_ms, err),
			    err);
}

int faulty_consent_add(void *self, const char *contact, const struct driver_consent *c,
		       struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->consent_add(f->self, contact, c, err), err);
}

int faulty_consent_list(void *self, const char *contact, unsigned max, struct arena *a,
			struct driver_consent **list_out, size_t *count_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->consent_list(f->self, contact, max, a, list_out, count_out, err);
}

int faulty_trouble_set(void *self, const char *contact, int code, int64_t now_ms, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->trouble_set(f->self, contact, code, now_ms, err), err);
}
