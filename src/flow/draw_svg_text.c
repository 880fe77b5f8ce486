/*
 * draw_svg_text.c - words on an SVG page: escaped, and cut to the room there is.
 *
 * Widths are guessed, on the wide side, because nobody knows the reader's fonts.
 */
#include <string.h>

#include "base/text.h"
#include "draw_svg_private.h"

enum { ESCAPED_MAX = 8192 };

void flow_svg_escape(struct buf *out, const char *text)
{
	struct buf clean;

	buf_init(&clean, ESCAPED_MAX);
	(void)text_add_clean(&clean, str_of(text));
	for (const char *p = clean.data; *p; p++) {
		switch (*p) {
		case '&':
			(void)buf_adds(out, "&amp;");
			break;
		case '<':
			(void)buf_adds(out, "&lt;");
			break;
		case '>':
			(void)buf_adds(out, "&gt;");
			break;
		case '"':
			(void)buf_adds(out, "&quot;");
			break;
		default:
			(void)buf_addc(out, *p);
		}
	}
	buf_free(&clean);
}

/* In hundredths of the size of the type. */
static unsigned width_of(int32_t cp)
{
	if (cp >= 0x1100 && (cp < 0x2000 || cp > 0x2bff))
		return cp >= 0x2e80 ? 105 : 70; /* one em: the Far East */
	if (cp >= 0x80)
		return 66;
	if (strchr("ijl.,:;'|!", (int)cp))
		return 31;
	if (strchr(" ftr()[]{}-/", (int)cp))
		return 40;
	if (strchr("mwMW@%", (int)cp))
		return 94;
	return cp >= 'A' && cp <= 'Z' ? 74 : 60;
}

double flow_svg_width(const char *text, double size)
{
	struct str rest = str_of(text);
	unsigned sum = 0;

	while (rest.n) {
		int32_t cp;
		size_t n = text_next(rest, &cp);

		sum += width_of(cp);
		rest = (struct str){ rest.p + n, rest.n - n };
	}
	return sum * size / 100;
}

const char *flow_svg_fit(struct arena *a, const char *text, double size, double width)
{
	size_t chars = text_chars(str_of(text));
	const char *cut = text;

	while (chars > 1 && flow_svg_width(cut, size) > width)
		cut = flow_draw_cut(a, text, --chars);
	return cut;
}

void flow_svg_text(struct buf *out, double x, double y, const char *class, const char *text)
{
	(void)buf_addf(out, "<text x=\"%.0f\" y=\"%.0f\" class=\"%s\">", x, y, class);
	flow_svg_escape(out, text);
	(void)buf_adds(out, "</text>\n");
}
