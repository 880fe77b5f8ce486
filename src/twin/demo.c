/*
 * demo.c - business APIs that packs bring along as data: templates/PACK/demo.json.
 *
 * Read anew for each request, so that who edits it only asks again. Errors of
 * the file are answered with 500 and named. A repeat with the same
 * Idempotency-Key gets the same answer; {{counter}} counts what was not read.
 */
#include "demo_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/mem.h"

enum { FILE_MAX = 1 << 20, DELAY_MAX_MS = 60000 };

static int fault(struct twin_call *call, const char *why)
{
	return twin_refuse(call, 500, "demo_fault", NULL, why);
}

/* ---- answers that are kept ---- */

static const char *key_of(const struct twin_call *call)
{
	const char *key = webhook_header(call->hook, "Idempotency-Key", NULL);

	return key && *key && strlen(key) < sizeof call->twin->demo_next.key ? key : NULL;
}

static const struct twin_demo_answer *answered(const struct twin *twin, const char *key)
{
	for (size_t i = 0; key && i < TWIN_MAX_DEMO_ANSWERS; i++) {
		const struct twin_demo_answer *d = &twin->demo_answers[i];

		if (d->body && strcmp(d->key, key) == 0)
			return d;
	}
	return NULL;
}

static void keep(struct twin *twin, const char *key, int status, const char *body)
{
	struct twin_demo_answer *d = &twin->demo_answers[twin->demo_count % TWIN_MAX_DEMO_ANSWERS];

	if (!key || status >= 500) /* what failed may be asked again */
		return;
	free(d->body);
	(void)snprintf(d->key, sizeof d->key, "%s", key);
	d->status = status;
	d->body = mem_strdup(body);
}

void twin_demo_free(struct twin *twin)
{
	for (size_t i = 0; i < TWIN_MAX_DEMO_ANSWERS; i++)
		free(twin->demo_answers[i].body);
	free(twin->demo_next.body);
}

static int give(struct twin_call *call, int status, const char *body)
{
	buf_reset(call->out);
	(void)buf_adds(call->out, body);
	return status;
}

/* ---- lists ---- */

static int write_list(struct demo_request *rq, struct json_writer *w, const cJSON *items,
		      const cJSON *route, const char *name)
{
	const cJSON *m;
	int ret = 0;

	json_object(w, NULL);
	json_array(w, name);
	cJSON_ArrayForEach(m, items)
	{
		if (ret == 0 && twin_demo_item_fits(rq, m, json_get(route, "where")))
			ret = twin_demo_write(rq, w, NULL, m, false, 2);
	}
	json_end(w);
	json_end(w);
	return ret;
}

/* 0 written, 1 there is none, -1. */
static int write_item(struct demo_request *rq, struct json_writer *w, const cJSON *items,
		      const cJSON *route)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, items)
	{
		if (twin_demo_item_fits(rq, m, json_get(route, "where")))
			return twin_demo_write(rq, w, NULL, m, false, 1);
	}
	return 1;
}

/* ---- one route ---- */

static int write_answer(struct demo_request *rq, const cJSON *root, const cJSON *route, int *status)
{
	const char *list = json_text(route, "list", NULL), *item = json_text(route, "item", NULL);
	const cJSON *items = json_get(json_get(root, "data"), list ? list : item ? item : "");
	const cJSON *body = json_get(route, "body");
	struct json_writer w;
	int ret;

	json_begin(&w, rq->call->out);
	if ((list || item) && !cJSON_IsArray(items))
		return err_set(&rq->err, ERR_INPUT, "\"data\" has no list \"%.60s\"",
			       list ? list : item);
	if (list)
		return write_list(rq, &w, items, route, list);
	if (!item)
		return body ? twin_demo_write(rq, &w, NULL, body, false, 0) : 0;
	ret = write_item(rq, &w, items, route);
	if (ret == 1) {
		*status = 404;
		json_object(&w, NULL);
		json_add_text(&w, "error", "not_found");
		json_end(&w);
	}
	return ret < 0 ? -1 : 0;
}

static void wait_ms(struct twin *twin, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	if (ms <= 0 || twin->waiting >= TWIN_MAX_WAITING)
		return;
	twin->waiting++;
	while (clock_mono_ms() < until && !twin->stopping)
		(void)twin_wait_until(twin, until);
	twin->waiting--;
}

static int take_route(struct demo_request *rq, const cJSON *root, const cJSON *route)
{
	struct twin *twin = rq->call->twin;
	bool reads = strcmp(json_text(route, "method", "GET"), "GET") == 0;
	int64_t delay = json_int(route, "delay_ms", 0, NULL);
	int status = (int)json_int(route, "status", 200, NULL);

	if (status < 200 || status > 599)
		return fault(rq->call, "a route's \"status\" is a number from 200 to 599");
	wait_ms(twin, delay > DELAY_MAX_MS ? DELAY_MAX_MS : delay);
	twin->demo_count += !reads;
	twin_demo_prepare(rq);
	if (write_answer(rq, root, route, &status) < 0)
		return fault(rq->call, rq->err.text);
	if (!reads)
		keep(twin, key_of(rq->call), status, rq->call->out->data);
	return status;
}

