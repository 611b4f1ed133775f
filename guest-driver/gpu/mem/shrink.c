// SPDX-License-Identifier: GPL-2.0-only
/*
 * BOs give memory back when it is scarce. First go pages that are only kept (mem/spare.c); then
 * TTM writes pages of BOs to a file in memory, which the kernel can write to swap. Reclaim may be
 * entered with any lock held, and fences wait for nobody who waits for reclaim: so BOs whose lock
 * is taken, that are pinned or whose fences are still to come are left out, and nothing is waited
 * for.
 */
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_drv.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_device.h>

#include "core/device.h"
#include "mem/mem.h"
#include "mem/shrink.h"
#include "mem/spare.h"

static unsigned long puck_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct puck_mem *mem = shrinker->private_data;
	long pages = atomic_long_read(&mem->pages);

	/* A file that cannot be written out takes as much as the BO did. */
	if (get_nr_swap_pages() <= 0)
		pages = puck_spares_count(mem);
	return pages > 0 ? pages : SHRINK_EMPTY;
}

static unsigned long puck_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct ttm_operation_ctx ctx = { .no_wait_gpu = true };
	struct puck_mem *mem = shrinker->private_data;
	unsigned long freed;
	int idx, pages;

	/* Making a file takes locks of file systems. */
	if (!(sc->gfp_mask & __GFP_FS) || !drm_dev_enter(&mem->puck->drm, &idx))
		return SHRINK_STOP;
	freed = puck_spares_free(mem, sc->nr_to_scan);
	while (freed < sc->nr_to_scan && get_nr_swap_pages() > 0) {
		pages = ttm_device_swapout(&mem->ttm, &ctx, sc->gfp_mask);
		if (pages <= 0)
			break;
		freed += pages;
	}
	drm_dev_exit(idx);
	return freed ?: SHRINK_STOP;
}

/**
 * puck_shrink_init - let memory reclaim know of BOs
 * @mem: of the device
 *
 * Return: 0 or -ENOMEM.
 */
int puck_shrink_init(struct puck_mem *mem)
{
	mem->shrinker = shrinker_alloc(0, "puck:%s", dev_name(mem->puck->drm.dev));
	if (!mem->shrinker)
		return -ENOMEM;
	mem->shrinker->count_objects = puck_shrink_count;
	mem->shrinker->scan_objects = puck_shrink_scan;
	mem->shrinker->private_data = mem;
	shrinker_register(mem->shrinker);
	return 0;
}

/**
 * puck_shrink_fini - undo puck_shrink_init()
 * @mem: of the device
 */
void puck_shrink_fini(struct puck_mem *mem)
{
	shrinker_free(mem->shrinker);
}
