/*
 * test_flow_rules.c - types of values: what is taken, what is stored, how it is read again.
 */
#include "flow_pack.h"

static const struct pack_file texts[] = {
	{ "en/ask.txt", "ask" },
	{ "en/wrong.txt", "wrong" },
	{ "en/shown.txt", "{{v}}" },
};

/* The question asks for a value of this rule; it is 2023-11-15 there, 2023-11-14 in UTC. */
static void open_rule(struct talk *t, const char *rule)
{
	*t = (struct talk){ .turns = 0 };
	{
		const char *json = arena_printf(
			&t->a,
			"{\"flow\": \"t\", \"version\": 1, \"languages\": {\"en\": {}}, "
			"\"utc_offset\": \"+02:00\", \"start\": \"q\", \"values\": {\"v\": %s}, "
			"\"steps\": {\"q\": {\"ask\": \"ask\", \"save\": \"v\", \"wrong\": "
			"\"wrong\", "
			"\"next\": \"done\"}, \"done\": {\"say\": \"shown\", \"end\": true, "
			"\"again\": "
			"\"shown\"}}, " PACK_SYSTEM "}",
			rule);
		struct file_tree tree = pack_tree(&t->a, json, texts, COUNT(texts));

		talk_open_tree(t, &tree);
	}
	pack_is_clean(t);
	(void)talk_write(t, "hi");
	assert_string_equal(t->said, "ask\n--\n");
}

struct row {
	const char *text;
	const char *stored; /* NULL: wrong */
	const char *shown;  /* NULL: as it is stored */
};

static void check_rows(const char *rule, const struct row *rows, size_t count)
{
	struct talk t;
	struct session *asked;

	open_rule(&t, rule);
	asked = t.session;
	for (size_t i = 0; i < count; i++) {
		const char *name = arena_printf(&t.a, "%s: \"%s\"", rule, rows[i].text);
		const char *stored;

		t.session = asked;
		(void)talk_write(&t, rows[i].text);
		stored = session_get(t.session, "v");
		if (!rows[i].stored) {
			CHECK_CASE(!stored, name);
			CHECK_SAME(t.said, "wrong\n\nask\n--\n", name);
			continue;
		}
		CHECK_SAME(stored ? stored : "(none)", rows[i].stored, name);
		CHECK_SAME(t.said,
			   arena_printf(&t.a, "%s\n--\n",
					rows[i].shown ? rows[i].shown : rows[i].stored),
			   name);
	}
	talk_close(&t);
}

#define ROWS(rule, ...)                                                                            \
	do {                                                                                       \
		static const struct row given_[] = { __VA_ARGS__ };                                \
		check_rows(rule, given_, COUNT(given_));                                           \
	} while (0)

static void dates(void **state)
{
	(void)state;
	ROWS("{\"type\": \"date\"}", { "2026-11-20", "2026-11-20", NULL },
	     { "20.11.2026", "2026-11-20", NULL }, { "20/11/2026", "2026-11-20", NULL },
	     { "20-11-2026", "2026-11-20", NULL }, { " 5.1.2026 ", "2026-01-05", NULL },
	     { "5. 1. 2026", "2026-01-05", NULL }, { "٢٠/١١/٢٠٢٦", "2026-11-20", NULL },
	     { "२०-११-२०२६", "2026-11-20", NULL }, { "2026/11/20", "2026-11-20", NULL },
	     { "29.2.2024", "2024-02-29", NULL }, { "29.2.2023", NULL, NULL },
	     { "29.2.2100", NULL, NULL }, { "31.4.2026", NULL, NULL }, { "32.1.2026", NULL, NULL },
	     { "1.13.2026", NULL, NULL }, { "20.11.26", NULL, NULL }, { "20.11", NULL, NULL },
	     { "20.11/2026", NULL, NULL }, { "20.11.2026 at 5", NULL, NULL },
	     { "0.1.2026", NULL, NULL }, { "1.1.0000", NULL, NULL }, { "tomorrow", NULL, NULL },
	     { "20261120", NULL, NULL }, { "-1.1.2026", NULL, NULL });
	ROWS("{\"type\": \"date\", \"order\": \"mdy\", \"show\": \"DD/MM/YYYY\"}",
	     { "11/20/2026", "2026-11-20", "20/11/2026" }, { "20/11/2026", NULL, NULL },
	     { "2026-11-20", "2026-11-20", "20/11/2026" });
	ROWS("{\"type\": \"date\", \"from\": \"today\", \"to\": \"today+30\"}",
	     { "15.11.2023", "2023-11-15", NULL }, { "14.11.2023", NULL, NULL },
	     { "15.12.2023", "2023-12-15", NULL }, { "16.12.2023", NULL, NULL });
	ROWS("{\"type\": \"date\", \"from\": \"1990-01-01\", \"to\": \"today-1\"}",
	     { "31.12.1989", NULL, NULL }, { "1.1.1990", "1990-01-01", NULL },
	     { "15.11.2023", NULL, NULL });
}

