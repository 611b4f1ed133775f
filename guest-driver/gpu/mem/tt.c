// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of BOs. TTM asks for them when a BO comes out of VRAM, or is first used; they are
 * mapped for the device when the BO enters TTM_PL_TT, wholly and at once, so that the DMA
 * API may merge them as it can, and unmapped when it leaves.
 *
 * Whoever looks at a mapping is inside drm_dev_enter() and holds the BO's dma_resv lock:
 * the one keeps remove from taking it away, the other keeps the BO where it is.
 */
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_pool.h>

#include "core/device.h"
#include "mem/bo.h"
#include "mem/mem.h"
#include "mem/spare.h"
#include "mem/tt.h"

/**
 * puck_tt_pages_table - make an sg_table of pages
 * @pages: the pages
 * @count: how many
 * @dev: the device that it will be mapped for
 *
 * As few entries as there are contiguous pieces, but none longer than the
 * device declares to take: a mapping may merge entries, never split them.
 *
 * Return: the table, not mapped, or an ERR_PTR().
 */
struct sg_table *puck_tt_pages_table(struct page **pages, unsigned long count,
				     struct device *dev)
{
	unsigned int max_seg = max_t(unsigned int, PAGE_SIZE,
				     ALIGN_DOWN(dma_get_max_seg_size(dev), PAGE_SIZE));
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages_segment(sgt, pages, count, 0, count << PAGE_SHIFT,
						max_seg, GFP_KERNEL);
	if (ret) {
		kfree(sgt);
		return ERR_PTR(ret);
	}
	return sgt;
}

/**
 * puck_tt_table - make an sg_table of a BO's pages
 * @ttm: the pages
 * @dev: the device that it will be mapped for
 *
 * Return: as puck_tt_pages_table().
 */
struct sg_table *puck_tt_table(struct ttm_tt *ttm, struct device *dev)
{
	return puck_tt_pages_table(ttm->pages, ttm->num_pages, dev);
}

/**
 * puck_tt_free_table - undo puck_tt_pages_table()
 * @sgt: not mapped any more
 */
void puck_tt_free_table(struct sg_table *sgt)
{
	sg_free_table(sgt);
	kfree(sgt);
}

/**
 * puck_tt_flush - have a device see nothing more of what was unmapped
 * @dev: the device, which may be an importer's
 *
 * A domain that flushes late would let it reach pages for a while that are somebody else's by
 * then. For memory that is allocated for DMA that is the administrator's choice; it is not for any
 * process's, nor for what is taken from an importer who does not listen.
 *
 * Context: may sleep.
 */
void puck_tt_flush(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (domain && domain->type == IOMMU_DOMAIN_DMA_FQ)
		iommu_flush_iotlb_all(domain);
}

/**
 * puck_tt_create - make room for the pages of a BO
 * @tbo: the BO
 * @page_flags: TTM_TT_FLAG_*
 *
 * Context: with the BO's dma_resv lock held.
 * Return: no pages yet, or NULL.
 */
struct ttm_tt *puck_tt_create(struct ttm_buffer_object *tbo, u32 page_flags)
{
	struct puck_bo *bo = ttm_to_puck_bo(tbo);
	struct puck_tt *tt = kzalloc(sizeof(*tt), GFP_KERNEL);
	int ret;

	if (!tt)
		return NULL;
	tt->bo = tbo;
	tt->mem = ttm_to_puck_mem(tbo->bdev);
	tt->single = bo->flags & DRM_PUCK_GEM_SCATTERED;
	INIT_LIST_HEAD(&tt->node);
	if (page_flags & TTM_TT_FLAG_EXTERNAL)
		ret = ttm_sg_tt_init(&tt->ttm, tbo, page_flags, ttm_cached);
	else
		ret = ttm_tt_init(&tt->ttm, tbo, page_flags,
				  bo->caching == DRM_PUCK_CACHING_WC ? ttm_write_combined :
								       ttm_cached, 0);
	if (ret) {
		kfree(tt);
		return NULL;
	}
	return &tt->ttm;
}

/*
 * Whether pages are for a BO that comes out of VRAM: the move writes over all of them, and if it
 * does not work out nobody sees them, or they are cleared then (mem/wipe.c). TTM asks for them in
 * the middle of the move, while the BO has its old place, so what it has says it.
 */
static bool puck_tt_is_written_over(struct puck_tt *tt)
{
	struct ttm_resource *res = tt->bo->resource;

	return res && res->mem_type == TTM_PL_VRAM;
}

/* One page of @ttm as pages of its own, for TTM's pool. */
static struct ttm_tt puck_tt_page(struct ttm_tt *ttm, pgoff_t i)
{
	return (struct ttm_tt) {
		.pages = &ttm->pages[i],
		.num_pages = 1,
		.page_flags = ttm->page_flags,
		.caching = ttm->caching,
	};
}

