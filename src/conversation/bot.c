/*
 * bot.c - flow packs, which number speaks for which, and the reply envelopes: loaded as one and
 * counted.
 */
#include "conversation_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { SENDERS_MAX = 65536 };

struct sender { /* one of our addresses and its flow */
	const char *address;
	const struct flow *flow;
};

struct counted_bot {
	struct bot bot; /* first: a struct bot * is one of these */
	atomic_int count;
	struct arena arena;
	struct flow *flows[BOT_MAX_FLOWS];
	const char *packs[BOT_MAX_FLOWS]; /* their folders' names */
	struct sender *senders;
	size_t sender_count;
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
	for (size_t i = 0; i < b->bot.flow_count; i++)
		flow_free(&b->flows[i]);
	template_set_free(&b->bot.envelopes);
	arena_free(&b->arena);
	free(b);
}

/* ---- packs ---- */

/* The flow of a pack, loaded when it was not yet; NULL: the faults say why. */
static const struct flow *pack_flow(struct counted_bot *b, const char *templates_dir,
				    const char *pack, struct flow_faults *faults, struct err *err)
{
	struct arena a = { 0 };
	const char *folder;
	size_t n = b->bot.flow_count;
	struct flow *flow = NULL;
	struct file_tree tree;

	for (size_t i = 0; i < n; i++)
		if (strcmp(b->packs[i], pack) == 0)
			return b->flows[i];
	folder = arena_printf(&a, "%s/%s", templates_dir, pack);
	if (n == BOT_MAX_FLOWS) {
		err_set(err, ERR_INPUT, "more than %d packs", BOT_MAX_FLOWS);
	} else if (file_tree_read(folder, &a, &tree, err) == 0) {
		if (flow_load(&tree, &flow, faults) < 0)
			err_set(err, ERR_INPUT, "the pack %s has faults: run samvad check %s",
				folder, folder);
	}
	for (size_t i = 0; flow && i < n; i++) {
		if (strcmp(flow_name(b->flows[i]), flow_name(flow)) != 0)
			continue;
		err_set(err, ERR_INPUT,
			"the packs %s and %s both hold a flow \"%s\"; name one anew", b->packs[i],
			pack, flow_name(flow));
		flow_free(&flow);
	}
	if (flow) {
		b->flows[n] = flow;
		b->packs[n] = arena_strdup(&b->arena, pack);
		b->bot.flow_count++;
	}
	arena_free(&a);
	return flow;
}

static bool is_pack_name(const struct value *v)
{
	return v->kind == VALUE_TEXT && v->text.n && v->text.p[0] != '.' &&
	       !memchr(v->text.p, '/', v->text.n);
}

/* {"whatsapp:+1...": "wafr", "default": "msme"}, or nothing when there is no such file. */
static int read_senders(const char *templates_dir, struct arena *a, const struct value **list_out,
			struct err *err)
{
	const char *path = arena_printf(a, "%s/senders.json", templates_dir);
	struct value *root;
	struct str text;

	*list_out = NULL;
	if (access(path, F_OK) != 0)
		return 0;
	if (file_read(path, SENDERS_MAX, a, &text, err) < 0 ||
	    value_from_json(a, text, &root, err) < 0)
		return err_prefix(err, "%s", path);
	if (root->kind != VALUE_OBJECT)
		return err_set(err, ERR_INPUT,
			       "%s: is no object; write {\"whatsapp:+1…\": \"pack\"}", path);
	for (const struct value *v = root->first; v; v = v->next) {
		if (strcmp(v->name, "default") != 0 && !contact_is_valid(v->name))
			return err_set(err, ERR_INPUT,
				       "%s: \"%.60s\" is no address; write one like "
				       "\"whatsapp:+14155238886\", or \"default\"",
				       path, v->name);
		if (!is_pack_name(v))
			return err_set(
				err, ERR_INPUT,
				"%s: \"%.60s\" names no pack; write the name of a folder in %s",
				path, v->name, templates_dir);
	}
	*list_out = root->first;
	return 0;
}

static const char *default_pack(const struct value *senders, const char *flow)
{
	for (; senders; senders = senders->next)
		if (strcmp(senders->name, "default") == 0)
			return senders->text.p;
	return flow;
}

static int load_packs(struct counted_bot *b, const char *templates_dir, const char *flow,
		      struct flow_faults *faults, struct err *err)
{
	const struct value *senders;
	const char *first;
	size_t n = 0;

	if (read_senders(templates_dir, &b->arena, &senders, err) < 0)
		return -1;
	first = default_pack(senders, flow);
	b->bot.folder = arena_printf(&b->arena, "%s/%s", templates_dir, first);
	b->bot.flows = b->flows;
	if (!pack_flow(b, templates_dir, first, faults, err))
		return -1;
	b->bot.flow = b->flows[0];
	for (const struct value *v = senders; v; v = v->next)
		n++;
	b->senders = arena_array(&b->arena, n, sizeof *b->senders);
	for (const struct value *v = senders; v; v = v->next) {
		struct sender *s = &b->senders[b->sender_count];

		s->flow = pack_flow(b, templates_dir, v->text.p, faults, err);
		if (!s->flow)
			return -1;
		s->address = v->name;
		b->sender_count++;
	}
	return 0;
}

int bot_load(const char *templates_dir, const char *flow, struct bot **bot_out,
	     struct flow_faults *faults, struct err *err)
{
	struct counted_bot *b = mem_alloc(sizeof *b);
	int ret;

	atomic_init(&b->count, 1);
	ret = load_packs(b, templates_dir, flow, faults, err);
	if (ret == 0)
		ret = load_envelopes(b, templates_dir, err);
	if (ret < 0)
		free_bot(b);
	else
		*bot_out = &b->bot;
	return ret;
}

const struct flow *bot_flow(const struct bot *bot, const char *receiver)
{
	const struct counted_bot *b = (const struct counted_bot *)bot;

	for (size_t i = 0; receiver && i < b->sender_count; i++)
		if (strcmp(b->senders[i].address, receiver) == 0)
			return b->senders[i].flow;
	return bot->flow;
}

const struct flow *bot_flow_of(const struct bot *bot, const struct session *session)
{
	for (size_t i = 0; i < bot->flow_count; i++)
		if (strcmp(flow_name(bot->flows[i]), session->flow) == 0)
			return bot->flows[i];
	return bot_flow(bot, session->receiver);
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
