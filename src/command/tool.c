/*
 * tool.c - options, and what verbs say when something is wrong.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command_private.h"

int command_misused(const struct command *self, const char *fmt, ...)
{
	va_list args;

	(void)fprintf(stderr, "samvad %s: ", self->name);
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	(void)fprintf(stderr, "\nUsage: samvad %s\n", self->usage);
	return EXIT_USAGE;
}

int command_failed(const struct command *self, const struct err *err)
{
	(void)fprintf(stderr, "samvad %s: %s\n", self->name, err->text);
	return EXIT_FAULT;
}

/* Handles argv[*i] as one of the options. 1, 0 when it is none of them, -1 when it was said. */
static int take_option(const struct command *self, int argc, char **argv, int *i,
		       const struct command_option *options, size_t count)
{
	const char *word = argv[*i];
	size_t n = strcspn(word, "=");

	for (size_t o = 0; o < count; o++) {
		const struct command_option *option = &options[o];

		if (strlen(option->name) != n || memcmp(option->name, word, n) != 0)
			continue;
		if (option->flag && word[n])
			return command_misused(self, "%s takes no value", option->name), -1;
		if (option->flag)
			*option->flag = true;
		else if (word[n])
			*option->value = word + n + 1;
		else if (*i + 1 < argc)
			*option->value = argv[++*i];
		else
			return command_misused(self, "%s needs a value", option->name), -1;
		return 1;
	}
	return 0;
}

int command_options(const struct command *self, int argc, char **argv,
		    const struct command_option *options, size_t count,
		    struct command_arguments *rest)
{
	bool only_arguments = false;

	rest->count = 0;
	for (int i = 1; i < argc; i++) {
		if (!only_arguments && strcmp(argv[i], "--") == 0) {
			only_arguments = true;
			continue;
		}
		if (!only_arguments && argv[i][0] == '-' && argv[i][1] == '-') {
			int got = take_option(self, argc, argv, &i, options, count);

			if (got < 0)
				return EXIT_USAGE;
			if (got == 0)
				return command_misused(self, "there is no option %.40s", argv[i]);
			continue;
		}
		if (rest->count == COMMAND_MAX_ARGUMENTS)
			return command_misused(self, "more than %d arguments",
					       COMMAND_MAX_ARGUMENTS);
		rest->list[rest->count++] = argv[i];
	}
	return 0;
}

int command_read_input(struct buf *out, struct err *err)
{
	char chunk[8192];

	for (;;) {
		ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, ERR_INPUT, "standard input: %s", strerror(errno));
		if (n == 0)
			break;
		if (buf_add(out, chunk, (size_t)n) < 0)
			return err_set(err, ERR_INPUT, "standard input holds more than %zu bytes",
				       out->max);
	}
	if (out->len && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	if (out->len && out->data[out->len - 1] == '\r')
		out->data[--out->len] = '\0';
	return 0;
}
