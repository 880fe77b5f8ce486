/*
 * check.h - cmocka, and checks that name the failing row of a table.
 */
#ifndef SAMVAD_TESTS_CHECK_H
#define SAMVAD_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define CHECK_CASE(cond, name)                                                                     \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fail_msg("%s: %s", (name), #cond);                                         \
	} while (0)

#define CHECK_SAME(got, want, name)                                                                \
	do {                                                                                       \
		if (strcmp((got), (want)) != 0)                                                    \
			fail_msg("%s: got <%s>, expected <%s>", (name), (got), (want));            \
	} while (0)

#endif
