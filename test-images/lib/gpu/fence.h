/* SPDX-License-Identifier: MIT */
/* Fences of jobs as user space has them: sync files and syncobjs. */
#ifndef LIB_GPU_FENCE_H
#define LIB_GPU_FENCE_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/sync_file.h>

#include "lib/base/clock.h"
#include "lib/gpu/device.h"

/* 1: signalled, 0: not yet, negative: signalled with this error. */
static inline int fence_status(int fence)
{
	struct sync_file_info info = { 0 };

	if (ioctl(fence, SYNC_IOC_FILE_INFO, &info))
		return -errno;
	return info.status;
}

/* 0: signalled within the time, with or without error. */
static inline int fence_wait(int fence, int timeout_ms)
{
	struct pollfd pfd = { .fd = fence, .events = POLLIN };
	int ret;

	do {
		ret = poll(&pfd, 1, timeout_ms);
	} while (ret == -1 && errno == EINTR);
	if (ret < 0)
		return -errno;
	return ret ? 0 : -ETIME;
}

/* Wait for a fence and close it; returns its status. */
static inline int fence_result(int fence, int timeout_ms)
{
	int ret = fence_wait(fence, timeout_ms);

	if (!ret)
		ret = fence_status(fence);
	close(fence);
	return ret;
}

static inline int syncobj_create(int fd, uint32_t *handle)
{
	struct drm_syncobj_create args = { 0 };
	int ret = puck_call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args);

	*handle = args.handle;
	return ret;
}

static inline int syncobj_destroy(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy args = { .handle = handle };

	return puck_call(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

/* Wait for a binary syncobj (@point 0) or a timeline point. */
static inline int syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.timeout_nsec = now_ns() + timeout_ns,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};

	return puck_call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

#endif /* LIB_GPU_FENCE_H */
