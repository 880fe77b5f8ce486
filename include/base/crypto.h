/*
 * base/crypto.h - digests, encodings and comparison that tell nothing by time.
 * OpenSSL 3 behind it. Any thread.
 */
#ifndef SAMVAD_BASE_CRYPTO_H
#define SAMVAD_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { SHA1_SIZE = 20, SHA256_SIZE = 32 };

void hmac_sha1(struct str key, struct str data, uint8_t out[SHA1_SIZE]);
void hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_SIZE]);
void sha1(struct str data, uint8_t out[SHA1_SIZE]); /* names things; proves nothing */
void sha256(struct str data, uint8_t out[SHA256_SIZE]);

/* Lower-case hex; out holds 2 n + 1 bytes. */
void hex_encode(const void *bytes, size_t n, char *out);
/* Returns the number of bytes, or -1 when text is not even-length hex or does not fit. */
int hex_decode(struct str text, uint8_t *out, size_t size);

enum { BASE64_SHA1_SIZE = 29 }; /* 28 characters and a NUL */
/* RFC 4648 section 4, with padding; out holds 4 * ((n + 2) / 3) + 1 bytes. */
void base64_encode(const void *bytes, size_t n, char *out);

/* Equal length and bytes; time depends on the length only. */
bool equal_secret(struct str a, struct str b);

/* Stable 64-bit hash (FNV-1a) for shards and tables; not for secrets. */
uint64_t hash64(struct str s);

#endif
