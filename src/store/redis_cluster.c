/*
 * redis_cluster.c - the nodes of a Cluster, the map of slots, and the thread that keeps it.
 *
 * The map is asked for at the start, every half minute, and soon after
 * something spoke for a change, but not more often than every 200 ms. Any node
 * will do; the seeds of REDIS_URL are asked when all others are silent. A node
 * that is not in the map any more is closed when its last user has gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"
#include "base/metric.h"
#include "redis_cluster_private.h"

enum {
	REFRESH_MS = 30000,
	REFRESH_LEAST_MS = 200,
	BACKOFF_LAST_MS = 5000,
	ONE_NODE_MS = 1000, /* then the next one is asked */
	PAUSE_MS = 20,
	MOST_NODES = 1000,
};

struct redis_cluster {
	const struct redis_address *address; /* borrowed, as tls */
	struct redis_tls *tls;
	int timeout_ms;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct redis_node *nodes;
	size_t node_count;
	struct redis_node *owners[REDIS_SLOTS]; /* NULL: nobody */
	bool known;				/* there is a map */
	bool failed;				/* the last try to get one failed: so did `last` */
	bool doubt;
	bool stop;
	struct err last;
};

/* ---- nodes ---- */

static void node_free(struct redis_node *node)
{
	redis_link_close(&node->link);
	free(node->place.host);
	free(node);
}

/* Under the lock. */
static struct redis_node *node_find(struct redis_cluster *c, const struct redis_place *place)
{
	for (struct redis_node *n = c->nodes; n; n = n->next)
		if (n->place.port == place->port && strcmp(n->place.host, place->host) == 0)
			return n;
	return NULL;
}

/* Under the lock: finds or makes it. */
static struct redis_node *node_get(struct redis_cluster *c, const struct redis_place *place,
				   struct err *err)
{
	const struct redis_link_settings set = {
		.place = *place, .address = c->address, .tls = c->tls, .timeout_ms = c->timeout_ms
	};
	struct redis_node *node = node_find(c, place);

	if (node)
		return node;
	if (c->node_count >= MOST_NODES) {
		(void)err_set(err, ERR_TEMP, "Redis Cluster: more than %d nodes", MOST_NODES);
		return NULL;
	}
	node = mem_alloc(sizeof *node);
	if (redis_link_open(&set, &node->link, err) < 0) {
		free(node);
		return NULL;
	}
	node->place = (struct redis_place){ mem_strdup(place->host), place->port };
	node->next = c->nodes;
	c->nodes = node;
	c->node_count++;
	return node;
}

struct redis_node *redis_node_at(struct redis_cluster *cluster, const struct redis_place *place,
				 struct err *err)
{
	struct redis_node *node;

	pthread_mutex_lock(&cluster->lock);
	node = node_get(cluster, place, err);
	if (node)
		node->users++;
	pthread_mutex_unlock(&cluster->lock);
	return node;
}

void redis_node_release(struct redis_cluster *cluster, struct redis_node *node)
{
	pthread_mutex_lock(&cluster->lock);
	node->users--;
	pthread_mutex_unlock(&cluster->lock);
}

/* Under the lock. */
static struct redis_node *owner_of(const struct redis_cluster *c, int slot)
{
	if (slot != REDIS_NO_SLOT)
		return c->owners[slot];
	for (size_t i = 0; i < REDIS_SLOTS; i++)
		if (c->owners[i])
			return c->owners[i];
	return NULL;
}

struct redis_node *redis_node_of_slot(struct redis_cluster *cluster, int slot, int64_t deadline,
				      struct err *err)
{
	struct redis_node *node = NULL;

