/*
 * faulty.c - wraps a driver and fails its writes on cue.
 *
 * Reads always pass. A plan counts writes of all threads together. Without a
 * plan it is the inner driver, so the contract test runs over it as well.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "driver_private.h"

struct faulty {
	const struct store_driver *inner;
	void *self;
	struct store_driver driver; /* ours, with the inner one's name */
	pthread_mutex_t lock;	    /* guards plan */
	struct faulty_plan plan;
};

/* What happens to this write; counts it. */
static struct faulty_plan next(struct faulty *f)
{
	struct faulty_plan now = { .when = FAULT_NONE };

	pthread_mutex_lock(&f->lock);
	if (f->plan.skip > 0) {
		f->plan.skip--;
	} else if (f->plan.fail > 0) {
		f->plan.fail--;
		now = f->plan;
	}
	pthread_mutex_unlock(&f->lock);
	return now;
}

static int before(const struct faulty_plan *p, struct err *err)
{
	if (p->when == FAULT_BEFORE)
		return err_set(err, p->kind, "store: failed on cue, nothing was done");
	return 0;
}

static int after(const struct faulty_plan *p, int ret, struct err *err)
{
	if (p->when == FAULT_AFTER && ret >= 0)
		return err_set(err, ERR_UNSURE, "store: answer lost on cue");
	return ret;
}

static void faulty_close(void *self)
{
	struct faulty *f = self;

	f->inner->close(f->self);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static int faulty_ping(void *self, struct err *err)
{
	struct faulty *f = self;

	return f->inner->ping(f->self, err);
}

static int faulty_load(void *self, const char *contact, const char *external_id, int64_t now_ms,
		       struct arena *a, struct driver_view *view_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->load(f->self, contact, external_id, now_ms, a, view_out, err);
}

static int faulty_commit(void *self, const struct driver_turn *t, enum commit_result *result_out,
			 bool *inline_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(&plan, f->inner->commit(f->self, t, result_out, inline_out, err), err);
}

static int faulty_reply_load(void *self, const char *contact, const char *external_id,
			     struct arena *a, enum reply_state *state_out, struct str *box_out,
			     struct err *err)
{
	struct faulty *f = self;

	return f->inner->reply_load(f->self, contact, external_id, a, state_out, box_out, err);
}

static int faulty_reply_decide(void *self, const char *contact, const char *external_id,
			       struct str box, struct arena *a, enum reply_state *state_out,
			       struct str *box_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(&plan,
		     f->inner->reply_decide(f->self, contact, external_id, box, a, state_out,
					    box_out, err),
		     err);
}

static int faulty_reply_divert(void *self, const char *contact, const char *external_id,
			       struct str notice_box, const struct driver_outbound *rows,
			       size_t row_count, bool *done_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(&plan,
		     f->inner->reply_divert(f->self, contact, external_id, notice_box, rows,
					    row_count, done_out, err),
		     err);
}

static int faulty_calls_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max,
			      struct arena *a, struct call_due **due_out, size_t *count_out,
			      struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(
		&plan,
		f->inner->calls_claim(f->self, now_ms, lease_ms, max, a, due_out, count_out, err),
		err);
}

static int faulty_call_renew(void *self, const char *contact, const char *call_id, int64_t lease_ms,
			     struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(&plan, f->inner->call_renew(f->self, contact, call_id, lease_ms, err), err);
}

static int faulty_allow(void *self, const char *key, const char *member, unsigned limit,
			int64_t window_ms, int64_t now_ms, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(&plan, f->inner->allow(f->self, key, member, limit, window_ms, now_ms, err),
		     err);
}

static int faulty_outbox_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max,
			       struct arena *a, struct driver_outbound **rows_out,
			       size_t *count_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(
		&plan,
		f->inner->outbox_claim(f->self, now_ms, lease_ms, max, a, rows_out, count_out, err),
		err);
}

static int faulty_outbox_settle(void *self, const struct driver_outbound *row, int64_t now_ms,
				struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(&plan, f->inner->outbox_settle(f->self, row, now_ms, err), err);
}

static int faulty_status_apply(void *self, const char *contact, const char *our_id,
			       const char *external_id, enum status status, int error_code,
			       int64_t now_ms, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(&plan,
		     f->inner->status_apply(f->self, contact, our_id, external_id, status,
					    error_code, now_ms, err),
		     err);
}

static int faulty_outbox_get(void *self, const char *contact, const char *id, struct arena *a,
			     struct driver_outbound *row_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->outbox_get(f->self, contact, id, a, row_out, err);
}

static int faulty_record_get(void *self, const char *type, const char *id, struct arena *a,
			     struct driver_record *record_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->record_get(f->self, type, id, a, record_out, err);
}

static int faulty_stats(void *self, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
			struct err *err)
{
	struct faulty *f = self;

	return f->inner->stats(f->self, now_ms, a, stats_out, err);
}

static int faulty_legacy_load(void *self, const char *contact, struct arena *a,
			      struct str *json_out, struct err *err)
{
	struct faulty *f = self;

	return f->inner->legacy_load(f->self, contact, a, json_out, err);
}

static int faulty_sweep(void *self, int64_t now_ms, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = next(f);

	if (before(&plan, err) < 0)
		return -1;
	return after(&plan, f->inner->sweep(f->self, now_ms, err), err);
}

static const struct store_driver driver_faulty = {
	.name = "faulty",
	.close = faulty_close,
	.ping = faulty_ping,
	.load = faulty_load,
	.commit = faulty_commit,
	.reply_load = faulty_reply_load,
	.reply_decide = faulty_reply_decide,
	.reply_divert = faulty_reply_divert,
	.calls_claim = faulty_calls_claim,
	.call_renew = faulty_call_renew,
	.allow = faulty_allow,
	.outbox_claim = faulty_outbox_claim,
	.outbox_settle = faulty_outbox_settle,
	.status_apply = faulty_status_apply,
	.outbox_get = faulty_outbox_get,
	.record_get = faulty_record_get,
	.stats = faulty_stats,
	.legacy_load = faulty_legacy_load,
	.sweep = faulty_sweep,
};

int driver_faulty_wrap(const struct store_driver *inner, void *inner_self,
		       const struct store_driver **driver_out, void **self_out, struct err *err)
{
	struct faulty *f = mem_alloc(sizeof *f);

	if (pthread_mutex_init(&f->lock, NULL) != 0) {
		free(f);
		return err_set(err, ERR_TEMP, "store: no mutex");
	}
	f->inner = inner;
	f->self = inner_self;
	f->driver = driver_faulty;
	f->driver.name = inner->name;
	f->driver.remote = inner->remote;
	if (!inner->legacy_load)
		f->driver.legacy_load = NULL;
	*driver_out = &f->driver;
	*self_out = f;
	return 0;
}

void driver_faulty_plan(void *self, const struct faulty_plan *plan)
{
	struct faulty *f = self;

	pthread_mutex_lock(&f->lock);
	f->plan = *plan;
	pthread_mutex_unlock(&f->lock);
}
