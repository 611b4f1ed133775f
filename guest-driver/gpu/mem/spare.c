// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that a BO has left for VRAM, kept for the next one that VRAM drives out.
 *
 * Where there are more BOs than VRAM has room for, one goes out whenever one comes in. The pages
 * of the one are what the other needs, as they are: mapped for the device, and with all that is
 * in them, since it is written over. So they are neither given back and cleared by the kernel, nor
 * unmapped and mapped again.
 *
 * Who submits jobs and does not wait for them is ahead of the copies: as many BOs as there are in
 * VRAM are on their way out then, and others on their way in, whose pages come back when the copies
 * are over. So there may be twice as many of these pages as VRAM is large. They go when nothing has
 * moved for a while, and memory reclaim takes them before anything else.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "core/device.h"
#include "mem/mem.h"
#include "mem/spare.h"
#include "mem/tt.h"

/* How long nothing may have moved before they are given back. */
#define PUCK_SPARES_IDLE	(2 * HZ)

/* From one to another: the pages, and how the device sees them. Inside drm_dev_enter(). */
static void puck_spare_hand_on(struct puck_tt *from, struct puck_tt *to)
{
	struct puck_device *puck = from->mem->puck;

	swap(from->ttm.pages, to->ttm.pages);
	to->cpu = false;
	to->moved = false;
	spin_lock(&puck->list_lock);
	to->sgt = from->sgt;
	from->sgt = NULL;
	list_replace_init(&from->node, &to->node);
	spin_unlock(&puck->list_lock);
}

static struct puck_tt *puck_spare_make(const struct puck_tt *tt)
{
	/* It may be memory reclaim that lets go of them. */
	struct puck_tt *spare = kzalloc(sizeof(*spare), GFP_NOWAIT | __GFP_NOWARN);

	if (!spare)
		return NULL;
	spare->mem = tt->mem;
	spare->single = tt->single;
	spare->ttm.num_pages = tt->ttm.num_pages;
	spare->ttm.page_flags = tt->ttm.page_flags;
	spare->ttm.caching = tt->ttm.caching;
	INIT_LIST_HEAD(&spare->node);
	return spare;
}

/* Pages of the kind that @tt is to have, or NULL; not in the list any more. */
static struct puck_tt *puck_spare_find(struct puck_tt *tt)
{
	struct puck_mem *mem = tt->mem;
	struct puck_tt *spare, *found = NULL;

	spin_lock(&mem->spare_lock);
	list_for_each_entry(spare, &mem->spares, spare) {
		if (spare->ttm.num_pages != tt->ttm.num_pages || spare->single != tt->single ||
		    spare->ttm.caching != tt->ttm.caching)
			continue;
		list_del(&spare->spare);
		WRITE_ONCE(mem->spare_pages, mem->spare_pages - spare->ttm.num_pages);
		mem->spares_taken++;
		found = spare;
		break;
	}
	spin_unlock(&mem->spare_lock);
	return found;
}

/* Whether there is room for the pages; then they are in the list. */
static bool puck_spare_add(struct puck_tt *spare)
{
	struct puck_mem *mem = spare->mem;
	bool room;

	spin_lock(&mem->spare_lock);
	room = mem->spare_pages + spare->ttm.num_pages <= 2 * mem->vram.base.size >> PAGE_SHIFT;
	if (room) {
		list_add(&spare->spare, &mem->spares);
		WRITE_ONCE(mem->spare_pages, mem->spare_pages + spare->ttm.num_pages);
		mem->spare_since = jiffies;
	}
	spin_unlock(&mem->spare_lock);
	return room;
}

static void puck_spare_end(struct puck_tt *spare)
{
	puck_tt_give_back(spare);
	kvfree(spare->ttm.pages);
	kfree(spare);
}

/**
 * puck_spare_keep - keep pages that nobody has any more
 * @tt: the pages, which the device is done with, and no importer has; without them on success
 *
 * Context: as puck_tt_unbind().
 * Return: true if they are kept; false if they are to be given back.
 */
