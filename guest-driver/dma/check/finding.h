/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A finding, or a suspect: section "Findings" of docs/dma.rst.
 */
#ifndef PUCK_DMA_CHECK_FINDING_H
#define PUCK_DMA_CHECK_FINDING_H

#include <linux/types.h>

enum puck_dma_class {
	PUCK_DMA_UNMAP_COUNT,
	PUCK_DMA_UNMAP_SIZE,
	PUCK_DMA_UNMAP_DIRECTION,
	PUCK_DMA_UNMAP_KIND,
	PUCK_DMA_UNMAP_TWICE,
	PUCK_DMA_UNMAP_UNKNOWN,
	PUCK_DMA_UNMAP_ERROR,
	PUCK_DMA_SYNC_COUNT,
	PUCK_DMA_SYNC_RANGE,
	PUCK_DMA_SYNC_DIRECTION,
	PUCK_DMA_SYNC_UNMAPPED,
	PUCK_DMA_SYNC_UNKNOWN,
	PUCK_DMA_SYNC_MISSING,
	PUCK_DMA_ACCESS_UNMAPPED,
	PUCK_DMA_ACCESS_GUARD,
	PUCK_DMA_ACCESS_DIRECTION,
	PUCK_DMA_ACCESS_UNKNOWN,
	PUCK_DMA_ACCESS_ERROR,
	PUCK_DMA_ACCESS_TAIL,
	PUCK_DMA_ACCESS_TRUNCATED,
	PUCK_DMA_ACCESS_PHYSICAL,
	PUCK_DMA_ACCESS_BEYOND,
	PUCK_DMA_LIST_SHORT,
	PUCK_DMA_LEAK,
	PUCK_DMA_CLASSES,
	/* Classes that suspects alone have. */
	PUCK_DMA_LIST_MERGED = PUCK_DMA_CLASSES,
};

/**
 * struct puck_dma_finding - one that was told
 * @text: the line from the class on
 * @class: what it is
 * @iova: what it is about
 * @size: bytes of that, or 0
 * @made_by: stack that made the mapping, or 0
 * @freed_by: stack that unmapped it, or 0
 * @found_by: stack of the call that was wrong, or 0
 */
struct puck_dma_finding {
	char text[432];
	enum puck_dma_class class;
	u64 iova;
	u64 size;
	u32 made_by;
	u32 freed_by;
	u32 found_by;
};

#define PUCK_DMA_FINDINGS	256

/**
 * struct puck_dma_known - findings that are one to who reads the kernel's log
 * @class: theirs
 * @iova: of the first one
 * @made: who made the mapping, 0 if that is not known
 * @freed: who unmapped it, likewise
 * @call: whose call was wrong, likewise
 * @count: how many there were
 *
 * The like of a finding is of the same class, from the same places of the code; or,
 * where there are none, of the same PUCK_DMA_LIKE_SHIFT of the address.
 */
struct puck_dma_known {
	enum puck_dma_class class;
	u64 iova;
	unsigned long made;
	unsigned long freed;
	unsigned long call;
	u64 count;
};

#define PUCK_DMA_KNOWN		64
#define PUCK_DMA_LIKE_SHIFT	20

#endif /* PUCK_DMA_CHECK_FINDING_H */
