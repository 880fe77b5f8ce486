/*
 * Conversations that are tests: they pass on the pack as it is, fail on a pack
 * that was changed, and say with one message what is different.
 */
#include <stdio.h>

#include "base/files.h"
#include "check.h"
#include "scenario.h"

struct pack {
	struct arena a;
	struct file_tree tree;
	struct flow *flow;
};

static void load(struct pack *p)
{
	struct flow_faults faults = { .count = 0 };

	if (flow_load(&p->tree, &p->flow, &faults) < 0)
		fail_msg("%s", faults.list[0].what);
	flow_faults_free(&faults);
}

static void open_pack(struct pack *p)
{
	struct err err = { 0 };

	*p = (struct pack){ .flow = NULL };
	if (file_tree_read("templates/msme", &p->a, &p->tree, &err) < 0)
		fail_msg("%s", err.text);
	load(p);
}

static void close_pack(struct pack *p)
{
	flow_free(&p->flow);
	arena_free(&p->a);
}

/* "" when it passes, else the formatted fault, in the pack's arena. */
static const char *verdict(struct pack *p, const char *file, struct str text,
			   struct flow_cover *cover)
{
	struct scenario *s;
	struct scenario_fault fault = { .file = NULL };
	const char *said = "";
	struct buf out;

	if (scenario_parse(file, text, &p->a, &s, &fault) == 0 &&
	    scenario_run(s, p->flow, cover, &p->a, &fault) == 0)
		return "";
	buf_init(&out, 65536);
	assert_int_equal(scenario_fault_format(&fault, &out), 0);
	said = arena_strdup(&p->a, out.data);
	buf_free(&out);
	return said;
}

static bool is_chat(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".chat") == 0;
}

/* ---- the pack's own conversations ---- */

static void the_pack_passes_everywhere(void **state)
{
	struct pack p;
	struct flow_cover cover;
	size_t files = 0;

	(void)state;
	open_pack(&p);
	flow_cover_init(&cover, p.flow);
	for (size_t i = 0; i < p.tree.count; i++) {
		const struct file *f = &p.tree.files[i];

		if (!is_chat(f->path))
			continue;
		files++;
		CHECK_SAME(verdict(&p, f->path, f->text, &cover), "", f->path);
	}
	assert_true(files > 10);
	assert_true(cover.count > 50);
	for (size_t i = 0; i < cover.count; i++) {
		const struct flow_place *at = &cover.list[i];

		if (!at->passed)
			fail_msg("flow.json:%u: %s/%s branch %u is not passed", at->line, at->step,
				 at->exit, at->branch);
	}
	flow_cover_free(&cover);
	close_pack(&p);
}

static void each_place_has_its_line(void **state)
{
	static const struct {
		const char *step, *exit;
		unsigned branch;
		const char *on_the_line;
	} rows[] = {
		{ "welcome", "", 0, "\"welcome\": {" },
		{ "welcome", "next", 0, "\"next\": \"details\"" },
		{ "details", "next", 3, "\"pincode\" } }, \"goto\": \"pincode\"" },
		{ "confirmation", "wrong", 0, "\"confirmation\": {" },
		{ "confirmation", "change_phone", 0, "\"change_phone\": \"phone\"" },
		{ "otp", "timeout", 0, "\"say\": \"otp_unsure\"" },
		{ "otp", "waiting", 0, "\"otp\": {" },
		{ "completed", "again", 0, "\"already_completed\"" },
		{ "", "help", 2, "\"say\": \"help\", \"goto\": \"@same\"" },
		{ "", "stop", 0, "\"consent\": \"out\", \"say\": \"stopped\"" },
	};
	struct pack p;
	struct flow_cover cover;

	(void)state;
	open_pack(&p);
	flow_cover_init(&cover, p.flow);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *name = rows[i].on_the_line;
		const char *text = file_tree_get(&p.tree, "flow.json")->text.p;
		const struct flow_place *at = NULL;

		for (size_t k = 0; k < cover.count; k++) {
			if (strcmp(cover.list[k].step, rows[i].step) == 0 &&
			    strcmp(cover.list[k].exit, rows[i].exit) == 0 &&
			    cover.list[k].branch == rows[i].branch)
				at = &cover.list[k];
		}
		CHECK_CASE(at != NULL, name);
		for (unsigned line = 1; line < at->line; line++)
			text = strchr(text, '\n') + 1;
		CHECK_CASE(strstr(arena_strndup(&p.a, text, strcspn(text, "\n")), name) != NULL,
			   name);
	}
	flow_cover_free(&cover);
	close_pack(&p);
}

