/*
 * config.c - every setting, from one table.
 *
 * A row says name, type, default, range, secrecy and help; loading, checking,
 * `show config`, README and .env.example all read it. A new setting is a row
 * and a field. An empty value means unset.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "broadcast.h"
#include "config_private.h"
#include "model/contact.h"

#define FIELD(f)      offsetof(struct config, f)
#define SECRET	      .secret = true
#define RANGE(lo, hi) .min = (lo), .max = (hi)

const struct setting config_settings[] = {
	{ "TWILIO_ACCOUNT_SID", SETTING_TEXT, FIELD(twilio_account_sid), "",
	  .help = "your account, `AC…`" },
	{ "TWILIO_AUTH_TOKEN", SETTING_TEXT, FIELD(twilio_auth_token), "", SECRET,
	  .help = "signs webhooks; `new,old` during a rotation; unset: sandbox mode" },
	{ "TWILIO_WHATSAPP_NUMBER", SETTING_ADDRESS, FIELD(twilio_whatsapp_number),
	  "whatsapp:+14155238886", .help = "sender of outbound messages" },
	{ "TWILIO_MESSAGING_SERVICE_SID", SETTING_TEXT, FIELD(twilio_messaging_service_sid), "",
	  .help = "used as sender when set, `MG…`" },
	{ "TWILIO_API_BASE", SETTING_URL, FIELD(twilio_api_base), "https://api.twilio.com",
	  .help = "the Messages REST API; in sandbox mode the built-in twin" },
	{ "AUTH_API_URL", SETTING_URL, FIELD(auth_api_url), "http://localhost:8001",
	  .help = "the Auth API that sends the OTP; in sandbox mode the built-in demo" },
	{ "AUTH_API_OTP_PATH", SETTING_URL_PATH, FIELD(auth_api_otp_path), "/api/send-otp",
	  .help = "path of the OTP call" },
	{ "AUTH_API_TIMEOUT_MS", SETTING_NUMBER, FIELD(auth_api_timeout_ms), "10000",
	  RANGE(100, 120000), .help = "one attempt of that call" },
	{ "WEB_APP_URL", SETTING_URL, FIELD(web_app_url), "http://localhost:3000",
	  .help = "where the login link leads" },
	{ "REDIS_URL", SETTING_TEXT, FIELD(redis_url), "", SECRET,
	  .help = "`redis://[user:pass@]host:port/db`; `rediss://…`: TLS, the certificate is "
		  "verified; `redis://host:port,host:port`: a Cluster, by some of its nodes; "
		  "`redis+sentinel://host:port,host:port/master/db`: Sentinel; unset: embedded "
		  "SQLite in `DATA_DIR`" },
	{ "PUBLIC_URL", SETTING_URL, FIELD(public_url), "",
	  .help = "the base URL that Twilio calls, e.g. the ngrok URL; unset: taken from "
		  "`X-Forwarded-Proto/Host` of trusted proxies, else `Host`" },
	{ "TRUSTED_PROXIES", SETTING_TEXT, FIELD(trusted_proxies), "127.0.0.0/8,::1",
	  .help = "addresses whose `X-Forwarded-*` headers are believed" },
	{ "METRICS_PUBLIC", SETTING_BOOL, FIELD(metrics_public), "0",
	  .help = "1: `/metrics` needs no admin token" },
	{ "HOST", SETTING_HOST, FIELD(host), "127.0.0.1",
	  .help = "IPv4 address to listen on; sandbox mode allows loopback only" },
	{ "PORT", SETTING_NUMBER, FIELD(port), "5000", RANGE(0, 65535),
	  .help = "port to listen on; 0: any free one" },
	{ "THREADS", SETTING_NUMBER, FIELD(threads), "0", "1100", RANGE(0, 4096),
	  .help = "connections that are served at the same time" },
	{ "ADMIN_TOKEN", SETTING_TEXT, FIELD(admin_token), "", SECRET,
	  .help = "opens `/stats`, `/metrics` and broadcasts; unset: they answer 403" },
	{ "SESSION_KEYS", SETTING_TEXT, FIELD(session_keys), "", SECRET,
	  .help = "`id:hex,id:hex`, the first seals, all open; needed with Redis, else made once "
		  "in "
		  "`DATA_DIR/session.keys`" },
	{ "DATA_DIR", SETTING_PATH, FIELD(data_dir), "./data",
	  .help = "database, spool and generated keys" },
	{ "TEMPLATES_DIR", SETTING_PATH, FIELD(templates_dir), "templates",
	  .help = "folder of the flow packs" },
	{ "FLOW", SETTING_TEXT, FIELD(flow), "msme", .help = "the pack to run" },
	{ "SESSION_TTL", SETTING_NUMBER, FIELD(session_ttl_s), "86400", RANGE(60, 31536000),
	  .help = "seconds a session lives after the last message" },
	{ "REPLY_BUDGET_MS", SETTING_NUMBER, FIELD(reply_budget_ms), "8000", RANGE(100, 14000),
	  .help = "a webhook is answered within this time; Twilio waits 15 s" },
	{ "SEND_RATE", SETTING_NUMBER, FIELD(send_rate), "80", RANGE(1, 100000),
	  .help = "outbound messages per second and sender" },
	{ "QUIET_HOURS", SETTING_TEXT, FIELD(quiet_hours), "",
	  .help = "when no broadcast leaves, with the offset of that clock from UTC: "
		  "`21:00-09:00+05:30`; replies are not held back" },
	{ "LOG_LEVEL", SETTING_CHOICE, FIELD(log_level), "info", .choices = "debug info warn error",
	  .help = "least important line that is logged" },
	{ "LOG_FORMAT", SETTING_CHOICE, FIELD(log_format), "", "json, text on a terminal",
	  .choices = "json text", .help = "form of the log lines" },
	{ "SANDBOX", SETTING_CHOICE, FIELD(sandbox_setting), "", "1 when no token is set",
	  .choices = "0 1", .help = "1: plays Twilio and the Auth API itself, on loopback only" },
};
const size_t config_setting_count = sizeof config_settings / sizeof *config_settings;

/* ---- one value ---- */

