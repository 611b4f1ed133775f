/* SPDX-License-Identifier: MIT */
/* The time that goes on whatever the date is. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NSEC_PER_MSEC	1000000ll
#define NSEC_PER_SEC	1000000000ll

static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static inline double now_seconds(void)
{
	return (double)now_ns() / NSEC_PER_SEC;
}

#endif /* LIB_CLOCK_H */
