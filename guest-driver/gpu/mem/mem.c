// SPDX-License-Identifier: GPL-2.0-only
/*
 * All that BOs of one device lie in, put together: TTM's device with its callbacks, and the
 * managers of the places.
 */
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_placement.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/fault.h"
#include "mem/mem.h"
#include "mem/place.h"
#include "mem/prime.h"
#include "mem/shrink.h"
#include "mem/spare.h"
#include "mem/tt.h"

static const struct ttm_device_funcs puck_mem_funcs = {
	.ttm_tt_create = puck_tt_create,
	.ttm_tt_populate = puck_tt_populate,
	.ttm_tt_unpopulate = puck_tt_unpopulate,
	.ttm_tt_destroy = puck_tt_destroy,
	.eviction_valuable = puck_place_is_valuable,
	.evict_flags = puck_place_evict,
	.move = puck_move,
	.io_mem_reserve = puck_fault_reserve,
	.io_mem_pfn = puck_fault_pfn,
};

/* The end of the DRM device: no file, no client and no job is left. */
static void puck_mem_release(struct drm_device *dev, void *data)
{
	struct puck_mem *mem = data;

	puck_shrink_fini(mem);
	/* Some BOs wait for fences of others. */
	drain_workqueue(mem->ttm.wq);
	puck_spares_fini(mem);
	puck_vram_fini(mem);
	puck_tt_manager_fini(mem);
	ttm_device_fini(&mem->ttm);
	mutex_destroy(&mem->tt_lock);
}

static int puck_mem_init_managers(struct puck_mem *mem)
{
	int ret;

	puck_tt_manager_init(mem);
	ret = puck_vram_init(mem);
	if (ret)
		goto err_tt;
	ret = puck_shrink_init(mem);
	if (ret)
		goto err_vram;
	return 0;

err_vram:
	puck_vram_fini(mem);
err_tt:
	puck_tt_manager_fini(mem);
	return ret;
}

/**
 * puck_mem_init - make all that BOs will lie in
 * @puck: the device, identified
 *
 * It goes with the DRM device.
 *
 * Return: 0 or a negative errno.
 */
int puck_mem_init(struct puck_device *puck)
{
	struct drm_device *drm = &puck->drm;
	struct puck_mem *mem = drmm_kzalloc(drm, sizeof(*mem), GFP_KERNEL);
	int ret;

	if (!mem)
		return -ENOMEM;
	mem->puck = puck;
	init_rwsem(&mem->guard);
	init_rwsem(&mem->bar_lock);
	init_rwsem(&mem->notifier_lock);
	mutex_init(&mem->tt_lock);
	INIT_LIST_HEAD(&mem->tts);
	puck_spares_init(mem);
	ret = puck_compat_ttm_device_init(&mem->ttm, &puck_mem_funcs, drm->dev,
					  drm->anon_inode->i_mapping, drm->vma_offset_manager);
	if (ret)
		return ret;
	ret = puck_mem_init_managers(mem);
	if (ret) {
		ttm_device_fini(&mem->ttm);
		return ret;
	}
	puck->mem = mem;
	return drmm_add_action_or_reset(drm, puck_mem_release, mem);
}

/**
 * puck_mem_settle - wait for BOs on their way out
 * @mem: of the device
 *
 * Context: may sleep, for as long as fences of such BOs are not signalled.
 */
void puck_mem_settle(struct puck_mem *mem)
{
	flush_workqueue(mem->ttm.wq);
}

/**
 * puck_mem_used - how much of a region is in use
 * @mem: of the device
 * @region: DRM_PUCK_REGION_*
 *
 * Return: bytes.
 */
u64 puck_mem_used(struct puck_mem *mem, u32 region)
{
	if (region == DRM_PUCK_REGION_VRAM)
		return ttm_resource_manager_usage(&mem->vram.base) + puck_vram_held(&mem->vram);
	/* What others have lent is no use of ours. */
	return ttm_resource_manager_usage(ttm_manager_type(&mem->ttm, TTM_PL_SYSTEM)) +
	       ttm_resource_manager_usage(&mem->tt) - atomic64_read(&mem->imported);
}

/* Those in VRAM whose fences do not come would keep the machine from sleeping for ever. */
static bool puck_mem_vram_is_idle(struct puck_mem *mem, unsigned long deadline)
{
	struct puck_device *puck = mem->puck;
	struct puck_bo *bo = NULL, *next;
	long left = 1;

	while (left > 0 && (next = puck_bos_next(puck, bo))) {
		if (bo)
			drm_gem_object_put(&bo->ttm.base);
		bo = next;
		if (READ_ONCE(bo->region) != DRM_PUCK_REGION_VRAM)
			continue;
		left = dma_resv_wait_timeout(bo->ttm.base.resv, DMA_RESV_USAGE_BOOKKEEP, false,
					     max_t(long, deadline - jiffies, 1));
	}
	if (bo)
		drm_gem_object_put(&bo->ttm.base);
	return left > 0;
}

