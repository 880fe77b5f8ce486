/*
 * test_flow_input.c - what is a valid answer and what is stored of it.
 */
#include "flow_talk.h"

struct row {
	const char *name;
	const char *text;
	const char *stored; /* NULL: wrong, and the question is repeated */
};

static void check(struct talk *t, const char *step, const char *value, const struct row *row)
{
	const char *stored;

	talk_at(t, step);
	(void)talk_write(t, row->text);
	stored = session_get(t->session, value);
	if (!row->stored) {
		CHECK_CASE(strcmp(t->session->step, step) == 0, row->name);
		CHECK_CASE(!stored, row->name);
		CHECK_CASE(t->session->wrong_answers == 1, row->name);
		return;
	}
	CHECK_CASE(stored != NULL, row->name);
	if (strcmp(stored, row->stored) != 0)
		fail_msg("%s: stored \"%s\", not \"%s\"", row->name, stored, row->stored);
	CHECK_CASE(strcmp(t->session->step, step) != 0, row->name);
}

#define CHECK_ROWS(step, value, rows)                                                              \
	do {                                                                                       \
		struct talk t;                                                                     \
		talk_open(&t);                                                                     \
		for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                         \
			check(&t, step, value, &(rows)[i]);                                        \
		talk_close(&t);                                                                    \
	} while (0)

#define HUNDRED                                                                                    \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaa"                                                                                  \
	"aaaaa"

static void names(void **state)
{
	static const struct row rows[] = {
		{ "plain", "Asha Devi", "Asha Devi" },
		{ "blanks are tidied", "  Asha \t Devi\n", "Asha Devi" },
		{ "two letters", "Jo", "Jo" },
		{ "Hindi", "आशा देवी", "आशा देवी" },
		{ "Chinese", "王芳", "王芳" },
		{ "Arabic", "عائشة", "عائشة" },
		{ "markup and quotes", "O'Neil <b>&\"x\"", "O'Neil <b>&\"x\"" },
		{ "placeholder", "Ram {{env.AUTH_API_URL}}", "Ram {{env.AUTH_API_URL}}" },
		{ "emoji beside letters", "Asha 🌸", "Asha 🌸" },
		{ "control characters go", "As\001ha", "Asha" },
		{ "a hundred letters", HUNDRED, HUNDRED },
		{ "a hundred and one", HUNDRED "a", NULL },
		{ "one letter", "A", NULL },
		{ "empty", "", NULL },
		{ "blanks only", "   ", NULL },
		{ "digits only", "12345", NULL },
		{ "Hindi digits only", "१२३४", NULL },
		{ "emoji only", "🌸🌸🌸", NULL },
		{ "punctuation only", "....", NULL },
		{ "one letter between zero-width ones", "\u200bA\u200b", NULL },
		{ "direction turned", "\u202eAsha\u202c", "Asha" },
		{ "a no is no name", "No", NULL },
		{ "nor in capitals with a dot", "NO.", NULL },
		{ "nor a yes", "yes", NULL },
		{ "nor in Hindi", "नहीं", NULL },
		{ "a name that starts like a word", "Noor", "Noor" },
		{ "a name that holds a command", "Helpin Stopford", "Helpin Stopford" },
	};

	(void)state;
	CHECK_ROWS("name", "name", rows);
}

static void sectors(void **state)
{
	static const struct row rows[] = {
		{ "first number", "1", "manufacturing" },
		{ "last number", "12", "other" },
		{ "number with dot", "3.", "technology" },
		{ "number with parenthesis", "4)", "healthcare" },
		{ "number in parentheses", "(4)", "healthcare" },
		{ "blanks around", "  5 ", "education" },
		{ "keycap", "6\xef\xb8\x8f\xe2\x83\xa3", "agriculture" },
		{ "keycap ten", "🔟", "textile" },
		{ "Hindi digit", "७", "retail" },
		{ "Arabic-Indic digits", "١٢", "other" },
		{ "full width", "８", "construction" },
		{ "label", "Food & Beverage", "food_beverage" },
		{ "label in capitals", "TEXTILE", "textile" },
		{ "label in bold", "*Textile*", "textile" },
		{ "label with mark", "Textile!", "textile" },
		{ "id", "food_beverage", "food_beverage" },
		{ "synonym", "garments", "textile" },
		{ "Hindi label in an English session", "कृषि", "agriculture" },
		{ "Hindi synonym", "खेती", "agriculture" },
		{ "zero", "0", NULL },
		{ "thirteen", "13", NULL },
		{ "leading zero", "03", NULL },
		{ "plus", "+3", NULL },
		{ "minus", "-3", NULL },
		{ "underscore", "1_0", NULL },
		{ "decimal", "1.0", NULL },
		{ "hexadecimal", "0x1", NULL },
		{ "two numbers", "1 2", NULL },
		{ "a word that holds one", "another", NULL },
		{ "a sentence that holds one", "I offer services in textile", NULL },
		{ "empty", "", NULL },
		{ "huge", "99999999999999999999", NULL },
	};

	(void)state;
	CHECK_ROWS("sector", "sector", rows);
}

