/*
 * redis_route.c - a batch over the nodes of a Cluster.
 *
 * In rounds: each command that has no answer yet is an errand to one node;
 * errands to the same node travel as one call, in the order of the batch. A
 * reply may send an errand elsewhere (MOVED, ASK) or again (TRYAGAIN, while
 * its slot moves): such a command was not executed, so a write may go too.
 * A node that cannot be reached fails its errands at once, unless the map has
 * a new owner for them by now.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "redis_cluster_private.h"

enum { MOST_TURNS = 8 };

struct errand {
	size_t command; /* in the batch */
	struct redis_node *node;
	bool asking;
	bool travels; /* in a call of this round */
	size_t at;    /* its reply in the call */
};

struct trip { /* one call of a round */
	struct redis_node *node;
	struct redis_call *call;
	enum redis_fate fate;
};

struct route {
	struct redis_cluster *cluster;
	const struct redis_batch *batch;
	redisReply **replies;
	int64_t deadline;
	struct arena a;
	struct errand *errands; /* what is still to do */
	size_t count;
	size_t answered;
	unsigned turns;
	bool lost;  /* some may have been executed */
	bool given; /* some were given up, surely not executed */
	bool wait;  /* some go again, a little later */
	struct err *err;
};

/* ---- out ---- */

static const struct redis_command *command_of(const struct route *r, const struct errand *e)
{
	return &r->batch->commands[e->command];
}

/* All errands to the node of `first`, as one call. */
static struct redis_call *pack(struct route *r, struct errand *first)
{
	struct redis_batch part;
	size_t room = 2 * r->count;

	redis_batch_init(&part, &r->a, r->batch->kind);
	part.commands = arena_array(&r->a, room, sizeof *part.commands);
	part.room = room;
	for (struct errand *e = first; e < r->errands + r->count; e++) {
		if (e->node != first->node || e->travels)
			continue;
		if (e->asking)
			(void)redis_command(&part, "ASKING");
		e->travels = true;
		e->at = part.count;
		part.commands[part.count++] = *command_of(r, e);
	}
	return redis_call_new(&part, NULL, part.count, r->err);
}

/* Finds each errand's node and sends one call to each node. Returns the calls. */
static struct trip *set_out(struct route *r, size_t *count_out)
{
	struct trip *trips = arena_array(&r->a, r->count, sizeof *trips);
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct errand *e = &r->errands[i];

		e->travels = false;
		if (!e->node)
			e->node = redis_node_of_slot(r->cluster,
						     redis_slot_of_command(command_of(r, e)),
						     r->deadline, r->err);
	}
	for (size_t i = 0; i < r->count; i++) {
		struct errand *e = &r->errands[i];
		struct trip *t = &trips[n];

		if (e->travels || !e->node)
			continue;
		n++;
		t->node = e->node;
		t->fate = REDIS_NOT_SENT;
		t->call = pack(r, e);
		if (t->call && redis_link_put(t->node->link, t->call, r->err) < 0) {
			redis_call_free(t->call);
			t->call = NULL;
		}
	}
	*count_out = n;
	return trips;
}

/* ---- and back ---- */

/* 1: the errand stays to be done, at another node or later; 0: the reply is its answer; -1: it
 * has to be given up. */
static int send_on(struct route *r, struct errand *e, const redisReply *reply)
{
	struct redis_place place;
	struct redis_node *next = NULL;
	enum redis_turn turn = redis_turn_of(reply, e->node->place.host, &r->a, &place);

	if (turn == REDIS_TURN_MOVED || turn == REDIS_TURN_DOWN)
		redis_cluster_doubt(r->cluster);
	if (turn == REDIS_TURN_NONE || turn == REDIS_TURN_DOWN)
		return 0;
	if (turn == REDIS_TURN_AGAIN) {
		if (clock_mono_ms() >= r->deadline)
			return 0;
		r->wait = true;
	} else {
		if (++r->turns > MOST_TURNS * r->batch->count || clock_mono_ms() >= r->deadline)
			return err_set(r->err, ERR_TEMP, "the Redis Cluster sends us in circles");
		next = redis_node_at(r->cluster, &place, r->err);
		if (!next)
			return -1;
	}
	redis_node_release(r->cluster, e->node);
	e->node = next;
	e->asking = turn == REDIS_TURN_ASK;
	return 1;
}

/* The node could not be reached. True: the map has another one by now. */
static bool find_other(struct route *r, struct errand *e)
{
	struct redis_node *next;

	if (e->asking || ++r->turns > MOST_TURNS * r->batch->count)
		return false;
	next = redis_node_of_slot(r->cluster, redis_slot_of_command(command_of(r, e)), r->deadline,
				  NULL);
	if (next && next == e->node) {
		redis_node_release(r->cluster, next);
		next = NULL;
	}
	if (!next)
		return false;
	redis_node_release(r->cluster, e->node);
	e->node = next;
	return true;
}

/* What came of one errand. True: it stays to be done. */
static bool judge(struct route *r, struct errand *e, const struct trip *t)
{
	redisReply **place = &r->replies[e->command];
	int next;

	if (!t || t->fate == REDIS_NOT_SENT) {
		if (t && find_other(r, e))
			return true;
		r->given = true;
		return false;
	}
	if (t->fate == REDIS_LOST) {
		r->lost = true;
		return false;
	}
	next = send_on(r, e, t->call->replies[e->at]);
	r->given = r->given || next < 0;
	if (next != 0)
		return next > 0;
	if (*place)
		freeReplyObject(*place);
	*place = t->call->replies[e->at];
	t->call->replies[e->at] = NULL;
	r->answered++;
	return false;
}

static void come_back(struct route *r, struct trip *trips, size_t trip_count)
{
	size_t left = 0;

	for (size_t i = 0; i < trip_count; i++) {
		struct trip *t = &trips[i];

		if (t->call)
			t->fate = redis_link_wait(t->node->link, &t->call, r->deadline, r->err);
		if (t->fate != REDIS_ANSWERED)
			redis_cluster_doubt(r->cluster);
	}
	for (size_t i = 0; i < r->count; i++) {
		struct errand e = r->errands[i];
		const struct trip *t = NULL;

		for (size_t j = 0; j < trip_count && !t; j++)
			if (trips[j].node == e.node)
				t = &trips[j];
		if (judge(r, &e, t))
			r->errands[left++] = e;
		else if (e.node)
			redis_node_release(r->cluster, e.node);
	}
	r->count = left;
	for (size_t i = 0; i < trip_count; i++)
		redis_call_free(trips[i].call);
}

enum redis_fate redis_route(struct redis_cluster *cluster, const struct redis_batch *batch,
			    const size_t *which, size_t count, redisReply **replies,
			    int64_t deadline, struct err *err)
{
	struct route r = { .cluster = cluster,
			   .batch = batch,
			   .replies = replies,
			   .deadline = deadline,
			   .count = count,
			   .err = err };

	r.errands = arena_array(&r.a, count, sizeof *r.errands);
	for (size_t i = 0; i < count; i++)
		r.errands[i].command = which ? which[i] : i;
	while (r.count > 0) {
		size_t trip_count;
		struct trip *trips = set_out(&r, &trip_count);

		come_back(&r, trips, trip_count);
		if (r.wait)
			redis_cluster_pause(cluster, deadline);
		r.wait = false;
	}
	arena_free(&r.a);
	if (!r.lost && !r.given)
		return REDIS_ANSWERED;
	/* What has an answer was executed. */
	return r.lost || r.answered > 0 ? REDIS_LOST : REDIS_NOT_SENT;
}
