/*
 * bot.c - a flow pack and the reply envelopes, loaded as one and counted.
 */
#include "conversation_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct counted_bot {
	struct bot bot; /* first: a struct bot * is one of these */
	atomic_int count;
	struct arena arena;
};

static int load_envelopes(struct counted_bot *b, const char *templates_dir, struct err *err)
{
	struct file_tree tree;
	struct arena a = { 0 };
	const char *folder = arena_printf(&a, "%s/twiml", templates_dir);
	int ret = -1;

	b->bot.envelopes = template_set_new();
	if (file_tree_read(folder, &a, &tree, err) < 0)
		goto out;
	for (size_t i = 0; i < tree.count; i++) {
		const char *name = arena_printf(&a, "twiml/%s", tree.files[i].path);

		if (template_set_add(b->bot.envelopes, name, tree.files[i].text, err) < 0)
			goto out;
	}
	if (template_set_link(b->bot.envelopes, err) < 0)
		goto out;
	if (!template_set_get(b->bot.envelopes, "twiml/reply.xml")) {
		err_set(err, ERR_INPUT,
			"%s/reply.xml is missing: it is the envelope of every reply", folder);
		goto out;
	}
	ret = 0;
out:
	arena_free(&a);
	return ret;
}

static void free_bot(struct counted_bot *b)
{
	flow_free(&b->bot.flow);
	template_set_free(&b->bot.envelopes);
	arena_free(&b->arena);
	free(b);
}

int bot_load(const char *templates_dir, const char *flow, struct bot **bot_out,
	     struct flow_faults *faults, struct err *err)
{
	struct counted_bot *b = mem_alloc(sizeof *b);
	struct file_tree pack;
	struct arena a = { 0 };
	int ret = -1;

	atomic_init(&b->count, 1);
	b->bot.folder = arena_printf(&b->arena, "%s/%s", templates_dir, flow);
	if (file_tree_read(b->bot.folder, &a, &pack, err) < 0)
		goto out;
	if (flow_load(&pack, &b->bot.flow, faults) < 0) {
		err_set(err, ERR_INPUT, "the pack %s has faults: run samvad check %s",
			b->bot.folder, b->bot.folder);
		goto out;
	}
	ret = load_envelopes(b, templates_dir, err);
out:
	arena_free(&a);
	if (ret < 0)
		free_bot(b);
	else
		*bot_out = &b->bot;
	return ret;
}

struct bot *bot_hold(struct bot *bot)
{
	atomic_fetch_add(&((struct counted_bot *)bot)->count, 1);
	return bot;
}

void bot_release(struct bot **bot)
{
	struct counted_bot *b = (struct counted_bot *)*bot;

	*bot = NULL;
	if (b && atomic_fetch_sub(&b->count, 1) == 1)
		free_bot(b);
}
