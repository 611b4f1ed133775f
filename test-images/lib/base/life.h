/* SPDX-License-Identifier: MIT */
/* What ends or interrupts a device's work, each so many times: all of it, or one by its name. */
#ifndef LIB_LIFE_H
#define LIB_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/ktap.h"

/* @alone: only if it is asked for. Behind S3 nothing can be unplugged: docs/findings.rst. */
struct life_event {
	const char *name;
	void (*test)(unsigned int times);
	bool alone;
};

/* @name: of the one, or NULL; there has to be one that is called so. @names: all there are, to say. */
static inline void life_run(const struct life_event *events, size_t count, unsigned int times,
			    const char *name, const char *names)
{
	unsigned int tests = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (name ? strcmp(name, events[i].name) : events[i].alone)
			continue;
		events[i].test(times);
		tests++;
	}
	ktap_need(tests, "one of %s", names);
}

#endif /* LIB_LIFE_H */
