// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was unmapped last: for a late access of the device, or of the driver.
 *
 * A ring that unmaps write without a lock, each into a place of its own, and that
 * is read when something is wrong. A reader skips what changes under it.
 */

#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include <kunit/visibility.h>

#include "check/checks.h"
#include "check/history.h"
#include "core/device.h"
#include "core/mapping.h"

/**
 * struct history_slot - one mapping that is no more
 * @turn: 0 while it is written, else one more than its place in the order of all
 * @past: it
 */
struct history_slot {
	u64 turn;
	struct puck_dma_past past;
};

/**
 * struct puck_dma_history - the ring of a device
 * @next: place in the order of all of the one that comes next
 * @slots: PUCK_DMA_HISTORY of them
 */
struct puck_dma_history {
	atomic64_t next;
	struct history_slot slots[PUCK_DMA_HISTORY];
};

struct puck_dma_history *puck_dma_history_new(void)
{
	return vzalloc(sizeof(struct puck_dma_history));
}

void puck_dma_history_free(struct puck_dma_history *history)
{
	vfree(history);
}

/**
 * puck_dma_past_of - what findings tell of a live mapping
 * @m: it
 * @past: filled in
 */
void puck_dma_past_of(const struct puck_dma_mapping *m, struct puck_dma_past *past)
{
	/* One by one: each unmap does it, and a literal would be zeroed first. */
	past->iova = m->iova;
	past->size = m->size;
	past->extent_start = m->extent_start;
	past->extent_pages = m->extent_pages;
	past->phys = m->pages ? PUCK_DMA_NO_PHYS : m->phys;
	past->number = m->number;
	past->made_at = m->made_at;
	past->freed_at = 0;
	past->made_by = m->made_by;
	past->freed_by = 0;
	past->entries = m->entries;
	past->nsegs = m->nsegs;
	past->kind = m->kind;
	past->dir = m->dir;
}

/**
 * puck_dma_gone - a mapping is no more
 * @d: device
 * @m: it; the IOMMU has forgotten it
 * @stack: that unmapped it
 *
 * Any context.
 */
void puck_dma_gone(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 stack)
{
	struct puck_dma_history *history = d->checks->history;
	u64 turn = atomic64_inc_return(&history->next);
	struct history_slot *slot = &history->slots[(turn - 1) % PUCK_DMA_HISTORY];

	WRITE_ONCE(slot->turn, 0);
	/* Pairs with the barrier in history_read(). */
	smp_wmb();
	puck_dma_past_of(m, &slot->past);
	slot->past.freed_at = ktime_get_mono_fast_ns();
	slot->past.freed_by = stack;
	/* Pairs with the load in history_read(). */
	smp_store_release(&slot->turn, turn);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_gone);

/* False if it was overwritten, or is being written. */
static bool history_read(struct puck_dma_history *history, u64 turn, struct puck_dma_past *past)
{
	struct history_slot *slot = &history->slots[(turn - 1) % PUCK_DMA_HISTORY];

	/* Pairs with the release in puck_dma_gone(). */
	if (smp_load_acquire(&slot->turn) != turn)
		return false;
	*past = slot->past;
	/* Pairs with the barrier in puck_dma_gone(): the copy is of one mapping. */
	smp_rmb();
	return READ_ONCE(slot->turn) == turn;
}

static bool history_find(struct puck_dma_dev *d, u64 iova, bool exact, struct puck_dma_past *past)
{
	struct puck_dma_history *history = d->checks->history;
	u64 newest = atomic64_read(&history->next);
	u64 oldest = newest > PUCK_DMA_HISTORY ? newest - PUCK_DMA_HISTORY : 0;
	u64 turn;

	for (turn = newest; turn > oldest; turn--) {
		if (!history_read(history, turn, past))
			continue;
		if (exact ? past->iova == iova :
			    (iova >> PAGE_SHIFT) - past->extent_start < past->extent_pages)
			return true;
	}
	return false;
}

/**
 * puck_dma_history_search - the last mapping that is as somebody wants it
 * @d: device
 * @fits: is it?
 * @data: for @fits
 * @past: filled in
 *
 * Return: whether there is one.
 */
bool puck_dma_history_search(struct puck_dma_dev *d,
			     bool (*fits)(const struct puck_dma_past *past, const void *data),
			     const void *data, struct puck_dma_past *past)
{
	struct puck_dma_history *history = d->checks->history;
	u64 newest = atomic64_read(&history->next);
	u64 oldest = newest > PUCK_DMA_HISTORY ? newest - PUCK_DMA_HISTORY : 0;
	u64 turn;

	for (turn = newest; turn > oldest; turn--)
		if (history_read(history, turn, past) && fits(past, data))
			return true;
	return false;
}

/**
 * puck_dma_history_made - how many mappings came from one place, and went well
 * @d: device
 * @made_by: the stack that made them
 * @enough: stop at so many
 *
 * Return: how many, up to @enough, as far as is remembered.
 */
u32 puck_dma_history_made(struct puck_dma_dev *d, u32 made_by, u32 enough)
{
	struct puck_dma_history *history = d->checks->history;
	u64 newest = atomic64_read(&history->next);
	u64 oldest = newest > PUCK_DMA_HISTORY ? newest - PUCK_DMA_HISTORY : 0;
	struct puck_dma_past past;
	u32 count = 0;
	u64 turn;

	for (turn = newest; turn > oldest && count < enough; turn--)
		if (history_read(history, turn, &past) && past.made_by == made_by)
			count++;
	return count;
}

/**
 * puck_dma_history_at - the last mapping that a driver knew by this address
 * @d: device
 * @iova: the address
 * @past: filled in
 *
 * Return: whether there is one.
 */
bool puck_dma_history_at(struct puck_dma_dev *d, u64 iova, struct puck_dma_past *past)
{
	return history_find(d, iova, true, past);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_history_at);

/**
 * puck_dma_history_holding - the last mapping that had this address, or a guard there
 * @d: device
 * @iova: the address
 * @past: filled in
 *
 * Return: whether there is one.
 */
bool puck_dma_history_holding(struct puck_dma_dev *d, u64 iova, struct puck_dma_past *past)
{
	return history_find(d, iova, false, past);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_history_holding);
