/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's own trace points tell of a driver's fences: made, signalled, freed. */
#ifndef LIB_LABS_FENCE_WATCH_H
#define LIB_LABS_FENCE_WATCH_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text_file.h"

#define FENCE_WATCH	"/sys/kernel/tracing/instances/puck-lab"

static inline bool fence_watch_event(const char *event, const char *filter)
{
	char path[160];

	snprintf(path, sizeof(path), FENCE_WATCH "/events/dma_fence/%s/filter", event);
	if (write_text(path, filter))
		return false;
	snprintf(path, sizeof(path), FENCE_WATCH "/events/dma_fence/%s/enable", event);
	return !write_text(path, "1\n");
}

/*
 * From now on, of fences that call their driver so; NULL: of all but the kernel's stub, which is made
 * once and stays. False: this kernel cannot.
 */
static inline bool fence_watch_begin(const char *driver)
{
	char filter[96];

	snprintf(filter, sizeof(filter), driver ? "driver == \"%s\"\n" : "driver != \"stub\"\n",
		 driver);
	rmdir(FENCE_WATCH);
	return !mkdir(FENCE_WATCH, 0700) &&
	       !write_text(FENCE_WATCH "/buffer_size_kb", "512\n") &&
	       fence_watch_event("dma_fence_init", filter) &&
	       fence_watch_event("dma_fence_signaled", filter) &&
	       fence_watch_event("dma_fence_destroy", filter);
}

/* How often an event was seen. */
static inline unsigned int fence_watch_count(const char *event)
{
	FILE *file = fopen(FENCE_WATCH "/trace", "r");
	unsigned int count = 0;
	char line[512], word[64];

	snprintf(word, sizeof(word), " %s: ", event);
	while (file && fgets(line, sizeof(line), file))
		count += line[0] != '#' && strstr(line, word);
	if (file)
		fclose(file);
	return count;
}

/* The trace keeps the module that a fence of it names from going: it is dropped here. */
static inline void fence_watch_end(void)
{
	rmdir(FENCE_WATCH);
}

#endif /* LIB_LABS_FENCE_WATCH_H */
