/*
 * sample.c - reads a pattern to a tree and walks it once per sample.
 */
#include "sample_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
	MAX_DEPTH = 20,
	MAX_REPEAT = 1000,
	SAMPLE_MAX = 4000,
	ENDLESS_REPEATS = 3, /* more than the fewest, of a repetition without an end */
};

enum pattern_kind { PATTERN_SET, PATTERN_TEXT, PATTERN_ROW, PATTERN_EITHER };

struct pattern {
	enum pattern_kind kind;
	bool set[128];	  /* SET: of ASCII */
	const char *text; /* TEXT: a character that is not ASCII */
	size_t low;	  /* repetitions */
	size_t high;	  /* SIZE_MAX: without end */
	struct pattern *first;
	struct pattern *last;
	struct pattern *next;
};

struct reader {
	const char *p;
	struct arena *a;
	unsigned depth;
	bool beyond; /* something that is not known here */
};

static struct pattern *new_pattern(struct reader *r, enum pattern_kind kind)
{
	struct pattern *p = arena_alloc(r->a, sizeof *p);

	p->kind = kind;
	p->low = p->high = 1;
	return p;
}

static void append(struct pattern *parent, struct pattern *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

/* ---- sets ---- */

static void add_range(struct pattern *p, unsigned char low, unsigned char high)
{
	for (unsigned c = low; c <= high && c < 128; c++)
		p->set[c] = true;
}

static void invert(struct pattern *p)
{
	for (unsigned c = 0; c < 128; c++)
		p->set[c] = c >= ' ' && c < 127 && !p->set[c];
}

/* Behind a backslash. False: no class of characters. */
static bool add_class(struct pattern *p, char name)
{
	struct pattern all = { .low = 1 };

	switch (name) {
	case 'd':
	case 'D':
		add_range(&all, '0', '9');
		break;
	case 'w':
	case 'W':
		add_range(&all, 'A', 'Z');
		add_range(&all, 'a', 'z');
		add_range(&all, '0', '9');
		add_range(&all, '_', '_');
		break;
	case 's':
	case 'S':
		add_range(&all, ' ', ' ');
		break;
	default:
		return false;
	}
	if (name < 'a')
		invert(&all);
	for (unsigned c = 0; c < 128; c++)
		p->set[c] = p->set[c] || all.set[c];
	return true;
}

/* A letter behind a backslash that is no class means something that is not known here. */
static char plain(struct reader *r)
{
	char c = *r->p;

	if (c == '\\') {
		c = r->p[1] ? *++r->p : '\0';
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			r->beyond = true;
	}
	if ((unsigned char)c >= 128 || !c)
		r->beyond = true;
	r->p += *r->p != '\0';
	return c;
}

static struct pattern *read_set(struct reader *r)
{
	struct pattern *p = new_pattern(r, PATTERN_SET);
	bool inverted = r->p[1] == '^', first = true;

	r->p += 1 + inverted;
	for (; *r->p && (*r->p != ']' || first) && !r->beyond; first = false) {
		char low;

		if (r->p[0] == '[' && r->p[1] == ':') {
			r->beyond = true;
			break;
		}
		if (r->p[0] == '\\' && add_class(p, r->p[1])) {
			r->p += 2;
			continue;
		}
		low = plain(r);
		if (r->p[0] == '-' && r->p[1] && r->p[1] != ']') {
			r->p++;
			add_range(p, (unsigned char)low, (unsigned char)plain(r));
		} else {
			add_range(p, (unsigned char)low, (unsigned char)low);
		}
	}
	r->p += *r->p == ']';
	if (inverted)
		invert(p);
	return p;
}

/* ---- one part ---- */

static struct pattern *read_either(struct reader *r);

static struct pattern *read_group(struct reader *r)
{
	struct pattern *p;

	r->p++;
	if (r->p[0] == '?' && r->p[1] == ':')
		r->p += 2;
	else if (*r->p == '?')
		r->beyond = true;
	if (++r->depth > MAX_DEPTH)
		r->beyond = true;
	p = r->beyond ? new_pattern(r, PATTERN_ROW) : read_either(r);
	r->depth--;
	if (*r->p == ')')
		r->p++;
	else
		r->beyond = true;
	return p;
}

static struct pattern *read_letter(struct reader *r)
{
	unsigned char c = (unsigned char)*r->p;
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	struct pattern *p;

	if (c < 128) {
		p = new_pattern(r, PATTERN_SET);
		if (r->p[0] == '\\' && add_class(p, r->p[1]))
			r->p += 2;
		else
			p->set[plain(r) & 127] = true;
		return p;
	}
	p = new_pattern(r, PATTERN_TEXT);
	p->text = arena_strndup(r->a, r->p, strnlen(r->p, n));
	r->p += strlen(p->text);
	return p;
}

static struct pattern *read_part(struct reader *r)
{
	struct pattern *p;

	switch (*r->p) {
	case '[':
		return read_set(r);
	case '(':
		return read_group(r);
	case '.':
		r->p++;
		p = new_pattern(r, PATTERN_SET);
		add_range(p, 'a', 'z');
		return p;
	case '^':
	case '$':
		r->p++;
		return new_pattern(r, PATTERN_ROW);
	default:
		return read_letter(r);
	}
}

static void read_repeats(struct reader *r, struct pattern *p)
{
	char *behind;

	if (*r->p == '?') {
		p->low = 0;
	} else if (*r->p == '*' || *r->p == '+') {
		p->low = *r->p == '+';
		p->high = SIZE_MAX;
	} else if (*r->p == '{' && r->p[1] >= '0' && r->p[1] <= '9') {
		p->low = p->high = strtoul(r->p + 1, &behind, 10);
		if (*behind == ',') {
			bool endless = behind[1] == '}';

			p->high = endless ? SIZE_MAX : strtoul(behind + 1, &behind, 10);
			behind += endless;
		}
		if (*behind != '}' || p->low > MAX_REPEAT || p->low > p->high)
			r->beyond = true;
		r->p = behind - (*behind == '\0');
	} else {
		return;
	}
	r->p++;
	r->p += *r->p == '?' || *r->p == '+'; /* how greedy does not matter */
}

static struct pattern *read_row(struct reader *r)
{
	struct pattern *row = new_pattern(r, PATTERN_ROW);

	while (*r->p && *r->p != '|' && *r->p != ')' && !r->beyond) {
		struct pattern *part = read_part(r);

		read_repeats(r, part);
		append(row, part);
	}
	return row;
}

static struct pattern *read_either(struct reader *r)
{
	struct pattern *either = new_pattern(r, PATTERN_EITHER);

	append(either, read_row(r));
	while (*r->p == '|' && !r->beyond) {
		r->p++;
		append(either, read_row(r));
	}
	return either;
}

const struct pattern *scenario_pattern_read(const char *text, struct arena *a)
{
	struct reader r = { text, a, 0, false };
	const struct pattern *p = text ? read_either(&r) : NULL;

	return !text || r.beyond || *r.p ? NULL : p;
}

/* ---- lengths ---- */

static size_t times(size_t one, size_t many)
{
	if (!one || !many)
		return 0;
	return one > SIZE_MAX / many ? SIZE_MAX : one * many;
}

static size_t plus(size_t one, size_t other)
{
	return one > SIZE_MAX - other ? SIZE_MAX : one + other;
}

static size_t length_of(const struct pattern *p, bool longest)
{
	size_t n = p->kind == PATTERN_SET || p->kind == PATTERN_TEXT ? 1 : 0;

	for (const struct pattern *c = p->first; c; c = c->next) {
		size_t one = length_of(c, longest);

		if (p->kind == PATTERN_ROW)
			n = plus(n, one);
		else if (c == p->first || (longest ? one > n : one < n))
			n = one;
	}
	return times(n, longest ? p->high : p->low);
}

size_t scenario_pattern_shortest(const struct pattern *p)
{
	return length_of(p, false);
}

size_t scenario_pattern_longest(const struct pattern *p)
{
	return length_of(p, true);
}

/* ---- samples ---- */

struct sampler {
	struct buf out;
	size_t left; /* characters beyond the fewest */
	unsigned drawn;
	bool longer;
};

/* Digits and letters first; another one each time. */
static char draw(struct sampler *s, const struct pattern *p)
{
	static const char order[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0";
	char fitting[128];
	size_t n = 0;

	for (size_t i = 0; order[i]; i++) {
		if (p->set[(unsigned char)order[i]])
			fitting[n++] = order[i];
	}
	for (unsigned c = ' '; c < 127 && !n; c++) {
		if (p->set[c])
			fitting[n++] = (char)c;
	}
	return n ? fitting[n > 1 ? s->drawn++ % n : 0] : '?';
}

static void sample(struct sampler *s, const struct pattern *p);

static void sample_once(struct sampler *s, const struct pattern *p)
{
	const struct pattern *best = p->first;

	switch (p->kind) {
	case PATTERN_SET:
		(void)buf_addc(&s->out, draw(s, p));
		return;
	case PATTERN_TEXT:
		(void)buf_adds(&s->out, p->text);
		return;
	case PATTERN_ROW:
		for (const struct pattern *c = p->first; c; c = c->next)
			sample(s, c);
		return;
	case PATTERN_EITHER:
		for (const struct pattern *c = p->first; c; c = c->next) {
			if (length_of(c, false) < length_of(best, false))
				best = c;
		}
		sample(s, best);
	}
}

static void sample(struct sampler *s, const struct pattern *p)
{
	size_t count = p->low;

	if (s->longer && p->high > p->low) {
		struct pattern once = *p;
		size_t more = p->high == SIZE_MAX ? ENDLESS_REPEATS : p->high - p->low, one;

		once.low = 1;
		one = length_of(&once, false);
		one = one ? one : 1;
		more = more > s->left / one ? s->left / one : more;
		s->left -= more * one;
		count += more;
	}
	while (count--)
		sample_once(s, p);
}

const char *scenario_pattern_sample(const struct pattern *p, bool longer, size_t most,
				    struct arena *a)
{
	struct sampler s = { .longer = longer };
	size_t shortest = length_of(p, false);
	const char *text = NULL;

	s.left = most > shortest ? most - shortest : 0;
	buf_init(&s.out, SAMPLE_MAX);
	sample(&s, p);
	if (!s.out.full)
		text = arena_strndup(a, s.out.data, s.out.len);
	buf_free(&s.out);
	return text;
}
