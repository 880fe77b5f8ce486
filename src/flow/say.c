/*
 * say.c - texts become messages.
 *
 * What is said in one turn is one message, its texts are paragraphs: WhatsApp
 * does not keep the order of two messages sent at once, and each one costs.
 * Only a text that does not fit any more starts another message.
 */
#include "run_private.h"

#include <string.h>

#include "base/text.h"
#include "data_private.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The rendering without the white space around it; *said_out lies in raw. */
static int render(const struct template *t, const struct value *data, struct buf *raw,
		  struct str *said_out, struct err *err)
{
	size_t from = 0, to;

	buf_reset(raw);
	if (template_render(t, data, raw, err) < 0)
		return -1;
	to = raw->len;
	while (from < to && is_blank(raw->data[from]))
		from++;
	while (to > from && is_blank(raw->data[to - 1]))
		to--;
	*said_out = (struct str){ raw->data + from, to - from };
	return 0;
}

int flow_text_render(const struct template *t, const struct value *data, struct buf *out,
		     struct err *err)
{
	struct buf raw;
	struct str said;
	int ret;

	buf_init(&raw, FLOW_TEXT_BYTES_MAX);
	ret = render(t, data, &raw, &said, err);
	if (ret == 0 && buf_add(out, said.p, said.n) < 0)
		ret = err_set(err, ERR_FULL, "a text is too long");
	buf_free(&raw);
	return ret;
}

/* There are at most as many characters as bytes, and seldom more bytes than fit. */
static bool fits(struct str before, struct str said)
{
	return before.n + 2 + said.n <= FLOW_MESSAGE_CHARS ||
	       text_chars(before) + 2 + text_chars(said) <= FLOW_MESSAGE_CHARS;
}

int flow_run_say(struct flow_run *r, const struct flow_text *text)
{
	const struct flow_rule *choice =
		r->step && r->step->rule && r->step->rule->type == RULE_CHOICE ? r->step->rule
									       : NULL;
	const struct flow_view view = {
		.session = r->session,
		.contact = r->env->contact,
		.settings = r->env->settings,
		.options = choice ? choice->list : NULL,
		.items = choice && choice->items >= 0 ? &r->flow->values[choice->items] : NULL,
		.also = r->step ? r->step->also : NULL,
		.answer = r->input->kind == FLOW_INPUT_OUTCOME ? r->input->answer : NULL,
		.language = r->language,
	};
	struct str said;

	if (render(text->in[r->language], flow_data(r->flow, &view, r->a), &r->text, &said,
		   r->err) < 0) {
		(void)err_prefix(r->err, "text %s", text->name);
		if (r->err)
			r->err->kind = ERR_BUG;
		return -1;
	}
	if (r->message.len && said.n) {
		if (fits((struct str){ r->message.data, r->message.len }, said))
			(void)buf_adds(&r->message, "\n\n");
		else
			flow_run_flush(r);
	}
	if (buf_add(&r->message, said.p, said.n) < 0)
		return err_set(r->err, ERR_BUG, "text %s is too long", text->name);
	return 0;
}

static struct flow_effect *add(struct flow_run *r, enum flow_effect_kind kind)
{
	if (r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 4;
		struct flow_effect *grown = arena_array(r->a, cap, sizeof *grown);

		if (r->count)
			memcpy(grown, r->effects, r->count * sizeof *grown);
		r->effects = grown;
		r->cap = cap;
	}
	r->effects[r->count].kind = kind;
	return &r->effects[r->count++];
}

void flow_run_flush(struct flow_run *r)
{
	struct flow_effect *e;

	if (r->message.len == 0)
		return;
	e = add(r, FLOW_SAY);
	e->text = (struct str){ arena_strndup(r->a, r->message.data, r->message.len),
				r->message.len };
	buf_reset(&r->message);
}

struct flow_effect *flow_run_effect(struct flow_run *r, enum flow_effect_kind kind)
{
	/* Records and consent are kept in silence: they do not cut a message in two. */
	if (kind == FLOW_CALL || kind == FLOW_END)
		flow_run_flush(r);
	return add(r, kind);
}

int flow_render_system(const struct flow *flow, const char *name, const char *language,
		       const struct value *settings, struct buf *out, struct err *err)
{
	struct flow_view view = {
		.settings = settings,
		.language = language ? flow_language_or_default(flow, language) : 0,
	};
	struct arena a = { 0 };
	int ret = -1;

	for (size_t i = 0; i < SYSTEM_COUNT; i++) {
		if (strcmp(flow_system_names[i], name) != 0)
			continue;
		ret = flow_text_render(flow->system[i]->in[view.language],
				       flow_data(flow, &view, &a), out, err);
		arena_free(&a);
		return ret;
	}
	return err_set(err, ERR_BUG, "there is no system text \"%s\"", name);
}
