/*
 * Any bytes as a TwiML answer: never more than it may be, and clean text.
 *
 * The first byte chooses the media type.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../src/twin/twiml_private.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
	if (!text || !text_is_utf8(str_of(text)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = { (const char *)data, size };
	const char *type = "text/xml; charset=utf-8";
	struct arena a = { 0 };
	struct twiml t;

	if (size > 0 && data[0] == 'p')
		type = "text/plain";
	twiml_read(body, type, &a, &t);
	if (t.count > TWIML_MAX_MESSAGES || (t.fatal && (t.count || t.next || !t.code)) ||
	    (t.code != 0) != (*t.why != '\0'))
		abort();
	for (size_t i = 0; i < t.count; i++) {
		const struct twiml_message *m = &t.messages[i];

		check(m->text);
		if (!m->error_code && text_chars(str_of(m->text)) > 1600)
			abort();
		for (size_t k = 0; k < m->media_count; k++)
			check(m->media[k]);
	}
	arena_free(&a);
	return 0;
}
