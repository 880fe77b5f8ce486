/*
 * memory_private.h - the memory driver's data, shared by its two files.
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

struct memory_row { /* of a contact's line, oldest first */
	struct memory_row *next;
	struct arena a;
	struct driver_outbound row;
	int64_t changed_ms;
};

struct memory_contact {
	struct memory_contact *next;
	char *name;
	struct contact_facts facts;
	bool has_session;
	struct driver_session session;
	struct arena session_arena;
	int64_t call_due_ms;
	struct memory_turn *turns;
	struct memory_row *rows;
	size_t consents; /* rows of the ledger: nothing here reads them back */
};

struct memory_record {
	struct memory_record *next;
	struct arena a;
	struct driver_record record;
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
	struct memory_member *members;
};

/* The lock is held around these. */
struct memory_contact *memory_contact_find(struct memory *m, const char *name, bool make);
void memory_row_add(struct memory_contact *c, const struct driver_outbound *row);
void memory_rows_free(struct memory_contact *c);
void memory_rows_count(const struct memory_contact *c, struct store_stats *stats);
int memory_rows_sweep(struct memory_contact *c, int64_t now_ms);

/* Driver functions: they lock. */
int memory_outbox_claim(void *self, int64_t now_ms, int64_t lease_ms, unsigned max, struct arena *a,
			struct driver_outbound **rows_out, size_t *count_out, struct err *err);
int memory_outbox_settle(void *self, const struct driver_outbound *row, int64_t now_ms,
			 struct err *err);
int memory_status_apply(void *self, const char *contact, const char *our_id,
			const char *external_id, enum status status, int error_code, int64_t now_ms,
			struct err *err);
int memory_outbox_get(void *self, const char *contact, const char *id, struct arena *a,
		      struct driver_outbound *row_out, struct err *err);

#endif
