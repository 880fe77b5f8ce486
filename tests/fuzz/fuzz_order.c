/*
 * Any bytes as the body of POST /send-broadcast, on the first pack of the house.
 *
 * A refusal names a member and says why; what is taken can be written for somebody, and fits.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../src/broadcast/broadcast_private.h"
#include "base/text.h"

#define NOW INT64_C(1795167000000)

static struct flow *load(void)
{
	struct flow_faults faults = { .count = 0 };
	struct file_tree tree;
	struct flow *flow = NULL;
	static struct arena a;

	if (file_tree_read("templates/msme", &a, &tree, NULL) < 0 ||
	    flow_load(&tree, &flow, &faults) < 0)
		abort();
	flow_faults_free(&faults);
	return flow;
}

static const struct value *somebody(const struct flow *flow, struct arena *a)
{
	struct session *s = arena_alloc(a, sizeof *s);

	*s = (struct session){ .flow = "msme",
			       .step = "sector",
			       .shown_step = "sector",
			       .language = "hi",
			       .receiver = "",
			       .account = "" };
	if (session_set(s, a, "name", "Asha \"A\" \xe0\xa4\x86\n{{x}}", NULL) < 0 ||
	    session_set(s, a, "sector", "textile", NULL) < 0)
		abort();
	return flow_session_values(flow, s, NULL, a);
}

static void write_for_somebody(const struct broadcaster_order *o, const struct flow *flow,
			       struct arena *a)
{
	struct broadcaster_letter letter;
	struct value *variables;
	const char *text, *json, *field;

	if (broadcaster_letter_open(o->message, o->content_variables, NULL, NULL, a, &letter,
				    &field, NULL) < 0)
		abort(); /* it was compiled when it was taken */
	if (broadcaster_letter_write(&letter, somebody(flow, a), a, &text, &json) ==
	    OUTBOUND_NO_REASON) {
		if (!text_is_utf8(str_of(text)) || text_chars(str_of(text)) > CHANNEL_MAX_TEXT)
			abort();
		if (!*text != !*o->message)
			abort();
		if (*json && value_from_json(a, str_of(json), &variables, NULL) < 0)
			abort();
	}
	broadcaster_letter_close(&letter);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct flow *flow;
	struct broadcaster_order order;
	const char *field = NULL;
	struct err err = { 0 };
	struct arena a = { 0 };

	if (!flow)
		flow = load();
	if (broadcaster_read_order((struct str){ (const char *)bytes, size }, flow, NULL, NOW, &a,
				   &order, &field, &err) == 0)
		write_for_somebody(&order, flow, &a);
	else if (err.kind != ERR_INPUT || !err.text[0] || !field)
		abort();
	arena_free(&a);
	return 0;
}
