// SPDX-License-Identifier: GPL-2.0-only
/*
 * An access that the IOMMU refused, matched with the mapping that is or was
 * there. It is judged a little later than it happened: what counts is how things
 * were then.
 */

#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include <kunit/visibility.h>

#include "check/access.h"
#include "check/blame.h"
#include "check/checks.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "core/refusal.h"
#include "core/trace.h"

/* A refused access may take so long from the device to the worker that judges it. */
#define ACCESS_LATE_NS	(200 * NSEC_PER_MSEC)
/* A device may not have heard of an unmap so long after it. */
#define ACCESS_PAST_NS	NSEC_PER_SEC
/* A place of the code that made so many mappings is taken to make them right. */
#define ACCESS_PROOF	4
/* After an access was told, the like of it is not told again for so long. */
#define ACCESS_AGAIN_NS	NSEC_PER_SEC

/* An IOMMU that does not say what was wanted does so if it is about the direction. */
static bool access_is_like(const struct puck_dma_access *a, enum puck_dma_class class,
			   const struct puck_dma_past *past, const struct puck_dma_refusal *refused)
{
	u64 page = refused->iova >> PAGE_SHIFT;

	if (refused->when >= a->until || a->class != class || a->verb != refused->verb)
		return false;
	if (past)
		return a->number == past->number;
	/* An access that begins at DMA_MAPPING_ERROR goes on at page 0. */
	if (class == PUCK_DMA_ACCESS_ERROR)
		return true;
	/*
	 * Where nothing is mapped, accesses are alike if they are to the same pages or to
	 * those beside.
	 */
	return page + 1 >= a->first && page <= a->last + 1;
}

/*
 * Devices try again, and go on behind a page that was refused; what they want in
 * one go may come as many pieces. One finding is enough.
 */
static bool access_is_told(struct puck_dma_checks *checks, enum puck_dma_class class,
			   const struct puck_dma_past *past, const struct puck_dma_refusal *refused)
{
	u64 page = refused->iova >> PAGE_SHIFT;
	struct puck_dma_access *a;
	int i;

	for (i = 0; i < PUCK_DMA_ACCESSES; i++) {
		a = &checks->accesses[i];
		if (!access_is_like(a, class, past, refused))
			continue;
		a->first = min(a->first, page);
		a->last = max(a->last, page);
		atomic64_inc(&checks->repeated);
		return true;
	}
	a = &checks->accesses[checks->access++ % PUCK_DMA_ACCESSES];
	*a = (struct puck_dma_access) {
		.class = class,
		.verb = refused->verb,
		.number = past ? past->number : 0,
		.first = page,
		.last = page,
		.until = refused->when + ACCESS_AGAIN_NS,
	};
	return false;
}

static const char *access_did(enum puck_dma_verb verb)
{
	static const char * const did[] = {
		[PUCK_DMA_ACCESSED] = "accessed",
		[PUCK_DMA_READ] = "read from",
		[PUCK_DMA_WROTE] = "wrote to",
	};

	return did[verb];
}

static void access_tell(struct puck_dma_dev *d, enum puck_dma_class class,
			const struct puck_dma_past *past, const struct puck_dma_refusal *refused,
			const char *what)
{
	if (!access_is_told(d->checks, class, past, refused))
		puck_dma_find(d, class, past->iova, past->size, past, 0, "the device %s %#llx%s",
			      access_did(refused->verb), refused->iova, what);
}

/* Nothing is or was mapped there. */
static void access_tell_unknown(struct puck_dma_dev *d, const struct puck_dma_refusal *refused)
{
	struct puck_dma_blame *blame = &d->checks->blame;

	/* All mappings are gone through: not for each byte of a page. */
	if (blame->page != refused->iova >> PAGE_SHIFT || blame->verb != refused->verb ||
	    refused->when >= blame->until) {
		puck_dma_blame(d, refused, blame);
		blame->page = refused->iova >> PAGE_SHIFT;
		blame->verb = refused->verb;
		blame->until = refused->when + ACCESS_LATE_NS;
	}
	if (blame->known)
		access_tell(d, blame->class, &blame->past, refused, blame->what);
	else if (!access_is_told(d->checks, blame->class, NULL, refused))
		puck_dma_find(d, blame->class, refused->iova, 0, NULL, blame->stack,
			      "the device %s it%s", access_did(refused->verb), blame->what);
}

