/*
 * test_flow_record.c - records: kept, listed, found by their id, changed; one's own only.
 */
#include "flow_pack.h"

static const struct pack_file texts[] = {
	{ "en/menu.txt", "Menu" },
	{ "ar/menu.txt", "قائمة" },
	{ "en/ask.txt", "What is broken?" },
	{ "ar/ask.txt", "ما المشكلة؟" },
	{ "en/kept.txt", "Kept as {{record.defect}}" },
	{ "ar/kept.txt", "رقم {{record.defect}}" },
	{ "en/mine.txt", "Yours:{{#answer.items}} {{number}}.{{id}} {{text}} ({{state}}) "
			 "{{date}}{{/answer.items}}{{#answer.more}} …{{/answer.more}}" },
	{ "ar/mine.txt", "لك:{{#answer.items}} {{number}}.{{text}} "
			 "({{state}}){{/answer.items}}{{#answer.more}} …{{/answer.more}}" },
	{ "en/none.txt", "none" },
	{ "ar/none.txt", "لا شيء" },
	{ "en/which.txt", "Which?" },
	{ "ar/which.txt", "أي؟" },
	{ "en/card.txt", "{{answer.id}}: {{answer.text}}, {{answer.state}}" },
	{ "ar/card.txt", "{{answer.id}}: {{answer.text}}, {{answer.state}}" },
	{ "en/gone.txt", "withdrawn" },
	{ "ar/gone.txt", "سحب" },
	{ "en/late.txt", "too late" },
	{ "ar/late.txt", "متأخر" },
	{ "en/down.txt", "down" },
	{ "ar/down.txt", "معطل" },
	{ "en/wrong.txt", "wrong" },
	{ "ar/wrong.txt", "خطأ" },
	{ "ar/sys.txt", "نظام" },
	{ "ar/media.txt", "ملف" },
};

static const char json[] =
	"{\"flow\": \"defects\", \"version\": 1, \"utc_offset\": \"+00:00\", \"start\": \"menu\",\n"
	"\"languages\": {\"en\": {}, \"ar\": {\"script\": \"Arab\"}},\n"
	"\"values\": {\"text\": {\"type\": \"text\", \"min\": 3, \"max\": 50}, \"number\": "
	"{\"type\": "
	"\"text\"},\n"
	" \"open\": {\"type\": \"items\", \"max\": 5, \"label\": \"text\", \"fields\": {\"id\": "
	"40, "
	"\"text\": 20}},\n"
	" \"one\": {\"type\": \"choice\", \"from\": \"open\"}},\n"
	"\"records\": {\"defect\": {\"id_prefix\": \"DEF-\", \"fields\": [\"text\", \"language\"], "
	"\"states\": [\n"
	" {\"id\": \"under_review\", \"label\": {\"en\": \"Under review\", \"ar\": \"قيد "
	"المراجعة\"}},\n"
	" {\"id\": \"resolved\", \"label\": {\"en\": \"Resolved\", \"ar\": \"تم\"}},\n"
	" {\"id\": \"withdrawn\", \"label\": {\"en\": \"Withdrawn\", \"ar\": \"مسحوب\"}}],"
	" \"tell\": {\"resolved\": \"card\"}}},\n"
	"\"calls\": {\n"
	" \"mine\": {\"records\": \"defect\", \"do\": \"list\", \"max\": 2},\n"
	" \"opened\": {\"records\": \"defect\", \"do\": \"list\", \"state\": \"under_review\"},\n"
	" \"look\": {\"records\": \"defect\", \"do\": \"find\", \"id\": \"{{number}}\"},\n"
	" \"withdraw\": {\"records\": \"defect\", \"do\": \"change\", \"id\": \"{{id.one}}\", "
	"\"to\": "
	"\"withdrawn\", \"from\": \"under_review\"}},\n"
	"\"steps\": {\n"
	" \"menu\": {\"ask\": \"menu\", \"wrong\": \"wrong\", \"input\": {\"type\": \"choice\", "
	"\"options\": [\n"
	"  {\"id\": \"report\", \"label\": {\"en\": \"Report\", \"ar\": \"إبلاغ\"}}, {\"id\": "
	"\"list\", \"label\": {\"en\": \"List\", \"ar\": \"سجل\"}},\n"
	"  {\"id\": \"find\", \"label\": {\"en\": \"Find\", \"ar\": \"بحث\"}}, {\"id\": \"undo\", "
	"\"label\": {\"en\": \"Undo\", \"ar\": \"تراجع\"}}]},\n"
	"  \"exits\": {\"report\": \"report\", \"list\": \"mine\", \"find\": \"find\", \"undo\": "
	"\"opened\"}},\n"
	" \"report\": {\"ask\": \"ask\", \"save\": \"text\", \"wrong\": \"wrong\", \"next\": "
	"{\"record\": \"defect\", \"say\": \"kept\", \"goto\": \"menu\"}},\n"
	" \"mine\": {\"call\": \"mine\", \"exits\": {\"found\": {\"say\": \"mine\", \"goto\": "
	"\"menu\"}, \"none\": {\"say\": \"none\", \"goto\": \"menu\"}, \"failed\": {\"say\": "
	"\"down\", \"goto\": \"menu\"}}},\n"
	" \"find\": {\"ask\": \"which\", \"save\": \"number\", \"wrong\": \"wrong\", \"next\": "
	"\"look\"},\n"
	" \"look\": {\"call\": \"look\", \"exits\": {\"found\": {\"say\": \"card\", \"goto\": "
	"\"menu\"}, \"otherwise\": {\"say\": \"none\", \"goto\": \"menu\"}}},\n"
	" \"opened\": {\"call\": \"opened\", \"exits\": {\"found\": {\"set\": {\"open\": "
	"{\"answer\": \"items\"}}, \"goto\": \"some\"}, \"otherwise\": {\"say\": \"none\", "
	"\"goto\": "
	"\"menu\"}}},\n"
	" \"some\": {\"shown\": false, \"next\": [{\"if\": {\"set\": \"open\"}, \"goto\": "
	"\"choose\"}, \"menu\"]},\n"
	" \"choose\": {\"ask\": \"which\", \"save\": \"one\", \"wrong\": \"wrong\", \"next\": "
	"\"withdraw\"},\n"
	" \"withdraw\": {\"call\": \"withdraw\", \"exits\": {\"changed\": {\"say\": \"gone\", "
	"\"goto\": \"menu\"}, \"unchanged\": {\"say\": \"late\", \"goto\": \"menu\"}, "
	"\"otherwise\": {\"say\": \"none\", \"goto\": \"menu\"}}}},\n" PACK_SYSTEM "}";

