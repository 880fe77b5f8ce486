/*
 * config.h - every setting, from one table.
 *
 * Environment first, then `.env` beside the program's working folder. The
 * table in src/config.c gives name, type, default, secrecy and help; --help,
 * README and `samvad show config` are printed from it. Unknown SAMVAD_* names
 * and malformed values stop the start. One thread fills it; then read only.
 */
#ifndef SAMVAD_CONFIG_H
#define SAMVAD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct env_file; /* private */

struct config {
	struct arena arena; /* owns all strings; none is NULL ("" when unset) */
	const char *twilio_account_sid;
	const char *twilio_auth_token;
	const char *twilio_whatsapp_number;
	const char *twilio_messaging_service_sid;
	const char *twilio_api_base;
	const char *auth_api_url;
	const char *auth_api_otp_path;
	int64_t auth_api_timeout_ms;
	const char *web_app_url;
	const char *redis_url;
	const char *public_url;
	const char *trusted_proxies;
	bool metrics_public;
	const char *host;
	int64_t port;
	int64_t threads; /* 0: as many as web/ is made for */
	const char *admin_token;
	const char *session_keys;
	const char *data_dir;
	const char *templates_dir;
	const char *flow;
	int64_t session_ttl_s;
	int64_t reply_budget_ms;
	int64_t send_rate;
	const char *quiet_hours; /* broadcaster_parse_quiet reads it */
	const char *log_level;
	const char *log_format;
	const char *sandbox_setting; /* "", "0" or "1" */
	bool sandbox;		     /* what follows from it */
	const struct env_file *file; /* .env, or NULL */
};

/* True when host names this machine only: 127.0.0.0/8, ::1, localhost. */
bool config_host_is_loopback(const char *host);

/* Reads environment and .env. -1 ERR_INPUT: the text names the setting, what is wrong and what to
 * write. */
int config_load(struct config *c, struct err *err);
void config_free(struct config *c);
/* What environment or .env say of a name that is none of the table's: a setting of a pack. NULL
 * when they say nothing. Valid as long as both. */
const char *config_other(const struct config *c, const char *name);
/* Whether the table has it. */
bool config_has(const char *name);
/* PORT=0 asks for any free port: tells which one it became. Fills in the
 * sandbox's own addresses, which config_load left empty in that case. */
void config_use_port(struct config *c, uint16_t port);
/* Rules between settings (no token and not sandbox; sandbox not on loopback; Redis without
 * SESSION_KEYS ...). */
int config_check(const struct config *c, struct err *err);
/* Prints "NAME=value" lines, secrets as (set)/(unset), for `show config`. */
int config_print(const struct config *c, struct buf *out);
/* The Markdown table of the README, and the text of .env.example. */
int config_print_markdown(struct buf *out);
int config_print_env_example(struct buf *out);

#endif
