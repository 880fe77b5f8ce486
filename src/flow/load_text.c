/*
 * load_text.c - the files of a pack: every text is compiled, whether named or not.
 */
#include "load_private.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TEXTS = 1000 };

static bool ends_with(const char *path, const char *ending)
{
	size_t n = strlen(path), e = strlen(ending);

	return n > e && strcmp(path + n - e, ending) == 0;
}

/* "hi/ask_name.txt" is in the folder of a language. */
static bool is_text_file(const struct flow *flow, const char *path)
{
	const char *slash = strchr(path, '/');

	if (!slash || !ends_with(path, ".txt"))
		return false;
	for (size_t i = 0; i < flow->language_count; i++) {
		const char *code = flow->languages[i].code;

		if (strlen(code) == (size_t)(slash - path) &&
		    strncmp(code, path, (size_t)(slash - path)) == 0)
			return true;
	}
	return false;
}

/* template/ says "name:line: what; cure": taken apart again. */
static void template_fault(struct flow_loader *ld, const char *file, const char *text)
{
	size_t n = strlen(file);
	unsigned line = 0;
	const char *cure;

	if (strncmp(text, file, n) == 0 && text[n] == ':') {
		char *end;

		line = (unsigned)strtoul(text + n + 1, &end, 10);
		text = *end == ':' ? end + 1 : end;
		while (*text == ' ')
			text++;
	}
	cure = strchr(text, ';');
	flow_fault_add(ld->faults, FLOW_ERROR, (struct flow_spot){ file, line, NULL, NULL },
		       cure ? arena_strndup(ld->a, text, (size_t)(cure - text)) : text,
		       cure ? cure + 1 + strspn(cure + 1, " ") : "correct the template");
}

/* Files that {{> name}} includes, without reading the whole grammar: only for "nobody uses it". */
static void note_partials(struct flow_loader *ld, const struct file *file)
{
	const char *folder_end = strchr(file->path, '/');
	size_t folder = folder_end ? (size_t)(folder_end - file->path) + 1 : 0;
	const char *p = file->text.n ? file->text.p : "";

	while ((p = strstr(p, "{{>")) != NULL && ld->flow->partial_count < MAX_TEXTS) {
		size_t n;

		p += 3;
		p += strspn(p, " ");
		n = strcspn(p, " }");
		ld->flow->partials[ld->flow->partial_count++] =
			arena_printf(ld->a, "%.*s%.*s.txt", (int)folder, file->path, (int)n, p);
	}
}

/* "fr/ask_name.txt", but the flow does not speak fr. */
static void warn_of_language(struct flow_loader *ld, const char *path)
{
	const char *slash = strchr(path, '/');

	if (!slash || strchr(slash + 1, '/') || !ends_with(path, ".txt"))
		return;
	flow_fault_add(ld->faults, FLOW_WARNING, (struct flow_spot){ path, 0, NULL, NULL },
		       arena_printf(ld->a, "\"%.*s\" is no language of this flow",
				    (int)(slash - path), path),
		       "add it to \"languages\" in flow.json, or remove the file");
}

void load_files(struct flow_loader *ld)
{
	struct flow *flow = ld->flow;

	flow->templates = template_set_new();
	flow->texts = arena_array(ld->a, MAX_TEXTS, sizeof *flow->texts);
	flow->partials = arena_array(ld->a, MAX_TEXTS, sizeof *flow->partials);
	flow->text_files = arena_array(ld->a, ld->pack->count, sizeof *flow->text_files);
	for (size_t i = 0; i < ld->pack->count; i++) {
		const struct file *file = &ld->pack->files[i];
		bool text = is_text_file(flow, file->path);
		struct err err = { 0 };

		if (!text &&
		    !(strncmp(file->path, "calls/", 6) == 0 && ends_with(file->path, ".json"))) {
			warn_of_language(ld, file->path);
			continue;
		}
		if (template_set_add(flow->templates, file->path, file->text, &err) < 0)
			template_fault(ld, file->path, err.text);
		if (!text)
			continue;
		flow->text_files[flow->text_file_count++] = arena_strdup(ld->a, file->path);
		note_partials(ld, file);
	}
}

static struct flow_text *text_named(struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->text_count; i++) {
		if (strcmp(flow->texts[i]->name, name) == 0)
			return flow->texts[i];
	}
	return NULL;
}

static size_t blanks_at_end(const struct file *file)
{
	size_t n = file ? file->text.n : 0;

	while (n && strchr(" \n\r\t", file->text.p[n - 1]))
		n--;
	return file ? file->text.n - n : 0;
}

static const struct flow_text *text_get(struct flow_loader *ld, const cJSON *node, const char *key,
					const char *name)
{
	struct flow *flow = ld->flow;
	struct flow_text *t = text_named(flow, name);

	if (t)
		return t;
	if (flow->text_count == MAX_TEXTS) {
		load_fault(ld, node, key, "name fewer", "more than %d texts", MAX_TEXTS);
		return NULL;
	}
	t = arena_alloc(ld->a, sizeof *t);
	t->name = name;
	for (size_t i = 0; i < flow->language_count; i++) {
		const char *path =
			arena_printf(ld->a, "%s/%.100s.txt", flow->languages[i].code, name);

		const struct file *file = file_tree_get(ld->pack, path);

		t->in[i] = template_set_get(flow->templates, path);
		t->blanks[i] = blanks_at_end(file);
		if (!t->in[i] && !file)
			load_fault(ld, node, key, arena_printf(ld->a, "write the file %s", path),
				   "the text \"%.60s\" is missing in language %s", name,
				   flow->languages[i].code);
	}
	flow->texts[flow->text_count++] = t;
	return t;
}

const struct flow_text *load_text(struct flow_loader *ld, const cJSON *object, const char *key)
{
	const char *name = load_string(ld, object, key);

	if (!name)
		return NULL;
	return text_get(ld, cJSON_GetObjectItemCaseSensitive(object, key), key, name);
}

const struct flow_text **load_texts(struct flow_loader *ld, const cJSON *object, const char *key,
				    size_t *count_out)
{
	size_t names;
	const char **name = load_strings(ld, object, key, &names);
	const struct flow_text **list = arena_array(ld->a, names, sizeof *list);
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, key);

	*count_out = 0;
	for (size_t i = 0; i < names; i++) {
		const struct flow_text *t = text_get(ld, node, key, name[i]);

		if (t)
			list[(*count_out)++] = t;
	}
	return list;
}

const struct template *load_inline(struct flow_loader *ld, const cJSON *node, const char *key,
				   const char *text)
{
	const char *name = arena_printf(ld->a, "flow.json#%s", load_join(ld, key));
	struct err err = { 0 };

	if (template_set_add_as(ld->flow->templates, name, str_of(text), TEMPLATE_RAW, &err) < 0) {
		load_fault(ld, node, key, "correct the placeholder", "%s", err.text);
		return NULL;
	}
	return template_set_get(ld->flow->templates, name);
}

void load_link(struct flow_loader *ld)
{
	struct err err = { 0 };
	const char *colon;

	if (template_set_link(ld->flow->templates, &err) == 0)
		return;
	colon = strchr(err.text, ':');
	template_fault(ld,
		       colon ? arena_strndup(ld->a, err.text, (size_t)(colon - err.text))
			     : "flow.json",
		       err.text);
}
