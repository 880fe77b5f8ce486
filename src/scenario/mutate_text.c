/*
 * mutate_text.c - texts of another language, or of none.
 */
#include <string.h>

#include "mutate_private.h"

/* Every step that makes a call out of the house has words of its own for who writes meanwhile. */
static bool all_wait_aloud(const struct node *root)
{
	const struct node *steps = scenario_source_get(root, "steps");
	const struct node *calls = scenario_source_get(root, "calls");

	for (const struct node *s = steps ? steps->first : NULL; s; s = s->next) {
		const struct node *call =
			scenario_source_get(calls, scenario_source_text(s, "call", ""));

		if (call && !scenario_source_get(call, "records") &&
		    !scenario_source_get(s, "waiting"))
			return false;
	}
	return true;
}

/* Said around the engine, when an admin changes a record, or only after an edit: no conversation
 * in a file can hear it. */
static bool is_outside(const struct node *root, const struct node *mention)
{
	static const char *const keys[] = { "one_moment", "too_fast", "trouble", "flow_changed" };
	const struct node *up = mention->parent;

	if (!up || (strcmp(up->key, "system") != 0 && strcmp(up->key, "tell") != 0))
		return false;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(keys[i], mention->key) == 0)
			return true;
	}
	if (strcmp(mention->key, "still_working") == 0)
		return all_wait_aloud(root);
	return strcmp(up->key, "tell") == 0;
}

/* Where flow.json names the text. */
static void count_mentions(const struct node *root, const struct node *n, const char *name,
			   size_t *outside, size_t *inside)
{
	if (n->kind == NODE_TEXT && strcmp(n->text, name) == 0)
		++*(is_outside(root, n) ? outside : inside);
	for (const struct node *c = n->first; c; c = c->next)
		count_mentions(root, c, name, outside, inside);
}

static bool is_unheard(const struct mutations *all, const char *name)
{
	size_t outside = 0, inside = 0; /* neither: another text includes it */

	count_mentions(all->root, all->root, name, &outside, &inside);
	return outside && !inside;
}

static const char *next_language(const struct node *languages, const char *code, size_t length)
{
	for (const struct node *l = languages->first; l; l = l->next) {
		if (strlen(l->key) == length && memcmp(l->key, code, length) == 0)
			return (l->next ? l->next : languages->first)->key;
	}
	return NULL;
}

static void change_text(struct mutations *all, const struct node *languages, const struct file *f)
{
	const char *slash = strchr(f->path, '/');
	size_t n = strlen(f->path), length = slash ? (size_t)(slash - f->path) : 0;
	const char *to = slash ? next_language(languages, f->path, length) : NULL;
	const struct file *other;
	const char *name;
	struct mutation *m;

	if (!to || strchr(slash + 1, '/') || n < 5 || strcmp(f->path + n - 4, ".txt") != 0)
		return;
	name = arena_strndup(all->a, slash + 1, n - length - 5);
	other = file_tree_get(all->pack, arena_printf(all->a, "%s%s", to, slash));
	if (is_unheard(all, name))
		return;
	if (other && other != f && other->text.n == f->text.n &&
	    memcmp(other->text.p, f->text.p, f->text.n) == 0)
		return; /* both say the same */
	m = scenario_mutation_new(all, NULL, 0);
	if (!m)
		return;
	m->file = f->path;
	m->instead = other && other != f ? other->text : str_of(arena_printf(all->a, "[%s]", name));
	m->what = other && other != f ? arena_printf(all->a, "is the text of %s/%s.txt", to, name)
				      : "is another text";
}

void scenario_mutate_texts(struct mutations *all)
{
	const struct node *languages = scenario_source_get(all->root, "languages");

	for (size_t i = 0; languages && i < all->pack->count; i++)
		change_text(all, languages, &all->pack->files[i]);
}
