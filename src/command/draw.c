/*
 * draw.c - a flow pack as a picture.
 */
#include <stdio.h>

#include "pack_private.h"

enum { PICTURE_MAX = 16 << 20 };

static int put(const char *path, const struct buf *out, struct err *err)
{
	if (path)
		return file_write_atomic(path, (struct str){ out->data, out->len }, 0644, err);
	if (fwrite(out->data, 1, out->len, stdout) != out->len)
		return err_set(err, ERR_TEMP, "standard output cannot be written");
	return 0;
}

static int draw_flow(const struct command *self, const struct flow *flow,
		     const struct file_tree *pack, bool mermaid, const char *path)
{
	struct err err = { 0 };
	struct buf out;
	int ret;

	buf_init(&out, PICTURE_MAX);
	ret = mermaid ? flow_draw_mermaid(flow, pack, &out) : flow_draw_svg(flow, pack, &out);
	if (ret < 0)
		ret = err_set(&err, ERR_INPUT, "the picture is larger than 16 MiB");
	else
		ret = put(path, &out, &err);
	buf_free(&out);
	return ret < 0 ? command_failed(self, &err) : EXIT_OK;
}

static int draw_pack(const struct command *self, const char *folder, bool mermaid, const char *path)
{
	struct pack p;
	struct err err = { 0 };
	int ret;

	if (command_pack_open(&p, folder, &err) < 0)
		return command_failed(self, &err);
	if (p.flow) {
		ret = draw_flow(self, p.flow, &p.tree, mermaid, path);
	} else {
		(void)err_set(&err, ERR_INPUT, "%s has %zu errors: samvad check tells them",
			      p.folder, p.faults.errors);
		ret = command_failed(self, &err);
	}
	command_pack_close(&p);
	return ret;
}

int run_draw(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	const char *path = NULL;
	bool mermaid = false;
	const struct command_option options[] = { { "--out", &path, NULL },
						  { "--mermaid", NULL, &mermaid } };
	int ret = command_options(self, argc, argv, options, 2, &rest);

	if (ret)
		return ret;
	if (rest.count > 1)
		return command_misused(self, "give one DIR");
	return draw_pack(self, rest.count ? rest.list[0] : NULL, mermaid, path);
}
