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
	"{{name}} {{#options}}{{number}}{{label}}{{/options}}{{url.phone}}{{env.X}}";
static const char body[] = "{\"a\": \"{{name}}\", \"b\": \"{{id.phone}}\"}";
static const char *const said[] = { "hi",   "Asha", "2",    "400001", "9876543210",
				    "name", "x",    "help", "yes",    "yes" };

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

static struct flow_input input_of(const struct session *s, struct inbound *in, const char *words)
{
	*in = (struct inbound){ .kind = INBOUND_TEXT,
				.external_id = "SM",
				.receiver = "",
				.account = "",
				.text = words,
				.payload = "" };
	if (s && *s->call.id)
		return (struct flow_input){ .kind = FLOW_INPUT_OUTCOME,
					    .call_id = s->call.id,
					    .outcome = "ok" };
	return (struct flow_input){ .kind = FLOW_INPUT_MESSAGE, .message = in };
}

static void talk(const struct flow *flow, struct arena *a)
{
	const struct contact_facts facts = { .known = true, .unfinished = true };
	const struct flow_env env = { .now_ms = 1,
				      .turn_id = "0123456789abcdef0123456789abcdef",
				      .contact = "whatsapp:+911",
				      .facts = &facts,
				      .settings = value_object(a),
				      .session_ttl_ms = 1000 };
	struct session *s = NULL;

	for (size_t i = 0; i < TALK; i++) {
		struct flow_result result;
		struct flow_call call;
		struct inbound in;
		struct flow_input input = input_of(s, &in, said[i]);

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
