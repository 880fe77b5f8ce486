/*
 * broadcast.c - opening, closing, and taking an order: POST /send-broadcast.
 */
#include "broadcast_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"

enum { WAIT_MS = 3000, WAIT_STEP_MS = 100, KEY_MAX = 255 };

int broadcaster_open(const struct broadcaster_settings *set, struct broadcaster **b_out,
		     struct err *err)
{
	struct broadcaster *b = mem_alloc(sizeof *b);

	b->set = *set;
	pthread_mutex_init(&b->lock, NULL);
	cond_init(&b->woken);
	cond_init(&b->news);
	if (pthread_create(&b->watcher, NULL, broadcaster_watch, b) != 0) {
		pthread_cond_destroy(&b->woken);
		pthread_cond_destroy(&b->news);
		pthread_mutex_destroy(&b->lock);
		free(b);
		return err_set(err, ERR_TEMP, "cannot start the thread of the broadcasts");
	}
	*b_out = b;
	return 0;
}

void broadcaster_close(struct broadcaster **broadcaster)
{
	struct broadcaster *b = *broadcaster;

	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->stopping = true;
	(void)pthread_cond_broadcast(&b->woken);
	(void)pthread_cond_broadcast(&b->news);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->watcher, NULL);
	while (b->watched) {
		struct broadcaster_watched *w = b->watched;

		b->watched = w->next;
		free(w);
	}
	pthread_cond_destroy(&b->woken);
	pthread_cond_destroy(&b->news);
	pthread_mutex_destroy(&b->lock);
	free(b);
	*broadcaster = NULL;
}

void broadcaster_look(struct broadcaster *b, struct broadcaster_state *state_out)
{
	pthread_mutex_lock(&b->lock);
	*state_out = b->state;
	pthread_mutex_unlock(&b->lock);
}

/* ---- the order ---- */

static int check_key(const char *key, const char **field_out, struct err *err)
{
	size_t n = strlen(key);
	bool printable = true;

	for (size_t i = 0; i < n; i++)
		printable &= key[i] > ' ' && key[i] < 0x7f;
	if (n <= KEY_MAX && printable)
		return 0;
	*field_out = "Idempotency-Key";
	return err_set(err, ERR_INPUT,
		       "Idempotency-Key holds a blank, a character outside of ASCII, or more than "
		       "%d characters; write a new random id for each broadcast",
		       KEY_MAX);
}

/* Tells a repeat from another order with the same key. */
static const char *digest_of(const struct broadcaster_order *o, struct arena *a)
{
	uint8_t digest[SHA256_SIZE];
	char *hex = arena_alloc(a, 2 * SHA256_SIZE + 1);
	const char *all = arena_printf(a, "%zu:%s%zu:%s%s:%lld:%s", strlen(o->message), o->message,
				       strlen(o->target_step), o->target_step, o->content_sid,
				       (long long)o->send_at_ms, o->content_variables);

	sha256(str_of(all), digest);
	hex_encode(digest, sizeof digest, hex);
	return hex;
}

static struct broadcast row_of(const struct broadcaster_order *o, const char *key, int64_t now_ms,
			       struct arena *a)
{
	struct broadcast row = { .state = BROADCAST_RUNNING,
				 .why = "",
				 .target_step = o->target_step,
				 .message = o->message,
				 .content_sid = o->content_sid,
				 .content_variables = o->content_variables,
				 .request_key = key,
				 .request_digest = digest_of(o, a),
				 .created_ms = now_ms,
				 .send_at_ms = o->send_at_ms,
				 .cursor = "" };

	id_random(row.id);
	return row;
}

static const char *audit_detail(const struct broadcaster_order *o, struct arena *a)
{
	char at[CLOCK_ISO_SIZE] = "at once";

	if (o->send_at_ms)
		clock_format_iso(o->send_at_ms, at);
	return arena_printf(a, "%s%s, %s", *o->target_step ? "step " : "everyone", o->target_step,
			    at);
}

/* *row becomes the one that the key was used for, if it is the same request. */
static int take_former(const struct broadcast *before, struct broadcast *row,
		       const char **field_out, struct err *err)
{
	if (strcmp(before->request_digest, row->request_digest) != 0) {
		*field_out = "Idempotency-Key";
		return err_set(err, ERR_PERM,
			       "Idempotency-Key was used for another broadcast; use a new one, or "
			       "repeat that request unchanged");
	}
	*row = *before;
	return 0;
}

static int create(struct broadcaster *b, const struct broadcaster_order *o,
		  const struct broadcaster_request *rq, struct broadcast *row,
		  const char **field_out, struct err *err)
{
	struct arena *a = rq->arena;
	const struct audit_entry audit = { .at_ms = row->created_ms,
					   .action = "broadcast.create",
					   .object = row->id,
					   .detail = audit_detail(o, a),
					   .request_id = rq->request_id };
	struct broadcast before;
	int got = store_broadcast_create(b->set.store, row, &audit, a, &before, err);

	if (got < 0)
		return err_below(err);
	if (got == 1) {
		log_info("broadcast accepted", LOG_S("broadcast", row->id),
			 LOG_S("detail", audit.detail));
		return 0;
	}
	return take_former(&before, row, field_out, err);
}

