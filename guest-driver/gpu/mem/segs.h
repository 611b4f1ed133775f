/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segment lists: what the device reads of where memory is.
 */
#ifndef PUCK_SEGS_H
#define PUCK_SEGS_H

#include <linux/types.h>

#include "abi/puck_gpu.h"

struct puck_device;
struct sg_table;

/* Segment lists of one job: up to this many entries come from a pool. */
#define PUCK_SEGS_POOLED	128
/* All lists of a job together; 4 MiB. */
#define PUCK_SEGS_PER_JOB	(256 * 1024)

/**
 * struct puck_segs - the segment lists of one job, in one block of memory; there may be bytes behind
 * @list: the entries
 * @dma: DMA address of @list
 * @used: entries filled
 * @room: entries that fit
 * @pooled: the block is from puck_device.seg_pool
 */
struct puck_segs {
	struct puck_gpu_seg *list;
	dma_addr_t dma;
	u32 used;
	u32 room;
	bool pooled;
};

/**
 * struct puck_where - where memory is, as the device sees it
 * @sgt: the pieces: its DMA addresses and lengths, by for_each_sgtable_dma_sg(). NULL if the
 *       device has no way to it
 * @vram: these are offsets in VRAM
 */
struct puck_where {
	struct sg_table *sgt;
	bool vram;
};

int puck_segs_init(struct puck_device *puck);
void puck_segs_fini(struct puck_device *puck);
int puck_segs_alloc(struct puck_device *puck, struct puck_segs *segs, u32 count);
int puck_segs_alloc_data(struct puck_device *puck, struct puck_segs *segs, const void *data,
			 u32 length);
void puck_segs_free(struct puck_device *puck, struct puck_segs *segs);
u32 puck_segs_count(struct puck_device *puck, struct sg_table *sgt, u64 offset, u64 length);
void puck_segs_add(struct puck_device *puck, struct puck_segs *segs, struct puck_where where,
		   u64 offset, u64 length);

static inline dma_addr_t puck_segs_end(const struct puck_segs *segs)
{
	return segs->dma + segs->used * sizeof(*segs->list);
}

#endif /* PUCK_SEGS_H */
