/*
 * twilio_signature.c - X-Twilio-Signature: HMAC-SHA1 over URL and sorted fields.
 *
 * One block of memory holds room for the URL and, behind it, the fields as
 * they are signed; each form of the URL is written just before the fields and
 * hashed together with them. So trying another form copies the URL only.
 *
 * Fields are read laxly and signed as bytes: too many of them, broken escapes,
 * NUL and invalid UTF-8 are the parser's matter, who may name the fault to a
 * sender who is known. Sorting is by name alone, then, within one name, by
 * value with repeats dropped.
 */
#include "twilio_private.h"

#include <assert.h>
#include <strings.h>

#include "base/crypto.h"
#include "base/form.h"

static int compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

static int by_name_then_value(const struct form_field *a, const struct form_field *b)
{
	int order = compare(a->name, b->name);

	return order ? order : compare(a->value, b->value);
}

static size_t put(char *to, struct str s)
{
	if (s.n)
		memcpy(to, s.p, s.n);
	return s.n;
}

/* Puts f among n sorted ones. Halving bounds the comparisons for a stranger's thousand fields,
 * and for the fifteen of a message it costs half of what qsort does. */
static void insert(const struct form_field **sorted, size_t n, const struct form_field *f)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_name_then_value(sorted[middle], f) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(sorted + low + 1, sorted + low, (n - low) * sizeof *sorted);
	sorted[low] = f;
}

/* Writes the sorted fields to `to`, which has room for all of the body. */
static size_t write_fields(const struct form *form, struct arena *a, char *to)
{
	const struct form_field **sorted = arena_array(a, form->count, sizeof *sorted);
	size_t n = 0;

	for (size_t i = 0; i < form->count; i++)
		insert(sorted, i, &form->fields[i]);
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *f = sorted[i];

		if (i > 0 && by_name_then_value(sorted[i - 1], f) == 0)
			continue;
		n += put(to + n, f->name);
		n += put(to + n, f->value);
	}
	return n;
}

static bool hash_is(struct str body, struct str hex)
{
	uint8_t digest[SHA256_SIZE];
	char text[2 * SHA256_SIZE + 1];

	sha256(body, digest);
	hex_encode(digest, sizeof digest, text);
	return equal_secret(str_of(text), hex);
}

/* The query must carry the hash of the body. An empty body may have been
 * hashed as the empty object. */
static bool body_hash_holds(struct str body, struct str query, struct arena *a)
{
	struct str hex = twilio_url_parameter(query, "bodySHA256", a);

	if (!hex.p)
		return false;
	return hash_is(body, hex) || (body.n == 0 && hash_is(str_of("{}"), hex));
}

enum twilio_body_kind twilio_body_kind(const char *method, const char *content_type)
{
	static const char form[] = "application/x-www-form-urlencoded";
	size_t n;

	if (method && (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0))
		return TWILIO_BODY_NONE;
	if (!content_type)
		return TWILIO_BODY_FORM;
	content_type += strspn(content_type, " \t");
	n = strcspn(content_type, "; \t");
	if (n == 0 || (n == sizeof form - 1 && strncasecmp(content_type, form, n) == 0))
		return TWILIO_BODY_FORM;
	return TWILIO_BODY_HASHED;
}

/* Room for the longest form of the URL: re-encoding makes at most four bytes of one
 * in the query, and a port or a slash is added. */
static size_t room_for(const struct twilio_url *u)
{
	return u->scheme.n + 3 + u->userinfo.n + u->host.n + u->port.n + u->path.n +
	       4 * u->query.n + 16;
}

int twilio_signed_init(struct twilio_signed *s_out, enum twilio_body_kind kind, struct str body,
		       const struct twilio_url *u, struct arena *a, const char **why_out)
{
	struct twilio_signed s = { .arena = a, .url_room = room_for(u) };

	if (kind == TWILIO_BODY_FORM && form_read(body, a, &s.form) < 0) {
		*why_out = "too_many_fields";
		return -1;
	}
	if (kind == TWILIO_BODY_HASHED && !body_hash_holds(body, u->query, a)) {
		*why_out = "body_hash";
		return -1;
	}
	s.block = arena_alloc(a, s.url_room + (s.form.count ? body.n : 0));
	s.fields_size = write_fields(&s.form, a, s.block + s.url_room);
	*s_out = s;
	return 0;
}

void twilio_signed_compute(struct twilio_signed *s, struct str url, struct str token,
			   char out[TWILIO_SIGNATURE_LENGTH + 1])
{
	char *start = s->block + (s->url_room - url.n);
	uint8_t digest[SHA1_SIZE];

	assert(url.n <= s->url_room);
	(void)put(start, url);
	hmac_sha1(token, (struct str){ start, url.n + s->fields_size }, digest);
	base64_encode(digest, sizeof digest, out);
}

bool twilio_signed_match(struct twilio_signed *s, const struct twilio_url *u,
			 const struct str *tokens, size_t token_count, struct str signature,
			 struct twilio_match *match_out)
{
	char expected[TWILIO_SIGNATURE_LENGTH + 1];

	if (signature.n != TWILIO_SIGNATURE_LENGTH)
		return false;
	for (unsigned i = 0; i < TWILIO_URL_FORMS; i++) {
		struct str url;

		if (!twilio_url_form(u, i, s->arena, &url))
			continue;
		for (size_t k = 0; k < token_count; k++) {
			twilio_signed_compute(s, url, tokens[k], expected);
			if (!equal_secret(str_of(expected), signature))
				continue;
			*match_out = (struct twilio_match){ i, url };
			return true;
		}
	}
	return false;
}

/* A GET has its fields in the query; of any other method only the body counts. */
static struct str fields_of(const struct webhook *w, enum twilio_body_kind kind)
{
	const char *mark = w->target ? strchr(w->target, '?') : NULL;

	if (kind != TWILIO_BODY_NONE)
		return w->body;
	return mark ? str_of(mark + 1) : (struct str){ "", 0 };
}

static enum verify_result refuse(const char **why_out, const char *why)
{
	*why_out = why;
	return VERIFY_BAD;
}

enum verify_result twilio_verify(const struct channel *c, const struct webhook *w, struct arena *a,
				 struct channel_verified *v_out, const char **why_out)
{
	const struct twilio *t = twilio_of(c);
	bool two;
	const char *signature = webhook_header(w, "X-Twilio-Signature", &two);
	enum twilio_body_kind kind =
		twilio_body_kind(w->method, webhook_header(w, "Content-Type", NULL));
	struct twilio_signed s;
	struct twilio_match match;
	struct twilio_url u;

	*why_out = "ok";
	if (two)
		return refuse(why_out, "two_signatures");
	if (!signature || !*signature)
		return refuse(why_out, "no_signature");
	if (t->token_count == 0)
		return refuse(why_out, "no_token");
	if (strlen(signature) != TWILIO_SIGNATURE_LENGTH) /* before any work for a stranger */
		return refuse(why_out, "mismatch");
	if (twilio_url_seen(t, w, a, &u) < 0)
		return refuse(why_out, "no_host");
	if (twilio_signed_init(&s, kind, w->body, &u, a, why_out) < 0)
		return VERIFY_BAD;
	if (!twilio_signed_match(&s, &u, t->tokens, t->token_count, str_of(signature), &match))
		return refuse(why_out, "mismatch");
	v_out->raw = fields_of(w, kind);
	v_out->form = s.form;
	if (kind != TWILIO_BODY_FORM && form_read(v_out->raw, a, &v_out->form) < 0)
		return refuse(why_out, "too_many_fields");
	return VERIFY_OK;
}
