/*
 * test_redis_tls.c - rediss:// against a redis-server with certificates of the test's own.
 *
 * openssl makes an authority, a certificate for localhost and 127.0.0.1, one
 * for another host, and an authority that nobody trusts.
 */
#include "redis_fixture.c"
#include "redis_proxy.c"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { TIMEOUT_MS = 20000 };

static char dir[64];

static void run(const char *const *argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(dir) < 0 || !freopen("/dev/null", "w", stderr))
			_exit(126);
		execvp(argv[0], (char **)(void *)argv);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s %s failed: %d", argv[0], argv[1], status);
}

static void make_authority(const char *key, const char *cert, const char *name)
{
	const char *const argv[] = { "openssl",
				     "req",
				     "-x509",
				     "-newkey",
				     "ec",
				     "-pkeyopt",
				     "ec_paramgen_curve:prime256v1",
				     "-nodes",
				     "-days",
				     "2",
				     "-subj",
				     name,
				     "-keyout",
				     key,
				     "-out",
				     cert,
				     NULL };

	run(argv);
}

static void make_certificate(const char *key, const char *cert, const char *names)
{
	const char *const argv[] = { "openssl",
				     "req",
				     "-x509",
				     "-newkey",
				     "ec",
				     "-pkeyopt",
				     "ec_paramgen_curve:prime256v1",
				     "-nodes",
				     "-days",
				     "2",
				     "-subj",
				     "/CN=redis",
				     "-keyout",
				     key,
				     "-out",
				     cert,
				     "-CA",
				     "ca.pem",
				     "-CAkey",
				     "ca.key",
				     "-addext",
				     names,
				     "-addext",
				     "basicConstraints=critical,CA:FALSE",
				     NULL };

	run(argv);
}

