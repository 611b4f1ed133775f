/* SPDX-License-Identifier: MIT */
/* Queues of jobs. */
#ifndef LIB_GPU_QUEUE_H
#define LIB_GPU_QUEUE_H

#include <stdint.h>
#include <string.h>

#include "lib/gpu/call.h"

static inline int queue_create(int fd, uint32_t kind, uint32_t ring, uint32_t priority,
			       uint32_t *queue)
{
	struct drm_puck_queue_create args = { .kind = kind, .ring = ring, .priority = priority };
	int ret = puck_call(fd, DRM_IOCTL_PUCK_QUEUE_CREATE, &args);

	*queue = args.queue;
	return ret;
}

static inline int queue_destroy(int fd, uint32_t queue)
{
	struct drm_puck_queue_destroy args = { .queue = queue };

	return puck_call(fd, DRM_IOCTL_PUCK_QUEUE_DESTROY, &args);
}

static inline int queue_state(int fd, uint32_t queue, struct drm_puck_queue_state *state)
{
	memset(state, 0, sizeof(*state));
	state->queue = queue;
	return puck_call(fd, DRM_IOCTL_PUCK_QUEUE_STATE, state);
}

#endif /* LIB_GPU_QUEUE_H */
