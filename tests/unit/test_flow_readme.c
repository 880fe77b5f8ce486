/*
 * test_flow_readme.c - the bots of templates/README.md are what it says: they load, have no
 * faults, run.
 */
#include <stdlib.h>

#include "flow_talk.h"
#include "scenario.h"

/* The block of a language that follows a mark on the page. */
static struct str block(const char *page, const char *mark, const char *fence)
{
	const char *begin = strstr(page, mark), *end;

	assert_non_null(begin);
	begin = strstr(begin, fence);
	assert_non_null(begin);
	begin += strlen(fence);
	end = strstr(begin, "```");
	assert_non_null(end);
	return (struct str){ begin, (size_t)(end - begin) };
}

/* The rows "| `hello.txt` | `text` |" of the next table become files en/hello.txt. */
static void add_texts(struct arena *a, const char *page, const char *head, size_t count,
		      struct file_tree *tree)
{
	const char *p = strstr(page, head);

	assert_non_null(p);
	while ((p = strstr(p, "\n| `")) != NULL && tree->count < count + 1) {
		const char *name = p + 4, *name_end = strchr(name, '`');
		const char *text = strchr(name_end + 1, '`') + 1, *text_end = strchr(text, '`');

		tree->files[tree->count++] =
			(struct file){ arena_printf(a, "en/%.*s", (int)(name_end - name), name),
				       { text, (size_t)(text_end - text) } };
		p = text_end;
	}
	assert_int_equal(tree->count, count + 1);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

enum { TEXTS_MOST = 30 };

/* The bot whose flow.json follows `mark`, with the texts of the table that begins with `head`. */
static void open_bot(struct talk *t, const char *mark, const char *head, size_t texts,
		     const char **page_out)
{
	struct file_tree tree = { .root = "",
				  .files = arena_array(&t->a, TEXTS_MOST, sizeof(struct file)) };
	struct flow_faults faults = { .count = 0 };
	struct str page;
	struct err err = { 0 };

	if (file_read("templates/README.md", 1 << 20, &t->a, &page, &err) < 0)
		fail_msg("%s", err.text);
	tree.files[tree.count++] = (struct file){ "flow.json", block(page.p, mark, "```json\n") };
	add_texts(&t->a, page.p, head, texts, &tree);
	qsort(tree.files, tree.count, sizeof *tree.files, by_path);
	talk_open_tree(t, &tree);
	flow_check(t->flow, &faults);
	talk_print_faults(&faults);
	assert_int_equal(faults.count, 0);
	flow_faults_free(&faults);
	*page_out = page.p;
}

static void the_first_bot(void **state)
{
	struct talk t = { .turns = 0 };
	const char *page;

	(void)state;
	open_bot(&t, "`coffee/flow.json`", "| file | text |", 11, &page);
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

static void the_full_bot(void **state)
{
	struct talk t = { .turns = 0 };
	struct scenario *s;
	struct scenario_fault fault;
	const char *page;

	(void)state;
	open_bot(&t, "`workshop/flow.json`", "| text | says |", 18, &page);
	if (scenario_parse("booking.chat",
			   block(page, "`workshop/tests/booking.chat`", "```chat\n"), &t.a, &s,
			   &fault) < 0 ||
	    scenario_run(s, t.flow, NULL, &t.a, &fault) < 0)
		fail_msg("%s:%u: %s", fault.file, fault.line, fault.what);
	talk_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_bot),
		cmocka_unit_test(the_full_bot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
