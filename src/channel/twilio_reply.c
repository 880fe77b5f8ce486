/*
 * twilio_reply.c - replies as TwiML, through the Mustache envelope.
 *
 * The envelope sees `messages`, a list of texts, and `any`, true when there
 * is one. Twilio drops what is beyond ten messages, so when the texts need more,
 * they are joined and split anew: only the end of the whole can be lost, and
 * the last message says so with "…".
 */
#include "twilio_private.h"

#include "base/text.h"

struct pieces {
	struct str text[CHANNEL_MAX_MESSAGES];
	size_t count;
};

static struct str join(const struct str *texts, size_t count, struct arena *a)
{
	size_t n = 0;
	char *all;

	for (size_t i = 0; i < count; i++)
		n += texts[i].n + 2;
	all = arena_alloc(a, n);
	n = 0;
	for (size_t i = 0; i < count; i++) {
		if (texts[i].n == 0)
			continue;
		if (n) {
			memcpy(all + n, "\n\n", 2);
			n += 2;
		}
		memcpy(all + n, texts[i].p, texts[i].n);
		n += texts[i].n;
	}
	return (struct str){ all, n };
}

static void split_all(const struct channel *c, const struct str *texts, size_t count,
		      struct arena *a, struct pieces *out)
{
	out->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct str part[CHANNEL_MAX_MESSAGES];
		size_t n;

		(void)channel_split(c, texts[i], a, part, &n);
		if (out->count + n > CHANNEL_MAX_MESSAGES) {
			(void)channel_split(c, join(texts, count, a), a, out->text, &out->count);
			return;
		}
		for (size_t k = 0; k < n; k++)
			out->text[out->count++] = part[k];
	}
}

int twilio_wrap_reply(const struct channel *c, const struct template *envelope,
		      const struct str *texts, size_t count, struct buf *out, struct err *err)
{
	struct arena a = { 0 };
	struct value *data = value_object(&a), *messages;
	size_t start = out->len;
	struct pieces p;
	int ret;

	split_all(c, texts, count, &a, &p);
	(void)value_add_bool(&a, data, "any", p.count > 0);
	messages = value_add_list(&a, data, "messages");
	for (size_t i = 0; i < p.count; i++)
		(void)value_append_text(&a, messages, p.text[i]);
	ret = template_render(envelope, data, out, err);
	/* Editors end a file with a newline; the document ends with its last tag. */
	while (ret == 0 && out->len > start && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	arena_free(&a);
	return ret;
}
