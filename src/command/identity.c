/*
 * identity.c - account, token and sealing keys: from the settings, else made once and kept.
 *
 * What is made here lies in DATA_DIR, readable by its owner only, so that
 * `samvad send` can sign what a sandbox server verifies.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/files.h"
#include "base/id.h"
#include "base/json.h"
#include "command_private.h"

enum { FILE_MAX = 65536 };

static bool is_missing(const char *path)
{
	return access(path, F_OK) != 0 && errno == ENOENT;
}

static void set_tokens(struct identity *id, struct arena *a, const char *tokens)
{
	id->auth_tokens = arena_strdup(a, tokens);
	id->sign_token = arena_strndup(a, tokens, strcspn(tokens, ","));
}

static int make_sandbox(const char *path, struct err *err)
{
	char sid[ID_HEX_SIZE], token[ID_HEX_SIZE];
	struct buf text;
	int ret;

	id_random(sid);
	id_random(token);
	buf_init(&text, FILE_MAX);
	(void)buf_addf(&text, "{\"account_sid\":\"AC%s\",\"auth_token\":\"%s\"}\n", sid, token);
	ret = file_write_atomic(path, (struct str){ text.data, text.len }, 0600, err);
	buf_free(&text);
	return ret;
}

static int read_sandbox(const char *path, struct arena *a, struct identity *id, struct err *err)
{
	struct cJSON *root = NULL;
	struct str text;

	if (file_read(path, FILE_MAX, a, &text, err) < 0 || json_parse(text, &root, err) < 0)
		return err_prefix(err, "%s", path);
	id->account_sid = arena_strdup(a, json_text(root, "account_sid", ""));
	set_tokens(id, a, json_text(root, "auth_token", ""));
	json_free(&root);
	if (!*id->account_sid || !*id->sign_token)
		return err_set(
			err, ERR_INPUT,
			"%s names no account_sid or auth_token: delete it, a new one is made",
			path);
	return 0;
}

int identity_load(const struct config *c, bool create, struct arena *a, struct identity *id_out,
		  struct err *err)
{
	const char *path = arena_printf(a, "%s/sandbox.json", c->data_dir);

	*id_out = (struct identity){ .account_sid = c->twilio_account_sid };
	if (c->twilio_auth_token[0]) {
		set_tokens(id_out, a, c->twilio_auth_token);
		if (c->sandbox && !*id_out->account_sid) /* the twin needs one */
			id_out->account_sid = "AC00000000000000000000000000000000";
		return 0;
	}
	if (is_missing(path)) {
		if (!create)
			return err_set(
				err, ERR_INPUT,
				"there is no sandbox in %s yet: start `samvad serve` first, in the "
				"same folder",
				c->data_dir);
		if (make_sandbox(path, err) < 0)
			return -1;
	}
	if (read_sandbox(path, a, id_out, err) < 0)
		return -1;
	if (c->twilio_account_sid[0])
		id_out->account_sid = c->twilio_account_sid;
	return 0;
}

static int make_keys(const char *path, struct err *err)
{
	uint8_t key[32];
	char hex[2 * sizeof key + 1];
	struct buf text;
	int ret;

	id_random_bytes(key, sizeof key);
	hex_encode(key, sizeof key, hex);
	buf_init(&text, 256);
	(void)buf_addf(&text, "k1:%s\n", hex);
	ret = file_write_atomic(path, (struct str){ text.data, text.len }, 0600, err);
	explicit_bzero(key, sizeof key);
	explicit_bzero(hex, sizeof hex);
	explicit_bzero(text.data, text.len);
	buf_free(&text);
	return ret;
}

int identity_keys(const struct config *c, struct arena *a, const char **keys_out, struct err *err)
{
	const char *path = arena_printf(a, "%s/session.keys", c->data_dir);
	const char *database = arena_printf(a, "%s/samvad.db", c->data_dir);
	struct str text;

	*keys_out = c->session_keys;
	if (c->session_keys[0])
		return 0;
	if (is_missing(path)) {
		if (!is_missing(database))
			return err_set(
				err, ERR_PERM,
				"%s is there, but the keys that open it are not: put %s back, set "
				"SESSION_KEYS, or remove the database to begin anew",
				database, path);
		if (make_keys(path, err) < 0)
			return -1;
	}
	if (file_read(path, FILE_MAX, a, &text, err) < 0)
		return -1;
	*keys_out = arena_strndup(a, text.p, strcspn(text.p, "\r\n"));
	return 0;
}
