/*
 * test_flow_setting.c - settings that a pack declares: who sees them, and which value counts.
 */
#include "flow_pack.h"

static const char json[] =
	"{\"flow\": \"shop\", \"version\": 1, \"languages\": {\"en\": {}}, \"start\": \"hello\",\n"
	"\"settings\": {\"SHOP_URL\": {\"default\": \"http://shop\", \"demo\": \"/shop\"},\n"
	" \"SHOP_TOKEN\": {\"secret\": true}},\n"
	"\"calls\": {\"ask\": {\"method\": \"GET\", \"url\": \"{{env.SHOP_URL}}/x\", "
	"\"headers\": {\"Authorization\": \"Bearer {{env.SHOP_TOKEN}}\"}, "
	"\"timeout_ms\": \"5000\", \"outcomes\": [{\"name\": \"ok\", \"status\": 200}]}},\n"
	"\"steps\": {\"hello\": {\"say\": \"hello\", \"next\": \"ask\"},\n"
	" \"ask\": {\"call\": \"ask\", \"exits\": {\"otherwise\": \"bye\"}},\n"
	" \"bye\": {\"say\": \"sys\", \"end\": true, \"again\": \"sys\"}},\n" PACK_SYSTEM "}";

static const struct pack_file texts[] = {
	{ "en/hello.txt", "at {{env.SHOP_URL}} of {{env.WEB_APP_URL}}" },
};

static void describe(struct talk *t, struct flow_call *call)
{
	struct err err = { 0 };

	if (flow_call_describe(t->flow, t->session, &t->env, &t->a, call, &err) != 1)
		fail_msg("%s", err.text);
}

static void what_is_declared(void **state)
{
	const struct flow_setting *list;
	struct talk t;
	size_t count;

	(void)state;
	pack_open(&t, json, texts, COUNT(texts));
	pack_is_clean(&t);
	list = flow_settings(t.flow, &count);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "SHOP_URL");
	assert_string_equal(list[0].fallback, "http://shop");
	assert_string_equal(list[0].demo, "/shop");
	assert_false(list[0].secret);
	assert_string_equal(list[1].fallback, "");
	assert_null(list[1].demo);
	assert_true(list[1].secret);
	assert_true(flow_has_setting(t.flow, "SHOP_TOKEN"));
	assert_true(flow_has_setting(t.flow, "PUBLIC_URL"));
	assert_false(flow_has_setting(t.flow, "ADMIN_TOKEN"));
	talk_close(&t);
}

static void the_default_then_what_is_set(void **state)
{
	static const struct {
		const char *name, *set, *url;
	} rows[] = {
		{ "default", NULL, "http://shop/x" },
		{ "set", "https://elsewhere", "https://elsewhere/x" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct flow_call call;
		struct talk t;

		pack_open(&t, json, texts, COUNT(texts));
		if (rows[i].set)
			flow_set_setting(t.flow, 0, rows[i].set);
		flow_set_setting(t.flow, 1, "s3cret");
		(void)talk_write(&t, "hi");
		describe(&t, &call);
		CHECK_SAME(call.url, rows[i].url, rows[i].name);
		CHECK_SAME(call.headers[0].value, "Bearer s3cret", rows[i].name);
		CHECK_CASE(
			talk_said(&t, rows[i].set ? "at https://elsewhere of" : "at http://shop"),
			rows[i].name);
		talk_close(&t);
	}
}

/* check refuses such a text; a server that was started with it anyway shows nothing. */
static void a_secret_is_shown_to_nobody(void **state)
{
	static const struct pack_file telling[] = { { "en/hello.txt", "[{{env.SHOP_TOKEN}}]" } };
	struct arena a = { 0 };
	struct talk t;

	(void)state;
	assert_non_null(strstr(pack_faults(&a, json, telling, COUNT(telling)),
			       "{{env.SHOP_TOKEN}} is a secret"));
	pack_open(&t, json, telling, COUNT(telling));
	flow_set_setting(t.flow, 1, "s3cret");
	(void)talk_write(&t, "hi");
	assert_true(talk_said(&t, "[]"));
	assert_false(talk_said(&t, "s3cret"));
	talk_close(&t);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_declared),
		cmocka_unit_test(the_default_then_what_is_set),
		cmocka_unit_test(a_secret_is_shown_to_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
