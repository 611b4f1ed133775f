/* SPDX-License-Identifier: MIT */
/* puck.ko, which may be in use. */
#ifndef LIB_GPU_MODULE_H
#define LIB_GPU_MODULE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/patience.h"

/* Removes it: 0, or a negative errno. */
static inline int puck_rmmod_now(void)
{
	return syscall(SYS_delete_module, "puck", O_NONBLOCK) ? -errno : 0;
}

/* For where something holds it that is on its way out. */
static inline int puck_rmmod(void)
{
	unsigned int looks = 0;
	int ret;

	do {
		ret = puck_rmmod_now();
	} while (ret == -EAGAIN && patient(&looks));
	return ret;
}

static inline bool puck_in_use(void)
{
	return puck_rmmod_now() == -EAGAIN;
}

#endif /* LIB_GPU_MODULE_H */
