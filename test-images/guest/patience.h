/* SPDX-License-Identifier: MIT */
/*
 * How long a program waits for what has to come: as good as for ever, since no result
 * may depend on how fast the machine is. If it does not come the host ends the program;
 * it alone knows how much of the time its guest had a CPU.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>
#include <unistd.h>

#define FOREVER_MS	(3600 * 1000)
#define FOREVER_NS	(FOREVER_MS * 1000000ll)
#define LOOK_EVERY_MS	10
/* How long a device that is tried may be silent before that is the result. */
#define ANSWER_MS	(30 * 1000)

/* Between two looks at what has to come; @looks begins with 0. False if it did not come. */
static inline bool patient(unsigned int *looks)
{
	usleep(LOOK_EVERY_MS * 1000);
	return ++*looks < FOREVER_MS / LOOK_EVERY_MS;
}

/* The same for what only comes if a driver, which may be a broken one, does its part. */
static inline bool expectant(unsigned int *looks)
{
	return patient(looks) && *looks < ANSWER_MS / LOOK_EVERY_MS;
}

#endif /* PATIENCE_H */
