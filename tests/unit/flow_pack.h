/*
 * flow_pack.h - small packs written in a test: flow.json as a text, and the texts that it names.
 */
#ifndef SAMVAD_TESTS_FLOW_PACK_H
#define SAMVAD_TESTS_FLOW_PACK_H

#include <stdlib.h>

#include "flow_talk.h"
#include "scenario.h"

struct pack_file {
	const char *path;
	const char *text;
};

/* Every system text is en/sys.txt. */
#define PACK_SYSTEM                                                                                \
	"\"system\": {\"one_moment\": \"sys\", \"too_fast\": \"sys\", \"trouble\": \"sys\", "      \
	"\"still_working\": \"sys\", \"media_instead\": \"media\", \"way_out\": \"sys\", "         \
	"\"expired\": \"sys\", \"flow_changed\": \"sys\"}"

static inline int pack_by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static inline struct file_tree pack_tree(struct arena *a, const char *json,
					 const struct pack_file *files, size_t count)
{
	struct file_tree tree = { .root = "",
				  .files = arena_array(a, count + 3, sizeof(struct file)) };

	tree.files[tree.count++] = (struct file){ "flow.json", str_of(json) };
	tree.files[tree.count++] = (struct file){ "en/sys.txt", str_of("system") };
	tree.files[tree.count++] = (struct file){ "en/media.txt", str_of("no files") };
	for (size_t i = 0; i < count; i++)
		tree.files[tree.count++] = (struct file){ files[i].path, str_of(files[i].text) };
	qsort(tree.files, tree.count, sizeof *tree.files, pack_by_path);
	return tree;
}

static inline void pack_open(struct talk *t, const char *json, const struct pack_file *files,
			     size_t count)
{
	struct file_tree tree;

	*t = (struct talk){ .turns = 0 };
	tree = pack_tree(&t->a, json, files, count);
	talk_open_tree(t, &tree);
}

/* The pack is checked and has no fault. */
static inline void pack_is_clean(const struct talk *t)
{
	struct flow_faults faults = { .count = 0 };
	size_t count;

	flow_check(t->flow, &faults);
	talk_print_faults(&faults);
	count = faults.count;
	flow_faults_free(&faults);
	assert_int_equal(count, 0);
}

/* The text with one place changed. */
static inline const char *pack_edited(struct arena *a, const char *text, const char *old,
				      const char *new)
{
	const char *at = strstr(text, old);

	if (!at)
		fail_msg("the pack does not hold: %s", old);
	return arena_printf(a, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* Plays a conversation on the open pack. */
static inline void pack_plays(struct talk *t, const char *name, const char *chat)
{
	struct scenario *s;
	struct scenario_fault fault;

	if (scenario_parse(name, str_of(chat), &t->a, &s, &fault) < 0 ||
	    scenario_run(s, t->flow, NULL, &t->a, &fault) < 0)
		fail_msg("%s:%u: %s", fault.file, fault.line, fault.what);
}

/* What loading and checking say, one fault per line. */
static inline const char *pack_faults(struct arena *a, const char *json,
				      const struct pack_file *files, size_t count)
{
	struct file_tree tree = pack_tree(a, json, files, count);
	struct flow_faults faults = { .count = 0 };
	struct flow *flow = NULL;
	const char *all = "";

	if (flow_load(&tree, &flow, &faults) == 0)
		flow_check(flow, &faults);
	for (size_t i = 0; i < faults.count; i++) {
		struct buf b;

		buf_init(&b, 8192);
		(void)flow_fault_format(&faults.list[i], &b);
		all = arena_printf(a, "%s%s\n", all, b.data);
		buf_free(&b);
	}
	flow_free(&flow);
	flow_faults_free(&faults);
	return all;
}

/* The pack with one place changed: the faults that it begins with. */
static inline void pack_edit_says(const char *json, const struct pack_file *files, size_t count,
				  const char *old, const char *new, const char *expected)
{
	struct arena a = { 0 };
	const char *says = pack_faults(&a, pack_edited(&a, json, old, new), files, count);

	if (strncmp(says, expected, strlen(expected)) != 0)
		fail_msg("got <%s>, expected <%s>", says, expected);
	arena_free(&a);
}

#endif
