/*
 * pack.c - a pack in its folder, for verbs that look at packs.
 */
#include "base/files.h"
#include "pack_private.h"

static int find_configured(struct pack *p, struct err *err)
{
	struct config c;

	if (config_load(&c, err) < 0)
		return -1;
	p->folder = arena_printf(&p->arena, "%s/%s", c.templates_dir, c.flow);
	config_free(&c);
	return 0;
}

int command_pack_open(struct pack *p, const char *folder, struct err *err)
{
	*p = (struct pack){ .folder = folder };
	if ((!folder && find_configured(p, err) < 0) ||
	    file_tree_read(p->folder, &p->arena, &p->tree, err) < 0) {
		command_pack_close(p);
		return -1;
	}
	(void)flow_load(&p->tree, &p->flow, &p->faults); /* the faults tell */
	return 0;
}

void command_pack_close(struct pack *p)
{
	flow_free(&p->flow);
	flow_faults_free(&p->faults);
	arena_free(&p->arena);
}