static void pincodes(void **state)
{
	static const struct row rows[] = {
		{ "plain", "400001", "400001" },
		{ "blank inside", "400 001", "400001" },
		{ "dash inside", "400-001", "400001" },
		{ "blanks around", " 110001\n", "110001" },
		{ "Hindi digits", "४००००१", "400001" },
		{ "Arabic-Indic digits", "٤٠٠٠٠١", "400001" },
		{ "keycaps", "4⃣0⃣0⃣0⃣0⃣1⃣", "400001" },
		{ "zeros", "000000", NULL },
		{ "leading zero", "012345", NULL },
		{ "five digits", "40000", NULL },
		{ "seven digits", "4000011", NULL },
		{ "letter O", "40000O", NULL },
		{ "two lines", "400001\n400002", NULL },
		{ "sentence", "my pin is 400001", NULL },
		{ "plus", "+400001", NULL },
		{ "dot", "400.001", NULL },
		{ "empty", "", NULL },
	};

	(void)state;
	CHECK_ROWS("pincode", "pincode", rows);
}

static void phones(void **state)
{
	static const char stored[] = "+919876543210";
	static const struct row rows[] = {
		{ "national", "9876543210", stored },
		{ "starts with 6", "6876543210", "+916876543210" },
		{ "a national number that starts with 91", "9176543210", "+919176543210" },
		{ "plus 91", "+919876543210", stored },
		{ "plus 91 and blanks", "+91 98765 43210", stored },
		{ "plus 91 and dashes", "+91-98765-43210", stored },
		{ "dots", "98765.43210", stored },
		{ "parentheses", "(+91) 98765 43210", stored },
		{ "trunk zero", "09876543210", stored },
		{ "zero behind the code", "+91 (0) 98765 43210", stored },
		{ "91 without plus", "919876543210", stored },
		{ "0091", "00919876543210", stored },
		{ "00 91 and blanks", "00 91 98765 43210", stored },
		{ "en dash", "98765–43210", stored },
		{ "no-break blank",
		  "98765\xc2\xa0"
		  "43210",
		  stored },
		{ "hidden direction marks", "\xe2\x80\xaa+91 98765 43210\xe2\x80\xac", stored },
		{ "Hindi digits", "९८७६५४३२१०", stored },
		{ "Arabic-Indic digits", "٩٨٧٦٥٤٣٢١٠", stored },
		{ "full width plus", "＋919876543210", stored },
		{ "starts with 5", "5876543210", NULL },
		{ "nine digits", "987654321", NULL },
		{ "eleven digits", "98765432101", NULL },
		{ "two zeros", "0098765432", NULL },
		{ "another country", "+14155238886", NULL },
		{ "plus twice", "++919876543210", NULL },
		{ "plus inside", "91+9876543210", NULL },
		{ "plus and national", "+9876543210", NULL },
		{ "letters", "98765abcde", NULL },
		{ "sentence", "call 9876543210", NULL },
		{ "two numbers", "9876543210, 9876543211", NULL },
		{ "zeros", "0000000000", NULL },
		{ "empty", "", NULL },
		{ "very long", "98765432109876543210987654321098765432109876543210", NULL },
	};

	(void)state;
	CHECK_ROWS("phone", "phone", rows);
}

static void confirmations(void **state)
{
	static const struct {
		const char *text;
		const char *exit; /* "" when wrong */
	} rows[] = {
		{ "YES", "confirmation/yes" },
		{ "yes", "confirmation/yes" },
		{ " Yes! ", "confirmation/yes" },
		{ "y", "confirmation/yes" },
		{ "1", "confirmation/yes" },
		{ "*YES*", "confirmation/yes" },
		{ "👍", "confirmation/yes" },
		{ "हाँ", "confirmation/yes" },
		{ "हां", "confirmation/yes" },
		{ "no", "confirmation/no" },
		{ "NO", "confirmation/no" },
		{ "2", "confirmation/no" },
		{ "नहीं", "confirmation/no" },
		{ "name", "confirmation/change_name" },
		{ "Change name", "confirmation/change_name" },
		{ "3", "confirmation/change_name" },
		{ "नाम बदलें", "confirmation/change_name" },
		{ "sector", "confirmation/change_sector" },
		{ "pin code", "confirmation/change_pincode" },
		{ "6", "confirmation/change_phone" },
		{ "mobile", "confirmation/change_phone" },
		{ "yesterday", "" },
		{ "not now", "" },
		{ "eyes", "" },
		{ "yes no", "" },
		{ "know", "" },
		{ "", "" },
		{ "7", "" },
		{ "9876543210", "" },
	};
	struct talk t;

	(void)state;
	talk_open(&t);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		talk_at(&t, "confirmation");
		(void)talk_write(&t, rows[i].text);
		CHECK_CASE(strcmp(t.last.exit, rows[i].exit) == 0, rows[i].text);
		CHECK_CASE(talk_count(&t, FLOW_CALL) ==
				   (strcmp(rows[i].exit, "confirmation/yes") == 0),
			   rows[i].text);
	}
	talk_close(&t);
}