/*
 * Neighbours in memory become none in the BO: what is asked for page by page often comes
 * in order. The last page may stay beside the one before.
 */
static void puck_tt_scatter(struct ttm_tt *ttm)
{
	struct page **pages = ttm->pages;
	pgoff_t i;

	for (i = 1; i + 1 < ttm->num_pages; i++)
		if (page_to_pfn(pages[i]) == page_to_pfn(pages[i - 1]) + 1)
			swap(pages[i], pages[i + 1]);
}

/* Pages as a machine has them that was up for long: none beside the other. */
static int puck_tt_take_singly(struct ttm_device *bdev, struct ttm_tt *ttm,
			       struct ttm_operation_ctx *ctx)
{
	struct ttm_tt page;
	pgoff_t i;
	int ret;

	for (i = 0; i < ttm->num_pages; i++) {
		page = puck_tt_page(ttm, i);
		ret = ttm_pool_alloc(&bdev->pool, &page, ctx);
		if (ret)
			goto err_free;
	}
	puck_tt_scatter(ttm);
	return 0;

err_free:
	while (i--) {
		page = puck_tt_page(ttm, i);
		ttm_pool_free(&bdev->pool, &page);
	}
	return ret;
}

/**
 * puck_tt_populate - get the pages of a BO
 * @bdev: TTM's device
 * @ttm: without pages
 * @ctx: of the operation
 *
 * Return: 0 or -ENOMEM.
 */
int puck_tt_populate(struct ttm_device *bdev, struct ttm_tt *ttm, struct ttm_operation_ctx *ctx)
{
	struct puck_tt *tt = to_puck_tt(ttm);
	bool over;
	int ret;

	if (ttm->page_flags & TTM_TT_FLAG_EXTERNAL)
		return 0;
	over = puck_tt_is_written_over(tt);
	if (over && puck_spare_take(tt))
		return 0;
	if (over)
		ttm->page_flags &= ~TTM_TT_FLAG_ZERO_ALLOC;
	else
		ttm->page_flags |= TTM_TT_FLAG_ZERO_ALLOC;
	ret = tt->single ? puck_tt_take_singly(bdev, ttm, ctx) :
			   ttm_pool_alloc(&bdev->pool, ttm, ctx);
	if (!ret)
		atomic_long_add(ttm->num_pages, &tt->mem->pages);
	return ret;
}

static void puck_hold_release(struct kref *refs)
{
	struct puck_hold *hold = container_of(refs, struct puck_hold, refs);
	struct puck_mem *mem = hold->mem;

	atomic_long_sub(hold->ttm.num_pages, &mem->pages);
	ttm_pool_free(&mem->ttm.pool, &hold->ttm);
	kvfree(hold);
}

/**
 * puck_hold_put - let go of pages
 * @hold: from puck_tt_hold(); nothing has them mapped any more
 */
void puck_hold_put(struct puck_hold *hold)
{
	kref_put(&hold->refs, puck_hold_release);
}

/**
 * puck_tt_hold - have pages stay what they are, also when the BO moves
 * @tt: the pages
 *
 * Context: with the BO's dma_resv lock held.
 * Return: to be given to puck_hold_put(); NULL without memory.
 */
struct puck_hold *puck_tt_hold(struct puck_tt *tt)
{
	struct puck_hold *hold = tt->hold;

	if (!hold) {
		hold = kvzalloc(struct_size(hold, pages, tt->ttm.num_pages), GFP_KERNEL);
		if (!hold)
			return NULL;
		kref_init(&hold->refs);
		hold->mem = tt->mem;
		tt->hold = hold;
	}
	kref_get(&hold->refs);
	return hold;
}

/* The pages of a BO are now those of who has them mapped. */
static void puck_tt_leave_to(struct puck_hold *hold, struct ttm_tt *ttm)
{
	memcpy(hold->pages, ttm->pages, ttm->num_pages * sizeof(*ttm->pages));
	hold->ttm = (struct ttm_tt) {
		.pages = hold->pages,
		.num_pages = ttm->num_pages,
		.page_flags = ttm->page_flags,
		.caching = ttm->caching,
	};
	puck_hold_put(hold);
}

/**
 * puck_tt_give_back - give pages back, to the kernel or to importers who have them mapped
 * @tt: the pages, which the device is done with
 *
 * Context: as puck_tt_unbind().
 */
