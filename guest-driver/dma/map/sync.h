/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes change hands between driver and device.
 */
#ifndef PUCK_DMA_MAP_SYNC_H
#define PUCK_DMA_MAP_SYNC_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;
struct scatterlist;

void puck_dma_sync_single_for_cpu(struct device *dev, dma_addr_t iova, size_t size,
				  enum dma_data_direction dir);
void puck_dma_sync_single_for_device(struct device *dev, dma_addr_t iova, size_t size,
				     enum dma_data_direction dir);
void puck_dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sgl, int nents,
			      enum dma_data_direction dir);
void puck_dma_sync_sg_for_device(struct device *dev, struct scatterlist *sgl, int nents,
				 enum dma_data_direction dir);

#endif /* PUCK_DMA_MAP_SYNC_H */
