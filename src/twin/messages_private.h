/*
 * messages_private.h - what the files of Twilio's Messages resource share.
 */
#ifndef SAMVAD_TWIN_MESSAGES_PRIVATE_H
#define SAMVAD_TWIN_MESSAGES_PRIVATE_H

#include "twin_private.h"

struct twin_code {
	int code;
	int status; /* HTTP, when it is in the answer to a request; 0: it comes by callback only */
	const char *message;
};
extern const struct twin_code twin_codes[];
extern const size_t twin_code_count;
/* NULL when the twin does not know it. */
const struct twin_code *twin_code_find(int code);
/* Answers with this code of the table. */
int twin_rest_error(struct twin_call *call, int code);

/* A message as the REST API shows it (4.2 of Twilio's description). */
void twin_resource_write(struct twin_call *call, struct json_writer *w,
			 const struct twin_message *m);

int twin_rest_create(struct twin_call *call);
int twin_rest_list(struct twin_call *call);

/* The content templates that every sandbox has; NULL: not one of them. */
struct twin_content {
	const char *sid;
	const char *body;
	struct twin_button buttons[TWIN_MAX_BUTTONS];
	size_t button_count;
};
const struct twin_content *twin_content_find(const char *sid);
/* The body with its {{1}} replaced; -1: the variables are no JSON object of texts. `content` NULL:
 * a template that the twin does not have, shown by its name and variables. */
int twin_content_render(const struct twin_content *content, const char *sid, const char *variables,
			struct buf *out);

#endif
