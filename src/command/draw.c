/*
 * draw.c - a flow pack as a picture.
 */
#include <stdio.h>

#include "base/files.h"
#include "command_private.h"
#include "flow.h"

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
	struct arena a = { 0 };
	struct flow_faults faults = { 0 };
	struct flow *flow = NULL;
	struct file_tree pack;
	struct err err = { 0 };
	int ret;

	if (file_tree_read(folder, &a, &pack, &err) < 0) {
		arena_free(&a);
		return command_failed(self, &err);
	}
	if (flow_load(&pack, &flow, &faults) < 0) {
		(void)err_set(&err, ERR_INPUT, "%s has %zu errors: samvad check tells them", folder,
			      faults.errors);
		ret = command_failed(self, &err);
	} else {
		ret = draw_flow(self, flow, &pack, mermaid, path);
	}
	flow_free(&flow);
	flow_faults_free(&faults);
	arena_free(&a);
	return ret;
}

int run_draw(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	const char *path = NULL;
	bool mermaid = false;
	const struct command_option options[] = { { "--out", &path, NULL },
						  { "--mermaid", NULL, &mermaid } };
	struct config c;
	struct err err = { 0 };
	int ret = command_options(self, argc, argv, options, 2, &rest);

	if (ret)
		return ret;
	if (rest.count > 1)
		return command_misused(self, "give one DIR");
	if (rest.count == 1)
		return draw_pack(self, rest.list[0], mermaid, path);
	if (config_load(&c, &err) < 0)
		return command_failed(self, &err);
	ret = draw_pack(self, arena_printf(&c.arena, "%s/%s", c.templates_dir, c.flow), mermaid,
			path);
	config_free(&c);
	return ret;
}
