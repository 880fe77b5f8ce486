/*
 * redis_private.h - inside of the Redis driver: address, commands, exchanges.
 *
 * The driver's functions say what is asked; which server is asked, and over
 * which connection, is known behind redis_exchange() only. hiredis parses
 * replies; lines, sockets and TLS are ours (redis_link_private.h).
 */
#ifndef SAMVAD_STORE_REDIS_PRIVATE_H
#define SAMVAD_STORE_REDIS_PRIVATE_H

#include <hiredis/hiredis.h>

#include "driver_private.h"

/* ---- where the server is (redis_url.c) ---- */

struct redis_place {
	char *host;
	int port;
};

enum redis_form { REDIS_SINGLE, REDIS_CLUSTER, REDIS_SENTINEL };

struct redis_address { /* all owned */
	enum redis_form form;
	struct redis_place *places; /* the server; some nodes of the Cluster; the sentinels */
	size_t place_count;	    /* at least 1 */
	char *master;		    /* Sentinel: the name of the set */
	bool tls;
	int db;
	char *user;	/* NULL: none */
	char *password; /* NULL: none */
};

/* REDIS_URL, percent-decoded. -1 ERR_PERM; the text shows no part of the URL. */
int redis_url_parse(const char *url, struct redis_address *address_out, struct err *err);
void redis_address_free(struct redis_address *address); /* wipes the password */

/* ---- commands (redis_command.c) ---- */

enum { REDIS_SHARDS = 256 };

enum redis_kind {
	REDIS_READ,  /* may be asked again on another connection */
	REDIS_WRITE, /* once sent and unanswered, it is ERR_UNSURE */
};

struct redis_command {
	struct arena *arena;
	const char **argv;
	size_t *argvlen;
	int argc;
	int room;
};

/* Commands that go out in one write and come back in one go. */
struct redis_batch {
	struct arena *arena;
	struct redis_command *commands;
	size_t count;
	size_t room;
	enum redis_kind kind;
	int64_t deadline; /* of clock_mono_ms(); 0: the time limit from now on */
};

void redis_batch_init(struct redis_batch *b, struct arena *a, enum redis_kind kind);
/* Ready for the next commands of the same kind and deadline. */
void redis_batch_reset(struct redis_batch *b);
/* A new command named `name`; valid until the next one is begun. Arguments are borrowed. */
struct redis_command *redis_command(struct redis_batch *b, const char *name);
void redis_arg(struct redis_command *c, struct str s);
void redis_arg_text(struct redis_command *c, const char *text); /* NULL becomes "" */
void redis_arg_int(struct redis_command *c, int64_t n);
void redis_arg_u64(struct redis_command *c, uint64_t n);

/* Every key of a contact carries the shard of the contact as its hash tag. */
unsigned redis_shard(const char *owner);
/* "samvad:{17}:<kind>" and, unless NULL, ":<owner>" and " <rest>": a blank parts them, because
 * neither channel addresses nor record types hold one, while both hold colons. */
const char *redis_key(struct arena *a, unsigned shard, const char *kind, const char *owner,
		      const char *rest);

/* Replies: an absent one gives "" and 0. Copies go to the arena. */
struct str redis_reply_box(const redisReply *r, struct arena *a);
const char *redis_reply_text(const redisReply *r, struct arena *a);
int64_t redis_reply_int(const redisReply *r);
uint64_t redis_reply_u64(const redisReply *r);
bool redis_reply_has(const redisReply *r); /* neither NULL nor nil */
/* An error that begins with this word. */
bool redis_reply_refuses(const redisReply *r, const char *word);
/* The i-th element, or NULL when it is not an array of that length. */
const redisReply *redis_reply_at(const redisReply *r, size_t i);
void redis_replies_free(redisReply **replies, size_t count);

/* ---- scripts (redis_scripts.c) ---- */

enum redis_script {
	REDIS_SCRIPT_COMMIT,
	REDIS_SCRIPT_ADVANCE,
	REDIS_SCRIPT_DECIDE,
	REDIS_SCRIPT_DIVERT,
	REDIS_SCRIPT_CALLS_CLAIM,
	REDIS_SCRIPT_CALL_RENEW,
	REDIS_SCRIPT_ALLOW,
	REDIS_SCRIPT_OUTBOX_CLAIM,
	REDIS_SCRIPT_BROADCAST_CLAIM,
	REDIS_SCRIPT_SETTLE,
	REDIS_SCRIPT_STATUS,
	REDIS_SCRIPT_REPLACE,
	REDIS_SCRIPT_UNPARK,
	REDIS_SCRIPT_STATUS_CLAIM,
	REDIS_SCRIPT_RECIPIENTS_ADD,
	REDIS_SCRIPT_BROADCAST_CREATE,
	REDIS_SCRIPT_BROADCAST_CHANGE,
	REDIS_SCRIPT_CONSENT_ADD,
	REDIS_SCRIPT_RATE_TAKE,
	REDIS_SCRIPT_RATE_SLOW,
	REDIS_SCRIPT_AUDIT_ADD,
	REDIS_SCRIPT_RECORD_CHANGE,
	REDIS_SCRIPT_DROP_SESSIONS,
	REDIS_SCRIPT_DROP_ROWS,
	REDIS_SCRIPT_DROP_PARKED,
	REDIS_SCRIPT_DROP_RECIPIENTS,
	REDIS_SCRIPTS
};

