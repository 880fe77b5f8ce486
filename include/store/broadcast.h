/*
 * store/broadcast.h - broadcasts, their audience and their recipients' rows.
 *
 * Part of the store: its rules of threads, errors and ownership (store.h) hold here too. A
 * recipient's row is an outbound (store/outbox.h claims and settles it); its counts are kept in the
 * same step as the row.
 */
#ifndef SAMVAD_STORE_BROADCAST_H
#define SAMVAD_STORE_BROADCAST_H

#include "model/broadcast.h"
#include "store/outbox.h"

/* Stores a new one with its audit entry. 1; or 0 when request_key is not "" and was used before:
 * *existing_out is that broadcast. */
int store_broadcast_create(struct store *store, const struct broadcast *b,
			   const struct audit_entry *audit, struct arena *a,
			   struct broadcast *existing_out, struct err *err);
/* 1/0/-1. */
int store_broadcast_get(struct store *store, const char *id, struct arena *a,
			struct broadcast *b_out, struct err *err);
/* By the request_key it was created with, which is not "". 1/0/-1. */
int store_broadcast_find(struct store *store, const char *request_key, struct arena *a,
			 struct broadcast *b_out, struct err *err);
/* Writes state, why, why_code, round, cursor and the times, if the revision is still the one given;
 * with an audit entry (or NULL) in the same step. 1, or 0: another by now. */
int store_broadcast_change(struct store *store, const struct broadcast *b,
			   const struct audit_entry *audit, struct err *err);
/* Newest first, those of one millisecond by id backwards; created before `before_ms` (0: from the
 * newest), or in it with an id before `before_id` (may be ""); only those that are neither
 * DONE nor CANCELLED if `open_only`. At most max. */
int store_broadcast_list(struct store *store, bool open_only, int64_t before_ms,
			 const char *before_id, unsigned max, struct arena *a,
			 struct broadcast **list_out, size_t *count_out, struct err *err);
/* Where its messages are: one count for each situation that occurs. */
int store_broadcast_counts(struct store *store, const char *id, struct arena *a,
			   struct broadcast_count **list_out, size_t *count_out, struct err *err);

struct audience_member {
	const char *contact;
	struct contact_facts facts;
	const struct session *session; /* values only if they were asked for */
};
/* Pages through contacts with a session that has not expired, at the step with this public name
 * ("" any). cursor "" begins; *next_out "" was the last page. A page may be empty, may hold
 * a contact again that was on an earlier one, and holds at most max (up to STORE_MAX_ROWS).
 * Who has a session all the while is named. Holds up no turn for long. */
int store_audience_page(struct store *store, const char *step, const char *cursor, unsigned max,
			bool with_values, int64_t now_ms, struct arena *a,
			struct audience_member **list_out, size_t *count_out, const char **next_out,
			struct err *err);
/* Adds rows (kind BROADCAST; WAITING, or DEAD with the reason of a skip) of one broadcast. A row
 * whose id is there already stays as it is. Row by row, as store_outbox_settle. */
int store_recipients_add(struct store *store, const struct outbound *rows, size_t count,
			 struct err *err);
/* Pages through the rows of a broadcast in a steady order, REPLACED ones among them. */
int store_recipients_page(struct store *store, const char *broadcast, const char *cursor,
			  unsigned max, struct arena *a, struct outbound **rows_out,
			  size_t *count_out, const char **next_out, struct err *err);

#endif