static bool puck_mem_is_lent(struct puck_bo *bo)
{
	struct ttm_buffer_object *tbo = &bo->ttm;
	bool lent;

	dma_resv_lock(tbo->base.resv, NULL);
	lent = bo->exported && tbo->pin_count && tbo->resource->mem_type == TTM_PL_VRAM;
	dma_resv_unlock(tbo->base.resv);
	return lent;
}

/*
 * Whether importers have a BO pinned in VRAM, who rely on its staying there. What is shown is not
 * any more when the machine sleeps, and what in-kernel clients have there is lost then.
 */
static bool puck_mem_vram_is_lent(struct puck_mem *mem)
{
	struct puck_bo *bo = NULL, *next;
	bool lent = false;

	while (!lent && (next = puck_bos_next(mem->puck, bo))) {
		if (bo)
			drm_gem_object_put(&bo->ttm.base);
		bo = next;
		lent = puck_mem_is_lent(bo);
	}
	if (bo)
		drm_gem_object_put(&bo->ttm.base);
	return lent;
}

/**
 * puck_mem_evict_vram - bring all BOs out of VRAM
 * @mem: of the device, which works
 *
 * The copies may still be under way. Jobs bring the BOs back.
 *
 * Return: 0; -EBUSY if one is in use and stays so, or is pinned for an importer; -ENOMEM.
 */
int puck_mem_evict_vram(struct puck_mem *mem)
{
	/* TTM may drive out what is pinned as well. */
	if (puck_mem_vram_is_lent(mem)) {
		drm_err(&mem->puck->drm, "VRAM is pinned for another device: no sleep\n");
		return -EBUSY;
	}
	if (!puck_mem_vram_is_idle(mem, jiffies + 15 * HZ))
		return -EBUSY;
	return ttm_resource_manager_evict_all(&mem->ttm, &mem->vram.base);
}

/**
 * puck_mem_unmap - take all mappings of BOs away from processes
 * @mem: of the device
 *
 * What they touch is mapped again then.
 *
 * Context: may sleep.
 */
void puck_mem_unmap(struct puck_mem *mem)
{
	unmap_mapping_range(mem->ttm.dev_mapping, 0, 0, 1);
}

/**
 * puck_mem_hide_vram - have nobody look at VRAM by BAR 2
 * @mem: of the device
 *
 * Until puck_mem_show_vram(), by the same task, processes that touch it wait, and other devices
 * see system memory.
 *
 * Context: may sleep; waits for those who map VRAM just now, who may wait for fences, and for
 * jobs of other devices.
 */
void puck_mem_hide_vram(struct puck_mem *mem)
{
	WRITE_ONCE(mem->no_peers, true);
	puck_prime_silence_peers(mem->puck);
	down_write(&mem->bar_lock);
	/* All there is of any BO; what is in system memory is mapped again at the next touch. */
	puck_mem_unmap(mem);
}

/**
 * puck_mem_show_vram - undo puck_mem_hide_vram()
 * @mem: of the device
 */
void puck_mem_show_vram(struct puck_mem *mem)
{
	up_write(&mem->bar_lock);
	WRITE_ONCE(mem->no_peers, false);
}

static void puck_mem_count(struct drm_memory_stats *stats, struct drm_gem_object *obj)
{
	if (drm_gem_object_is_shared_for_memory_stats(obj))
		stats->shared += obj->size;
	else
		stats->private += obj->size;
	stats->resident += obj->size;
	if (!dma_resv_test_signaled(obj->resv, dma_resv_usage_rw(true)))
		stats->active += obj->size;
}

/**
 * puck_mem_print - tell what the BOs of a file take, for its fdinfo
 * @p: where to
 * @file: the file
 */
void puck_mem_print(struct drm_printer *p, struct drm_file *file)
{
	static const char * const names[] = {
		[DRM_PUCK_REGION_SYSTEM] = "system",
		[DRM_PUCK_REGION_VRAM] = "vram",
	};
	struct drm_memory_stats stats[ARRAY_SIZE(names)] = {};
	struct drm_gem_object *obj;
	int i;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, i)
		puck_mem_count(&stats[READ_ONCE(to_puck_bo(obj)->region)], obj);
	spin_unlock(&file->table_lock);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		drm_print_memory_stats(p, &stats[i], DRM_GEM_OBJECT_RESIDENT, names[i]);
}
