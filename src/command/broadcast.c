/*
 * broadcast.c - one text to many, from the shell: asks the running server as an admin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/form.h"
#include "base/json.h"
#include "broadcast_private.h"

enum { BODY_MAX = 65536, PAGE = 500 };

/* ---- asking ---- */

int client_ask_admin(const struct command *self, struct client *cl, const char *method,
		     const char *path, const char *json, const struct value **value_out)
{
	struct err err = { 0 };
	struct value *tree;
	struct str body;
	int status = 0;

	*value_out = NULL;
	if (client_admin(cl, method, path, json, NULL, &status, &body, &err) < 0)
		return command_failed(self, &err);
	if (client_read_answer(self, cl, status, body, &tree) != EXIT_OK)
		return EXIT_FAULT;
	*value_out = tree;
	return EXIT_OK;
}

int client_read_answer(const struct command *self, struct client *cl, int status, struct str body,
		       struct value **value_out)
{
	const struct value *error;
	struct err err = { 0 };

	if (value_from_json(&cl->scratch, body, value_out, &err) < 0) {
		(void)err_set(&err, ERR_PERM, "the server answered %d, and not in JSON", status);
		return command_failed(self, &err);
	}
	if (status < 400)
		return EXIT_OK;
	error = value_get(*value_out, "error");
	(void)err_set(&err, ERR_PERM, "%s%s%s", client_text(error, "field"),
		      *client_text(error, "field") ? ": " : "", client_text(error, "message"));
	return command_failed(self, &err);
}

int64_t client_int(const struct value *object, const char *name)
{
	return strtoll(client_text(object, name), NULL, 10);
}

/* A broadcast's path with what follows its id. */
static const char *path_of(struct client *cl, const char *id, const char *rest)
{
	struct buf encoded;
	const char *path;

	buf_init(&encoded, 512);
	(void)percent_encode(&encoded, str_of(id));
	path = arena_printf(&cl->arena, "/broadcasts/%s%s", encoded.data ? encoded.data : "", rest);
	buf_free(&encoded);
	return path;
}

/* ---- send ---- */

struct order { /* what the options say */
	const char *text, *step, *at, *key, *template, *variables;
	bool dry_run, watch;
};

/* An object of texts; each becomes a member of the body's object. */
static int add_variables(struct client *cl, const char *json, struct json_writer *w,
			 struct err *err)
{
	struct value *tree;

	if (value_from_json(&cl->arena, str_of(json), &tree, err) < 0)
		return err_prefix(err, "--variables");
	if (tree->kind != VALUE_OBJECT)
		return err_set(err, ERR_INPUT, "--variables: give an object, {\"1\":\"{{name}}\"}");
	json_object(w, "content_variables");
	for (const struct value *v = tree->first; v; v = v->next)
		json_add_str(w, v->name, v->text);
	json_end(w);
	return 0;
}

static int write_order(struct client *cl, const struct order *o, struct buf *out, struct err *err)
{
	struct json_writer w;

	json_begin(&w, out);
	json_object(&w, NULL);
	if (o->text)
		json_add_text(&w, "message", o->text);
	if (o->step)
		json_add_text(&w, "target_step", o->step);
	if (o->at)
		json_add_text(&w, "send_at", o->at);
	if (o->template)
		json_add_text(&w, "content_sid", o->template);
	if (o->variables && add_variables(cl, o->variables, &w, err) < 0)
		return -1;
	if (o->dry_run)
		json_add_bool(&w, "dry_run", true);
	json_end(&w);
	return out->full ? err_set(err, ERR_INPUT, "more than 64 KiB") : 0;
}

static void print_skips(const struct value *skipped)
{
	for (const struct value *v = skipped ? skipped->first : NULL; v; v = v->next)
		(void)printf("  skipped, %s: %s\n", v->name, v->text.p);
}

static void print_order(const struct value *got)
{
	(void)printf("%s recipients%s\n", client_text(got, "recipient_count"),
		     value_get(got, "planning") && value_get(got, "planning")->kind == VALUE_TRUE
			     ? " so far, still counting"
			     : "");
	print_skips(value_get(got, "skipped"));
	if (*client_text(got, "expected_finish"))
		(void)printf("  finished about %s\n", client_text(got, "expected_finish"));
	if (*client_text(got, "broadcast_id"))
		(void)printf("%s\n", client_text(got, "broadcast_id"));
}

static int send_order(const struct command *self, struct client *cl, const struct order *o)
{
	struct err err = { 0 };
	struct value *got;
	struct str body;
	struct buf json;
	int status = 0, ret;

	buf_init(&json, BODY_MAX);
	if (write_order(cl, o, &json, &err) < 0 ||
	    client_admin(cl, "POST", "/send-broadcast", json.data, o->key, &status, &body, &err) <
		    0)
		ret = command_failed(self, &err);
	else
		ret = client_read_answer(self, cl, status, body, &got);
	buf_free(&json);
	if (ret)
		return ret;
	print_order(got);
	if (!o->watch || o->dry_run)
		return EXIT_OK;
	return client_watch_broadcast(self, cl, path_of(cl, client_text(got, "broadcast_id"), ""));
}

/* ---- looking ---- */

