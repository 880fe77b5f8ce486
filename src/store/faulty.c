/*
 * faulty.c - wraps a driver and fails its writes on cue.
 *
 * Reads always pass. A plan counts writes of all threads together. Without a
 * plan it is the inner driver, so the contract test runs over it as well. The
 * functions of the queues are in faulty_outbox.c and faulty_broadcast.c.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "faulty_private.h"

/* What happens to this write; counts it. */
struct faulty_plan faulty_next(struct faulty *f)
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

int faulty_before(const struct faulty_plan *p, struct err *err)
{
	if (p->when == FAULT_BEFORE)
		return err_set(err, p->kind, "store: failed on cue, nothing was done");
	return 0;
}

int faulty_after(const struct faulty_plan *p, int ret, struct err *err)
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
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->commit(f->self, t, result_out, inline_out, err), err);
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
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan,
			    f->inner->reply_decide(f->self, contact, external_id, box, a, state_out,
						   box_out, err),
			    err);
}

static int faulty_reply_divert(void *self, const char *contact, const char *external_id,
			       struct str notice_box, const struct driver_outbound *rows,
			       size_t row_count, bool *done_out, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan,
			    f->inner->reply_divert(f->self, contact, external_id, notice_box, rows,
						   row_count, done_out, err),
			    err);
}

static int faulty_calls_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max,
			      struct arena *a, struct call_due **due_out, size_t *count_out,
			      struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(
		&plan,
		f->inner->calls_claim(f->self, now_ms, lease_ms, max, a, due_out, count_out, err),
		err);
}

static int faulty_call_renew(void *self, const char *contact, const char *call_id, int64_t lease_ms,
			     struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->call_renew(f->self, contact, call_id, lease_ms, err),
			    err);
}

static int faulty_allow(void *self, const char *key, const char *member, unsigned limit,
			int64_t window_ms, int64_t now_ms, struct err *err)
{
	struct faulty *f = self;
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(
		&plan, f->inner->allow(f->self, key, member, limit, window_ms, now_ms, err), err);
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
	struct faulty_plan plan = faulty_next(f);

	if (faulty_before(&plan, err) < 0)
		return -1;
	return faulty_after(&plan, f->inner->sweep(f->self, now_ms, err), err);
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
	.outbox_replace = faulty_outbox_replace,
	.outbox_unpark = faulty_outbox_unpark,
	.status_claim = faulty_status_claim,
	.rate_take = faulty_rate_take,
	.rate_slow = faulty_rate_slow,
	.consent_add = faulty_consent_add,
	.consent_list = faulty_consent_list,
	.trouble_set = faulty_trouble_set,
	.audit_add = faulty_audit_add,
	.audit_list = faulty_audit_list,
	.broadcast_create = faulty_broadcast_create,
	.broadcast_get = faulty_broadcast_get,
	.broadcast_find = faulty_broadcast_find,
	.broadcast_change = faulty_broadcast_change,
	.broadcast_list = faulty_broadcast_list,
	.broadcast_counts = faulty_broadcast_counts,
	.audience_page = faulty_audience_page,
	.recipients_add = faulty_recipients_add,
	.recipients_page = faulty_recipients_page,
	.record_get = faulty_record_get,
	.record_list = faulty_record_list,
	.record_change = faulty_record_change,
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
	if (!inner->rate_take) {
		f->driver.rate_take = NULL;
		f->driver.rate_slow = NULL;
	}
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