	pthread_mutex_lock(&cluster->lock);
	while (!cluster->known && !cluster->failed &&
	       cond_wait_until(&cluster->changed, &cluster->lock, deadline))
		;
	if (!cluster->known && cluster->failed) {
		if (err)
			*err = cluster->last;
	} else if (!cluster->known) {
		(void)redis_stream_lost(err, ETIMEDOUT);
	} else {
		node = owner_of(cluster, slot);
		if (!node)
			(void)err_set(err, ERR_TEMP, "no node of the Redis Cluster serves this");
	}
	if (node)
		node->users++;
	else
		cluster->doubt = true; /* heard at the next round, which is near */
	pthread_mutex_unlock(&cluster->lock);
	return node;
}

void redis_cluster_doubt(struct redis_cluster *cluster)
{
	pthread_mutex_lock(&cluster->lock);
	if (!cluster->doubt) {
		cluster->doubt = true;
		pthread_cond_broadcast(&cluster->changed);
	}
	pthread_mutex_unlock(&cluster->lock);
}

void redis_cluster_pause(struct redis_cluster *cluster, int64_t deadline)
{
	int64_t until = clock_mono_ms() + PAUSE_MS;

	pthread_mutex_lock(&cluster->lock);
	(void)cond_wait_until(&cluster->changed, &cluster->lock,
			      until < deadline ? until : deadline);
	pthread_mutex_unlock(&cluster->lock);
}

/* ---- the map ---- */

/* Under the lock: puts the map in use. False: it names more nodes than can be. */
static bool use_map(struct redis_cluster *c, const struct redis_range *ranges, size_t count,
		    struct err *err)
{
	memset(c->owners, 0, sizeof c->owners);
	for (struct redis_node *n = c->nodes; n; n = n->next)
		n->listed = false;
	for (size_t i = 0; i < count; i++) {
		struct redis_node *node = node_get(c, &ranges[i].place, err);

		if (!node)
			return false;
		node->listed = true;
		for (unsigned slot = ranges[i].first; slot <= ranges[i].last; slot++)
			c->owners[slot] = node;
	}
	return true;
}

/* Under the lock: takes out those that nobody needs. The caller frees the list. */
static struct redis_node *take_unlisted(struct redis_cluster *c)
{
	struct redis_node **at = &c->nodes, *gone = NULL;

	while (*at) {
		struct redis_node *n = *at;

		if (n->listed || n->users > 0) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		n->next = gone;
		gone = n;
		c->node_count--;
	}
	return gone;
}

static void free_nodes(struct redis_node *list)
{
	while (list) {
		struct redis_node *next = list->next;

		node_free(list); /* waits for its thread: not under the lock */
		list = next;
	}
}

/* One question to one node. */
static int ask(struct redis_cluster *c, const struct redis_place *place, struct err *err)
{
	int limit = c->timeout_ms < ONE_NODE_MS ? c->timeout_ms : ONE_NODE_MS;
	struct arena a = { 0 };
	struct redis_batch b;
	struct redis_range *ranges;
	size_t count;
	struct redis_call *call;
	struct redis_node *node = redis_node_at(c, place, err);
	int ret = -1;

	if (!node)
		return -1;
	redis_batch_init(&b, &a, REDIS_READ);
	redis_arg_text(redis_command(&b, "CLUSTER"), "SLOTS");
	call = redis_call_new(&b, NULL, 1, err);
	if (!call || redis_link_put(node->link, call, err) < 0 ||
	    redis_link_wait(node->link, &call, clock_mono_ms() + limit, err) != REDIS_ANSWERED)
		goto out;
	if (call->replies[0]->type == REDIS_REPLY_ERROR) {
		(void)redis_error_set(err, call->replies[0]);
		goto out;
	}
	if (redis_ranges_read(call->replies[0], place->host, &a, &ranges, &count, err) < 0)
		goto out;
	pthread_mutex_lock(&c->lock);
	ret = use_map(c, ranges, count, err) ? 0 : -1;
	pthread_mutex_unlock(&c->lock);
out:
	redis_call_free(call);
	redis_node_release(c, node);
	arena_free(&a);
	return ret;
}

