/*
 * copy_private.h - deep copies of what drivers store and load, into an arena.
 */
#ifndef SAMVAD_STORE_COPY_PRIVATE_H
#define SAMVAD_STORE_COPY_PRIVATE_H

#include "driver_private.h"

struct str copy_box(struct str box, struct arena *a);
const char *copy_text(const char *text, struct arena *a); /* NULL becomes "" */
struct driver_session copy_session(const struct driver_session *s, struct arena *a);
struct driver_outbound copy_outbound(const struct driver_outbound *o, struct arena *a);
struct driver_record copy_record(const struct driver_record *r, struct arena *a);
struct driver_broadcast copy_broadcast(const struct driver_broadcast *b, struct arena *a);
struct driver_consent copy_consent(const struct driver_consent *c, struct arena *a);
struct audit_entry copy_audit(const struct audit_entry *e, struct arena *a);

#endif
