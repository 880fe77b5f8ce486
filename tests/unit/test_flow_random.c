/*
 * test_flow_random.c - a thousand flows that nobody wrote: none has a fault, and of each kind of
 * fault that is planted in it, at any place, that kind is found at that place.
 */
#include "flow_garden.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { FLOWS = 1000, GARDENS = 150 }; /* planted in: a fault of memory shows in fewer */
#else
enum { FLOWS = 1000, GARDENS = FLOWS };
#endif

/* Where each fault is told: the step, or the file, or the field; and words of it. */
static const struct {
	const char *name;
	uint64_t kinds; /* of steps it can be planted at */
	const char *says;
	const char *step;  /* NULL: the one at which it is planted */
	const char *file;  /* NULL: any; %zu is its number */
	const char *field; /* NULL: any */
} plants[PLANTS] = {
	[NOTHING] = { "nothing", MADE_ANY, "", "", NULL, NULL },
	[UNREACHABLE] = { "unreachable", MADE_ANY, "no way leads to this step", "lost", NULL,
			  NULL },
	[LOOP] = { "loop", MADE(MADE_GREETING) | MADE(MADE_CROSSING),
		   "leads round in a loop that asks nothing", NULL, NULL, "next" },
	[DEAD_END] = { "dead end", MADE(MADE_TEXT) | MADE(MADE_NUMBER),
		       "every exit leads back to this step", NULL, NULL, NULL },
	[TRAP] = { "trap", MADE(MADE_TEXT) | MADE(MADE_NUMBER), "no end and no menu", "here", NULL,
		   NULL },
	[ENDLESS_CALLS] = { "endless calls", MADE(MADE_CALL), "repeated for ever", NULL, NULL,
			    NULL },
	[NOT_SET] = { "not set", MADE_ANY, "is not set on every way here", NULL, "en/text%zu.txt",
		      NULL },
	[UNKNOWN_VALUE] = { "unknown value", MADE_ANY, "nothing sets {{nonsense}}", NULL,
			    "en/text%zu.txt", NULL },
	[NO_TEXT] = { "no text", MADE_ANY, "is missing in language hi", NULL, "flow.json", NULL },
	[TOO_LONG] = { "too long", MADE_ANY, "a message holds 1600", "", "hi/text%zu.txt", NULL },
	[LANGUAGES] = { "languages", MADE_ANY, "does not use {{v0}}, other than en/", "", NULL,
			NULL },
	[BUTTONS] = { "buttons", MADE(MADE_MENU), "buttons hold 20", NULL, NULL, "input" },
	[ROWS] = { "rows", MADE(MADE_MENU), "a list holds 24", NULL, NULL, "input" },
	[CLASH] = { "clash", MADE(MADE_MENU), "means option 1 as well", NULL, NULL, NULL },
	[HIDDEN_OPTION] = { "hidden option", MADE(MADE_MENU), "the command help hides", NULL, NULL,
			    "input" },
	[HIDDEN_ANSWER] = { "hidden answer", MADE(MADE_NUMBER), "swallows the answer \"7\"", NULL,
			    NULL, "save" },
	[PII_CALL] = { "pii in a call", MADE(MADE_CALL), "which is personal data (name)", "",
		       "calls/c%zu.json", "body" },
	[PII_ADDRESS] = { "pii in an address", MADE(MADE_CALL),
			  "has personal data (name) in its address", "", NULL, "url" },
	[PII_COPY] = { "pii copied", MADE(MADE_NUMBER), "becomes personal data (name) of {{v1}}",
		       NULL, NULL, "set" },
	[NOWHERE] = { "nowhere", MADE_ASKS | MADE(MADE_GREETING), "there is no step \"nowhere\"",
		      NULL, NULL, NULL },
	[NO_EXIT] = { "no exit", MADE(MADE_MENU), "option \"o1\" leads nowhere", NULL, NULL,
		      "exits" },
	[NO_OUTCOME] = { "no outcome", MADE(MADE_CALL), "outcome \"failed\" leads nowhere", NULL,
			 NULL, "exits" },
	[NO_ELSE] = { "no else", MADE(MADE_CROSSING), "leads nowhere when no condition holds", NULL,
		      NULL, "next" },
	[BAD_PATTERN] = { "bad pattern", MADE_ANY, "the pattern does not compile", "", NULL,
			  "commands.help.patterns" },
	[BAD_KEY] = { "bad key", MADE_ANY, "unknown key", NULL, NULL, "nxt" },
	[SILENT] = { "silent", MADE_ANY, "gives no answer", "", NULL, "commands.mute" },
	[LATE_REMINDER] = { "late reminder", MADE_ASKS, "too late for the 24 hours", NULL, NULL,
			    "reminders.0.after" },
	[UNSAID] = { "unsaid", MADE_ANY, "nothing says this text", "", "en/unsaid.txt", NULL },
	[UNUSED] = { "unused", MADE_ANY, "value \"spare\": no step sets it", "", NULL, NULL },
};

