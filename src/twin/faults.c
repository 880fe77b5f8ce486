/*
 * faults.c - what shall go wrong, set by the page or a test.
 */
#include "twin_private.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "messages_private.h"

static const char *const auth_words[] = { "ok",	 "400",	      "422",  "429", "500",
					  "503", "malformed", "slow", "hang" };
static const char *const rest_words[] = { "ok", "429", "500", "503", "hang", "lost" };
static const char *const callback_words[] = { "ok", "lost", "reordered", "doubled", "mixed" };

void twin_faults_init(struct twin_faults *f)
{
	*f = (struct twin_faults){
		.duplicate = 1, .rest_every = 1, .refused_every = 1, .undelivered_every = 1
	};
}

void twin_faults_write(const struct twin_faults *f, struct json_writer *w, const char *key)
{
	json_object(w, key);
	json_add_int(w, "duplicate", f->duplicate);
	json_add_int(w, "delay_ms", f->delay_ms);
	json_add_bool(w, "reorder", f->reorder);
	json_add_int(w, "drop_answer", f->drop_answer);
	json_add_text(w, "auth", auth_words[f->auth]);
	json_add_int(w, "auth_delay_ms", f->auth_delay_ms);
	json_add_text(w, "rest", rest_words[f->rest]);
	json_add_int(w, "rest_times", f->rest_times);
	json_add_int(w, "rest_every", f->rest_every);
	json_add_int(w, "refused_code", f->refused_code);
	json_add_int(w, "refused_every", f->refused_every);
	json_add_int(w, "undelivered_code", f->undelivered_code);
	json_add_int(w, "undelivered_every", f->undelivered_every);
	json_add_text(w, "callbacks", callback_words[f->callbacks]);
	json_add_bool(w, "sandbox_rate", f->sandbox_rate);
	json_end(w);
}

bool twin_fault_hits(uint64_t *seen, int every)
{
	return ++*seen % (uint64_t)every == 0;
}

/* ---- reading ---- */

struct reading {
	const cJSON *root;
	const char *bad; /* the first member that is wrong */
	size_t known;
};

static const cJSON *member(struct reading *r, const char *name)
{
	const cJSON *item = json_get(r->root, name);

	r->known += item != NULL;
	return item;
}

static void read_int(struct reading *r, const char *name, int min, int max, int *out)
{
	bool ok = true;
	int64_t n = json_int(r->root, name, *out, &ok);

	(void)member(r, name);
	if (!ok || n < min || n > max)
		r->bad = r->bad ? r->bad : name;
	else
		*out = (int)n;
}

static void read_bool(struct reading *r, const char *name, bool *out)
{
	const cJSON *item = member(r, name);

	if (item && !cJSON_IsBool(item))
		r->bad = r->bad ? r->bad : name;
	else if (item)
		*out = cJSON_IsTrue(item);
}

static void read_word(struct reading *r, const char *name, const char *const *words, int count,
		      int *out)
{
	const cJSON *item = member(r, name);

	if (!item)
		return;
	for (int i = 0; cJSON_IsString(item) && i < count; i++) {
		if (strcmp(item->valuestring, words[i]) == 0) {
			*out = i;
			return;
		}
	}
	r->bad = r->bad ? r->bad : name;
}

/* A code that the API answers with at once, or 0. */
static bool can_refuse(int code)
{
	const struct twin_code *known = twin_code_find(code);

	return code == 0 || (known && known->status == 400);
}

static void read_all(struct reading *r, struct twin_faults *f)
{
	int auth = f->auth, rest = f->rest, callbacks = f->callbacks;

	read_int(r, "duplicate", 1, 20, &f->duplicate);
	read_int(r, "delay_ms", 0, 600000, &f->delay_ms);
	read_bool(r, "reorder", &f->reorder);
	read_int(r, "drop_answer", 0, 1000, &f->drop_answer);
	read_word(r, "auth", auth_words, AUTH_FAULTS, &auth);
	read_int(r, "auth_delay_ms", 0, 60000, &f->auth_delay_ms);
	read_word(r, "rest", rest_words, REST_FAULTS, &rest);
	read_int(r, "rest_times", 0, 1000000, &f->rest_times);
	read_int(r, "rest_every", 1, 1000000, &f->rest_every);
	read_int(r, "refused_code", 0, 99999, &f->refused_code);
	read_int(r, "refused_every", 1, 1000000, &f->refused_every);
	read_int(r, "undelivered_code", 0, 99999, &f->undelivered_code);
	read_int(r, "undelivered_every", 1, 1000000, &f->undelivered_every);
	read_word(r, "callbacks", callback_words, CALLBACKS_FAULTS, &callbacks);
	read_bool(r, "sandbox_rate", &f->sandbox_rate);
	if (!can_refuse(f->refused_code))
		r->bad = r->bad ? r->bad : "refused_code";
	f->auth = (enum twin_auth_fault)auth;
	f->rest = (enum twin_rest_fault)rest;
	f->callbacks = (enum twin_callback_fault)callbacks;
}

static void publish(struct twin *twin)
{
	struct json_writer w;
	struct buf data;

	buf_init(&data, 1024);
	json_begin(&w, &data);
	twin_faults_write(&twin->faults, &w, NULL);
	(void)twin_event_add(twin, "faults", mem_strdup(data.data));
	buf_free(&data);
}

int twin_faults_get(struct twin_call *call)
{
	struct json_writer w;

	json_begin(&w, call->out);
	twin_faults_write(&call->twin->faults, &w, NULL);
	return 200;
}

int twin_faults_put(struct twin_call *call)
{
	struct twin_faults f = call->twin->faults;
	struct cJSON *root = twin_body(call);
	struct reading r = { .root = root };
	size_t given;

	if (!root)
		return 400;
	read_all(&r, &f);
	given = cJSON_IsObject(root) ? (size_t)cJSON_GetArraySize(root) : r.known + 1;
	json_free(&root);
	if (r.bad)
		return twin_refuse(call, 400, "malformed", r.bad,
				   "not one of the values that src/twin/API.md names");
	if (given != r.known)
		return twin_refuse(call, 400, "unknown_member", NULL,
				   "one member is no fault; src/twin/API.md names them all");
	call->twin->faults = f;
	publish(call->twin);
	return twin_faults_get(call);
}

int twin_faults_delete(struct twin_call *call)
{
	twin_faults_init(&call->twin->faults);
	publish(call->twin);
	return twin_faults_get(call);
}
