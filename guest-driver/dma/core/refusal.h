/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An access of the device that the IOMMU refused.
 */
#ifndef PUCK_DMA_CORE_REFUSAL_H
#define PUCK_DMA_CORE_REFUSAL_H

#include <linux/dma-direction.h>
#include <linux/types.h>

/* What the device wanted. Some IOMMUs do not say. */
enum puck_dma_verb {
	PUCK_DMA_ACCESSED,
	PUCK_DMA_READ,
	PUCK_DMA_WROTE,
};

/**
 * struct puck_dma_refusal - an access that the IOMMU refused
 * @iova: where, perhaps the page only
 * @when: when that was heard of, ns of ktime_get_mono_fast_ns()
 * @verb: what the device wanted
 */
struct puck_dma_refusal {
	u64 iova;
	u64 when;
	enum puck_dma_verb verb;
};

/* May a device do that with a mapping of direction @dir? */
static inline bool puck_dma_access_allowed(u8 dir, enum puck_dma_verb verb)
{
	return dir == DMA_BIDIRECTIONAL || verb == PUCK_DMA_ACCESSED ||
	       dir == (verb == PUCK_DMA_WROTE ? DMA_FROM_DEVICE : DMA_TO_DEVICE);
}

#endif /* PUCK_DMA_CORE_REFUSAL_H */
