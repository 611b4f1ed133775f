/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * That the camera is done with a buffer, as a dma_fence.
 */
#ifndef PUCK_CAM_FENCE_H
#define PUCK_CAM_FENCE_H

#include <linux/dma-fence.h>
#include <linux/spinlock.h>

/**
 * struct puck_cam_fence - the camera is done with a buffer
 * @base: its context is that of the stream
 * @lock: for @base; in here, since fences outlive everything else
 */
struct puck_cam_fence {
	struct dma_fence base;
	spinlock_t lock;		/* base */
};

struct dma_fence *puck_cam_fence_create(u64 context, u64 number);
void puck_cam_fence_signal(struct dma_fence *fence, int error);

#endif /* PUCK_CAM_FENCE_H */
