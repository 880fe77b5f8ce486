/*
 * load_list.c - languages, words, and lists of options with one id each.
 *
 * An option is found by its number, id, label or synonym in every language,
 * whatever the session speaks: people mix. Two options must not share a word.
 */
#include "load_private.h"

#include <string.h>

#include "base/text.h"
#include "words_private.h"

enum { WORD_MAX_CHARS = 100 };

void load_languages(struct flow_loader *ld)
{
	static const char *const keys[] = { "script", NULL };
	const cJSON *all = load_object(ld, ld->root, "languages"), *m;
	struct flow *flow = ld->flow;

	ld->within = "languages";
	cJSON_ArrayForEach(m, all)
	{
		struct flow_language *l = &flow->languages[flow->language_count];

		if (flow->language_count == FLOW_MAX_LANGUAGES) {
			load_fault(ld, m, m->string, "drop some", "more than %d languages",
				   FLOW_MAX_LANGUAGES);
			break;
		}
		if (!load_name_ok(ld, m, "language", m->string))
			continue;
		if (strlen(m->string) > LANGUAGE_MAX || !cJSON_IsObject(m)) {
			load_fault(ld, m, m->string,
				   "write \"hi\": {\"script\": \"Deva\"} or \"en\": {}",
				   "is no language");
			continue;
		}
		ld->within = arena_printf(ld->a, "languages.%s", m->string);
		load_check_keys(ld, m, keys);
		l->script = load_string(ld, m, "script");
		ld->within = "languages";
		l->code = arena_strdup(ld->a, m->string);
		flow->language_count++;
	}
	ld->within = "";
	if (flow->language_count == 0)
		load_fault(ld, ld->root, "languages", "write \"languages\": {\"en\": {}}",
			   "the flow speaks no language");
}

int load_word_add(struct flow_loader *ld, struct load_words *w, const char *key, unsigned item)
{
	for (size_t i = 0; i < w->count; i++) {
		if (strcmp(w->list[i].key, key) == 0)
			return w->list[i].item == item ? -1 : (int)w->list[i].item;
	}
	if (w->count == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 16;
		struct flow_word *list = arena_array(ld->a, cap, sizeof *list);

		if (w->count)
			memcpy(list, w->list, w->count * sizeof *list);
		w->list = list;
		w->cap = cap;
	}
	w->list[w->count++] = (struct flow_word){ key, item };
	return -1;
}

struct flow_words load_words_done(struct load_words *w)
{
	struct flow_words done = { w->list, w->count };

	flow_words_sort(&done);
	return done;
}

static void add_text(struct flow_loader *ld, const cJSON *node, const char *key, const char *text,
		     struct load_words *w, unsigned item,
		     void (*taken)(struct flow_loader *, const cJSON *, const char *, unsigned))
{
	const char *word = flow_word_key(ld->a, str_of(text));
	int other;

	if (!*word || text_chars(str_of(text)) > WORD_MAX_CHARS) {
		load_fault(ld, node, key, "write 1 to 100 characters", "\"%.40s\" is no word",
			   text);
		return;
	}
	other = load_word_add(ld, w, word, item);
	if (other >= 0)
		taken(ld, node, text, (unsigned)other);
}

void load_words(struct flow_loader *ld, const cJSON *object, const char *key, bool each_language,
		struct load_words *w, unsigned item,
		void (*taken)(struct flow_loader *ld, const cJSON *node, const char *word,
			      unsigned other))
{
	const cJSON *all = load_object(ld, object, key), *m;
	const char *within = ld->within;

	if (!all)
		return;
	ld->within = load_join(ld, key);
	cJSON_ArrayForEach(m, all)
	{
		size_t n;
		const char **words;

		if (flow_language_find(ld->flow, m->string) < 0) {
			load_fault(ld, m, m->string, "add it to \"languages\"",
				   "is no language of this flow");
			continue;
		}
		words = load_strings(ld, all, m->string, &n);
		for (size_t i = 0; i < n; i++)
			add_text(ld, m, m->string, words[i], w, item, taken);
	}
	for (size_t i = 0; each_language && i < ld->flow->language_count; i++) {
		const char *code = ld->flow->languages[i].code;

		if (!cJSON_GetObjectItemCaseSensitive(all, code))
			load_fault(ld, all, code, "add the words that people use in it",
				   "has no words in language %s", code);
	}
	ld->within = within;
}

/* The options being read: for the words' clash. */
static void option_taken(struct flow_loader *ld, const cJSON *node, const char *word,
			 unsigned other)
{
	load_fault(ld, node, NULL, "give each option words of its own",
		   "\"%.40s\" means option %u as well", word, other + 1);
}

static void load_label(struct flow_loader *ld, const cJSON *node, struct flow_option *o,
		       struct load_words *w, unsigned item)
{
	static const char *const form = "write \"label\": {\"en\": \"…\"} in every language";
	const cJSON *all = load_object(ld, node, "label"), *m;
	const char *within = ld->within;

