/*
 * seal.c - AES-256-GCM boxes with a key ring.
 *
 * Plain bytes are written behind the contents of the caller's buffer and
 * count only when the tag was right; otherwise they are wiped.
 */
#include "base/seal.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/crypto.h"
#include "base/id.h"
#include "base/mem.h"
#include "base_private.h"

enum {
	BOX_VERSION = 1,
	ID_MAX = 16,
	KEY_SIZE = 32,
	NONCE_SIZE = 12,
	TAG_SIZE = 16,
	KEYS_MAX = 16,
};

struct seal_key {
	uint64_t serial; /* of all keys that this process has parsed, from 1: never given twice */
	char id[ID_MAX + 1];
	uint8_t bytes[KEY_SIZE];
};

struct seal_ring {
	size_t count;
	struct seal_key keys[KEYS_MAX];
};

enum direction { SEALING, OPENING, DIRECTIONS };

/* Making a context costs more than a box, and setting its key as much as sealing a short one. */
struct kept {
	EVP_CIPHER_CTX *ctx;
	uint64_t serial; /* of the key that is set; 0: none for sure */
};

static EVP_CIPHER *cipher;
static pthread_key_t at_exit; /* of a thread */
static pthread_once_t cipher_once = PTHREAD_ONCE_INIT;
static _Thread_local struct kept kept[DIRECTIONS];
static _Atomic uint64_t keys_parsed;

static void drop_kept(void *arg)
{
	struct kept *k = arg;

	for (int i = 0; i < DIRECTIONS; i++)
		EVP_CIPHER_CTX_free(k[i].ctx);
}

static void cipher_prepare(void)
{
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (!cipher)
		base_die("samvad: OpenSSL does not know AES-256-GCM");
	if (pthread_key_create(&at_exit, drop_kept) != 0)
		base_die("samvad: no thread-specific data");
}

/* This thread's context, started with key and nonce; NULL when OpenSSL fails. */
static EVP_CIPHER_CTX *cipher_start(enum direction d, const struct seal_key *key,
				    const uint8_t *nonce)
{
	const EVP_CIPHER *first = NULL; /* naming the cipher again would set it up anew */
	struct kept *k = &kept[d];
	bool is_set = k->serial == key->serial;

	if (pthread_once(&cipher_once, cipher_prepare) != 0)
		base_die("samvad: pthread_once failed");
	if (!k->ctx) {
		first = cipher;
		k->ctx = EVP_CIPHER_CTX_new();
		if (!k->ctx || pthread_setspecific(at_exit, kept) != 0)
			base_die("samvad: out of memory");
	}
	k->serial = 0; /* whatever a failure leaves behind */
	if (!EVP_CipherInit_ex2(k->ctx, first, is_set ? NULL : key->bytes, nonce, d == SEALING,
				NULL))
		return NULL;
	k->serial = key->serial;
	return k->ctx;
}

static bool is_id(struct str s)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	if (s.n < 1 || s.n > ID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!memchr(allowed, s.p[i], sizeof allowed - 1))
			return false;
	}
	return true;
}

static const struct seal_key *find_key(const struct seal_ring *ring, struct str id)
{
	for (size_t i = 0; i < ring->count; i++) {
		if (str_is(id, ring->keys[i].id))
			return &ring->keys[i];
	}
	return NULL;
}

/* Texts name a key by its place: a forgotten id would make the key look like one. */
static int add_key(struct seal_ring *ring, struct str item, struct err *err)
{
	size_t place = ring->count + 1;
	const char *colon = item.n ? memchr(item.p, ':', item.n) : NULL;
	struct seal_key *key;
	struct str id, hex;

	if (ring->count == KEYS_MAX)
		return err_set(err, ERR_INPUT, "more than %d keys", KEYS_MAX);
	if (!colon)
		return err_set(err, ERR_INPUT, "key %zu: expected id:hex", place);
	id = (struct str){ item.p, (size_t)(colon - item.p) };
	hex = (struct str){ colon + 1, item.n - id.n - 1 };
	if (!is_id(id))
		return err_set(err, ERR_INPUT,
			       "key %zu: the id must be 1 to %d letters, digits, '-' or '_'", place,
			       ID_MAX);
	if (find_key(ring, id))
		return err_set(err, ERR_INPUT, "key %zu: its id occurs twice", place);
	key = &ring->keys[ring->count];
	if (hex_decode(hex, key->bytes, KEY_SIZE) != KEY_SIZE)
		return err_set(err, ERR_INPUT, "key %zu: the key must be %d hex digits", place,
			       2 * KEY_SIZE);
	memcpy(key->id, id.p, id.n); /* the rest is zero */
	key->serial = atomic_fetch_add(&keys_parsed, 1) + 1;
	ring->count++;
	return 0;
}

