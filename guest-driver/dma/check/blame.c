// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device was given an address that no mapping has or had. What kind of a mistake
 * makes such an address? Compared with mappings that are there, and with those that
 * are remembered.
 */

#include <linux/bits.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include <kunit/visibility.h>

#include "check/access.h"
#include "check/blame.h"
#include "check/checks.h"
#include "check/finding.h"
#include "check/history.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "core/refusal.h"
#include "core/tail.h"

/* A device goes on so far behind DMA_MAPPING_ERROR, which is at the end of all. */
#define ERROR_BEHIND	SZ_1M

struct blame_search {
	u64 iova;
	u64 phys;
	enum puck_dma_verb verb;
	bool (*fits)(const struct puck_dma_past *past, const void *data);
	struct puck_dma_past *past;
	bool found;
};

/* The youngest live mapping that fits, or else the last one that was unmapped. */
static bool blame_search(struct puck_dma_dev *d, struct blame_search *search)
{
	struct puck_dma_mapping m;
	struct puck_dma_past past;
	u64 iova = 0;

	search->found = false;
	while (puck_dma_record_next(d, &iova, &m)) {
		puck_dma_past_of(&m, &past);
		if (!search->fits(&past, search))
			continue;
		if (!search->found || past.number > search->past->number)
			*search->past = past;
		search->found = true;
		cond_resched();
	}
	return search->found ||
	       puck_dma_history_search(d, search->fits, search, search->past);
}

/* Whether the address has the low 32 bits of an address of the mapping's first segment. */
static bool fits_low_bits(const struct puck_dma_past *past, const void *data)
{
	const struct blame_search *search = data;
	u32 offset = search->iova - past->iova;

	/* Only the first segment's address is known here. */
	return puck_dma_access_allowed(past->dir, search->verb) &&
	       offset < (past->nsegs == 1 ? past->size : PAGE_SIZE) &&
	       past->iova + offset != search->iova;
}

/*
 * Whether the address is the physical one of the mapping; of a list only the first page
 * is known.
 */
static bool fits_phys(const struct puck_dma_past *past, const void *data)
{
	const struct blame_search *search = data;
	u64 size = past->size;

	if (past->phys == PUCK_DMA_NO_PHYS || !puck_dma_access_allowed(past->dir, search->verb))
		return false;
	if (past->kind == PUCK_DMA_SG)
		size = min_t(u64, size, PAGE_SIZE - offset_in_page(past->phys));
	/* Some IOMMUs say the page alone. */
	return search->phys >= (past->phys & PAGE_MASK) && search->phys < past->phys + size;
}

static bool fits_tail(const struct puck_dma_past *past, const void *data)
{
	const struct blame_search *search = data;

	return past->kind == PUCK_DMA_SG && past->nsegs < past->entries &&
	       !(((u32)puck_dma_tail(past->number) ^ (u32)search->iova) & PAGE_MASK);
}

static bool blame_mapping(struct puck_dma_dev *d, struct blame_search *search,
			  struct puck_dma_blame *blame, enum puck_dma_class class,
			  const char *what)
{
	search->past = &blame->past;
	if (!blame_search(d, search))
		return false;
	blame->known = true;
	blame->class = class;
	blame->what = what;
	return true;
}

static bool is_tail(u64 iova)
{
	u32 high = iova >> 32, low = iova;

	return low >= PUCK_DMA_TAIL_LOW && (low | ~PAGE_MASK) != U32_MAX &&
	       (!high || high == PUCK_DMA_TAIL_HIGH || high == U32_MAX);
}

/* Whether an access that began at DMA_MAPPING_ERROR may go on at this address. */
static bool is_behind_error(struct puck_dma_dev *d, u64 iova, u64 when)
{
	const struct puck_dma_access *a = d->checks->accesses;
	int i;

	if ((u32)iova >= ERROR_BEHIND)
		return false;
	for (i = 0; i < PUCK_DMA_ACCESSES; i++)
		if (a[i].class == PUCK_DMA_ACCESS_ERROR && when < a[i].until)
			return true;
	return false;
}

/*
 * Its last page, in as many bits as a device or an IOMMU may have; or an odd address at
 * the begin, where an even offset from it leads.
 */
static bool is_error(struct puck_dma_dev *d, u64 iova, u64 when)
{
	u64 behind = (iova | ~PAGE_MASK) + 1;

	if (!behind || (behind >= BIT_ULL(32) && is_power_of_2(behind)))
		return true;
	if (READ_ONCE(d->checks->nr_failed) && iova < ERROR_BEHIND && iova & 1)
		return true;
	return is_behind_error(d, iova, when);
}