static void taps(void **state)
{
	struct talk t;

	(void)state;
	talk_open(&t);
	talk_at(&t, "sector");
	(void)talk_tap(&t, "whatever it says", "textile");
	assert_string_equal(session_get(t.session, "sector"), "textile");
	talk_at(&t, "sector");
	(void)talk_tap(&t, "Textile", "id of another system");
	assert_string_equal(session_get(t.session, "sector"), "textile");
	/* an old button is no name, but a command button is a command */
	talk_at(&t, "name");
	(void)talk_tap(&t, "Textile", "textile");
	assert_string_equal(t.session->step, "name");
	assert_int_equal(t.session->wrong_answers, 1);
	(void)talk_tap(&t, "Get help", "help");
	assert_string_equal(t.last.exit, "commands/help");
	talk_close(&t);
}

/* ---- rules that the onboarding does not use ---- */

static struct file_tree rules_pack(const char *rule, struct arena *a)
{
	static const char *const texts[] = { "en/a.txt", "en/w.txt" };
	struct file_tree tree = { .root = "", .files = arena_array(a, 3, sizeof(struct file)) };

	for (size_t i = 0; i < 2; i++)
		tree.files[tree.count++] = (struct file){ texts[i], str_of(i ? "wrong" : "{{v}}") };
	tree.files[tree.count++] = (struct file){
		"flow.json",
		str_of(arena_printf(
			a,
			"{\"flow\":\"r\",\"version\":1,\"languages\":{\"en\":{}},\"start\":\"q\","
			"\"values\":{\"v\":%s},\"steps\":{\"q\":{\"ask\":\"a\",\"save\":\"v\","
			"\"wrong\":\"w\",\"next\":\"e\"},\"e\":{\"end\":true,\"again\":\"a\"}},"
			"\"system\":{\"one_moment\":\"a\",\"too_fast\":\"a\",\"trouble\":\"a\","
			"\"still_working\":\"a\",\"media_instead\":\"a\",\"way_out\":\"a\","
			"\"expired\":\"a\",\"flow_changed\":\"a\"}}",
			rule))
	};
	return tree;
}

static void other_rules(void **state)
{
	static const char integer[] = "{\"type\":\"integer\",\"min\":-5,\"max\":500}";
	static const char order[] = "{\"type\":\"pattern\",\"pattern\":\"(HAN)([0-9]{5})\","
				    "\"normal\":\"$1-$2\",\"drop\":\" -\",\"upper\":true}";
	static const char maroc[] = "{\"type\":\"phone\",\"country\":\"MA\"}";
	static const char hungry[] = "{\"type\":\"pattern\",\"pattern\":\"(a+)+b\"}";
	static const struct {
		const char *name;
		const char *rule;
		const char *text;
		const char *stored;
	} rows[] = {
		{ "integer", integer, "42", "42" },
		{ "zero", integer, "0", "0" },
		{ "negative", integer, "-5", "-5" },
		{ "Hindi digits", integer, "४२", "42" },
		{ "too small", integer, "-6", NULL },
		{ "too large", integer, "501", NULL },
		{ "plus", integer, "+3", NULL },
		{ "leading zero", integer, "03", NULL },
		{ "minus zero", integer, "-0", NULL },
		{ "underscore", integer, "1_0", NULL },
		{ "decimal", integer, "1.5", NULL },
		{ "word", integer, "ten", NULL },
		{ "sixteen digits", integer, "1000000000000000", NULL },
		{ "order", order, "han-12345", "HAN-12345" },
		{ "order without dash", order, "Han 12345", "HAN-12345" },
		{ "order, too short", order, "HAN-1234", NULL },
		{ "order and more", order, "HAN-12345 please", NULL },
		{ "Morocco, national", maroc, "06 12 34 56 78", "+212612345678" },
		{ "Morocco, 00", maroc, "00212712345678", "+212712345678" },
		{ "Morocco, fixed line", maroc, "0522345678", NULL },
		{ "pattern that explodes", hungry,
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct talk t = { .turns = 0 };
		struct file_tree tree = rules_pack(rows[i].rule, &t.a);
		const char *stored;

		talk_open_tree(&t, &tree);
		(void)talk_write(&t, "begin");
		(void)talk_write(&t, rows[i].text);
		stored = session_get(t.session, "v");
		CHECK_CASE(!stored == !rows[i].stored, rows[i].name);
		CHECK_CASE(!stored || strcmp(stored, rows[i].stored) == 0, rows[i].name);
		talk_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),	 cmocka_unit_test(sectors),
		cmocka_unit_test(pincodes),	 cmocka_unit_test(phones),
		cmocka_unit_test(confirmations), cmocka_unit_test(taps),
		cmocka_unit_test(other_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
