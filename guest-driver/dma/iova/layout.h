/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of a list become segments, and these are placed in a body of pages.
 */
#ifndef PUCK_DMA_IOVA_LAYOUT_H
#define PUCK_DMA_IOVA_LAYOUT_H

#include <linux/bits.h>
#include <linux/mm.h>

#include "policy/draw.h"

struct puck_dma_policy;
struct puck_dma_request;
struct puck_dma_segments;

/**
 * struct puck_dma_layout - entries become segments
 * @policy: how
 * @draw: what is drawn for this mapping
 * @max_size: bytes of a segment at most, unless an entry is longer
 * @boundary: what no segment crosses, unless an entry is longer; pages, a power
 *	of two, at most PUCK_DMA_NO_BOUNDARY
 * @join_boundary: what no segment of several entries crosses; at most @boundary
 * @offset: of the current segment in its first page
 * @size: bytes of the current segment, 0 before the first entry
 */
struct puck_dma_layout {
	const struct puck_dma_policy *policy;
	struct puck_dma_draw draw;
	u64 max_size;
	u64 boundary;
	u64 join_boundary;
	u32 offset;
	u64 size;
};

/* A boundary that no segment can cross, in pages: it is past all that can be addressed. */
#define PUCK_DMA_NO_BOUNDARY	BIT_ULL(63 - PAGE_SHIFT)

void puck_dma_layout_start(struct puck_dma_layout *layout, const struct puck_dma_policy *policy,
			   u64 number, u64 max_size, u64 boundary_mask);
bool puck_dma_layout_entry(struct puck_dma_layout *layout, u32 offset, u64 size);
void puck_dma_layout_place(struct puck_dma_layout *layout, const struct puck_dma_segments *segs,
			   u32 count, struct puck_dma_request *request);
struct puck_dma_request puck_dma_layout_one(const struct puck_dma_policy *policy, u32 offset,
					    u64 size, u64 boundary_mask);

#endif /* PUCK_DMA_IOVA_LAYOUT_H */
