/*
 * twin_private.h - what the files of twin/ share.
 */
#ifndef SAMVAD_TWIN_PRIVATE_H
#define SAMVAD_TWIN_PRIVATE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/form.h"
#include "base/id.h"
#include "model/contact.h"
#include "twin.h"

enum { TWIN_MAX_KEPT = 1000, TWIN_SID_SIZE = 35, TWIN_MAX_BODY = 1600 };

struct twin_message {
	char sid[TWIN_SID_SIZE];
	char to[CONTACT_MAX + 1];
	char from[CONTACT_MAX + 1];
	char *body; /* owned */
	int64_t created_ms;
};

enum { TWIN_PHONE_MAX = 16, TWIN_KEY_MAX = 128 };

struct twin_sms {
	uint64_t number; /* counts from 1 */
	char phone[TWIN_PHONE_MAX + 1];
	char otp[7];
	char key[TWIN_KEY_MAX + 1]; /* Idempotency-Key, "" when none came */
	int64_t sent_ms;
};

/* Both lists are rings: the oldest goes when they are full. */
struct twin {
	pthread_mutex_t lock;
	char *account_sid;
	char *auth_tokens; /* "new,old" */
	const struct clock *clock;
	struct twin_message messages[TWIN_MAX_KEPT];
	size_t message_count; /* ever made; the newest is at (message_count - 1) % TWIN_MAX_KEPT */
	struct twin_sms sms[TWIN_MAX_KEPT];
	size_t sms_count;
};

/* One request, taken apart. */
struct twin_call {
	struct twin *twin;
	const struct webhook *hook;
	const char *path; /* without "/sandbox" and without query */
	struct form query;
	struct arena arena;
	struct buf *out;
};

/* Each returns the HTTP status and has written JSON. The lock is held. */
int twin_auth_answer(struct twin_call *call);
int twin_messages_answer(struct twin_call *call);
/* An error as Twilio writes it. */
int twin_error(struct buf *out, int status, int code, const char *message);

#endif
