// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of a list that became one segment, and a device that writes to the first of
 * them alone: its driver took the entry's length for the segment's. One such list says
 * little, since a device may have had no more to say. All of them, for as long as the
 * driver was bound, say it.
 */

#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "bounce/copy.h"
#include "bounce/short.h"
#include "bounce/span.h"
#include "check/checks.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "check/places.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/stack.h"

/* A finding needs at least so many segments of which the device wrote the first entry alone. */
#define SHORT_TIMES	4
/* The device has filled an entry if it wrote to its last bytes. */
#define SHORT_END	64

/* Whether the driver has something else than the device. */
static void short_run(const struct puck_dma_run *run, void *data)
{
	bool *differs = data;

	*differs = *differs || memcmp(run->theirs, run->ours, run->len);
}

static bool is_written(struct puck_dma_copy *copy, u64 begin, u64 end)
{
	struct puck_dma_span span = puck_dma_span_all();
	bool differs = false;

	span.begin = begin;
	span.end = end;
	puck_dma_copy_each(copy, &span, short_run, &differs);
	return differs;
}

/* Look at the segment that begins with entry @first; returns how many entries it has. */
static u32 short_segment(struct puck_dma_copy *copy, u32 first, struct puck_dma_shares *shares)
{
	const struct puck_dma_piece *piece = &copy->pieces[first];
	u64 begin = piece->iova, end = begin + piece->size, behind = end;
	u32 i;

	for (i = first + 1; i < copy->nr_pieces && copy->pieces[i].iova == behind; i++)
		behind += copy->pieces[i].size;
	if (i == first + 1)
		return 1;
	if (is_written(copy, end, behind))
		shares->whole++;
	else if (is_written(copy, max(begin, end - SHORT_END), end))
		shares->part++;
	return i - first;
}

/**
 * puck_dma_short_unmap - a mapping with a copy ends: how much did the device write?
 * @d: the device
 * @m: the mapping; nothing was fetched from the copy yet
 *
 * Any context.
 */
void puck_dma_short_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m)
{
	unsigned long made = puck_dma_stack_caller(m->made_by), flags;
	struct puck_dma_checks *checks = d->checks;
	struct puck_dma_shares shares = { };
	struct puck_dma_lists *lists;
	u32 i;

	if (m->kind != PUCK_DMA_SG || m->nsegs == m->entries || m->dir != DMA_FROM_DEVICE || !made)
		return;
	for (i = 0; i < m->copy->nr_pieces;)
		i += short_segment(m->copy, i, &shares);

	spin_lock_irqsave(&checks->lock, flags);
	for (i = 0; i < PUCK_DMA_LISTS; i++) {
		lists = &checks->lists[i];
		if (lists->made && lists->made != made)
			continue;
		lists->made = made;
		lists->shares.whole += shares.whole;
		lists->shares.part += shares.part;
		if (shares.part)
			puck_dma_past_of(m, &lists->past);
		break;
	}
	spin_unlock_irqrestore(&checks->lock, flags);
}

/**
 * puck_dma_short_end - tell of lists of which the device always wrote too little
 * @d: the device; nobody maps or unmaps any more
 */
void puck_dma_short_end(struct puck_dma_dev *d)
{
	const struct puck_dma_lists *lists = d->checks->lists;
	u32 i;

	for (i = 0; i < PUCK_DMA_LISTS; i++, lists++)
		if (lists->shares.part >= SHORT_TIMES && !lists->shares.whole)
			puck_dma_find(d, PUCK_DMA_LIST_SHORT, lists->past.iova, lists->past.size,
				      &lists->past, 0,
				      "of %u segments the device wrote to the first entry alone",
				      lists->shares.part);
}