	if (!all) {
		if (!cJSON_GetObjectItemCaseSensitive(node, "label"))
			load_fault(ld, node, "label", form, "option %u has none", item + 1);
		return;
	}
	ld->within = load_join(ld, "label");
	cJSON_ArrayForEach(m, all)
	{
		int language = flow_language_find(ld->flow, m->string);

		if (language < 0) {
			load_fault(ld, m, m->string, "add it to \"languages\"",
				   "is no language of this flow");
			continue;
		}
		o->label[language] = load_string(ld, all, m->string);
		if (o->label[language])
			add_text(ld, m, m->string, o->label[language], w, item, option_taken);
	}
	for (size_t i = 0; i < ld->flow->language_count; i++) {
		if (!cJSON_GetObjectItemCaseSensitive(all, ld->flow->languages[i].code))
			load_fault(ld, all, ld->flow->languages[i].code, form, "option %u has none",
				   item + 1);
	}
	ld->within = within;
}

/* ---- extra fields: {"price": 50, "hint": {"en": "…", "fr": "…"}} ---- */

static void load_field(struct flow_loader *ld, const cJSON *m, struct flow_option *o, int field)
{
	const struct flow *flow = ld->flow;

	for (size_t l = 0; l < flow->language_count; l++) {
		const cJSON *in = m;

		if (cJSON_IsObject(m)) {
			in = cJSON_GetObjectItemCaseSensitive(m, flow->languages[l].code);
			if (!in) {
				load_fault(ld, m, m->string, "write it in every language",
					   "is missing in language %s", flow->languages[l].code);
				continue;
			}
		}
		o->with[field][l] = load_scalar(ld, in);
		if (!o->with[field][l])
			load_fault(ld, m, m->string,
				   "write a text, a whole number, or one of them per language",
				   "is no field");
	}
}

static bool is_item_word(const char *name)
{
	return strcmp(name, "number") == 0 || strcmp(name, "id") == 0 || strcmp(name, "label") == 0;
}

/* The first option says which fields there are. */
static void load_with(struct flow_loader *ld, const cJSON *node, struct flow_list *list,
		      struct flow_option *o, bool first)
{
	const cJSON *all = load_object(ld, node, "with"), *m;
	const char *within = ld->within;
	size_t n = 0;

	ld->within = load_join(ld, "with");
	cJSON_ArrayForEach(m, all)
	{
		int field = flow_list_field(list, m->string);

		if (field < 0 && first && list->field_count < FLOW_MAX_FIELDS &&
		    load_name_ok(ld, m, "field", m->string) && !is_item_word(m->string)) {
			field = (int)list->field_count;
			list->fields[list->field_count++] = arena_strdup(ld->a, m->string);
		}
		if (field < 0) {
			load_fault(ld, m, m->string,
				   "give every option the same fields, at most 8, none of them "
				   "number, id or label",
				   "is no field of this list");
		} else {
			load_field(ld, m, o, field);
		}
		n++;
	}
	ld->within = within;
	if (n < list->field_count && !first)
		load_fault(ld, node, "with", "give every option the same fields",
			   "has %zu fields, other options have %zu", n, list->field_count);
}

/* ---- options ---- */

struct options_reader {
	struct flow_list *list;
	struct load_words words;
	bool numbered;			   /* by place, unless an option has a number of its own */
	unsigned place;			   /* of the last one that is numbered by place */
	unsigned from[FLOW_MAX_LANGUAGES]; /* the first number shown, 0: 1 */
};

/* By its own number, its place, and in some languages a number that starts elsewhere. */
static void load_numbers(struct flow_loader *ld, const cJSON *node, struct options_reader *rd,
			 struct flow_option *o, unsigned item)
{
	bool own = cJSON_GetObjectItemCaseSensitive(node, "number") != NULL;
	unsigned number = (unsigned)load_int(ld, node, "number", 0, 0, 999);
	int other;

	if (!own && !rd->numbered)
		return;
	if (!own)
		number = ++rd->place;
	other = load_word_add(ld, &rd->words, arena_printf(ld->a, "%u", number), item);
	if (other >= 0)
		option_taken(ld, node, arena_printf(ld->a, "%u", number), (unsigned)other);
	for (size_t l = 0; l < ld->flow->language_count; l++) {
		const char *word;

		o->number[l] = !own && rd->from[l] ? rd->from[l] + number - 1 : number;
		if (o->number[l] == number)
			continue;
		word = arena_printf(ld->a, "%u", o->number[l]);
		other = load_word_add(ld, &rd->words, word, item);
		if (other >= 0)
			option_taken(ld, node, word, (unsigned)other);
	}
}