void puck_tt_give_back(struct puck_tt *tt)
{
	struct ttm_tt *ttm = &tt->ttm;

	puck_tt_unbind(tt);
	if (ttm->page_flags & TTM_TT_FLAG_EXTERNAL)
		return;
	if (tt->hold) {
		puck_tt_leave_to(tt->hold, ttm);
		tt->hold = NULL;
		return;
	}
	atomic_long_sub(ttm->num_pages, &tt->mem->pages);
	ttm_pool_free(&tt->mem->ttm.pool, ttm);
}

/**
 * puck_tt_unpopulate - let go of the pages of a BO
 * @bdev: TTM's device
 * @ttm: with pages, which the device is done with
 */
void puck_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *ttm)
{
	struct puck_tt *tt = to_puck_tt(ttm);

	if (tt->left && !tt->hold && puck_spare_keep(tt))
		return;
	puck_tt_give_back(tt);
}

/**
 * puck_tt_destroy - undo puck_tt_create()
 * @bdev: TTM's device
 * @ttm: without pages
 */
void puck_tt_destroy(struct ttm_device *bdev, struct ttm_tt *ttm)
{
	ttm_tt_fini(ttm);
	kfree(to_puck_tt(ttm));
}

static int puck_tt_map(struct puck_tt *tt)
{
	struct puck_device *puck = tt->mem->puck;
	struct sg_table *sgt = puck_tt_table(&tt->ttm, puck->drm.dev);
	int ret;

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = dma_map_sgtable(puck->drm.dev, sgt, DMA_BIDIRECTIONAL, 0);
	if (ret) {
		puck_tt_free_table(sgt);
		return ret;
	}
	tt->sgt = sgt;
	tt->cpu = false;
	tt->moved = false;
	spin_lock(&puck->list_lock);
	list_add_tail(&tt->node, &tt->mem->tts);
	spin_unlock(&puck->list_lock);
	return 0;
}

/**
 * puck_tt_bind - map the pages of a BO for the device
 * @tt: with pages
 *
 * Context: with the BO's dma_resv lock held.
 * Return: 0; -ENODEV if the device is gone; -ENOMEM and whatever the DMA API says.
 */
int puck_tt_bind(struct puck_tt *tt)
{
	int idx, ret = 0;

	if (tt->sgt)
		return 0;
	/* The mapping has to go in remove, so it must not be made after that. */
	if (!drm_dev_enter(&tt->mem->puck->drm, &idx))
		return -ENODEV;
	/* What is imported is mapped by import.c. */
	if (!(tt->ttm.page_flags & TTM_TT_FLAG_EXTERNAL))
		ret = puck_tt_map(tt);
	drm_dev_exit(idx);
	return ret;
}

static void puck_tt_unmap(struct puck_tt *tt)
{
	struct puck_device *puck = tt->mem->puck;
	struct sg_table *sgt = tt->sgt;

	if (!sgt)
		return;
	spin_lock(&puck->list_lock);
	list_del_init(&tt->node);
	spin_unlock(&puck->list_lock);
	tt->sgt = NULL;
	/*
	 * dma_unmap_sgtable() unmaps orig_nents entries, as many as were mapped. What the CPU
	 * has written since it was given the pages is newer than what the device sees.
	 */
	dma_unmap_sgtable(puck->drm.dev, sgt, DMA_BIDIRECTIONAL,
			  tt->cpu ? DMA_ATTR_SKIP_CPU_SYNC : 0);
	puck_tt_free_table(sgt);
}

/**
 * puck_tt_unbind - undo puck_tt_bind()
 * @tt: the pages, which the device is done with; may be unbound already
 *
 * Context: with the BO's dma_resv lock held, or when nobody else knows it. Also in memory
 * reclaim: nothing is waited for, but for puck_tt_unbind_all() after the end of the device.
 */
void puck_tt_unbind(struct puck_tt *tt)
{
	struct puck_mem *mem = tt->mem;
	int idx;

	if (tt->ttm.page_flags & TTM_TT_FLAG_EXTERNAL) {
		/* import.c unmaps it, or has done so. */
		tt->sgt = NULL;
	} else if (drm_dev_enter(&mem->puck->drm, &idx)) {
		puck_tt_unmap(tt);
		drm_dev_exit(idx);
	} else {
		mutex_lock(&mem->tt_lock);
		puck_tt_unmap(tt);
		mutex_unlock(&mem->tt_lock);
	}
}

/**
 * puck_tt_unbind_all - take all pages away from the device
 * @mem: of the device, unplugged and silent
 *
 * Some are of objects that TTM keeps until a move is over, and nobody else knows of. So this
 * goes through the pages, not the BOs, and takes no dma_resv lock.
 */
void puck_tt_unbind_all(struct puck_mem *mem)
{
	struct puck_tt *tt, *next;

	/* Nobody adds any, and they leave under this lock only. */
	mutex_lock(&mem->tt_lock);
	list_for_each_entry_safe(tt, next, &mem->tts, node)
		puck_tt_unmap(tt);
	mutex_unlock(&mem->tt_lock);
}