/* The places to ask: the nodes of the map first, then the seeds. Into the arena. */
static size_t candidates(struct redis_cluster *c, struct arena *a, struct redis_place **places_out)
{
	size_t n = 0;
	struct redis_place *places;

	pthread_mutex_lock(&c->lock);
	places = arena_array(a, c->node_count + c->address->place_count, sizeof *places);
	for (const struct redis_node *node = c->nodes; node; node = node->next)
		if (node->listed)
			places[n++] = (struct redis_place){ arena_strdup(a, node->place.host),
							    node->place.port };
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < c->address->place_count; i++)
		places[n++] = c->address->places[i];
	*places_out = places;
	return n;
}

/* Asks one after the other until one gives a map. */
static bool refresh(struct redis_cluster *c, size_t turn)
{
	struct arena a = { 0 };
	struct redis_place *places;
	size_t n = candidates(c, &a, &places);
	struct err why = { 0 };
	struct redis_node *gone;
	bool well = false;

	for (size_t i = 0; i < n && !well; i++) {
		bool stop;

		/* Another one each time: a node that is cut off would go on telling an old map. */
		well = ask(c, &places[(turn + i) % n], &why) == 0;
		pthread_mutex_lock(&c->lock);
		stop = c->stop;
		pthread_mutex_unlock(&c->lock);
		if (stop)
			break;
	}
	arena_free(&a);
	metric_add(metric_counter("samvad_redis_maps_total",
				  well ? "outcome=\"read\"" : "outcome=\"none\"",
				  "Attempts to read the map of a Redis Cluster."),
		   1);
	pthread_mutex_lock(&c->lock);
	c->known = c->known || well;
	c->failed = !well;
	if (!well)
		c->last = why;
	gone = take_unlisted(c);
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	free_nodes(gone);
	return well;
}

/* Sleeps until the next refresh is due. False: it is over. */
static bool rest(struct redis_cluster *c, int64_t least, int64_t most)
{
	bool stop;

	pthread_mutex_lock(&c->lock);
	while (!c->stop && clock_mono_ms() < least)
		(void)cond_wait_until(&c->changed, &c->lock, least);
	while (!c->stop && !c->doubt && clock_mono_ms() < most)
		(void)cond_wait_until(&c->changed, &c->lock, most);
	c->doubt = false;
	stop = c->stop;
	pthread_mutex_unlock(&c->lock);
	return !stop;
}

static void *keep_map(void *arg)
{
	struct redis_cluster *c = arg;
	int64_t delay = REFRESH_LEAST_MS;
	size_t turn = 0;
	bool well;

	do {
		int64_t now;

		well = refresh(c, turn++);
		now = clock_mono_ms();
		delay = well ? REFRESH_LEAST_MS : delay * 2;
		if (delay > BACKOFF_LAST_MS)
			delay = BACKOFF_LAST_MS;
		if (!rest(c, now + (well ? REFRESH_LEAST_MS : delay / 2),
			  now + (well ? REFRESH_MS : delay)))
			break;
	} while (true);
	return NULL;
}

/* ---- from open to close ---- */

int redis_cluster_open(const struct redis_address *address, struct redis_tls *tls, int timeout_ms,
		       struct redis_cluster **cluster_out, struct err *err)
{
	struct redis_cluster *c = mem_alloc(sizeof *c);
	int fault;

	c->address = address;
	c->tls = tls;
	c->timeout_ms = timeout_ms;
	pthread_mutex_init(&c->lock, NULL);
	cond_init(&c->changed);
	fault = redis_thread_start(&c->thread, keep_map, c);
	c->started = fault == 0;
	*cluster_out = c;
	if (c->started)
		return 0;
	redis_cluster_close(cluster_out);
	return err_set(err, ERR_TEMP, "Redis: no thread: %s", strerror(fault));
}

void redis_cluster_close(struct redis_cluster **cluster)
{
	struct redis_cluster *c = *cluster;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	if (c->started)
		pthread_join(c->thread, NULL);
	free_nodes(c->nodes);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
	*cluster = NULL;
}
