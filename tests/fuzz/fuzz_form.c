/*
 * Arbitrary bytes as a form body: what decodes must come back the same after
 * encoding; and any bytes survive percent-encoding, which leaves nothing reserved.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void try_form(struct str body, struct arena *a)
{
	struct form form, again;
	struct err err = { 0 };
	struct buf out;

	if (form_decode(body, a, &form, &err) < 0) {
		if (err.kind != ERR_INPUT || !err.text[0])
			abort();
		return;
	}
	if (form.count > FORM_MAX_FIELDS)
		abort();
	buf_init(&out, 4 * body.n + 1024);
	for (size_t i = 0; i < form.count; i++) {
		if (form_add(&out, form.fields[i].name, form.fields[i].value) < 0)
			abort();
	}
	if (form_decode((struct str){ out.data, out.len }, a, &again, NULL) < 0 ||
	    again.count != form.count)
		abort();
	for (size_t i = 0; i < form.count; i++) {
		if (!same(form.fields[i].name, again.fields[i].name) ||
		    !same(form.fields[i].value, again.fields[i].value))
			abort();
	}
	buf_free(&out);
}

static void try_percent(struct str s, struct arena *a)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._~%";
	struct form form;
	struct buf out;

	buf_init(&out, 3 * s.n + 2);
	if (buf_adds(&out, "v=") < 0 || percent_encode(&out, s) < 0)
		abort();
	if (strspn(out.data + 2, allowed) != out.len - 2)
		abort();
	if (form_decode((struct str){ out.data, out.len }, a, &form, NULL) < 0 || form.count != 1 ||
	    !same(form.fields[0].value, s))
		abort();
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	struct arena a = { 0 };

	try_form(s, &a);
	try_percent(s, &a);
	arena_free(&a);
	return 0;
}
