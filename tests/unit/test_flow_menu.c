/*
 * test_flow_menu.c - menus and the way back, lists whose options carry more than a label, words
 * beside a question, counters, conditions on what was saved.
 */
#include "flow_pack.h"

static const struct pack_file texts[] = {
	{ "en/menu.txt", "Menu{{#options}} {{number}}.{{label}}{{/options}}" },
	{ "ar/menu.txt", "قائمة{{#options}} {{number}}.{{label}}{{/options}}" },
	{ "en/info.txt", "Info" },
	{ "ar/info.txt", "معلومات" },
	{ "en/offers.txt", "Offers{{#offers}} {{number}}.{{label}} {{price}} {{hint}}{{/offers}}" },
	{ "ar/offers.txt", "عروض{{#offers}} {{number}}.{{label}} {{price}} {{hint}}{{/offers}}" },
	{ "en/note.txt", "Note?{{#also}} {{label}}{{/also}}" },
	{ "ar/note.txt", "ملاحظة؟{{#also}} {{label}}{{/also}}" },
	{ "en/bill.txt",
	  "{{offer}} {{with.offer.hint}} {{price}}, total {{total}}{{#note}}, {{note}}{{/note}}" },
	{ "ar/bill.txt",
	  "{{offer}} {{with.offer.hint}} {{price}}, {{total}}{{#note}}, {{note}}{{/note}}" },
	{ "en/wrong.txt", "wrong" },
	{ "ar/wrong.txt", "خطأ" },
	{ "en/stuck.txt", "stuck" },
	{ "ar/stuck.txt", "عالق" },
	{ "en/rich.txt", "enough" },
	{ "ar/rich.txt", "كفى" },
	{ "en/bye.txt", "bye" },
	{ "ar/bye.txt", "وداعا" },
	{ "en/again.txt", "again" },
	{ "ar/again.txt", "مرة أخرى" },
	{ "ar/sys.txt", "نظام" },
	{ "ar/media.txt", "ملف" },
};