static void puck_tt_clear(struct puck_tt *tt, u64 offset, u64 length)
{
	struct device *dev = tt->mem->puck->drm.dev;
	pgoff_t i, end = PFN_UP(offset + length);

	/* What the device sees is cleared as well: it is what comes back with the next sync. */
	if (tt->sgt)
		dma_sync_sgtable_for_cpu(dev, tt->sgt, DMA_BIDIRECTIONAL);
	for (i = offset >> PAGE_SHIFT; i < end; i++) {
		clear_highpage(tt->ttm.pages[i]);
		cond_resched();
	}
	if (tt->sgt)
		dma_sync_sgtable_for_device(dev, tt->sgt, DMA_BIDIRECTIONAL);
}

/**
 * puck_tt_wipe - clear pages
 * @tt: the pages, which stay; they are the device's, which does nothing with them any more
 * @offset: bytes, whole pages
 * @length: likewise
 *
 * Context: may sleep; in the way of a fence. The BO's dma_resv lock is not held: while the fence of
 * a move into them is to come nobody unmaps pages but puck_tt_unbind_all().
 */
void puck_tt_wipe(struct puck_tt *tt, u64 offset, u64 length)
{
	struct puck_mem *mem = tt->mem;
	int idx;

	if (drm_dev_enter(&mem->puck->drm, &idx)) {
		puck_tt_clear(tt, offset, length);
		drm_dev_exit(idx);
	} else {
		mutex_lock(&mem->tt_lock);
		puck_tt_clear(tt, offset, length);
		mutex_unlock(&mem->tt_lock);
	}
}

/* Imported ones are in the hands of their exporter: there is DMA_BUF_IOCTL_SYNC. */
static bool puck_tt_is_ours(struct puck_tt *tt)
{
	return tt->sgt && !(tt->ttm.page_flags & TTM_TT_FLAG_EXTERNAL);
}

/**
 * puck_tt_sync_for_cpu - hand the pages of a BO to the CPU
 * @tt: the pages
 * @write: it may write them; if it does not, the device may have them without being asked
 *
 * Context: inside drm_dev_enter(), with the BO's dma_resv lock held.
 */
void puck_tt_sync_for_cpu(struct puck_tt *tt, bool write)
{
	if (!puck_tt_is_ours(tt))
		return;
	dma_sync_sgtable_for_cpu(tt->mem->puck->drm.dev, tt->sgt, DMA_BIDIRECTIONAL);
	tt->cpu = write;
	tt->moved = false;
}

/**
 * puck_tt_sync_for_device - hand the pages of a BO to the device
 * @tt: the pages
 *
 * Context: as puck_tt_sync_for_cpu().
 */
void puck_tt_sync_for_device(struct puck_tt *tt)
{
	if (!puck_tt_is_ours(tt))
		return;
	dma_sync_sgtable_for_device(tt->mem->puck->drm.dev, tt->sgt, DMA_BIDIRECTIONAL);
	tt->cpu = false;
	tt->moved = false;
}

/* ---- TTM_PL_TT: there is always room, since pages are what is scarce ---- */

static int puck_tt_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *tbo,
			 const struct ttm_place *place, struct ttm_resource **res)
{
	*res = kzalloc(sizeof(**res), GFP_KERNEL);
	if (!*res)
		return -ENOMEM;
	ttm_resource_init(tbo, place, *res);
	return 0;
}

static void puck_tt_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	ttm_resource_fini(man, res);
	kfree(res);
}

static const struct ttm_resource_manager_func puck_tt_manager_func = {
	.alloc = puck_tt_alloc,
	.free = puck_tt_free,
};

/**
 * puck_tt_manager_init - let TTM know of TTM_PL_TT
 * @mem: of the device
 */
void puck_tt_manager_init(struct puck_mem *mem)
{
	mem->tt.use_tt = true;
	mem->tt.func = &puck_tt_manager_func;
	ttm_resource_manager_init(&mem->tt, &mem->ttm, 0);
	ttm_set_driver_manager(&mem->ttm, TTM_PL_TT, &mem->tt);
	ttm_resource_manager_set_used(&mem->tt, true);
}

/**
 * puck_tt_manager_fini - undo puck_tt_manager_init()
 * @mem: of the device; no BO is left
 */
void puck_tt_manager_fini(struct puck_mem *mem)
{
	ttm_resource_manager_set_used(&mem->tt, false);
	ttm_resource_manager_cleanup(&mem->tt);
	ttm_set_driver_manager(&mem->ttm, TTM_PL_TT, NULL);
}
