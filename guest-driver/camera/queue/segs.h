/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segment lists: what the device reads of where a part of a buffer is.
 */
#ifndef PUCK_CAM_SEGS_H
#define PUCK_CAM_SEGS_H

#include <linux/types.h>

#include "abi/puck_cam.h"

struct device;
struct sg_table;

/**
 * struct puck_cam_segs - the list of one part of a buffer
 * @list: the segments, in memory that the device reads
 * @dma: DMA address of @list
 * @used: segments filled
 * @room: segments that fit
 */
struct puck_cam_segs {
	struct puck_cam_seg *list;
	dma_addr_t dma;
	u32 used;
	u32 room;
};

u32 puck_cam_segs_count(const struct sg_table *sgt, u64 bytes, u32 len_max);
int puck_cam_segs_alloc(struct device *dev, struct puck_cam_segs *segs, u32 count);
void puck_cam_segs_free(struct device *dev, struct puck_cam_segs *segs);
void puck_cam_segs_add(struct puck_cam_segs *segs, dma_addr_t addr, u64 len, u32 len_max);
void puck_cam_segs_add_table(struct puck_cam_segs *segs, const struct sg_table *sgt, u64 bytes,
			     u32 len_max);

#endif /* PUCK_CAM_SEGS_H */
