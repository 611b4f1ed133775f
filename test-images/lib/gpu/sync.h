/* SPDX-License-Identifier: MIT */
/* Fences of jobs in syncobjs, and what a job says of these. */
#ifndef LIB_GPU_SYNC_H
#define LIB_GPU_SYNC_H

#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/gpu/call.h"

/* An entry for a binary syncobj (@point 0), or for a point of a timeline. */
static inline struct drm_puck_sync sync_entry(uint32_t handle, uint64_t point, uint32_t flags)
{
	return (struct drm_puck_sync){
		.handle = handle,
		.type = point ? DRM_PUCK_SYNC_TIMELINE : DRM_PUCK_SYNC_BINARY,
		.flags = flags,
		.point = point,
	};
}

static inline struct drm_puck_sync sync_wait(uint32_t handle, uint64_t point)
{
	return sync_entry(handle, point, DRM_PUCK_SYNC_WAIT);
}

static inline struct drm_puck_sync sync_signal(uint32_t handle, uint64_t point)
{
	return sync_entry(handle, point, DRM_PUCK_SYNC_SIGNAL);
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
static inline int syncobj_wait_flags(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns,
				     uint32_t flags)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.timeout_nsec = now_ns() + timeout_ns,
		.flags = flags,
	};

	return puck_call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

/* The same, for its fence, whether there is one by now or not. */
static inline int syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns)
{
	return syncobj_wait_flags(fd, handle, point, timeout_ns,
				  DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT);
}

#endif /* LIB_GPU_SYNC_H */
