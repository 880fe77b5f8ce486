/*
 * serve_rooms.c - opens and closes the rooms of a server, and wires them together.
 *
 * What is needed by others opens first and closes last. Every limit that is
 * not a setting stands here.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/files.h"
#include "pack_private.h"
#include "serve_private.h"

enum {
	STORE_TIMEOUT_MS = 3000,
	CALL_WORKERS = 32,
	SENDS_IN_FLIGHT = 200,
	/* Requests out: however many messages leave, calls, probes and look-ups find room. */
	LOOKS_IN_FLIGHT = 64, /* look-ups and questions of the outbox, at most */
	IN_FLIGHT = SENDS_IN_FLIGHT + LOOKS_IN_FLIGHT + 2 * CALL_WORKERS,
	QUEUED = 10000,
	POLL_MS = 500,
	WAITING_WEBHOOKS = 256,
	BREAKER_FAILURES = 5,
	BREAKER_OPEN_MS = 10000,
	HURRY_MS = 1500, /* so long webhooks may still wait for their call at the end */
	WEB_GRACE_MS = 4000,
	CALLS_GRACE_MS = 500,
	SENDS_GRACE_MS = 1000,
};

/* ---- before the rooms ---- */

/* The sandbox's addresses hold the port, and rooms below web need them: so with
 * PORT=0 a free port is looked for now, and bound a moment later. */
static int find_port(struct config *c, struct err *err)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t n = sizeof sa;
	int fd;
	int ret = -1;

	if (c->port)
		return 0;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 &&
	    getsockname(fd, (struct sockaddr *)&sa, &n) == 0) {
		config_use_port(c, ntohs(sa.sin_port));
		ret = 0;
	}
	if (fd >= 0)
		(void)close(fd);
	return ret == 0 ? 0 : err_set(err, ERR_TEMP, "no free port is to be had");
}

static int open_keys(struct server *s, struct err *err)
{
	const char *keys;

	if (folder_make(s->config.data_dir, err) < 0)
		return err_prefix(err, "DATA_DIR");
	if (identity_load(&s->config, true, &s->arena, &s->identity, err) < 0 ||
	    identity_keys(&s->config, &s->arena, &keys, err) < 0)
		return -1;
	if (seal_ring_parse(keys, &s->ring, err) < 0)
		return err_prefix(err, "SESSION_KEYS");
	return 0;
}

/* ---- one room each ---- */

static int open_store(struct server *s, struct err *err)
{
	const struct store_settings set = { .redis_url = s->config.redis_url,
					    .data_dir = s->config.data_dir,
					    .ring = s->ring,
					    .timeout_ms = STORE_TIMEOUT_MS };

	return store_open(&set, &s->store, err);
}

static int open_net(struct server *s, struct err *err)
{
	const struct net_settings set = { .max_in_flight = IN_FLIGHT,
					  .max_queued = QUEUED,
					  .user_agent = "samvad/" SAMVAD_VERSION };

	return net_open(&set, &s->net, err);
}

static int open_channel(struct server *s, struct err *err)
{
	const struct config *c = &s->config;
	const struct channel_settings set = { .account_sid = s->identity.account_sid,
					      .auth_tokens = s->identity.auth_tokens,
					      .sender = c->twilio_whatsapp_number,
					      .messaging_service_sid =
						      c->twilio_messaging_service_sid,
					      .api_base = c->twilio_api_base,
					      .public_url = c->public_url,
					      .trusted_proxies = c->trusted_proxies };

	return channel_open_twilio(&set, &s->channel, err);
}

/* Whose rate it is. */
static const char *sender_of(const struct config *c)
{
	return *c->twilio_messaging_service_sid ? c->twilio_messaging_service_sid
						: c->twilio_whatsapp_number;
}

