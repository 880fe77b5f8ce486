/*
 * letter.c - the texts of a broadcast: compiled once, written for each contact.
 *
 * A value that is not known of a contact must not leave a hole in the text: each
 * use outside of a section of its own name is a need, together with the
 * sections around it, and is looked at before anything is written.
 */
#include "broadcast_private.h"

#include <string.h>

#include "base/text.h"

enum { TEXT_MAX = 64 * 1024, VARIABLES_MAX = 256 * 1024 };

struct section {
	const char *name;
	bool inverted;
	const struct section *outer;
};

struct broadcaster_need {
	const char *name;
	const struct section *inside; /* or NULL */
	struct broadcaster_need *next;
};

/* ---- what the texts use ---- */

struct look {
	struct broadcaster_letter *letter;
	const struct flow *flow; /* or NULL */
	const struct value *settings;
	struct arena *a;
};

static bool is_known(const struct look *l, const char *name)
{
	if (strncmp(name, "env.", 4) == 0)
		return l->settings && value_at(l->settings, name + 4);
	return flow_has_value(l->flow, name);
}

static const struct section *copy_chain(const struct template_use *use, struct arena *a)
{
	struct section *s;

	if (!use)
		return NULL;
	s = arena_alloc(a, sizeof *s);
	s->name = arena_strdup(a, use->name);
	s->inverted = use->kind == TEMPLATE_USE_INVERTED;
	s->outer = copy_chain(use->outer, a);
	return s;
}

static void see(void *arg, const struct template_use *use)
{
	struct look *l = arg;
	struct broadcaster_letter *letter = l->letter;
	bool dot = strcmp(use->name, ".") == 0;
	struct broadcaster_need *need;

	letter->uses_values = true;
	if (l->flow && !letter->unknown && (dot ? !use->guarded : !is_known(l, use->name))) {
		letter->unknown = arena_strdup(l->a, use->name);
		letter->unknown_file = arena_strdup(l->a, use->file);
		letter->unknown_line = use->line;
	}
	if (use->kind != TEMPLATE_USE_VARIABLE || use->guarded)
		return;
	need = arena_alloc(l->a, sizeof *need);
	need->name = arena_strdup(l->a, use->name);
	need->inside = copy_chain(use->outer, l->a);
	need->next = letter->needs;
	letter->needs = need;
}

/* ---- compiling ---- */

static int add_variables(struct broadcaster_letter *letter, const char *variables, struct arena *a,
			 struct err *err)
{
	struct value *object = NULL;
	size_t count = 0;

	if (!*variables)
		return 0;
	if (value_from_json(a, str_of(variables), &object, err) < 0)
		return -1;
	for (const struct value *v = object->first; v; v = v->next)
		count++;
	letter->variables = arena_array(a, count, sizeof *letter->variables);
	for (const struct value *v = object->first; v; v = v->next) {
		const char *file = arena_printf(a, "content_variables \"%s\"", v->name);

		if (template_set_add_as(letter->set, file, v->text, TEMPLATE_RAW, err) < 0)
			return -1;
		letter->variables[letter->variable_count].name = v->name;
		letter->variables[letter->variable_count++].text =
			template_set_get(letter->set, file);
	}
	return 0;
}

static int compile(struct broadcaster_letter *letter, const char *message, const char *variables,
		   struct arena *a, const char **field_out, struct err *err)
{
	*field_out = "message";
	if (*message) {
		if (template_set_add_as(letter->set, "message", str_of(message), TEMPLATE_RAW,
					err) < 0)
			return -1;
		letter->message = template_set_get(letter->set, "message");
	}
	if (template_set_wanted(letter->set))
		return err_set(err, ERR_INPUT,
			       "message: {{> …}} includes a file, and there is none here; write "
			       "its text out");
	*field_out = "content_variables";
	if (add_variables(letter, variables, a, err) < 0)
		return -1;
	if (template_set_wanted(letter->set))
		return err_set(err, ERR_INPUT,
			       "content_variables: {{> …}} includes a file, and there is none "
			       "here; write its text out");
	return template_set_link(letter->set, err);
}

