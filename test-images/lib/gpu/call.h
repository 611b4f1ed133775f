/* SPDX-License-Identifier: MIT */
/*
 * Ioctls of puck.ko. No library is used: a test sees the bare errno.
 *
 * Functions of lib/gpu/ return 0 or a negative errno, like the kernel's.
 */
#ifndef LIB_GPU_CALL_H
#define LIB_GPU_CALL_H

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <drm/puck_drm.h>

#include "drm.h"

static inline int puck_call(int fd, unsigned long nr, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, nr, arg);
	} while (ret == -1 && (errno == EINTR || errno == EAGAIN));
	return ret == -1 ? -errno : 0;
}

/* For an array of @n elements, which an array of the interface is when there are none, too. */
#define puck_array(elements, n)							\
	((struct drm_puck_array){						\
		.ptr = (n) ? (uintptr_t)(elements) : 0,				\
		.count = (n),							\
		.stride = (n) ? sizeof(*(elements)) : 0,			\
	})

static inline int puck_param(int fd, uint32_t param, uint64_t *value)
{
	struct drm_puck_get_param args = { .param = param };
	int ret = puck_call(fd, DRM_IOCTL_PUCK_GET_PARAM, &args);

	*value = args.value;
	return ret;
}

#endif /* LIB_GPU_CALL_H */