static int wrong(const struct setting *s, const char *value, struct err *err, const char *what,
		 const char *example)
{
	if (s->secret)
		return err_set(err, ERR_INPUT, "%s: the value %s; %s", s->name, what, example);
	return err_set(err, ERR_INPUT, "%s: \"%.80s\" %s; %s", s->name, value, what, example);
}

static bool has_control_or(const char *v, bool blanks_too)
{
	for (; *v; v++)
		if ((unsigned char)*v < 0x20 || *v == 0x7f || (blanks_too && *v == ' '))
			return true;
	return false;
}

static int read_number(const struct setting *s, const char *v, int64_t *number_out, struct err *err)
{
	char *end;
	char example[96];
	long long n;

	errno = 0;
	n = strtoll(v, &end, 10);
	if ((*v < '0' || *v > '9') || *end || errno || n < s->min || n > s->max) {
		(void)snprintf(example, sizeof example, "write a whole number from %lld to %lld",
			       (long long)s->min, (long long)s->max);
		return wrong(s, v, err, "is not one that fits", example);
	}
	*number_out = n;
	return 0;
}

/* In "user:password@host:port/path"; also good without one. */
static bool has_good_port(const char *authority)
{
	size_t n = strcspn(authority, "/");
	const char *at = memrchr(authority, '@', n);
	const char *host = at ? at + 1 : authority;
	const char *port = memrchr(host, ':', n - (size_t)(host - authority));
	size_t digits = port ? strspn(port + 1, "0123456789") : 0;

	if (!port || memchr(port, ']', n - (size_t)(port - authority))) /* [::1] */
		return true;
	return digits > 0 && digits <= 5 && port + 1 + digits == authority + n &&
	       strtol(port + 1, NULL, 10) >= 1 && strtol(port + 1, NULL, 10) <= 65535;
}

static int read_url(const struct setting *s, const char *v, struct arena *a, const char **out,
		    struct err *err)
{
	static const char cure[] = "write http://host:port or https://host";
	size_t scheme = strncmp(v, "http://", 7) == 0 ? 7 : strncmp(v, "https://", 8) == 0 ? 8 : 0;
	size_t n = strlen(v);

	if (!scheme)
		return wrong(s, v, err, "is not an http or https URL", cure);
	if (has_control_or(v, true) || strpbrk(v, "#?"))
		return wrong(s, v, err, "holds a blank, a query or a fragment", cure);
	while (n > scheme && v[n - 1] == '/')
		n--;
	if (n == scheme || v[scheme] == '/' || v[scheme] == ':')
		return wrong(s, v, err, "names no host", cure);
	if (!has_good_port(v + scheme))
		return wrong(s, v, err, "has a port that is none", cure);
	*out = arena_strndup(a, v, n);
	return 0;
}

