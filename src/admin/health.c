/*
 * health.c - is it alive, is it ready, and how are the services it needs.
 *
 * The store is asked on the spot: it has its own time limit and its answer is
 * what matters. Auth API and Twilio are asked by a thread, only while
 * somebody wants to know, so that a slow one slows no probe; only the very
 * first question waits for an answer, at most a second.
 */
#include "admin_private.h"

#include "base/cond.h"
#include "base/json.h"

enum { FRESH_MS = 5000, FIRST_WAIT_MS = 1000 };

/* ---- the prober ---- */

static void *probe(void *arg)
{
	struct admin *admin = arg;

	pthread_mutex_lock(&admin->health_lock);
	while (!admin->stopping) {
		bool auth_up, twilio_up;

		if (!admin->wanted) {
			pthread_cond_wait(&admin->health_news, &admin->health_lock);
			continue;
		}
		admin->wanted = false;
		pthread_mutex_unlock(&admin->health_lock);
		auth_up = integration_probe(admin->set.integration, admin->set.auth_url) == 1;
		twilio_up = integration_probe(admin->set.integration, admin->set.twilio_url) == 1;
		pthread_mutex_lock(&admin->health_lock);
		admin->auth_up = auth_up;
		admin->twilio_up = twilio_up;
		admin->looked_ms = clock_mono_ms();
		pthread_cond_broadcast(&admin->health_news);
	}
	pthread_mutex_unlock(&admin->health_lock);
	return NULL;
}

int admin_health_start(struct admin *admin, struct err *err)
{
	pthread_mutex_init(&admin->health_lock, NULL);
	cond_init(&admin->health_news);
	if (pthread_create(&admin->prober, NULL, probe, admin) != 0)
		return err_set(err, ERR_TEMP, "no thread for health probes");
	admin->probing = true;
	return 0;
}

void admin_health_stop(struct admin *admin)
{
	pthread_mutex_lock(&admin->health_lock);
	admin->stopping = true;
	pthread_cond_broadcast(&admin->health_news);
	pthread_mutex_unlock(&admin->health_lock);
	if (admin->probing)
		(void)pthread_join(admin->prober, NULL);
	pthread_cond_destroy(&admin->health_news);
	pthread_mutex_destroy(&admin->health_lock);
}

static void look_at_services(struct admin *admin, bool *auth_up_out, bool *twilio_up_out)
{
	const int64_t until = clock_mono_ms() + FIRST_WAIT_MS;

	pthread_mutex_lock(&admin->health_lock);
	if (!admin->looked_ms || clock_mono_ms() - admin->looked_ms > FRESH_MS) {
		admin->wanted = true;
		pthread_cond_broadcast(&admin->health_news);
	}
	while (!admin->looked_ms && !admin->stopping)
		if (!cond_wait_until(&admin->health_news, &admin->health_lock, until))
			break;
	*auth_up_out = admin->auth_up;
	*twilio_up_out = admin->twilio_up;
	pthread_mutex_unlock(&admin->health_lock);
}

/* ---- the answers ---- */

static void begin(struct admin *admin, struct json_writer *w, struct buf *out, const char *status)
{
	char now[CLOCK_ISO_SIZE];

	clock_format_iso(clock_now_ms(admin->set.clock), now);
	json_begin(w, out);
	json_object(w, NULL);
	json_add_text(w, "status", status);
	json_add_text(w, "timestamp", now);
	json_add_int(w, "uptime_seconds", (clock_mono_ms() - admin->started_ms) / 1000);
	json_add_text(w, "version", admin->set.version);
}

static const char *word(bool up)
{
	return up ? "healthy" : "unhealthy";
}

int admin_health(struct admin *admin, struct buf *out)
{
	struct json_writer w;
	struct err err;
	bool store_up = store_ping(admin->set.store, &err) == 0;
	bool auth_up, twilio_up;

	look_at_services(admin, &auth_up, &twilio_up);
	begin(admin, &w, out,
	      !store_up		     ? "unhealthy"
	      : auth_up && twilio_up ? "healthy"
				     : "degraded");
	json_object(&w, "services");
	json_add_text(&w, "store", word(store_up));
	json_add_text(&w, "auth_service", word(auth_up));
	json_add_text(&w, "twilio", word(twilio_up));
	json_end(&w);
	json_end(&w);
	return store_up ? 200 : 503;
}

/* A store that may be away has a spool in front of it, and the program did not
 * start without one: it takes messages. */
int admin_ready(struct admin *admin, struct buf *out)
{
	struct json_writer w;
	struct err err;
	bool ready = store_is_remote(admin->set.store) || store_ping(admin->set.store, &err) == 0;

	begin(admin, &w, out, ready ? "ready" : "not_ready");
	json_end(&w);
	return ready ? 200 : 503;
}

int admin_live(struct admin *admin, struct buf *out)
{
	struct json_writer w;

	begin(admin, &w, out, "alive");
	json_end(&w);
	return 200;
}
