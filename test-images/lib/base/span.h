/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long something takes. Counted, it is what all of the guest works meanwhile: the program,
 * its system calls, interrupts, kernel threads. That is what is left of the time if that is taken
 * away in which the CPU idled, which the kernel keeps to the nanosecond (idle_sleeptime in
 * /proc/timer_list). So there is to be one CPU. A figure that repeats is one under QEMU's -icount,
 * where time is instructions.
 */
#ifndef LIB_SPAN_H
#define LIB_SPAN_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/clock.h"

/* For programs that measure, and have nobody to tell of what does not work. */
static inline void need(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-ret));
	exit(1);
}

/* Nanoseconds for which the one CPU has idled so far. */
static inline int64_t idle_ns(void)
{
	static const char * const names[] = { "idle_sleeptime", "iowait_sleeptime" };
	FILE *file = fopen("/proc/timer_list", "r");
	unsigned int i, found = 0;
	long long value, sum = 0;
	char line[256], name[32];

	need(file ? 0 : -errno, "/proc/timer_list");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " .%31[a-z_] : %lld nsecs", name, &value) != 2)
			continue;
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (!strcmp(name, names[i])) {
				sum += value;
				found++;
			}
	}
	fclose(file);
	need(found == ARRAY_SIZE(names) ? 0 : -EOPNOTSUPP, "idle time of one CPU");
	return sum;
}

struct span {
	bool counted;
	int64_t idle, start;
};

static inline struct span span_begin(bool counted)
{
	struct span span = { .counted = counted };

	if (counted)
		span.idle = idle_ns();
	span.start = now_ns();
	return span;
}

/*
 * The end: microseconds, and @idle is what was idled of them if they are counted. Looking at the
 * idle time is outside: the clock runs from after to before it.
 */
static inline double span_us(struct span *span)
{
	int64_t ns = now_ns() - span->start;

	if (!span->counted)
		return ns / 1e3;
	span->idle = idle_ns() - span->idle;
	return (ns - span->idle) / 1e3;
}

/* What a program is told by its first argument: "counted" or "timed". */
static inline bool span_is_counted(const char *how)
{
	bool counted = !strcmp(how, "counted");

	need(counted || !strcmp(how, "timed") ? 0 : -EINVAL, how);
	need(counted && sysconf(_SC_NPROCESSORS_ONLN) != 1 ? -EOPNOTSUPP : 0, "one CPU");
	return counted;
}

#endif /* LIB_SPAN_H */
