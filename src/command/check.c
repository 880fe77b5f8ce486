/*
 * check.c - prints every fault of flow packs, for people or as JSON.
 */
#include <stdio.h>

#include "base/json.h"
#include "pack_private.h"

enum { REPORT_MAX = 16 << 20 };

void command_print_faults(const char *folder, const struct flow_faults *faults)
{
	struct buf line;

	buf_init(&line, 8192);
	for (size_t i = 0; i < faults->count; i++) {
		const struct flow_fault *f = &faults->list[i];

		buf_reset(&line);
		(void)flow_fault_format(f, &line);
		(void)printf("%s: %s/%s\n", f->severity == FLOW_ERROR ? "error" : "warning", folder,
			     line.data);
	}
	buf_free(&line);
}

/* Of those in the list: it has an end, errors are counted beyond it. */
static size_t warnings_of(const struct flow_faults *faults)
{
	size_t n = 0;

	for (size_t i = 0; i < faults->count; i++)
		n += faults->list[i].severity == FLOW_WARNING;
	return n;
}

/* What a program reads instead: {"faults": […], "errors": 1, "warnings": 0}. */
struct report {
	struct json_writer writer;
	struct buf out;
	size_t errors;
	size_t warnings;
};

static void report_begin(struct report *r)
{
	buf_init(&r->out, REPORT_MAX);
	json_begin(&r->writer, &r->out);
	json_object(&r->writer, NULL);
	json_array(&r->writer, "faults");
}

static void report_faults(struct report *r, const char *folder, const struct flow_faults *faults)
{
	struct json_writer *w = &r->writer;

	for (size_t i = 0; i < faults->count; i++) {
		const struct flow_fault *f = &faults->list[i];

		json_object(w, NULL);
		json_add_text(w, "pack", folder);
		json_add_text(w, "file", f->file);
		json_add_int(w, "line", f->line);
		json_add_text(w, "step", f->step);
		json_add_text(w, "field", f->field);
		json_add_text(w, "severity", f->severity == FLOW_ERROR ? "error" : "warning");
		json_add_text(w, "what", f->what);
		json_add_text(w, "cure", f->cure);
		json_end(w);
	}
	r->errors += faults->errors;
	r->warnings += warnings_of(faults);
}

static int report_end(struct report *r, const struct command *self)
{
	struct json_writer *w = &r->writer;
	struct err err = { 0 };
	int ret = 0;

	json_end(w);
	json_add_int(w, "errors", (int64_t)r->errors);
	json_add_int(w, "warnings", (int64_t)r->warnings);
	json_end(w);
	if (r->out.full)
		ret = err_set(&err, ERR_INPUT,
			      "the faults are more than 16 MiB: check fewer packs");
	else if (printf("%s\n", r->out.data) < 0)
		ret = err_set(&err, ERR_TEMP, "standard output cannot be written");
	buf_free(&r->out);
	return ret < 0 ? command_failed(self, &err) : EXIT_OK;
}

static void print_summary(const char *folder, const struct flow_faults *faults)
{
	size_t warnings = warnings_of(faults), hidden = faults->errors + warnings - faults->count;

	command_print_faults(folder, faults);
	(void)printf("%s: %zu error%s, %zu warning%s", folder, faults->errors,
		     faults->errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	if (hidden)
		(void)printf("; %zu errors more than are shown", hidden);
	(void)printf("\n");
}

/* report NULL: printed for people. */
static int check_pack(const struct command *self, const char *folder, struct report *report)
{
	struct pack p;
	struct err err = { 0 };
	int ret;

	if (command_pack_open(&p, folder, &err) < 0)
		return command_failed(self, &err);
	if (p.flow)
		flow_check(p.flow, &p.faults);
	if (report)
		report_faults(report, p.folder, &p.faults);
	else
		print_summary(p.folder, &p.faults);
	ret = p.faults.errors || !p.flow ? EXIT_FAULT : EXIT_OK;
	if (p.flow && command_settings_check(p.flow, &err) < 0)
		ret = command_failed(self, &err);
	command_pack_close(&p);
	return ret;
}

static int check_all(const struct command *self, const struct command_arguments *packs,
		     struct report *report)
{
	int ret = EXIT_OK;

	if (packs->count == 0)
		return check_pack(self, NULL, report);
	for (size_t i = 0; i < packs->count; i++)
		if (check_pack(self, packs->list[i], report) != EXIT_OK)
			ret = EXIT_FAULT;
	return ret;
}

int run_check(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	bool json = false;
	const struct command_option options[] = { { "--json", NULL, &json } };
	struct report report = { .errors = 0 };
	int ret = command_options(self, argc, argv, options, 1, &rest);

	if (ret)
		return ret;
	if (!json)
		return check_all(self, &rest, NULL);
	report_begin(&report);
	ret = check_all(self, &rest, &report);
	return report_end(&report, self) == EXIT_OK ? ret : EXIT_FAULT;
}
