/*
 * generate_state.c - keeps the fake world as it is, and goes back to it.
 */
#include <string.h>

#include "base/crypto.h"
#include "generate_private.h"

enum {
	SIGN_MAX = 65536,
	RECORDS_MATTER = 2,
	CALLS_MATTER = 2, /* that were given up */
	STUCK_AFTER = 3,  /* what the language says when the pack does not */
	WRONG_MOST = 100,
};

int scenario_state_open(struct generator *g, struct scenario_fault *fault)
{
	static const char nothing[] = "> hi\n";

	g->stage = arena_alloc(g->a, sizeof *g->stage);
	g->goal_steps = arena_array(g->a, GENERATE_MAX_GOALS, sizeof *g->goal_steps);
	g->states =
		arena_array(g->a, GENERATE_MAX_STATES + GENERATE_NEAR_STATES, sizeof *g->states);
	if (scenario_parse("generated.chat", str_of(nothing), g->a, &g->base, fault) < 0 ||
	    stage_open(g->stage, g->base, g->flow, &g->cover, g->a, fault) < 0)
		return -1;
	g->words = (g->cover.count + GENERATE_MAX_GOALS) / 64 + 1;
	g->passed = arena_array(g->a, g->words, sizeof *g->passed);
	(void)scenario_state_keep(g, 0, NULL);
	return 0;
}

/* ---- which values matter ---- */

static bool is_watched(const struct generator *g, const char *name)
{
	for (size_t i = 0; i < g->watched_count; i++) {
		if (strcmp(g->watched[i], name) == 0)
			return true;
	}
	return false;
}

static void watch(struct generator *g, const char *name)
{
	const struct node *values = scenario_source_get(g->root, "values");

	if (scenario_source_get(values, name) && !is_watched(g, name))
		g->watched[g->watched_count++] = scenario_source_get(values, name)->key;
}

/* {"is": {"size": "large"}}, {"less": {"a": "b"}} */
static void watch_conditions(struct generator *g, const struct node *n)
{
	static const char *const keys[] = { "is", "less", "more", "at_least", "at_most" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct node *c = scenario_source_get(n, keys[i]);

		for (c = c ? c->first : NULL; c; c = c->next) {
			watch(g, c->key);
			if (c->kind == NODE_TEXT)
				watch(g, c->text);
		}
	}
	for (const struct node *c = n->first; c; c = c->next)
		watch_conditions(g, c);
}

/* What a watched value is made from matters as well. */
static void watch_sources(struct generator *g, const struct node *n)
{
	static const char *const keys[] = { "add", "copy", "of" };
	const struct node *set = scenario_source_get(n, "set");

	for (const struct node *s = set ? set->first : NULL; s; s = s->next) {
		for (size_t i = 0; is_watched(g, s->key) && i < 3; i++)
			watch(g, scenario_source_text(s, keys[i], ""));
	}
	for (const struct node *c = n->first; c; c = c->next)
		watch_sources(g, c);
}

/* How many wrong answers in a row make a difference: to "stuck", or to a condition. */
static unsigned wrong_matter(const struct node *n)
{
	static const char *const keys[] = { "stuck_after", "@wrong" };
	unsigned most = scenario_source_get(n, "stuck") ? STUCK_AFTER : 0;

	for (size_t i = 0; i < 2; i++) {
		long long count = scenario_source_int(n, keys[i], 0) + 1;

		if (count > most && count > 1)
			most = count < WRONG_MOST ? (unsigned)count : WRONG_MOST;
	}
	for (const struct node *c = n->first; c; c = c->next) {
		unsigned inner = wrong_matter(c);

		most = inner > most ? inner : most;
	}
	return most;
}

static bool leads_back(const struct node *n)
{
	if (n->kind == NODE_TEXT && strcmp(n->text, "@back") == 0)
		return true;
	for (const struct node *c = n->first; c; c = c->next) {
		if (leads_back(c))
			return true;
	}
	return false;
}

void scenario_state_watch(struct generator *g)
{
	const struct node *values = scenario_source_get(g->root, "values");

	g->watched = arena_array(g->a, values ? values->count : 0, sizeof *g->watched);
	watch_conditions(g, g->root);
	for (int rounds = 0; rounds < 3; rounds++) /* sources of sources */
		watch_sources(g, g->root);
	g->goes_back = leads_back(g->root);
	g->wrong_matter = wrong_matter(g->root);
}

/* ---- what two states have in common ---- */

static void sign_records(const struct stage *st, struct buf *out)
{
	for (size_t i = st->record_count; i-- > 0;) {
		const struct stage_record *r = &st->records[i];
		unsigned later = 0;

		for (size_t k = i + 1; k < st->record_count; k++)
			later += strcmp(st->records[k].type, r->type) == 0 &&
				 strcmp(st->records[k].state, r->state) == 0;
		if (later < RECORDS_MATTER)
			(void)buf_addf(out, "\n%s=%s", r->type, r->state);
	}
}

static void sign_session(const struct generator *g, const struct session *s, struct buf *out)
{
	(void)buf_addf(out, "%s/%s/%d%d/%u/%s/%u/%s", s->step, s->language, s->completed, s->fresh,
		       s->wrong_answers < g->wrong_matter ? s->wrong_answers : g->wrong_matter,
		       *s->call.id ? s->call.name : "", s->reminded,
		       g->goes_back && s->trail ? s->trail : "");
	for (size_t i = 0; i < s->value_count; i++) {
		const char *name = s->values[i].name;

		(void)buf_addf(out, "\n%s %s", name, is_watched(g, name) ? s->values[i].text : "");
	}
}

