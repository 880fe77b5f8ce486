/*
 * draw_svg_private.h - words on an SVG page.
 */
#ifndef SAMVAD_FLOW_DRAW_SVG_PRIVATE_H
#define SAMVAD_FLOW_DRAW_SVG_PRIVATE_H

#include "draw_private.h"

void flow_svg_escape(struct buf *out, const char *text);
/* About how wide it will be in type of this size, rather more than less. */
double flow_svg_width(const char *text, double size);
/* As much of it as goes into this width, with an ellipsis when something was cut. */
const char *flow_svg_fit(struct arena *a, const char *text, double size, double width);
void flow_svg_text(struct buf *out, double x, double y, const char *class, const char *text);

#endif
