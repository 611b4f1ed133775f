/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A puck device as what sweeps are about: a file of its own each time, and what is in that, so that
 * what is left behind is a leak.
 */
#ifndef LIB_FAIL_NTH_DEVICE_H
#define LIB_FAIL_NTH_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"

static struct puck one;		/* the device; its file is this time's */
static struct bo a, b;
static int fds;			/* what is open from here on is of one time */

/* Without queues. */
static inline int open_alone(struct puck *puck)
{
	puck->fd = open(puck->node, O_RDWR | O_CLOEXEC);
	return puck->fd < 0 ? -errno : 0;
}

/* An ioctl that is told apart from one that was interrupted is not tried again. */
static inline int call_once(int fd, unsigned long nr, void *arg)
{
	return ioctl(fd, nr, arg) ? -errno : 0;
}

static inline void forget_bo(struct bo *bo)
{
	if (bo->map)
		munmap(bo->map, bo->size);
	memset(bo, 0, sizeof(*bo));
}

/* All that this time opened, whatever it told of it. */
static inline void close_all(void)
{
	forget_bo(&a);
	forget_bo(&b);
	syscall(SYS_close_range, fds, ~0u, 0);
	one.fd = -1;
}

/* The device was found, and is open: all that is opened later is one time's. */
static inline void device_begin(void)
{
	fds = one.fd;
	close_all();
}

static inline int nothing_left(const struct puck *puck)
{
	return puck_count_becomes(puck, "bos", "bo ", 0) ? 0 : -EBUSY;
}

static inline int end(int ret)
{
	(void)ret;
	close_all();
	return nothing_left(&one);
}

#endif /* LIB_FAIL_NTH_DEVICE_H */
