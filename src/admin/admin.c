/*
 * admin.c - opening and closing.
 */
#include <stdlib.h>

#include "admin_private.h"
#include "base/mem.h"

int admin_open(const struct admin_settings *set, struct admin **admin_out, struct err *err)
{
	struct admin *admin = mem_alloc(sizeof *admin);

	admin->set = *set;
	admin->started_ms = clock_mono_ms();
	pthread_mutex_init(&admin->stats_lock, NULL);
	if (admin_health_start(admin, err) < 0) {
		admin_close(&admin);
		return -1;
	}
	*admin_out = admin;
	return 0;
}

void admin_close(struct admin **admin)
{
	if (!*admin)
		return;
	admin_health_stop(*admin);
	admin_stats_free(*admin);
	pthread_mutex_destroy(&(*admin)->stats_lock);
	free(*admin);
	*admin = NULL;
}
