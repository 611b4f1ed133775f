// SPDX-License-Identifier: MIT
/*
 * Whether lockdep knows the order of puck.ko's locks without anything having gone the way of
 * it: what is only taken after an unplug, and what only waits when memory is short.
 */
#include "lib/base/ktap.h"

#include <stdio.h>
#include <string.h>

/* The name at the end of a line, behind the last blank. */
static const char *name_of(char *line)
{
	char *blank;

	line[strcspn(line, "\n")] = '\0';
	blank = strrchr(line, ' ');
	return blank ? blank + 1 : line;
}

/* Whether /proc/lockdep says that @inner was taken right below @outer. */
static bool is_below(const char *outer, const char *inner)
{
	FILE *file = fopen("/proc/lockdep", "r");
	bool in = false, found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file)) {
		bool below = !strncmp(line, " -> ", 4);
		const char *name = name_of(line);

		if (!below)
			in = !strcmp(name, outer);
		else
			found = in && !strcmp(name, inner);
	}
	if (file)
		fclose(file);
	return found;
}

static void check(const char *outer, const char *inner)
{
	ktap_ok(is_below(outer, inner), "%s, then %s", outer, inner);
}

int main(void)
{
	ktap_begin();
	check("&queue->submit_lock", "&mem->guard");
	check("&mem->guard", "reservation_ww_class_acquire");
	check("&puck->late_lock", "reservation_ww_class_acquire");
	check("reservation_ww_class_mutex", "fs_reclaim");
	check("fs_reclaim", "dma_fence_map");
	check("dma_fence_map", "&ring->lock");
	ktap_ok(!is_below("dma_fence_map", "&queue->submit_lock"), "and not the other way round");
	return ktap_end();
}
