/*
 * text_script.c - which script a text is mostly written in.
 *
 * Ranges of the scripts that flows ask about; only letters count. utf8proc
 * has no script property, and blocks are exact enough to choose a language.
 */
#include "base/text.h"

#include <utf8proc.h>

#include "text_private.h"

static const struct range {
	const char *script;
	int32_t first, last;
} ranges[] = {
	{ "Deva", 0x0900, 0x097f }, { "Deva", 0xa8e0, 0xa8ff }, { "Deva", 0x11b00, 0x11b5f },
	{ "Arab", 0x0600, 0x06ff }, { "Arab", 0x0750, 0x077f }, { "Arab", 0x0870, 0x08ff },
	{ "Arab", 0xfb50, 0xfdff }, { "Arab", 0xfe70, 0xfefc }, { "Arab", 0x1ee00, 0x1eeff },
	{ "Latn", 'A', 'Z' },	    { "Latn", 'a', 'z' },	{ "Latn", 0xaa, 0xaa },
	{ "Latn", 0xba, 0xba },	    { "Latn", 0xc0, 0x2af },	{ "Latn", 0x1d00, 0x1d25 },
	{ "Latn", 0x1e00, 0x1eff }, { "Latn", 0x2c60, 0x2c7f }, { "Latn", 0xa722, 0xa7ff },
	{ "Latn", 0xab30, 0xab64 }, { "Latn", 0xfb00, 0xfb06 }, { "Latn", 0xff21, 0xff3a },
	{ "Latn", 0xff41, 0xff5a },
};

static bool is_letter(int32_t cp)
{
	utf8proc_category_t c = utf8proc_category(cp);

	return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}

static bool in_script(int32_t cp, const char *script)
{
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return strcmp(ranges[i].script, script) == 0;
	}
	return false;
}

size_t text_letters(struct str s)
{
	size_t letters = 0;

	while (s.n) {
		int32_t cp;

		s = str_skip(s, text_next(s, &cp));
		letters += is_letter(cp);
	}
	return letters;
}

bool text_script_is(struct str s, const char *script)
{
	size_t letters = 0, ours = 0;

	while (s.n) {
		int32_t cp;

		s = str_skip(s, text_next(s, &cp));
		if (!is_letter(cp))
			continue;
		letters++;
		ours += in_script(cp, script);
	}
	return ours > letters / 2;
}
