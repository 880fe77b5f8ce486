/*
 * files.c - single files: read with a limit, written whole or not at all.
 */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "files_private.h"

int files_fail(struct err *err, const char *path, const char *what)
{
	enum err_kind kind = ERR_TEMP;
	int code = errno;
	char reason[128];

	switch (code) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
		kind = ERR_INPUT;
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		kind = ERR_PERM;
		break;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		kind = ERR_FULL;
		break;
	default:
		break;
	}
	return err_set(err, kind, "%s: %s: %s", path, what,
		       strerror_r(code, reason, sizeof reason));
}

/* Fills at most max bytes; stops early at the end of the file. */
static ssize_t read_full(int fd, char *to, size_t max)
{
	size_t n = 0;

	while (n < max) {
		ssize_t got = read(fd, to + n, max - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int files_read_fd(int fd, const char *path, size_t max, struct arena *a, struct str *text_out,
		  struct err *err)
{
	struct stat st;
	size_t size;
	ssize_t n;
	char *to;

	if (fstat(fd, &st) < 0)
		return files_fail(err, path, "cannot be read");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "%s: not a plain file", path);
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return err_set(err, ERR_INPUT, "%s: larger than %zu bytes", path, max);
	/* One byte more than it should have tells a file that grows, or one of
	 * /proc, which says 0. */
	size = (size_t)st.st_size + 1;
	to = arena_alloc(a, size + 1);
	n = read_full(fd, to, size);
	if (n < 0)
		return files_fail(err, path, "cannot be read");
	if ((size_t)n == size)
		return err_set(err, ERR_INPUT, "%s: changed while it was read", path);
	to[n] = '\0';
	*text_out = (struct str){ to, (size_t)n };
	return 0;
}

int file_read(const char *path, size_t max, struct arena *a, struct str *text_out, struct err *err)
{
	/* O_NONBLOCK: a named pipe must not hold us up before we see what it is. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int ret;

	if (fd < 0)
		return files_fail(err, path, "cannot be opened");
	ret = files_read_fd(fd, path, max, a, text_out, err);
	close(fd);
	return ret;
}

static int write_full(int fd, struct str text)
{
	while (text.n) {
		ssize_t done = write(fd, text.p, text.n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		text.p += done;
		text.n -= (size_t)done;
	}
	return 0;
}

/* Creates, fills and syncs the file of this name; it must not exist. */
static int write_new(const char *name, struct str text, unsigned mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int code;

	if (fd < 0)
		return -1;
	/* fchmod, because the umask must not decide. */
	if (write_full(fd, text) < 0 || fchmod(fd, (mode_t)mode) < 0 || fsync(fd) < 0) {
		code = errno;
		close(fd);
		errno = code;
		return -1;
	}
	return close(fd);
}

/* Makes the rename last. */
static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret, code;

	if (fd < 0)
		return -1;
	ret = fsync(fd);
	code = errno;
	close(fd);
	errno = code;
	return ret;
}

int file_write_atomic(const char *path, struct str text, unsigned mode, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	struct arena a = { 0 };
	char id[ID_HEX_SIZE];
	char *folder, *name;
	int ret = -1;

	id_random(id);
	folder = slash ? arena_strndup(&a, path, (size_t)(base - path)) : arena_strdup(&a, "./");
	/* A leading dot: readers of trees do not take it for a file of the tree. */
	name = arena_printf(&a, "%s.%s.%s", folder, base, id);
	if (write_new(name, text, mode) < 0) {
		(void)files_fail(err, path, "cannot be written");
		(void)unlink(name); /* may not exist */
		goto out;
	}
	if (rename(name, path) < 0) {
		(void)files_fail(err, path, "cannot be put in place");
		(void)unlink(name);
		goto out;
	}
	if (sync_folder(folder) < 0) {
		(void)files_fail(err, path, "its folder cannot be synced");
		goto out;
	}
	ret = 0;
out:
	arena_free(&a);
	return ret;
}

int folder_make(const char *path, struct err *err)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return files_fail(err, path, "cannot be made");
	if (stat(path, &st) < 0)
		return files_fail(err, path, "cannot be looked at");
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "%s: not a folder", path);
	return 0;
}
