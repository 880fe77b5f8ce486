/*
 * config_print.c - the settings table as text: `show config`, README, .env.example.
 */
#include "config.h"

#include "config_private.h"

static int print_value(const struct config *c, const struct setting *s, struct buf *out)
{
	const void *field = (const char *)c + s->offset;

	if (s->type == SETTING_NUMBER)
		return buf_addf(out, "%s=%lld\n", s->name, (long long)*(const int64_t *)field);
	if (s->type == SETTING_BOOL)
		return buf_addf(out, "%s=%d\n", s->name, *(const bool *)field);
	if (s->secret)
		return buf_addf(out, "%s=%s\n", s->name,
				**(const char *const *)field ? "(set)" : "(unset)");
	return buf_addf(out, "%s=%s\n", s->name, *(const char *const *)field);
}

int config_print(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < config_setting_count; i++) {
		const struct setting *s = &config_settings[i];

		if (s->offset == offsetof(struct config, sandbox_setting))
			(void)buf_addf(out, "%s=%d\n", s->name, c->sandbox);
		else
			(void)print_value(c, s, out);
	}
	return out->full ? -1 : 0;
}

int config_print_markdown(struct buf *out)
{
	(void)buf_adds(out, "| name | default | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < config_setting_count; i++) {
		const struct setting *s = &config_settings[i];
		const char *quote = s->fallback_shown ? "" : "`";

		if (s->fallback_shown || s->fallback[0])
			(void)buf_addf(out, "| `%s` | %s%s%s | %s |\n", s->name, quote,
				       s->fallback_shown ? s->fallback_shown : s->fallback, quote,
				       s->help);
		else
			(void)buf_addf(out, "| `%s` | – | %s |\n", s->name, s->help);
	}
	return out->full ? -1 : 0;
}

int config_print_env_example(struct buf *out)
{
	(void)buf_adds(
		out, "# Settings of Samvad. Copy to .env and change what you need; the environment "
		     "wins.\n# Nothing is needed to try it: without TWILIO_AUTH_TOKEN it is a "
		     "sandbox on this machine.\n");
	for (size_t i = 0; i < config_setting_count; i++) {
		const struct setting *s = &config_settings[i];

		(void)buf_addf(out, "\n# %s\n", s->help);
		if (s->fallback_shown)
			(void)buf_addf(out, "# Default: %s.\n", s->fallback_shown);
		(void)buf_addf(out, "#%s=%s\n", s->name, s->fallback);
	}
	return out->full ? -1 : 0;
}