int broadcaster_letter_open(const char *message, const char *variables, const struct flow *flow,
			    const struct value *settings, struct arena *a,
			    struct broadcaster_letter *letter_out, const char **field_out,
			    struct err *err)
{
	struct look look = { letter_out, flow, settings, a };

	*letter_out = (struct broadcaster_letter){ .set = template_set_new() };
	if (compile(letter_out, message, variables, a, field_out, err) < 0) {
		broadcaster_letter_close(letter_out);
		return -1;
	}
	*field_out = NULL;
	if (letter_out->message)
		template_each_use(letter_out->message, see, &look);
	for (size_t i = 0; i < letter_out->variable_count; i++)
		template_each_use(letter_out->variables[i].text, see, &look);
	return 0;
}

void broadcaster_letter_close(struct broadcaster_letter *letter)
{
	template_set_free(&letter->set);
}

/* ---- writing ---- */

static bool is_missing(const struct broadcaster_need *need, const struct value *data)
{
	for (const struct section *s = need->inside; s; s = s->outer)
		if (value_shows(value_at(data, s->name)) == s->inverted)
			return false; /* it is not written at all */
	return !value_shows(value_at(data, need->name));
}

static enum outbound_reason write_message(const struct template *t, const struct value *data,
					  struct arena *a, const char **text_out)
{
	enum outbound_reason reason = OUTBOUND_NO_REASON;
	struct buf out;

	buf_init(&out, TEXT_MAX);
	if (template_render(t, data, &out, NULL) < 0 ||
	    text_chars((struct str){ out.data, out.len }) > CHANNEL_MAX_TEXT)
		reason = OUTBOUND_TOO_LONG;
	else if (out.data[strspn(out.data, " \t\r\n")] == '\0')
		reason = OUTBOUND_NO_VALUE; /* every section was empty: nothing is left to say */
	else
		*text_out = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return reason;
}

/* Twilio takes no line break, tab or run of blanks in a variable, and no empty one. */
static enum outbound_reason write_variable(const struct broadcaster_variable *v,
					   const struct value *data, struct json_writer *w)
{
	enum outbound_reason reason = OUTBOUND_NO_REASON;
	struct buf raw, tidy;

	buf_init(&raw, TEXT_MAX);
	buf_init(&tidy, 3 * TEXT_MAX);
	if (template_render(v->text, data, &raw, NULL) < 0 ||
	    text_add_tidy(&tidy, (struct str){ raw.data, raw.len }) < 0 ||
	    text_chars((struct str){ tidy.data, tidy.len }) > CHANNEL_MAX_TEXT)
		reason = OUTBOUND_TOO_LONG;
	else if (tidy.len == 0)
		reason = OUTBOUND_NO_VALUE;
	else
		json_add_str(w, v->name, (struct str){ tidy.data, tidy.len });
	buf_free(&raw);
	buf_free(&tidy);
	return reason;
}

static enum outbound_reason write_variables(const struct broadcaster_letter *letter,
					    const struct value *data, struct arena *a,
					    const char **variables_out)
{
	enum outbound_reason reason = OUTBOUND_NO_REASON;
	struct json_writer w;
	struct buf out;

	if (!letter->variable_count)
		return reason;
	buf_init(&out, VARIABLES_MAX);
	json_begin(&w, &out);
	json_object(&w, NULL);
	for (size_t i = 0; i < letter->variable_count && !reason; i++)
		reason = write_variable(&letter->variables[i], data, &w);
	json_end(&w);
	if (!reason && out.full)
		reason = OUTBOUND_TOO_LONG;
	if (!reason)
		*variables_out = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return reason;
}

enum outbound_reason broadcaster_letter_write(const struct broadcaster_letter *letter,
					      const struct value *data, struct arena *a,
					      const char **text_out, const char **variables_out)
{
	enum outbound_reason reason = OUTBOUND_NO_REASON;

	*text_out = "";
	*variables_out = "";
	for (const struct broadcaster_need *n = letter->needs; n; n = n->next)
		if (is_missing(n, data))
			return OUTBOUND_NO_VALUE;
	if (letter->message)
		reason = write_message(letter->message, data, a, text_out);
	return reason ? reason : write_variables(letter, data, a, variables_out);
}
