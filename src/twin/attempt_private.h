/*
 * attempt_private.h - one signed request of Twilio's to the program, and how it is shown.
 */
#ifndef SAMVAD_TWIN_ATTEMPT_PRIVATE_H
#define SAMVAD_TWIN_ATTEMPT_PRIVATE_H

#include "twin_private.h"

struct attempt {	 /* freed with attempt_free */
	const char *url; /* borrowed */
	const char *method;
	struct buf form;
	char signature[29];
	char token[40]; /* I-Twilio-Idempotency-Token */
	struct twin_got got;
	bool ended; /* there is an outcome */
	/* what is to be said about it */
	const char *verdict;
	int code;
	char why[256];
};

void attempt_init(struct attempt *at, const char *url, const char *method);
void attempt_free(struct attempt *at);
/* Signs and sends the form. False: the twin closes. Without the lock. */
bool attempt_perform(struct twin *twin, struct attempt *at);
/* Verdict of the exchange alone: "ok" when an answer with 2xx came. */
void attempt_judge(struct attempt *at);
/* A header of the answer, copied into the arena; NULL. */
const char *attempt_header(const struct attempt *at, const char *name, struct arena *a);
/* The attempt as the inspector shows it; to be freed. */
char *attempt_show(const struct attempt *at);

#endif