/* What is refused now may have been accepted before: 1 it was, 0 it was not, -1 the store. */
static int was_accepted(struct broadcaster *b, const struct broadcaster_order *o,
			const struct broadcaster_request *rq, struct err *err)
{
	struct broadcast before;
	int got;

	if (!o->whole || o->dry_run || !*rq->key)
		return 0;
	got = store_broadcast_find(b->set.store, rq->key, rq->arena, &before, err);
	if (got <= 0)
		return got < 0 ? err_below(err) : 0;
	return strcmp(before.request_digest, digest_of(o, rq->arena)) == 0;
}

/* Until it is planned, for a few seconds at most; *row is as it is then. */
static int wait_for_plan(struct broadcaster *b, struct broadcast *row, struct arena *a,
			 struct err *err)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	char id[ID_HEX_SIZE];
	bool more = true;

	memcpy(id, row->id, sizeof id);
	broadcaster_wake(b);
	while (more) {
		int got = store_broadcast_get(b->set.store, id, a, row, err);

		if (got <= 0)
			return got < 0 ? -1 : err_set(err, ERR_BUG, "a broadcast has vanished");
		if (row->planned_ms || row->state != BROADCAST_RUNNING)
			return 0;
		pthread_mutex_lock(&b->lock);
		(void)cond_wait_until(&b->news, &b->lock, clock_mono_ms() + WAIT_STEP_MS);
		more = !b->stopping && clock_mono_ms() < until;
		pthread_mutex_unlock(&b->lock);
	}
	return 0;
}

/* ---- the answer ---- */

static void write_answer(struct broadcaster *b, const struct broadcast *row, bool dry_run,
			 const struct broadcaster_progress *p, struct buf *out)
{
	int64_t recipients = p->audience - p->outcomes[OUTCOME_SKIPPED];
	bool planning = !dry_run && !row->planned_ms;
	struct json_writer w;
	struct buf text;

	buf_init(&text, 256);
	json_begin(&w, out);
	json_object(&w, NULL);
	(void)buf_addf(&text, "%s: %lld recipient%s%s, %lld skipped",
		       dry_run ? "nothing was sent" : "broadcast accepted", (long long)recipients,
		       recipients == 1 ? "" : "s", planning ? " so far" : "",
		       (long long)p->outcomes[OUTCOME_SKIPPED]);
	json_add_text(&w, "message", text.data);
	if (dry_run)
		json_add_bool(&w, "dry_run", true);
	else
		json_add_text(&w, "broadcast_id", row->id);
	json_add_int(&w, "recipient_count", recipients);
	broadcaster_write_skipped(&w, p);
	if (!dry_run) {
		buf_reset(&text);
		(void)buf_addf(&text, "/broadcasts/%s", row->id);
		json_add_text(&w, "status_url", text.data);
	}
	json_add_bool(&w, "planning", planning);
	broadcaster_write_time(&w, "expected_finish", broadcaster_expected(b, row, p));
	broadcaster_write_time(&w, "timestamp", clock_now_ms(b->set.clock));
	json_end(&w);
	buf_free(&text);
}

/* How many there are of each kind, as far as it is planned. */
static int outcomes(struct broadcaster *b, struct broadcast *row, bool dry_run, struct arena *a,
		    struct broadcast_count **list_out, size_t *count_out, struct err *err)
{
	if (dry_run)
		return broadcaster_plan_dry(b, row, list_out, count_out, a, err);
	if (wait_for_plan(b, row, a, err) < 0)
		return -1;
	return store_broadcast_counts(b->set.store, row->id, a, list_out, count_out, err);
}

static int send_order(struct broadcaster *b, const struct broadcaster_order *o,
		      const struct broadcaster_request *rq, struct buf *out, const char **field_out,
		      struct err *err)
{
	struct arena *a = rq->arena;
	struct broadcast row = row_of(o, rq->key, clock_now_ms(b->set.clock), a);
	struct broadcast_count *list = NULL;
	struct broadcaster_progress p;
	size_t count = 0;

	if (!o->dry_run && create(b, o, rq, &row, field_out, err) < 0)
		return -1;
	if (outcomes(b, &row, o->dry_run, a, &list, &count, err) < 0)
		return err_below(err);
	broadcaster_count_up(list, count, row.state == BROADCAST_CANCELLED, &p);
	write_answer(b, &row, o->dry_run, &p, out);
	return o->dry_run ? 200 : 202;
}

int broadcaster_send(struct broadcaster *b, const struct broadcaster_request *rq, struct buf *out,
		     const char **field_out, struct err *err)
{
	struct broadcaster_order order = { .whole = false };
	struct bot *bot = conversation_bot(b->set.conversation);
	int ret;

	*field_out = "";
	ret = check_key(rq->key, field_out, err);
	if (ret == 0)
		ret = broadcaster_read_order(rq->body, bot->flow, b->set.settings,
					     clock_now_ms(b->set.clock), rq->arena, &order,
					     field_out, err);
	bot_release(&bot);
	if (ret < 0) {
		struct err trouble = { 0 };
		int former = was_accepted(b, &order, rq, &trouble);

		if (former < 0) {
			*field_out = "";
			return err_set(err, trouble.kind, "%s", trouble.text);
		}
		if (former == 0)
			return -1;
	}
	return send_order(b, &order, rq, out, field_out, err);
}
