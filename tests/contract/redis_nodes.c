/* redis_nodes.c - see redis_nodes.h. */
#include "redis_nodes.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>

enum { NODES_DEADLINE_MS = 60000 };

/* ---- asking one of them ---- */

/* One command on a connection of its own; NULL when it does not answer. */
static redisReply *nodes_ask(const struct redis_server *s, const char *command)
{
	redisContext *c = redisConnect("127.0.0.1", s->port);
	redisReply *reply = NULL;

	if (c && !c->err && s->password[0]) {
		reply = redisCommand(c, "AUTH %s", s->password);
		if (reply)
			freeReplyObject(reply);
	}
	reply = c && !c->err ? redisCommand(c, command) : NULL;
	if (c)
		redisFree(c);
	return reply;
}

static bool nodes_says(const struct redis_server *s, const char *command, const char *word)
{
	redisReply *reply = nodes_ask(s, command);
	bool yes = reply && reply->str && strstr(reply->str, word);

	if (reply)
		freeReplyObject(reply);
	return yes;
}

/* A line "name:value" of INFO, or of what a line of it holds. */
static long long nodes_number(const char *text, const char *name)
{
	const char *at = text ? strstr(text, name) : NULL;

	return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

/* True when its replicas have all that it has. */
static bool nodes_in_step(const struct redis_server *s)
{
	redisReply *reply = nodes_ask(s, "INFO replication");
	const char *text = reply ? reply->str : NULL;
	long long there = nodes_number(text, "master_repl_offset:");
	bool yes = text && strstr(text, "state=online") &&
		   nodes_number(strstr(text, "slave0:"), ",offset=") == there;

	if (reply)
		freeReplyObject(reply);
	return yes;
}

int nodes_kill_in_step(struct redis_server *master)
{
	redisReply *reply = nodes_ask(master, "CLIENT PAUSE 60000 WRITE");
	const struct timespec pause = { .tv_nsec = 10000000 };
	int64_t until = clock_mono_ms() + NODES_DEADLINE_MS;

	if (reply)
		freeReplyObject(reply);
	while (!nodes_in_step(master) && clock_mono_ms() < until)
		nanosleep(&pause, NULL);
	redis_server_kill(master);
	return clock_mono_ms() < until ? 0 : -1;
}

/* ---- redis-cli ---- */

/* Its exit status; what it said is in the file `path`. */
static int run_cli(const char *path, const char *const *argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
			_exit(126);
		execvp("redis-cli", (char **)(void *)argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static void log_path(const struct nodes *n, char *out, size_t size)
{
	snprintf(out, size, "%s/cli.log", n->servers[0].dir);
}

int nodes_cli(struct nodes *n, const char *const *argv)
{
	char path[96], line[256];
	int status;
	FILE *f;

	log_path(n, path, sizeof path);
	status = run_cli(path, argv);
	if (status == 0)
		return 0;
	fprintf(stderr, "redis-cli ended with %d:\n", status);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		fputs(line, stderr);
	if (f)
		fclose(f);
	return -1;
}

/* News of slots that have moved travels from node to node, and until all know it redis-cli moves
 * no more. What then still is wrong it says itself. */
static void await_agreement(const struct nodes *n, const char *at)
{
	const char *const argv[] = { "redis-cli", "--cluster", "check", at, NULL };
	const struct timespec pause = { .tv_nsec = 100000000 };
	int64_t until = clock_mono_ms() + NODES_DEADLINE_MS;
	char path[96];

	log_path(n, path, sizeof path);
	while (run_cli(path, argv) != 0 && clock_mono_ms() < until)
		nanosleep(&pause, NULL);
}

static const char *nodes_id(const struct redis_server *s, char *out, size_t size)
{
	redisReply *reply = nodes_ask(s, "CLUSTER MYID");

	snprintf(out, size, "%s", reply && reply->str ? reply->str : "");
	if (reply)
		freeReplyObject(reply);
	return out;
}

int nodes_reshard(struct nodes *n, size_t from, size_t to, const char *slots)
{
	char at[32], from_id[64], to_id[64];
	const char *const argv[] = {
		"redis-cli",	   "--cluster",
		"reshard",	   at,
		"--cluster-from",  nodes_id(&n->servers[from], from_id, sizeof from_id),
		"--cluster-to",	   nodes_id(&n->servers[to], to_id, sizeof to_id),
		"--cluster-slots", slots,
		"--cluster-yes",   NULL
	};

	snprintf(at, sizeof at, "127.0.0.1:%d", n->servers[0].port);
	await_agreement(n, at);
	return nodes_cli(n, argv);
}

/* ---- start and stop ---- */

static int nodes_start_one(struct nodes *n, size_t i)
{
	const struct redis_server_options options = { .more = n->more[i] };
	const char *const more[] = { "--cluster-enabled",
				     "yes",
				     "--cluster-port",
				     n->bus[i],
				     "--cluster-node-timeout",
				     "2000",
				     "--cluster-config-file",
				     "nodes.conf",
				     "--repl-diskless-sync-delay",
				     "0",
				     "--cluster-replica-validity-factor",
				     "0",
				     NULL };

	snprintf(n->bus[i], sizeof n->bus[i], "%d", redis_server_free_port());
	memcpy(n->more[i], more, sizeof more);
	return redis_server_start(&n->servers[i], &options);
}

/* "--cluster create host:port … --cluster-replicas k --cluster-yes" */
static int nodes_join(struct nodes *n, size_t replicas_each)
{
	const char *argv[NODES_MOST + 8] = { "redis-cli", "--cluster", "create" };
	char places[NODES_MOST][32], each[8];
	size_t k = 3;

	for (size_t i = 0; i < n->count; i++) {
		snprintf(places[i], sizeof places[i], "127.0.0.1:%d", n->servers[i].port);
		argv[k++] = places[i];
	}
	snprintf(each, sizeof each, "%zu", replicas_each);
	argv[k++] = "--cluster-replicas";
	argv[k++] = each;
	argv[k++] = "--cluster-yes";
	argv[k] = NULL;
	return nodes_cli(n, argv);
}

static bool nodes_ready(const struct nodes *n, size_t masters)
{
	for (size_t i = 0; i < n->count; i++) {
		if (!nodes_says(&n->servers[i], "CLUSTER INFO", "cluster_state:ok"))
			return false;
		if (i < masters && n->count > masters && !nodes_in_step(&n->servers[i]))
			return false;
	}
	return true;
}

int nodes_start(struct nodes *n, size_t masters, size_t replicas_each)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	int64_t until = clock_mono_ms() + NODES_DEADLINE_MS;

	*n = (struct nodes){ .count = masters * (1 + replicas_each) };
	for (size_t i = 0; i < n->count; i++)
		if (nodes_start_one(n, i) < 0)
			goto fail;
	if (nodes_join(n, replicas_each) < 0)
		goto fail;
	while (!nodes_ready(n, masters)) {
		if (clock_mono_ms() > until) {
			fprintf(stderr, "the Redis Cluster does not come up\n");
			goto fail;
		}
		nanosleep(&pause, NULL);
	}
	snprintf(n->url, sizeof n->url, "redis://127.0.0.1:%d,127.0.0.1:%d", n->servers[0].port,
		 n->servers[1].port);
	return 0;
fail:
	nodes_stop(n);
	return -1;
}

int nodes_clear(struct nodes *n)
{
	for (size_t i = 0; i < n->count; i++) {
		redisReply *reply = nodes_ask(&n->servers[i], "FLUSHALL");
		bool well = reply && reply->type == REDIS_REPLY_STATUS;

		if (reply)
			freeReplyObject(reply);
		if (!well)
			return -1;
	}
	return 0;
}

void nodes_stop(struct nodes *n)
{
	for (size_t i = 0; i < n->count; i++)
		redis_server_free(&n->servers[i]);
	n->count = 0;
}
