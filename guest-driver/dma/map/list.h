/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings of scatterlists.
 */
#ifndef PUCK_DMA_MAP_LIST_H
#define PUCK_DMA_MAP_LIST_H

#include <linux/dma-direction.h>

struct device;
struct scatterlist;

int puck_dma_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		    enum dma_data_direction dir, unsigned long attrs);
void puck_dma_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
		       enum dma_data_direction dir, unsigned long attrs);

#endif /* PUCK_DMA_MAP_LIST_H */
