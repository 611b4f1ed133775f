/* SPDX-License-Identifier: MIT */
/*
 * How long a program waits for what has to come: as good as for ever, since no result
 * may depend on how fast the machine is. If it does not come the host ends the program;
 * it alone knows how much of the time its guest had a CPU.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FOREVER_MS	(3600 * 1000)
#define FOREVER_NS	(FOREVER_MS * 1000000ll)
#define LOOK_EVERY_MS	10
/* How long a device that is tried may be silent before that is the result... */
#define ANSWER_MS	(20 * 1000)
/* ...unless whoever starts the program says another number of milliseconds here. */
#define ANSWER_VARIABLE	"PUCK_ANSWER_MS"

/* Between two looks at what has to come; @looks begins with 0. False if it did not come. */
static inline bool patient(unsigned int *looks)
{
	usleep(LOOK_EVERY_MS * 1000);
	return ++*looks < FOREVER_MS / LOOK_EVERY_MS;
}

static inline int answer_ms(void)
{
	const char *text = getenv(ANSWER_VARIABLE);

	return text ? atoi(text) : ANSWER_MS;
}

/*
 * The same for what only comes if a driver, which may be a broken one, does its part. A look
 * may take long itself; @since begins with 0.
 */
static inline bool expectant(int64_t *since)
{
	struct timespec now;
	int64_t ms;

	usleep(LOOK_EVERY_MS * 1000);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = now.tv_sec * 1000ll + now.tv_nsec / 1000000;
	*since = *since ? *since : ms;
	return ms - *since < answer_ms();
}

#endif /* PATIENCE_H */