static void run(const char *name, const char *chat)
{
	struct talk t;

	pack_open(&t, json, texts, COUNT(texts));
	pack_is_clean(&t);
	pack_plays(&t, name, chat);
	talk_close(&t);
}

static void records_are_kept_and_listed(void **state)
{
	(void)state;
	run("list",
	    "> hi\n< Menu\n"
	    "> list\n< none\n< Menu\n"
	    "> report\n< What is broken?\n"
	    "> The Left Gate\n< Kept as DEF-...\n< Menu\n"
	    "expect record defect {\"text\": \"The Left Gate\", \"state\": \"under_review\"}\n"
	    "> list\n< Yours: 1.DEF-... The Left Gate (Under review) 2026-01-05\n< Menu\n"
	    "> report\n< What is broken?\n> Fence\n< ...\n"
	    "record defect -> resolved\n"
	    "> report\n< What is broken?\n> Roof\n< ...\n"
	    "> 2\n< Yours: 1.DEF-... Roof (Under review) 2026-01-05 2.DEF-... Fence "
	    "(Resolved) 2026-01-05 …\n< Menu\n");
}

static void its_contact_is_told(void **state)
{
	static const struct {
		const char *name, *record_state, *language;
		int ret;
		const char *says;
	} rows[] = {
		{ "in English", "resolved", "en", 1, "DEF-7: Gate, Resolved" },
		{ "in Arabic", "resolved", "ar", 1, "DEF-7: Gate, تم" },
		{ "in a language that is gone", "resolved", "xx", 1, "DEF-7: Gate, Resolved" },
		{ "no text of it", "withdrawn", "en", 0, "" },
		{ "a state that is gone", "lost", "en", 0, "" },
	};
	const struct session_value text = { "text", "Gate" };
	struct talk t;

	(void)state;
	pack_open(&t, json, texts, COUNT(texts));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct flow_found found = { "DEF-7", rows[i].record_state, 0, &text, 1 };
		struct buf out;

		buf_init(&out, 1000);
		CHECK_CASE(flow_record_tell(t.flow, "defect", &found, "whatsapp:+911",
					    rows[i].language, NULL, &out, NULL) == rows[i].ret,
			   rows[i].name);
		CHECK_SAME(out.len ? out.data : "", rows[i].says, rows[i].name);
		buf_free(&out);
	}
	assert_true(flow_record_has_state(t.flow, "defect", "withdrawn"));
	assert_false(flow_record_has_state(t.flow, "defect", "new"));
	assert_false(flow_record_has_state(t.flow, "other", "new"));
	assert_string_equal(flow_record_fields(t.flow, "defect")[1], "language");
	assert_null(flow_record_fields(t.flow, "other"));
	talk_close(&t);
}

