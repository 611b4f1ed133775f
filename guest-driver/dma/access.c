// SPDX-License-Identifier: GPL-2.0-only
/*
 * An access that the IOMMU refused, matched with the mapping that is or was
 * there. It is judged a little later than it happened: what counts is how things
 * were then.
 */

#include <linux/kernel.h>
#include <linux/ktime.h>

#include "check.h"
#include "puck_dma_trace.h"

/* So long an access may be on its way to us, from the device to the worker. */
#define ACCESS_LATE_NS	(100 * NSEC_PER_MSEC)
/* So long the like of an access is not told again. */
#define ACCESS_AGAIN_NS	NSEC_PER_SEC

static bool access_is_allowed(u8 dir, bool write)
{
	return dir == DMA_BIDIRECTIONAL || dir == (write ? DMA_FROM_DEVICE : DMA_TO_DEVICE);
}

static bool access_is_like(const struct puck_dma_access *a, enum puck_dma_class class,
			   const struct puck_dma_past *past, u64 page, bool write, u64 when)
{
	if (when >= a->until || a->class != class || a->write != write)
		return false;
	if (past)
		return a->number == past->number;
	/* Where nothing is mapped: the same pages, and those beside. */
	return page + 1 >= a->first && page <= a->last + 1;
}

/*
 * Devices try again, and go on behind a page that was refused; what they want in
 * one go may come as many pieces. One finding is enough.
 */
static bool access_is_told(struct puck_dma_checks *checks, enum puck_dma_class class,
			   const struct puck_dma_past *past, u64 page, bool write, u64 when)
{
	struct puck_dma_access *a;
	int i;

	for (i = 0; i < PUCK_DMA_ACCESSES; i++) {
		a = &checks->accesses[i];
		if (!access_is_like(a, class, past, page, write, when))
			continue;
		a->first = min(a->first, page);
		a->last = max(a->last, page);
		atomic64_inc(&checks->repeated);
		return true;
	}
	a = &checks->accesses[checks->access++ % PUCK_DMA_ACCESSES];
	*a = (struct puck_dma_access) {
		.class = class,
		.write = write,
		.number = past ? past->number : 0,
		.first = page,
		.last = page,
		.until = when + ACCESS_AGAIN_NS,
	};
	return false;
}

static void access_tell(struct puck_dma_dev *d, enum puck_dma_class class,
			const struct puck_dma_past *past, u64 iova, bool write, u64 when)
{
	const char *verb = write ? "wrote to" : "read from";

	if (access_is_told(d->checks, class, past, iova >> PAGE_SHIFT, write, when))
		return;
	if (past)
		puck_dma_find(d, class, past->iova, past->size, past, 0, "the device %s %#llx",
			      verb, iova);
	else
		puck_dma_find(d, class, iova, 0, NULL, 0,
			      "the device %s it, but there never was a mapping", verb);
}

/* Whether the page of @iova is one that was mapped, as far as that is known. */
static bool access_is_inside(const struct puck_dma_past *past, u64 iova)
{
	u64 page = iova >> PAGE_SHIFT;

	/* Where the segments of a list were is not remembered. */
	return past->nsegs != 1 || (page >= past->iova >> PAGE_SHIFT &&
				    page <= (past->iova + past->size - 1) >> PAGE_SHIFT);
}

/* It was unmapped, perhaps after the access. */
static enum puck_dma_class access_to_past(const struct puck_dma_past *past, u64 iova, bool write,
					  u64 when)
{
	if (past->freed_at <= when)
		return PUCK_DMA_ACCESS_UNMAPPED;
	if (!access_is_inside(past, iova))
		return PUCK_DMA_ACCESS_GUARD;
	if (!access_is_allowed(past->dir, write))
		return PUCK_DMA_ACCESS_DIRECTION;
	/* While it was being unmapped: the IOMMU had forgotten it already. */
	return PUCK_DMA_ACCESS_UNMAPPED;
}

static void access_without_mapping(struct puck_dma_dev *d, u64 iova, bool write, u64 when)
{
	struct puck_dma_past past;

	if (puck_dma_history_holding(d, iova, &past))
		access_tell(d, access_to_past(&past, iova, write, when), &past, iova, write, when);
	else
		access_tell(d, PUCK_DMA_ACCESS_UNKNOWN, NULL, iova, write, when);
}

/* What is mapped there may be younger than the access. */
static bool access_is_older(struct puck_dma_dev *d, const struct puck_dma_past *now, u64 iova,
			    u64 when)
{
	struct puck_dma_past past;

	return now->made_at + ACCESS_LATE_NS > when && puck_dma_history_holding(d, iova, &past);
}

/**
 * puck_dma_access - the IOMMU refused an access
 * @d: the device that made it
 * @iova: where, perhaps the page only
 * @write: what it wanted
 * @when: when that was heard of, ns of ktime_get_mono_fast_ns()
 *
 * One at a time, in process context.
 */
void puck_dma_access(struct puck_dma_dev *d, u64 iova, bool write, u64 when)
{
	struct puck_dma_mapping m;
	struct puck_dma_past past;
	bool inside;

	trace_puck_dma_fault(d, iova, write, when);
	if (!puck_dma_record_find(d, iova, &m, &inside)) {
		access_without_mapping(d, iova, write, when);
		return;
	}
	puck_dma_past_of(&m, &past);
	if (inside && !access_is_allowed(past.dir, write))
		access_tell(d, PUCK_DMA_ACCESS_DIRECTION, &past, iova, write, when);
	else if (past.made_at > when || (inside && access_is_older(d, &past, iova, when)))
		access_without_mapping(d, iova, write, when);
	else if (!inside)
		access_tell(d, PUCK_DMA_ACCESS_GUARD, &past, iova, write, when);
	else
		/* The IOMMU refused what it was told to allow: no driver's fault. */
		atomic64_inc(&d->checks->unexplained);
}
