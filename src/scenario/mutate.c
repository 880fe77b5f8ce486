/*
 * mutate.c - every change of a pack, one after the other, against all of its conversations.
 *
 * A change that does not load, or that flow_check finds fault with, could never run: it is not
 * counted. Conversations that pass the changed place are asked first, the rest after them,
 * because what changes there may show elsewhere.
 */
#include <string.h>

#include "mutate_private.h"
#include "scenario_private.h"

struct chat {
	const char *name;
	struct scenario *scenario;
	struct flow_cover cover; /* on the pack as it is */
};

struct suite {
	const struct file_tree *pack;
	struct chat *chats;
	size_t count;
	size_t errors; /* that flow_check finds in the pack as it is */
	struct arena *a;
	struct scenario_fault *fault;
};

bool scenario_is_chat(const char *path)
{
	size_t n = strlen(path);

	return strncmp(path, "tests/", 6) == 0 && n > 11 && strcmp(path + n - 5, ".chat") == 0;
}

/* ---- the pack as it is ---- */

static size_t errors_of(const struct flow *flow)
{
	struct flow_faults faults = { .count = 0 };
	size_t errors;

	flow_check(flow, &faults);
	errors = faults.errors;
	flow_faults_free(&faults);
	return errors;
}

static struct flow *load(const struct file_tree *pack)
{
	struct flow_faults faults = { .count = 0 };
	struct flow *flow = NULL;

	if (flow_load(pack, &flow, &faults) < 0)
		flow_free(&flow);
	flow_faults_free(&faults);
	return flow;
}

static int add_chat(struct suite *suite, const struct file *f, const struct flow *flow)
{
	struct chat *c = &suite->chats[suite->count];

	c->name = f->path;
	if (scenario_parse(f->path, f->text, suite->a, &c->scenario, suite->fault) < 0)
		return -1;
	flow_cover_init(&c->cover, flow);
	suite->count++;
	return scenario_run(c->scenario, flow, &c->cover, suite->a, suite->fault);
}

static int open_suite(struct suite *suite, const struct flow *flow)
{
	const struct file_tree *pack = suite->pack;

	suite->errors = errors_of(flow);
	suite->chats = arena_array(suite->a, pack->count, sizeof *suite->chats);
	for (size_t i = 0; i < pack->count; i++) {
		if (scenario_is_chat(pack->files[i].path) &&
		    add_chat(suite, &pack->files[i], flow) < 0)
			return -1;
	}
	if (!suite->count)
		return scenario_fail(suite->fault, suite->a, "tests", 1,
				     "there is no conversation");
	return 0;
}

static void close_suite(struct suite *suite)
{
	for (size_t i = 0; i < suite->count; i++)
		flow_cover_free(&suite->chats[i].cover);
}

/* ---- one change ---- */

static bool passes(const struct chat *c, unsigned line)
{
	for (size_t i = 0; line && i < c->cover.count; i++) {
		if (c->cover.list[i].line == line && c->cover.list[i].passed)
			return true;
	}
	return false;
}

static bool is_place(const struct suite *suite, unsigned line)
{
	const struct flow_cover *c = &suite->chats[0].cover;

	for (size_t i = 0; line && i < c->count; i++) {
		if (c->list[i].line == line)
			return true;
	}
	return false;
}

static bool fails(const struct chat *c, const struct flow *flow)
{
	struct arena a = { 0 };
	struct scenario_fault fault;
	bool failed = scenario_run(c->scenario, flow, NULL, &a, &fault) < 0;

	arena_free(&a);
	return failed;
}

static const char *first_that_fails(const struct suite *suite, const struct mutation *m,
				    const struct flow *flow)
{
	for (int passing = 1; passing >= 0; passing--) {
		for (size_t i = 0; i < suite->count; i++) {
			const struct chat *c = &suite->chats[i];

			if (passes(c, m->place) == (passing == 1) && fails(c, flow))
				return c->name;
		}
	}
	return NULL;
}

static struct file_tree changed(const struct file_tree *pack, const struct mutation *m,
				struct arena *a)
{
	struct file_tree tree = *pack;

	tree.files = arena_array(a, pack->count, sizeof *tree.files);
	memcpy(tree.files, pack->files, pack->count * sizeof *tree.files);
	for (size_t i = 0; i < tree.count; i++) {
		if (strcmp(tree.files[i].path, m->file) == 0)
			tree.files[i].text = scenario_mutation_text(m, tree.files[i].text, a);
	}
	return tree;
}

/* False: nobody can run it. */
static bool try_change(const struct suite *suite, const struct mutation *m,
		       struct scenario_change *out)
{
	struct arena a = { 0 };
	struct file_tree tree = changed(suite->pack, m, &a);
	struct flow *flow = load(&tree);
	bool runs = flow && errors_of(flow) <= suite->errors;

	*out = (struct scenario_change){ m->file, m->line, m->where, m->what, NULL, NULL, false };
	if (runs)
		out->noticed_by = first_that_fails(suite, m, flow);
	for (size_t i = 0; i < suite->count && !out->passed_by; i++) {
		if (passes(&suite->chats[i], m->place))
			out->passed_by = suite->chats[i].name;
	}
	out->may_pass = is_place(suite, m->place);
	flow_free(&flow);
	arena_free(&a);
	return runs;
}

/* ---- all ---- */

static int list_changes(const struct suite *suite, struct mutations *all)
{
	const struct file *json = file_tree_get(suite->pack, "flow.json");
	struct node *root;
	struct err err = { 0 };

	*all = (struct mutations){ .a = suite->a, .pack = suite->pack };
	if (scenario_source_read(json->text, suite->a, &root, &err) < 0)
		return scenario_fail(suite->fault, suite->a, "flow.json", 1, "%s", err.text);
	all->root = root;
	scenario_mutate_steps(all);
	scenario_mutate_actions(all);
	scenario_mutate_rules(all);
	scenario_mutate_texts(all);
	return 0;
}

static int try_all(const struct suite *suite,
		   void (*see)(void *arg, const struct scenario_change *change), void *arg,
		   struct scenario_changes *sums)
{
	struct mutations all;
	unsigned done = 0; /* group */

	if (list_changes(suite, &all) < 0)
		return -1;
	sums->full = all.full;
	for (size_t i = 0; i < all.count; i++) {
		struct scenario_change change;

		if (all.list[i].group == done)
			continue;
		if (!try_change(suite, &all.list[i], &change)) {
			sums->refused++;
			continue;
		}
		done = all.list[i].group;
		sums->tried++;
		sums->noticed += change.noticed_by != NULL;
		see(arg, &change);
	}
	return 0;
}

int scenario_mutate(const struct file_tree *pack,
		    void (*see)(void *arg, const struct scenario_change *change), void *arg,
		    struct scenario_changes *sums_out, struct arena *a,
		    struct scenario_fault *fault)
{
	struct suite suite = { .pack = pack, .a = a, .fault = fault };
	struct flow *flow = load(pack);
	int ret;

	*sums_out = (struct scenario_changes){ .tried = 0 };
	if (!flow)
		return scenario_fail(fault, a, "flow.json", 1, "the pack does not load");
	ret = open_suite(&suite, flow);
	if (ret == 0)
		ret = try_all(&suite, see, arg, sums_out);
	close_suite(&suite);
	flow_free(&flow);
	return ret;
}