static void integers(void **state)
{
	(void)state;
	ROWS("{\"type\": \"integer\", \"min\": -5, \"max\": 1000000, \"drop\": \" ,\", \"show\": "
	     "\" \"}",
	     { "5", "5", NULL }, { "1500", "1500", "1 500" }, { "1,500", "1500", "1 500" },
	     { "1 000 000", "1000000", "1 000 000" }, { "١٥٠٠", "1500", "1 500" },
	     { "-5", "-5", NULL }, { "999", "999", NULL }, { "-6", NULL, NULL },
	     { "1000001", NULL, NULL }, { "1.500", NULL, NULL }, { "03", NULL, NULL },
	     { "five", NULL, NULL });
	ROWS("{\"type\": \"integer\", \"min\": -9999, \"show\": \".\"}",
	     { "-1500", "-1500", "-1.500" }, { "1234567", "1234567", "1.234.567" });
}

static void phones_and_patterns(void **state)
{
	(void)state;
	ROWS("{\"type\": \"phone\", \"country\": \"MA\", \"show\": \"national\"}",
	     { "0612345678", "+212612345678", "06 12 34 56 78" },
	     { "06 12 34 56 78", "+212612345678", "06 12 34 56 78" },
	     { "+212 712-345678", "+212712345678", "07 12 34 56 78" },
	     { "00212612345678", "+212612345678", "06 12 34 56 78" },
	     { "٠٦١٢٣٤٥٦٧٨", "+212612345678", "06 12 34 56 78" }, { "0512345678", NULL, NULL },
	     { "061234567", NULL, NULL }, { "06123456789", NULL, NULL });
	ROWS("{\"type\": \"phone\", \"country\": \"IN\", \"show\": \"national\"}",
	     { "9876543210", "+919876543210", "0 98765 43210" });
	ROWS("{\"type\": \"pattern\", \"pattern\": \"([A-Z]{3})-?([0-9]{3})\", \"upper\": true, "
	     "\"normal\": \"$1$2\", \"show\": \"$1-$2\"}",
	     { "ord-001", "ORD001", "ORD-001" }, { "ORD001", "ORD001", "ORD-001" },
	     { "ORD-1", NULL, NULL });
}

static const char *send_file(struct talk *t, const char *type, const char *caption)
{
	struct inbound in = talk_inbound(t, caption);

	in.kind = INBOUND_MEDIA;
	in.media[0] = (struct inbound_media){ "https://files.example/1", type };
	in.media_count = 1;
	return talk_run(t, &(struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = &in });
}

