/*
 * page.c - the files of the phone's page, from TEMPLATES_DIR/sandbox.
 *
 * Read anew for each request, so that who works on them only reloads. A name
 * is one part of plain letters with a known ending: no path leads elsewhere.
 */
#include "twin_private.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static const struct {
	const char *ending;
	const char *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
};

/* NULL: such a file is not served. */
static const char *type_of(const char *name)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	const char *ending = strrchr(name, '.');

	if (!ending || ending == name || name[0] == '.' || strlen(name) > 64 ||
	    name[strspn(name, good)])
		return NULL;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].ending, ending) == 0)
			return types[i].type;
	return NULL;
}

int twin_page(struct twin_call *call)
{
	static const char policy[] =
		"Content-Security-Policy: default-src 'self'; img-src 'self' data: blob:; "
		"object-src 'none'; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n";
	const char *name = call->args[0] ? call->args[0] : "index.html";
	const char *type = type_of(name);
	struct err err = { 0 };
	struct str text;

	if (!type)
		return twin_refuse(call, 404, "not_found", NULL, "the page has no such file");
	if (file_read(arena_printf(&call->arena, "%s/%s", call->twin->page_dir, name),
		      FILE_MAX_BYTES, &call->arena, &text, &err) < 0)
		return twin_refuse(call, 404, "not_found", NULL,
				   "this file is not in the folder sandbox of TEMPLATES_DIR");
	call->reply->type = type;
	(void)snprintf(call->reply->headers, sizeof call->reply->headers, "%s", policy);
	(void)buf_add(call->out, text.p, text.n);
	return 200;
}
