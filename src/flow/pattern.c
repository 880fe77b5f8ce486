/*
 * pattern.c - the only file that knows PCRE2.
 *
 * A pattern comes from a pack's author, the text from a stranger: compiling is
 * bounded in length and nesting, matching in steps, depth and memory, so that
 * neither can hold a thread. What passes a limit does not match.
 */
#include "pattern_private.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

enum { MATCH_STEPS = 50000, MATCH_DEPTH = 2000, MATCH_KIB = 1024, NESTING = 30, FORM_MAX = 4096 };

struct flow_pattern {
	pcre2_code *code;
	pcre2_match_context *limits;
};

static pcre2_code *compile(const char *text, int *why_out, size_t *at_out)
{
	const uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED |
				 PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UCP;
	pcre2_compile_context *bounds = pcre2_compile_context_create(NULL);
	pcre2_code *code;

	*why_out = PCRE2_ERROR_NOMEMORY;
	*at_out = 0;
	if (!bounds)
		return NULL;
	pcre2_set_max_pattern_length(bounds, FLOW_PATTERN_MAX);
	pcre2_set_parens_nest_limit(bounds, NESTING);
	code = pcre2_compile((PCRE2_SPTR)text, strlen(text), options, why_out, at_out, bounds);
	pcre2_compile_context_free(bounds);
	return code;
}

int flow_pattern_compile(const char *text, struct flow_pattern **pattern_out, struct err *err)
{
	struct flow_pattern *p;
	pcre2_code *code;
	size_t at;
	int why;

	*pattern_out = NULL;
	code = compile(text, &why, &at);
	if (!code) {
		char reason[128];

		if (pcre2_get_error_message(why, (PCRE2_UCHAR *)reason, sizeof reason) < 0)
			memcpy(reason, "unknown fault", sizeof "unknown fault");
		return err_set(err, ERR_INPUT, "at %zu: %s", at, reason);
	}
	p = mem_alloc(sizeof *p);
	p->code = code;
	p->limits = pcre2_match_context_create(NULL);
	if (!p->limits) {
		flow_pattern_free(&p);
		return err_set(err, ERR_TEMP, "no memory for a pattern");
	}
	pcre2_set_match_limit(p->limits, MATCH_STEPS);
	pcre2_set_depth_limit(p->limits, MATCH_DEPTH);
	pcre2_set_heap_limit(p->limits, MATCH_KIB);
	*pattern_out = p;
	return 0;
}

void flow_pattern_free(struct flow_pattern **pattern)
{
	struct flow_pattern *p = *pattern;

	if (!p)
		return;
	pcre2_match_context_free(p->limits);
	pcre2_code_free(p->code);
	free(p);
	*pattern = NULL;
}

bool flow_pattern_match(const struct flow_pattern *p, struct str text,
			struct str groups[FLOW_PATTERN_GROUPS])
{
	pcre2_match_data *data = pcre2_match_data_create(FLOW_PATTERN_GROUPS, NULL);
	const PCRE2_SIZE *at;
	int n;

	for (int i = 0; i < FLOW_PATTERN_GROUPS; i++)
		groups[i] = str_of("");
	if (!data)
		return false;
	n = pcre2_match(p->code, (PCRE2_SPTR)text.p, text.n, 0, 0, data, p->limits);
	if (n == 0) /* it matched with more groups than fit */
		n = FLOW_PATTERN_GROUPS;
	at = pcre2_get_ovector_pointer(data);
	for (int i = 0; i < n; i++) {
		if (at[2 * i] != PCRE2_UNSET && at[2 * i + 1] >= at[2 * i])
			groups[i] = (struct str){ text.p + at[2 * i], at[2 * i + 1] - at[2 * i] };
	}
	pcre2_match_data_free(data);
	return n > 0;
}

const char *flow_pattern_form(const char *form, const struct str groups[FLOW_PATTERN_GROUPS],
			      struct arena *a)
{
	struct buf out;
	const char *result = NULL;

	buf_init(&out, FORM_MAX);
	for (; *form; form++) {
		if (form[0] == '$' && form[1] >= '0' && form[1] <= '9') {
			const struct str *g = &groups[form[1] - '0'];

			(void)buf_add(&out, g->p, g->n);
			form++;
		} else {
			(void)buf_addc(&out, *form);
		}
	}
	if (!out.full)
		result = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return result;
}
