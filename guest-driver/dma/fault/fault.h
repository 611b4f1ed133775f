/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where accesses are heard of that the IOMMU refused.
 */
#ifndef PUCK_DMA_FAULT_FAULT_H
#define PUCK_DMA_FAULT_FAULT_H

#include <linux/types.h>

#include "core/refusal.h"

struct fwnode_handle;
struct puck_dma_dev;

void puck_dma_fault_requester(unsigned int segment, u16 requester, u64 iova,
			      enum puck_dma_verb verb);
void puck_dma_fault_endpoint(struct fwnode_handle *iommu, u32 endpoint, u64 iova,
			     enum puck_dma_verb verb);
void puck_dma_fault_attach(struct puck_dma_dev *d);
void puck_dma_fault_detach(struct puck_dma_dev *d);
void puck_dma_fault_exit(void);

#endif /* PUCK_DMA_FAULT_FAULT_H */