static int open_outbox(struct server *s, struct err *err)
{
	const struct outbox_settings set = { .store = s->store,
					     .channel = s->channel,
					     .net = s->net,
					     .clock = &s->clock,
					     .sender = sender_of(&s->config),
					     .send_rate = (unsigned)s->config.send_rate,
					     .max_in_flight = SENDS_IN_FLIGHT,
					     .poll_ms = POLL_MS };

	return outbox_open(&set, &s->outbox, err);
}

static int open_integration(struct server *s, struct err *err)
{
	const struct integration_settings set = { .net = s->net,
						  .store = s->store,
						  .clock = &s->clock,
						  .breaker_failures = BREAKER_FAILURES,
						  .breaker_open_ms = BREAKER_OPEN_MS };

	return integration_open(&set, &s->integration, err);
}

/* "env" of templates and calls: what every pack may know (flow_program_settings). No secret is
 * among it. */
static const struct value *pack_settings(struct server *s)
{
	const struct config *c = &s->config;
	struct arena *a = &s->arena;
	struct value *env = value_object(a);

	value_add_text(a, env, "WEB_APP_URL", str_of(c->web_app_url));
	value_add_text(a, env, "AUTH_API_URL", str_of(c->auth_api_url));
	value_add_text(a, env, "AUTH_API_OTP_PATH", str_of(c->auth_api_otp_path));
	value_add_text(a, env, "AUTH_API_TIMEOUT_MS",
		       str_of(arena_printf(a, "%lld", (long long)c->auth_api_timeout_ms)));
	value_add_text(a, env, "PUBLIC_URL", str_of(c->public_url));
	value_add_text(a, env, "TWILIO_WHATSAPP_NUMBER", str_of(c->twilio_whatsapp_number));
	return env;
}

static void say_to_people(const char *fault)
{
	(void)fprintf(stderr, "%s\n", fault);
}

static int open_conversation(struct server *s, struct err *err)
{
	const struct value *env = pack_settings(s);
	const struct conversation_settings set = {
		.store = s->store,
		.outbox = s->outbox,
		.channel = s->channel,
		.integration = s->integration,
		.clock = &s->clock,
		.ring = s->ring,
		.spool_dir = arena_printf(&s->arena, "%s/spool", s->config.data_dir),
		.settings = env,
		.session_ttl_ms = s->config.session_ttl_s * 1000,
		.reply_budget_ms = (int)s->config.reply_budget_ms,
		.call_workers = CALL_WORKERS,
		.max_waiting = WAITING_WEBHOOKS,
	};
	struct bot *bot = NULL;
	int ret;

	if (server_load_bot(&s->config, say_to_people, &bot, err) < 0)
		return -1;
	ret = conversation_open(&set, bot, &s->conversation, err);
	bot_release(&bot);
	s->env = env;
	return ret;
}

static int open_broadcaster(struct server *s, struct err *err)
{
	static const char sandbox[] = "whatsapp:+14155238886"; /* the one that everybody shares */
	struct broadcaster_settings set = { .store = s->store,
					    .outbox = s->outbox,
					    .channel = s->channel,
					    .conversation = s->conversation,
					    .settings = s->env,
					    .clock = &s->clock,
					    .send_rate = (unsigned)s->config.send_rate,
					    .sandbox_sender =
						    strcmp(sender_of(&s->config), sandbox) == 0 };

	if (broadcaster_parse_quiet(s->config.quiet_hours, &set.quiet, err) < 0)
		return err_prefix(err, "QUIET_HOURS");
	return broadcaster_open(&set, &s->broadcaster, err);
}

static int open_admin(struct server *s, struct err *err)
{
	const struct admin_settings set = { .store = s->store,
					    .conversation = s->conversation,
					    .integration = s->integration,
					    .broadcaster = s->broadcaster,
					    .clock = &s->clock,
					    .settings = s->env,
					    .auth_url = s->config.auth_api_url,
					    .twilio_url = s->config.twilio_api_base,
					    .version = SAMVAD_VERSION };

	return admin_open(&set, &s->admin, err);
}

