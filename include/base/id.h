/*
 * base/id.h - random identifiers from the system's generator. Any thread.
 */
#ifndef SAMVAD_BASE_ID_H
#define SAMVAD_BASE_ID_H

#include <stddef.h>
#include <stdint.h>

enum { ID_HEX_SIZE = 33 }; /* 32 lower-case hex digits and a NUL: 128 bits */

void id_random(char out[ID_HEX_SIZE]);
/* Fills n bytes; aborts when the system has no randomness. */
void id_random_bytes(void *out, size_t n);
uint64_t id_random_u64(void);

#endif