static int read_address(const struct setting *s, const char *v, struct arena *a, const char **out,
			struct err *err)
{
	const char *address = strchr(v, ':') ? v : arena_printf(a, "whatsapp:%s", v);

	if (!contact_is_valid(address) || !contact_number(address))
		return wrong(s, v, err, "is not a sender", "write whatsapp:+14155238886");
	*out = arena_strdup(a, address);
	return 0;
}

static bool is_choice(const char *choices, const char *v)
{
	size_t n = strlen(v);

	for (const char *p = choices; p;) {
		size_t word = strcspn(p, " ");

		if (word == n && memcmp(p, v, n) == 0)
			return true;
		p = p[word] ? p + word + 1 : NULL;
	}
	return false;
}

static bool is_ipv4(const char *v)
{
	struct in_addr ignored;

	return inet_pton(AF_INET, v, &ignored) == 1;
}

static int read_text(const struct setting *s, const char *v, struct arena *a, const char **out,
		     struct err *err)
{
	if (has_control_or(v, s->type != SETTING_PATH))
		return wrong(s, v, err, "holds a blank or a control character", "remove it");
	if (s->type == SETTING_HOST && strcmp(v, "localhost") != 0 && !is_ipv4(v))
		return wrong(s, v, err, "is not an IPv4 address", "write one such as 127.0.0.1");
	if (s->type == SETTING_URL_PATH && *v != '/')
		return wrong(s, v, err, "is not the path of a URL", "begin it with /");
	*out = arena_strdup(a, v);
	return 0;
}

static int read_value(struct config *c, const struct setting *s, const char *v, struct err *err)
{
	void *field = (char *)c + s->offset;
	const char **text = field;

	switch (s->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_HOST:
	case SETTING_URL_PATH:
		return read_text(s, v, &c->arena, text, err);
	case SETTING_URL:
		return read_url(s, v, &c->arena, text, err);
	case SETTING_ADDRESS:
		return read_address(s, v, &c->arena, text, err);
	case SETTING_NUMBER:
		return read_number(s, v, field, err);
	case SETTING_BOOL:
		if (!is_choice("0 1", v))
			return wrong(s, v, err, "is neither 0 nor 1", "write 0 or 1");
		*(bool *)field = v[0] == '1';
		return 0;
	case SETTING_CHOICE:
		if (!is_choice(s->choices, v))
			return wrong(s, v, err, "is not one of the choices",
				     arena_printf(&c->arena, "write one of: %s", s->choices));
		*text = arena_strdup(&c->arena, v);
		return 0;
	}
	return err_set(err, ERR_BUG, "%s has no type", s->name);
}

/* ---- all of them ---- */

/* Edits (insert, remove, replace) that turn a into b; names are short. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64];
	size_t n = strlen(b);

	if (n >= 64)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[n];
}

static const char *nearest_name(const char *name)
{
	const char *best = config_settings[0].name;
	size_t best_distance = SIZE_MAX;

	for (size_t i = 0; i < config_setting_count; i++) {
		size_t d = distance(name, config_settings[i].name);

		if (d < best_distance) {
			best_distance = d;
			best = config_settings[i].name;
		}
	}
	return best;
}

/* Nothing of ours is called SAMVAD_*: such a name is a slip that would be ignored silently. */
static int refuse_unknown(const char *name, size_t n, const char *where, struct err *err)
{
	char own[64];

	if (n < 7 || memcmp(name, "SAMVAD_", 7) != 0)
		return 0;
	(void)snprintf(own, sizeof own, "%.*s", (int)(n - 7), name + 7);
	return err_set(err, ERR_INPUT,
		       "%.*s%s is not a setting; did you mean %s? Remove it or rename it",
		       (int)(n < 64 ? n : 64), name, where, nearest_name(own));
}

static int refuse_unknown_names(const struct env_file *file, struct err *err)
{
	for (char **e = environ; e && *e; e++)
		if (refuse_unknown(*e, strcspn(*e, "="), "", err) < 0)
			return -1;
	for (size_t i = 0; i < file->count; i++) {
		const char *name = file->pairs[i].name;

		if (refuse_unknown(name, strlen(name), " (in .env)", err) < 0)
			return -1;
	}
	return 0;
}

