/*
 * template_check.h - a row of a template test: files in, data as JSON, text or error out.
 */
#ifndef SAMVAD_TESTS_TEMPLATE_CHECK_H
#define SAMVAD_TESTS_TEMPLATE_CHECK_H

#include "base_check.h"

#include "template.h"

struct template_file {
	const char *name;
	const char *text;
};

enum { TEMPLATE_FILES = 4 };

/* Compiles and links files up to the first without a name. */
static inline int template_load(struct template_set *set, const struct template_file *files,
				struct err *err)
{
	for (size_t i = 0; i < TEMPLATE_FILES && files[i].name; i++) {
		if (template_set_add(set, files[i].name, str_of(files[i].text), err) < 0)
			return -1;
	}
	return template_set_link(set, err);
}

/* Renders the first file with json; out holds the text, or the error's. */
static inline void template_show(const struct template_file *files, const char *json,
				 struct buf *out)
{
	struct template_set *set = template_set_new();
	struct arena a = { 0 };
	struct value *data = NULL;
	struct err err = { 0 };

	if (template_load(set, files, &err) < 0 ||
	    value_from_json(&a, str_of(json), &data, &err) < 0 ||
	    template_render(template_set_get(set, files[0].name), data, out, &err) < 0)
		(void)buf_addf(out, "%s: %s", err_kind_name(err.kind), err.text);
	arena_free(&a);
	template_set_free(&set);
}

static inline void template_expect(const char *name, const struct template_file *files,
				   const char *json, const char *want)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	template_show(files, json, &out);
	CHECK_SAME(out.data, want, name);
	buf_free(&out);
}

#endif
