/*
 * test_flow_faults.c - each fault of a pack, with its exact message.
 *
 * A row changes one thing in a good pack (tests/unit/data/flow) and names what
 * must be said first about it.
 */
#include "flow_pack.h"

#include "base/mem.h"

#include <stdlib.h>

struct row {
	const char *file; /* "flow.json" when NULL */
	const char *old;  /* text in it; NULL: the file is removed or added */
	const char *new;
	const char *says;
};

static struct file_tree good(struct arena *a)
{
	struct file_tree tree;
	struct err err = { 0 };

	if (file_tree_read("tests/unit/data/flow", a, &tree, &err) < 0)
		fail_msg("%s", err.text);
	return tree;
}

/* The good pack with one change. */
static struct file_tree changed(struct arena *a, const struct row *row)
{
	struct file_tree tree = good(a), copy = tree;
	const char *path = row->file ? row->file : "flow.json";

	copy.files = arena_array(a, tree.count + 1, sizeof *copy.files);
	copy.count = 0;
	for (size_t i = 0; i < tree.count; i++) {
		struct file f = tree.files[i];

		if (strcmp(f.path, path) == 0) {
			if (!row->old)
				continue;
			f.text = str_of(pack_edited(a, f.text.p, row->old, row->new));
		}
		copy.files[copy.count++] = f;
	}
	if (!row->old && row->new)
		copy.files[copy.count++] = (struct file){ path, str_of(row->new) };
	qsort(copy.files, copy.count, sizeof *copy.files, pack_by_path);
	return copy;
}

static bool is_said(const struct flow_faults *faults, const char *says, bool first)
{
	bool found = false;

	for (size_t i = 0; i < faults->count && !found && !(first && i > 0); i++) {
		struct buf b;

		buf_init(&b, 8192);
		(void)flow_fault_format(&faults->list[i], &b);
		found = strcmp(b.data, says) == 0;
		buf_free(&b);
	}
	return found;
}

static void check_row(const struct row *row, bool loads)
{
	struct arena a = { 0 };
	struct file_tree tree = changed(&a, row);
	struct flow_faults faults = { .count = 0 };
	struct flow *flow = NULL;
	int ret = flow_load(&tree, &flow, &faults);

	if (ret == 0)
		flow_check(flow, &faults);
	if ((ret == 0) != loads || !is_said(&faults, row->says, !loads)) {
		talk_print_faults(&faults);
		fail_msg("expected (%s): %s", loads ? "loads" : "does not load", row->says);
	}
	CHECK_CASE((flow != NULL) == loads, row->says);
	CHECK_CASE(loads || faults.errors > 0, row->says);
	flow_free(&flow);
	flow_faults_free(&faults);
	arena_free(&a);
}

static void a_good_pack_has_none(void **state)
{
	struct arena a = { 0 };
	struct file_tree tree = good(&a);
	struct flow_faults faults = { .count = 0 };
	struct flow *flow = NULL;

	(void)state;
	assert_int_equal(flow_load(&tree, &flow, &faults), 0);
	flow_check(flow, &faults);
	talk_print_faults(&faults);
	assert_int_equal(faults.count, 0);
	flow_free(&flow);
	assert_null(flow);
	arena_free(&a);
}

static void the_shipped_pack_has_none(void **state)
{
	struct talk t;
	struct flow_faults faults = { .count = 0 };

	(void)state;
	talk_open(&t);
	flow_check(t.flow, &faults);
	talk_print_faults(&faults);
	assert_int_equal(faults.count, 0);
	flow_faults_free(&faults);
	talk_close(&t);
}

