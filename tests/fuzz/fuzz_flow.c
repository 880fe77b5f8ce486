/*
 * fuzz_flow.c - any bytes as flow.json, beside the texts of the shipped pack; what
 * loads is checked and talked to. Nothing may crash, hang or grow.
 *
 * Texts are short stand-ins under the names of templates/msme, so that the
 * target reads no file. Start it with tests/unit/data/flow/flow.json and
 * templates/msme/flow.json as corpus.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = {
	"already_completed", "ask_name",      "ask_order",     "ask_phone",
	"ask_pincode",	     "ask_sector",    "ask_size",      "completed",
	"expired",	     "flow_changed",  "hello",	       "help",
	"language",	     "language_set",  "media_instead", "nice_to_meet",
	"one_moment",	     "otp_bad_phone", "otp_declined",  "otp_limited",
	"otp_unavailable",   "otp_unsure",    "otp_wait",      "restarting",
	"started",	     "starting_over", "status",	       "status_completed",
	"status_new",	     "still_working", "stopped",       "summary",
	"support",	     "thanks",	      "too_fast",      "trouble",
	"way_out",	     "welcome",	      "wrong",	       "wrong_confirmation",
	"wrong_name",	     "wrong_phone",   "wrong_pincode", "wrong_sector",
};
static const char text[] =
	"{{name}} {{#options}}{{number}}{{label}}{{/options}}{{url.phone}}{{env.X}}"
	"{{#also}}{{label}}{{/also}}{{#orders}}{{number}}{{id}}{{/orders}}{{with.size.price}}"
	"{{#answer.items}}{{id}}{{/answer.items}}";
static const char body[] = "{\"a\": \"{{name}}\", \"b\": \"{{id.phone}}\"}";
static const char answered[] =
	"{\"items\": [{\"number\": \"1\", \"id\": \"a\", \"text\": \"Gate\", \"name\": {\"en\": "
	"\"G\"}}, "
	"{\"id\": 2}], \"more\": true, \"ref\": \"R1\", \"id\": \"a\", \"count\": 3, \"ok\": true}";
static const char *const said[] = { "hi",   "Asha", "2",    "400001",	  "9876543210",
				    "name", "x",    "help", "yes",	  "yes",
				    "back", "skip", "1",    "20.11.2026", "menu" };

enum { TEXTS = sizeof texts / sizeof *texts, TALK = sizeof said / sizeof *said };

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static struct file_tree tree_of(struct arena *a, const uint8_t *data, size_t size)
{
	struct file_tree tree = { .root = "",
				  .files = arena_array(a, 2 * TEXTS + 3, sizeof(struct file)) };

	for (size_t i = 0; i < TEXTS; i++) {
		tree.files[tree.count++] =
			(struct file){ arena_printf(a, "en/%s.txt", texts[i]), str_of(text) };
		tree.files[tree.count++] =
			(struct file){ arena_printf(a, "hi/%s.txt", texts[i]), str_of(text) };
	}
	tree.files[tree.count++] = (struct file){ "calls/sell.json", str_of(body) };
	tree.files[tree.count++] = (struct file){ "calls/send_otp.json", str_of(body) };
	tree.files[tree.count++] =
		(struct file){ "flow.json", { arena_strndup(a, (const char *)data, size), size } };
	qsort(tree.files, tree.count, sizeof *tree.files, by_path);
	return tree;
}

/* What the engine leaves must be storable. */
static struct session *stored(const struct session *s, struct arena *a)
{
	struct session *loaded = session_copy(s, a);
	struct buf b;

	buf_init(&b, SESSION_MAX_ENCODED);
	if (session_encode(s, &b, NULL) < 0 ||
	    session_decode((struct str){ b.data, b.len }, a, loaded, NULL) < 0)
		abort();
	buf_free(&b);
	return loaded;
}

/* Words, a tap, a file, a place, by turns. */
static void fill_message(struct inbound *in, const char *words, size_t turn)
{
	static const enum inbound_kind kinds[] = { INBOUND_TEXT, INBOUND_TEXT,	INBOUND_CHOICE,
						   INBOUND_TEXT, INBOUND_MEDIA, INBOUND_LOCATION };

	inbound_init(in);
	in->kind = kinds[turn % (sizeof kinds / sizeof *kinds)];
	in->external_id = "SM";
	in->text = words;
	in->payload = words;
	in->media[0] = (struct inbound_media){ "https://files.invalid/1", "image/png" };
	in->media_count = in->kind == INBOUND_MEDIA;
	in->latitude = in->kind == INBOUND_LOCATION ? "19.07" : "";
	in->longitude = in->kind == INBOUND_LOCATION ? "72.88" : "";
}

static struct flow_input input_of(const struct session *s, struct inbound *in, const char *words,
				  const struct value *answer, size_t turn)
{
	static const char *const outcomes[] = { "ok", "found", "changed", "none" };

	fill_message(in, words, turn);
	if (s && *s->call.id)
		return (struct flow_input){
			.kind = FLOW_INPUT_OUTCOME,
			.call_id = s->call.id,
			.outcome = outcomes[turn % (sizeof outcomes / sizeof *outcomes)],
			.answer = answer
		};
	if (s && s->wake_ms && turn % 3 == 2)
		return (struct flow_input){ .kind = FLOW_INPUT_TIMER };
	return (struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = in };
}

static void talk(const struct flow *flow, struct arena *a)
{
	const struct contact_facts facts = { .known = true, .unfinished = true };
	struct flow_env env = { .now_ms = 1700000000000,
				.turn_id = "0123456789abcdef0123456789abcdef",
				.contact = "whatsapp:+911",
				.facts = &facts,
				.settings = value_object(a),
				.session_ttl_ms = 86400000 };
	struct session *s = NULL;
	struct value *answer = NULL;

	(void)value_from_json(a, str_of(answered), &answer, NULL); /* NULL is an answer as well */
	for (size_t i = 0; i < 3 * TALK; i++) {
		struct flow_result result;
		struct flow_call call;
		struct inbound in;
		struct flow_input input = input_of(s, &in, said[i % TALK], answer, i);

		env.now_ms += input.kind == FLOW_INPUT_TIMER ? 86400000 / 4 : 1000;
		if (flow_run(flow, s, &input, &env, a, &result, NULL) < 0)
			return;
		s = stored(result.session, a);
		(void)flow_call_describe(flow, s, &env, a, &call, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct file_tree tree = tree_of(&a, data, size);
	struct flow_faults faults = { .count = 0 };
	struct flow *flow;

	if (flow_load(&tree, &flow, &faults) == 0) {
		flow_check(flow, &faults);
		talk(flow, &a);
	} else if (faults.errors == 0) {
		abort(); /* a refusal without a reason */
	}
	flow_free(&flow);
	flow_faults_free(&faults);
	arena_free(&a);
	return 0;
}