static int open_twin(struct server *s, struct err *err)
{
	const struct config *c = &s->config;
	struct arena *a = &s->arena;
	const char *host = strcmp(c->host, "localhost") == 0 ? "127.0.0.1" : c->host;
	const char *own = arena_printf(a, "http://%s:%d", host, (int)c->port);
	const char *public = c->public_url[0] ? c->public_url : own;
	const struct twin_settings set = {
		.account_sid = s->identity.account_sid,
		.auth_tokens = s->identity.auth_tokens,
		.clock = &s->clock,
		.sender = c->twilio_whatsapp_number,
		.service_sid = c->twilio_messaging_service_sid,
		.webhook_url = arena_printf(a, "%s/webhook", public),
		.status_url = arena_printf(a, "%s/webhook/status", public),
		.session_url = arena_printf(a, "%s/sandbox/session", own),
		.page_dir = arena_printf(a, "%s/sandbox", c->templates_dir),
		.packs_dir = c->templates_dir,
	};

	return c->sandbox ? twin_open(&set, &s->twin, err) : 0;
}

static int open_web(struct server *s, struct err *err)
{
	const struct web_settings set = { .host = s->config.host,
					  .port = (uint16_t)s->config.port,
					  .threads = (unsigned)s->config.threads,
					  .admin_token = s->config.admin_token,
					  .metrics_public = s->config.metrics_public,
					  .channel = s->channel,
					  .conversation = s->conversation,
					  .store = s->store,
					  .outbox = s->outbox,
					  .admin = s->admin,
					  .broadcaster = s->broadcaster,
					  .twin = s->twin,
					  .clock = &s->clock };

	return web_open(&set, &s->web, err);
}

/* ---- all of them ---- */

int server_open(struct server *s, struct err *err)
{
	static int (*const doors[])(struct server *, struct err *) = {
		open_keys,   open_store,       open_net,	  open_channel,
		open_outbox, open_integration, open_conversation, open_broadcaster,
		open_admin,  open_twin,	       open_web,
	};

	clock_init_real(&s->clock);
	if (find_port(&s->config, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
		if (doors[i](s, err) < 0)
			return -1;
	return 0;
}

void server_close(struct server *s)
{
	twin_stop(s->twin);
	if (s->conversation)
		conversation_hurry(s->conversation, HURRY_MS);
	web_close(&s->web, WEB_GRACE_MS);
	twin_close(&s->twin);
	if (s->admin)
		admin_close(&s->admin);
	broadcaster_close(&s->broadcaster);
	if (s->conversation)
		conversation_stop(s->conversation, CALLS_GRACE_MS);
	if (s->outbox)
		outbox_stop(s->outbox, SENDS_GRACE_MS);
	if (s->net)
		net_stop(s->net, 0); /* calls and sends that still hang end here */
	conversation_close(&s->conversation);
	outbox_close(&s->outbox);
	integration_close(&s->integration);
	net_close(&s->net, 0);
	if (s->channel)
		channel_close(&s->channel);
	if (s->store)
		store_close(&s->store);
	seal_ring_free(&s->ring);
	arena_free(&s->arena);
	config_free(&s->config);
}

int server_load_bot(const struct config *c, void (*say)(const char *fault), struct bot **bot_out,
		    struct err *err)
{
	struct flow_faults faults = { 0 };
	struct buf line;
	int ret = bot_load(c->templates_dir, c->flow, bot_out, &faults, err);

	buf_init(&line, 8192);
	for (size_t i = 0; ret < 0 && i < faults.count; i++) {
		buf_reset(&line);
		(void)flow_fault_format(&faults.list[i], &line);
		say(line.data);
	}
	buf_free(&line);
	flow_faults_free(&faults);
	for (size_t i = 0; ret == 0 && i < (*bot_out)->flow_count; i++)
		ret = command_settings_fill(c, (*bot_out)->flows[i], err);
	if (ret < 0)
		bot_release(bot_out);
	return ret;
}
