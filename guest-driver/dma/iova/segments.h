/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments: pieces of a mapping with IOVAs in a row.
 */
#ifndef PUCK_DMA_IOVA_SEGMENTS_H
#define PUCK_DMA_IOVA_SEGMENTS_H

#include <linux/mm.h>
#include <linux/types.h>

/**
 * struct puck_dma_segment - a piece of a mapping with IOVAs in a row
 * @iova: of its first byte; while it is laid out, relative to the extent's body
 * @size: bytes
 * @turn: while it is laid out: which segment is placed as this one's number-th
 */
struct puck_dma_segment {
	u64 iova;
	size_t size;
	u32 turn;
};

/* Segments in a page. */
#define PUCK_DMA_SEGMENTS_PAGE	(PAGE_SIZE / sizeof(struct puck_dma_segment))

/**
 * struct puck_dma_segments - the segments of a mapping, in the order of the list
 * @flat: them, if they are in a row, or NULL
 * @pages: PUCK_DMA_SEGMENTS_PAGE of them in each. A list may have more than the
 *	allocator has in one piece, least of all where it may not sleep, and a
 *	mapping must not fail for that
 */
struct puck_dma_segments {
	struct puck_dma_segment *flat;
	struct puck_dma_segment **pages;
};

static inline struct puck_dma_segment *puck_dma_segment_at(const struct puck_dma_segments *segs,
							   u32 i)
{
	if (likely(segs->flat))
		return &segs->flat[i];
	return &segs->pages[i / PUCK_DMA_SEGMENTS_PAGE][i % PUCK_DMA_SEGMENTS_PAGE];
}

static inline u64 puck_dma_segment_pages(const struct puck_dma_segment *seg)
{
	return (offset_in_page(seg->iova) + seg->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static inline u64 puck_dma_segment_start(const struct puck_dma_segment *seg)
{
	return seg->iova & PAGE_MASK;
}

int puck_dma_segments_new(struct puck_dma_segments *segs, u32 count, gfp_t gfp);
void puck_dma_segments_free(struct puck_dma_segments *segs, u32 count);

#endif /* PUCK_DMA_IOVA_SEGMENTS_H */
