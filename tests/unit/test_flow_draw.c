/*
 * test_flow_draw.c - a flow as a picture: the same bytes each time, and what must be in them. How
 * it looks is measured by tests/e2e/test_draw.py.
 */
#include "flow_pack.h"

typedef int draws(const struct flow *flow, const struct file_tree *pack, struct buf *out);

static const char *drawn(struct arena *a, draws *draw, const char *folder)
{
	struct flow_faults faults = { .count = 0 };
	struct flow *flow = NULL;
	struct file_tree pack;
	struct err err = { 0 };
	struct buf out;
	const char *text;

	if (file_tree_read(folder, a, &pack, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(flow_load(&pack, &flow, &faults), 0);
	buf_init(&out, 1 << 20);
	assert_int_equal(draw(flow, &pack, &out), 0);
	text = arena_strdup(a, out.data);
	buf_free(&out);
	flow_free(&flow);
	flow_faults_free(&faults);
	return text;
}

static void the_same_flow_gives_the_same_bytes(void **state)
{
	static draws *const all[] = { flow_draw_svg, flow_draw_mermaid };
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		const char *first = drawn(&a, all[i], "templates/msme");

		assert_string_equal(first, drawn(&a, all[i], "templates/msme"));
		assert_true(strlen(first) > 500);
	}
	arena_free(&a);
}

static void what_is_in_a_picture(void **state)
{
	static const struct {
		const char *name;
		draws *draw;
		const char *text;
	} rows[] = {
		{ "a box", flow_draw_svg, "<g id=\"step-order\">" },
		{ "its prompt", flow_draw_svg, "class=\"text\">Order, {name}?</text>" },
		{ "an exit", flow_draw_svg, "class=\"label\">small, large</text>" },
		{ "a call", flow_draw_svg, ">POST</text>" },
		{ "a record", flow_draw_svg, "class=\"stored\">sale</text>" },
		{ "a command", flow_draw_svg, ">forgets all, → hello</text>" },
		{ "the start", flow_draw_mermaid, "start((\" \")) --> s_hello\n" },
		{ "a question", flow_draw_mermaid, "s_phone[\"phone (phone IN)" },
		{ "there and back", flow_draw_mermaid, "s_sale <-->|\"otherwise\"| s_phone\n" },
		{ "an end", flow_draw_mermaid, "s_done([\"done (end)" },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *text = drawn(&a, rows[i].draw, "tests/unit/data/flow");

		if (!strstr(text, rows[i].text))
			fail_msg("%s: <%s> is not in <%s>", rows[i].name, rows[i].text, text);
	}
	arena_free(&a);
}

static void the_smallest_flow(void **state)
{
	static const char json[] = "{\"flow\": \"f\", \"version\": 1, \"languages\": {\"en\": {}}, "
				   "\"start\": \"a\", \"steps\": {\"a\": {\"end\": true, "
				   "\"again\": \"sys\"}}, " PACK_SYSTEM "}";
	struct arena a = { 0 };
	struct file_tree pack = pack_tree(&a, json, NULL, 0);
	struct flow_faults faults = { .count = 0 };
	struct flow *flow = NULL;
	struct buf out;

	(void)state;
	assert_int_equal(flow_load(&pack, &flow, &faults), 0);
	buf_init(&out, 100000);
	assert_int_equal(flow_draw_svg(flow, &pack, &out), 0);
	assert_non_null(strstr(out.data, "step-a"));
	buf_free(&out);
	buf_init(&out, 30); /* too small: it says so */
	assert_int_equal(flow_draw_svg(flow, &pack, &out), -1);
	buf_reset(&out);
	assert_int_equal(flow_draw_mermaid(flow, &pack, &out), -1);
	buf_free(&out);
	flow_free(&flow);
	flow_faults_free(&faults);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_flow_gives_the_same_bytes),
		cmocka_unit_test(what_is_in_a_picture),
		cmocka_unit_test(the_smallest_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
