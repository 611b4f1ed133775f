/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A copy, for bounce.c that has it and watch.c that compares.
 */
#ifndef PUCK_DMA_BOUNCE_H
#define PUCK_DMA_BOUNCE_H

#include "puck_dma.h"

/**
 * struct puck_dma_piece - an entry, at the device and at the driver
 * @iova: of its first byte
 * @size: bytes
 * @phys: the driver's; at the same offset in its page
 * @page: which of the copy's pages is its first
 */
struct puck_dma_piece {
	u64 iova;
	size_t size;
	phys_addr_t phys;
	u32 page;
};

/**
 * struct puck_dma_copy - the device's copy
 * @nr_pages: of the copy
 * @pages: them, in the order of the entries
 * @given: sync=watch: what the driver handed over, as @pages. Those will not do even
 *	where the device may not write: QEMU's e1000e does, to sum up what it sends
 * @watched: the device owns the whole mapping
 * @nr_pieces: entries
 * @pieces: them
 */
struct puck_dma_copy {
	u32 nr_pages;
	struct page **pages;
	struct page **given;
	bool watched;
	u32 nr_pieces;
	struct puck_dma_piece pieces[] __counted_by(nr_pieces);
};

/* Which of the copy's pages has the byte at @at of the piece. */
static inline u32 puck_dma_piece_page(const struct puck_dma_piece *piece, size_t at)
{
	return piece->page + ((offset_in_page(piece->iova) + at) >> PAGE_SHIFT);
}

#endif /* PUCK_DMA_BOUNCE_H */
