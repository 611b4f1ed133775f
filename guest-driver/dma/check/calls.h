/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver gives back against what it got. The good cases are inline here.
 */
#ifndef PUCK_DMA_CHECK_CALLS_H
#define PUCK_DMA_CHECK_CALLS_H

#include <linux/types.h>

#include "core/call.h"
#include "core/mapping.h"

struct puck_dma_dev;

void puck_dma_wrong_unmap(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
			  const struct puck_dma_call *call);
void puck_dma_check_unmap_none(struct puck_dma_dev *d, const struct puck_dma_call *call);
void puck_dma_wrong_sync(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
			 const struct puck_dma_call *call);
void puck_dma_check_leak(struct puck_dma_dev *d);

/**
 * puck_dma_check_unmap - is this how the mapping was made?
 * @d: device
 * @m: what is at the address, out of the table and not yet gone
 * @call: what the driver says
 *
 * Any context, without the device's lock. Whatever is wrong, @m is to be unmapped
 * as it was mapped.
 */
static inline void puck_dma_check_unmap(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
					const struct puck_dma_call *call)
{
	bool size = m->kind == PUCK_DMA_SG ? call->nents == m->entries : call->size == m->size;

	if (unlikely(call->kind != m->kind || !size ||
		     (call->dir != m->dir && call->dir != DMA_NONE)))
		puck_dma_wrong_unmap(d, m, call);
}

/**
 * puck_dma_check_sync - does the mapping have this, in this direction?
 * @d: device
 * @m: what holds the address, or NULL if nothing does; the caller keeps it
 * @call: what the driver says
 *
 * Any context, without the device's lock.
 */
static inline void puck_dma_check_sync(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
				       const struct puck_dma_call *call)
{
	bool size;

	if (likely(m && m->nsegs == 1 && call->kind != PUCK_DMA_SG))
		size = call->addr >= m->iova && call->size <= m->size &&
		       call->addr - m->iova <= m->size - call->size;
	else
		size = m && call->kind == PUCK_DMA_SG && m->kind == PUCK_DMA_SG &&
		       call->nents == m->entries && call->addr == m->iova;
	if (unlikely(!size || (call->dir != m->dir && m->dir != DMA_BIDIRECTIONAL)))
		puck_dma_wrong_sync(d, m, call);
}

#endif /* PUCK_DMA_CHECK_CALLS_H */