static int read_env_file(struct arena *a, struct env_file *file_out, struct err *err)
{
	struct str text;

	*file_out = (struct env_file){ 0 };
	if (access(".env", F_OK) != 0 && errno == ENOENT)
		return 0;
	if (file_read(".env", 65536, a, &text, err) < 0)
		return -1;
	return env_file_parse(text, a, file_out, err);
}

static const char *own_address(struct config *c, const char *path)
{
	if (c->port == 0)
		return "";
	return arena_printf(&c->arena, "http://127.0.0.1:%d/sandbox/%s", (int)c->port, path);
}

/* What one setting says about another that was not given. */
static void work_out(struct config *c, bool api_base_given, bool auth_given)
{
	bool no_token = c->twilio_auth_token[0] == '\0';

	c->sandbox = c->sandbox_setting[0] ? c->sandbox_setting[0] == '1' : no_token;
	if (c->sandbox && !api_base_given) /* phones made up here must not reach real people */
		c->twilio_api_base = own_address(c, "twilio");
	if (c->sandbox && !auth_given)
		c->auth_api_url = own_address(c, "auth");
	if (!c->log_format[0])
		c->log_format = isatty(STDERR_FILENO) ? "text" : "json";
}

/* What environment or .env say of a name; NULL when that is nothing. */
static const char *given(const struct config *c, const char *name)
{
	const char *v = getenv(name);

	if (!v && c->file)
		v = env_file_get(c->file, name);
	return v && *v ? v : NULL;
}

int config_load(struct config *c, struct err *err)
{
	struct env_file *file;
	bool api_base_given = false;
	bool auth_given = false;

	*c = (struct config){ 0 };
	file = arena_alloc(&c->arena, sizeof *file);
	if (read_env_file(&c->arena, file, err) < 0 || refuse_unknown_names(file, err) < 0)
		goto fail;
	c->file = file;
	for (size_t i = 0; i < config_setting_count; i++) {
		const struct setting *s = &config_settings[i];
		const char *v = given(c, s->name);

		if (v) {
			api_base_given |= s->offset == FIELD(twilio_api_base);
			auth_given |= s->offset == FIELD(auth_api_url);
		} else {
			v = s->fallback;
		}
		if (!*v)
			*(const char **)((char *)c + s->offset) = "";
		else if (read_value(c, s, v, err) < 0)
			goto fail;
	}
	work_out(c, api_base_given, auth_given);
	return 0;
fail:
	config_free(c);
	return -1;
}

bool config_has(const char *name)
{
	for (size_t i = 0; i < config_setting_count; i++) {
		if (strcmp(config_settings[i].name, name) == 0)
			return true;
	}
	return false;
}

const char *config_other(const struct config *c, const char *name)
{
	return given(c, name);
}

void config_free(struct config *c)
{
	arena_free(&c->arena);
	*c = (struct config){ 0 };
}

void config_use_port(struct config *c, uint16_t port)
{
	c->port = port;
	if (!c->twilio_api_base[0])
		c->twilio_api_base = own_address(c, "twilio");
	if (!c->auth_api_url[0])
		c->auth_api_url = own_address(c, "auth");
}

/* ---- rules between settings ---- */

bool config_host_is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

int config_check(const struct config *c, struct err *err)
{
	bool no_token = c->twilio_auth_token[0] == '\0';
	struct quiet_hours quiet;

	if (broadcaster_parse_quiet(c->quiet_hours, &quiet, err) < 0)
		return err_prefix(err, "QUIET_HOURS");
	if (no_token && !c->sandbox)
		return err_set(err, ERR_INPUT,
			       "SANDBOX=0 needs TWILIO_AUTH_TOKEN: without it no webhook could be "
			       "verified. Set the token (Twilio console, Account Info), or leave "
			       "SANDBOX unset to try things out on this machine");
	if (c->sandbox && !config_host_is_loopback(c->host))
		return err_set(
			err, ERR_INPUT,
			"HOST=%s is refused in sandbox mode, which is for this machine only. %s",
			c->host,
			no_token ? "Set TWILIO_AUTH_TOKEN to serve others, or leave HOST at "
				   "127.0.0.1"
				 : "Set SANDBOX=0 to serve others, or leave HOST at 127.0.0.1");
	if (c->redis_url[0] && !c->session_keys[0])
		return err_set(
			err, ERR_INPUT,
			"REDIS_URL needs SESSION_KEYS, the same for every process: make a key with "
			"`openssl rand -hex 32` and set SESSION_KEYS=k1:<the 64 digits>");
	return 0;
}