bool puck_spare_keep(struct puck_tt *tt)
{
	struct puck_mem *mem = tt->mem;
	struct puck_tt *spare;
	bool kept = false;
	int idx;

	/* Else they are unmapped, or are about to be. */
	if (!drm_dev_enter(&mem->puck->drm, &idx))
		return false;
	spare = tt->sgt ? puck_spare_make(tt) : NULL;
	if (spare) {
		puck_spare_hand_on(tt, spare);
		kept = puck_spare_add(spare);
		if (!kept)
			puck_spare_hand_on(spare, tt);
	}
	if (kept)
		schedule_delayed_work(&mem->spare_work, PUCK_SPARES_IDLE);
	else
		kfree(spare);
	drm_dev_exit(idx);
	return kept;
}

/**
 * puck_spare_take - have pages that were kept
 * @tt: without pages. It gets such as are mapped for the device, with all that others have left in
 *      them
 *
 * Context: with the BO's dma_resv lock held.
 * Return: true if it has them; false if there are none that fit.
 */
bool puck_spare_take(struct puck_tt *tt)
{
	struct puck_tt *spare = NULL;
	int idx;

	if (!drm_dev_enter(&tt->mem->puck->drm, &idx))
		return false;
	spare = puck_spare_find(tt);
	if (spare) {
		puck_spare_hand_on(spare, tt);
		/* What @tt had is room for pages, and empty. */
		kvfree(spare->ttm.pages);
		kfree(spare);
	}
	drm_dev_exit(idx);
	return spare;
}

/**
 * puck_spares_count - see how many pages are kept
 * @mem: of the device
 *
 * Context: any. Return: their number, which may be another one by then.
 */
unsigned long puck_spares_count(struct puck_mem *mem)
{
	return READ_ONCE(mem->spare_pages);
}

/**
 * puck_spares_print - tell what is kept
 * @mem: of the device
 * @p: where to
 */
void puck_spares_print(struct puck_mem *mem, struct drm_printer *p)
{
	unsigned long pages, taken;

	spin_lock(&mem->spare_lock);
	pages = mem->spare_pages;
	taken = mem->spares_taken;
	spin_unlock(&mem->spare_lock);
	drm_printf(p, "  spare pages: %lu\n", pages);
	drm_printf(p, "  spares taken: %lu\n", taken);
}

/* The ones that were kept first. */
static struct puck_tt *puck_spares_oldest(struct puck_mem *mem)
{
	struct puck_tt *spare = NULL;

	spin_lock(&mem->spare_lock);
	if (!list_empty(&mem->spares)) {
		spare = list_last_entry(&mem->spares, struct puck_tt, spare);
		list_del(&spare->spare);
		WRITE_ONCE(mem->spare_pages, mem->spare_pages - spare->ttm.num_pages);
	}
	spin_unlock(&mem->spare_lock);
	return spare;
}

/**
 * puck_spares_free - give pages back that were kept
 * @mem: of the device
 * @pages: at least so many, if there are
 *
 * Context: as puck_tt_unbind().
 * Return: how many they were.
 */
unsigned long puck_spares_free(struct puck_mem *mem, unsigned long pages)
{
	struct puck_tt *spare;
	unsigned long freed = 0;

	while (freed < pages && (spare = puck_spares_oldest(mem))) {
		freed += spare->ttm.num_pages;
		puck_spare_end(spare);
	}
	return freed;
}

static void puck_spares_work(struct work_struct *work)
{
	struct puck_mem *mem = container_of(to_delayed_work(work), struct puck_mem, spare_work);
	unsigned long end;

	spin_lock(&mem->spare_lock);
	end = mem->spare_since + PUCK_SPARES_IDLE;
	spin_unlock(&mem->spare_lock);
	if (time_before(jiffies, end))
		schedule_delayed_work(&mem->spare_work, end - jiffies);
	else
		puck_spares_free(mem, ULONG_MAX);
}

/**
 * puck_spares_init - have room for pages that are kept
 * @mem: of the device
 */
void puck_spares_init(struct puck_mem *mem)
{
	spin_lock_init(&mem->spare_lock);
	INIT_LIST_HEAD(&mem->spares);
	INIT_DELAYED_WORK(&mem->spare_work, puck_spares_work);
}

/**
 * puck_spares_fini - keep no pages any more
 * @mem: of the device; no BO is left
 */
void puck_spares_fini(struct puck_mem *mem)
{
	cancel_delayed_work_sync(&mem->spare_work);
	puck_spares_free(mem, ULONG_MAX);
}
