/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's own copy of a mapping.
 */
#ifndef PUCK_DMA_BOUNCE_BOUNCE_H
#define PUCK_DMA_BOUNCE_BOUNCE_H

#include <linux/gfp_types.h>
#include <linux/types.h>

#include "bounce/span.h"

struct page;
struct puck_dma_dev;
struct puck_dma_mapping;
struct scatterlist;

int puck_dma_copy_new(struct puck_dma_mapping *m, struct scatterlist *sgl, bool watch, gfp_t gfp);
void puck_dma_copy_free(struct puck_dma_mapping *m);
struct page **puck_dma_copy_pages(struct puck_dma_mapping *m, u64 iova);
void puck_dma_copy_to_device(struct puck_dma_mapping *m, const struct puck_dma_span *span);
void puck_dma_copy_to_cpu(struct puck_dma_mapping *m, const struct puck_dma_span *span);
void puck_dma_copy_outside(struct puck_dma_dev *d, const struct puck_dma_mapping *m);

#endif /* PUCK_DMA_BOUNCE_BOUNCE_H */
