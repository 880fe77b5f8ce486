/*
 * sqlite_steps.c - how many sessions stand at which step.
 *
 * Triggers count sessions that come and go. Nearly every turn moves one, and many of a group move
 * between the same few steps: those are added up and written once, at the end of their savepoint.
 */
#include "sqlite_private.h"

#include <string.h>

enum { LINES = sizeof((struct sqlite_steps *)NULL)->lines / sizeof(struct sqlite_steps_line) };

static int write_line(struct sqlite_conn *c, const struct sqlite_steps_line *l, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(c, SQL_STEP_MOVE, err);

	if (!q)
		return -1;
	sqlite_bind(q, 1, l->at.step);
	sqlite_bind_int(q, 2, l->at.completed);
	sqlite_bind_int(q, 3, l->more);
	return sqlite_run(c, q, err);
}

int sqlite_steps_write(struct sqlite_conn *c, struct err *err)
{
	struct sqlite_steps *s = &c->steps;

	for (size_t i = 0; i < s->n; i++)
		if (s->lines[i].more != 0 && write_line(c, &s->lines[i], err) < 0)
			return -1;
	s->n = 0;
	return 0;
}

static bool same_place(const struct sqlite_place *a, const struct sqlite_place *b)
{
	return a->completed == b->completed && strcmp(a->step, b->step) == 0;
}

static void count(struct sqlite_steps *s, const struct sqlite_place *at, int more)
{
	struct sqlite_steps_line *l = s->lines;

	while (l < s->lines + s->n && !same_place(&l->at, at))
		l++;
	if (l == s->lines + s->n) {
		s->n++;
		*l = (struct sqlite_steps_line){ .at = *at };
	}
	l->more += more;
}

int sqlite_steps_move(struct sqlite_conn *c, const struct sqlite_place *from,
		      const struct sqlite_place *to, struct err *err)
{
	if (same_place(from, to))
		return 0;
	if (c->steps.n + 2 > LINES && sqlite_steps_write(c, err) < 0)
		return -1;
	count(&c->steps, from, -1);
	count(&c->steps, to, 1);
	return 0;
}

void sqlite_place_set(struct sqlite_place *p, const char *step, bool completed)
{
	*p = (struct sqlite_place){ .completed = completed };
	memcpy(p->step, step, strnlen(step, sizeof p->step - 1)); /* the guard knows the limit */
}
