/*
 * serve_private.h - the rooms of a running server, and the order of their doors.
 */
#ifndef SAMVAD_SERVE_PRIVATE_H
#define SAMVAD_SERVE_PRIVATE_H

#include "admin.h"
#include "base/clock.h"
#include "base/seal.h"
#include "broadcast.h"
#include "channel.h"
#include "command_private.h"
#include "conversation.h"
#include "integration.h"
#include "outbox.h"
#include "store.h"
#include "twin.h"
#include "web.h"

struct server { /* zeroed = nothing open */
	struct config config;
	struct arena arena;
	struct clock clock;
	struct identity identity;
	struct seal_ring *ring;
	struct store *store;
	struct net *net;
	struct channel *channel;
	struct outbox *outbox;
	struct integration *integration;
	struct conversation *conversation;
	const struct value *env; /* what a pack may know of the settings */
	struct broadcaster *broadcaster;
	struct admin *admin;
	struct twin *twin;
	struct web *web;
};

/* Opens every room, lowest first. The config is loaded and checked already. On -1
 * what is open stays so, for server_close. */
int server_open(struct server *s, struct err *err);
/* Closes in the opposite order; what is under way gets a few seconds. */
void server_close(struct server *s);
/* Loads the configured bot; faults go to `say`. */
int server_load_bot(const struct config *c, void (*say)(const char *fault), struct bot **bot_out,
		    struct err *err);

#endif
