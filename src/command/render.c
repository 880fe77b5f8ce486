/*
 * render.c - a template as the program would render it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "command_private.h"
#include "template.h"

enum { FILE_MAX = 1 << 20, OUTPUT_MAX = 16 << 20 };

struct job {
	const char *path;
	const char *name; /* the last part of path */
	const char *data; /* JSON text or @FILE */
	bool escape_given;
	enum template_escape escape;
	struct arena arena;
	struct template_set *set;
};

static int add(struct job *job, const char *name, const char *path, struct err *err)
{
	struct str text;

	if (file_read(path, FILE_MAX, &job->arena, &text, err) < 0)
		return -1;
	if (job->escape_given)
		return template_set_add_as(job->set, name, text, job->escape, err);
	return template_set_add(job->set, name, text, err);
}

/* Only what FILE needs, directly or through another: faults of its neighbours are theirs. */
static int add_partials(struct job *job, struct err *err)
{
	size_t n = (size_t)(job->name - job->path);
	const char *folder = arena_strndup(&job->arena, job->path, n);
	const char *wanted;

	while ((wanted = template_set_wanted(job->set))) {
		const char *path = arena_printf(&job->arena, "%s%s", folder, wanted);

		if (access(path, F_OK) < 0)
			break; /* told with file and line when the set is linked */
		if (add(job, wanted, path, err) < 0)
			return -1;
	}
	return 0;
}

static int read_data(struct job *job, struct value **value_out, struct err *err)
{
	struct str json = str_of(job->data);

	if (job->data[0] == '@' && file_read(job->data + 1, FILE_MAX, &job->arena, &json, err) < 0)
		return -1;
	if (value_from_json(&job->arena, json, value_out, err) < 0)
		return err_prefix(err, "--data");
	return 0;
}

static int render(struct job *job, struct err *err)
{
	struct value *data;
	struct buf out;
	int ret = -1;

	buf_init(&out, OUTPUT_MAX);
	if (read_data(job, &data, err) < 0 || add(job, job->name, job->path, err) < 0)
		goto out;
	if (add_partials(job, err) < 0 || template_set_link(job->set, err) < 0 ||
	    template_render(template_set_get(job->set, job->name), data, &out, err) < 0)
		goto out;
	ret = 0;
	if (fwrite(out.data, 1, out.len, stdout) != out.len)
		ret = err_set(err, ERR_TEMP, "standard output cannot be written");
out:
	buf_free(&out);
	return ret;
}

static bool take_escape(struct job *job, const char *word)
{
	static const char *const words[] = { "none", "xml", "json" };
	static const enum template_escape modes[] = { TEMPLATE_RAW, TEMPLATE_XML, TEMPLATE_JSON };

	job->escape_given = word != NULL;
	for (size_t i = 0; word && i < 3; i++) {
		if (strcmp(word, words[i]) == 0) {
			job->escape = modes[i];
			return true;
		}
	}
	return !word;
}

int run_render(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	struct job job = { 0 };
	const char *escape = NULL;
	const struct command_option options[] = { { "--data", &job.data, NULL },
						  { "--escape", &escape, NULL } };
	struct err err = { 0 };
	int ret = command_options(self, argc, argv, options, 2, &rest);

	if (ret)
		return ret;
	if (rest.count != 1 || !job.data)
		return command_misused(self, "give one FILE and --data");
	if (!take_escape(&job, escape))
		return command_misused(self, "--escape is none, xml or json");
	job.path = rest.list[0];
	job.name = strrchr(job.path, '/') ? strrchr(job.path, '/') + 1 : job.path;
	job.set = template_set_new();
	if (render(&job, &err) < 0)
		ret = command_failed(self, &err);
	template_set_free(&job.set);
	arena_free(&job.arena);
	return ret;
}