static void files(void **state)
{
	static const struct {
		const char *kinds, *type;
		bool taken;
	} rows[] = {
		{ "", "image/jpeg", true },
		{ "", "application/pdf", true },
		{ ", \"kinds\": \"image\"", "image/png", true },
		{ ", \"kinds\": \"image\"", "video/mp4", false },
		{ ", \"kinds\": \"image\"", "images/png", false },
		{ ", \"kinds\": [\"image\", \"application/pdf\"]", "application/pdf", true },
		{ ", \"kinds\": [\"application/pdf\"]", "application/pdf+zip", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct talk t;
		const char *stored;

		struct arena a = { 0 };

		open_rule(&t, arena_printf(&a, "{\"type\": \"media\"%s}", rows[i].kinds));
		(void)send_file(&t, rows[i].type, "look");
		stored = session_get(t.session, "v");
		CHECK_CASE((stored != NULL) == rows[i].taken, rows[i].type);
		CHECK_CASE(!stored || strcmp(stored, "https://files.example/1") == 0, rows[i].type);
		CHECK_CASE(stored || strcmp(t.said, "wrong\n\nask\n--\n") == 0, rows[i].type);
		talk_close(&t);
		arena_free(&a);
	}
	ROWS("{\"type\": \"media\"}", { "a text is none", NULL, NULL },
	     { "https://files.example/1", NULL, NULL });
}

static void places(void **state)
{
	static const struct {
		const char *latitude, *longitude, *stored;
	} rows[] = {
		{ "19.076", "72.8777", "19.076,72.8777" },
		{ "-90", "180", "-90,180" },
		{ "0", "-0.5", "0,-0.5" },
		{ "91", "0", NULL },
		{ "19", "180.1", NULL },
		{ "", "", NULL },
		{ "1e1", "5", NULL },
		{ "19.0", "x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct talk t;
		struct inbound in;
		const char *stored;

		open_rule(&t, "{\"type\": \"location\"}");
		in = talk_inbound(&t, "");
		in.kind = INBOUND_LOCATION;
		in.latitude = rows[i].latitude;
		in.longitude = rows[i].longitude;
		(void)talk_run(&t,
			       &(struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = &in });
		stored = session_get(t.session, "v");
		CHECK_SAME(stored ? stored : "-", rows[i].stored ? rows[i].stored : "-",
			   rows[i].latitude);
		talk_close(&t);
	}
}

/* A picture where a text is asked for is another fault than a wrong answer. */
static void files_where_none_is_asked_for(void **state)
{
	struct talk t;

	(void)state;
	open_rule(&t, "{\"type\": \"date\"}");
	(void)send_file(&t, "image/png", "1.1.2026");
	assert_string_equal(t.said, "no files\n\nask\n--\n");
	talk_close(&t);
}

static void faults(void **state)
{
	static const struct {
		const char *rule, *says;
	} rows[] = {
		{ "{\"type\": \"date\", \"order\": \"ydm\"}",
		  "flow.json:1: field values.v.order: is no order of day, month and year; use one "
		  "of: dmy, mdy, ymd\n" },
		{ "{\"type\": \"date\", \"from\": \"tomorrow\"}",
		  "flow.json:1: field values.v.from: \"tomorrow\" is no day; write \"today\", "
		  "\"today+7\", \"today-30\" or \"2026-11-20\"\n" },
		{ "{\"type\": \"date\", \"from\": \"2026-02-30\"}",
		  "flow.json:1: field values.v.from: \"2026-02-30\" is no day; write \"today\", "
		  "\"today+7\", \"today-30\" or \"2026-11-20\"\n" },
		{ "{\"type\": \"date\", \"from\": \"today\", \"to\": \"today-1\"}",
		  "flow.json:1: field values.v.from: no day is in these bounds; make from at most "
		  "to\n" },
		{ "{\"type\": \"date\", \"show\": \"DD.MM.\"}",
		  "flow.json:1: field values.v.show: is no form of a date; write it with DD, MM "
		  "and "
		  "YYYY, like \"DD.MM.YYYY\"\n" },
		{ "{\"type\": \"integer\", \"show\": \" and \"}",
		  "flow.json:1: field values.v.show: is too long; write what stands between groups "
		  "of three digits\n" },
		{ "{\"type\": \"phone\", \"country\": \"MA\", \"show\": \"local\"}",
		  "flow.json:1: field values.v.show: is no form of a phone number; write "
		  "\"national\", or leave the key out\n" },
		{ "{\"type\": \"media\", \"kinds\": [\"Image\"]}",
		  "flow.json:1: field values.v.kinds: \"Image\" is no kind of file; write "
		  "\"image\", "
		  "\"audio\", \"video\" or \"application/pdf\"\n" },
		{ "{\"type\": \"location\", \"kinds\": [\"x\"]}",
		  "flow.json:1: field values.v.kinds: unknown key; use one of: type, pii\n" },
		{ "{\"type\": \"items\", \"fields\": {\"id\": 10}}",
		  "flow.json:1: step q, field save: nobody can write items; ask for a choice "
		  "\"from\" them: items come from an answer\n" },
		{ "{\"type\": \"choice\", \"from\": \"v\"}",
		  "flow.json:1: field values.v.from: \"v\" holds no items; name a value of type "
		  "items\n" },
		{ "{\"type\": \"choice\", \"as\": \"buttons\", \"options\": [{\"id\": \"a\", "
		  "\"label\": {\"en\": \"More than twenty letters\"}}]}",
		  "flow.json:1: step q, field save: the label \"More than twenty letters\" (en) "
		  "has "
		  "24 characters, buttons hold 20; shorten it\n" },
		{ "{\"type\": \"choice\", \"as\": \"buttons\", \"options\": ["
		  "{\"id\": \"a\", \"label\": {\"en\": \"A\"}}, {\"id\": \"b\", \"label\": "
		  "{\"en\": "
		  "\"B\"}}, {\"id\": \"c\", \"label\": {\"en\": \"C\"}}, {\"id\": \"d\", "
		  "\"label\": "
		  "{\"en\": \"D\"}}]}",
		  "flow.json:1: step q, field save: 4 options, buttons hold 3; offer fewer, or "
		  "leave \"as\" out\n" },
		{ "{\"type\": \"choice\", \"as\": \"menu\", \"options\": [{\"id\": \"a\", "
		  "\"label\": "
		  "{\"en\": \"A\"}}]}",
		  "flow.json:1: field values.v.as: is no way to show a choice; write \"buttons\" "
		  "or "
		  "\"list\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		const char *json = arena_printf(
			&a,
			"{\"flow\": \"t\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": "
			"\"q\", \"values\": {\"v\": %s}, \"steps\": {\"q\": {\"ask\": \"ask\", "
			"\"save\": \"v\", \"wrong\": \"wrong\", \"next\": \"done\"}, \"done\": "
			"{\"say\": "
			"\"shown\", \"end\": true, \"again\": \"shown\"}}, " PACK_SYSTEM "}",
			rows[i].rule);

		CHECK_SAME(pack_faults(&a, json, texts, COUNT(texts)), rows[i].says, rows[i].rule);
		arena_free(&a);
	}
}

/* A rule that could not be read, and a constant and a word for it: one fault, no crash. */
static void a_broken_rule_is_one_fault(void **state)
{
	static const struct {
		const char *rule, *says;
	} rows[] = {
		{ "{\"type\": \"pattern\", \"pattern\": \"(\"}",
		  "flow.json:1: field values.v.pattern: the pattern does not compile: at 1: "
		  "missing "
		  "closing parenthesis; correct the pattern (PCRE2 syntax)\n" },
		{ "{\"type\": \"phone\", \"country\": \"XX\"}",
		  "flow.json:1: field values.v.country: a phone needs the country whose numbers it "
		  "takes; use one of: IN, MA\n" },
		{ "{\"type\": \"choice\", \"from\": \"w\"}",
		  "flow.json:1: field values.v.from: there is no value \"w\"; did you mean "
		  "\"v\"?\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		const char *json = arena_printf(
			&a,
			"{\"flow\": \"t\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": "
			"\"q\", \"values\": {\"v\": %s}, \"steps\": {\"q\": {\"ask\": \"ask\", "
			"\"save\": \"v\", \"wrong\": \"wrong\", \"also\": [{\"id\": \"x\", "
			"\"label\": {\"en\": \"X\"}}], \"exits\": {\"x\": \"done\"}, \"next\": "
			"[{\"if\": {\"is\": {\"v\": \"y\"}}, \"set\": {\"v\": \"x\"}, \"goto\": "
			"\"done\"}, \"done\"]}, \"done\": {\"end\": true, \"again\": \"ask\"}}, "
			"\"commands\": {\"m\": {\"words\": {\"en\": [\"9\"]}, \"do\": "
			"\"q\"}}, " PACK_SYSTEM "}",
			rows[i].rule);

		CHECK_SAME(pack_faults(&a, json, texts, COUNT(texts)), rows[i].says, rows[i].rule);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(integers),
		cmocka_unit_test(phones_and_patterns),
		cmocka_unit_test(files),
		cmocka_unit_test(places),
		cmocka_unit_test(files_where_none_is_asked_for),
		cmocka_unit_test(faults),
		cmocka_unit_test(a_broken_rule_is_one_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