static void states_are_read_in_the_session_s_language(void **state)
{
	(void)state;
	run("arabic", "> مرحبا\n< قائمة\n> 1\n< ما المشكلة؟\n> البوابة\n< رقم DEF-...\n< قائمة\n"
		      "> 2\n< لك: 1.البوابة (قيد المراجعة)\n< قائمة\n");
}

static void only_what_is_there_is_found(void **state)
{
	(void)state;
	run("find", "> hi\n< Menu\n> find\n< Which?\n> DEF-000000000000\n< none\n< Menu\n"
		    "> find\n< Which?\n> nonsense / %00\n< none\n< Menu\n");
}

static void a_state_is_changed(void **state)
{
	(void)state;
	run("withdraw",
	    "> hi\n< Menu\n> undo\n< none\n< Menu\n> 1\n< What is broken?\n> Gate\n< ...\n"
	    "> undo\n< Which?\n> gate\n< withdrawn\n< Menu\n"
	    "expect record defect {\"state\": \"withdrawn\"}\n"
	    "> undo\n< none\n< Menu\n"
	    "> 1\n< What is broken?\n> Roof\n< ...\n"
	    "> undo\n< Which?\nrecord defect -> resolved\n> 1\n< too late\n< Menu\n"
	    "expect record defect {\"state\": \"resolved\"}\n");
}

/* Kept before a call as pending, after it once more: one record, by one id. */
static void a_record_is_kept_again(void **state)
{
	static const char pay[] =
		"{\"flow\": \"pay\", \"version\": 1, \"languages\": {\"en\": {}, \"ar\": {}}, "
		"\"start\": \"menu\", \"values\": {\"text\": {\"type\": \"text\"}, \"ref\": "
		"{\"type\": \"text\", \"max\": 9}}, \"records\": {\"defect\": {\"fields\": "
		"[\"text\", \"ref\"], \"states\": [{\"id\": \"pending\", \"label\": {\"en\": "
		"\"P\", \"ar\": \"P\"}}, {\"id\": \"done\", \"label\": {\"en\": \"D\", \"ar\": "
		"\"D\"}}]}}, \"calls\": {\"pay\": {\"method\": \"POST\", \"url\": \"http://x\", "
		"\"timeout_ms\": \"1000\", \"outcomes\": [{\"name\": \"ok\", \"status\": 200}]}, "
		"\"mine\": {\"records\": \"defect\", \"do\": \"list\"}}, \"steps\": {\"menu\": "
		"{\"ask\": \"menu\", \"save\": \"text\", \"wrong\": \"wrong\", \"next\": "
		"{\"record\": \"defect\", \"goto\": \"pay\"}}, \"pay\": {\"call\": \"pay\", "
		"\"exits\": {\"ok\": {\"set\": {\"ref\": {\"answer\": \"ref\"}}, \"record\": "
		"{\"type\": \"defect\", \"state\": \"done\", \"update\": true}, \"say\": \"kept\", "
		"\"goto\": \"mine\"}, \"otherwise\": \"menu\"}}, \"mine\": {\"call\": \"mine\", "
		"\"exits\": {\"found\": {\"say\": \"mine\", \"goto\": \"menu\"}, \"otherwise\": "
		"\"menu\"}}}, " PACK_SYSTEM "}";
	static const char chat[] =
		"> hi\n< Menu\n> Gate\nexpect record defect {\"state\": \"pending\"}\n"
		"call pay -> 200 {\"ref\": \"R-1\"}\n< Kept as ...\n< Yours: 1.… Gate (D) "
		"2026-01-05\n< Menu\n"
		"expect record defect {\"state\": \"done\", \"ref\": \"R-1\"}\n";
	struct talk t;

	(void)state;
	pack_open(&t, pay, texts, COUNT(texts));
	pack_plays(&t, "pay.chat", chat);
	talk_close(&t);
}

