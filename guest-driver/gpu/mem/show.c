// SPDX-License-Identifier: GPL-2.0-only
/*
 * BOs that the display shows. No fence says when it is done, as it never is: so a BO is pinned
 * where it is for as long as it is shown, in VRAM or in system memory, and what is imported is
 * pinned by its exporter. The device has a list of it, but of VRAM in one piece.
 */
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/import.h"
#include "mem/lock.h"
#include "mem/mem.h"
#include "mem/place.h"
#include "mem/show.h"

static int puck_show_own(struct puck_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true, .gfp_retry_mayfail = true };
	struct puck_places places;
	int ret = 0;

	if (!bo->ttm.pin_count) {
		puck_places_for_pin(bo, &places);
		/* VRAM that the CPU does not see is for those who fit nowhere else. */
		if (places.list.num_placement)
			ret = ttm_bo_validate(&bo->ttm, &places.list, &ctx);
		if (!places.list.num_placement ||
		    (ret == -ENOMEM && !puck_places_have_system(bo)))
			ret = puck_bo_validate(bo);
	}
	if (!ret)
		ttm_bo_pin(&bo->ttm);
	return ret;
}

/* A puck_lock_fn. */
static int puck_show_place(struct drm_exec *exec, bool alone, void *data)
{
	struct puck_bo *bo = data;
	int ret = drm_exec_lock_obj(exec, &bo->ttm.base);

	if (ret)
		return ret;
	return bo->dmabuf ? puck_import_hold(bo) : puck_show_own(bo);
}

static void puck_show_undo(struct puck_bo *bo)
{
	if (bo->dmabuf)
		puck_import_let(bo);
	else
		ttm_bo_unpin(&bo->ttm);
}

static int puck_show_list(struct puck_device *puck, struct puck_shown *shown, u64 offset,
			  u64 length)
{
	struct puck_where where = puck_bo_where(shown->bo);
	u32 count;
	int ret;

	if (!where.sgt)
		return -ENODEV;
	if (where.vram && where.sgt->nents == 1) {
		shown->addr = sg_dma_address(where.sgt->sgl) + offset;
		return 0;
	}
	count = puck_segs_count(puck, where.sgt, offset, length);
	if (count > puck->segs_max)
		return -E2BIG;
	ret = puck_segs_alloc(puck, &shown->segs, count);
	if (!ret)
		puck_segs_add(puck, &shown->segs, where, offset, length);
	return ret;
}

/**
 * puck_show - keep a BO where the display can show it, and tell the device where that is
 * @puck: the device
 * @shown: filled in
 * @bo: not memory of a process, which may be taken away
 * @offset: bytes
 * @length: bytes, all of them within @bo
 *
 * What the CPU has written is handed to the device. A move may be under way: its KERNEL fence
 * comes before the first look.
 *
 * Context: may sleep; inside drm_dev_enter(), with no dma_resv lock held.
 * Return: 0; -ENOSPC; -ENOMEM; -E2BIG; -ENODEV; -EINTR; -ERESTARTSYS; what the exporter says.
 */
int puck_show(struct puck_device *puck, struct puck_shown *shown, struct puck_bo *bo, u64 offset,
	      u64 length)
{
	struct drm_exec exec;
	int ret;

	*shown = (struct puck_shown) { .bo = bo };
	ret = puck_lock(puck->mem, &exec, 1, puck_show_place, bo);
	if (ret)
		return ret;
	puck_bo_sync(bo, false, false);
	ret = puck_show_list(puck, shown, offset, length);
	if (ret)
		puck_show_undo(bo);
	puck_unlock(puck->mem, &exec);
	return ret;
}

/**
 * puck_shown_can_poke - see whether the CPU gets at what is shown without a mapping of its own
 * @shown: from puck_show()
 *
 * Context: any; @shown stays.
 * Return: true if puck_shown_poke() may be called.
 */
bool puck_shown_can_poke(const struct puck_shown *shown)
{
	struct puck_bo *bo = shown->bo;
	struct puck_mem *mem = ttm_to_puck_mem(bo->ttm.bdev);

	if (bo->dmabuf)
		return false;
	if (bo->ttm.resource->mem_type == TTM_PL_VRAM)
		return mem->puck->vram_map && puck_vram_is_visible(&mem->vram, bo->ttm.resource);
	return bo->ttm.ttm && ttm_tt_is_populated(bo->ttm.ttm);
}

static void puck_shown_poke_vram(struct ttm_buffer_object *tbo, u64 offset, u32 value, u32 bytes)
{
	void __iomem *at = ttm_to_puck_mem(tbo->bdev)->puck->vram_map +
			   puck_vram_offset(tbo->resource, offset);

	if (bytes == sizeof(u16))
		writew(value, at);
	else
		writel(value, at);
}

/**
 * puck_shown_poke - write a pixel
 * @shown: from puck_show(); puck_shown_can_poke()
 * @offset: in the BO, a multiple of @bytes
 * @value: of the pixel
 * @bytes: 2 or 4
 *
 * Context: any; @shown stays.
 */
void puck_shown_poke(const struct puck_shown *shown, u64 offset, u32 value, u32 bytes)
{
	struct ttm_buffer_object *tbo = &shown->bo->ttm;
	__le32 pixel = cpu_to_le32(value);
	u8 *page;

	if (tbo->resource->mem_type == TTM_PL_VRAM) {
		puck_shown_poke_vram(tbo, offset, value, bytes);
		return;
	}
	page = kmap_local_page(tbo->ttm->pages[offset >> PAGE_SHIFT]);
	memcpy(page + offset_in_page(offset), &pixel, bytes);
	kunmap_local(page);
}

/**
 * puck_unshow - let a BO move again
 * @shown: from puck_show(); its list is gone already
 *
 * Context: may sleep; the device may have gone. No dma_resv lock is held.
 */
void puck_unshow(struct puck_shown *shown)
{
	struct drm_gem_object *obj = &shown->bo->ttm.base;

	dma_resv_lock(obj->resv, NULL);
	puck_show_undo(shown->bo);
	dma_resv_unlock(obj->resv);
}
