/*
 * handlers_webhook.c - the provider calls: messages and status news.
 *
 * Nothing is looked at before the signature holds, and nothing of a request
 * whose signature does not hold is stored, echoed or logged.
 */
#include "web_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static void count(const char *name, const char *label, const char *word, const char *help)
{
	char labels[80];

	(void)snprintf(labels, sizeof labels, "%s=\"%s\"", label, word);
	metric_add(metric_counter(name, labels, help), 1);
}

/* On the hot road: looked up once per word. */
static void count_turn(const char *how)
{
	static const char *const words[] = { "turn",	"duplicate", "notice",
					     "spooled", "paced",     "trouble" };
	static _Atomic(struct metric *) counters[sizeof words / sizeof *words];
	static const char help[] = "Messages answered, by how.";

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char labels[80];
		struct metric *m;

		if (strcmp(words[i], how) != 0)
			continue;
		m = atomic_load_explicit(&counters[i], memory_order_acquire);
		if (!m) {
			(void)snprintf(labels, sizeof labels, "how=\"%s\"", how);
			m = metric_counter("samvad_turns_total", labels, help);
			atomic_store_explicit(&counters[i], m, memory_order_release);
		}
		metric_add(m, 1);
		return;
	}
	count("samvad_turns_total", "how", how, help);
}

static bool is_signed(struct web *web, struct web_request *rq, struct channel_verified *v_out,
		      struct web_answer *an)
{
	const char *why = "";

	if (channel_verify(web->set.channel, &rq->hook, &rq->arena, v_out, &why) == VERIFY_OK)
		return true;
	count("samvad_signature_failures_total", "reason", why,
	      "Webhooks refused for their signature, by reason.");
	log_warn("signature refused", LOG_S("reason", why));
	web_answer_error(
		an, rq, 403, "bad_signature", NULL,
		"the signature does not fit this request; `samvad verify` helps to find out why");
	return false;
}

static void fail(struct web_request *rq, struct web_answer *an, const char *what,
		 const struct err *err)
{
	log_error(what, LOG_S("kind", err_kind_name(err->kind)), LOG_S("error", err->text));
	web_answer_err(an, rq, err);
}

static void wrap(struct web *web, struct web_request *rq, struct web_answer *an,
		 const struct conversation_answer *said)
{
	struct bot *bot = conversation_bot(web->set.conversation);
	const struct template *envelope = template_set_get(bot->envelopes, "twiml/reply.xml");
	struct err err = { 0 };
	int got;

	if (envelope)
		got = channel_wrap_reply(web->set.channel, envelope, said->texts, said->count,
					 &an->body, &err);
	else
		got = err_set(&err, ERR_PERM, "there is no template twiml/reply.xml");
	bot_release(&bot);
	if (got < 0) {
		err.kind = ERR_BUG;
		fail(rq, an, "the reply cannot be wrapped", &err);
		return;
	}
	an->status = 200;
	an->type = channel_reply_type(web->set.channel);
}

void handle_webhook(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct channel_verified hook;
	struct inbound in;
	struct conversation_answer said = { 0 };
	struct err err = { 0 };

	if (!is_signed(web, rq, &hook, an))
		return;
	if (channel_parse_message(web->set.channel, &hook, clock_now_ms(web->set.clock), &rq->arena,
				  &in, &err) < 0) {
		log_warn("webhook malformed", LOG_S("error", err.text));
		web_answer_err(an, rq, &err);
		return;
	}
	log_context_contact(in.contact);
	if (conversation_receive(web->set.conversation, &in, &rq->arena, &said, &err) < 0) {
		metric_add(metric_counter("samvad_messages_refused_total", NULL,
					  "Verified messages answered with an error."),
			   1);
		fail(rq, an, "message not taken", &err);
		return;
	}
	wrap(web, rq, an, &said);
	metric_observe_us(web->turn_seconds, clock_mono_us() - rq->started_us);
	count_turn(said.how);
}

void handle_status(struct web *web, struct web_request *rq, struct web_answer *an)
{
	struct channel_verified hook;
	struct status_news news;
	struct err err = { 0 };

	if (!is_signed(web, rq, &hook, an))
		return;
	if (channel_parse_status(web->set.channel, &hook, &rq->arena, &news, &err) < 0) {
		log_warn("status malformed", LOG_S("error", err.text));
		web_answer_err(an, rq, &err);
		return;
	}
	if (!*news.contact) { /* an SMS of the same service: never one of ours */
		an->status = 204;
		return;
	}
	log_context_contact(news.contact);
	if (outbox_hear(web->set.outbox, &news, &err) < 0) {
		fail(rq, an, "status not kept", &err);
		return;
	}
	count("samvad_status_total", "status", status_name(news.status),
	      "Status news of messages we sent.");
	an->status = 204;
}
