/*
 * serve.c - the running server: signals, the first words, the end.
 *
 * All signals wait in the main thread; the others have them blocked. The
 * first TERM or INT finishes what is under way, a second one ends at once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "serve_private.h"

static void set_up_log(const struct config *c)
{
	struct log_settings set = { .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO };

	if (strcmp(c->log_level, "debug") == 0)
		set.level = LOG_LEVEL_DEBUG;
	else if (strcmp(c->log_level, "warn") == 0)
		set.level = LOG_LEVEL_WARN;
	else if (strcmp(c->log_level, "error") == 0)
		set.level = LOG_LEVEL_ERROR;
	set.format = strcmp(c->log_format, "text") == 0 ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
	id_random_bytes(set.pseudonym_key, sizeof set.pseudonym_key);
	log_setup(&set);
}

static void block_signals(sigset_t *waited)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, not the end */
	(void)sigemptyset(waited);
	(void)sigaddset(waited, SIGTERM);
	(void)sigaddset(waited, SIGINT);
	(void)sigaddset(waited, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, waited, NULL);
}

static void greet_sandbox(const struct config *c, unsigned port)
{
	(void)fprintf(
		stderr,
		"  Sandbox, for this machine only: no Twilio account is used. A phone is at\n\n"
		"      http://%s:%u/sandbox\n\n"
		"  and in the terminal, in this folder: samvad chat\n",
		c->host, port);
	if (c->twilio_auth_token[0])
		(void)fprintf(stderr, "  TWILIO_AUTH_TOKEN signs its webhooks. Set SANDBOX=0 to go "
				      "live.\n");
	else
		(void)fprintf(
			stderr,
			"  The token that signs is in %s/sandbox.json. Set TWILIO_AUTH_TOKEN to "
			"go live.\n",
			c->data_dir);
}

/* What `samvad check` would say; the server goes on, with empty places where values are missing. */
static void warn_of_faults(const struct flow *flow)
{
	struct flow_faults faults = { 0 };
	struct buf line;

	buf_init(&line, 8192);
	flow_check(flow, &faults);
	for (size_t i = 0; i < faults.count; i++) {
		if (faults.list[i].severity != FLOW_ERROR)
			continue;
		buf_reset(&line);
		(void)flow_fault_format(&faults.list[i], &line);
		log_warn("flow fault", LOG_S("fault", line.data));
	}
	buf_free(&line);
	flow_faults_free(&faults);
}

static void greet(const struct server *s)
{
	const struct config *c = &s->config;
	unsigned port = web_port(s->web);
	struct bot *bot = conversation_bot(s->conversation);
	struct err err = { 0 };

	log_info("listening", LOG_S("host", c->host), LOG_I("port", port),
		 LOG_S("store", store_kind(s->store)), LOG_S("flow", c->flow),
		 LOG_S("mode", c->sandbox ? "sandbox" : "production"),
		 LOG_S("version", SAMVAD_VERSION));
	for (size_t i = 0; i < bot->flow_count; i++)
		warn_of_faults(bot->flows[i]);
	bot_release(&bot);
	if (!c->sandbox && !c->twilio_account_sid[0])
		log_warn("TWILIO_ACCOUNT_SID is not set: sending waits for the first webhook's");
	if (store_ping(s->store, &err) < 0)
		log_warn("the store does not answer", LOG_S("error", err.text));
	if (!isatty(STDERR_FILENO))
		return;
	(void)fprintf(stderr, "\n  Samvad %s answers at http://%s:%u (%s store, flow %s)\n",
		      SAMVAD_VERSION, c->host, port, store_kind(s->store), c->flow);
	if (c->sandbox)
		greet_sandbox(c, port);
	(void)fprintf(stderr, "  Ctrl-C ends.\n\n");
}

static void say_to_log(const char *fault)
{
	log_error("flow fault", LOG_S("fault", fault));
}

static void reload(struct server *s)
{
	struct err err = { 0 };
	struct bot *bot = NULL;

	if (server_load_bot(&s->config, say_to_log, &bot, &err) < 0) {
		log_error("reload refused, the old flow stays", LOG_S("error", err.text));
		return;
	}
	conversation_use_bot(s->conversation, bot);
	for (size_t i = 0; i < bot->flow_count; i++) {
		log_info("flow reloaded", LOG_S("flow", flow_name(bot->flows[i])),
			 LOG_I("version", flow_version(bot->flows[i])));
		warn_of_faults(bot->flows[i]);
	}
	bot_release(&bot);
}

static void wait_for_end(struct server *s, const sigset_t *waited)
{
	int got = 0;

	while (got != SIGTERM && got != SIGINT) {
		if (sigwait(waited, &got) != 0)
			continue;
		if (got == SIGHUP)
			reload(s);
	}
	log_info("stopping", LOG_S("signal", got == SIGINT ? "INT" : "TERM"));
}

/* From here on TERM and INT mean what they mean to every program. */
static void let_second_signal_kill(void)
{
	sigset_t set;

	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int run_serve(const struct command *self, int argc, char **argv)
{
	struct command_arguments rest;
	struct server s = { 0 };
	struct err err = { 0 };
	sigset_t waited;
	int ret = command_options(self, argc, argv, NULL, 0, &rest);

	if (ret)
		return ret;
	if (rest.count)
		return command_misused(self, "it takes no argument");
	if (config_load(&s.config, &err) < 0)
		return command_failed(self, &err);
	set_up_log(&s.config);
	block_signals(&waited);
	if (config_check(&s.config, &err) < 0 || server_open(&s, &err) < 0) {
		ret = command_failed(self, &err);
	} else {
		greet(&s);
		wait_for_end(&s, &waited);
	}
	let_second_signal_kill();
	server_close(&s);
	if (ret == EXIT_OK)
		log_info("stopped");
	return ret;
}
