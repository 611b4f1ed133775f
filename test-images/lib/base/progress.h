/* SPDX-License-Identifier: MIT */
/*
 * How far a long run is, every few seconds, so that whoever watches it sees that it goes on.
 * The tool shows these lines; to KTAP they are remarks.
 */
#ifndef LIB_PROGRESS_H
#define LIB_PROGRESS_H

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/clock.h"

#define PROGRESS_EVERY_NS	(5 * NSEC_PER_SEC)

/* To be called at every step: prints nothing as long as the last line is recent. */
__attribute__((format(printf, 1, 2)))
static inline void progress(const char *fmt, ...)
{
	static int64_t last;
	int64_t now = now_ns();
	va_list ap;

	if (!last)
		last = now;
	if (now - last < PROGRESS_EVERY_NS)
		return;
	last = now;
	printf("# progress: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

#endif /* LIB_PROGRESS_H */
