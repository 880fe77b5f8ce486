/*
 * country.c - how mobile numbers of a country are written. A country is one row.
 */
#include "country_private.h"

#include <string.h>

static const struct flow_country countries[] = {
	/* TRAI numbering plan: ten digits, mobile numbers start with 6 to 9. */
	{ "IN", "91", "0", 10, "6789", "155" },
	/* ANRT: nine digits behind the 0, mobile numbers start with 6 or 7. */
	{ "MA", "212", "0", 9, "67", "22222" },
};

enum { DIGITS_MAX = 20 };

const struct flow_country *flow_country_find(const char *code)
{
	for (size_t i = 0; i < sizeof countries / sizeof *countries; i++) {
		if (strcmp(countries[i].code, code) == 0)
			return &countries[i];
	}
	return NULL;
}

const char *const *flow_country_codes(size_t *count_out)
{
	static const char *const codes[] = { "IN", "MA" };

	_Static_assert(sizeof codes / sizeof *codes == sizeof countries / sizeof *countries,
		       "one code per country");
	*count_out = sizeof codes / sizeof *codes;
	return codes;
}

/* Collects the digits; false on anything that is neither digit nor separator. */
static bool digits_of(const char *text, char out[DIGITS_MAX + 1], bool *plus_out)
{
	static const char *const dashes[] = { "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92",
					      "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x88\x92" };
	size_t n = 0;

	*plus_out = false;
	while (*text) {
		size_t skip = strchr(" -.()", *text) ? 1 : 0;

		for (size_t i = 0; !skip && i < sizeof dashes / sizeof *dashes; i++)
			skip = strncmp(text, dashes[i], 3) == 0 ? 3 : 0;
		if (*text == '+' && n == 0 && !*plus_out) {
			*plus_out = true;
			skip = 1;
		}
		if (skip) {
			text += skip;
			continue;
		}
		if (*text < '0' || *text > '9' || n == DIGITS_MAX)
			return false;
		out[n++] = *text++;
	}
	out[n] = '\0';
	return true;
}

static const char *behind(const char *digits, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(digits, prefix, n) == 0 ? digits + n : NULL;
}

static bool is_national(const struct flow_country *c, const char *digits)
{
	return strlen(digits) == c->digits && strchr(c->first, digits[0]) != NULL;
}

/* The national number in digits, which may start with the trunk prefix; or NULL. */
static const char *national(const struct flow_country *c, const char *digits)
{
	const char *rest;

	if (is_national(c, digits))
		return digits;
	rest = behind(digits, c->trunk);
	return rest && is_national(c, rest) ? rest : NULL;
}

const char *flow_country_number(const struct flow_country *c, const char *folded, struct arena *a)
{
	char digits[DIGITS_MAX + 1];
	const char *rest, *number = NULL;
	bool plus;

	if (!digits_of(folded, digits, &plus))
		return NULL;
	if (!plus)
		number = national(c, digits);
	if (!number) {
		rest = plus ? digits : behind(digits, "00");
		rest = behind(rest ? rest : digits, c->calling);
		number = rest ? national(c, rest) : NULL;
	}
	return number ? arena_join(a, "+", c->calling, number) : NULL;
}

const char *flow_country_shown(const struct flow_country *c, const char *stored, struct arena *a)
{
	size_t prefix = 1 + strlen(c->calling);
	const char *digits;
	struct buf out;

	if (strlen(stored) != prefix + c->digits ||
	    strncmp(stored + 1, c->calling, prefix - 1) != 0)
		return stored;
	digits = arena_printf(a, "%s%s", c->trunk, stored + prefix);
	buf_init(&out, 4 * DIGITS_MAX);
	for (const char *g = c->groups; *g && *digits; g++) {
		size_t n = (size_t)(*g - '0');

		(void)buf_addf(&out, "%s%.*s", out.len ? " " : "", (int)n, digits);
		digits += strlen(digits) < n ? strlen(digits) : n;
	}
	digits = arena_strndup(a, out.data, out.len);
	buf_free(&out);
	return digits;
}

const char *flow_phone_example(const char *country, bool abroad, struct arena *a)
{
	const struct flow_country *c = flow_country_find(country);
	char digits[DIGITS_MAX + 1];

	if (!c)
		return NULL;
	for (size_t i = 0; i < c->digits; i++) /* 9876543210: counted down from the first */
		digits[i] = (char)('0' + (c->first[strlen(c->first) - 1] - '0' + 10 * i - i) % 10);
	digits[c->digits] = '\0';
	return abroad ? arena_printf(a, "+%s %s", c->calling, digits) : arena_strdup(a, digits);
}
