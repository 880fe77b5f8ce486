/*
 * base/mem.h - allocation that aborts when memory ends.
 *
 * Untested recovery is worse than a restart: every allocation of our own goes
 * through here. Freed with free().
 */
#ifndef SAMVAD_BASE_MEM_H
#define SAMVAD_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t n); /* zeroed */
void *mem_array(size_t n, size_t size);
void *mem_grow(void *old, size_t n, size_t size); /* like reallocarray; new part not zeroed */
char *mem_strdup(const char *s);		  /* NULL stays NULL */
char *mem_strndup(const char *s, size_t n);

/* Overwrites before freeing; for keys and tokens. NULL is fine. */
void mem_wipe_free(char *secret, size_t n);

#endif