static void load_option(struct flow_loader *ld, const cJSON *node, struct options_reader *rd)
{
	static const char *const keys[] = { "id", "label", "synonyms", "number", "with", NULL };
	struct flow_list *list = rd->list;
	struct flow_option *o = &list->options[list->count];
	unsigned item = (unsigned)list->count;
	int other;

	if (!cJSON_IsObject(node)) {
		load_fault(ld, node, NULL, "write {\"id\": …, \"label\": {…}}",
			   "an option is no object");
		return;
	}
	load_check_keys(ld, node, keys);
	o->id = load_string(ld, node, "id");
	if (!o->id) {
		load_fault(ld, node, "id", "give the option an id", "is missing");
		return;
	}
	if (!load_name_ok(ld, node, "option", o->id))
		return;
	if (flow_option_find(list, o->id)) {
		load_fault(ld, node, "id", "ids are unique within a list", "\"%s\" occurs twice",
			   o->id);
		return;
	}
	list->count++;
	load_numbers(ld, node, rd, o, item);
	other = load_word_add(ld, &rd->words, flow_word_key(ld->a, str_of(o->id)), item);
	if (other >= 0)
		option_taken(ld, node, o->id, (unsigned)other);
	load_label(ld, node, o, &rd->words, item);
	load_words(ld, node, "synonyms", false, &rd->words, item, option_taken);
	load_with(ld, node, list, o, item == 0);
}

/* {number, id, label} and the fields of each option, once per language: templates borrow them. */
static void show_options(struct flow_loader *ld, struct flow_list *list)
{
	for (size_t l = 0; l < ld->flow->language_count; l++) {
		struct value *holder = value_object(ld->a);

		list->shown[l] = value_add_list(ld->a, holder, list->name);
		for (size_t i = 0; i < list->count; i++) {
			struct value *item = value_append_object(ld->a, list->shown[l]);
			const struct flow_option *o = &list->options[i];

			value_add_text(ld->a, item, "number",
				       str_of(arena_printf(ld->a, "%u", o->number[l])));
			value_add_text(ld->a, item, "id", str_of(o->id));
			value_add_text(ld->a, item, "label",
				       str_of(o->label[l] ? o->label[l] : ""));
			for (size_t k = 0; k < list->field_count; k++)
				value_add_text(ld->a, item, list->fields[k],
					       str_of(o->with[k][l] ? o->with[k][l] : ""));
		}
	}
}

static void read_options(struct flow_loader *ld, const cJSON *array, struct options_reader *rd)
{
	size_t n = (size_t)cJSON_GetArraySize(array);
	struct flow_list *list = rd->list;
	const cJSON *m;

	list->line = load_line(ld, array);
	if (n == 0 || n > FLOW_MAX_OPTIONS) {
		load_fault(ld, array, NULL, "write 1 to 200 options", "has %zu options", n);
		return;
	}
	list->options = arena_array(ld->a, n, sizeof *list->options);
	cJSON_ArrayForEach(m, array) load_option(ld, m, rd);
	list->words = load_words_done(&rd->words);
	show_options(ld, list);
}

void load_options(struct flow_loader *ld, const cJSON *array, bool numbered, struct flow_list *list)
{
	struct options_reader rd = { .list = list, .numbered = numbered };

	read_options(ld, array, &rd);
}

/* ---- lists ---- */

/* {"numbered_from": {"ar": 10}, "options": […]} */
static void load_list_object(struct flow_loader *ld, const cJSON *node, struct flow_list *list)
{
	static const char *const keys[] = { "numbered_from", "options", NULL };
	struct options_reader rd = { .list = list, .numbered = true };
	const cJSON *from, *options, *m;
	const char *within = ld->within;

	load_check_keys(ld, node, keys);
	from = load_object(ld, node, "numbered_from");
	options = load_array(ld, node, "options");
	ld->within = load_join(ld, "numbered_from");
	cJSON_ArrayForEach(m, from)
	{
		int l = flow_language_find(ld->flow, m->string);

		if (l < 0)
			load_fault(ld, m, m->string, "add it to \"languages\"",
				   "is no language of this flow");
		else
			rd.from[l] = (unsigned)load_int(ld, from, m->string, 1, 1, 900);
	}
	ld->within = within;
	if (options)
		read_options(ld, options, &rd);
	else if (!cJSON_GetObjectItemCaseSensitive(node, "options"))
		load_fault(ld, node, "options", "write a list […] of options", "is missing");
}

void load_lists(struct flow_loader *ld)
{
	const cJSON *all = load_object(ld, ld->root, "lists"), *m;
	struct flow *flow = ld->flow;

	flow->lists = arena_array(ld->a, (size_t)cJSON_GetArraySize(all), sizeof *flow->lists);
	cJSON_ArrayForEach(m, all)
	{
		struct flow_list *list = &flow->lists[flow->list_count];

		ld->within = arena_printf(ld->a, "lists.%.60s", m->string);
		if (!load_name_ok(ld, m, "list", m->string))
			continue;
		if (!cJSON_IsArray(m) && !cJSON_IsObject(m)) {
			load_fault(ld, m, NULL, "write a list […] of options", "is no list");
			continue;
		}
		list->name = arena_strdup(ld->a, m->string);
		flow->list_count++;
		if (cJSON_IsArray(m))
			load_options(ld, m, true, list);
		else
			load_list_object(ld, m, list);
	}
	ld->within = "";
}