static bool failed_fits(const struct puck_dma_past *past, const void *data)
{
	const struct puck_dma_refusal *refused = data;

	return past->made_at <= refused->when && puck_dma_access_allowed(past->dir, refused->verb);
}

static void blame_error(struct puck_dma_dev *d, const struct puck_dma_refusal *refused,
			struct puck_dma_blame *blame)
{
	struct puck_dma_past past;

	blame->class = PUCK_DMA_ACCESS_ERROR;
	blame->what = ", which is DMA_MAPPING_ERROR";
	if (puck_dma_failed_last(d, failed_fits, refused, &past)) {
		blame->stack = past.made_by;
		blame->what = ", which is DMA_MAPPING_ERROR: a mapping failed, and was used";
	}
}

static bool blame_memory(struct puck_dma_dev *d, struct blame_search *search,
			 struct puck_dma_blame *blame)
{
	const char *what = ", which is the physical address of what is mapped";

	search->phys = search->iova;
	search->fits = fits_phys;
	if (virt_addr_valid((void *)(unsigned long)search->iova)) {
		search->phys = virt_to_phys((void *)(unsigned long)search->iova);
		what = ", which is the kernel's own address of what is mapped";
	}
	return blame_mapping(d, search, blame, PUCK_DMA_ACCESS_PHYSICAL, what);
}

/**
 * puck_dma_blame - what is an address that was never mapped?
 * @d: device that was given it
 * @refused: what it did there
 * @blame: filled in
 *
 * Process context. A mapping that does not allow the access is not the one that was
 * meant: memory is mapped for one purpose, and then for another.
 */
void puck_dma_blame(struct puck_dma_dev *d, const struct puck_dma_refusal *refused,
		    struct puck_dma_blame *blame)
{
	struct blame_search search = { .iova = refused->iova, .verb = refused->verb };
	u64 iova = refused->iova, when = refused->when;

	*blame = (struct puck_dma_blame) {
		.class = PUCK_DMA_ACCESS_UNKNOWN,
		.what = ", but there never was a mapping",
	};
	if (is_tail(iova)) {
		search.fits = fits_tail;
		if (blame_mapping(d, &search, blame, PUCK_DMA_ACCESS_TAIL,
				  ", from an entry behind those that were mapped"))
			return;
	}
	if (is_error(d, iova, when)) {
		blame_error(d, refused, blame);
		return;
	}
	search.fits = fits_low_bits;
	if (blame_mapping(d, &search, blame, PUCK_DMA_ACCESS_TRUNCATED,
			  ", which has the low 32 bits of an address of it"))
		return;
	blame_memory(d, &search, blame);
}

/**
 * puck_dma_blame_failed - a mapping failed: its driver has DMA_MAPPING_ERROR now
 * @d: device
 * @m: what was to be a mapping
 *
 * Any context, without the device's lock.
 */
void puck_dma_blame_failed(struct puck_dma_dev *d, const struct puck_dma_mapping *m)
{
	struct puck_dma_checks *checks = d->checks;
	struct puck_dma_past past;
	unsigned long flags;

	if (m->kind == PUCK_DMA_COHERENT || m->kind == PUCK_DMA_PAGES)
		return;
	puck_dma_past_of(m, &past);
	spin_lock_irqsave(&checks->lock, flags);
	checks->failed[checks->nr_failed++ % PUCK_DMA_FAILED] = past;
	spin_unlock_irqrestore(&checks->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_blame_failed);

/**
 * puck_dma_failed_last - the last mapping of a kind that failed
 * @d: device
 * @fits: whether a mapping is of that kind; under a lock, in any context
 * @data: for it
 * @past: filled in, if there is one
 *
 * Any context, without the device's lock.
 *
 * Return: there is one among the last PUCK_DMA_FAILED.
 */
bool puck_dma_failed_last(struct puck_dma_dev *d,
			  bool (*fits)(const struct puck_dma_past *past, const void *data),
			  const void *data, struct puck_dma_past *past)
{
	struct puck_dma_checks *checks = d->checks;
	unsigned long flags;
	bool found = false;
	u64 n;

	spin_lock_irqsave(&checks->lock, flags);
	for (n = checks->nr_failed; !found && n && checks->nr_failed - n < PUCK_DMA_FAILED; n--) {
		*past = checks->failed[(n - 1) % PUCK_DMA_FAILED];
		found = fits(past, data);
	}
	spin_unlock_irqrestore(&checks->lock, flags);
	return found;
}