static int make_all(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof dir, "/tmp/samvad-tls-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	make_authority("ca.key", "ca.pem", "/CN=authority");
	make_authority("stranger.key", "stranger.pem", "/CN=stranger");
	make_certificate("here.key", "here.pem", "subjectAltName=DNS:localhost,IP:127.0.0.1");
	make_certificate("there.key", "there.pem", "subjectAltName=DNS:redis.example,IP:10.9.8.7");
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

struct tls_server {
	char port[8], cert[96], key[96], ca[96];
	const char *more[16];
	struct redis_fixture *f;
};

/* The plain port stays open beside it, for the second pair of eyes. */
static void tls_start(struct tls_server *s, const char *name)
{
	struct redis_server_options options = { .more = s->more };
	size_t n = 0;

	(void)snprintf(s->port, sizeof s->port, "%d", redis_server_free_port());
	(void)snprintf(s->cert, sizeof s->cert, "%s/%s.pem", dir, name);
	(void)snprintf(s->key, sizeof s->key, "%s/%s.key", dir, name);
	(void)snprintf(s->ca, sizeof s->ca, "%s/ca.pem", dir);
	s->more[n++] = "--tls-port";
	s->more[n++] = s->port;
	s->more[n++] = "--tls-cert-file";
	s->more[n++] = s->cert;
	s->more[n++] = "--tls-key-file";
	s->more[n++] = s->key;
	s->more[n++] = "--tls-ca-cert-file";
	s->more[n++] = s->ca;
	s->more[n++] = "--tls-auth-clients";
	s->more[n++] = "no";
	s->more[n] = NULL;
	s->f = fixture_start(&options, TIMEOUT_MS);
}

/* Opens by this host; trust: the file of authorities, within the folder. */
static int tls_open(struct tls_server *s, const char *host, const char *port, const char *trust)
{
	char path[96];

	(void)snprintf(path, sizeof path, "%s/%s", dir, trust);
	assert_int_equal(setenv("SSL_CERT_FILE", path, 1), 0);
	(void)snprintf(s->f->url, sizeof s->f->url, "rediss://%s:%s", host, port);
	assert_int_equal(fixture_open(s->f, s->f->url, TIMEOUT_MS), 0);
	return s->f->driver->ping(s->f->self, &s->f->err);
}

static void talks(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost" };
	struct tls_server s;

	(void)state;
	tls_start(&s, "here");
	for (size_t i = 0; i < 2; i++) {
		static char box[3000000]; /* many records, both ways */
		struct driver_turn t;
		struct driver_view v;
		const char *who = arena_printf(&s.f->a, "whatsapp:+9190000%zu", i);

		if (tls_open(&s, hosts[i], s.port, "ca.pem") < 0)
			fail_msg("%s: %s", hosts[i], s.f->err.text);
		for (size_t j = 0; j < sizeof box; j++)
			box[j] = (char)(j * 7 + i);
		t = a_turn(who, "SM1", 0);
		t.session.box = (struct str){ box, sizeof box };
		assert_int_equal(commit(s.f, &t), COMMIT_DONE);
		v = load(s.f, who, "SM1");
		assert_int_equal(v.session.box.n, sizeof box);
		assert_memory_equal(v.session.box.p, box, sizeof box);
	}
	fixture_end(s.f);
}

static void who_is_not_known_is_refused(void **state)
{
	static const struct {
		const char *name, *server, *host, *trust, *says;
	} rows[] = {
		{ "unknown authority", "here", "127.0.0.1", "stranger.pem", "certificate" },
		{ "no authority", "here", "localhost", "none.pem", "certificate" },
		{ "another host's address", "there", "127.0.0.1", "ca.pem", "mismatch" },
		{ "another host's name", "there", "localhost", "ca.pem", "mismatch" },
		{ "the authority is no server", "ca", "localhost", "ca.pem", "mismatch" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct tls_server s;
		int64_t connected;

		tls_start(&s, rows[i].server);
		if (tls_open(&s, rows[i].host, s.port, rows[i].trust) != -1)
			fail_msg("%s: accepted", rows[i].name);
		if (s.f->err.kind != ERR_PERM || !strstr(s.f->err.text, rows[i].says))
			fail_msg("%s: %s %s", rows[i].name, err_kind_name(s.f->err.kind),
				 s.f->err.text);
		/* Not a word of ours was said. */
		connected = calls_of(s.f, "ping");
		assert_int_equal(connected, 1); /* the first look of redis_server.c */
		fixture_end(s.f);
	}
}

static void not_tls(void **state)
{
	struct tls_server s;
	char plain[8];

	(void)state;
	tls_start(&s, "here");
	(void)snprintf(plain, sizeof plain, "%d", s.f->server.port);
	s.f->err.kind = ERR_NONE;
	assert_int_equal(tls_open(&s, "127.0.0.1", plain, "ca.pem"), -1);
	assert_int_equal(s.f->err.kind, ERR_TEMP);
	/* And the other way round. */
	(void)snprintf(s.f->url, sizeof s.f->url, "redis://127.0.0.1:%s", s.port);
	assert_int_equal(fixture_open(s.f, s.f->url, 1000), 0);
	assert_err(s.f, s.f->driver->ping(s.f->self, &s.f->err), ERR_TEMP);
	fixture_end(s.f);
}

static void a_cut_is_survived(void **state)
{
	struct tls_server s;
	struct proxy p = { 0 };
	char port[8];
	struct driver_turn t = a_turn(WHO, NULL, 0);

	(void)state;
	tls_start(&s, "here");
	proxy_start(&p, (int)strtol(s.port, NULL, 10));
	(void)snprintf(port, sizeof port, "%d", p.port);
	assert_int_equal(tls_open(&s, "localhost", port, "ca.pem"), 0);
	for (uint64_t i = 0; i < 5; i++) {
		t.session.revision = i;
		assert_int_equal(commit(s.f, &t), COMMIT_DONE);
		p.mode = PROXY_CUT;
		while (p.mode != PROXY_PASS)
			;
	}
	s.f->driver->close(s.f->self);
	s.f->self = NULL;
	proxy_stop(&p);
	fixture_end(s.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(talks),
		cmocka_unit_test(who_is_not_known_is_refused),
		cmocka_unit_test(not_tls),
		cmocka_unit_test(a_cut_is_survived),
	};

	return cmocka_run_group_tests_name("redis tls", tests, make_all, remove_all);
}
