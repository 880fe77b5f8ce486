/*
 * crypto.c - digests, encodings and constant-time comparison.
 *
 * Looking an algorithm up costs OpenSSL 3 more than hashing a webhook does.
 * So digests are fetched once, each HMAC has one prepared context, and every
 * thread keeps a copy of it together with the key it used last: tokens and
 * log keys are always the same, and setting one up costs as much as the hash.
 */
#include "base/crypto.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base_private.h"

enum mac { MAC_SHA1, MAC_SHA256, MAC_COUNT };

static struct {
	EVP_MD *sha256;
	EVP_MAC_CTX *hmac[MAC_COUNT];
	pthread_key_t at_exit; /* of a thread */
} tools;

enum { KEPT_KEY_MAX = 64 };

struct keyed {
	EVP_MAC_CTX *ctx;
	size_t size; /* of the key it is set up with; 0: none, or a long one */
	unsigned char key[KEPT_KEY_MAX];
};

static _Thread_local struct keyed kept[MAC_COUNT];

static pthread_once_t tools_once = PTHREAD_ONCE_INIT;

static EVP_MAC_CTX *hmac_prepare(EVP_MAC *mac, char *digest)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

	if (!ctx || !EVP_MAC_CTX_set_params(ctx, params))
		base_die("samvad: OpenSSL cannot do HMAC");
	return ctx;
}

static void drop_kept(void *arg)
{
	struct keyed *k = arg;

	for (int i = 0; i < MAC_COUNT; i++)
		EVP_MAC_CTX_free(k[i].ctx);
	OPENSSL_cleanse(k, sizeof kept);
}

static void tools_prepare(void)
{
	char sha1_name[] = "SHA1", sha256_name[] = "SHA256";
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	tools.sha256 = EVP_MD_fetch(NULL, sha256_name, NULL);
	if (!mac || !tools.sha256)
		base_die("samvad: OpenSSL knows neither HMAC nor SHA-256");
	tools.hmac[MAC_SHA1] = hmac_prepare(mac, sha1_name);
	tools.hmac[MAC_SHA256] = hmac_prepare(mac, sha256_name);
	EVP_MAC_free(mac); /* the contexts hold it */
	if (pthread_key_create(&tools.at_exit, drop_kept) != 0)
		base_die("samvad: no thread-specific data");
}

static void tools_ready(void)
{
	if (pthread_once(&tools_once, tools_prepare) != 0)
		base_die("samvad: pthread_once failed");
}

/* Duplicating reads only, so any thread may do it. */
static struct keyed *kept_of(enum mac which)
{
	struct keyed *k = &kept[which];

	tools_ready();
	if (!k->ctx) {
		k->ctx = EVP_MAC_CTX_dup(tools.hmac[which]);
		if (!k->ctx || pthread_setspecific(tools.at_exit, kept) != 0)
			base_die("samvad: out of memory");
	}
	return k;
}

static bool set_key(struct keyed *k, struct str key)
{
	if (k->size && k->size == key.n && memcmp(k->key, key.p, key.n) == 0)
		return EVP_MAC_init(k->ctx, NULL, 0, NULL);
	k->size = key.n <= KEPT_KEY_MAX ? key.n : 0;
	if (k->size)
		memcpy(k->key, key.p, k->size);
	/* A NULL key would mean "the key of last time". */
	return EVP_MAC_init(k->ctx, (const unsigned char *)(key.n ? key.p : ""), key.n, NULL);
}

static void hmac(enum mac which, struct str key, struct str data, uint8_t *out, size_t size)
{
	struct keyed *k = kept_of(which);
	size_t n = 0;

	if (!set_key(k, key) ||
	    !EVP_MAC_update(k->ctx, (const unsigned char *)(data.n ? data.p : ""), data.n) ||
	    !EVP_MAC_final(k->ctx, out, &n, size) || n != size)
		base_die("samvad: HMAC failed");
}

void hmac_sha1(struct str key, struct str data, uint8_t out[SHA1_SIZE])
{
	hmac(MAC_SHA1, key, data, out, SHA1_SIZE);
}

void hmac_sha256(struct str key, struct str data, uint8_t out[SHA256_SIZE])
{
	hmac(MAC_SHA256, key, data, out, SHA256_SIZE);
}

void sha1(struct str data, uint8_t out[SHA1_SIZE])
{
	unsigned n = 0;

	if (!EVP_Digest(data.n ? data.p : "", data.n, out, &n, EVP_sha1(), NULL) || n != SHA1_SIZE)
		base_die("samvad: SHA-1 failed");
}

void sha256(struct str data, uint8_t out[SHA256_SIZE])
{
	unsigned n = 0;

	tools_ready();
	if (!EVP_Digest(data.n ? data.p : "", data.n, out, &n, tools.sha256, NULL) ||
	    n != SHA256_SIZE)
		base_die("samvad: SHA-256 failed");
}

void hex_encode(const void *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(struct str text, uint8_t *out, size_t size)
{
	if (text.n % 2 || text.n / 2 > size || text.n / 2 > INT_MAX)
		return -1;
	for (size_t i = 0; i < text.n; i += 2) {
		int high = hex_digit(text.p[i]), low = hex_digit(text.p[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (int)(text.n / 2);
}

void base64_encode(const void *bytes, size_t n, char *out)
{
	assert(n < INT_MAX / 2); /* the length of the text must fit an int */
	out[0] = '\0';
	if (n)
		(void)EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
}

bool equal_secret(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

uint64_t hash64(struct str s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.n; i++) {
		h ^= (uint8_t)s.p[i];
		h *= 0x100000001b3u;
	}
	return h;
}
