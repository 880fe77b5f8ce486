/*
 * content.c - the three content templates that Twilio's WhatsApp sandbox offers to everybody.
 *
 * Their words are ours. A template of somebody's own account, which the twin
 * cannot know, is shown by its id and variables.
 */
#include "messages_private.h"

#include <string.h>

#include <cjson/cJSON.h>

static const struct twin_content contents[] = {
	{ "HX00000000000000000000000000000001",
	  "Your appointment is on {{1}} at {{2}}.",
	  { { "confirm", "Confirm" }, { "cancel", "Cancel" } },
	  2 },
	{ "HX00000000000000000000000000000002",
	  "Your order {{1}} is on its way and should arrive by {{2}}.",
	  { { "", "" } },
	  0 },
	{ "HX00000000000000000000000000000003",
	  "{{1}} is your verification code.",
	  { { "", "" } },
	  0 },
};

const struct twin_content *twin_content_find(const char *sid)
{
	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++)
		if (strcmp(contents[i].sid, sid) == 0)
			return &contents[i];
	return NULL;
}

static void render(const char *body, const cJSON *variables, struct buf *out)
{
	const char *open;

	while ((open = strstr(body, "{{"))) {
		const char *close = strstr(open, "}}");
		char name[17] = "";

		if (!close || close - open - 2 > 16)
			break;
		(void)buf_add(out, body, (size_t)(open - body));
		memcpy(name, open + 2, (size_t)(close - open - 2));
		(void)buf_adds(out, json_text(variables, name, ""));
		body = close + 2;
	}
	(void)buf_adds(out, body);
}

static void name_it(const char *sid, const cJSON *variables, struct buf *out)
{
	const cJSON *item;

	(void)buf_addf(out, "[template %.34s]", sid);
	cJSON_ArrayForEach(item, variables)
	{
		(void)buf_addf(out, "\n{{%.16s}} = %.1600s", item->string, item->valuestring);
	}
}

int twin_content_render(const struct twin_content *content, const char *sid, const char *variables,
			struct buf *out)
{
	struct cJSON *root = NULL;
	const cJSON *item;
	bool bad;

	if (*variables && json_parse(str_of(variables), &root, NULL) < 0)
		return -1;
	bad = root && !cJSON_IsObject(root);
	cJSON_ArrayForEach(item, root)
	{
		bad |= !cJSON_IsString(item);
	}
	if (!bad && content)
		render(content->body, root, out);
	else if (!bad)
		name_it(sid, root, out);
	json_free(&root);
	return bad ? -1 : 0;
}
