/*
 * files_tree.c - a small tree of files, read whole.
 *
 * Goes down by folder descriptors without following links, so that a tree
 * cannot lead out of its root. A limit that is passed is an error: a pack
 * read in part would be worse than none.
 */
#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "files_private.h"

enum {
	FILES_MAX = 2000,
	FILE_SIZE_MAX = 1024 * 1024,
	TREE_SIZE_MAX = 16 * 1024 * 1024,
	DEPTH_MAX = 6, /* folders below the root */
};

struct reader {
	const char *root;
	struct arena *a;
	struct err *err;
	struct file *files; /* owned; FILES_MAX of them */
	size_t count;
	size_t size;
};

static int read_folder(struct reader *r, int fd, const char *folder, unsigned depth);

/* For messages: the path as the person knows it. */
static const char *shown(struct reader *r, const char *path)
{
	return *path ? arena_printf(r->a, "%s/%s", r->root, path) : r->root;
}

static int add_file(struct reader *r, int folder_fd, const char *name, const char *path)
{
	struct file *f = &r->files[r->count];
	int fd, ret;

	if (r->count == FILES_MAX)
		return err_set(r->err, ERR_INPUT, "%s: more than %d files", r->root, FILES_MAX);
	fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return files_fail(r->err, shown(r, path), "cannot be opened");
	f->path = path;
	ret = files_read_fd(fd, shown(r, path), FILE_SIZE_MAX, r->a, &f->text, r->err);
	close(fd);
	if (ret < 0)
		return -1;
	r->count++;
	r->size += f->text.n;
	if (r->size > TREE_SIZE_MAX)
		return err_set(r->err, ERR_INPUT, "%s: more than %d bytes in all", r->root,
			       TREE_SIZE_MAX);
	return 0;
}

static int enter_folder(struct reader *r, int folder_fd, const char *name, const char *path,
			unsigned depth)
{
	int fd;

	if (depth == DEPTH_MAX)
		return err_set(r->err, ERR_INPUT, "%s: deeper than %d folders", shown(r, path),
			       DEPTH_MAX);
	fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return files_fail(r->err, shown(r, path), "cannot be opened");
	return read_folder(r, fd, path, depth + 1);
}

/* Links and what is neither file nor folder are passed over. */
static int add_entry(struct reader *r, int folder_fd, const char *folder, const char *name,
		     unsigned depth)
{
	const char *path =
		*folder ? arena_printf(r->a, "%s/%s", folder, name) : arena_strdup(r->a, name);
	struct stat st;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return files_fail(r->err, shown(r, path), "cannot be looked at");
	if (S_ISDIR(st.st_mode))
		return enter_folder(r, folder_fd, name, path, depth);
	return S_ISREG(st.st_mode) ? add_file(r, folder_fd, name, path) : 0;
}

/* Takes fd. */
static int read_folder(struct reader *r, int fd, const char *folder, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int ret = -1;

	if (!dir) {
		(void)files_fail(r->err, shown(r, folder), "cannot be opened");
		close(fd);
		return -1;
	}
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (entry->d_name[0] == '.')
			continue;
		if (add_entry(r, fd, folder, entry->d_name, depth) < 0)
			goto out;
	}
	if (errno) {
		(void)files_fail(r->err, shown(r, folder), "cannot be listed");
		goto out;
	}
	ret = 0;
out:
	closedir(dir);
	return ret;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

int file_tree_read(const char *root, struct arena *a, struct file_tree *tree_out, struct err *err)
{
	struct reader r = { .root = root, .a = a, .err = err };
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return files_fail(err, root, "cannot be opened");
	r.files = mem_array(FILES_MAX, sizeof *r.files);
	ret = read_folder(&r, fd, "", 0);
	if (ret == 0) {
		qsort(r.files, r.count, sizeof *r.files, by_path);
		tree_out->root = arena_strdup(a, root);
		tree_out->files = arena_array(a, r.count, sizeof *r.files);
		memcpy(tree_out->files, r.files, r.count * sizeof *r.files);
		tree_out->count = r.count;
	}
	free(r.files);
	return ret;
}

const struct file *file_tree_get(const struct file_tree *tree, const char *path)
{
	struct file wanted = { .path = path };

	if (tree->count == 0)
		return NULL;
	return bsearch(&wanted, tree->files, tree->count, sizeof wanted, by_path);
}
