/*
 * redis_tls.c - TLS for rediss://, always verified.
 *
 * The server's certificate must lead to an authority of the system (or of
 * SSL_CERT_FILE, SSL_CERT_DIR) and name the host of REDIS_URL. There is no
 * setting to let that be. A session belongs to the thread of its link, which
 * has SIGPIPE blocked: OpenSSL writes without MSG_NOSIGNAL.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "redis_link_private.h"

struct redis_tls {
	SSL_CTX *ctx;
};

static int give_up(struct err *err, enum err_kind kind, const char *what)
{
	char why[128] = "unknown";
	unsigned long code = ERR_get_error();

	if (code)
		ERR_error_string_n(code, why, sizeof why);
	ERR_clear_error();
	return err_set(err, kind, "TLS: %s: %s", what, why);
}

int redis_tls_new(struct redis_tls **tls_out, struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct redis_tls *tls;

	*tls_out = NULL;
	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) ||
	    !SSL_CTX_set_default_verify_paths(ctx)) {
		SSL_CTX_free(ctx);
		return give_up(err, ERR_PERM, "no client");
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	/* A write counts by records: what was not counted, the server surely cannot read. */
	(void)SSL_CTX_set_mode(ctx,
			       SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	tls = mem_alloc(sizeof *tls);
	tls->ctx = ctx;
	*tls_out = tls;
	return 0;
}

void redis_tls_free(struct redis_tls **tls)
{
	if (!*tls)
		return;
	SSL_CTX_free((*tls)->ctx);
	free(*tls);
	*tls = NULL;
}

static bool insist_on(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

int redis_tls_attach(struct redis_tls *tls, int fd, const char *host, struct ssl_st **ssl_out,
		     struct err *err)
{
	*ssl_out = SSL_new(tls->ctx);
	if (!*ssl_out || SSL_set_fd(*ssl_out, fd) != 1 || !insist_on(*ssl_out, host))
		return give_up(err, ERR_TEMP, "no session");
	return 0;
}

void redis_tls_detach(struct ssl_st **ssl)
{
	/* No farewell: it would have to wait, and Redis needs none. */
	SSL_free(*ssl);
	*ssl = NULL;
}

/* 0: not now, with *wants_out; -1: over. */
static int judge(SSL *ssl, int ret, short *wants_out, struct err *err)
{
	int fault = errno;

	switch (SSL_get_error(ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		*wants_out = POLLIN;
		return 0;
	case SSL_ERROR_WANT_WRITE:
		*wants_out = POLLOUT;
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return redis_stream_lost(err, 0);
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return redis_stream_lost(err, fault);
	default:
		if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
			ERR_clear_error();
			return redis_stream_lost(err, 0);
		}
		return give_up(err, ERR_TEMP, "the server");
	}
}

int redis_tls_connect(struct ssl_st *ssl, short *wants_out, struct err *err)
{
	long verdict;
	int ret;

	ERR_clear_error();
	ret = SSL_connect(ssl);
	if (ret == 1)
		return 1;
	verdict = SSL_get_verify_result(ssl);
	if (verdict != X509_V_OK) {
		ERR_clear_error();
		return err_set(err, ERR_PERM, "TLS: its certificate is refused: %s",
			       X509_verify_cert_error_string(verdict));
	}
	return judge(ssl, ret, wants_out, err);
}

ssize_t redis_tls_read(struct ssl_st *ssl, void *bytes, size_t room, short *wants_out,
		       struct err *err)
{
	size_t total = 0, n;

	*wants_out = POLLIN;
	/* To the end of what has arrived: poll() does not see what OpenSSL holds already. */
	while (total < room) {
		int ret;

		ERR_clear_error();
		ret = SSL_read_ex(ssl, (char *)bytes + total, room - total, &n);
		if (ret == 1) {
			total += n;
			continue;
		}
		/* What was read first is handed out first; the end comes again next time. */
		if (judge(ssl, ret, wants_out, total ? NULL : err) < 0 && total == 0)
			return -1;
		break;
	}
	return (ssize_t)total;
}

ssize_t redis_tls_write(struct ssl_st *ssl, struct str bytes, short *wants_out, struct err *err)
{
	size_t n;
	int ret;

	*wants_out = POLLOUT;
	ERR_clear_error();
	ret = SSL_write_ex(ssl, bytes.p, bytes.n, &n);
	if (ret == 1)
		return (ssize_t)n;
	return judge(ssl, ret, wants_out, err);
}
