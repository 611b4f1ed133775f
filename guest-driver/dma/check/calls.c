// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver gives back against what it got: section "Findings" of
 * docs/dma.rst. The good cases are inline in calls.h; here is what is wrong.
 */

#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/sched.h>

#include <kunit/visibility.h>

#include "check/blame.h"
#include "check/calls.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "iova/segments.h"

static u64 call_size(const struct puck_dma_call *call)
{
	return call->kind == PUCK_DMA_SG ? 0 : call->size;
}

/**
 * puck_dma_wrong_unmap - tell of each thing that is wrong with an unmap
 * @d: device
 * @m: the mapping at that address
 * @call: what the driver said
 */
void puck_dma_wrong_unmap(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
			  const struct puck_dma_call *call)
{
	struct puck_dma_past past;

	puck_dma_past_of(m, &past);
	if (call->kind != m->kind) {
		/* All else would be compared with what it does not mean. */
		puck_dma_find(d, PUCK_DMA_UNMAP_KIND, m->iova, m->size, &past, call->stack,
			      "unmapped as %s, %s expected", puck_dma_kind_name(call->kind),
			      puck_dma_kind_name(m->kind));
		return;
	}
	if (call->kind == PUCK_DMA_SG && call->nents != m->entries)
		puck_dma_find(d, PUCK_DMA_UNMAP_COUNT, m->iova, m->size, &past, call->stack,
			      "unmapped with %u entries, %u expected", call->nents, m->entries);
	if (call->kind != PUCK_DMA_SG && call->size != m->size)
		puck_dma_find(d, PUCK_DMA_UNMAP_SIZE, m->iova, m->size, &past, call->stack,
			      "unmapped with %zu bytes, %zu expected", call->size, m->size);
	if (call->dir != DMA_NONE && call->dir != m->dir)
		puck_dma_find(d, PUCK_DMA_UNMAP_DIRECTION, m->iova, m->size, &past, call->stack,
			      "unmapped as %s, %s expected", puck_dma_dir_name(call->dir),
			      puck_dma_dir_name(m->dir));
}

static bool fits_call(const struct puck_dma_past *past, const void *data)
{
	const struct puck_dma_call *call = data;
	bool size = past->kind == PUCK_DMA_SG ? call->nents == past->entries :
						call->size == past->size;

	return past->kind == call->kind && past->dir == call->dir && size;
}

static void unmap_of_error(struct puck_dma_dev *d, const struct puck_dma_call *call)
{
	struct puck_dma_past past;
	bool known = puck_dma_failed_last(d, fits_call, call, &past);

	puck_dma_find(d, PUCK_DMA_UNMAP_ERROR, call->addr, call_size(call), known ? &past : NULL,
		      call->stack,
		      "unmapped as %s, which is DMA_MAPPING_ERROR: that mapping failed",
		      puck_dma_kind_name(call->kind));
}

/**
 * puck_dma_check_unmap_none - tell of an unmap of what is not there
 * @d: device
 * @call: what the driver said; no live mapping has its address
 */
void puck_dma_check_unmap_none(struct puck_dma_dev *d, const struct puck_dma_call *call)
{
	struct puck_dma_past past;

	if (call->addr == DMA_MAPPING_ERROR)
		unmap_of_error(d, call);
	else if (puck_dma_history_at(d, call->addr, &past))
		puck_dma_find(d, PUCK_DMA_UNMAP_TWICE, past.iova, past.size, &past, call->stack,
			      "unmapped again as %s", puck_dma_kind_name(call->kind));
	else
		puck_dma_find(d, PUCK_DMA_UNMAP_UNKNOWN, call->addr, call_size(call), NULL,
			      call->stack, "unmapped as %s, but no mapping began there",
			      puck_dma_kind_name(call->kind));
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_check_unmap_none);

static bool sync_is_inside(const struct puck_dma_mapping *m, const struct puck_dma_call *call)
{
	const struct puck_dma_segment *seg;
	u32 i;

	for (i = 0; i < m->nsegs; i++) {
		seg = puck_dma_segment_at(&m->segs, i);
		if (call->addr >= seg->iova && call->size <= seg->size &&
		    call->addr - seg->iova <= seg->size - call->size)
			return true;
	}
	return false;
}

static void sync_without_mapping(struct puck_dma_dev *d, const struct puck_dma_call *call)
{
	struct puck_dma_past past;

	if (puck_dma_history_holding(d, call->addr, &past))
		puck_dma_find(d, PUCK_DMA_SYNC_UNMAPPED, past.iova, past.size, &past, call->stack,
			      "synced at %#llx", (u64)call->addr);
	else
		puck_dma_find(d, PUCK_DMA_SYNC_UNKNOWN, call->addr, call_size(call), NULL,
			      call->stack, "synced as %s, but there never was a mapping",
			      puck_dma_kind_name(call->kind));
}

/**
 * puck_dma_wrong_sync - tell of what is wrong with a sync, if anything
 * @d: device
 * @m: the mapping that holds the address, or NULL
 * @call: what the driver said
 */
void puck_dma_wrong_sync(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
			 const struct puck_dma_call *call)
{
	struct puck_dma_past past;

	/* A sync of no bytes is right wherever it begins. */
	if (call->kind != PUCK_DMA_SG && !call->size)
		return;
	if (!m) {
		sync_without_mapping(d, call);
		return;
	}
	puck_dma_past_of(m, &past);
	if (call->kind == PUCK_DMA_SG && call->addr != m->iova)
		puck_dma_find(d, PUCK_DMA_SYNC_COUNT, m->iova, m->size, &past, call->stack,
			      "synced with %u entries from %#llx on, %u from the first on expected",
			      call->nents, (u64)call->addr, m->entries);
	else if (call->kind == PUCK_DMA_SG && call->nents != m->entries)
		puck_dma_find(d, PUCK_DMA_SYNC_COUNT, m->iova, m->size, &past, call->stack,
			      "synced with %u entries, %u expected", call->nents, m->entries);
	else if (call->kind != PUCK_DMA_SG && !sync_is_inside(m, call))
		puck_dma_find(d, PUCK_DMA_SYNC_RANGE, m->iova, m->size, &past, call->stack,
			      "synced %#llx+%#zx, which is not all inside", (u64)call->addr,
			      call->size);
	if (call->dir != m->dir && m->dir != DMA_BIDIRECTIONAL)
		puck_dma_find(d, PUCK_DMA_SYNC_DIRECTION, m->iova, m->size, &past, call->stack,
			      "synced as %s, %s expected", puck_dma_dir_name(call->dir),
			      puck_dma_dir_name(m->dir));
}

/**
 * puck_dma_check_leak - tell of what is left when the driver is gone
 * @d: device; nobody maps or unmaps any more
 */
void puck_dma_check_leak(struct puck_dma_dev *d)
{
	struct puck_dma_mapping m;
	struct puck_dma_past past;
	u64 iova = 0;

	while (puck_dma_record_next(d, &iova, &m)) {
		puck_dma_past_of(&m, &past);
		puck_dma_find(d, PUCK_DMA_LEAK, m.iova, m.size, &past, 0,
			      "left when the driver unbound");
		cond_resched();
	}
}