/* A file may say itself how a look-up ends. */
static void a_look_up_fails(void **state)
{
	(void)state;
	run("failed", "> hi\n< Menu\n> list\ncall mine -> failed\n< down\n< Menu\n"
		      "> list\ncall mine -> found {\"items\": [{\"number\": 1, \"id\": \"X\", "
		      "\"text\": \"T\", \"state\": \"S\", \"date\": \"D\"}]}\n"
		      "< Yours: 1.X T (S) D\n< Menu\n");
}

static void look_ups_as_data(void **state)
{
	struct talk t;
	struct flow_call call;

	(void)state;
	pack_open(&t, json, texts, COUNT(texts));
	(void)talk_write(&t, "hi");
	(void)talk_write(&t, "find");
	(void)talk_write(&t, "def-77");
	assert_int_equal(flow_call_describe(t.flow, t.session, &t.env, &t.a, &call, NULL), 1);
	assert_int_equal(call.kind, FLOW_CALL_FIND);
	assert_string_equal(call.record_type, "defect");
	assert_string_equal(call.record_id, "def-77");
	assert_true(flow_call_has_outcome(t.flow, "look", "found"));
	assert_true(flow_call_has_outcome(t.flow, "look", "failed"));
	assert_false(flow_call_has_outcome(t.flow, "look", "timeout"));
	talk_close(&t);
}

static void faults(void **state)
{
	static const struct {
		const char *old, *new, *says;
	} rows[] = {
		{ "\"do\": \"list\", \"max\": 2", "\"do\": \"all\"",
		  "flow.json:11: field calls.mine.do: \"all\" is nothing to do with records; write "
		  "\"list\", \"find\" or \"change\"\n" },
		{ "\"do\": \"list\", \"max\": 2", "\"do\": \"list\", \"id\": \"x\"",
		  "flow.json:11: field calls.mine.id: unknown key; use one of: records, do, state, "
		  "max\n" },
		{ "\"records\": \"defect\", \"do\": \"list\", \"max\": 2",
		  "\"records\": \"defects\", \"do\": \"list\"",
		  "flow.json:11: field calls.mine.records: there is no record \"defects\"; add it "
		  "to "
		  "\"records\"\n" },
		{ "\"state\": \"under_review\"}", "\"state\": \"open\"}",
		  "flow.json:12: field calls.opened.state: \"open\" is no state of defect; name "
		  "one "
		  "of the record's \"states\"\n" },
		{ "\"do\": \"find\", \"id\": \"{{number}}\"", "\"do\": \"find\"",
		  "flow.json:13: field calls.look.id: is missing; write the record's id, "
		  "{{value}}\n" },
		{ "\"to\": \"withdrawn\", ", "",
		  "flow.json:14: field calls.withdraw.to: is missing; name the new state\n" },
		{ "\"none\": {\"say\": \"none\", \"goto\": \"menu\"}, \"failed\"", "\"failed\"",
		  "flow.json:21: step mine, field exits: outcome \"none\" leads nowhere; add an "
		  "exit "
		  "for it, or \"otherwise\" for the rest\n" },
		{ "\"failed\": {\"say\": \"down\"", "\"timeout\": {\"say\": \"down\"",
		  "flow.json:21: step mine, field exits: outcome \"failed\" leads nowhere; add an "
		  "exit "
		  "for it, or \"otherwise\" for the rest\n" },
		{ "\"id\": \"{{number}}\"", "\"id\": \"{{id.one}}\"",
		  "flow.json:13: field id: {{id.one}} is not set on every way here; write "
		  "{{#one}}…{{/one}} around it, or ask for it before\n" },
		{ "\"record\": \"defect\", \"say\"",
		  "\"record\": {\"type\": \"defect\", \"state\": \"lost\"}, \"say\"",
		  "flow.json:20: step report, field next.record.state: \"lost\" is no state of "
		  "defect; name one of the record's \"states\"\n" },
		{ "\"record\": \"defect\", \"say\"", "\"record\": {\"update\": true}, \"say\"",
		  "flow.json:20: step report, field next.record.type: is missing; name one of "
		  "\"records\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		pack_edit_says(json, texts, COUNT(texts), rows[i].old, rows[i].new, rows[i].says);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_kept_and_listed),
		cmocka_unit_test(its_contact_is_told),
		cmocka_unit_test(states_are_read_in_the_session_s_language),
		cmocka_unit_test(only_what_is_there_is_found),
		cmocka_unit_test(a_state_is_changed),
		cmocka_unit_test(a_record_is_kept_again),
		cmocka_unit_test(a_look_up_fails),
		cmocka_unit_test(look_ups_as_data),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
