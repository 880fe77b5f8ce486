/*
 * mem.c - allocation that aborts when memory ends.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base_private.h"

_Noreturn void base_die(const char *what)
{
	/* The result is of no use: the program ends here either way. */
	if (write(STDERR_FILENO, what, strlen(what)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
		abort();
	abort();
}

void *mem_alloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		base_die("samvad: out of memory");
	return p;
}

void *mem_array(size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		base_die("samvad: array size overflows");
	return mem_alloc(n * size);
}

void *mem_grow(void *old, size_t n, size_t size)
{
	size_t total;
	void *p;

	if (size && n > SIZE_MAX / size)
		base_die("samvad: array size overflows");
	total = n * size;
	p = realloc(old, total ? total : 1);
	if (!p)
		base_die("samvad: out of memory");
	return p;
}

char *mem_strdup(const char *s)
{
	return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		base_die("samvad: string size overflows");
	copy = mem_alloc(n + 1);
	if (n)
		memcpy(copy, s, n);
	return copy;
}

void mem_wipe_free(char *secret, size_t n)
{
	if (!secret)
		return;
	explicit_bzero(secret, n);
	free(secret);
}
