/*
 * fault.c - the list of faults, their one shape, and "did you mean".
 */
#include "fault_private.h"

#include <string.h>

void flow_faults_free(struct flow_faults *f)
{
	arena_free(&f->arena);
	*f = (struct flow_faults){ .count = 0 };
}

static const char *copy(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, text) : "";
}

void flow_fault_add(struct flow_faults *f, enum flow_severity severity, struct flow_spot place,
		    const char *what, const char *cure)
{
	if (severity == FLOW_ERROR)
		f->errors++;
	if (f->count == FLOW_MAX_FAULTS)
		return;
	if (f->count == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 8;
		struct flow_fault *list = arena_array(&f->arena, cap, sizeof *list);

		if (f->count)
			memcpy(list, f->list, f->count * sizeof *list);
		f->list = list;
		f->cap = cap;
	}
	f->list[f->count++] = (struct flow_fault){
		.severity = severity,
		.file = copy(&f->arena, place.file),
		.line = place.line,
		.step = copy(&f->arena, place.step),
		.field = copy(&f->arena, place.field),
		.what = copy(&f->arena, what),
		.cure = copy(&f->arena, cure),
	};
}

int flow_fault_format(const struct flow_fault *f, struct buf *out)
{
	(void)buf_adds(out, f->file);
	if (f->line)
		(void)buf_addf(out, ":%u", f->line);
	(void)buf_adds(out, ": ");
	if (*f->step)
		(void)buf_addf(out, "step %s", f->step);
	if (*f->field)
		(void)buf_addf(out, "%sfield %s", *f->step ? ", " : "", f->field);
	if (*f->step || *f->field)
		(void)buf_adds(out, ": ");
	(void)buf_adds(out, f->what);
	if (*f->cure)
		(void)buf_addf(out, "; %s", f->cure);
	return out->full ? -1 : 0;
}

enum { WORD_MAX = 40 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits between two words (insert, remove, replace), by bytes. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[nb];
}

const char *flow_nearest(const char *typed, const char *const *names, size_t count)
{
	unsigned best = strlen(typed) > 4 ? 3 : 2; /* first distance that is too far */
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned d = distance(typed, names[i]);

		if (d < best) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest;
}