static const char json[] =
	"{\"flow\": \"kiosk\", \"version\": 1, \"start\": \"menu\",\n"
	"\"languages\": {\"en\": {}, \"ar\": {\"script\": \"Arab\"}},\n"
	"\"values\": {\n"
	" \"offer\": {\"type\": \"choice\", \"list\": \"offers\"},\n"
	" \"price\": {\"type\": \"integer\", \"max\": 1000},\n"
	" \"total\": {\"type\": \"integer\", \"max\": 500},\n"
	" \"note\": {\"type\": \"text\"}},\n"
	"\"lists\": {\"offers\": {\"numbered_from\": {\"ar\": 10}, \"options\": [\n"
	" {\"id\": \"social\", \"label\": {\"en\": \"Social\", \"ar\": \"شبكات\"},\n"
	"  \"with\": {\"price\": 50, \"hint\": {\"en\": \"star six\", \"ar\": \"نجمة ستة\"}}},\n"
	" {\"id\": \"calls\", \"label\": {\"en\": \"Calls\", \"ar\": \"مكالمات\"},\n"
	"  \"with\": {\"price\": 200, \"hint\": \"*1\"}}]}},\n"
	"\"steps\": {\n"
	" \"menu\": {\"ask\": \"menu\", \"wrong\": \"wrong\", \"input\": {\"type\": \"choice\", "
	"\"options\": [\n"
	"   {\"id\": \"buy\", \"label\": {\"en\": \"Buy\", \"ar\": \"شراء\"}},\n"
	"   {\"id\": \"info\", \"label\": {\"en\": \"Info\", \"ar\": \"معلومات\"}},\n"
	"   {\"id\": \"bye\", \"number\": 0, \"label\": {\"en\": \"Leave\", \"ar\": \"خروج\"}}]},\n"
	"  \"exits\": {\"buy\": \"offer\", \"info\": \"info\", \"bye\": \"bye\"}},\n"
	" \"info\": {\"ask\": \"info\", \"input\": {\"type\": \"text\", \"min\": 3}, \"wrong\": "
	"\"wrong\", \"next\": \"@back\"},\n"
	" \"offer\": {\"ask\": \"offers\", \"save\": \"offer\", \"wrong\": \"wrong\",\n"
	"  \"stuck_after\": 2, \"stuck\": {\"say\": \"stuck\", \"goto\": \"menu\"},\n"
	"  \"next\": {\"set\": {\"price\": {\"of\": \"offer\", \"field\": \"price\"}, \"total\": "
	"{\"add\": \"price\"}}, \"goto\": \"note\"}},\n"
	" \"note\": {\"ask\": \"note\", \"save\": \"note\", \"wrong\": \"wrong\", \"next\": "
	"\"bill\",\n"
	"  \"also\": [{\"id\": \"skip\", \"label\": {\"en\": \"Skip\", \"ar\": \"تخطي\"}}],\n"
	"  \"exits\": {\"skip\": {\"unset\": \"note\", \"goto\": \"bill\"}}},\n"
	" \"bill\": {\"ask\": \"bill\", \"wrong\": \"wrong\", \"input\": {\"type\": \"choice\", "
	"\"options\": [\n"
	"   {\"id\": \"more\", \"label\": {\"en\": \"More\", \"ar\": \"المزيد\"}},\n"
	"   {\"id\": \"done\", \"label\": {\"en\": \"Done\", \"ar\": \"تم\"}}]},\n"
	"  \"exits\": {\"more\": [{\"if\": {\"at_least\": {\"total\": 400}}, \"say\": \"rich\", "
	"\"goto\": \"@same\"}, \"offer\"], \"done\": \"bye\"}},\n"
	" \"bye\": {\"say\": \"bye\", \"end\": true, \"again\": [\n"
	"   {\"if\": {\"is\": {\"offer\": [\"calls\", \"social\"]}}, \"say\": \"again\", \"goto\": "
	"\"menu\"}, \"menu\"]}},\n"
	"\"commands\": {\n"
	" \"menu\": {\"words\": {\"en\": [\"menu\"], \"ar\": [\"القائمة\"]}, \"do\": \"menu\"},\n"
	" \"back\": {\"words\": {\"en\": [\"back\", \"#\"], \"ar\": [\"رجوع\"]}, \"do\": "
	"\"@back\"},\n"
	" \"fresh\": {\"words\": {\"en\": [\"fresh\"], \"ar\": [\"جديد\"]}, \"do\": {\"clear\": "
	"true, "
	"\"goto\": \"menu\"}}},\n" PACK_SYSTEM "}";

struct line {
	const char *in; /* "!id" is a tap */
	const char *out;
};

static void hold(const struct line *lines, size_t count)
{
	struct talk t;

	pack_open(&t, json, texts, COUNT(texts));
	pack_is_clean(&t);
	for (size_t i = 0; i < count; i++) {
		if (lines[i].in[0] == '!')
			(void)talk_tap(&t, "tapped", lines[i].in + 1);
		else
			(void)talk_write(&t, lines[i].in);
		CHECK_SAME(t.said, arena_printf(&t.a, "%s\n--\n", lines[i].out),
			   arena_printf(&t.a, "line %zu, \"%s\"", i, lines[i].in));
	}
	talk_close(&t);
}

#define HOLD(...)                                                                                  \
	do {                                                                                       \
		static const struct line lines_[] = { __VA_ARGS__ };                               \
		hold(lines_, COUNT(lines_));                                                       \
	} while (0)

#define MENU   "Menu 1.Buy 2.Info 0.Leave"
#define OFFERS "Offers 1.Social 50 star six 2.Calls 200 *1"

static void back_leads_where_one_came_from(void **state)
{
	(void)state;
	HOLD({ "hello", MENU }, { "1", OFFERS }, { "2", "Note? Skip" }, { "back", OFFERS },
	     { "#", MENU }, { "back", MENU }, { "2", "Info" }, { "anything", MENU },
	     { "info", "Info" }, { "menu", MENU }, { "back", MENU });
}