static void faults_at_load(void **state)
{
	static const struct row rows[] = {
		{ NULL, "\"flow\": \"shop\",", "\"flow\": \"shop\" \"x\",",
		  "flow.json:2: column 18: expected ',' or '}'; correct the JSON" },
		{ NULL, "\"version\": 3,", "\"version\": 3, \"version\": 4,",
		  "flow.json:3: column 17: the key \"version\" occurs twice; correct the JSON" },
		{ "flow.json", NULL, NULL, "flow.json: the pack has no flow.json; write one" },
		{ "flow.json", NULL, "[]", "flow.json: is no object; write {…}" },
		{ "flow.json", NULL, "",
		  "flow.json:1: column 1: the text ends where a value is expected; correct the "
		  "JSON" },
		{ NULL, "\"start\": \"hello\"", "\"strat\": \"hello\"",
		  "flow.json:5: field strat: unknown key; did you mean \"start\"?" },
		{ NULL, "\"version\": 3", "\"version\": 0",
		  "flow.json:3: field version: is out of range; write a whole number from 1 to "
		  "1000000000" },
		{ NULL, "\"version\": 3", "\"version\": \"3\"",
		  "flow.json:3: field version: is not a whole number; write a whole number" },
		{ NULL, "\"languages\": { \"en\": {}, \"hi\": { \"script\": \"Deva\" } }",
		  "\"languages\": {}",
		  "flow.json:1: field languages: the flow speaks no language; write \"languages\": "
		  "{\"en\": {}}" },
		{ NULL, "\"languages\": { \"en\": {}, \"hi\": { \"script\": \"Deva\" } }",
		  "\"languages\": [\"en\"]",
		  "flow.json:4: field languages: is not an object {…}; write an object {…}" },
		{ NULL, "\"start\": \"hello\"", "\"start\": \"helo\"",
		  "flow.json:5: field start: there is no step \"helo\"; did you mean \"hello\"?" },
		{ NULL, "\"type\": \"text\", \"min\": 2", "\"type\": \"txt\", \"min\": 2",
		  "flow.json:7: field values.name.type: there is no type \"txt\"; did you mean "
		  "\"text\"?" },
		{ NULL, "\"type\": \"text\", \"min\": 2", "\"min\": 2",
		  "flow.json:7: field values.name.type: the type is missing; use one of: text, "
		  "choice, pattern, phone, integer, date, media, location, items" },
		{ NULL, "\"type\": \"text\", \"min\": 2, \"max\": 50", "\"type\": \"color\"",
		  "flow.json:7: field values.name.type: there is no type \"color\"; use one of: "
		  "text, choice, pattern, phone, integer, date, media, location, items" },
		{ NULL, "\"min\": 2, \"max\": 50", "\"min\": 60, \"max\": 50",
		  "flow.json:7: field values.name.min: no answer is both 60 at least and 50 at "
		  "most; make min at most max" },
		{ NULL, "\"min\": 2, \"max\": 50", "\"min\": 2, \"max\": 5000",
		  "flow.json:7: field values.name.max: is out of range; write a whole number from "
		  "1 to 1000" },
		{ NULL, "\"min\": 2, \"max\": 50", "\"mim\": 2, \"max\": 50",
		  "flow.json:7: field values.name.mim: unknown key; did you mean \"min\"?" },
		{ NULL, "\"list\": \"sizes\"", "\"list\": \"size\"",
		  "flow.json:8: field values.size.list: there is no list \"size\"; did you mean "
		  "\"sizes\"?" },
		{ NULL, "\"list\": \"sizes\"", "\"pii\": \"x\"",
		  "flow.json:8: field values.size.list: a choice needs exactly one list of "
		  "options; give one of \"list\", \"options\" and \"from\"" },
		{ NULL, "\"[A-Z][0-9]{4}\"", "\"[A-Z\"",
		  "flow.json:9: field values.order.pattern: the pattern does not compile: at 4: "
		  "missing terminating ] for character class; correct the pattern (PCRE2 syntax)" },
		{ NULL, "\"country\": \"IN\"", "\"country\": \"XX\"",
		  "flow.json:10: field values.phone.country: a phone needs the country whose "
		  "numbers it takes; use one of: IN, MA" },
		{ NULL, "\"name\": { \"type\": \"text\"", "\"env\": { \"type\": \"text\"",
		  "flow.json:7: field values.env: \"env\" means something else in templates; "
		  "choose another name" },
		{ NULL, "\"name\": { \"type\": \"text\"", "\"Name\": { \"type\": \"text\"",
		  "flow.json:7: field values.Name: value \"Name\" is no name; use a-z, 0-9 and _, "
		  "a letter first, at most 40 characters" },
		{ NULL, "\"id\": \"large\", \"label\"", "\"id\": \"small\", \"label\"",
		  "flow.json:15: field lists.sizes.id: \"small\" occurs twice; ids are unique "
		  "within a list" },
		{ NULL, "\"id\": \"large\", \"label\"", "\"label\"",
		  "flow.json:15: field lists.sizes.id: is missing; give the option an id" },
		{ NULL, "\"hi\": \"बड़ा\"", "\"fr\": \"grand\"",
		  "flow.json:15: field lists.sizes.label.fr: is no language of this flow; add it "
		  "to \"languages\"" },
		{ NULL, "\"synonyms\": { \"en\": [\"s\"] }", "\"synonyms\": { \"en\": [\"2\"] }",
		  "flow.json:15: field lists.sizes: \"2\" means option 1 as well; give each option "
		  "words of its own" },
		{ NULL, "\"synonyms\": { \"en\": [\"s\"] }",
		  "\"synonyms\": { \"en\": [\"LARGE\"] }",
		  "flow.json:15: field lists.sizes: \"large\" means option 1 as well; give each "
		  "option words of its own" },
		{ NULL, "\"fields\": [\"name\", \"size\"]", "\"fields\": [\"name\", \"sice\"]",
		  "flow.json:18: field records.sale.fields: there is no value \"sice\"; did you "
		  "mean \"size\"?" },
		{ NULL, "\"method\": \"POST\"", "\"method\": \"post\"",
		  "flow.json:20: field calls.sell.method: a call needs an HTTP method; use GET, "
		  "POST, PUT, PATCH or DELETE" },
		{ NULL, "\"SHOP_URL\": {", "\"AUTH_API_URL\": {",
		  "flow.json:19: field settings.AUTH_API_URL: is a setting of the program; take it "
		  "away: every pack sees it" },
		{ NULL, "\"SHOP_URL\": {", "\"shop\": {",
		  "flow.json:19: field settings.shop: is no name of a setting; use A-Z, 0-9 and _, "
		  "as in TOPUP_API_URL" },
		{ NULL, "{ \"secret\": true }", "{ \"secret\": true, \"default\": \"x\" }",
		  "flow.json:19: field settings.SHOP_KEY.default: a secret has no default; leave "
		  "it "
		  "to the environment or .env" },
		{ NULL, "{ \"secret\": true }", "{ \"demo\": \"orders\" }",
		  "flow.json:19: field settings.SHOP_KEY.demo: is no path; write a path of the "
		  "pack's demo.json, \"/orders\"" },
		{ NULL, "\"url\": \"{{env.SHOP_URL}}/sell\"", "\"url\": \"{{env.SHOP_URL/sell\"",
		  "flow.json:22: field calls.sell.url: flow.json#calls.sell.url:1: a tag that "
		  "begins with {{ is not closed; add }}; correct the placeholder" },
		{ NULL, "\"body\": \"calls/sell.json\"", "\"body\": \"calls/buy.json\"",
		  "flow.json:23: field calls.sell.body: there is no file \"calls/buy.json\"; write "
		  "a file calls/….json in the pack" },
		{ NULL, "\"per\": \"1d\"", "\"per\": \"one day\"",
		  "flow.json:26: field calls.sell.limits.0: is no limit; write {\"key\": …, "
		  "\"max\": 5, \"per\": \"1h\"}" },
		{ NULL, "\"status\": \"2xx\"", "\"status\": \"200x\"",
		  "flow.json:27: field calls.sell.outcomes.status: is no HTTP status; write 422, "
		  "\"5xx\" or a list of at most 8" },
		{ NULL, "\"name\": \"sold_out\", \"status\"", "\"status\"",
		  "flow.json:27: field calls.sell.outcomes.name: is missing; name the outcome" },
		{ "calls/sell.json", "{{id.size}}\"}", "{{id.size}\"}",
		  "calls/sell.json:1: a tag that begins with {{ is not closed; add }}" },
		{ "en/ask_order.txt", "{{name}}", "{{name",
		  "en/ask_order.txt:1: a tag that begins with {{ is not closed; add }}" },
		{ "en/ask_order.txt", "{{name}}", "{{> card}}",
		  "en/ask_order.txt:1: there is no partial en/card.txt; add the file or correct "
		  "the name" },
		{ "hi/ask_order.txt", NULL, NULL,
		  "flow.json:35: step order, field ask: the text \"ask_order\" is missing in "
		  "language hi; write the file hi/ask_order.txt" },
		{ NULL, "\"ask\": \"ask_order\", \"save\"", "\"ask\": \"ask_oder\", \"save\"",
		  "flow.json:35: step order, field ask: the text \"ask_oder\" is missing in "
		  "language en; write the file en/ask_oder.txt" },
		{ NULL, "\"save\": \"order\", \"wrong\": \"wrong\"", "\"save\": \"order\"",
		  "flow.json:35: step order, field wrong: a wrong answer would not be explained; "
		  "name the text for a wrong answer" },
		{ NULL, "\"ask\": \"ask_order\", \"save\": \"order\"", "\"save\": \"order\"",
		  "flow.json:35: step order, field ask: nothing is asked; name the text that "
		  "asks" },
		{ NULL, "\"save\": \"order\"", "\"save\": \"odrer\"",
		  "flow.json:35: step order, field save: there is no value \"odrer\"; did you mean "
		  "\"order\"?" },
		{ NULL, "\"save\": \"order\"", "\"say\": \"hello\"",
		  "flow.json:35: step order, field save: a question needs either \"save\" or "
		  "\"input\"; name the value that the answer becomes (\"save\"), or describe the "
		  "answer (\"input\")" },
		{ NULL, "\"next\": \"phone\" }", "\"nxt\": \"phone\" }",
		  "flow.json:35: step order, field nxt: unknown key; did you mean \"next\"?" },
		{ NULL, "\"next\": \"phone\" }", "\"next\": \"fone\" }",
		  "flow.json:35: step order, field next: there is no step \"fone\"; did you mean "
		  "\"done\"?" },
		{ NULL, "\"next\": \"phone\" }", "\"next\": {\"say\": \"hello\"} }",
		  "flow.json:35: step order, field next: leads nowhere; add \"goto\"" },
		{ NULL, "\"next\": \"phone\" }", "\"exits\": {\"next\": \"phone\"} }",
		  "flow.json:35: step order, field exits: only choices and calls have named exits; "
		  "use \"next\"" },
		{ NULL,
		  "\"next\": [{ \"if\": { \"is\": { \"size\": \"large\" } }, \"goto\": \"sale\" }, "
		  "\"sale\"]",
		  "\"next\": [{ \"if\": { \"is\": { \"size\": \"large\" } }, \"goto\": \"sale\" }]",
		  "flow.json:37: step phone, field next: leads nowhere when no condition holds; "
		  "end with a branch without \"if\"" },
		{ NULL,
		  "\"next\": [{ \"if\": { \"is\": { \"size\": \"large\" } }, \"goto\": \"sale\" }, "
		  "\"sale\"]",
		  "\"next\": [\"sale\", \"done\"]",
		  "flow.json:37: step phone, field next: is never reached; put the branch without "
		  "\"if\" last" },
		{ NULL, "\"is\": { \"size\": \"large\" }", "\"is\": { \"size\": \"huge\" }",
		  "flow.json:37: step phone, field next.is: \"huge\" is no option of size; compare "
		  "with an option's id" },
		{ NULL, "\"is\": { \"size\": \"large\" }", "\"iss\": { \"size\": \"large\" }",
		  "flow.json:37: step phone, field next.iss: unknown key; did you mean \"is\"?" },
		{ NULL, "\"is\": { \"size\": \"large\" }", "\"set\": \"sise\"",
		  "flow.json:37: step phone, field next.set: there is no value \"sise\"; did you "
		  "mean \"size\"?" },
		{ NULL, "\"if\": { \"is\": { \"size\": \"large\" } }", "\"if\": {}",
		  "flow.json:37: step phone, field next.if: a condition is an object with one key; "
		  "write one of set, is, less, more, at_least, at_most, at, consent, language, "
		  "not, "
		  "all, any" },
		{ NULL, "\"small\": \"order\", ", "",
		  "flow.json:33: step size, field exits: option \"small\" leads nowhere; add an "
		  "exit for it, or \"next\" for the rest" },
		{ NULL, "\"small\": \"order\", ", "\"small\": \"order\", \"midle\": \"order\", ",
		  "flow.json:33: step size, field exits: \"midle\" is no option; use one of: "
		  "small, large" },
		{ NULL, "\"otherwise\": \"phone\"", "\"failed\": \"phone\"",
		  "flow.json:38: step sale, field exits: outcome \"sold_out\" leads nowhere; add "
		  "an exit for it, or \"otherwise\" for the rest" },
		{ NULL, "\"otherwise\": \"phone\"",
		  "\"otherwise\": \"phone\", \"sold_aut\": \"phone\"",
		  "flow.json:38: step sale, field exits: \"sold_aut\" is no outcome of the call; "
		  "did you mean \"sold_out\"?" },
		{ NULL, "\"call\": \"sell\"", "\"call\": \"sel\"",
		  "flow.json:38: step sale, field call: there is no call \"sel\"; did you mean "
		  "\"sell\"?" },
		{ NULL, "\"record\": \"sale\"", "\"record\": \"sail\"",
		  "flow.json:39: step sale, field exits.ok.record: there is no record \"sail\"; "
		  "add it to \"records\"" },
		{ NULL, "\"end\": true, \"again\": \"thanks\"", "\"end\": true",
		  "flow.json:40: step done, field again: an end needs a text for later messages; "
		  "write \"end\": true and name the text for whoever writes afterwards" },
		{ NULL, "\"hello\": { \"say\": \"hello\", \"next\": \"name\" }",
		  "\"hello\": { \"say\": \"hello\" }",
		  "flow.json:31: step hello, field next: the step leads nowhere; add \"next\", "
		  "\"ask\", \"call\" or \"end\"" },
		{ NULL, "\"en\": [\"help\"], \"hi\": [\"मदद\"]", "\"en\": [\"help\"]",
		  "flow.json:43: field commands.help.words.hi: has no words in language hi; add "
		  "the words that people use in it" },
		{ NULL, "\"en\": [\"help\"]", "\"en\": [\"restart\"]",
		  "flow.json:44: field commands.restart.words: \"restart\" is a word of command "
		  "help as well; give each command words of its own" },
		{ NULL, "\"en\": [\"help\"]", "\"en\": [\"small\"]",
		  "flow.json:33: step size, field save: the command help hides \"small\" of option "
		  "\"small\"; take the word away from one of them" },
		{ NULL, "\"en\": [\"help\"]", "\"en\": [\"help\", \"2\"]",
		  "flow.json:33: step size, field save: the command help hides \"2\" of option "
		  "\"large\"; take the word away from one of them" },
		{ NULL, "\"do\": { \"clear\": true, \"goto\": \"hello\" }",
		  "\"patterns\": [\"lar.*\"], \"do\": { \"clear\": true, \"goto\": \"hello\" }",
		  "flow.json:33: step size, field save: the command restart hides \"large\" of "
		  "option \"large\"; take the word away from one of them" },
		{ NULL, "\"do\": { \"clear\": true, \"goto\": \"hello\" }",
		  "\"do\": { \"clear\": 1, \"goto\": \"hello\" }",
		  "flow.json:44: field commands.restart.do.clear: is not true or false; write true "
		  "or false" },
		{ NULL, "\"do\": { \"clear\": true, \"goto\": \"hello\" }",
		  "\"patterns\": [\"(\"], \"do\": \"hello\"",
		  "flow.json:44: field commands.restart.patterns: the pattern does not compile: at "
		  "1: missing closing parenthesis; correct the pattern (PCRE2 syntax)" },
		{ NULL, "\"trouble\": \"hello\", ", "",
		  "flow.json:46: field system.trouble: is missing; name the text for it" },
		{ NULL, "\"system\"", "\"sistem\"",
		  "flow.json:46: field sistem: unknown key; did you mean \"system\"?" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(&rows[i], false);
}

static void faults_in_the_graph(void **state)
{
	static const struct row rows[] = {
		{ NULL, "\"record\": \"sale\", \"say\": \"thanks\"",
		  "\"unset\": \"name\", \"record\": \"sale\", \"say\": \"ask_order\"",
		  "en/ask_order.txt:1: step sale, field exits.ok: {{name}} is not set on every way "
		  "here; "
		  "write {{#name}}…{{/name}} around it, or ask for it before" },
		{ NULL, "\"goto\": \"done\" }, \"otherwise\": \"phone\"",
		  "\"goto\": \"sale\" }, \"otherwise\": \"sale\"",
		  "flow.json:40: step done: no way leads to this step; lead an exit to it, or "
		  "remove it" },
		{ NULL, "\"hello\": { \"say\": \"hello\", \"next\": \"name\" }",
		  "\"hello\": { \"say\": \"hello\", \"next\": \"more\" }, \"more\": { \"next\": [{ "
		  "\"if\": { \"set\": \"name\" }, \"goto\": \"hello\" }, \"name\"] }",
		  "flow.json:31: step hello, field next: leads round in a loop that asks nothing; "
		  "let a step on the way ask or end" },
		{ NULL,
		  "\"ask\": \"ask_order\", \"save\": \"order\", \"wrong\": \"wrong\", \"next\": "
		  "\"phone\"",
		  "\"ask\": \"ask_order\", \"save\": \"order\", \"wrong\": \"wrong\", \"next\": "
		  "\"order\"",
		  "flow.json:36: step phone: no way leads to this step; lead an exit to it, or "
		  "remove it" },
		{ "en/ask_order.txt", "{{name}}", "{{nam}}",
		  "en/ask_order.txt:1: step order, field ask: nothing sets {{nam}}; did you mean "
		  "{{name}}?" },
		{ "en/ask_order.txt", "{{name}}", "{{phone}}",
		  "en/ask_order.txt:1: step order, field ask: {{phone}} is not set on every way "
		  "here; write {{#phone}}…{{/phone}} around it, or ask for it before" },
		{ "en/ask_order.txt", "{{name}}", "{{url.phone}}",
		  "en/ask_order.txt:1: step order, field ask: {{url.phone}} is not set on every "
		  "way here; write {{#phone}}…{{/phone}} around it, or ask for it before" },
		{ "en/ask_order.txt", "{{name}}", "{{sizes}}",
		  "en/ask_order.txt:1: step order, field ask: {{sizes}} is a list; write "
		  "{{#sizes}}{{number}}. {{label}}{{/sizes}}" },
		{ "en/ask_order.txt", "{{name}}", "{{#options}}x{{/options}}",
		  "en/ask_order.txt:1: step order, field ask: nothing sets {{options}}; use a "
		  "value of this flow, see templates/README.md" },
		{ "hi/ask_order.txt", "{{name}}", "",
		  "hi/ask_order.txt: does not use {{name}}, other than en/ask_order.txt; let the "
		  "languages say the same" },
		{ "en/hello.txt", "Hello", "Hello {{name}}",
		  "en/hello.txt:1: step hello, field say: {{name}} is not set on every way here; "
		  "write {{#name}}…{{/name}} around it, or ask for it before" },
		{ "calls/sell.json", "{{id.size}}", "{{phone}}",
		  "calls/sell.json:1: field body: call sell sends {{phone}}, which is personal "
		  "data (phone); add \"phone\" to the call's \"pii\", or do not send it" },
		{ NULL, "{{env.SHOP_URL}}", "{{env.SHOP_URI}}",
		  "flow.json:20: field url: there is no setting SHOP_URI; declare it in "
		  "\"settings\", or use one of the program's" },
		{ NULL, "{{env.SHOP_URL}}", "{{env.SHOP_KEY}}",
		  "flow.json:20: field url: {{env.SHOP_KEY}} is a secret; show it to nobody: only "
		  "headers of calls may hold it" },
		{ NULL, "/sell\"", "/sell?n={{url.name}}\"",
		  "flow.json:20: field url: call sell has personal data (name) in its address; "
		  "addresses end in logs: send it in the body" },
		{ "en/unsaid.txt", NULL, "nobody says this",
		  "en/unsaid.txt: nothing says this text; name it in flow.json, or remove it" },
		{ "fr/hello.txt", NULL, "bonjour",
		  "fr/hello.txt: \"fr\" is no language of this flow; add it to \"languages\" in "
		  "flow.json, or remove the file" },
		{ NULL, "\"record\": \"sale\", ", "",
		  "flow.json:18: record \"sale\": no step keeps it; use it, or remove it" },
		{ NULL, "\"ask\": \"ask_order\", \"save\": \"order\", \"wrong\": \"wrong\"",
		  "\"ask\": \"ask_order\", \"input\": {\"type\": \"integer\"}, \"wrong\": "
		  "\"wrong\"",
		  "flow.json:9: value \"order\": no step sets it; use it, or remove it" },
		{ "hi/ask_order.txt", "{{name}}",
		  "{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}"
		  "{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}"
		  "{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}{{name}}"
		  "{{name}}{{name}}",
		  "hi/ask_order.txt: can become 1608 characters long, a message holds 1600; "
		  "shorten it, or bound the answers that it repeats" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(&rows[i], true);
}

static void all_faults_are_named(void **state)
{
	static const struct row row = {
		NULL, "\"save\": \"name\", \"wrong\": \"wrong\", \"next\": \"size\"",
		"\"save\": \"nam\", \"wrong\": \"wrng\", \"next\": \"siz\"", ""
	};
	struct arena a = { 0 };
	struct file_tree tree = changed(&a, &row);
	struct flow_faults faults = { .count = 0 };
	struct flow *flow = NULL;

	(void)state;
	assert_int_equal(flow_load(&tree, &flow, &faults), -1);
	assert_int_equal(faults.errors, 4); /* the text is missing in two languages */
	flow_faults_free(&faults);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_pack_has_none), cmocka_unit_test(the_shipped_pack_has_none),
		cmocka_unit_test(faults_at_load),	cmocka_unit_test(faults_in_the_graph),
		cmocka_unit_test(all_faults_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
