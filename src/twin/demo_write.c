/*
 * demo_write.c - answers of a demo API: values of the file, their texts rendered from the
 * request.
 */
#include "demo_private.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "template.h"

enum { DATA_MAX = 262144, TEXT_MAX = 16384, DAYS = 30, DAY_MS = 86400000 };

/* {{day.3}}: the day in three days; {{ago.2}}: before two. */
static void add_days(struct json_writer *w, const char *key, int64_t now_ms, int sign)
{
	json_object(w, key);
	for (int i = 0; i <= DAYS; i++) {
		char name[8], iso[25];

		(void)snprintf(name, sizeof name, "%d", i);
		clock_format_iso(now_ms + (int64_t)sign * i * DAY_MS, iso);
		iso[10] = '\0';
		json_add_text(w, name, iso);
	}
	json_end(w);
}

/* {{header.x-contact}}: headers of the caller's own making; others may be secrets. */
static void add_headers(struct demo_request *rq, struct json_writer *w)
{
	const struct webhook *hook = rq->call->hook;

	json_object(w, "header");
	for (size_t i = 0; i < hook->header_count; i++) {
		const struct webhook_header *h = &hook->headers[i];
		char *name = arena_strdup(&rq->call->arena, h->name);

		for (char *c = name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (name[0] == 'x' && name[1] == '-' &&
		    webhook_header(hook, h->name, NULL) == h->value)
			json_add_text(w, name, h->value);
	}
	json_end(w);
}

void twin_demo_prepare(struct demo_request *rq)
{
	struct twin *twin = rq->call->twin;
	int64_t now = clock_now_ms(twin->clock);
	struct json_writer w;
	struct buf out;
	char iso[25];

	buf_init(&out, DATA_MAX);
	json_begin(&w, &out);
	json_object(&w, NULL);
	json_object(&w, "path");
	for (size_t i = 0; i < rq->segment_count; i++)
		json_add_text(&w, rq->segments[i].name, rq->segments[i].text);
	json_end(&w);
	json_object(&w, "query");
	for (size_t i = 0; i < rq->call->query.count; i++) {
		const struct form_field *f = &rq->call->query.fields[i];
		const char *name = arena_strndup(&rq->call->arena, f->name.p, f->name.n);

		if (form_get(&rq->call->query, name).p == f->value.p) /* the first of a name */
			json_add_str(&w, name, f->value);
	}
	json_end(&w);
	add_headers(rq, &w);
	if (rq->in)
		(void)twin_demo_write(rq, &w, "body", rq->in, true, 0);
	json_add_int(&w, "counter", (int64_t)twin->demo_count);
	clock_format_iso(now, iso);
	json_add_text(&w, "now", iso);
	add_days(&w, "day", now, 1);
	add_days(&w, "ago", now, -1);
	json_end(&w);
	rq->data = (struct str){ arena_strndup(&rq->call->arena, out.data, out.len), out.len };
	buf_free(&out);
}

/* Texts of the file include nothing. */
static int find_nothing(void *arg, const char *name, struct str *text_out, struct err *err)
{
	(void)arg; /* as the door is */
	(void)name;
	(void)text_out;
	(void)err;
	return 0;
}

/* Renders one text of the file; NULL and rq->err when it cannot be. */
static const char *render(struct demo_request *rq, const char *text)
{
	static const enum template_escape raw = TEMPLATE_RAW;
	static const struct template_finder finder = { find_nothing, NULL };
	struct buf out;
	const char *result = NULL;

	if (!strstr(text, "{{"))
		return text;
	buf_init(&out, TEXT_MAX);
	if (template_render_once("demo.json", str_of(text), &raw, &finder, rq->data, &out,
				 &rq->err) == 0)
		result = arena_strndup(&rq->call->arena, out.data, out.len);
	buf_free(&out);
	return result;
}

static int write_inside(struct demo_request *rq, struct json_writer *w, const cJSON *value,
			bool raw, unsigned depth)
{
	const cJSON *m;
	int ret = 0;

	cJSON_ArrayForEach(m, value)
	{
		if (ret == 0)
			ret = twin_demo_write(rq, w, m->string, m, raw, depth + 1);
	}
	json_end(w);
	return ret;
}

static int write_text(struct demo_request *rq, struct json_writer *w, const char *key,
		      const char *text, bool raw)
{
	if (!raw)
		text = render(rq, text);
	if (!text)
		return -1;
	json_add_text(w, key, text);
	return 0;
}

int twin_demo_write(struct demo_request *rq, struct json_writer *w, const char *key,
		    const cJSON *value, bool raw, unsigned depth)
{
	if (depth > DEMO_MAX_DEPTH)
		return err_set(&rq->err, ERR_INPUT, "deeper than %d", DEMO_MAX_DEPTH);
	if (cJSON_IsString(value))
		return write_text(rq, w, key, value->valuestring, raw);
	if (cJSON_IsObject(value)) {
		json_object(w, key);
		return write_inside(rq, w, value, raw, depth);
	}
	if (cJSON_IsArray(value)) {
		json_array(w, key);
		return write_inside(rq, w, value, raw, depth);
	}
	if (cJSON_IsNumber(value))
		json_add_real(w, key, value->valuedouble);
	else if (cJSON_IsBool(value))
		json_add_bool(w, key, cJSON_IsTrue(value));
	else
		json_add_null(w, key);
	return 0;
}

bool twin_demo_item_fits(struct demo_request *rq, const cJSON *item, const cJSON *where)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, where)
	{
		const char *want = cJSON_IsString(m) ? render(rq, m->valuestring) : NULL;
		const char *got = json_text(item, m->string, NULL);

		if (!want || !got || (strcmp(got, "*") != 0 && strcmp(got, want) != 0))
			return false;
	}
	return true;
}
