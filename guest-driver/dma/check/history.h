/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings as findings tell of them, and those that are no more.
 */
#ifndef PUCK_DMA_CHECK_HISTORY_H
#define PUCK_DMA_CHECK_HISTORY_H

#include <linux/types.h>

struct puck_dma_dev;
struct puck_dma_history;
struct puck_dma_mapping;

#define PUCK_DMA_HISTORY	8192

/**
 * struct puck_dma_past - a mapping, live or no more, as findings tell of it
 * @iova: of its first segment
 * @size: bytes
 * @extent_start: first page of its extent
 * @extent_pages: size of that
 * @phys: of its first byte, PUCK_DMA_NO_PHYS if its pages do not lie in a row
 * @number: of the mapping
 * @made_at: when, in ns of ktime_get_mono_fast_ns()
 * @freed_at: when it was unmapped, 0 if it is live
 * @made_by: stack
 * @freed_by: stack
 * @entries: that the driver gave
 * @nsegs: segments
 * @kind: enum puck_dma_kind
 * @dir: enum dma_data_direction
 */
struct puck_dma_past {
	u64 iova;
	u64 size;
	u64 extent_start;
	u64 extent_pages;
	u64 phys;
	u64 number;
	u64 made_at;
	u64 freed_at;
	u32 made_by;
	u32 freed_by;
	u32 entries;
	u32 nsegs;
	u8 kind;
	u8 dir;
};

#define PUCK_DMA_NO_PHYS	U64_MAX

struct puck_dma_history *puck_dma_history_new(void);
void puck_dma_history_free(struct puck_dma_history *history);
void puck_dma_past_of(const struct puck_dma_mapping *m, struct puck_dma_past *past);
void puck_dma_gone(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 stack);
bool puck_dma_history_at(struct puck_dma_dev *d, u64 iova, struct puck_dma_past *past);
bool puck_dma_history_holding(struct puck_dma_dev *d, u64 iova, struct puck_dma_past *past);
bool puck_dma_history_search(struct puck_dma_dev *d,
			     bool (*fits)(const struct puck_dma_past *past, const void *data),
			     const void *data, struct puck_dma_past *past);
u32 puck_dma_history_made(struct puck_dma_dev *d, u32 made_by, u32 enough);

#endif /* PUCK_DMA_CHECK_HISTORY_H */
