/*
 * base_check.h - what the tests of the tools share: named rows, and calls that must end the
 * program.
 */
#ifndef SAMVAD_TESTS_BASE_CHECK_H
#define SAMVAD_TESTS_BASE_CHECK_H

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "check.h"

/* A slice of a literal, which may hold NUL bytes. */
#define BYTES(literal)                                                                             \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

/* True when run() ends a child process by SIGABRT. */
static inline bool aborts(void (*run)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		(void)dup2(null, STDERR_FILENO);
		(void)signal(SIGABRT, SIG_DFL);
		run();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail_msg("cannot watch a child process");
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
