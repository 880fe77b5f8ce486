/*
 * pages.c - pages of the audience as rows, and a thread that reads some ahead of the one written.
 *
 * Store and planner are busy at the same time so; they would wait for each
 * other otherwise. What was read ahead and is not wanted any more is thrown
 * away: pages are read again from where the last written one ended.
 */
#include "broadcast_private.h"

#include "base/cond.h"

enum { READER_WAIT_MS = 1000 }; /* then it looks again whether it was woken */

int broadcaster_maker_open(struct broadcaster_maker *m, struct broadcaster *b,
			   const struct broadcast *row, struct err *err)
{
	const char *field;

	*m = (struct broadcaster_maker){ .b = b, .row = row };
	if (broadcaster_letter_open(row->message, row->content_variables, NULL, NULL, &m->arena,
				    &m->letter, &field, err) < 0) {
		arena_free(&m->arena);
		return -1;
	}
	m->bot = conversation_bot(b->set.conversation);
	(void)broadcaster_heard(b, &m->received);
	return 0;
}

void broadcaster_maker_close(struct broadcaster_maker *m)
{
	broadcaster_letter_close(&m->letter);
	bot_release(&m->bot);
	arena_free(&m->arena);
}

int broadcaster_make_page(struct broadcaster_maker *m, const char **cursor, struct arena *a,
			  struct outbound **rows_out, size_t *count_out, struct err *err)
{
	struct broadcaster *b = m->b;
	const struct broadcaster_plan plan = {
		.broadcast = m->row,
		.letter = &m->letter,
		.flow = m->bot->flow,
		.settings = b->set.settings,
		.channel = channel_name(b->set.channel),
		.sandbox_sender = b->set.sandbox_sender,
		.now_ms = clock_now_ms(b->set.clock),
	};
	struct audience_member *list = NULL;
	unsigned most =
		broadcaster_heard(b, &m->received) ? BROADCASTER_PAGE_BUSY : BROADCASTER_PAGE;

	if (store_audience_page(b->set.store, m->row->target_step, *cursor, most,
				m->letter.uses_values, plan.now_ms, a, &list, count_out, cursor,
				err) < 0)
		return -1;
	*rows_out = arena_array(a, *count_out, sizeof **rows_out);
	for (size_t i = 0; i < *count_out; i++)
		broadcaster_plan_row(&plan, &list[i], a, &(*rows_out)[i]);
	return 0;
}

/* ---- reading ahead ---- */

/* The place of the next page: nobody else looks at it before it is counted. */
static struct broadcaster_page *next_place(struct broadcaster_reader *r)
{
	struct broadcaster_page *p = &r->pages[(r->first + r->count) % BROADCASTER_AHEAD];

	*p = (struct broadcaster_page){ .cursor = r->cursor };
	return p;
}

static void finish_page(struct broadcaster_reader *r, struct broadcaster_page *p)
{
	r->cursor = arena_strdup(&r->cursors, p->ret == 0 ? p->cursor : "");
	r->over = !*r->cursor;
	r->count++;
	(void)pthread_cond_broadcast(&r->changed);
}

static void make_page(struct broadcaster_reader *r, struct broadcaster_page *p)
{
	p->ret = broadcaster_make_page(r->maker, &p->cursor, &p->a, &p->rows, &p->count, &p->err);
}

static void *read_all(void *reader)
{
	struct broadcaster_reader *r = reader;
	struct broadcaster_page *p;

	pthread_mutex_lock(&r->lock);
	while (!r->closing && !r->over) {
		if (r->count == BROADCASTER_AHEAD) {
			(void)cond_wait_until(&r->changed, &r->lock,
					      clock_mono_ms() + READER_WAIT_MS);
			continue;
		}
		p = next_place(r);
		pthread_mutex_unlock(&r->lock);
		make_page(r, p);
		pthread_mutex_lock(&r->lock);
		finish_page(r, p);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

void broadcaster_reader_open(struct broadcaster_reader *r, struct broadcaster_maker *maker,
			     const char *cursor)
{
	*r = (struct broadcaster_reader){ .maker = maker };
	r->cursor = arena_strdup(&r->cursors, cursor);
	pthread_mutex_init(&r->lock, NULL);
	cond_init(&r->changed);
	r->runs = pthread_create(&r->thread, NULL, read_all, r) == 0;
}

void broadcaster_reader_close(struct broadcaster_reader *r)
{
	pthread_mutex_lock(&r->lock);
	r->closing = true;
	(void)pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	if (r->runs)
		pthread_join(r->thread, NULL);
	while (r->count > 0)
		broadcaster_page_done(r);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	arena_free(&r->cursors);
}

const struct broadcaster_page *broadcaster_page_wait(struct broadcaster_reader *r)
{
	struct broadcaster_page *p;

	pthread_mutex_lock(&r->lock);
	if (!r->runs) { /* no thread: not ahead, but read all the same */
		p = next_place(r);
		make_page(r, p);
		finish_page(r, p);
	}
	while (r->count == 0)
		(void)cond_wait_until(&r->changed, &r->lock, clock_mono_ms() + READER_WAIT_MS);
	p = &r->pages[r->first];
	pthread_mutex_unlock(&r->lock);
	return p;
}

void broadcaster_page_done(struct broadcaster_reader *r)
{
	pthread_mutex_lock(&r->lock);
	arena_free(&r->pages[r->first].a);
	r->first = (r->first + 1) % BROADCASTER_AHEAD;
	r->count--;
	(void)pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}
