/*
 * phones.c - the people of the sandbox: numbers, names, who has joined.
 *
 * Who is here has joined the sandbox; a number that is not here has not
 * (63015). An id is the address without "whatsapp:" and "+", so it is safe in
 * a path and the same after a restart.
 */
#include "twin_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

enum { NAME_MAX_CHARS = 60 };

/* ---- finding ---- */

void twin_phone_id(const char *address, char id_out[TWIN_ID_SIZE])
{
	if (strncmp(address, "whatsapp:", 9) == 0)
		address += 9;
	if (*address == '+')
		address++;
	(void)snprintf(id_out, TWIN_ID_SIZE, "%s", address);
}

struct twin_phone *twin_phone_find(struct twin *twin, const char *id)
{
	for (size_t i = 0; i < TWIN_MAX_PHONES; i++)
		if (twin->phones[i].used && strcmp(twin->phones[i].id, id) == 0)
			return &twin->phones[i];
	return NULL;
}

struct twin_phone *twin_phone_by_address(struct twin *twin, const char *address)
{
	char id[TWIN_ID_SIZE];

	twin_phone_id(address, id);
	return strncmp(address, "whatsapp:", 9) == 0 ? twin_phone_find(twin, id) : NULL;
}

static struct twin_phone *phone_of(struct twin_call *call)
{
	struct twin_phone *phone = twin_phone_find(call->twin, call->args[0]);

	if (!phone)
		(void)twin_refuse(call, 404, "no_such_phone", NULL,
				  "there is no phone with this id");
	return phone;
}

/* ---- showing ---- */

void twin_phone_write(const struct twin_phone *phone, struct json_writer *w, const char *key)
{
	json_object(w, key);
	json_add_text(w, "id", phone->id);
	json_add_text(w, "address", phone->address);
	json_add_text(w, "number", phone->number);
	json_add_text(w, "profile_name", phone->profile_name);
	json_add_bool(w, "joined", true);
	json_add_bool(w, "opted_out", phone->opted_out);
	json_add_int(w, "window_until_ms",
		     phone->last_in_ms ? phone->last_in_ms + TWIN_WINDOW_MS : 0);
	json_end(w);
}

static int show(struct twin_call *call, const struct twin_phone *phone, int status)
{
	struct json_writer w;

	json_begin(&w, call->out);
	twin_phone_write(phone, &w, NULL);
	return status;
}

void twin_phone_publish(struct twin *twin, const struct twin_phone *phone)
{
	struct json_writer w;
	struct buf data;

	buf_init(&data, 8192);
	json_begin(&w, &data);
	twin_phone_write(phone, &w, NULL);
	(void)twin_event_add(twin, "phone", mem_strdup(data.data));
	buf_free(&data);
}

/* An event about a phone: {"phone":id} and, for typing, "on". */
static void publish_word(struct twin *twin, const char *type, const char *id, int on)
{
	struct json_writer w;
	struct buf data;

	buf_init(&data, 1024);
	json_begin(&w, &data);
	json_object(&w, NULL);
	json_add_text(&w, "phone", id);
	if (on >= 0)
		json_add_bool(&w, "on", on);
	json_end(&w);
	(void)twin_event_add(twin, type, mem_strdup(data.data));
	buf_free(&data);
}

void twin_phone_typing(struct twin *twin, const char *id, int change)
{
	struct twin_phone *phone = twin_phone_find(twin, id);
	bool was;

	if (!phone)
		return;
	was = phone->typing > 0;
	if (change > 0)
		phone->typing++;
	else if (was)
		phone->typing--;
	if (was != (phone->typing > 0))
		publish_word(twin, "typing", id, phone->typing > 0);
}

/* ---- making ---- */

/* "+919876543210", as typed with blanks and dashes; false: no such number. */
static bool tidy_number(const char *given, char out[20])
{
	size_t n = 1;

	out[0] = '+';
	for (given += *given == '+'; *given; given++) {
		if (strchr(" -().", *given))
			continue;
		if (*given < '0' || *given > '9' || n > 15)
			return false;
		out[n++] = *given;
	}
	out[n] = '\0';
	return n >= 8 && out[1] != '0';
}

static void make_number(struct twin *twin, char out[20])
{
	char id[TWIN_ID_SIZE];

	do {
		(void)snprintf(out, 20, "+9198%08u", (unsigned)(id_random_u64() % 100000000));
		twin_phone_id(out, id);
	} while (twin_phone_find(twin, id));
}

static struct twin_phone *free_place(struct twin *twin)
{
	for (size_t i = 0; i < TWIN_MAX_PHONES; i++)
		if (!twin->phones[i].used)
			return &twin->phones[i];
	return NULL;
}

static void set_name(struct twin_phone *phone, const char *name)
{
	(void)snprintf(phone->profile_name, sizeof phone->profile_name, "%s", name);
}

static int check_name(struct twin_call *call, const char *name)
{
	if (text_chars(str_of(name)) > NAME_MAX_CHARS)
		return twin_refuse(call, 400, "too_long", "profile_name",
				   "a profile name has at most 60 characters");
	return 0;
}

