/*
 * broadcast_private.h - what the files of `samvad broadcast` share.
 */
#ifndef SAMVAD_COMMAND_BROADCAST_PRIVATE_H
#define SAMVAD_COMMAND_BROADCAST_PRIVATE_H

#include <stdint.h>

#include "command_private.h"
#include "template.h"

/* An answer as a tree, 0; an error is said instead. */
int client_read_answer(const struct command *self, struct client *cl, int status, struct str body,
		       struct value **value_out);
/* Asks as an admin. 0 with the answer's tree, valid until the next question; or the exit status,
 * when what is wrong has been said. */
int client_ask_admin(const struct command *self, struct client *cl, const char *method,
		     const char *path, const char *json, const struct value **value_out);
/* client_text as a number. */
int64_t client_int(const struct value *object, const char *name);

/* Prints one broadcast's progress as lines. */
void client_print_broadcast(const struct value *b);
/* A bar, until nothing moves any more: done, cancelled or paused. path as the server has it. Exit
 * status. */
int client_watch_broadcast(const struct command *self, struct client *cl, const char *path);

#endif
