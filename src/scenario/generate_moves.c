/*
 * generate_moves.c - what can happen next: answers, commands, ends of calls, time.
 *
 * Depends on the step, the language and whether something is under way, so each list is made
 * once.
 */
#include <string.h>

#include "answers_private.h"
#include "generate_private.h"

enum { MAX_CACHE = 2000 };

void scenario_move_add(struct generator *g, struct moves *to, struct act act, const char *comment)
{
	struct act *kept = arena_alloc(g->a, sizeof *kept);

	if (to->count == to->cap) {
		size_t cap = to->cap ? 2 * to->cap : 32;
		struct move *list = arena_array(g->a, cap, sizeof *list);

		if (to->count)
			memcpy(list, to->list, to->count * sizeof *list);
		to->list = list;
		to->cap = cap;
	}
	*kept = act;
	to->list[to->count++] = (struct move){ kept, comment, 0 };
}

static void add_text(struct generator *g, struct moves *to, const char *text)
{
	struct act act = { .kind = ACT_SAY };

	inbound_init(&act.message);
	act.message.text = text;
	if (*text)
		scenario_move_add(g, to, act, "");
}

/* ---- answers ---- */

/* One language stands for all; of a choice the first by number and one by label, and what is
 * wrong: its exits are places. */
static bool is_goal(const struct generator *g, const struct question *q,
		    const struct answer *answer, size_t i)
{
	const struct node *languages = scenario_source_get(g->root, "languages");

	return g->goals < GENERATE_MAX_GOALS && languages && languages->first &&
	       strcmp(languages->first->key, q->language) == 0 &&
	       (i < 2 || !answer->valid ||
		strcmp(scenario_source_text(q->rule, "type", ""), "choice") != 0);
}

static void add_answers(struct generator *g, struct moves *to, const struct node *step,
			const char *language)
{
	struct arena scratch = { 0 };
	struct answers *all = arena_alloc(&scratch, sizeof *all);
	const char *save = scenario_source_text(step, "save", NULL);
	const struct question q = {
		.root = g->root,
		.rule = save ? scenario_source_get(scenario_source_get(g->root, "values"), save)
			     : scenario_source_get(step, "input"),
		.step = step,
		.language = language,
		.now_ms = g->states[0].now_ms,
	};

	scenario_answers(&q, g->a, all); /* texts stay, the list does not */
	for (size_t i = 0; i < all->count; i++) {
		const struct answer *answer = &all->list[i];

		scenario_move_add(g, to,
				  (struct act){ .kind = ACT_SAY, .message = answer->message },
				  answer->valid ? "" : answer->why);
		if (is_goal(g, &q, answer, i)) {
			g->goal_steps[g->goals] = step->key;
			to->list[to->count - 1].goal = ++g->goals;
		}
	}
	arena_free(&scratch);
}

/* ---- commands ---- */

static void add_commands(struct generator *g, struct moves *to, const char *language)
{
	const struct node *commands = scenario_source_get(g->root, "commands");

	for (const struct node *c = commands ? commands->first : NULL; c; c = c->next)
		add_text(g, to, scenario_word_in(scenario_source_get(c, "words"), language));
}

/* Who writes for the first time is answered in the script they write. */
static void add_greetings(struct generator *g, struct moves *to)
{
	static const char *const hellos[][2] = { { "Deva", "आप कैसे हैं" },
						 { "Arab", "السلام عليكم" },
						 { "Latn", "Good day to you" } };
	const struct node *languages = scenario_source_get(g->root, "languages");

	add_text(g, to, hellos[2][1]);
	for (const struct node *l = languages ? languages->first : NULL; l; l = l->next) {
		const char *script = scenario_source_text(l, "script", "");

		for (size_t i = 0; i < 2; i++) {
			if (strcmp(hellos[i][0], script) == 0)
				add_text(g, to, hellos[i][1]);
		}
	}
	for (const struct node *l = languages ? languages->first : NULL; l; l = l->next)
		add_commands(g, to, l->key);
}

/* ---- time, and what others do ---- */

