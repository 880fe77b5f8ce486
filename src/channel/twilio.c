/*
 * twilio.c - opening and closing the Twilio driver.
 *
 * Settings are checked here, once, with the name of the variable and the
 * cure; the other files may then trust them.
 */
#include "twilio_private.h"

#include <stdlib.h>

#include "base/mem.h"

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* Cuts "new, old" into tokens inside t->token_text. */
static int take_tokens(struct twilio *t, const char *list, struct err *err)
{
	static const char separators[] = ", \t\r\n";
	char *at;

	t->token_text_size = strlen(list) + 1;
	t->token_text = mem_strdup(list);
	for (at = t->token_text + strspn(t->token_text, separators); *at;) {
		size_t n = strcspn(at, separators);
		bool last = at[n] == '\0';

		if (t->token_count == TWILIO_MAX_TOKENS)
			return err_set(err, ERR_INPUT, "TWILIO_AUTH_TOKEN: more than %d tokens",
				       TWILIO_MAX_TOKENS);
		at[n] = '\0';
		t->tokens[t->token_count++] = (struct str){ at, n };
		at += n + !last;
		at += strspn(at, separators);
	}
	if (t->token_count == 0)
		return err_set(
			err, ERR_INPUT,
			"TWILIO_AUTH_TOKEN: empty; without a token no webhook can be checked");
	return 0;
}

/* A base URL without the slash at its end. */
static int take_base(char **base_out, const char *name, const char *url, struct err *err)
{
	struct twilio_url u;
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	*base_out = mem_strndup(url, n);
	if (n == 0)
		return 0;
	if (!twilio_url_split(str_of(*base_out), &u) || u.query.n || strchr(*base_out, '#'))
		return err_set(
			err, ERR_INPUT,
			"%s: must be like https://bot.example.org, without query or fragment",
			name);
	return 0;
}

static int take_settings(struct twilio *t, const struct channel_settings *set, struct err *err)
{
	t->account_sid = mem_strdup(or_empty(set->account_sid));
	t->sender = mem_strdup(or_empty(set->sender));
	t->service_sid = mem_strdup(or_empty(set->messaging_service_sid));
	if (*t->sender && !contact_is_valid(t->sender))
		return err_set(
			err, ERR_INPUT,
			"TWILIO_WHATSAPP_NUMBER: must be like whatsapp:+14155238886, with the "
			"channel before the number");
	if (take_tokens(t, or_empty(set->auth_tokens), err) < 0 ||
	    take_base(&t->public_url, "PUBLIC_URL", or_empty(set->public_url), err) < 0 ||
	    take_base(&t->api_base, "TWILIO_API_BASE", or_empty(set->api_base), err) < 0)
		return -1;
	return twilio_proxies_parse(or_empty(set->trusted_proxies), &t->proxies, err);
}

static void twilio_close(struct channel *c)
{
	struct twilio *t = (struct twilio *)c;

	mem_wipe_free(t->token_text, t->token_text_size);
	free(t->account_sid);
	free(t->sender);
	free(t->service_sid);
	free(t->api_base);
	free(t->public_url);
	twilio_proxies_free(&t->proxies);
	free(t);
}

static int twilio_open(const struct channel_settings *set, struct channel **channel_out,
		       struct err *err)
{
	struct twilio *t = mem_alloc(sizeof *t);

	t->base.driver = &channel_twilio;
	if (take_settings(t, set, err) < 0) {
		twilio_close(&t->base);
		return -1;
	}
	*channel_out = &t->base;
	return 0;
}

const struct channel_driver channel_twilio = {
	.name = "twilio",
	.open = twilio_open,
	.close = twilio_close,
	.verify = twilio_verify,
	.parse_message = twilio_parse_message,
	.parse_status = twilio_parse_status,
	.wrap_reply = twilio_wrap_reply,
	.reply_type = "text/xml; charset=utf-8",
	.describe_send = twilio_describe_send,
	.read_send = twilio_read_send,
	.describe_lookup = twilio_describe_lookup,
	.read_lookup = twilio_read_lookup,
	.describe_status = twilio_describe_status,
	.read_status = twilio_read_status,
	.error_text = twilio_error_text,
};
