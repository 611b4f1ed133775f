/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How mappings are laid out: section "Policy" of docs/dma.rst. policy.c reads and writes it.
 */
#ifndef PUCK_DMA_POLICY_POLICY_H
#define PUCK_DMA_POLICY_POLICY_H

#include <linux/types.h>

enum puck_dma_merge {
	PUCK_DMA_MERGE_ALL,
	PUCK_DMA_MERGE_NONE,
	PUCK_DMA_MERGE_SIZE,
	PUCK_DMA_MERGE_BOUNDARY,
	PUCK_DMA_MERGE_RANDOM,
};

enum puck_dma_order {
	PUCK_DMA_ASCENDING,
	PUCK_DMA_DESCENDING,
	PUCK_DMA_SHUFFLED,
};

enum puck_dma_window {
	PUCK_DMA_WINDOW_ANY,
	PUCK_DMA_WINDOW_LOW,
	PUCK_DMA_WINDOW_BELOW4G,
	PUCK_DMA_WINDOW_ABOVE4G,
	PUCK_DMA_WINDOW_TOP,
	PUCK_DMA_WINDOW_ZERO,
};

enum puck_dma_fail {
	PUCK_DMA_FAIL_NEVER,
	PUCK_DMA_FAIL_NTH,
	PUCK_DMA_FAIL_EVERY,
	PUCK_DMA_FAIL_SHARE,
	PUCK_DMA_FAIL_EACH,
};

enum puck_dma_of {
	PUCK_DMA_OF_ALL,
	PUCK_DMA_OF_ALLOC,
	PUCK_DMA_OF_POOL,
};

enum puck_dma_sync {
	PUCK_DMA_SYNC_COHERENT,
	PUCK_DMA_SYNC_BOUNCE,
	PUCK_DMA_SYNC_WATCH,
};

#define PUCK_DMA_GAP_MAX	1024
#define PUCK_DMA_GUARD_MAX	64
#define PUCK_DMA_QUARANTINE_MAX	65536
#define PUCK_DMA_EACH_MAX	65535

/* The longest text of a policy, with the zero at its end. */
#define PUCK_DMA_POLICY_TEXT	256

/**
 * struct puck_dma_policy - how mappings are laid out; section "Policy"
 * @merge: which neighbours become one segment
 * @merge_size: bytes, of MERGE_SIZE and MERGE_BOUNDARY (there a power of two)
 * @order: of the segments' IOVAs
 * @gap: pages drawn between segments, at most
 * @guard: pages at both ends of a segment
 * @window: where IOVAs are looked for first
 * @quarantine: mappings for which a freed IOVA rests; 0 is eager reuse
 * @fail: which mappings fail
 * @fail_n: its number
 * @of: which mappings it counts
 * @sync: on whose pages the device works
 * @seed: of all that is drawn
 */
struct puck_dma_policy {
	enum puck_dma_merge merge;
	u64 merge_size;
	enum puck_dma_order order;
	u32 gap;
	u32 guard;
	enum puck_dma_window window;
	u32 quarantine;
	enum puck_dma_fail fail;
	u32 fail_n;
	enum puck_dma_of of;
	enum puck_dma_sync sync;
	u64 seed;
};

void puck_dma_policy_default(struct puck_dma_policy *policy);
int puck_dma_policy_parse(const char *text, struct puck_dma_policy *policy, const char **bad);
bool puck_dma_policy_same(const struct puck_dma_policy *a, const struct puck_dma_policy *b);
int puck_dma_policy_format(const struct puck_dma_policy *policy, char *text, size_t size);

#endif /* PUCK_DMA_POLICY_POLICY_H */