uint64_t scenario_state_sign(const struct generator *g, const struct stage *st,
			     const char *must_call)
{
	struct buf out;
	uint64_t sign;
	size_t open = 0;

	buf_init(&out, SIGN_MAX);
	if (st->session)
		sign_session(g, st->session, &out);
	for (size_t i = 0; i < st->call_count; i++)
		open += !st->calls[i].end && open < CALLS_MATTER;
	(void)buf_addf(&out, "\n%d%d%s %zu %s", st->facts.known, st->facts.unfinished,
		       st->facts.language, open, must_call ? must_call : "");
	(void)buf_addf(&out, " %d", (int)st->facts.consent);
	sign_records(st, &out);
	sign = hash64((struct str){ out.data, out.len });
	buf_free(&out);
	return sign;
}

/* ---- keeping ---- */

static struct value *copy_fields(const struct value *from, struct arena *a)
{
	struct value *to = value_object(a);

	for (const struct value *v = from->first; v; v = v->next)
		value_add_text(a, to, arena_strdup(a, v->name),
			       (struct str){ arena_strndup(a, v->text.p, v->text.n), v->text.n });
	return to;
}

static struct stage_record copy_record(const struct stage_record *from, struct arena *a)
{
	struct stage_record to = *from;
	struct session_value *stored = arena_array(a, from->count, sizeof *stored);

	for (size_t i = 0; i < from->count; i++)
		stored[i] = (struct session_value){ arena_strdup(a, from->stored[i].name),
						    arena_strdup(a, from->stored[i].text) };
	to.type = arena_strdup(a, from->type);
	to.id = arena_strdup(a, from->id);
	to.state = arena_strdup(a, from->state);
	to.stored = stored;
	to.fields = copy_fields(from->fields, a);
	return to;
}

static struct stage_call copy_call(const struct stage_call *from, struct arena *a)
{
	struct stage_call to = *from;

	to.name = arena_strdup(a, from->name);
	to.id = arena_strdup(a, from->id);
	to.url = arena_strdup(a, from->url);
	to.step = arena_strdup(a, from->step);
	return to;
}

static void keep_world(struct generator *g, struct state *s)
{
	const struct stage *st = g->stage;

	s->session = st->session ? session_copy(st->session, g->a) : NULL;
	s->facts = st->facts;
	s->now_ms = st->env.now_ms;
	s->turns = st->turns;
	s->records = arena_array(g->a, st->record_count, sizeof *s->records);
	for (size_t i = 0; i < st->record_count; i++)
		s->records[s->record_count++] = copy_record(&st->records[i], g->a);
	s->calls = arena_array(g->a, st->call_count, sizeof *s->calls);
	for (size_t i = 0; i < st->call_count; i++) {
		if (!st->calls[i].end)
			s->calls[s->call_count++] = copy_call(&st->calls[i], g->a);
	}
}

size_t scenario_state_keep(struct generator *g, size_t parent, const struct move *move)
{
	struct state *s = &g->states[g->state_count], *before = &g->states[parent];

	if (g->state_count == GENERATE_MAX_STATES + (g->near ? GENERATE_NEAR_STATES : 0))
		return 0;
	*s = (struct state){ .parent = parent, .move = move };
	keep_world(g, s);
	s->passed = arena_array(g->a, g->words, sizeof *s->passed);
	if (move) {
		s->depth = before->depth + 1;
		for (size_t i = 0; i < g->words; i++)
			s->passed[i] = before->passed[i] | g->passed[i];
	}
	return g->state_count++;
}

/* ---- going back ---- */

void scenario_state_enter(struct generator *g, size_t state, struct arena *scratch)
{
	const struct state *s = &g->states[state];
	struct stage *st = g->stage;

	st->a = scratch;
	st->session = s->session ? session_copy(s->session, scratch) : NULL;
	st->facts = s->facts;
	st->env.now_ms = s->now_ms;
	st->turns = s->turns;
	st->record_count = s->record_count;
	for (size_t i = 0; i < s->record_count; i++)
		st->records[i] = copy_record(&s->records[i], scratch);
	st->call_count = s->call_count;
	if (s->call_count)
		memcpy(st->calls, s->calls, s->call_count * sizeof *st->calls);
	st->call_body = NULL;
	st->lookup = NULL;
}

int scenario_state_act(struct generator *g, const struct move *move, const struct act *next,
		       struct err *err)
{
	struct stage *st = g->stage;

	for (size_t i = 0; i < g->cover.count; i++)
		g->cover.list[i].passed = 0;
	memset(g->passed, 0, g->words * sizeof *g->passed);
	st->next = next;
	st->last = (struct flow_result){ .exit = "" };
	if (stage_reload(st, err) < 0 || stage_act(st, move->act, err) < 0)
		return -1;
	for (size_t i = 0; i < g->cover.count; i++) {
		if (g->cover.list[i].passed)
			place_put(g->passed, i);
	}
	if (move->goal)
		place_put(g->passed, g->cover.count + move->goal - 1);
	return 0;
}