/* A step whose values are gone is passed over: bill needs what "fresh" has cleared. */
static void back_never_enters_what_does_not_fit(void **state)
{
	(void)state;
	HOLD({ "hi", MENU }, { "1", OFFERS }, { "1", "Note? Skip" },
	     { "skip", "Social star six 50, total 50" }, { "fresh", MENU }, { "info", "Info" },
	     { "back", MENU }, { "back", MENU });
}

/* The provider has answered a first STOP: the menu has not been shown to who writes then. */
static void nobody_answers_what_was_not_asked(void **state)
{
	static const enum opt_out_type types[] = { OPT_OUT_STOP, OPT_OUT_START, OPT_OUT_HELP };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct talk t;
		struct inbound in;

		pack_open(&t, json, texts, COUNT(texts));
		in = talk_inbound(&t, "STOP");
		in.opt_out = types[i];
		(void)talk_run(&t,
			       &(struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = &in });
		CHECK_SAME(t.said, "", "said already");
		(void)talk_write(&t, "1");
		CHECK_SAME(t.said, MENU "\n--\n", "not asked yet");
		(void)talk_write(&t, "1");
		CHECK_SAME(t.said, OFFERS "\n--\n", "asked");
		talk_close(&t);
	}
}

static void back_after_the_end(void **state)
{
	(void)state;
	HOLD({ "hi", MENU }, { "info", "Info" }, { "menu", MENU }, { "0", "bye" },
	     { "back", MENU });
}

static void options_carry_fields(void **state)
{
	(void)state;
	HOLD({ "hi", MENU }, { "buy", OFFERS }, { "calls", "Note? Skip" },
	     { "Ring me", "Calls *1 200, total 200, Ring me" });
	HOLD({ "مرحبا", "قائمة 1.شراء 2.معلومات 0.خروج" },
	     { "١", "عروض 10.شبكات 50 نجمة ستة 11.مكالمات 200 *1" }, { "١٠", "ملاحظة؟ تخطي" },
	     { "تخطي", "شبكات نجمة ستة 50, 50" },
	     { "1", "عروض 10.شبكات 50 نجمة ستة 11.مكالمات 200 *1" }, { "2", "ملاحظة؟ تخطي" });
	HOLD({ "hi", MENU }, { "1", OFFERS }, { "10", "Note? Skip" });
}

static void numbers_add_up_to_their_bound(void **state)
{
	(void)state;
	HOLD({ "hi", MENU }, { "1", OFFERS }, { "2", "Note? Skip" },
	     { "skip", "Calls *1 200, total 200" }, { "1", OFFERS }, { "2", "Note? Skip" },
	     { "Skip!", "Calls *1 200, total 400" },
	     { "more", "enough\n\nCalls *1 200, total 400" }, { "back", "Note? Skip" },
	     { "back", OFFERS }, { "2", "Note? Skip" }, { "skip", "Calls *1 200, total 500" });
}

static void the_second_wrong_answer_leads_away(void **state)
{
	(void)state;
	HOLD({ "hi", MENU }, { "1", OFFERS }, { "7", "wrong\n\n" OFFERS },
	     { "8", "stuck\n\n" MENU }, { "1", OFFERS }, { "9", "wrong\n\n" OFFERS },
	     { "1", "Note? Skip" });
}

/* A word beside the question is a whole message; everything else is an answer. */
static void words_beside_a_question(void **state)
{
	(void)state;
	HOLD({ "hi", MENU }, { "1", OFFERS }, { "1", "Note? Skip" },
	     { "skip it", "Social star six 50, total 50, skip it" });
	HOLD({ "hi", MENU }, { "1", OFFERS }, { "1", "Note? Skip" },
	     { "!skip", "Social star six 50, total 50" });
}

static void taps_are_options_or_commands(void **state)
{
	(void)state;
	HOLD({ "hi", MENU }, { "!buy", OFFERS }, { "!social", "Note? Skip" }, { "!menu", MENU },
	     { "!info", "Info" }, { "!back", MENU }, { "!nothing", "wrong\n\n" MENU });
}

