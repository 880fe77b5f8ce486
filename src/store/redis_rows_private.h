/*
 * redis_rows_private.h - what the Redis driver's files for outbox rows, broadcasts and
 * records share, and their driver functions.
 */
#ifndef SAMVAD_STORE_REDIS_ROWS_PRIVATE_H
#define SAMVAD_STORE_REDIS_ROWS_PRIVATE_H

#include "redis_private.h"

/* ---- rows and facts as they travel (redis_rows.c) ---- */

enum { REDIS_ROW_FIELDS = 15, REDIS_FACTS_FIELDS = 7 };

/* "HMGET o:<id> …" with the fields that redis_read_row() takes; the same for facts. */
void redis_command_row(struct redis_batch *b, unsigned shard, const char *id);
void redis_command_facts(struct redis_batch *b, unsigned shard, const char *contact);
/* False when there is no row. `id`: of the row, or NULL when the reply tells it. */
bool redis_read_row(const redisReply *r, const char *id, struct arena *a,
		    struct driver_outbound *row);
void redis_read_facts(const redisReply *r, struct contact_facts *f);
/* The 13 arguments of a new row. */
void redis_arg_row(struct redis_command *c, const struct driver_outbound *row);

/* ---- what is one string (redis_pack.c) ---- */

/* A turn's message and reply. */
struct str redis_pack_turn(const struct driver_turn *t, struct arena *a);
/* The reply of a turn; nothing when there is none, or none since then. */
void redis_read_turn(const redisReply *r, int64_t since_ms, struct arena *a,
		     enum reply_state *state_out, struct str *box_out);

struct redis_session { /* parts of the reply */
	uint64_t revision;
	int64_t expires_ms;
	int64_t updated_ms;
	int wait; /* it stands in calls: 1 for its call, 2 for a timer */
	bool completed;
	int64_t created_ms;
	int64_t flow_version;
	struct str flow, step, shown, language, call, box;
};
/* As it is after the commit. */
struct str redis_pack_session(const struct driver_session *s, int64_t call_due_ms, struct arena *a);
/* How one that was held, and waits for nothing, begins. */
struct str redis_pack_head(uint64_t revision, const struct turn_held *held, struct arena *a);
/* Asks for all of a session, or for all but its box. */
void redis_command_session(struct redis_batch *b, unsigned shard, const char *contact,
			   bool with_box);
/* False when there is none. */
bool redis_unpack_session(const redisReply *r, struct redis_session *s);
struct driver_session redis_copy_session(const struct redis_session *s, bool with_box,
					 struct arena *a);

/* What a turn writes of the facts. */
const char *redis_pack_met(const struct contact_facts *f, struct arena *a);
void redis_unpack_met(const redisReply *r, struct contact_facts *f);

/* Which of `count` rows lie in a shard: order[first[shard]] up to order[first[shard + 1]]. */
struct redis_groups {
	size_t first[REDIS_SHARDS + 1];
	size_t *order;
};
/* Rows of one script: what Redis does at a stretch, so that turns are not held up for long. */
enum { REDIS_STRETCH = 64 };
void redis_group(const struct driver_outbound *rows, size_t count, struct arena *a,
		 struct redis_groups *g);

/* ---- records of the shard that belongs to no contact ---- */

unsigned redis_home(void);
void redis_arg_audit(struct redis_command *c, const struct audit_entry *e);
/* au, and au of the object. */
void redis_arg_audit_keys(struct redis_command *c, const char *object);

/* A cursor "<shard>:<rest>": the shard, REDIS_SHARDS when it is none. */
unsigned redis_cursor_read(const char *cursor, const char **rest_out);

/* ---- driver functions ---- */

int redis_outbox_replace(void *self, const char *id, enum status status, int error_code,
			 const struct driver_outbound *successor, int64_t now_ms, struct err *err);
int redis_outbox_unpark(void *self, const char *contact, int64_t now_ms, struct err *err);
int redis_status_claim(void *self, int64_t now_ms, unsigned max, struct arena *a,
		       struct driver_outbound **rows_out, size_t *count_out, struct err *err);
int redis_rate_take(void *self, const char *sender, unsigned rate, bool spare, unsigned want,
		    unsigned *granted_out, int64_t *wait_ms_out, struct err *err);
int redis_rate_slow(void *self, const char *sender, unsigned divisor, int64_t duration_ms,
		    struct err *err);
int redis_consent_add(void *self, const char *contact, const struct driver_consent *consent,
		      struct err *err);
int redis_consent_list(void *self, const char *contact, unsigned max, struct arena *a,
		       struct driver_consent **list_out, size_t *count_out, struct err *err);
int redis_trouble_set(void *self, const char *contact, int code, int64_t now_ms, struct err *err);
int redis_audit_add(void *self, const struct audit_entry *e, struct err *err);
int redis_audit_list(void *self, const char *object, unsigned max, struct arena *a,
		     struct audit_entry **list_out, size_t *count_out, struct err *err);
int redis_broadcast_create(void *self, const struct driver_broadcast *b,
			   const struct audit_entry *audit, struct arena *a,
			   struct driver_broadcast *existing_out, struct err *err);
int redis_broadcast_get(void *self, const char *id, struct arena *a, struct driver_broadcast *b_out,
			struct err *err);
int redis_broadcast_find(void *self, const char *request_key, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err);
int redis_broadcast_change(void *self, const struct driver_broadcast *b,
			   const struct audit_entry *audit, struct err *err);
int redis_broadcast_list(void *self, bool open_only, int64_t before_ms, const char *before_id,
			 unsigned max, struct arena *a, struct driver_broadcast **list_out,
			 size_t *count_out, struct err *err);
int redis_broadcast_counts(void *self, const char *id, struct arena *a,
			   struct broadcast_count **list_out, size_t *count_out, struct err *err);
/* Drops some of what belongs to broadcasts made before that time. Returns how many rows. */
int redis_broadcasts_sweep(struct redis_store *st, int64_t before_ms, int64_t deadline,
			   struct err *err);
/* Drops audit entries from before that time. Returns how many. */
int redis_audit_sweep(struct redis_store *st, int64_t before_ms, int64_t deadline, struct err *err);
int redis_audience_page(void *self, const char *step, const char *cursor, unsigned max,
			bool with_boxes, int64_t now_ms, struct arena *a,
			struct driver_member **list_out, size_t *count_out, const char **next_out,
			struct err *err);
int redis_recipients_add(void *self, const struct driver_outbound *rows, size_t count,
			 struct err *err);
int redis_recipients_page(void *self, const char *broadcast, const char *cursor, unsigned max,
			  struct arena *a, struct driver_outbound **rows_out, size_t *count_out,
			  const char **next_out, struct err *err);
int redis_record_list(void *self, const char *type, const char *contact, const char *state,
		      const char *cursor, unsigned max, struct arena *a,
		      struct driver_record **list_out, size_t *count_out, const char **next_out,
		      struct err *err);
int redis_record_change(void *self, const char *type, const char *id, const char *from,
			const char *to, int64_t now_ms, const struct audit_entry *audit,
			struct err *err);

#endif