/* The block of templates/README.md: what is taught works. */
static void the_page_is_right(void **state)
{
	struct pack p;
	struct str page;
	struct err err = { 0 };
	const char *begin;

	(void)state;
	open_pack(&p);
	if (file_read("templates/README.md", 1 << 20, &p.a, &page, &err) < 0)
		fail_msg("%s", err.text);
	begin = strstr(page.p, "A conversation that must keep working is a file");
	assert_non_null(begin);
	begin = strstr(begin, "```chat\n");
	assert_non_null(begin);
	begin += strlen("```chat\n");
	assert_true(strstr(begin, "```") - begin > 500);
	CHECK_SAME(verdict(&p, "page",
			   (struct str){ begin, (size_t)(strstr(begin, "```") - begin) }, NULL),
		   "", "page");
	close_pack(&p);
}

/* ---- a pack that was changed ---- */

/* The text with the first `from` behind `after` replaced. */
static struct str edited(struct arena *a, struct str text, const char *after, const char *from,
			 const char *to)
{
	const char *at = strstr(text.p, after);
	const char *result;

	at = at ? strstr(at, from) : NULL;
	CHECK_CASE(at != NULL, from);
	result = arena_printf(a, "%.*s%s%s", (int)(at - text.p), text.p, to, at + strlen(from));
	return str_of(result);
}

static void a_changed_exit_is_noticed(void **state)
{
	static const struct {
		const char *after, *from, *to;
	} rows[] = {
		{ "\"welcome\": {", "\"next\": \"details\"", "\"next\": \"sector\"" },
		{ "\"set\": \"name\" } }", "\"goto\": \"name\"", "\"goto\": \"sector\"" },
		{ "\"set\": \"sector\" } }", "\"goto\": \"sector\"", "\"goto\": \"pincode\"" },
		{ "\"set\": \"pincode\" } }", "\"goto\": \"pincode\"", "\"goto\": \"phone\"" },
		{ "\"ask\": \"ask_sector\"", "\"next\": \"details\"", "\"next\": \"pincode\"" },
		{ "\"ask\": \"ask_pincode\"", "\"next\": \"details\"", "\"next\": \"phone\"" },
		{ "\"ask\": \"ask_phone\"", "\"next\": \"details\"", "\"next\": \"sector\"" },
		{ "\"exits\": {", "\"yes\": \"otp\"", "\"yes\": \"name\"" },
		{ "\"exits\": {", "\"clear\": true, \"say\": \"starting_over\"",
		  "\"say\": \"starting_over\"" },
		{ "\"exits\": {", "\"change_name\": \"name\"", "\"change_name\": \"sector\"" },
		{ "\"exits\": {", "\"change_sector\": \"sector\"", "\"change_sector\": \"name\"" },
		{ "\"exits\": {", "\"change_pincode\": \"pincode\"",
		  "\"change_pincode\": \"phone\"" },
		{ "\"exits\": {", "\"change_phone\": \"phone\"", "\"change_phone\": \"pincode\"" },
		{ "\"ok\": {", "\"record\": \"registration\", ", "" },
		{ "\"bad_phone\": {", "\"unset\": \"phone\", ", "" },
		{ "\"timeout\": {", "\"otp_unsure\"", "\"otp_unavailable\"" },
		{ "\"limited\": {", "\"quiet\": true", "\"quiet\": false" },
		{ "\"otherwise\": {", "\"otp_unavailable\"", "\"otp_declined\"" },
		{ "\"help\": {", "\"goto\": \"@same\"", "\"goto\": \"details\"" },
		{ "\"restart\": {", "\"clear\": true, ", "" },
		{ "\"stop\": {", "\"consent\": \"out\"", "\"consent\": \"in\"" },
		{ "\"consent\": \"out\" }", "\"consent\": \"in\", ", "" },
		{ "\"hindi\": {", "\"language\": \"hi\"", "\"language\": \"en\"" },
		{ "\"outcomes\"", "\"status\": 429", "\"status\": 428" },
	};
	struct pack p;
	size_t named = 0;

	(void)state;
	open_pack(&p);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct file *json = (struct file *)file_tree_get(&p.tree, "flow.json");
		struct str before = json->text;
		size_t noticed = 0, exits = 0;

		json->text = edited(&p.a, before, rows[i].after, rows[i].from, rows[i].to);
		flow_free(&p.flow);
		load(&p);
		for (size_t k = 0; k < p.tree.count; k++) {
			const struct file *f = &p.tree.files[k];
			const char *said;
			size_t n = strlen(f->path);

			if (!is_chat(f->path))
				continue;
			said = verdict(&p, f->path, f->text, NULL);
			if (!*said)
				continue;
			noticed++; /* "tests/x.chat:12: …" */
			exits += strstr(said, "flow.json:") != NULL;
			CHECK_CASE(strncmp(said, f->path, n) == 0 && said[n] == ':' &&
					   said[n + 1] >= '1' && said[n + 1] <= '9',
				   said);
		}
		named += exits > 0;
		if (!noticed)
			fail_msg("%s: nobody notices that it became %s", rows[i].from, rows[i].to);
		json->text = before;
	}
	assert_true(named + 2 > COUNT(rows)); /* that of flow.json too, unless it shows later */
	close_pack(&p);
}

