/*
 * test_flow_answer.c - what a call answers: fields that are kept, lists that are shown and
 * chosen from, all of it bounded.
 */
#include "flow_pack.h"

static const struct pack_file texts[] = {
	{ "en/orders.txt",
	  "Orders{{#orders}} {{number}}.{{title}} ({{state}}){{/orders}}{{#more.orders}} and "
	  "more{{/more.orders}}" },
	{ "en/options.txt", "Which?{{#options}} {{number}}.{{title}}{{/options}}" },
	{ "en/card.txt",
	  "{{id.order}} {{order}} {{with.order.state}}{{#ref}}, ref {{ref}}{{/ref}}" },
	{ "en/none.txt", "none" },
	{ "en/down.txt", "down" },
	{ "en/wrong.txt", "wrong" },
	{ "en/bye.txt", "bye" },
};

static const char json[] =
	"{\"flow\": \"orders\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": \"load\",\n"
	"\"values\": {\n"
	" \"orders\": {\"type\": \"items\", \"max\": 3, \"label\": \"title\", \"fields\": {\"id\": "
	"10,\n"
	"   \"title\": {\"path\": \"product.name\", \"max\": 12}, \"state\": 20}},\n"
	" \"order\": {\"type\": \"choice\", \"from\": \"orders\"},\n"
	" \"ref\": {\"type\": \"text\", \"max\": 8},\n"
	" \"count\": {\"type\": \"integer\", \"max\": 99},\n"
	" \"vip\": {\"type\": \"choice\", \"options\": [{\"id\": \"true\", \"label\": {\"en\": "
	"\"VIP\"}}]}},\n"
	"\"settings\": {\"SHOP\": {\"default\": \"http://shop\"}}, \"calls\": {\"mine\": "
	"{\"method\": \"GET\", \"url\": "
	"\"{{env.SHOP}}/orders\", \"headers\": {\"X-Contact\": \"{{url.contact}}\"}, \"pii\": "
	"\"contact\", \"timeout_ms\": \"5000\", \"outcomes\": "
	"[{\"name\": \"ok\", \"status\": 200}]},\n"
	" \"one\": {\"method\": \"GET\", \"url\": \"{{env.SHOP}}/orders/{{url.order}}\", "
	"\"timeout_ms\": \"5000\", \"outcomes\": [{\"name\": \"ok\", \"status\": 200}]}},\n"
	"\"steps\": {\n"
	" \"load\": {\"call\": \"mine\", \"exits\": {\"ok\": {\"set\": {\"orders\": {\"answer\": "
	"\"data.orders\"}, \"ref\": {\"answer\": \"ref\"}, \"count\": {\"answer\": \"count\"}, "
	"\"vip\": {\"answer\": \"vip\"}}, \"goto\": \"any\"}, \"otherwise\": {\"say\": \"down\", "
	"\"goto\": \"bye\"}}},\n"
	" \"any\": {\"shown\": false, \"next\": [{\"if\": {\"set\": \"orders\"}, \"say\": "
	"\"orders\", \"goto\": \"which\"}, {\"say\": \"none\", \"goto\": \"bye\"}]},\n"
	" \"which\": {\"ask\": \"options\", \"save\": \"order\", \"wrong\": \"wrong\", \"next\": "
	"\"fetch\"},\n"
	" \"fetch\": {\"call\": \"one\", \"exits\": {\"ok\": {\"set\": {\"ref\": {\"answer\": "
	"\"ref\"}}, \"say\": \"card\", \"goto\": \"bye\"}, \"otherwise\": \"which\"}},\n"
	" \"bye\": {\"end\": true, \"again\": \"bye\"}},\n" PACK_SYSTEM "}";

