/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes of a mapping that has a copy.
 */
#ifndef PUCK_DMA_BOUNCE_SPAN_H
#define PUCK_DMA_BOUNCE_SPAN_H

#include <linux/types.h>

struct puck_dma_call;
struct puck_dma_mapping;
struct scatterlist;

/**
 * struct puck_dma_span - bytes of a mapping with a copy
 * @begin: IOVA of the first one
 * @end: IOVA behind the last one
 * @first: the entry from which on
 * @count: entries
 */
struct puck_dma_span {
	u64 begin;
	u64 end;
	u32 first;
	u32 count;
};

struct puck_dma_span puck_dma_span_all(void);
struct puck_dma_span puck_dma_span_of(const struct puck_dma_mapping *m,
				      const struct puck_dma_call *call, struct scatterlist *sgl);

#endif /* PUCK_DMA_BOUNCE_SPAN_H */
