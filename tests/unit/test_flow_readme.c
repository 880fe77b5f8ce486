/*
 * test_flow_readme.c - the bot of templates/README.md is what it says: it loads, has no faults,
 * runs.
 */
#include <stdlib.h>

#include "flow_talk.h"

/* The block that follows `coffee/flow.json` on the page. */
static struct str flow_json(const char *page)
{
	const char *begin = strstr(page, "`coffee/flow.json`"), *end;

	assert_non_null(begin);
	begin = strstr(begin, "```json\n");
	assert_non_null(begin);
	begin += strlen("```json\n");
	end = strstr(begin, "```");
	assert_non_null(end);
	return (struct str){ begin, (size_t)(end - begin) };
}

/* Rows "| `hello.txt` | `text` |" become files en/hello.txt. */
static void add_texts(struct arena *a, const char *page, struct file_tree *tree)
{
	const char *p = strstr(page, "| file | text |");

	assert_non_null(p);
	while ((p = strstr(p, "\n| `")) != NULL && tree->count < 12) {
		const char *name = p + 4, *name_end = strchr(name, '`');
		const char *text = strchr(name_end + 1, '`') + 1, *text_end = strchr(text, '`');

		tree->files[tree->count++] =
			(struct file){ arena_printf(a, "en/%.*s", (int)(name_end - name), name),
				       { text, (size_t)(text_end - text) } };
		p = text_end;
	}
	assert_int_equal(tree->count, 12);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static void the_first_bot(void **state)
{
	struct talk t = { .turns = 0 };
	struct file_tree tree = { .root = "", .files = arena_array(&t.a, 13, sizeof(struct file)) };
	struct flow_faults faults = { .count = 0 };
	struct str page;
	struct err err = { 0 };

	(void)state;
	if (file_read("templates/README.md", 1 << 20, &t.a, &page, &err) < 0)
		fail_msg("%s", err.text);
	tree.files[tree.count++] = (struct file){ "flow.json", flow_json(page.p) };
	add_texts(&t.a, page.p, &tree);
	qsort(tree.files, tree.count, sizeof *tree.files, by_path);
	talk_open_tree(&t, &tree);
	flow_check(t.flow, &faults);
	talk_print_faults(&faults);
	assert_int_equal(faults.count, 0);
	(void)talk_write(&t, "good morning");
	assert_string_equal(t.said, "☕ Welcome!\n\nWhat is your name?\n--\n");
	(void)talk_write(&t, "Asha");
	assert_string_equal(t.said, "How many cups, Asha?\n--\n");
	(void)talk_write(&t, "21");
	assert_string_equal(t.said,
			    "Please write a number from 1 to 20.\n\nHow many cups, Asha?\n--\n");
	(void)talk_write(&t, "३");
	assert_string_equal(t.said, "Thank you, Asha: 3 cups.\n--\n");
	assert_true(t.session->completed);
	(void)talk_write(&t, "more");
	assert_string_equal(t.said, "Thank you, Asha: 3 cups.\n--\n");
	(void)talk_write(&t, "Restart!");
	assert_string_equal(t.session->step, "name");
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_bot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