static const char *answer_with(struct talk *t, const char *text)
{
	struct value *v = NULL;
	struct err err = { 0 };

	if (value_from_json(&t->a, str_of(text), &v, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return talk_run(t, &(struct flow_input){ .kind = FLOW_INPUT_OUTCOME,
						 .call_id = t->session->call.id,
						 .outcome = "ok",
						 .answer = v });
}

static void begin(struct talk *t, const char *answer)
{
	pack_open(t, json, texts, COUNT(texts));
	pack_is_clean(t);
	(void)talk_write(t, "hi");
	assert_int_equal(talk_count(t, FLOW_CALL), 1);
	(void)answer_with(t, answer);
}

#define THREE                                                                                      \
	"{\"data\": {\"orders\": [{\"id\": \"A-1\", \"state\": \"cutting\", \"product\": "         \
	"{\"name\": \"Gate\"}}, {\"id\": 17, \"state\": \"done\", \"product\": {\"name\": "        \
	"\"Fence\"}}, {\"id\": \"A-3\", \"state\": \"new\", \"product\": {\"name\": \"Roof\"}}]}}"

static void a_list_is_shown_and_chosen_from(void **state)
{
	static const struct {
		const char *text, *id; /* NULL: wrong */
	} rows[] = {
		{ "1", "A-1" },	  { "٢", "17" },     { "3.", "A-3" },	  { "a-1", "A-1" },
		{ "A-3", "A-3" }, { "fence", "17" }, { "17", "17" },	  { "4", NULL },
		{ "0", NULL },	  { "Gat", NULL },   { "A-1 A-3", NULL }, { "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct talk t;
		struct flow_call call;

		begin(&t, THREE);
		CHECK_SAME(t.said,
			   "Orders 1.Gate (cutting) 2.Fence (done) 3.Roof (new)\n\nWhich? 1.Gate "
			   "2.Fence 3.Roof\n--\n",
			   rows[i].text);
		(void)talk_write(&t, rows[i].text);
		CHECK_CASE((t.session->call.id[0] != '\0') == (rows[i].id != NULL), rows[i].text);
		if (rows[i].id) {
			CHECK_SAME(session_get(t.session, "order"), rows[i].id, rows[i].text);
			assert_int_equal(
				flow_call_describe(t.flow, t.session, &t.env, &t.a, &call, NULL),
				1);
			CHECK_SAME(call.url,
				   arena_printf(&t.a, "http://shop/orders/%s", rows[i].id),
				   rows[i].text);
			CHECK_SAME(call.method, "GET", rows[i].text);
		}
		talk_close(&t);
	}
}

static void a_row_is_tapped(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, THREE);
	(void)talk_tap(&t, "Fence", "17");
	assert_string_equal(session_get(t.session, "order"), "17");
	(void)answer_with(&t, "{\"ref\": \"R-9\"}");
	assert_string_equal(t.said, "17 Fence done, ref R-9\n--\n");
	talk_close(&t);
}

static void what_is_kept(void **state)
{
	static const struct {
		const char *name, *answer, *said, *value, *kept;
	} rows[] = {
		{ "no list", "{}", "none\n--\n", "orders", NULL },
		{ "an empty one", "{\"data\": {\"orders\": []}}", "none\n--\n", "orders", NULL },
		{ "no list but a text", "{\"data\": {\"orders\": \"x\"}}", "none\n--\n", "orders",
		  NULL },
		{ "items without an id", "{\"data\": {\"orders\": [{\"state\": \"x\"}, 5, null]}}",
		  "none\n--\n", "orders", NULL },
		{ "an id that is too long",
		  "{\"data\": {\"orders\": [{\"id\": \"12345678901\"}, {\"id\": \"b\"}]}}",
		  "Orders 1. ()\n\nWhich? 1.\n--\n", "orders",
		  "{\"more\":false,\"items\":[{\"id\":\"b\"}]}" },
		{ "a long field is cut, with a mark",
		  "{\"data\": {\"orders\": [{\"id\": \"b\", \"product\": {\"name\": "
		  "\"Unbelievably long\"}}]}}",
		  "Orders 1.Unbelievabl… ()\n\nWhich? 1.Unbelievabl…\n--\n", "orders",
		  "{\"more\":false,\"items\":[{\"id\":\"b\",\"title\":\"Unbelievabl…\"}]}" },
		{ "more than fit",
		  "{\"data\": {\"orders\": [{\"id\": 1}, {\"id\": 2}, {\"id\": 3}, {\"id\": 4}]}}",
		  "Orders 1. () 2. () 3. () and more\n\nWhich? 1. 2. 3.\n--\n", "orders",
		  "{\"more\":true,\"items\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"}]}" },
		{ "a text", "{\"ref\": \" R 1\\n\"}", "none\n--\n", "ref", "R 1" },
		{ "a text that is too long", "{\"ref\": \"123456789\"}", "none\n--\n", "ref",
		  NULL },
		{ "an object where a text should be", "{\"ref\": {}}", "none\n--\n", "ref", NULL },
		{ "null", "{\"ref\": null}", "none\n--\n", "ref", NULL },
		{ "a number", "{\"count\": 42}", "none\n--\n", "count", "42" },
		{ "a number out of bounds", "{\"count\": 420}", "none\n--\n", "count", NULL },
		{ "a fraction", "{\"count\": 4.2}", "none\n--\n", "count", NULL },
		{ "true", "{\"vip\": true}", "none\n--\n", "vip", "true" },
		{ "false", "{\"vip\": false}", "none\n--\n", "vip", NULL },
		{ "markup", "{\"ref\": \"{{ref}}\"}", "none\n--\n", "ref", "{{ref}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct talk t;
		const char *kept;

		begin(&t, rows[i].answer);
		CHECK_SAME(t.said, rows[i].said, rows[i].name);
		kept = session_get(t.session, rows[i].value);
		CHECK_SAME(kept ? kept : "-", rows[i].kept ? rows[i].kept : "-", rows[i].name);
		talk_close(&t);
	}
}

/* Two items of the same label: the label alone says not which. */
static void an_ambiguous_label_is_no_answer(void **state)
{
	struct talk t;

	(void)state;
	begin(&t, "{\"data\": {\"orders\": [{\"id\": \"a\", \"product\": {\"name\": \"Gate\"}}, "
		  "{\"id\": "
		  "\"b\", \"product\": {\"name\": \"Gate\"}}]}}");
	(void)talk_write(&t, "gate");
	assert_null(session_get(t.session, "order"));
	(void)talk_write(&t, "b");
	assert_string_equal(session_get(t.session, "order"), "b");
	talk_close(&t);
}

/* Twenty items of the longest fields must not outgrow a value: what does not fit is "more". */
static void a_huge_list_fits(void **state)
{
	struct talk t;
	const char *items = "";

	(void)state;
	pack_open(&t, json, texts, COUNT(texts));
	(void)talk_write(&t, "hi");
	for (int i = 0; i < 500; i++)
		items = arena_printf(&t.a, "%s%s{\"id\": %d, \"state\": \"ññññññññññññññññññññ\"}",
				     items, i ? "," : "", i);
	(void)answer_with(&t, arena_printf(&t.a, "{\"data\": {\"orders\": [%s]}}", items));
	assert_true(talk_said(&t, "3. (ñññ"));
	assert_true(talk_said(&t, "and more"));
	talk_close(&t);
}

static void faults(void **state)
{
	static const struct {
		const char *old, *new, *says;
	} rows[] = {
		{ "\"fields\": {\"id\": 10,", "\"fields\": {\"number\": 10,",
		  "flow.json:3: field values.orders.fields.number: is no field; write at most 8 "
		  "fields with their longest length, none called number\n"
		  "flow.json:3: field values.orders.fields: items need at least the field id; "
		  "write "
		  "{\"id\": 20, …} with the longest lengths\n" },
		{ "\"label\": \"title\"", "\"label\": \"titel\"",
		  "flow.json:3: field values.orders.label: there is no field \"titel\"; name one "
		  "of "
		  "the fields\n" },
		{ "\"state\": 20", "\"state\": 2000",
		  "flow.json:4: field values.orders.fields.state: is out of range; write a whole "
		  "number from 1 to 300\n" },
		{ "\"pii\": \"contact\", ", "",
		  "flow.json:9: field headers: call mine sends {{url.contact}}, which is personal "
		  "data (contact); add \"contact\" to the call's \"pii\", or do not send it\n" },
		{ "/orders/{{url.order}}", "/orders/{{contact}}",
		  "flow.json:10: field url: call one sends {{contact}}, which is personal data "
		  "(contact); add \"contact\" to the call's \"pii\", or do not send it\n"
		  "flow.json:10: field url: call one has personal data (contact) in its address; "
		  "addresses end in logs: send it in the body\n" },
		{ "\"next\": \"fetch\"", "\"shown\": \"x\"",
		  "flow.json:14: step which, field next: is missing; say where an answer leads\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		pack_edit_says(json, texts, COUNT(texts), rows[i].old, rows[i].new, rows[i].says);
}

/* A value that takes personal data from another one is personal data. */
static void personal_data_keeps_its_mark(void **state)
{
	static const struct {
		const char *from, *to, *set, *says;
	} rows[] = {
		{ ", \"pii\": \"name\"", "", "{\"copy\": \"a\"}",
		  "flow.json:1: step q, field set: {{b}} becomes personal data (name) of {{a}}; "
		  "add "
		  "\"pii\": \"name\" to the value b\n" },
		{ ", \"pii\": \"name\"", ", \"pii\": \"phone\"", "{\"copy\": \"a\"}",
		  "flow.json:1: step q, field set: {{b}} becomes personal data (name) of {{a}}; "
		  "add "
		  "\"pii\": \"name\" to the value b\n" },
		{ ", \"pii\": \"name\"", ", \"pii\": \"name\"", "{\"copy\": \"a\"}", "" },
		{ "", "", "{\"copy\": \"a\"}", "" },
		{ ", \"pii\": \"name\"", "", "\"plain\"", "" },
	};
	static const struct pack_file few[] = { { "en/ask.txt", "ask" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		const char *pack = arena_printf(
			&a,
			"{\"flow\": \"t\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": "
			"\"q\", \"values\": {\"a\": {\"type\": \"text\"%s}, \"b\": {\"type\": "
			"\"text\"%s}}, \"steps\": {\"q\": {\"ask\": \"ask\", \"save\": \"a\", "
			"\"wrong\": \"ask\", \"next\": {\"set\": {\"b\": %s}, \"goto\": \"e\"}}, "
			"\"e\": {\"say\": \"ask\", \"end\": true, \"again\": "
			"\"ask\"}}, " PACK_SYSTEM "}",
			rows[i].from, rows[i].to, rows[i].set);

		CHECK_SAME(pack_faults(&a, pack, few, COUNT(few)), rows[i].says, rows[i].set);
		arena_free(&a);
	}
}

static void text_faults(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "{{with.order.colour}}", "nothing sets {{with.order.colour}}" },
		{ "{{with.ref.id}}", "nothing sets {{with.ref.id}}" },
		{ "{{orders}}",
		  "{{orders}} is a list; write {{#orders}}{{number}}. {{title}}{{/orders}}" },
		{ "{{#orders}}{{colour}}{{/orders}}", "nothing sets {{colour}}" },
		{ "{{more.ref}}", "nothing sets {{more.ref}}" },
		{ "{{id.orders}}", "nothing sets {{id.orders}}" },
		{ "{{with.order.state}}", "{{with.order.state}} is not set on every way here" },
		{ "{{also}}", "nothing sets {{also}}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		struct pack_file files[COUNT(texts)];
		const char *says;

		memcpy(files, texts, sizeof texts);
		files[3].text = rows[i].text; /* none.txt: said when there are no orders */
		says = pack_faults(&a, json, files, COUNT(files));
		if (!strstr(says, rows[i].says))
			fail_msg("%s: got <%s>", rows[i].text, says);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_shown_and_chosen_from),
		cmocka_unit_test(a_row_is_tapped),
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(an_ambiguous_label_is_no_answer),
		cmocka_unit_test(a_huge_list_fits),
		cmocka_unit_test(faults),
		cmocka_unit_test(personal_data_keeps_its_mark),
		cmocka_unit_test(text_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
