/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The address that entries of a list have which the mapping did not use.
 */
#ifndef PUCK_DMA_CORE_TAIL_H
#define PUCK_DMA_CORE_TAIL_H

#include <linux/mm.h>
#include <linux/types.h>

/*
 * What entries behind the last segment have as address: one that is never mapped, not
 * even if all but its low 32 bits are lost, and that says of which mapping it is.
 * dma_mapping_error() takes it for good, so that whoever gives it to a device is seen.
 */
#define PUCK_DMA_TAIL_HIGH	0x00005eadull
#define PUCK_DMA_TAIL_LOW	0xffff0000u
#define PUCK_DMA_TAIL_MAPPINGS	15

static inline u64 puck_dma_tail(u64 number)
{
	return PUCK_DMA_TAIL_HIGH << 32 | PUCK_DMA_TAIL_LOW |
	       number % PUCK_DMA_TAIL_MAPPINGS << PAGE_SHIFT;
}

#endif /* PUCK_DMA_CORE_TAIL_H */
