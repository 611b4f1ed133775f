/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mapping, and its words for people.
 */
#ifndef PUCK_DMA_CORE_MAPPING_H
#define PUCK_DMA_CORE_MAPPING_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/types.h>

#include "iova/segments.h"

struct page;
struct puck_dma_copy;
struct puck_dma_extent;

enum puck_dma_kind {
	PUCK_DMA_PAGE,
	PUCK_DMA_SG,
	PUCK_DMA_RESOURCE,
	PUCK_DMA_COHERENT,
	PUCK_DMA_PAGES,		/* dma_alloc_pages(): synced as PUCK_DMA_PAGE */
};

/**
 * struct puck_dma_mapping - one that is live
 * @node: in puck_dma_dev::table
 * @iova: of the first segment, which is what the driver knows it by
 * @size: bytes, the sum of its entries
 * @number: of the mapping, counted from when the device came under the mapper
 * @kind: by which function it was made
 * @dir: what the device may do
 * @attrs: DMA_ATTR_*
 * @entries: that the driver gave, 1 unless PUCK_DMA_SG
 * @nsegs: segments
 * @segs: them; flat and &one if there is one
 * @one: the segment, if there is one
 * @guard: pages that stay unmapped at both ends of each segment
 * @extent: its extent
 * @extent_start: first page of that, for those who hold no lock
 * @extent_pages: size of that
 * @made_by: stack that made it, of puck_dma_stack()
 * @made_at: when, in ns of ktime_get_mono_fast_ns()
 * @phys: of what is mapped, unless @pages; of a list, of its first entry
 * @vaddr: PUCK_DMA_COHERENT: what the driver knows it by
 * @pages: PUCK_DMA_COHERENT: if they do not lie in a row
 * @copy: bounce: the device's own
 * @users: syncs that work on it, and the table; the last one frees
 *
 * @node, @extent and @users are protected by puck_dma_dev::lock, the others do not
 * change.
 */
struct puck_dma_mapping {
	struct hlist_node node;
	dma_addr_t iova;
	size_t size;
	u64 number;
	enum puck_dma_kind kind;
	enum dma_data_direction dir;
	unsigned long attrs;
	u32 entries;
	u32 nsegs;
	struct puck_dma_segments segs;
	struct puck_dma_segment one;
	u32 guard;
	struct puck_dma_extent *extent;
	u64 extent_start;
	u64 extent_pages;
	u32 made_by;
	u64 made_at;
	phys_addr_t phys;
	void *vaddr;
	struct page **pages;
	struct puck_dma_copy *copy;
	u32 users;
};

const char *puck_dma_kind_name(enum puck_dma_kind kind);
const char *puck_dma_dir_name(enum dma_data_direction dir);

#endif /* PUCK_DMA_CORE_MAPPING_H */