/* Or NULL. */
static const cJSON *route_of(struct demo_request *rq, const cJSON *root)
{
	const cJSON *route;

	cJSON_ArrayForEach(route, json_get(root, "routes"))
	{
		if (twin_demo_route_fits(rq, route))
			return route;
	}
	return NULL;
}

static int give_next(struct twin_call *call)
{
	struct twin_demo_answer *d = &call->twin->demo_next;
	int status = give(call, d->status, d->body);

	call->twin->demo_count++;
	keep(call->twin, key_of(call), d->status, d->body);
	if (--d->times <= 0) {
		free(d->body);
		*d = (struct twin_demo_answer){ 0 };
	}
	return status;
}

static int answer_well(struct demo_request *rq, const cJSON *root, const cJSON *route)
{
	struct twin *twin = rq->call->twin;
	const struct twin_demo_answer *before = answered(twin, key_of(rq->call));

	if (before)
		return give(rq->call, before->status, before->body);
	if (twin->demo_next.body)
		return give_next(rq->call);
	if (route)
		return take_route(rq, root, route);
	return twin_refuse(rq->call, 404, "not_found", NULL, "no route of demo.json fits");
}

/* ---- the doors ---- */

static bool is_pack(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n > 0 && n <= 40 && !name[n];
}

/* The phone that the request is about: its address is the caller's X-Contact, or in the body. */
static const struct twin_phone *phone_of(const struct twin_call *call)
{
	const char *contact = webhook_header(call->hook, "X-Contact", NULL);

	for (size_t i = 0; i < TWIN_MAX_PHONES; i++) {
		const struct twin_phone *p = &call->twin->phones[i];

		if (p->used &&
		    ((contact && strcmp(contact, p->address) == 0) ||
		     (call->hook->body.n && memmem(call->hook->body.p, call->hook->body.n,
						   p->address, strlen(p->address)))))
			return p;
	}
	return NULL;
}

static void note(struct twin_call *call, const cJSON *route, int status)
{
	const char *name = json_text(route, "call", "");
	const struct twin_phone *phone = phone_of(call);

	if (*name && phone)
		twin_auth_note(call, name, phone->id, status);
}

static int answer(struct demo_request *rq, const cJSON *root)
{
	const cJSON *route = route_of(rq, root);
	bool heard;
	int status = twin_auth_spoil(rq->call, &heard);

	if (status < 0)
		status = answer_well(rq, root, route);
	if (heard)
		note(rq->call, route, status);
	return status;
}

static int read_and_answer(struct twin_call *call, const char *path)
{
	struct demo_request rq = { .call = call,
				   .path = arena_printf(&call->arena, "/%s", call->args[1]) };
	struct cJSON *in = NULL, *root = NULL;
	struct str text;
	int status;

	if (file_read(path, FILE_MAX, &call->arena, &text, &rq.err) < 0)
		return twin_refuse(call, 404, "not_found", NULL, "the pack has no demo.json");
	if (json_parse(text, &root, &rq.err) < 0)
		return fault(call, arena_printf(&call->arena, "%s: %s", path, rq.err.text));
	if (call->hook->body.n && json_parse(call->hook->body, &in, NULL) < 0) {
		status = twin_refuse(call, 400, "malformed", NULL, "the body is not JSON");
	} else {
		rq.in = in;
		status = answer(&rq, root);
	}
	json_free(&in);
	json_free(&root);
	return status;
}

int twin_demo(struct twin_call *call)
{
	if (!is_pack(call->args[0]) || !*call->twin->packs_dir)
		return twin_refuse(call, 404, "not_found", NULL, "no pack has this name");
	return read_and_answer(call, arena_printf(&call->arena, "%s/%s/demo.json",
						  call->twin->packs_dir, call->args[0]));
}

/* {"status", "body", "times"}: what the next requests to any demo API are answered, whatever they
 * ask. */
int twin_demo_next(struct twin_call *call)
{
	struct twin_demo_answer *d = &call->twin->demo_next;
	struct demo_request rq = { .call = call };
	struct cJSON *root = twin_body(call);
	const cJSON *body;
	struct json_writer w;
	int64_t status;

	if (!root)
		return 400;
	free(d->body);
	*d = (struct twin_demo_answer){ 0 };
	status = json_int(root, "status", 0, NULL);
	body = json_get(root, "body");
	if (strcmp(call->hook->method, "DELETE") != 0 && status >= 200 && status <= 599) {
		json_begin(&w, call->out);
		if (body && twin_demo_write(&rq, &w, NULL, body, true, 0) == 0) {
			d->status = (int)status;
			d->times = (int)json_int(root, "times", 1, NULL);
			d->body = mem_strdup(call->out->data);
		}
		buf_reset(call->out);
	}
	json_free(&root);
	if (!d->body && strcmp(call->hook->method, "DELETE") != 0)
		return twin_refuse(call, 400, "malformed", NULL,
				   "write {\"status\": 200, \"body\": {…}}");
	return 204;
}