static struct twin_phone *add_phone(struct twin *twin, struct twin_phone *phone, const char *number,
				    bool hidden)
{
	*phone = (struct twin_phone){ .used = true, .order = ++twin->phones_made };
	(void)snprintf(phone->bsuid, sizeof phone->bsuid, "IN.%018llu",
		       (unsigned long long)(id_random_u64() % 1000000000000000000ULL));
	if (!hidden)
		(void)snprintf(phone->number, sizeof phone->number, "%s", number);
	(void)snprintf(phone->address, sizeof phone->address, "whatsapp:%s",
		       hidden ? phone->bsuid : phone->number);
	twin_phone_id(phone->address, phone->id);
	return phone;
}

static int create(struct twin_call *call, const char *given, const char *name, bool hidden)
{
	struct twin *twin = call->twin;
	struct twin_phone *phone;
	char number[20] = "";
	char id[TWIN_ID_SIZE];

	if (check_name(call, name))
		return 400;
	if (given && *given && !hidden && !tidy_number(given, number))
		return twin_refuse(call, 400, "malformed", "number",
				   "write a number such as +919876543210");
	if (*number) {
		twin_phone_id(number, id);
		phone = twin_phone_find(twin, id);
		if (phone)
			return show(call, phone, 200);
	}
	phone = free_place(twin);
	if (!phone)
		return twin_refuse(call, 409, "too_many", NULL, "there are 64 phones; remove one");
	if (!*number)
		make_number(twin, number);
	phone = add_phone(twin, phone, number, hidden);
	if (*name)
		set_name(phone, name);
	else
		(void)snprintf(phone->profile_name, sizeof phone->profile_name, "Person %u",
			       phone->order);
	twin_phone_publish(twin, phone);
	return show(call, phone, 201);
}

int twin_phones_create(struct twin_call *call)
{
	struct cJSON *root = twin_body(call);
	int status;

	if (!root)
		return 400;
	status = create(call, json_text(root, "number", NULL), json_text(root, "profile_name", ""),
			json_bool(root, "bsuid", false));
	json_free(&root);
	return status;
}

/* ---- changing ---- */

/* The whole message, any case: what Twilio itself listens for. "CANCEL", "END" and "YES" are left
 * out: here they are answers of conversations. */
void twin_phone_hear(struct twin_phone *phone, const char *text)
{
	static const char *const words[] = { "STOP", "STOPALL", "UNSUBSCRIBE", "START", "UNSTOP" };
	enum { FIRST_OF_START = 3 };
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strcspn(text, " \t\r\n");
	if (text[n + strspn(text + n, " \t\r\n")])
		return; /* more than one word */
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == n && strncasecmp(words[i], text, n) == 0)
			phone->opted_out = i < FIRST_OF_START;
}

static void hide_messages(struct twin *twin, const char *id)
{
	size_t kept = twin_messages_kept(twin);

	for (size_t i = 0; i < kept; i++)
		if (strcmp(twin_message_at(twin, i)->phone, id) == 0)
			twin_message_at(twin, i)->hidden = true;
}

int twin_phones_delete(struct twin_call *call)
{
	struct twin_phone *phone = phone_of(call);

	if (!phone)
		return 404;
	phone->used = false;
	hide_messages(call->twin, call->args[0]);
	publish_word(call->twin, "removed", call->args[0], -1);
	return 204;
}

int twin_phones_patch(struct twin_call *call)
{
	struct twin_phone *phone = phone_of(call);
	struct cJSON *root;
	const char *name;

	if (!phone)
		return 404;
	root = twin_body(call);
	if (!root)
		return 400;
	name = json_text(root, "profile_name", phone->profile_name);
	if (check_name(call, name)) {
		json_free(&root);
		return 400;
	}
	if (name != phone->profile_name)
		set_name(phone, name);
	phone->opted_out = json_bool(root, "opted_out", phone->opted_out);
	json_free(&root);
	twin_phone_publish(call->twin, phone);
	return show(call, phone, 200);
}

int twin_phones_read(struct twin_call *call)
{
	struct twin *twin = call->twin;
	struct twin_phone *phone = phone_of(call);
	struct json_writer w;
	int64_t count = 0;

	if (!phone)
		return 404;
	for (size_t i = twin_messages_kept(twin); i-- > 0;) {
		struct twin_message *m = twin_message_at(twin, i);

		if (m->direction == TWIN_OUT && m->status == TWIN_DELIVERED &&
		    strcmp(m->phone, phone->id) == 0) {
			twin_status_set(twin, m, TWIN_READ, 0);
			count++;
		}
	}
	json_begin(&w, call->out);
	json_object(&w, NULL);
	json_add_int(&w, "read", count);
	json_end(&w);
	return 200;
}

int twin_phones_clear(struct twin_call *call)
{
	if (!phone_of(call))
		return 404;
	hide_messages(call->twin, call->args[0]);
	publish_word(call->twin, "cleared", call->args[0], -1);
	return 204;
}