static void who_writes_after_the_end(void **state)
{
	(void)state;
	HOLD({ "hi", MENU }, { "leave", "bye" }, { "hello again", MENU }, { "1", OFFERS },
	     { "1", "Note? Skip" }, { "skip", "Social star six 50, total 50" }, { "done", "bye" },
	     { "thanks", "again\n\n" MENU });
}

/* Conditions by themselves: one question, its answer decides. */
static void conditions(void **state)
{
	static const struct {
		const char *when, *answer;
		bool holds;
	} rows[] = {
		{ "{\"less\": {\"n\": 5}}", "4", true },
		{ "{\"less\": {\"n\": 5}}", "5", false },
		{ "{\"at_most\": {\"n\": 5}}", "5", true },
		{ "{\"more\": {\"n\": 5}}", "5", false },
		{ "{\"more\": {\"n\": -5}}", "0", true },
		{ "{\"at_least\": {\"n\": 5}}", "5", true },
		{ "{\"at_least\": {\"n\": \"m\"}}", "7", true },
		{ "{\"less\": {\"n\": \"m\"}}", "6", true },
		{ "{\"less\": {\"n\": \"unset\"}}", "6", false },
		{ "{\"not\": {\"less\": {\"unset\": 5}}}", "6", true },
		{ "{\"is\": {\"n\": 6}}", "6", true },
		{ "{\"is\": {\"n\": [5, 6]}}", "6", true },
		{ "{\"is\": {\"n\": [5, 6]}}", "7", false },
		{ "{\"is\": {\"n\": 6, \"m\": 7}}", "6", true },
		{ "{\"is\": {\"n\": 6, \"m\": 8}}", "6", false },
		{ "{\"set\": \"unset\"}", "6", false },
		{ "{\"language\": \"en\"}", "6", true },
		{ "{\"less\": {\"d\": \"today\"}}", "6", false },
		{ "{\"at_most\": {\"d\": \"today+3\"}}", "6", true },
		{ "{\"less\": {\"d\": \"today+3\"}}", "6", false },
		{ "{\"more\": {\"d\": \"2023-01-01\"}}", "6", true },
		{ "{\"at_least\": {\"d\": \"d\"}}", "6", true },
		{ "{\"at_least\": {\"@wrong\": 1}}", "6", false },
		{ "{\"all\": [{\"more\": {\"n\": 1}}, {\"any\": [{\"is\": {\"m\": 1}}, {\"is\": "
		  "{\"m\": 7}}]}]}",
		  "6", true },
	};
	static const struct pack_file few[] = { { "en/ask.txt", "ask" },
						{ "en/wrong.txt", "wrong" },
						{ "en/yes.txt", "yes" },
						{ "en/no.txt", "no" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		struct talk t;

		pack_open(&t,
			  arena_printf(
				  &a,
				  "{\"flow\": \"t\", \"version\": 1, \"languages\": {\"en\": {}}, "
				  "\"start\": \"q\", \"values\": {\"n\": {\"type\": \"integer\"}, "
				  "\"m\": "
				  "{\"type\": \"integer\"}, \"unset\": {\"type\": \"integer\"}, "
				  "\"d\": "
				  "{\"type\": \"date\"}}, \"steps\": {\"q\": {\"ask\": \"ask\", "
				  "\"save\": "
				  "\"n\", \"wrong\": \"wrong\", \"next\": {\"set\": {\"m\": 7, "
				  "\"d\": "
				  "{\"today\": 3}}, \"goto\": \"x\"}}, \"x\": {\"next\": [{\"if\": "
				  "%s, "
				  "\"say\": \"yes\", \"goto\": \"e\"}, {\"say\": \"no\", \"goto\": "
				  "\"e\"}]}, \"e\": {\"end\": true, \"again\": "
				  "\"yes\"}}, " PACK_SYSTEM "}",
				  rows[i].when),
			  few, COUNT(few));
		(void)talk_write(&t, "hi");
		(void)talk_write(&t, rows[i].answer);
		CHECK_SAME(t.said, rows[i].holds ? "yes\n--\n" : "no\n--\n",
			   arena_printf(&a, "%s, %s", rows[i].when, rows[i].answer));
		talk_close(&t);
		arena_free(&a);
	}
}

static void faults(void **state)
{
	static const struct {
		const char *old, *new, *says;
	} rows[] = {
		{ "\"with\": {\"price\": 200, \"hint\": \"*1\"}", "\"with\": {\"price\": 200}",
		  "flow.json:11: field lists.offers.with: has 1 fields, other options have 2; give "
		  "every option the same fields\n" },
		{ "\"price\": 200", "\"prize\": 200",
		  "flow.json:12: field lists.offers.with.prize: is no field of this list; give "
		  "every "
		  "option the same fields, at most 8, none of them number, id or label\n" },
		{ "\"price\": 200", "\"price\": 2000",
		  "flow.json:22: step offer, field next.set.price: \"2000\" of option \"calls\" is "
		  "no "
		  "answer for price; let every option hold what the value takes\n" },
		{ "\"field\": \"price\"}", "\"field\": \"prize\"}",
		  "flow.json:22: step offer, field next.set.price: \"prize\" is no field of offer; "
		  "write {\"of\": a choice, \"field\": what its options have in \"with\"}\n" },
		{ "{\"ar\": 10}", "{\"ar\": 2}",
		  "flow.json:11: field lists.offers: \"2\" means option 1 as well; give each "
		  "option "
		  "words of its own\n" },
		{ "{\"ar\": 10}", "{\"fr\": 10}",
		  "flow.json:8: field lists.offers.numbered_from.fr: is no language of this flow; "
		  "add "
		  "it to \"languages\"\n" },
		{ "\"exits\": {\"skip\": {\"unset\": \"note\", \"goto\": \"bill\"}}},",
		  "\"shown\": \"note\"},",
		  "flow.json:23: step note, field exits: option \"skip\" leads nowhere; add an "
		  "exit "
		  "for it\n" },
		{ "\"stuck_after\": 2, \"stuck\": {\"say\": \"stuck\", \"goto\": \"menu\"},",
		  "\"stuck_after\": 2,",
		  "flow.json:20: step offer, field stuck_after: counts for nothing; add \"stuck\": "
		  "where it leads\n" },
		{ "{\"at_least\": {\"total\": 400}}", "{\"at_least\": {\"note\": 400}}",
		  "flow.json:29: step bill, field exits.more.at_least.note: is neither a number "
		  "nor a "
		  "date; compare a value of type integer or date, or @wrong\n" },
		{ "{\"at_least\": {\"total\": 400}}", "{\"at_least\": {\"total\": \"note\"}}",
		  "flow.json:29: step bill, field exits.more.at_least.total: \"note\" is of "
		  "another "
		  "type; compare numbers with numbers, dates with dates\n" },
		{ "{\"at_least\": {\"total\": 400}}", "{\"at_least\": {\"total\": true}}",
		  "flow.json:29: step bill, field exits.more.at_least.total: is nothing to compare "
		  "with; write a whole number or a value\n" },
		{ "[\"calls\", \"social\"]", "[\"calls\", \"sms\"]",
		  "flow.json:31: step bye, field again.is: \"sms\" is no option of offer; compare "
		  "with an option's id\n" },
		{ "\"say\": \"again\", \"goto\": \"menu\"}, \"menu\"]", "\"goto\": \"menu\"}]",
		  "flow.json:30: step bye, field again: does nothing when no condition holds; end "
		  "with a branch without \"if\"\n" },
		{ "\"say\": \"again\", \"goto\": \"menu\"}, \"menu\"]", "\"goto\": \"menu\"}, {}]",
		  "flow.json:30: step bye, field again: a later message would get no answer; say "
		  "something, or lead to another step\n" },
		{ "{\"add\": \"price\"}", "{\"add\": \"note\"}",
		  "flow.json:22: step offer, field next.set.total: \"note\" is no number; add a "
		  "value "
		  "of type integer\n" },
		{ "{\"add\": \"price\"}", "{\"sum\": \"price\"}",
		  "flow.json:22: step offer, field next.set.total: says not what to set; write a "
		  "text, a whole number, or one of {\"add\": 1}, {\"copy\": …}, {\"of\": …, "
		  "\"field\": …}, {\"answer\": …}, {\"today\": 0}\n" },
		{ "{\"add\": \"price\"}", "{\"answer\": \"price\"}",
		  "flow.json:22: step offer, field next.set.total: there is no answer here; write "
		  "it "
		  "in an exit of a step that calls\n" },
		{ "{\"add\": \"price\"}", "501",
		  "flow.json:22: step offer, field next.set.total: \"501\" is no answer for total; "
		  "write what an answer to it would store: of a choice the option's id\n" },
		{ "\"Skip\", \"ar\"", "\"Back\", \"ar\"",
		  "flow.json:23: step note, field also: the command back hides \"back\" of option "
		  "\"skip\"; take the word away from one of them\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };

		CHECK_SAME(pack_faults(&a, pack_edited(&a, json, rows[i].old, rows[i].new), texts,
				       COUNT(texts)),
			   rows[i].says, rows[i].new);
		arena_free(&a);
	}
}

static void words_that_are_answers(void **state)
{
	static const struct {
		const char *rule, *word, *says;
	} rows[] = {
		{ "\"integer\", \"max\": 8", "9",
		  "flow.json:1: step q, field also: \"0\" would be an answer as well; choose "
		  "another "
		  "word, or bound the answer\n" },
		{ "\"integer\", \"min\": 1", "9",
		  "flow.json:1: step q, field input: the command menu swallows the answer \"9\"; "
		  "take "
		  "the word away, or bound the answer\n" },
		{ "\"integer\", \"min\": 1, \"max\": 8", "9", "" },
		{ "\"integer\", \"min\": 1", "menu", "" },
		{ "\"text\"", "9", "" },
		{ "\"date\"", "1.1.2026",
		  "flow.json:1: step q, field input: the command menu swallows the answer "
		  "\"1.1.2026\"; take the word away, or bound the answer\n" },
	};
	static const struct pack_file few[] = { { "en/ask.txt", "ask" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		const char *pack = arena_printf(
			&a,
			"{\"flow\": \"t\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": "
			"\"q\", \"steps\": {\"q\": {\"ask\": \"ask\", \"input\": {\"type\": %s}, "
			"\"wrong\": \"ask\", \"next\": \"e\", \"also\": [{\"id\": \"none\", "
			"\"number\": 0, \"label\": {\"en\": \"None\"}}], \"exits\": {\"none\": "
			"\"e\"}}, \"e\": {\"say\": \"ask\", \"end\": true, \"again\": \"ask\"}}, "
			"\"commands\": "
			"{\"menu\": {\"words\": {\"en\": [\"%s\"]}, \"do\": \"q\"}}, " PACK_SYSTEM
			"}",
			rows[i].rule, rows[i].word);

		CHECK_SAME(pack_faults(&a, pack, few, COUNT(few)), rows[i].says, rows[i].rule);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(back_leads_where_one_came_from),
		cmocka_unit_test(back_never_enters_what_does_not_fit),
		cmocka_unit_test(nobody_answers_what_was_not_asked),
		cmocka_unit_test(back_after_the_end),
		cmocka_unit_test(options_carry_fields),
		cmocka_unit_test(numbers_add_up_to_their_bound),
		cmocka_unit_test(the_second_wrong_answer_leads_away),
		cmocka_unit_test(words_beside_a_question),
		cmocka_unit_test(taps_are_options_or_commands),
		cmocka_unit_test(who_writes_after_the_end),
		cmocka_unit_test(conditions),
		cmocka_unit_test(faults),
		cmocka_unit_test(words_that_are_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