/* Whether the page of @iova is one that was mapped, as far as that is known. */
static bool access_is_inside(const struct puck_dma_past *past, u64 iova)
{
	u64 page = iova >> PAGE_SHIFT;

	/* The history does not have the segments of a list: any page of its extent may be one. */
	return past->nsegs != 1 || (page >= past->iova >> PAGE_SHIFT &&
				    page <= (past->iova + past->size - 1) >> PAGE_SHIFT);
}

/*
 * The mapping was unmapped; if not long before the fault was heard of, perhaps after the
 * access.
 */
static enum puck_dma_class access_to_past(const struct puck_dma_past *past,
					  const struct puck_dma_refusal *refused)
{
	if (past->freed_at + ACCESS_LATE_NS < refused->when)
		return PUCK_DMA_ACCESS_UNMAPPED;
	if (!access_is_inside(past, refused->iova))
		return PUCK_DMA_ACCESS_GUARD;
	if (!puck_dma_access_allowed(past->dir, refused->verb))
		return PUCK_DMA_ACCESS_DIRECTION;
	/* Nothing else was wrong with it. */
	return PUCK_DMA_ACCESS_UNMAPPED;
}

static void access_without_mapping(struct puck_dma_dev *d, const struct puck_dma_refusal *refused)
{
	struct puck_dma_past past;

	if (puck_dma_history_holding(d, refused->iova, &past))
		access_tell(d, access_to_past(&past, refused), &past, refused, "");
	else
		access_tell_unknown(d, refused);
}

/* Whether the access may be older than what is mapped there now. */
static bool access_is_older(struct puck_dma_dev *d, const struct puck_dma_past *now,
			    const struct puck_dma_refusal *refused)
{
	struct puck_dma_past past;

	return now->made_at + ACCESS_LATE_NS > refused->when &&
	       puck_dma_history_holding(d, refused->iova, &past);
}

/*
 * What is mapped there now does not allow the access, and what was there a moment ago
 * did. Either could be it. Whoever makes such mappings has made them before, and the
 * device did with them what it should: so the one that is gone is.
 */
static bool access_is_of_past(struct puck_dma_dev *d, const struct puck_dma_past *now,
			      const struct puck_dma_refusal *refused, struct puck_dma_past *past)
{
	return puck_dma_history_holding(d, refused->iova, past) &&
	       past->freed_at <= refused->when &&
	       past->freed_at + ACCESS_PAST_NS > refused->when &&
	       access_is_inside(past, refused->iova) &&
	       puck_dma_access_allowed(past->dir, refused->verb) && now->made_by &&
	       puck_dma_history_made(d, now->made_by, ACCESS_PROOF) == ACCESS_PROOF;
}

/* The access is to the extent of @now, which does not allow it. */
static void access_against(struct puck_dma_dev *d, enum puck_dma_class class,
			   const struct puck_dma_past *now, const struct puck_dma_refusal *refused)
{
	struct puck_dma_past past;

	if (access_is_of_past(d, now, refused, &past))
		access_tell(d, PUCK_DMA_ACCESS_UNMAPPED, &past, refused,
			    ", where another mapping is by now");
	else
		access_tell(d, class, now, refused, "");
}

/**
 * puck_dma_access - the IOMMU refused an access
 * @d: the device that made it
 * @refused: the access
 *
 * One at a time, in process context.
 */
void puck_dma_access(struct puck_dma_dev *d, const struct puck_dma_refusal *refused)
{
	struct puck_dma_mapping m;
	struct puck_dma_past past;
	bool inside;

	trace_puck_dma_fault(d, refused);
	if (!puck_dma_record_find(d, refused->iova, &m, &inside)) {
		access_without_mapping(d, refused);
		return;
	}
	puck_dma_past_of(&m, &past);
	if (inside && !puck_dma_access_allowed(past.dir, refused->verb))
		access_against(d, PUCK_DMA_ACCESS_DIRECTION, &past, refused);
	else if (past.made_at > refused->when || (inside && access_is_older(d, &past, refused)))
		access_without_mapping(d, refused);
	else if (!inside)
		access_against(d, PUCK_DMA_ACCESS_GUARD, &past, refused);
	else
		/* The IOMMU refused what it was told to allow: no driver's fault. */
		atomic64_inc(&d->checks->unexplained);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_access);
