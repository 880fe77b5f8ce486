/*
 * id.c - random identifiers from the system's generator.
 */
#include "base/id.h"

#include <errno.h>
#include <sys/random.h>

#include "base/crypto.h"
#include "base_private.h"

void id_random_bytes(void *out, size_t n)
{
	unsigned char *p = out;

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