extern const char *const redis_script_texts[REDIS_SCRIPTS];

/* ---- the servers (redis_servers.c, redis_exchange.c; how, is redis_link_private.h) ---- */

enum { REDIS_MAX_REPLY = 64 * 1024 * 1024, REDIS_MAX_REQUEST = 64 * 1024 * 1024 };

struct redis_servers;

/* Takes the address. Connects at the first exchange. */
int redis_servers_open(struct redis_address *address, int timeout_ms,
		       struct redis_servers **servers_out, struct err *err);
void redis_servers_close(struct redis_servers **servers);
/* 40 hex digits. */
const char *redis_servers_sha(const struct redis_servers *servers, enum redis_script script);
bool redis_servers_is_cluster(const struct redis_servers *servers);
/* The moment an operation that begins now must end. */
int64_t redis_servers_deadline(const struct redis_servers *servers);

/* Sends the batch and reads one reply for each command within the store's time limit.
 * Returns 0 and replies (count of the batch, freed with redis_replies_free), none of them an
 * error; or -1 with the kind that driver_private.h asks for. May change the batch's commands. */
int redis_exchange(struct redis_servers *servers, struct redis_batch *batch,
		   redisReply ***replies_out, struct err *err);
/* The same for a batch of one. The reply is freed with freeReplyObject. */
int redis_exchange_one(struct redis_servers *servers, struct redis_batch *batch,
		       redisReply **reply_out, struct err *err);
/* The same for what answers with a number: 1 unless it is 0; or -1. */
int redis_exchange_yes(struct redis_servers *servers, struct redis_batch *batch, struct err *err);
/* What an error reply of the server means. Returns -1. */
int redis_error_set(struct err *err, const redisReply *reply);

/* A script call: "EVALSHA sha count"; then exactly `keys` keys and the arguments follow. */
struct redis_command *redis_script(struct redis_batch *b, const struct redis_servers *servers,
				   enum redis_script script, size_t keys);

/* ---- the driver's parts ---- */

/* Nine digits for each status and each number of times its row was asked for. */
enum { REDIS_ASK_SIZE = 9 * (STATUS_CANCELED + 1) * (STORE_MAX_ASKED + 1) + 1 };

struct redis_store {
	struct redis_servers *servers;
	char ask[REDIS_ASK_SIZE];
	int64_t seen_keep_ms;
	_Atomic unsigned first_shard; /* claims begin at another shard each time */
};

int redis_load(void *self, const char *contact, const char *external_id, int64_t now_ms,
	       struct arena *a, struct driver_view *view_out, struct err *err);
int redis_commit(void *self, const struct driver_turn *t, enum commit_result *result_out,
		 bool *inline_out, struct err *err);
int redis_reply_load(void *self, const char *contact, const char *external_id, struct arena *a,
		     enum reply_state *state_out, struct str *box_out, struct err *err);
int redis_reply_decide(void *self, const char *contact, const char *external_id, struct str box,
		       struct arena *a, enum reply_state *state_out, struct str *box_out,
		       struct err *err);
int redis_reply_divert(void *self, const char *contact, const char *external_id,
		       struct str notice_box, const struct driver_outbound *rows, size_t row_count,
		       bool *done_out, struct err *err);
int redis_calls_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max, struct arena *a,
		      struct call_due **due_out, size_t *count_out, struct err *err);
int redis_call_renew(void *self, const char *contact, const char *call_id, int64_t lease_ms,
		     struct err *err);
int redis_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
		       int64_t lease_ms, unsigned max, struct arena *a,
		       struct driver_claim **claims_out, size_t *count_out, struct err *err);
int redis_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			int64_t now_ms, struct err *err);
int redis_status_apply(void *self, const char *contact, const char *our_id, const char *external_id,
		       enum status status, int error_code, int64_t now_ms, struct err *err);
int redis_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		     struct arena *a, struct driver_outbound *row_out, struct err *err);
int redis_allow(void *self, const char *key, const char *member, unsigned limit, int64_t window_ms,
		int64_t now_ms, struct err *err);
int redis_record_get(void *self, const char *type, const char *id, struct arena *a,
		     struct driver_record *record_out, struct err *err);
int redis_legacy_load(void *self, const char *contact, struct arena *a, struct str *json_out,
		      struct err *err);
int redis_stats(void *self, int64_t now_ms, struct arena *a, struct store_stats *stats_out,
		struct err *err);
int redis_sweep(void *self, int64_t now_ms, struct err *err);

/* rule_ask_after_ms() for the scripts. */
void redis_ask_table(char table[REDIS_ASK_SIZE]);

#endif
