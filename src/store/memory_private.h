/*
 * memory_private.h - the memory driver's data, shared by its files.
 */
#ifndef SAMVAD_STORE_MEMORY_PRIVATE_H
#define SAMVAD_STORE_MEMORY_PRIVATE_H

#include <pthread.h>

#include "driver_private.h"

enum { MEM_BUCKETS = 4096 };

struct memory_turn {
	struct memory_turn *next;
	struct arena a;
	const char *external_id;
	int64_t at_ms;
	struct str inbound_box;
	enum reply_state reply_state;
	struct str reply_box;
};

struct memory_row { /* of a contact, oldest first; its line is those of kind REPLY */
	struct memory_row *next;
	struct arena a;
	struct driver_outbound row;
	unsigned asked; /* how often its status was asked for */
	int64_t ask_ms; /* when it is to be asked for next; 0: never */
};

struct memory_consent { /* newest first */
	struct memory_consent *next;
	struct arena a;
	struct driver_consent entry;
};

struct memory_contact {
	struct memory_contact *next;
	char *name;
	struct contact_facts facts; /* but for `parked`, which is counted */
	bool has_session;
	struct driver_session session;
	struct arena session_arena;
	int64_t call_due_ms;
	struct memory_turn *turns;
	struct memory_row *rows;
	struct memory_consent *consents;
};

struct memory_record {
	struct memory_record *next;
	struct arena a;
	struct driver_record record;
};

struct memory_broadcast {
	struct memory_broadcast *next;
	struct arena a;
	struct driver_broadcast b;
};

struct memory_audit { /* newest first */
	struct memory_audit *next;
	struct arena a;
	struct audit_entry entry;
};

struct memory_member {
	struct memory_member *next;
	struct arena a;
	const char *key;
	const char *member;
	int64_t at_ms;
	int64_t until_ms;
};

struct memory {
	pthread_mutex_t lock; /* guards all below */
	int64_t seen_keep_ms;
	struct memory_contact *buckets[MEM_BUCKETS];
	struct memory_record *records;
	struct memory_broadcast *broadcasts;
	struct memory_audit *audits;
	struct memory_member *members;
};

/* ---- the lock is held around these ---- */
size_t memory_bucket(const char *name);
struct memory_contact *memory_contact_find(struct memory *m, const char *name, bool make);
struct contact_facts memory_facts(const struct memory_contact *c);
bool memory_session_lives(const struct memory_contact *c, int64_t now_ms);
void memory_row_add(struct memory_contact *c, const struct driver_outbound *row, int64_t now_ms);
void memory_rows_free(struct memory_contact *c);
void memory_rows_count(const struct memory_contact *c, struct store_stats *stats);
/* Those of a broadcast; returns how many. */
int memory_rows_drop(struct memory_contact *c, const char *broadcast);
int memory_rows_sweep(struct memory *m, struct memory_contact *c, int64_t now_ms);
/* Writes consent and its row of the ledger. */
void memory_consent_put(struct memory_contact *c, const struct driver_consent *entry);
void memory_consents_free(struct memory_contact *c);
struct memory_broadcast *memory_broadcast_by_id(struct memory *m, const char *id);
int memory_broadcasts_sweep(struct memory *m, int64_t now_ms);
void memory_broadcasts_free(struct memory *m);
void memory_record_put(struct memory *m, const struct driver_record *from);
void memory_records_free(struct memory *m);
void memory_audit_put(struct memory *m, const struct audit_entry *e);
int memory_audits_sweep(struct memory *m, int64_t now_ms);

/* ---- driver functions: they lock ---- */
int memory_outbox_claim(void *self, const char *broadcast, int64_t pace_ms, int64_t now_ms,
			int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_claim **claims_out, size_t *count_out, struct err *err);
int memory_outbox_settle(void *self, const struct driver_outbound *rows, size_t count,
			 int64_t now_ms, struct err *err);
int memory_status_apply(void *self, const char *contact, const char *our_id,
			const char *external_id, enum status status, int error_code, int64_t now_ms,
			struct err *err);
int memory_outbox_get(void *self, const char *contact, const char *id, const char *external_id,
		      struct arena *a, struct driver_outbound *row_out, struct err *err);
int memory_outbox_replace(void *self, const char *id, enum status status, int error_code,
			  const struct driver_outbound *successor, int64_t now_ms, struct err *err);
int memory_outbox_unpark(void *self, const char *contact, int64_t now_ms, struct err *err);
int memory_status_claim(void *self, int64_t now_ms, unsigned max, struct arena *a,
			struct driver_outbound **rows_out, size_t *count_out, struct err *err);

int memory_consent_add(void *self, const char *contact, const struct driver_consent *c,
		       struct err *err);
int memory_consent_list(void *self, const char *contact, unsigned max, struct arena *a,
			struct driver_consent **list_out, size_t *count_out, struct err *err);
int memory_trouble_set(void *self, const char *contact, int code, int64_t now_ms, struct err *err);

int memory_audit_add(void *self, const struct audit_entry *e, struct err *err);
int memory_audit_list(void *self, const char *object, unsigned max, struct arena *a,
		      struct audit_entry **list_out, size_t *count_out, struct err *err);
int memory_record_get(void *self, const char *type, const char *id, struct arena *a,
		      struct driver_record *record_out, struct err *err);
int memory_record_list(void *self, const char *type, const char *contact, const char *state,
		       const char *cursor, unsigned max, struct arena *a,
		       struct driver_record **list_out, size_t *count_out, const char **next_out,
		       struct err *err);
int memory_record_change(void *self, const char *type, const char *id, const char *from,
			 const char *to, int64_t now_ms, const struct audit_entry *audit,
			 struct err *err);

int memory_broadcast_create(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct arena *a,
			    struct driver_broadcast *existing_out, struct err *err);
int memory_broadcast_get(void *self, const char *id, struct arena *a,
			 struct driver_broadcast *b_out, struct err *err);
int memory_broadcast_find(void *self, const char *request_key, struct arena *a,
			  struct driver_broadcast *b_out, struct err *err);
int memory_broadcast_change(void *self, const struct driver_broadcast *b,
			    const struct audit_entry *audit, struct err *err);
int memory_broadcast_list(void *self, bool open_only, int64_t before_ms, const char *before_id,
			  unsigned max, struct arena *a, struct driver_broadcast **list_out,
			  size_t *count_out, struct err *err);
int memory_broadcast_counts(void *self, const char *id, struct arena *a,
			    struct broadcast_count **list_out, size_t *count_out, struct err *err);
int memory_audience_page(void *self, const char *step, const char *cursor, unsigned max,
			 bool with_boxes, int64_t now_ms, struct arena *a,
			 struct driver_member **list_out, size_t *count_out, const char **next_out,
			 struct err *err);
int memory_recipients_add(void *self, const struct driver_outbound *rows, size_t count,
			  struct err *err);
int memory_recipients_page(void *self, const char *broadcast, const char *cursor, unsigned max,
			   struct arena *a, struct driver_outbound **rows_out, size_t *count_out,
			   const char **next_out, struct err *err);

#endif
