/*
 * once.c - one rendering from source texts and JSON: `samvad render` without its files.
 */
#include "template_private.h"

/* Only what the template reaches is compiled: a broken neighbour is no fault of it. */
static int add_partials(struct template_set *set, enum template_escape escape,
			const struct template_finder *finder, struct err *err)
{
	const struct template *in;
	const struct node *n;

	while ((n = template_set_missing(set, &in))) {
		struct str text;
		int found = finder->find(finder->arg, n->file, &text, err);

		if (found < 0)
			return -1;
		if (found == 0)
			return 0; /* linking says where and what */
		if (template_set_add_as(set, n->file, text, escape, err) < 0)
			return -1;
	}
	return 0;
}

int template_render_once(const char *name, struct str text, const enum template_escape *escape,
			 const struct template_finder *finder, struct str json, struct buf *out,
			 struct err *err)
{
	struct template_set *set = template_set_new();
	struct arena arena = { 0 };
	const struct template *t;
	struct value *data;
	int ret = -1;

	if (escape ? template_set_add_as(set, name, text, *escape, err) < 0
		   : template_set_add(set, name, text, err) < 0)
		goto out;
	t = template_set_get(set, name);
	if (add_partials(set, t->escape, finder, err) < 0 || template_set_link(set, err) < 0)
		goto out;
	if (value_from_json(&arena, json, &data, err) < 0) {
		(void)err_prefix(err, "data");
		goto out;
	}
	ret = template_render(t, data, out, err);
out:
	arena_free(&arena);
	template_set_free(&set);
	return ret;
}
