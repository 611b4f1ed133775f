/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is allocated and mapped in one step.
 */
#ifndef PUCK_DMA_MAP_COHERENT_H
#define PUCK_DMA_MAP_COHERENT_H

#include <linux/dma-direction.h>
#include <linux/gfp_types.h>
#include <linux/types.h>

struct device;
struct page;
struct sg_table;
struct vm_area_struct;

void *puck_dma_alloc(struct device *dev, size_t size, dma_addr_t *iova, gfp_t gfp,
		     unsigned long attrs);
void puck_dma_free(struct device *dev, size_t size, void *vaddr, dma_addr_t iova,
		   unsigned long attrs);
struct page *puck_dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *iova,
				  enum dma_data_direction dir, gfp_t gfp);
void puck_dma_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t iova,
			 enum dma_data_direction dir);
int puck_dma_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr, dma_addr_t iova,
		  size_t size, unsigned long attrs);
int puck_dma_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr, dma_addr_t iova,
			 size_t size, unsigned long attrs);

#endif /* PUCK_DMA_MAP_COHERENT_H */
