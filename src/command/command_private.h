/*
 * command_private.h - what the verbs share: the table's row, options, the local server as a client.
 */
#ifndef SAMVAD_COMMAND_PRIVATE_H
#define SAMVAD_COMMAND_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config.h"
#include "net.h"

enum { EXIT_OK = 0, EXIT_FAULT = 1, EXIT_USAGE = 2 };

struct value;

struct command {
	const char *name;
	int (*run)(const struct command *self, int argc, char **argv); /* argv[0] is the verb */
	const char *usage;   /* "send [--to NUMBER] FROM TEXT" */
	const char *summary; /* one line */
	const char *details; /* further lines, each ended; or "" */
};

int run_serve(const struct command *self, int argc, char **argv);
int run_check(const struct command *self, int argc, char **argv);
int run_draw(const struct command *self, int argc, char **argv);
int run_test(const struct command *self, int argc, char **argv);
int run_chat(const struct command *self, int argc, char **argv);
int run_send(const struct command *self, int argc, char **argv);
int run_health(const struct command *self, int argc, char **argv);
int run_show(const struct command *self, int argc, char **argv);
int run_sign(const struct command *self, int argc, char **argv);
int run_verify(const struct command *self, int argc, char **argv);
int run_broadcast(const struct command *self, int argc, char **argv);
int run_render(const struct command *self, int argc, char **argv);
int run_version(const struct command *self, int argc, char **argv);

/* ---- tool.c: options and words to people ---- */

struct command_option {
	const char *name;   /* "--to" */
	const char **value; /* takes one, as "--to X" or "--to=X" */
	bool *flag;	    /* or: takes none */
};
enum { COMMAND_MAX_ARGUMENTS = 64 };
struct command_arguments {
	const char *list[COMMAND_MAX_ARGUMENTS];
	size_t count;
};
/* Takes options from argv; what is left goes to `rest`. Returns 0, or EXIT_USAGE when said so. */
int command_options(const struct command *self, int argc, char **argv,
		    const struct command_option *options, size_t count,
		    struct command_arguments *rest);
/* Prints what is wrong and the usage line; returns EXIT_USAGE. */
int command_misused(const struct command *self, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Prints "samvad VERB: text"; returns EXIT_FAULT. */
int command_failed(const struct command *self, const struct err *err);
/* Reads standard input up to max bytes; one line break at the end is dropped. */
int command_read_input(struct buf *out, struct err *err);

/* ---- identity.c: whose webhooks these are ---- */

struct identity { /* in the caller's arena */
	const char *account_sid;
	const char *auth_tokens; /* "new,old" */
	const char *sign_token;	 /* the first of them */
};
/* The configured account; in a sandbox without one, DATA_DIR/sandbox.json, made when `create`. */
int identity_load(const struct config *c, bool create, struct arena *a, struct identity *id_out,
		  struct err *err);
/* The text of the key ring: SESSION_KEYS, or DATA_DIR/session.keys, made once. */
int identity_keys(const struct config *c, struct arena *a, const char **keys_out, struct err *err);

/* ---- client.c: speaking with the running server ---- */

struct client {
	struct config config;
	struct identity identity;
	struct arena arena;
	struct arena scratch; /* the last answer */
	struct net *net;
	const char *base;    /* http://127.0.0.1:5000 */
	const char *webhook; /* the webhook's URL as it is signed */
};
/* With `account` also finds out who signs. */
int client_open(struct client *cl, bool account, struct err *err);
/* A server elsewhere, by its address; without settings or account. */
int client_open_at(struct client *cl, const char *url, struct err *err);
void client_close(struct client *cl);
/* -1: no answer. The body is valid until the next call. */
int client_get(struct client *cl, const char *url, bool as_account, int *status_out,
	       struct str *body_out, struct err *err);
/* Any method on a path of the server's own; json may be NULL. As above. */
int client_ask(struct client *cl, const char *method, const char *path, const char *json,
	       int *status_out, struct str *body_out, struct err *err);
/* Posts JSON to a path of the server's own; as above. */
int client_post(struct client *cl, const char *path, const char *json, int *status_out,
		struct str *body_out, struct err *err);

/* The same with the admin token of the settings, and with an Idempotency-Key (or NULL). -1 also
 * when there is no token. */
int client_admin(struct client *cl, const char *method, const char *path, const char *json,
		 const char *key, int *status_out, struct str *body_out, struct err *err);
/* Tells what the sandbox answered instead of doing it; returns -1. */
int client_sandbox_refused(int status, struct str body, struct err *err);
/* A member of an answer's object as text; "" when there is none. */
const char *client_text(const struct value *object, const char *name);

struct client_message {
	const char *from; /* whatsapp:+91… */
	const char *to;
	const char *sid;
	const char *text;
};
/* "whatsapp:" before a bare number; NULL: not an address. */
const char *client_address(struct client *cl, const char *given);
/* Signs, posts, gives the answer's body, valid until the next call. -1 also when the status is not
 * 200. */
int client_send(struct client *cl, const struct client_message *m, struct str *twiml_out,
		struct err *err);

/* ---- chat_record.c: a conversation in the terminal as a .chat file ---- */

/* Before anything is said: -1 when there is such a file, or none can be made. */
int chat_record_check(const char *path, struct err *err);
/* Writes all that was said on this phone of the twin's. */
int chat_record(struct client *cl, const char *phone_id, const char *path, struct err *err);

/* ---- twiml.c ---- */

enum { TWIML_MAX_TEXTS = 16 };
/* The texts of the <Message> elements, entities decoded, in the arena. */
size_t twiml_texts(const char *xml, struct arena *a, const char *texts_out[TWIML_MAX_TEXTS]);

#endif
