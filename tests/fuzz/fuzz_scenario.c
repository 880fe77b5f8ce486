/*
 * fuzz_scenario.c - any bytes as a .chat file, played on a small flow of one question and one call.
 * A refusal names a line and a reason; nothing may crash, hang or grow.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char flow_json[] =
	"{\"flow\":\"f\",\"version\":1,\"languages\":{\"en\":{}},\"start\":\"name\","
	"\"values\":{\"name\":{\"type\":\"text\",\"min\":2}},"
	"\"records\":{\"registration\":{\"id_prefix\":\"R-\",\"fields\":[\"name\"]}},"
	"\"calls\":{\"send_otp\":{\"method\":\"POST\",\"url\":\"http://a/"
	"\",\"body\":\"calls/b.json\",\"timeout_ms\":\"1000\","
	"\"outcomes\":[{\"name\":\"ok\",\"status\":\"2xx\"}]}},"
	"\"steps\":{\"name\":{\"ask\":\"t\",\"save\":\"name\",\"wrong\":\"t\",\"next\":\"call\"},"
	"\"call\":{\"call\":\"send_otp\",\"exits\":{\"ok\":{\"record\":\"registration\","
	"\"goto\":\"end\"},\"otherwise\":\"name\"}},\"end\":{\"end\":true,\"again\":\"t\"}},"
	"\"commands\":{\"stop\":{\"words\":{\"en\":[\"stop\"]},\"do\":{\"consent\":\"out\","
	"\"say\":\"t\"}}},"
	"\"system\":{\"one_moment\":\"t\",\"too_fast\":\"t\",\"trouble\":\"t\","
	"\"still_working\":\"t\",\"media_instead\":\"t\",\"way_out\":\"t\",\"expired\":\"t\","
	"\"flow_changed\":\"t\"}}";

static struct flow *small_flow(void)
{
	static struct flow *flow;
	struct file files[] = { { "calls/b.json", str_of("{\"a\": \"{{name}}\"}") },
				{ "en/t.txt", str_of("Name?\n\n{{name}}\n{{env.WEB_APP_URL}}") },
				{ "flow.json", str_of(flow_json) } };
	struct file_tree tree = { .root = "", .files = files, .count = 3 };
	struct flow_faults faults = { .count = 0 };

	if (!flow && flow_load(&tree, &flow, &faults) < 0)
		abort();
	flow_faults_free(&faults);
	return flow;
}

static const char *nothing_stands_against(void *world, const struct scenario_call *call,
					  struct arena *a)
{
	(void)world;
	(void)a;
	return *call->name && *call->step ? NULL : "a call without a name or a step";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct scenario_world world = { .cannot_call = nothing_stands_against };
	struct arena a = { 0 };
	struct scenario_fault fault = { .line = 0, .what = "" };
	struct scenario *s;
	const char *text = arena_strndup(&a, (const char *)data, size);

	if ((scenario_parse("f.chat", (struct str){ text, size }, &a, &s, &fault) < 0 ||
	     scenario_run(s, small_flow(), NULL, &a, &fault) < 0) &&
	    (fault.line == 0 || !*fault.what))
		abort();
	fault = (struct scenario_fault){ .line = 0, .what = "" };
	if (scenario_parse("f.chat", (struct str){ text, size }, &a, &s, &fault) == 0 &&
	    scenario_survey(s, small_flow(), &world, NULL, &a, &fault) < 1 &&
	    (fault.line == 0 || !*fault.what))
		abort();
	arena_free(&a);
	return 0;
}
