/*
 * base_private.h - what the tools of this room share among themselves.
 */
#ifndef SAMVAD_BASE_PRIVATE_H
#define SAMVAD_BASE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Ends the program with one line on standard error. For what only a bug or a
 * broken machine can cause; never for input. Uses no memory of its own. */
_Noreturn void base_die(const char *what);

/* Makes room for n bytes behind the contents and returns where they go; the
 * caller adds what it wrote to b->len. NULL (and b->full) past the maximum. */
void *buf_room(struct buf *b, size_t n);

#endif
