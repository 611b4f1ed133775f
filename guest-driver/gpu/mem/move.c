// SPDX-License-Identifier: GPL-2.0-only
/*
 * BOs that move. Between system memory that is mapped for the device and such that is not
 * nothing is copied. From and to VRAM the device copies: the copy waits for all fences in
 * the BO's dma_resv, and its own fence is left there as KERNEL, which everybody waits for
 * who comes later. Nobody waits here.
 *
 * Transfers of a device are done one after the other. So VRAM that a BO leaves, and that no
 * other device has mapped, can be given away before the copy out of it was even begun: whatever
 * comes into it is a transfer, too. That is why TTM need not remember the last fence of an
 * eviction, or keep the old place in an object beside. Only pages, which are everybody's once
 * they are free, stay until the copy is over, by ttm_bo_move_accel_cleanup().
 *
 * Neither VRAM nor the pages that a BO comes to from there are cleared beforehand: the copy writes
 * over all of them, and who could look waits for it. That holds whatever becomes of the copy, see
 * mem/wipe.c.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/sched/mm.h>

#include <drm/drm_drv.h>
#include <drm/drm_gpuvm.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_placement.h>

#include "core/awake.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/mem.h"
#include "mem/move.h"
#include "mem/prime.h"
#include "mem/tt.h"

/**
 * puck_mem_transfer - have the device move or clear bytes
 * @mem: of the device
 * @transfer: what to do; a copy is made of all that is needed
 *
 * Context: may sleep.
 * Return: the fence of the end, a reference; or an ERR_PTR(): -ENODEV, -ENOMEM, -E2BIG.
 */
struct dma_fence *puck_mem_transfer(struct puck_mem *mem, const struct puck_transfer *transfer)
{
	/* Its locks are taken in memory reclaim as well, by whoever drops a BO there. */
	unsigned int nofs = memalloc_nofs_save();
	struct dma_fence *fence = ERR_PTR(-ENODEV);
	int idx;

	/* Also where nobody has asked for the device: whoever drops a BO has VRAM cleared. */
	if (puck_awake_enter(mem->puck, &idx)) {
		fence = mem->transfer(mem->puck, transfer);
		puck_awake_exit(mem->puck, idx);
	}
	memalloc_nofs_restore(nofs);
	return fence;
}

static bool puck_is_in(const struct ttm_resource *res, u32 mem_type)
{
	return res && res->mem_type == mem_type;
}

/* Whether there is anything in @tbo; a BO that nobody has touched yet is all zeroes. */
static bool puck_move_has_data(struct ttm_buffer_object *tbo)
{
	if (puck_is_in(tbo->resource, TTM_PL_VRAM))
		return true;
	return tbo->resource && tbo->ttm &&
	       (ttm_tt_is_populated(tbo->ttm) || tbo->ttm->page_flags & TTM_TT_FLAG_SWAPPED);
}

/* Between VRAM and what is not mapped for the device the way is by what is. */
static bool puck_move_needs_hop(struct ttm_buffer_object *tbo, struct ttm_resource *new_res)
{
	if (puck_is_in(new_res, TTM_PL_VRAM))
		return puck_is_in(tbo->resource, TTM_PL_SYSTEM) && puck_move_has_data(tbo);
	return puck_is_in(tbo->resource, TTM_PL_VRAM) && puck_is_in(new_res, TTM_PL_SYSTEM);
}

/* The CPU's caches have nothing of what the device reads. */
static void puck_move_flush(struct puck_mem *mem, struct puck_tt *tt)
{
	int idx;

	if (!tt->cpu || !drm_dev_enter(&mem->puck->drm, &idx))
		return;
	puck_tt_sync_for_device(tt);
	drm_dev_exit(idx);
}

/* The old place is free at once, as it is VRAM, or as there is none. */
static int puck_move_now(struct ttm_buffer_object *tbo, struct ttm_resource *new_res,
			 const struct puck_transfer *transfer)
{
	struct dma_fence *fence = puck_mem_transfer(ttm_to_puck_mem(tbo->bdev), transfer);

	if (IS_ERR(fence))
		return PTR_ERR(fence);
	dma_resv_add_fence(tbo->base.resv, fence, DMA_RESV_USAGE_KERNEL);
	dma_fence_put(fence);
	if (puck_is_in(tbo->resource, TTM_PL_VRAM))
		puck_vram_moves(tbo->resource);
	ttm_bo_move_null(tbo, new_res);
	return 0;
}

