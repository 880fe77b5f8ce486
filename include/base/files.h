/*
 * base/files.h - whole files and small trees, read with limits.
 *
 * The pure rooms get file contents as data; this is where they are read.
 */
#ifndef SAMVAD_BASE_FILES_H
#define SAMVAD_BASE_FILES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct file {
	const char *path; /* relative to the tree's root, '/' between parts */
	struct str text;  /* also NUL-terminated */
};

struct file_tree {
	const char *root;   /* as given; for messages to people */
	struct file *files; /* sorted by path, bytewise */
	size_t count;
};

/* Reads one file of at most max bytes into the arena. -1 ERR_INPUT: missing, not a plain file, too
 * large. */
int file_read(const char *path, size_t max, struct arena *a, struct str *text_out, struct err *err);
/* Writes a new file atomically (temporary name, fsync, rename, fsync of the folder) with this mode.
 */
int file_write_atomic(const char *path, struct str text, unsigned mode, struct err *err);
/* Makes a folder (0700) unless it is there. */
int folder_make(const char *path, struct err *err);

/* Reads every plain file below root: at most 2000 files, 1 MiB each, 16 MiB
 * in all, depth 6; names starting with '.' are skipped; links are not followed. */
int file_tree_read(const char *root, struct arena *a, struct file_tree *tree_out, struct err *err);
/* NULL when absent. */
const struct file *file_tree_get(const struct file_tree *tree, const char *path);

#endif