/* ---- what may be written, and what is said of it ---- */

#define HI "> hi\n<~ full name\n"
#define DETAIL                                                                                     \
	HI "> Asha\n<~ 12. Other\n> 3\n<~ pincode\n> 400001\n<~ mobile\n> 9876543210\n<~ YES\n"

/* Lines of flow.json may move: "flow.json:90" becomes "flow.json:#". */
static const char *without_lines(struct arena *a, const char *said)
{
	const char *at = strstr(said, "flow.json:");

	if (!at)
		return said;
	at += strlen("flow.json:");
	CHECK_CASE(*at >= '1' && *at <= '9', said);
	return arena_printf(a, "%.*s#%s", (int)(at - said), said, at + strspn(at, "0123456789"));
}

static void one_clear_message(void **state)
{
	static const struct {
		const char *name, *chat, *said;
	} rows[] = {
		{ "any lines", "> hi\n< ...\n", "" },
		{ "any lines, none of them there", "> stop\n< …\n< 🔕 …\n< ...\n", "" },
		{ "lines between", "> hi\n< ...\n< …few short…\n< ...\n< …*full name*…\n", "" },
		{ "blank lines do not count", HI "\n\n> Asha\n<\n< Nice …\n< \n< ...\n", "" },
		{ "inside, twice", "> hi\n<~ MSMEBazaar\n<~ full name\n", "" },
		{ "no blank behind the sign", ">hi\n<~full name\n", "" },
		{ "line ends of Windows", "> hi\r\n<~ full name\r\n", "" },
		{ "several lines said",
		  HI "> Asha\n| Devi\n<~ Asha Devi\nexpect value name Asha Devi\n", "" },
		{ "a setting",
		  "setting WEB_APP_URL https://m.example\n" DETAIL
		  "> yes\ncall send_otp -> ok\n<~ https://m.example/login\n",
		  "" },
		{ "json on two lines",
		  DETAIL "> yes\ncall send_otp -> 200 {\n| \"success\": false }\n"
			 "<~ could not be sent\n",
		  "" },
		{ "another text", "> hi\n<~ full name\n> Asha\n< Nice to meet you, Asha!\n< ...\n",
		  "x.chat:4: the reply differs\n"
		  "    expected  Nice to meet you, Asha!\n"
		  "    got       Nice to meet you, Asha! 👋\n    exit      name/next, flow.json:#" },
		{ "too few lines", "> stop\n<~ no more\n< more\n",
		  "x.chat:3: the reply differs\n"
		  "    expected  more\n    got       (no further line)\n    exit      "
		  "commands/stop, flow.json:#" },
		{ "unread at the next line", "> hi\n< 🌟 …\n< I will …\n> Asha\n<~ Asha\n",
		  "x.chat:3: the reply goes on, and nobody expects it\n"
		  "    got       Reply *HELP* at any time, or *HINDI* for हिन्दी.\n"
		  "              👤 What is your *full name*?\n    exit      commands/greeting, "
		  "flow.json:#" },
		{ "unread at the end", HI "> support\n",
		  "x.chat:3: the reply goes on, and nobody expects it\n"
		  "    got       🤝 *MSMEBazaar support*\n"
		  "              📧 support@msmebazaar.com\n"
		  "              🕘 Monday to Friday, 9 AM – 6 PM IST\n"
		  "              Your answers so far are kept. Reply *HI* to go on.\n    exit      "
		  "commands/support, flow.json:#" },
		{ "not inside", "> stop\n<~ nothing of this\n",
		  "x.chat:2: the reply differs\n"
		  "    expected  nothing of this\n"
		  "    got       🔕 You will get no more updates from MSMEBazaar. We still answer "
		  "when "
		  "you write. Reply *START* to hear from us again.\n    exit      commands/stop, "
		  "flow.json:#" },
		{ "another step", HI "expect step sector\n",
		  "x.chat:3: the step differs\n    expected  sector\n    got       name\n    exit  "
		  "    commands/greeting, flow.json:#" },
		{ "no value", HI "expect value name Asha\n",
		  "x.chat:3: the value name differs\n    expected  Asha\n    got       (nothing)\n "
		  "   exit      commands/greeting, flow.json:#" },
		{ "a value", HI "> Asha\n<~ Asha\nexpect no value name\n",
		  "x.chat:5: there is a value name: Asha\n    exit      name/next, flow.json:#" },
		{ "no record", HI "expect record registration {\"name\": \"Asha\"}\n",
		  "x.chat:3: there is no record registration\n    exit      commands/greeting, "
		  "flow.json:#" },
		{ "another field",
		  DETAIL "> yes\nexpect call {\"metadata\": {\"source\": \"web\"}}\n",
		  "x.chat:12: the call differs in \"metadata.source\"\n"
		  "    expected  web\n    got       whatsapp\n    exit      confirmation/yes, "
		  "flow.json:#" },
		{ "a field too many", DETAIL "> yes\nexpect call {\"otp\": \"1\"}\n",
		  "x.chat:12: the call differs in \"otp\"\n"
		  "    expected  1\n    got       (no such field)\n    exit      confirmation/yes, "
		  "flow.json:#" },
		{ "silence", HI "pass 5h\n< Are you there?\n",
		  "x.chat:4: the reply differs\n    expected  Are you there?\n    got       (no "
		  "further "
		  "line)" },
		{ "no record to change", HI "record registration -> closed\n",
		  "x.chat:3: there is no record registration" },
		{ "no call", HI "call send_otp -> 200\n",
		  "x.chat:3: no call send_otp is under way" },
		{ "unknown end", DETAIL "> yes\ncall send_otp -> slow\n",
		  "x.chat:12: the call send_otp has no outcome \"slow\"" },
		{ "no answer", DETAIL "> yes\n",
		  "x.chat:11: the file ends while the call send_otp is under way; add its answer: "
		  "call send_otp -> …" },
	};
	struct pack p;

	(void)state;
	open_pack(&p);
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_SAME(without_lines(&p.a, verdict(&p, "x.chat", str_of(rows[i].chat), NULL)),
			   rows[i].said, rows[i].name);
	close_pack(&p);
}

