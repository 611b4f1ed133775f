/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A copy, for bounce.c that has it, and watch.c and short.c that compare.
 */
#ifndef PUCK_DMA_BOUNCE_COPY_H
#define PUCK_DMA_BOUNCE_COPY_H

#include <linux/bits.h>
#include <linux/types.h>

struct page;
struct puck_dma_span;

/**
 * struct puck_dma_piece - an entry, at the device and at the driver
 * @iova: of its first byte
 * @size: bytes
 * @phys: the driver's; its offset in the page may be another one
 * @at: bytes of the mapping in front of it
 * @page: which of the copy's pages is its first
 */
struct puck_dma_piece {
	u64 iova;
	size_t size;
	phys_addr_t phys;
	size_t at;
	u32 page;
};

/**
 * struct puck_dma_copy - the device's copy
 * @nr_pages: of the copy
 * @pages: them, in the order of the entries
 * @given: sync=watch: what both sides had when the bytes last changed hands, as
 *	@pages. Those will not do even where the device may not write: QEMU's e1000e
 *	does, to sum up what it sends
 * @states: sync=watch: whose each byte is, PUCK_DMA_BYTE_*, as @pages
 * @took: bytes that the device wrote were fetched since it was last given any
 * @gave: bytes that the CPU wrote were handed over since it last took any
 * @handed: the device was given bytes since they were mapped
 * @unhanded: how often the CPU took bytes that it had changed and not handed over
 * @nr_pieces: entries
 * @pieces: them
 *
 * Who syncs disjoint ranges at a time changes disjoint bytes of @given and @states.
 * @took, @gave, @handed and @unhanded are hints for what is told of one mapping, and a
 * count that is lost delays a finding by one sync.
 */
struct puck_dma_copy {
	u32 nr_pages;
	struct page **pages;
	struct page **given;
	struct page **states;
	bool took;
	bool gave;
	bool handed;
	u32 unhanded;
	u32 nr_pieces;
	struct puck_dma_piece pieces[] __counted_by(nr_pieces);
};

/* The CPU owns the byte; else the device does. */
#define PUCK_DMA_BYTE_CPU	BIT(0)
/* When it changed hands the sides differed, and the device's was not remembered... */
#define PUCK_DMA_BYTE_NO_DEVICE	BIT(1)
/* ...or the driver's was not: what that side does to the byte is not seen. */
#define PUCK_DMA_BYTE_NO_CPU	BIT(2)

/**
 * struct puck_dma_run - bytes in a row, at the driver and at the device
 * @theirs: the driver's
 * @ours: the device's
 * @given: see struct puck_dma_copy; NULL without sync=watch
 * @state: likewise
 * @len: how many
 * @at: offset in the mapping
 */
struct puck_dma_run {
	char *theirs;
	char *ours;
	char *given;
	u8 *state;
	size_t len;
	size_t at;
};

typedef void puck_dma_run_fn(const struct puck_dma_run *run, void *data);

void puck_dma_copy_each(struct puck_dma_copy *copy, const struct puck_dma_span *span,
			puck_dma_run_fn *fn, void *data);

#endif /* PUCK_DMA_BOUNCE_COPY_H */