int seal_ring_parse(const char *text, struct seal_ring **ring_out, struct err *err)
{
	struct seal_ring *ring = mem_alloc(sizeof *ring);
	struct str item;

	*ring_out = NULL;
	do {
		item = (struct str){ text, strcspn(text, ",") };
		if (add_key(ring, item, err) < 0) {
			seal_ring_free(&ring);
			return -1;
		}
		text += item.n;
	} while (*text++ == ',');
	*ring_out = ring;
	return 0;
}

void seal_ring_free(struct seal_ring **ring)
{
	if (!*ring)
		return;
	mem_wipe_free((char *)*ring, sizeof **ring);
	*ring = NULL;
}

/* Feeds the context; NULL would be taken as the end of something. */
static bool add_context(EVP_CIPHER_CTX *ctx, struct str context, bool sealing)
{
	const unsigned char *p = (const unsigned char *)context.p;
	int n;

	if (context.n == 0)
		return true;
	if (context.n > INT_MAX)
		return false;
	return sealing ? EVP_EncryptUpdate(ctx, NULL, &n, p, (int)context.n)
		       : EVP_DecryptUpdate(ctx, NULL, &n, p, (int)context.n);
}

static bool encrypt(const struct seal_key *key, const uint8_t *nonce, struct str context,
		    struct str plain, uint8_t *to)
{
	EVP_CIPHER_CTX *ctx = cipher_start(SEALING, key, nonce);
	uint8_t *tag = to + plain.n;
	int n = 0, end = 0;
	bool ok = ctx && add_context(ctx, context, true);

	if (ok && plain.n)
		ok = EVP_EncryptUpdate(ctx, to, &n, (const unsigned char *)plain.p, (int)plain.n);
	ok = ok && EVP_EncryptFinal_ex(ctx, to + n, &end) && (size_t)(n + end) == plain.n &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag);
	return ok;
}

/* body: ciphertext and tag. */
static bool decrypt(const struct seal_key *key, const uint8_t *nonce, struct str context,
		    struct str body, uint8_t *to)
{
	EVP_CIPHER_CTX *ctx = cipher_start(OPENING, key, nonce);
	size_t size = body.n - TAG_SIZE;
	uint8_t tag[TAG_SIZE];
	int n = 0, end = 0;
	bool ok = ctx && add_context(ctx, context, false);

	memcpy(tag, body.p + size, TAG_SIZE);
	if (ok && size)
		ok = EVP_DecryptUpdate(ctx, to, &n, (const unsigned char *)body.p, (int)size);
	ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) &&
	     EVP_DecryptFinal_ex(ctx, to + n, &end) > 0;
	return ok;
}

int seal_box(const struct seal_ring *ring, struct str context, struct str plain, struct buf *out,
	     struct err *err)
{
	const struct seal_key *key = &ring->keys[0];
	size_t id_size = strlen(key->id);
	size_t head = 2 + id_size + NONCE_SIZE;
	uint8_t *box;

	assert(plain.n < INT_MAX / 2); /* everything stored is bounded far below */
	box = buf_room(out, head + plain.n + TAG_SIZE);
	if (!box)
		return err_set(err, ERR_FULL, "seal: no room for the box");
	box[0] = BOX_VERSION;
	box[1] = (uint8_t)id_size;
	memcpy(box + 2, key->id, id_size);
	id_random_bytes(box + 2 + id_size, NONCE_SIZE);
	if (!encrypt(key, box + 2 + id_size, context, plain, box + head))
		base_die("samvad: AES-256-GCM failed");
	out->len += head + plain.n + TAG_SIZE;
	out->data[out->len] = '\0';
	return 0;
}

int seal_open(const struct seal_ring *ring, struct str context, struct str box, struct buf *out,
	      struct err *err)
{
	const struct seal_key *key;
	size_t id_size, head, size;
	uint8_t *to;
	struct str id;

	if (box.n < 2 || box.p[0] != BOX_VERSION)
		return err_set(err, ERR_INPUT, "seal: not a box");
	id_size = (uint8_t)box.p[1];
	head = 2 + id_size + NONCE_SIZE;
	if (box.n < head + TAG_SIZE || box.n > INT_MAX)
		return err_set(err, ERR_INPUT, "seal: not a box");
	id = (struct str){ box.p + 2, id_size };
	if (!is_id(id))
		return err_set(err, ERR_INPUT, "seal: not a box");
	key = find_key(ring, id);
	if (!key)
		return err_set(err, ERR_PERM, "seal: the key \"%.*s\" is not in the ring",
			       (int)id.n, id.p);
	size = box.n - head - TAG_SIZE;
	to = buf_room(out, size);
	if (!to)
		return err_set(err, ERR_FULL, "seal: no room for the contents");
	if (!decrypt(key, (const uint8_t *)box.p + 2 + id_size, context,
		     (struct str){ box.p + head, size + TAG_SIZE }, to)) {
		OPENSSL_cleanse(to, size);
		out->data[out->len] = '\0';
		return err_set(err, ERR_PERM, "seal: the box was changed or belongs elsewhere");
	}
	out->len += size;
	out->data[out->len] = '\0';
	return 0;
}
