/*
 * redis_cluster_private.h - a Redis Cluster: which node keeps which key, and commands on the way.
 *
 *   redis_cluster_map.c   pure: slots of keys, the map and redirections as the server writes them
 *   redis_cluster.c       the nodes, the map in use, and the thread that keeps it fresh
 *   redis_route.c         a batch taken apart by nodes, redirected, and put together again
 */
#ifndef SAMVAD_STORE_REDIS_CLUSTER_PRIVATE_H
#define SAMVAD_STORE_REDIS_CLUSTER_PRIVATE_H

#include "redis_link_private.h"

/* ---- pure (redis_cluster_map.c) ---- */

enum { REDIS_SLOTS = 16384, REDIS_NO_SLOT = -1 };

unsigned redis_slot_of_key(struct str key);
/* By its (first) key; REDIS_NO_SLOT when it has none. */
int redis_slot_of_command(const struct redis_command *c);

struct redis_range { /* consecutive slots of one master */
	unsigned first, last;
	struct redis_place place;
};

/* CLUSTER SLOTS, as `asked` (its host) has answered it. Into the arena. -1 ERR_TEMP. */
int redis_ranges_read(const redisReply *reply, const char *asked, struct arena *a,
		      struct redis_range **ranges_out, size_t *count_out, struct err *err);

enum redis_turn {
	REDIS_TURN_NONE, /* an answer, whatever it says */
	REDIS_TURN_MOVED,
	REDIS_TURN_ASK,	  /* this once, and with ASKING */
	REDIS_TURN_AGAIN, /* here, a little later */
	REDIS_TURN_DOWN,  /* the Cluster, or this slot, is not served now */
};

/* What a reply of `asked` says about the way. MOVED and ASK: *place_out, into the arena. */
enum redis_turn redis_turn_of(const redisReply *reply, const char *asked, struct arena *a,
			      struct redis_place *place_out);

/* ---- nodes and map (redis_cluster.c) ---- */

struct redis_cluster;

struct redis_node {
	struct redis_place place; /* owned */
	struct redis_link *link;
	unsigned users; /* under the cluster's lock: they keep it open */
	bool listed;	/* in the map, or just met */
	struct redis_node *next;
};

/* Borrows address (seeds, log-in) and tls. Starts a thread; it asks for the map at once. */
int redis_cluster_open(const struct redis_address *address, struct redis_tls *tls, int timeout_ms,
		       struct redis_cluster **cluster_out, struct err *err);
void redis_cluster_close(struct redis_cluster **cluster);

/* The node that keeps this slot (REDIS_NO_SLOT: any), waiting for the first map. NULL: nobody
 * known, or no map to be had; err says why. Given back with redis_node_release. */
struct redis_node *redis_node_of_slot(struct redis_cluster *cluster, int slot, int64_t deadline,
				      struct err *err);
/* The node at this place, which need not be in the map yet. */
struct redis_node *redis_node_at(struct redis_cluster *cluster, const struct redis_place *place,
				 struct err *err);
void redis_node_release(struct redis_cluster *cluster, struct redis_node *node);
/* Something speaks for a change: the map will be asked for soon. */
void redis_cluster_doubt(struct redis_cluster *cluster);
/* Waits a little for a change of the map, or until the deadline. */
void redis_cluster_pause(struct redis_cluster *cluster, int64_t deadline);

/* ---- the way of a batch (redis_route.c) ---- */

/* Sends the commands that `which` names (NULL: the first `count`) and puts their replies in
 * place. ANSWERED: all have one, which may be an error. */
enum redis_fate redis_route(struct redis_cluster *cluster, const struct redis_batch *batch,
			    const size_t *which, size_t count, redisReply **replies,
			    int64_t deadline, struct err *err);

#endif