static int list_all(const struct command *self, struct client *cl)
{
	const struct value *got, *list;
	int ret = client_ask_admin(self, cl, "GET", "/broadcasts?limit=50", NULL, &got);

	if (ret)
		return ret;
	list = value_get(got, "broadcasts");
	for (const struct value *b = list ? list->first : NULL; b; b = b->next)
		(void)printf("%s  %-9s  %s  %s recipients%s%s\n", client_text(b, "broadcast_id"),
			     client_text(b, "state"), client_text(b, "created_at"),
			     client_text(b, "recipient_count"),
			     *client_text(b, "target_step") ? "  at " : "",
			     client_text(b, "target_step"));
	return EXIT_OK;
}

static int show(const struct command *self, struct client *cl, const char *id)
{
	const struct value *got;
	int ret = client_ask_admin(self, cl, "GET", path_of(cl, id, ""), NULL, &got);

	if (ret == EXIT_OK)
		client_print_broadcast(got);
	return ret;
}

static void print_recipient(const struct value *r)
{
	(void)printf("%s  %s%s%s", client_text(r, "contact"), client_text(r, "outcome"),
		     *client_text(r, "reason") ? ", " : "", client_text(r, "reason"));
	if (client_int(r, "error_code"))
		(void)printf("  %s %s", client_text(r, "error_code"), client_text(r, "error_text"));
	(void)putchar('\n');
}

/* Page by page, to the end. */
static int list_recipients(const struct command *self, struct client *cl, const char *id,
			   const char *outcome)
{
	const char *cursor = "";

	for (;;) {
		const char *query = arena_printf(&cl->arena, "/recipients?limit=%d%s%s%s%s", PAGE,
						 outcome ? "&outcome=" : "", outcome ? outcome : "",
						 *cursor ? "&cursor=" : "", cursor);
		const struct value *got, *list;
		int ret = client_ask_admin(self, cl, "GET", path_of(cl, id, query), NULL, &got);

		if (ret)
			return ret;
		list = value_get(got, "recipients");
		for (const struct value *r = list ? list->first : NULL; r; r = r->next)
			print_recipient(r);
		if (!*client_text(got, "next"))
			return EXIT_OK;
		cursor = arena_strdup(&cl->arena, client_text(got, "next"));
	}
}

static int steer(const struct command *self, struct client *cl, const char *id, const char *action)
{
	const struct value *got;
	int ret = client_ask_admin(self, cl, "POST",
				   path_of(cl, id, arena_printf(&cl->arena, "/%s", action)), NULL,
				   &got);

	if (ret == EXIT_OK)
		client_print_broadcast(got);
	return ret;
}

/* ---- the verb ---- */

static bool is_steering(const char *word)
{
	static const char *const words[] = { "pause", "resume", "cancel", "retry-failed" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static int run(const struct command *self, struct client *cl, const struct order *o,
	       const char *outcome, const struct command_arguments *rest)
{
	const char *word = rest->list[0];
	const char *id = rest->count > 1 ? rest->list[1] : NULL;

	if (strcmp(word, "send") == 0)
		return send_order(self, cl, o);
	if (strcmp(word, "list") == 0)
		return list_all(self, cl);
	if (strcmp(word, "show") == 0)
		return show(self, cl, id);
	if (strcmp(word, "watch") == 0)
		return client_watch_broadcast(self, cl, path_of(cl, id, ""));
	if (strcmp(word, "recipients") == 0)
		return list_recipients(self, cl, id, outcome);
	return steer(self, cl, id, word);
}

/* 0, or what was said. */
static int check_words(const struct command *self, const struct order *o,
		       const struct command_arguments *rest)
{
	static const char *const with_id[] = { "show", "watch", "recipients" };
	const char *word = rest->count ? rest->list[0] : "";
	bool needs_id = is_steering(word);

	for (size_t i = 0; i < sizeof with_id / sizeof *with_id; i++)
		needs_id = needs_id || strcmp(word, with_id[i]) == 0;
	if (strcmp(word, "send") == 0)
		return rest->count == 2 || (rest->count == 1 && o->template)
			       ? 0
			       : command_misused(self, "give one TEXT (quote it), or --template");
	if (strcmp(word, "list") == 0)
		return rest->count == 1 ? 0 : command_misused(self, "list takes nothing more");
	if (!needs_id)
		return command_misused(self, "say what: send, list, show, watch, recipients, "
					     "pause, resume, cancel or retry-failed");
	return rest->count == 2 && *rest->list[1]
		       ? 0
		       : command_misused(self, "%s needs the broadcast's id", word);
}

int run_broadcast(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	struct order o = { 0 };
	const char *outcome = NULL;
	struct client cl;
	struct err err = { 0 };
	const struct command_option options[] = {
		{ "--step", &o.step, NULL },
		{ "--at", &o.at, NULL },
		{ "--key", &o.key, NULL },
		{ "--template", &o.template, NULL },
		{ "--variables", &o.variables, NULL },
		{ "--outcome", &outcome, NULL },
		{ "--dry-run", NULL, &o.dry_run },
		{ "--watch", NULL, &o.watch },
	};
	int ret =
		command_options(self, argc, argv, options, sizeof options / sizeof *options, &rest);

	if (ret == 0)
		ret = check_words(self, &o, &rest);
	if (ret)
		return ret;
	o.text = rest.count > 1 ? rest.list[1] : NULL;
	if (client_open(&cl, false, &err) < 0)
		ret = command_failed(self, &err);
	else
		ret = run(self, &cl, &o, outcome, &rest);
	client_close(&cl);
	return ret;
}
