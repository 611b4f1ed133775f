/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An unmap or a sync, as the driver asked for it.
 */
#ifndef PUCK_DMA_CORE_CALL_H
#define PUCK_DMA_CORE_CALL_H

#include <linux/dma-direction.h>
#include <linux/types.h>

#include "core/mapping.h"

/**
 * struct puck_dma_call - an unmap or sync, as the driver asked for it
 * @kind: by the function of which kind
 * @dir: direction given; DMA_NONE if the function has none
 * @addr: IOVA given; of a list that of its first entry
 * @size: bytes given, unless PUCK_DMA_SG
 * @nents: entries given, if PUCK_DMA_SG
 * @stack: of puck_dma_stack()
 */
struct puck_dma_call {
	enum puck_dma_kind kind;
	enum dma_data_direction dir;
	dma_addr_t addr;
	size_t size;
	u32 nents;
	u32 stack;
};

#endif /* PUCK_DMA_CORE_CALL_H */
