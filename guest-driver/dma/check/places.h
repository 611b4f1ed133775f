/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bounce/ counts for each place of the code.
 */
#ifndef PUCK_DMA_CHECK_PLACES_H
#define PUCK_DMA_CHECK_PLACES_H

#include <linux/types.h>

#include "check/history.h"

/**
 * struct puck_dma_shares - how bytes changed hands
 * @whole: how often all that one side had written went to the other
 * @part: how often some of it did not
 */
struct puck_dma_shares {
	u32 whole;
	u32 part;
};

/**
 * struct puck_dma_place - a place of the code that makes mappings, with sync=watch
 * @made: the place, as a stack
 * @shares: of what the CPU wrote, and of what the device wrote
 */
struct puck_dma_place {
	u32 made;
	struct puck_dma_shares shares[2];
};

#define PUCK_DMA_PLACES	32

/**
 * struct puck_dma_lists - lists that became fewer segments than entries, with a copy
 * @made: the place of the code that made them
 * @shares: of segments of more entries than one: those of which the device wrote to
 *	more than the first entry, and those of which to that alone
 * @past: the last such list
 */
struct puck_dma_lists {
	unsigned long made;
	struct puck_dma_shares shares;
	struct puck_dma_past past;
};

#define PUCK_DMA_LISTS	8

#endif /* PUCK_DMA_CHECK_PLACES_H */
