/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Syncs that nobody calls, sync=watch.
 */
#ifndef PUCK_DMA_BOUNCE_WATCH_H
#define PUCK_DMA_BOUNCE_WATCH_H

#include <linux/types.h>

struct puck_dma_call;
struct puck_dma_dev;
struct puck_dma_mapping;
struct puck_dma_span;

void puck_dma_watch_kept(struct puck_dma_mapping *m);
void puck_dma_watch_sync(struct puck_dma_dev *d, struct puck_dma_mapping *m,
			 const struct puck_dma_call *call, const struct puck_dma_span *span,
			 bool for_cpu);
void puck_dma_watch_stay(struct puck_dma_mapping *m, const struct puck_dma_span *span,
			 bool for_cpu);
void puck_dma_watch_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m,
			  unsigned long attrs, u32 stack);

#endif /* PUCK_DMA_BOUNCE_WATCH_H */