/* The old place is pages, which stay until the copy is over. */
static int puck_move_pages(struct ttm_buffer_object *tbo, struct ttm_resource *new_res,
			   const struct puck_transfer *transfer)
{
	struct puck_mem *mem = ttm_to_puck_mem(tbo->bdev);
	struct puck_tt *tt = to_puck_tt(tbo->ttm);
	struct dma_fence *fence;
	int ret;

	puck_move_flush(mem, tt);
	fence = puck_mem_transfer(mem, transfer);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	/* They may be given back in here. */
	tt->left = true;
	ret = ttm_bo_move_accel_cleanup(tbo, fence, false, false, new_res);
	if (ret) {
		/* Then the new place is given back, so nobody may write there any more. */
		dma_fence_wait(fence, false);
		tt->left = false;
	}
	dma_fence_put(fence);
	return ret;
}

static int puck_move_to_vram(struct ttm_buffer_object *tbo, struct ttm_resource *new_res)
{
	struct puck_transfer transfer = {
		.resv = tbo->base.resv,
		.dst = puck_vram_where(new_res),
		.size = tbo->base.size,
	};

	if (!puck_move_has_data(tbo))
		return puck_move_now(tbo, new_res, &transfer);
	transfer.src = puck_bo_where(ttm_to_puck_bo(tbo));
	if (!transfer.src.sgt)
		return -ENODEV;
	return transfer.src.vram ? puck_move_now(tbo, new_res, &transfer) :
				   puck_move_pages(tbo, new_res, &transfer);
}

static int puck_move_from_vram(struct ttm_buffer_object *tbo, struct ttm_resource *new_res)
{
	struct puck_tt *tt = to_puck_tt(tbo->ttm);
	struct puck_transfer transfer = {
		.resv = tbo->base.resv,
		.src = puck_vram_where(tbo->resource),
		.tt = tt,
		.size = tbo->base.size,
	};
	int ret;

	ret = puck_tt_bind(tt);
	if (ret)
		return ret;
	transfer.dst.sgt = tt->sgt;
	ret = puck_move_now(tbo, new_res, &transfer);
	if (!ret)
		tt->moved = true;
	return ret;
}

/* System memory, mapped or not: the pages stay the same. */
static int puck_move_system(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
			    struct ttm_resource *new_res)
{
	int ret = 0;

	if (puck_is_in(new_res, TTM_PL_TT)) {
		ret = puck_tt_bind(to_puck_tt(tbo->ttm));
		/* What it writes from now on the device does not see. */
		to_puck_tt(tbo->ttm)->cpu = ttm_to_puck_bo(tbo)->cpu;
	} else if (puck_is_in(tbo->resource, TTM_PL_TT)) {
		/* The device is done with them. */
		ret = ttm_bo_wait_ctx(tbo, ctx);
		if (!ret)
			puck_tt_unbind(to_puck_tt(tbo->ttm));
	}
	if (!ret)
		ttm_bo_move_null(tbo, new_res);
	return ret;
}

/**
 * puck_move - bring a BO to another place
 * @tbo: the BO; if it goes to system memory it has room for pages, if to TTM_PL_TT also the
 *       pages, and in its dma_resv there is room for a fence
 * @evict: somebody else wants the place where it is
 * @ctx: of the operation
 * @new_res: the new place
 * @hop: set for -EMULTIHOP
 *
 * Context: TTM's, with the BO's dma_resv lock held.
 * Return: 0; -EMULTIHOP if it has to be brought to @hop first; -EBUSY if something has to be
 * waited for and must not be; -ENODEV; -ENOMEM; -E2BIG; -ERESTARTSYS.
 */
int puck_move(struct ttm_buffer_object *tbo, bool evict, struct ttm_operation_ctx *ctx,
	      struct ttm_resource *new_res, struct ttm_place *hop)
{
	bool vram = puck_is_in(new_res, TTM_PL_VRAM);
	int ret;

	if (puck_move_needs_hop(tbo, new_res)) {
		*hop = (struct ttm_place) {
			.mem_type = TTM_PL_TT,
			.flags = TTM_PL_FLAG_TEMPORARY,
		};
		return -EMULTIHOP;
	}
	/* TTM's own objects, which keep pages until a move is over, were never exported. */
	if (tbo->base.dev && !puck_is_in(tbo->resource, TTM_PL_SYSTEM))
		puck_prime_moves(ttm_to_puck_bo(tbo));
	if (vram)
		ret = puck_move_to_vram(tbo, new_res);
	else if (puck_is_in(tbo->resource, TTM_PL_VRAM))
		ret = puck_move_from_vram(tbo, new_res);
	else
		ret = puck_move_system(tbo, ctx, new_res);
	if (ret)
		return ret;
	/* TTM's own objects, which keep pages until a move is over, are no BOs, and in no VM. */
	if (!tbo->base.dev)
		return 0;
	WRITE_ONCE(ttm_to_puck_bo(tbo)->region,
		   vram ? DRM_PUCK_REGION_VRAM : DRM_PUCK_REGION_SYSTEM);
	/* VMs that have it mapped map it again before their next job by address. */
	drm_gpuvm_bo_gem_evict(&tbo->base, true);
	return 0;
}
