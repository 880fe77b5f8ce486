/*
 * id.c - random identifiers from the system's generator.
 */
#include "base/id.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/crypto.h"
#include "base_private.h"

enum { STOCK = 256 }; /* the system gives that much without being interrupted */

static void fetch(unsigned char *p, size_t n)
{
	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			base_die("samvad: the system has no randomness");
		p += got;
		n -= (size_t)got;
	}
}

static _Thread_local unsigned char stock[STOCK];
static _Thread_local size_t left;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* In the child of a fork: what is in stock is the parent's as well. */
static void forget(void)
{
	left = 0;
}

static void prepare(void)
{
	if (pthread_atfork(NULL, NULL, forget) != 0)
		base_die("samvad: out of memory");
}

/* A turn needs five small pieces: each thread fetches for several turns at once. A piece is
 * given out once and wiped. */
void id_random_bytes(void *out, size_t n)
{
	if (pthread_once(&once, prepare) != 0)
		base_die("samvad: pthread_once failed");
	if (n > STOCK / 4) {
		fetch(out, n);
		return;
	}
	if (n > left) {
		fetch(stock, STOCK);
		left = STOCK;
	}
	left -= n;
	memcpy(out, stock + left, n);
	explicit_bzero(stock + left, n);
}

void id_random(char out[ID_HEX_SIZE])
{
	unsigned char bytes[(ID_HEX_SIZE - 1) / 2];

	id_random_bytes(bytes, sizeof bytes);
	hex_encode(bytes, sizeof bytes, out);
}

uint64_t id_random_u64(void)
{
	uint64_t n;

	id_random_bytes(&n, sizeof n);
	return n;
}