static void a_file_with_a_slip(void **state)
{
	static const struct {
		const char *chat, *said;
	} rows[] = {
		{ "", "x.chat:1: nothing happens in it" },
		{ "# only a comment\n", "x.chat:1: nothing happens in it" },
		{ "< Hi\n", "x.chat:1: nobody said anything" },
		{ "> hi\nrecord registration -> closed\n< Hi\n", "x.chat:3: nobody said anything" },
		{ "record registration closed\n",
		  "x.chat:1: write its new state: record registration -> closed" },
		{ "\n\nsay hi\n", "x.chat:3: \"say\" begins no line" },
		{ "| more\n", "x.chat:1: there is no line that this continues" },
		{ "> hi\n\n| more\n", "x.chat:3: there is no line that this continues" },
		{ "> hi\n< a\n| b\n", "x.chat:2: write each line of a reply" },
		{ "> hi\n<~ \n", "x.chat:2: write the text that the reply holds" },
		{ "> hi\nlanguage hi\n", "x.chat:2: language stands at the top" },
		{ "language abcdefghijklmnop\n", "x.chat:1: write a language" },
		{ "contact +91\n", "x.chat:1: write an address" },
		{ "setting\n", "x.chat:1: write: setting NAME value" },
		{ "\xef\xbb\xbfsetting\n", "x.chat:1: write: setting NAME value" },
		{ "pass 10\n", "x.chat:1: write how long" },
		{ "pass 10 m\n", "x.chat:1: write how long" },
		{ "pass 9999999d\n", "x.chat:1: write how long" },
		{ "pass -1h\n", "x.chat:1: write how long" },
		{ "button\n", "x.chat:1: write the id" },
		{ "media picture\n", "x.chat:1: write the type" },
		{ "location 19.07\n", "x.chat:1: write two numbers" },
		{ "call send_otp 200\n", "x.chat:1: write how it ends: call send_otp -> 200" },
		{ "call send_otp -> 200 {]\n", "x.chat:1: the JSON is none" },
		{ "expect\n", "x.chat:1: write one of: expect step" },
		{ "expect luck\n", "x.chat:1: write one of: expect step" },
		{ "expect step\n", "x.chat:1: write what the step should be" },
		{ "expect no step\n", "x.chat:1: \"no\" goes with" },
		{ "expect no value name Asha\n", "x.chat:1: nothing may follow" },
		{ "expect value\n", "x.chat:1: write which value" },
		{ "expect record registration Asha\n", "x.chat:1: the JSON is none" },
		{ "> \xff\n", "x.chat:1: the file is no UTF-8 text" },
	};
	struct pack p;

	(void)state;
	open_pack(&p);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *said = verdict(&p, "x.chat", str_of(rows[i].chat), NULL);

		if (strncmp(said, rows[i].said, strlen(rows[i].said)) != 0)
			fail_msg("<%s>: got <%s>, expected <%s…>", rows[i].chat, said,
				 rows[i].said);
	}
	close_pack(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pack_passes_everywhere),
		cmocka_unit_test(each_place_has_its_line),
		cmocka_unit_test(the_page_is_right),
		cmocka_unit_test(a_changed_exit_is_noticed),
		cmocka_unit_test(one_clear_message),
		cmocka_unit_test(a_file_with_a_slip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
