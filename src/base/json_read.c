/*
 * json_read.c - JSON in: the strict scanner, then cJSON, then a look for duplicate keys.
 */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "json_private.h"

struct key {
	const char *name;
	size_t ordinal; /* among all keys of the text */
};

static int by_name(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

/* Walks in the order of the text, so that *next counts as the scanner does.
 * Depth is bounded by the scanner. */
static bool find_duplicate(const cJSON *node, size_t *next, struct key *found_out)
{
	struct key *keys = NULL;
	const cJSON *child;
	bool found = false;
	size_t n = 0;

	if (cJSON_IsObject(node))
		keys = mem_array((size_t)cJSON_GetArraySize(node), sizeof *keys);
	cJSON_ArrayForEach(child, node)
	{
		if (keys)
			keys[n++] = (struct key){ child->string, (*next)++ };
		found = find_duplicate(child, next, found_out);
		if (found)
			goto out;
	}
	if (n < 2)
		goto out;
	qsort(keys, n, sizeof *keys, by_name);
	for (size_t i = 1; i < n && !found; i++) {
		if (strcmp(keys[i - 1].name, keys[i].name) == 0) {
			*found_out = keys[i];
			found = true;
		}
	}
out:
	free(keys);
	return found;
}

int json_parse(struct str text, struct cJSON **root_out, struct err *err)
{
	size_t keys = 0, line, column;
	struct key twice;
	cJSON *root;

	*root_out = NULL;
	if (json_scan(text, err) < 0)
		return -1;
	root = cJSON_ParseWithLength(text.p, text.n);
	if (!root)
		return err_set(err, ERR_INPUT, "line 1, column 1: the parser refused the text");
	if (find_duplicate(root, &keys, &twice)) {
		json_scan_locate_key(text, twice.ordinal, &line, &column);
		(void)err_set(err, ERR_INPUT, "line %zu, column %zu: the key \"%s\" occurs twice",
			      line, column, twice.name);
		cJSON_Delete(root);
		return -1;
	}
	*root_out = root;
	return 0;
}

void json_free(struct cJSON **root)
{
	cJSON_Delete(*root);
	*root = NULL;
}

const struct cJSON *json_get(const struct cJSON *object, const char *key)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *json_text(const struct cJSON *object, const char *key, const char *otherwise)
{
	const cJSON *item = json_get(object, key);

	return cJSON_IsString(item) ? item->valuestring : otherwise;
}

bool json_bool(const struct cJSON *object, const char *key, bool otherwise)
{
	const cJSON *item = json_get(object, key);

	return cJSON_IsBool(item) ? cJSON_IsTrue(item) : otherwise;
}

int64_t json_int(const struct cJSON *object, const char *key, int64_t otherwise, bool *ok_out)
{
	const double limit = 9007199254740992.0; /* 2^53: beyond, a double skips whole numbers */
	const cJSON *item = json_get(object, key);
	double d = cJSON_IsNumber(item) ? item->valuedouble : 0.5;
	bool whole = d >= -limit && d <= limit && d == (double)(int64_t)d;

	if (ok_out)
		*ok_out = !item || whole;
	return whole ? (int64_t)d : otherwise;
}
