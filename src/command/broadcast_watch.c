/*
 * broadcast_watch.c - how far a broadcast is: as lines, and as a bar that moves.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broadcast_private.h"

enum { BAR = 30, LOOK_MS = 500 };

static const char *const outcomes[] = {
	"waiting", "sending", "accepted", "delivered", "read",
	"failed",  "unsure",  "parked",	  "skipped",   "cancelled"
};

static const char *state_words(const struct value *b)
{
	return *client_text(b, "why_text") ? client_text(b, "why_text") : client_text(b, "why");
}

void client_print_broadcast(const struct value *b)
{
	const struct value *progress = value_get(b, "progress");
	const struct value *skipped = value_get(b, "skipped");
	const struct value *failures = value_get(b, "failures");

	(void)printf("%s  %s%s%s\n", client_text(b, "broadcast_id"), client_text(b, "state"),
		     *state_words(b) ? ": " : "", state_words(b));
	(void)printf("  %-10s %s\n", "audience", client_text(b, "audience"));
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		if (client_int(progress, outcomes[i]))
			(void)printf("  %-10s %s\n", outcomes[i],
				     client_text(progress, outcomes[i]));
	for (const struct value *v = skipped ? skipped->first : NULL; v; v = v->next)
		(void)printf("    skipped, %s: %s\n", v->name, v->text.p);
	for (const struct value *v = failures ? failures->first : NULL; v; v = v->next)
		(void)printf("    failed, %s %s: %s\n", client_text(v, "code"),
			     client_text(v, "text"), client_text(v, "count"));
	if (*client_text(b, "expected_finish"))
		(void)printf("  finished about %s\n", client_text(b, "expected_finish"));
}

static void pause_a_moment(void)
{
	const struct timespec ts = { 0, LOOK_MS * 1000000L };

	(void)nanosleep(&ts, NULL);
}

/* What waits or is under way has not ended yet. */
static int64_t ended(const struct value *progress)
{
	int64_t sum = 0;

	for (size_t i = 2; i < sizeof outcomes / sizeof *outcomes; i++)
		sum += strcmp(outcomes[i], "unsure") == 0 ? 0 : client_int(progress, outcomes[i]);
	return sum;
}

static void draw_bar(const struct value *b)
{
	const struct value *progress = value_get(b, "progress");
	int64_t all = client_int(b, "audience");
	int64_t done = ended(progress);
	int full = all > 0 ? (int)(done * BAR / all) : 0;

	(void)printf("\r\033[K[%.*s%*s] %lld/%lld  %s  %s/s  failed %lld, unsure %lld", full,
		     "##############################", BAR - full, "", (long long)done,
		     (long long)all, client_text(b, "state"), client_text(b, "rate_per_second"),
		     (long long)client_int(progress, "failed"),
		     (long long)client_int(progress, "unsure"));
	(void)fflush(stdout);
}

static bool is_still(const char *state)
{
	return strcmp(state, "done") == 0 || strcmp(state, "cancelled") == 0 ||
	       strcmp(state, "paused") == 0;
}

int client_watch_broadcast(const struct command *self, struct client *cl, const char *path)
{
	bool bar = isatty(STDOUT_FILENO);
	const struct value *b;
	int ret;

	while ((ret = client_ask_admin(self, cl, "GET", path, NULL, &b)) == EXIT_OK) {
		if (bar)
			draw_bar(b);
		if (is_still(client_text(b, "state")))
			break;
		pause_a_moment();
	}
	if (bar)
		(void)putchar('\n');
	if (ret)
		return ret;
	client_print_broadcast(b);
	return strcmp(client_text(b, "state"), "done") == 0 ? EXIT_OK : EXIT_FAULT;
}
