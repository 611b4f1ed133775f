/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fences of those who share a buffer.
 */
#ifndef PUCK_CAM_RESV_H
#define PUCK_CAM_RESV_H

#include <linux/types.h>
#include <linux/ww_mutex.h>

#include "sync/vb2_buffer.h"

struct dma_fence;
struct dma_resv;

#define PUCK_CAM_RESVS_MAX	(PUCK_CAM_PARTS_MAX * PUCK_CAM_ACCESS_MODES)

/**
 * struct puck_cam_resvs - the reservation objects of a buffer
 * @ctx: of those who lock more than one
 * @resv: each of them once
 * @count: how many these are
 */
struct puck_cam_resvs {
	struct ww_acquire_ctx ctx;
	struct dma_resv *resv[PUCK_CAM_RESVS_MAX];
	u32 count;
};

void puck_cam_resvs_collect(struct puck_cam_resvs *resvs, struct puck_cam_buffer *buf);
void puck_cam_resvs_lock(struct puck_cam_resvs *resvs);
void puck_cam_resvs_unlock(struct puck_cam_resvs *resvs);
struct dma_fence *puck_cam_resvs_blocker(struct puck_cam_resvs *resvs);
int puck_cam_resvs_reserve(struct puck_cam_resvs *resvs);
void puck_cam_resvs_publish(struct puck_cam_resvs *resvs, struct dma_fence *fence);

#endif /* PUCK_CAM_RESV_H */
