/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of which the device wrote to the first entry of each segment alone.
 */
#ifndef PUCK_DMA_BOUNCE_SHORT_H
#define PUCK_DMA_BOUNCE_SHORT_H

struct puck_dma_dev;
struct puck_dma_mapping;

void puck_dma_short_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m);
void puck_dma_short_end(struct puck_dma_dev *d);

#endif /* PUCK_DMA_BOUNCE_SHORT_H */
