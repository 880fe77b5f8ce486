/*
 * Splitting of long texts, and the TwiML document byte by byte.
 */
#include "twilio_check.h"

#include "base/text.h"

#define ELLIPSIS    "\xE2\x80\xA6"
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

struct fixture {
	struct channel *c;
	struct template_set *set;
	const struct template *envelope;
};

static int setup(void **state)
{
	static struct fixture f;
	struct channel_settings set = twilio_settings();
	char *text = read_whole("templates/twiml/reply.xml");
	struct err err = { 0 };

	f.c = twilio_opened(&set);
	f.set = template_set_new();
	if (template_set_add(f.set, "twiml/reply.xml", str_of(text), &err) < 0 ||
	    template_set_link(f.set, &err) < 0)
		fail_msg("%s", err.text);
	f.envelope = template_set_get(f.set, "twiml/reply.xml");
	free(text);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	channel_close(&f->c);
	template_set_free(&f->set);
	return 0;
}

/* n copies of a unit; lives in the arena. */
static struct str times(struct arena *a, const char *unit, size_t n)
{
	size_t length = strlen(unit);
	char *text = arena_alloc(a, n * length + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * length, unit, length);
	return (struct str){ text, n * length };
}

static void test_lengths(void **state)
{
	static const struct {
		const char *name;
		const char *unit;
		size_t n;
		size_t pieces;
		size_t first; /* code points of the first piece */
		bool cut_short;
	} cases[] = {
		{ "nothing", "x", 0, 0, 0, false },
		{ "one", "x", 1, 1, 1, false },
		{ "just fits", "x", 1600, 1, 1600, false },
		{ "one too many", "x", 1601, 2, 1600, false },
		{ "5,000 without a blank", "x", 5000, 4, 1600, false },
		{ "5,000 in words", "four ", 1000, 4, 1599, false },
		{ "just ten", "x", 16000, 10, 1600, false },
		{ "20,000", "x", 20000, 10, 1600, true },
		{ "one more than ten", "x", 16001, 10, 1600, true },
		{ "20,000 in words", "word ", 4000, 10, 1599, true },
		{ "three-byte letters", "\xE0\xA4\x95", 1601, 2, 1600, false },
		{ "family emoji stay whole (7 code points)",
		  "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7\xE2\x80"
		  "\x8D"
		  "\xF0\x9F\x91\xA6",
		  300, 2, 1596, false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str pieces[CHANNEL_MAX_MESSAGES];
		struct arena a = { 0 };
		struct str text = times(&a, cases[i].unit, cases[i].n);
		size_t count = 99, at = 0;

		CHECK_CASE(channel_split(f->c, text, &a, pieces, &count) == 0, cases[i].name);
		if (count != cases[i].pieces)
			fail_msg("%s: %zu pieces", cases[i].name, count);
		for (size_t k = 0; k < count; k++) {
			bool last = k + 1 == count;
			size_t own = pieces[k].n;

			CHECK_CASE(text_is_utf8(pieces[k]), cases[i].name);
			CHECK_CASE(text_chars(pieces[k]) <= CHANNEL_MAX_TEXT, cases[i].name);
			if (last && cases[i].cut_short) {
				own -= strlen(ELLIPSIS);
				CHECK_CASE(memcmp(pieces[k].p + own, ELLIPSIS, 3) == 0,
					   cases[i].name);
			}
			/* Nothing is lost but blanks between pieces. */
			while (at < text.n && text.p[at] == ' ')
				at++;
			CHECK_CASE(memcmp(text.p + at, pieces[k].p, own) == 0, cases[i].name);
			at += own;
		}
		while (at < text.n && text.p[at] == ' ')
			at++;
		CHECK_CASE((at < text.n) == cases[i].cut_short, cases[i].name);
		if (count)
			CHECK_CASE(text_chars(pieces[0]) == cases[i].first, cases[i].name);
		arena_free(&a);
	}
}

/* 1,590 letters in words, then a phrase across the border, then more. */
static void test_pairs(void **state)
{
	static const struct {
		const char *name;
		const char *tail;
		const char *second; /* how the second piece begins */
	} cases[] = {
		{ "bold moves as a whole", "a *bold words go here* end", "*bold words" },
		{ "italic", "a _all of this_ end", "_all of this_" },
		{ "struck", "a ~all of this~ end", "~all of this~" },
		{ "nested", "a *_all of this_* end", "*_all of this_*" },
		{ "code over lines", "a ```x y\nz w``` end", "```x y\nz w```" },
		{ "closed before", "*b* bb cc dd ee ff", "dd" },
		{ "not closed", "a *b cc dd ee ff gg", "ee ff" },
		{ "not closed on the line", "a *b cc dd\nee* ff", "ee* ff" },
		{ "a product is no pair", "a 2*3 bb 4*5 cc dd", "4*5" },
		{ "blank behind the mark", "a * bb cc dd* ee", "dd* ee" },
		{ "mark inside code", "a ``` *b c``` d* e", "``` *b c```" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str pieces[CHANNEL_MAX_MESSAGES];
		struct arena a = { 0 };
		struct str head = times(&a, "word ", 318); /* 1,590 */
		struct str text = str_of(arena_printf(&a, "%s%s", head.p, cases[i].tail));
		size_t count;

		assert_int_equal(channel_split(f->c, text, &a, pieces, &count), 0);
		CHECK_CASE(count == 2, cases[i].name);
		if (strncmp(pieces[1].p, cases[i].second, strlen(cases[i].second)) != 0)
			fail_msg("%s: second piece is <%.*s>", cases[i].name, (int)pieces[1].n,
				 pieces[1].p);
		arena_free(&a);
	}
}

static void test_hopeless_pairs(void **state)
{
	struct fixture *f = *state;
	struct str pieces[CHANNEL_MAX_MESSAGES];
	struct arena a = { 0 };
	size_t count;

	/* A pair longer than a message must be cut anyway. */
	assert_int_equal(channel_split(f->c,
				       str_of(arena_printf(&a, "hi *%s*", times(&a, "w ", 1500).p)),
				       &a, pieces, &count),
			 0);
	assert_int_equal(count, 2);
	/* Bad bytes are repaired, not passed on. */
	assert_int_equal(channel_split(f->c, (struct str){ "a\xFF\0b", 4 }, &a, pieces, &count), 0);
	assert_int_equal(count, 1);
	assert_true(text_is_utf8(pieces[0]));
	arena_free(&a);
}

static void wrap(struct fixture *f, const struct str *texts, size_t count, struct buf *out)
{
	struct err err = { 0 };

	buf_init(out, 256 * 1024);
	if (channel_wrap_reply(f->c, f->envelope, texts, count, out, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_documents(void **state)
{
	static const struct {
		const char *name;
		struct str texts[3];
		size_t count;
		const char *want; /* behind the declaration */
	} cases[] = {
		{ "no answer", { { 0 } }, 0, "<Response/>" },
		{ "only empty texts", { { "", 0 }, { NULL, 0 } }, 2, "<Response/>" },
		{ "one", { { "Hi", 2 } }, 1, "<Response><Message>Hi</Message></Response>" },
		{ "two, one empty between",
		  { { "1", 1 }, { "", 0 }, { "2", 1 } },
		  3,
		  "<Response><Message>1</Message><Message>2</Message></Response>" },
		{ "markup",
		  { { "<b>&\"'\r\n\t", 9 } },
		  1,
		  "<Response><Message>&lt;b&gt;&amp;\"'&#xD;\n\t</Message></Response>" },
		{ "placeholders are text",
		  { { "{{any}}", 7 } },
		  1,
		  "<Response><Message>{{any}}</Message></Response>" },
		{ "forbidden characters",
		  { { "a\x01\0b\xEF\xBF\xBF", 7 } },
		  1,
		  "<Response><Message>a\xEF\xBF\xBD\xEF\xBF\xBD"
		  "b\xEF\xBF\xBD</Message></Response>" },
		{ "newline at the end stays",
		  { { "a\n", 2 } },
		  1,
		  "<Response><Message>a\n</Message></Response>" },
	};
	struct fixture *f = *state;

	assert_string_equal(channel_reply_type(f->c), "text/xml; charset=utf-8");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out;

		wrap(f, cases[i].texts, cases[i].count, &out);
		CHECK_CASE(strncmp(out.data, DECLARATION, strlen(DECLARATION)) == 0, cases[i].name);
		CHECK_SAME(out.data + strlen(DECLARATION), cases[i].want, cases[i].name);
		CHECK_CASE(out.len == strlen(out.data), cases[i].name);
		buf_free(&out);
	}
}

static size_t occurrences(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

static void test_many(void **state)
{
	struct fixture *f = *state;
	struct arena a = { 0 };
	struct str texts[12];
	struct buf out;

	for (size_t i = 0; i < COUNT(texts); i++)
		texts[i] = str_of(arena_printf(&a, "text %zu", i));
	wrap(f, texts, 10, &out);
	assert_int_equal(occurrences(out.data, "<Message>"), 10);
	buf_free(&out);
	wrap(f, texts, 12, &out); /* Twilio would drop two: joined instead */
	assert_int_equal(occurrences(out.data, "<Message>"), 1);
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_non_null(strstr(out.data, texts[i].p));
	buf_free(&out);
	texts[0] = texts[1] = times(&a, "x", 12000);
	wrap(f, texts, 2, &out);
	assert_int_equal(occurrences(out.data, "<Message>"), 10);
	assert_int_equal(occurrences(out.data, ELLIPSIS "</Message></Response>"), 1);
	assert_int_equal(occurrences(out.data, ELLIPSIS), 1);
	buf_free(&out);
	arena_free(&a);
}

static void test_full(void **state)
{
	struct fixture *f = *state;
	struct str text = { "0123456789", 10 };
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, 60);
	assert_int_equal(channel_wrap_reply(f->c, f->envelope, &text, 1, &out, &err), -1);
	assert_int_equal(err.kind, ERR_FULL);
	buf_free(&out);
}

/* The texts of a Response that holds nothing but plain Messages; -1: another tree. */
static int plain_messages(const cJSON *tree, struct str texts[], int max)
{
	const cJSON *message;
	int n = 0;

	if (!row_text(tree, "el") || strcmp(row_text(tree, "el"), "Response") != 0 ||
	    cJSON_GetArraySize(cJSON_GetObjectItem(tree, "attrs")))
		return -1;
	cJSON_ArrayForEach(message, cJSON_GetObjectItem(tree, "children"))
	{
		const cJSON *inner = cJSON_GetObjectItem(message, "children");
		const char *el = row_text(message, "el");

		if (n == max || !el || strcmp(el, "Message") != 0 ||
		    cJSON_GetArraySize(cJSON_GetObjectItem(message, "attrs")) ||
		    cJSON_GetArraySize(inner) != 1 || !cJSON_IsString(inner->child))
			return -1;
		texts[n++] = str_of(inner->child->valuestring);
	}
	return n;
}

static void test_vectors(void **state)
{
	cJSON *rows = read_vectors("tests/unit/data/twiml-vectors.json");
	struct fixture *f = *state;
	const cJSON *row;
	int checked = 0;

	cJSON_ArrayForEach(row, rows)
	{
		const char *id = row_text(row, "id"), *sdk = row_text(row, "sdk");
		struct str texts[CHANNEL_MAX_MESSAGES];
		int n = plain_messages(cJSON_GetObjectItem(row, "tree"), texts, COUNT(texts));
		struct buf out;

		if (n < 0 || strcmp(sdk, "node") != 0)
			continue;
		wrap(f, texts, (size_t)n, &out);
		CHECK_SAME(out.data, row_text(row, "xml"), id);
		buf_free(&out);
		checked++;
	}
	cJSON_Delete(rows);
	assert_true(checked >= 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),	       cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_hopeless_pairs), cmocka_unit_test(test_documents),
		cmocka_unit_test(test_many),	       cmocka_unit_test(test_full),
		cmocka_unit_test(test_vectors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