static void add_pass(struct generator *g, struct moves *to, const struct node *after)
{
	int64_t ms = scenario_source_duration(after);

	if (ms > 0)
		scenario_move_add(
			g, to, (struct act){ .kind = ACT_PASS, .ms = ms, .text = after->text }, "");
}

static void add_passes(struct generator *g, struct moves *to, const struct node *step)
{
	const struct node *reminders = scenario_source_get(step, "reminders");

	if (!reminders)
		reminders = scenario_source_get(g->root, "reminders");
	for (const struct node *r = reminders ? reminders->first : NULL; r; r = r->next)
		add_pass(g, to, scenario_source_get(r, "after"));
	add_pass(g, to, scenario_source_get(scenario_source_get(g->root, "expiry"), "after"));
}

static bool looks_up(const struct generator *g, const char *type)
{
	const struct node *calls = scenario_source_get(g->root, "calls");

	for (const struct node *c = calls ? calls->first : NULL; c; c = c->next) {
		if (strcmp(scenario_source_text(c, "records", ""), type) == 0)
			return true;
	}
	return false;
}

static void add_record_states(struct generator *g, struct moves *to)
{
	const struct node *records = scenario_source_get(g->root, "records");

	for (const struct node *r = records ? records->first : NULL; r; r = r->next) {
		const struct node *states = scenario_source_get(r, "states");

		if (!states || !looks_up(g, r->key))
			continue;
		for (const struct node *s = states->first; s; s = s->next)
			scenario_move_add(
				g, to,
				(struct act){ .kind = ACT_RECORD,
					      .name = r->key,
					      .outcome = scenario_source_text(s, "id", "") },
				"");
	}
}

/* ---- all ---- */

static void add_lookup_ends(struct generator *g, struct moves *to, const char *call,
			    const struct node *step)
{
	const struct node *exits = scenario_source_get(step, "exits");

	scenario_move_add(g, to,
			  (struct act){ .kind = ACT_CALL, .name = call, .outcome = "failed" }, "");
	for (const struct node *e = exits ? exits->first : NULL; e; e = e->next) {
		if (strcmp(e->key, "failed") != 0 && flow_call_has_outcome(g->flow, call, e->key))
			scenario_move_add(
				g, to,
				(struct act){ .kind = ACT_CALL, .name = call, .outcome = e->key },
				"");
	}
}

static void fill(struct generator *g, struct moves *to, const struct state *s)
{
	const struct session *at = s->session;
	const struct node *step =
		at ? scenario_source_get(scenario_source_get(g->root, "steps"), at->step) : NULL;

	if (s->must_call) {
		add_lookup_ends(g, to, s->must_call, step);
		return;
	}
	if (!at || at->fresh) {
		add_greetings(g, to);
		return;
	}
	if (*at->call.id) {
		scenario_moves_of_call(g, to, step, at->language);
		add_text(g, to, "Are you still there");
	} else if (at->completed) {
		add_text(g, to, "One more question");
	} else {
		add_answers(g, to, step, at->language);
	}
	add_commands(g, to, at->language);
	if (!*at->call.id)
		add_passes(g, to, step);
	add_record_states(g, to);
}

const struct moves *scenario_moves(struct generator *g, size_t state)
{
	const struct state *s = &g->states[state];
	const struct session *at = s->session;
	struct moves *m;
	const char *key =
		!at ? ""
		    : arena_printf(g->a, "%s/%s/%s/%s/%d%d", at->step, at->language,
				   s->must_call ? s->must_call : "",
				   *at->call.id ? at->call.name : "", at->completed, at->fresh);

	for (size_t i = 0; i < g->cache_count; i++) {
		if (strcmp(g->cache[i].key, key) == 0)
			return &g->cache[i];
	}
	if (!g->cache)
		g->cache = arena_array(g->a, MAX_CACHE, sizeof *g->cache);
	m = &g->cache[g->cache_count < MAX_CACHE ? g->cache_count++ : MAX_CACHE - 1];
	*m = (struct moves){ .key = key };
	fill(g, m, s);
	return m;
}
