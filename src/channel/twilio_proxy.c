/*
 * twilio_proxy.c - the networks whose X-Forwarded-* headers are believed.
 *
 * All addresses are compared as IPv6, IPv4 ones in their mapped form: a
 * dual-stack listener reports an IPv4 peer as ::ffff:a.b.c.d.
 */
#include "twilio_private.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/mem.h"

enum { V4_OFFSET = 96, ENTRY_MAX = 63 };

/* *bits_out: the bits of a whole address of its family. */
static bool parse_address(const char *text, struct in6_addr *out, unsigned *bits_out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, text, out) == 1) {
		*bits_out = 128;
		return true;
	}
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	*out = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(out->s6_addr + 12, &v4, sizeof v4);
	*bits_out = 32;
	return true;
}

static bool parse_bits(const char *text, unsigned max, unsigned *out)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 3 || text[n])
		return false;
	*out = (unsigned)strtoul(text, NULL, 10);
	return *out <= max;
}

static bool parse_entry(const char *entry, size_t n, struct twilio_network *out)
{
	char text[ENTRY_MAX + 1];
	unsigned width, bits;
	char *slash;

	if (n > ENTRY_MAX)
		return false;
	memcpy(text, entry, n);
	text[n] = '\0';
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (!parse_address(text, &out->address, &width))
		return false;
	bits = width;
	if (slash && !parse_bits(slash, width, &bits))
		return false;
	out->bits = width == 32 ? V4_OFFSET + bits : bits;
	return true;
}

int twilio_proxies_parse(const char *list, struct twilio_proxies *p_out, struct err *err)
{
	static const char separators[] = ", \t\r\n";
	struct twilio_proxies p = { 0 };

	p.networks = mem_array(strlen(list) / 2 + 1, sizeof *p.networks);
	for (;;) {
		size_t n;

		list += strspn(list, separators);
		n = strcspn(list, separators);
		if (n == 0)
			break;
		if (!parse_entry(list, n, &p.networks[p.count])) {
			twilio_proxies_free(&p);
			return err_set(err, ERR_INPUT,
				       "TRUSTED_PROXIES: \"%.*s\" is neither an address nor a "
				       "network like 10.0.0.0/8",
				       (int)(n > ENTRY_MAX ? ENTRY_MAX : n), list);
		}
		p.count++;
		list += n;
	}
	*p_out = p;
	return 0;
}

void twilio_proxies_free(struct twilio_proxies *p)
{
	free(p->networks);
	*p = (struct twilio_proxies){ 0 };
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

bool twilio_proxies_has(const struct twilio_proxies *p, const char *peer)
{
	struct twilio_network n;
	size_t length = peer ? strcspn(peer, "%") : 0; /* less the zone of a link-local address */

	if (length == 0 || memchr(peer, '/', length) || !parse_entry(peer, length, &n))
		return false;
	for (size_t i = 0; i < p->count; i++) {
		if (same_bits(n.address.s6_addr, p->networks[i].address.s6_addr,
			      p->networks[i].bits))
			return true;
	}
	return false;
}
