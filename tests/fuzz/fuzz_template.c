/*
 * Any text as a template with a partial, in all three escapes, with one fixed tree of values.
 *
 * The input is two files with a 0x1E between them, so that partials, their
 * indentation and circles are found. What is rendered must be clean UTF-8.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "template.h"

static const char *const endings[] = { ".txt", ".xml", ".json" };

static const char data[] = "{\"a\":\"<&>\\\"'\\\\\\r\\n\",\"b\":true,\"c\":{\"a\":1.50,\"d\":{"
			   "\"e\":\"x\"}},\"n\":null,"
			   "\"l\":[{\"a\":1},\"\\u0001\",[2,[3]]],\"e\":[],\"z\":\"\"}";

static void count(void *arg, const struct template_use *use)
{
	*(size_t *)arg += use->line + use->guarded;
}

static size_t ten(void *arg, const struct template_use *use)
{
	(void)arg;
	return use->line ? 10 : 0;
}

static void render(struct template_set *set, const char *name, const struct value *values)
{
	const struct template *t = template_set_get(set, name);
	struct buf out, clean;
	struct err err;
	size_t uses = 0, longest;

	if (!t)
		return;
	template_each_use(t, count, &uses);
	/* No text in the data is longer than ten, no list either. */
	longest = template_longest(t, ten, ten, NULL);
	buf_init(&out, 1 << 16);
	if (template_render(t, values, &out, &err) == 0) {
		buf_init(&clean, 1 << 18);
		if (text_add_clean(&clean, (struct str){ out.data, out.len }) < 0 ||
		    clean.len != out.len || memcmp(clean.data, out.data, out.len) != 0)
			abort();
		if (text_chars((struct str){ out.data, out.len }) > longest)
			abort();
		buf_free(&clean);
	} else if (err.kind == ERR_BUG || out.len > 0) {
		abort();
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str text = { (const char *)bytes, size }, partial = { "", 0 };
	const char *gap = size ? memchr(bytes, 0x1e, size) : NULL;
	struct arena arena = { 0 };
	struct value *values;
	struct err err;

	if (gap) {
		text.n = (size_t)(gap - text.p);
		partial = (struct str){ gap + 1, size - text.n - 1 };
	}
	if (value_from_json(&arena, str_of(data), &values, &err) < 0)
		abort();
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		struct template_set *set = template_set_new();
		const char *a = arena_printf(&arena, "f/a%s", endings[i]);
		const char *p = arena_printf(&arena, "f/p%s", endings[i]);

		if (template_set_add(set, a, text, &err) == 0 &&
		    template_set_add(set, p, partial, &err) == 0 &&
		    template_set_link(set, &err) == 0) {
			render(set, a, values);
			render(set, p, values);
		}
		template_set_free(&set);
	}
	arena_free(&arena);
	return 0;
}
