/*
 * Files and trees in a folder of their own, with what may lie in the way.
 */
#include "base_check.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/files.h"

static char home[64];
static struct arena arena;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(home, sizeof home, "/tmp/samvad-files-XXXXXX");
	return mkdtemp(home) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *at(const char *name)
{
	return arena_printf(&arena, "%s/%s", home, name);
}

static void put(const char *name, struct str text)
{
	struct err err;

	if (file_write_atomic(at(name), text, 0644, &err) < 0)
		fail_msg("%s: %s", name, err.text);
}

static void folder(const char *name)
{
	assert_int_equal(folder_make(at(name), NULL), 0);
}

static void test_read(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		int ret;
		const char *says;
	} cases[] = {
		{ "six", 6, 0, "" },
		{ "six", 5, -1, "larger than 5 bytes" },
		{ "empty", 0, 0, "" },
		{ "absent", 10, -1, "No such file" },
		{ "folder", 10, -1, "not a plain file" },
		{ "pipe", 10, -1, "not a plain file" },
		{ "six/below", 10, -1, "Not a directory" },
		{ "link", 10, 0, "" },
	};

	(void)state;
	put("six", (struct str)BYTES("a\0b\xff\nc"));
	put("empty", (struct str){ NULL, 0 });
	folder("folder");
	assert_int_equal(mkfifo(at("pipe"), 0600), 0);
	assert_int_equal(symlink("six", at("link")), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str text = { NULL, 99 };
		struct err err = { 0 };

		CHECK_CASE(file_read(at(cases[i].name), cases[i].max, &arena, &text, &err) ==
				   cases[i].ret,
			   cases[i].name);
		if (cases[i].ret < 0) {
			CHECK_CASE(err.kind == ERR_INPUT, cases[i].name);
			CHECK_CASE(strstr(err.text, cases[i].name), cases[i].name);
			CHECK_CASE(strstr(err.text, cases[i].says), err.text);
		} else if (strcmp(cases[i].name, "empty") == 0) {
			CHECK_CASE(text.n == 0 && text.p[0] == '\0', cases[i].name);
		} else {
			CHECK_CASE(text.n == 6 && memcmp(text.p, "a\0b\xff\nc", 7) == 0,
				   cases[i].name);
		}
	}
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void test_write(void **state)
{
	mode_t old = umask(077);
	struct stat st;
	struct str text;
	struct err err;

	(void)state;
	folder("w");
	assert_int_equal(file_write_atomic(at("w/f"), str_of("one"), 0644, &err), 0);
	assert_int_equal(stat(at("w/f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(file_write_atomic(at("w/f"), str_of("two"), 0600, &err), 0);
	assert_int_equal(stat(at("w/f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_read(at("w/f"), 10, &arena, &text, NULL), 0);
	assert_string_equal(text.p, "two");

	/* A folder in the way: the old thing stays and nothing lies about. */
	folder("w/d");
	assert_int_equal(file_write_atomic(at("w/d"), str_of("x"), 0600, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(count_entries(at("w")), 2);
	assert_int_equal(file_write_atomic(at("none/f"), str_of("x"), 0600, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	(void)umask(old);
}

static void test_write_here(void **state)
{
	char before[4096];
	struct str text;

	(void)state;
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(home), 0);
	assert_int_equal(file_write_atomic("here", str_of("x"), 0600, NULL), 0);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(file_read(at("here"), 10, &arena, &text, NULL), 0);
}

static void test_odd_places(void **state)
{
	struct str text;
	struct err err;

	(void)state;
	assert_int_equal(file_write_atomic("/proc/samvad", str_of("x"), 0600, &err), -1);
	assert_true(err.kind != ERR_NONE);
	assert_int_equal(file_read("/dev/null", 10, &arena, &text, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
}

/* A limit on file size stands for a full disk. */
static void test_no_space(void **state)
{
	struct rlimit old, small;
	char text[5000] = "";
	struct str old_text;
	struct err err;
	int ret;

	(void)state;
	folder("limit");
	put("limit/f", str_of("old"));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ .rlim_cur = 4096, .rlim_max = old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	ret = file_write_atomic(at("limit/f"), (struct str){ text, sizeof text }, 0600, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(ret, -1);
	assert_int_equal(err.kind, ERR_FULL);
	assert_int_equal(count_entries(at("limit")), 1);
	assert_int_equal(file_read(at("limit/f"), 10, &arena, &old_text, NULL), 0);
	assert_string_equal(old_text.p, "old");
}

static void test_folder_make(void **state)
{
	struct stat st;
	struct err err;

	(void)state;
	assert_int_equal(folder_make(at("new"), &err), 0);
	assert_int_equal(folder_make(at("new"), &err), 0);
	assert_int_equal(stat(at("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	put("plain", str_of("x"));
	assert_int_equal(folder_make(at("plain"), &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(folder_make(at("a/b/c"), &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
}

static void test_tree(void **state)
{
	static const char *const expected[] = { "a-b.txt", "a.txt", "a/1/2/3/4/5/deep", "a/b.txt",
						"z" };
	struct file_tree tree;
	const struct file *f;
	struct err err;

	(void)state;
	folder("tree");
	folder("tree/a");
	folder("tree/.hidden");
	folder("tree/empty");
	folder("tree/a/1");
	folder("tree/a/1/2");
	folder("tree/a/1/2/3");
	folder("tree/a/1/2/3/4");
	folder("tree/a/1/2/3/4/5");
	put("tree/a/1/2/3/4/5/deep", str_of("deep"));
	put("tree/a.txt", str_of("1"));
	put("tree/a/b.txt", str_of("2"));
	put("tree/a-b.txt", str_of(""));
	put("tree/z", (struct str)BYTES("\0z"));
	put("tree/.secret", str_of("no"));
	put("tree/.hidden/x", str_of("no"));
	assert_int_equal(symlink("/etc/passwd", at("tree/link")), 0);
	assert_int_equal(symlink("..", at("tree/up")), 0);
	assert_int_equal(mkfifo(at("tree/pipe"), 0600), 0);

	if (file_tree_read(at("tree"), &arena, &tree, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(tree.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		CHECK_SAME(tree.files[i].path, expected[i], expected[i]);
		CHECK_CASE(file_tree_get(&tree, expected[i]) == &tree.files[i], expected[i]);
	}
	assert_string_equal(tree.root, at("tree"));
	f = file_tree_get(&tree, "a/b.txt");
	assert_string_equal(f->text.p, "2");
	assert_int_equal(file_tree_get(&tree, "z")->text.n, 2);
	assert_null(file_tree_get(&tree, "b.txt"));
	assert_null(file_tree_get(&tree, "a"));
	assert_null(file_tree_get(&tree, ".secret"));
	assert_int_equal(file_tree_read(at("tree/empty"), &arena, &tree, &err), 0);
	assert_int_equal(tree.count, 0);
	assert_null(file_tree_get(&tree, "a"));
}

static void fill(const char *name, size_t files, size_t size)
{
	char *zeros = arena_alloc(&arena, size);

	folder(name);
	for (size_t i = 0; i < files; i++) {
		/* Not through file_write_atomic: thousands of fsyncs take their time. */
		FILE *f = fopen(at(arena_printf(&arena, "%s/%zu", name, i)), "w");

		assert_non_null(f);
		assert_int_equal(fwrite(zeros, 1, size, f), size);
		assert_int_equal(fclose(f), 0);
	}
}

static void test_tree_limits(void **state)
{
	static const struct {
		const char *name;
		size_t files, size;
		int ret;
		const char *says;
	} cases[] = {
		{ "many", 2000, 1, 0, "" },
		{ "too_many", 2001, 1, -1, "more than 2000 files" },
		{ "large", 16, 1 << 20, 0, "" },
		{ "too_large", 1, (1 << 20) + 1, -1, "larger than 1048576 bytes" },
		{ "too_much", 17, 1 << 20, -1, "in all" },
	};
	struct file_tree tree;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };

		fill(cases[i].name, cases[i].files, cases[i].size);
		CHECK_CASE(file_tree_read(at(cases[i].name), &a, &tree, &err) == cases[i].ret,
			   cases[i].name);
		if (cases[i].ret < 0) {
			CHECK_CASE(err.kind == ERR_INPUT, cases[i].name);
			CHECK_CASE(strstr(err.text, cases[i].says), err.text);
		} else {
			CHECK_CASE(tree.count == cases[i].files, cases[i].name);
		}
		arena_free(&a);
	}
	assert_int_equal(file_tree_read(at("no"), &arena, &tree, &err), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(file_tree_read(at("large/1"), &arena, &tree, &err), -1);
	folder("d0");
	for (const char *name = "d0";; name = arena_printf(&arena, "%s/d", name)) {
		folder(name);
		if (strlen(name) == 2 + 6 * 2) {
			assert_int_equal(file_tree_read(at("d0"), &arena, &tree, &err), 0);
		} else if (strlen(name) > 2 + 6 * 2) {
			assert_int_equal(file_tree_read(at("d0"), &arena, &tree, &err), -1);
			assert_non_null(strstr(err.text, "deeper than 6"));
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),	    cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_here),  cmocka_unit_test(test_odd_places),
		cmocka_unit_test(test_folder_make), cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_tree),	    cmocka_unit_test(test_tree_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
