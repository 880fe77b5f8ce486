/*
 * files_private.h - what single files and trees share.
 */
#ifndef SAMVAD_BASE_FILES_PRIVATE_H
#define SAMVAD_BASE_FILES_PRIVATE_H

#include "base/files.h"

/* Turns errno into an error about path; returns -1. */
int files_fail(struct err *err, const char *path, const char *what);

/* As file_read, from an open file; path is for messages. */
int files_read_fd(int fd, const char *path, size_t max, struct arena *a, struct str *text_out,
		  struct err *err);

#endif