/* ---- looking ---- */

static bool is_told(struct garden *g, const struct flow_fault *f)
{
	const char *step = plants[g->plant].step, *file = NULL, *says = plants[g->plant].says;

	if (!step)
		step = arena_printf(&g->a, "s%zu", g->at);
	if (g->plant == TOO_LONG)
		file = arena_printf(&g->a, "hi/text%zu.txt", g->at);
	else if (g->plant == LANGUAGES)
		file = arena_printf(&g->a, "hi/text%zu.txt", g->at);
	else if (g->plant == PII_CALL)
		file = arena_printf(&g->a, "calls/c%zu.json", g->at);
	if (g->plant == LANGUAGES)
		says = arena_printf(&g->a, "does not use {{v%zu}}, other than en/", g->value);
	return strstr(f->what, says) && strcmp(f->step, step) == 0 &&
	       (!file || strcmp(f->file, file) == 0) &&
	       (!plants[g->plant].field || strcmp(f->field, plants[g->plant].field) == 0);
}

static void check_garden(struct garden *g, uint64_t seed)
{
	struct flow_faults faults = { .count = 0 };
	struct flow *flow = NULL;
	bool told = g->plant == NOTHING;

	garden_write(g);
	if (flow_load(&g->pack, &flow, &faults) == 0)
		flow_check(flow, &faults);
	for (size_t i = 0; i < faults.count && g->plant != NOTHING; i++)
		told |= is_told(g, &faults.list[i]);
	if (!told || (g->plant == NOTHING && faults.count)) {
		talk_print_faults(&faults);
		fail_msg("flow %llu, %s at s%zu:\n%s", (unsigned long long)seed,
			 plants[g->plant].name, g->at, g->json.data);
	}
	flow_free(&flow);
	flow_faults_free(&faults);
	arena_free(&g->a);
}

/* A value that this step's text does not show, and, for NOT_SET, that may not be there. */
static bool pick_value(struct garden *g)
{
	const struct made_step *s = &g->f.steps[g->at];
	uint64_t no = s->shows | (g->plant == NOT_SET ? s->surely : 0);

	for (size_t i = 0; i < 50; i++) {
		g->value = made_value(&g->f);
		if (!(no >> g->value & 1))
			return true;
	}
	return false;
}

/* False where there is no place for it. */
static bool pick_place(struct garden *g)
{
	for (size_t i = 0; i < 20; i++) {
		g->at = made_pick(&g->f, plants[g->plant].kinds);
		if ((g->plant != NOT_SET && g->plant != LANGUAGES) || pick_value(g))
			return true;
	}
	return false;
}

static void a_thousand_flows_have_no_fault(void **state)
{
	struct garden g = { .plant = NOTHING };

	(void)state;
	buf_init(&g.json, GARDEN_JSON_MAX);
	for (uint64_t seed = 1; seed <= FLOWS; seed++) {
		made_flow_make(&g.f, seed);
		check_garden(&g, seed);
	}
	buf_free(&g.json);
}

static void each_fault_is_found_in_each(void **state)
{
	struct garden g = { .plant = NOTHING };
	size_t planted[PLANTS] = { 0 };

	(void)state;
	buf_init(&g.json, GARDEN_JSON_MAX);
	for (uint64_t seed = 1; seed <= GARDENS; seed++) {
		made_flow_make(&g.f, seed);
		for (g.plant = NOTHING + 1; g.plant < PLANTS; g.plant++) {
			if (!pick_place(&g))
				continue;
			planted[g.plant]++;
			check_garden(&g, seed);
		}
	}
	for (size_t i = NOTHING + 1; i < PLANTS; i++) {
		if (planted[i] < GARDENS * 9 / 10)
			fail_msg("%s: planted %zu times", plants[i].name, planted[i]);
	}
	buf_free(&g.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_flows_have_no_fault),
		cmocka_unit_test(each_fault_is_found_in_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
