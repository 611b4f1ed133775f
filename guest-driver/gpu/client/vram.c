// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM of in-kernel clients: a BO that stays in its place, which the client knows. It is
 * cleared before the client has it and when it goes, as each BO is. Whom the client lets have
 * it in between, and what of it is left for him, is the client's affair.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_placement.h>

#include "client/client.h"
#include "mem/bo.h"
#include "mem/vram.h"
#include "puck/client.h"

/**
 * struct puck_client_vram - a page of VRAM
 * @bo: which it is all of; pinned
 */
struct puck_client_vram {
	struct puck_bo *bo;
};

/* Keep a BO where it is; it may have been driven out since it was made. */
static int puck_client_pin(struct puck_bo *bo, u64 *offset)
{
	struct ttm_buffer_object *tbo = &bo->ttm;
	int ret = -ENOSPC;

	dma_resv_lock(tbo->base.resv, NULL);
	if (tbo->resource && tbo->resource->mem_type == TTM_PL_VRAM) {
		ttm_bo_pin(tbo);
		*offset = puck_vram_offset(tbo->resource, 0);
		ret = 0;
	}
	dma_resv_unlock(tbo->base.resv);
	return ret;
}

static void puck_client_unpin(struct puck_bo *bo)
{
	dma_resv_lock(bo->ttm.base.resv, NULL);
	ttm_bo_unpin(&bo->ttm);
	dma_resv_unlock(bo->ttm.base.resv);
}

/**
 * puck_client_vram_alloc - have a page of VRAM
 * @client: the client
 * @offset: where it is, for segments with PUCK_GPU_SEG_VRAM and entries with PUCK_GPU_PTE_VRAM
 *
 * Nothing is in it but zeroes. What the client puts there is lost when the machine sleeps.
 *
 * Context: may sleep.
 * Return: the page, to be given to puck_client_vram_free(); ERR_PTR(-ENOSPC) if there is no room;
 * -ENOMEM; -ENODEV; -EINTR or -ERESTARTSYS.
 */
struct puck_client_vram *puck_client_vram_alloc(struct puck_client *client, u64 *offset)
{
	struct puck_client_vram *vram = kzalloc(sizeof(*vram), GFP_KERNEL);
	int ret;

	if (!vram)
		return ERR_PTR(-ENOMEM);
	vram->bo = puck_gem_create(client->puck, PUCK_GPU_PAGE_SIZE, BIT(DRM_PUCK_REGION_VRAM), 0,
				   DRM_PUCK_CACHING_WB, NULL);
	if (IS_ERR(vram->bo)) {
		ret = PTR_ERR(vram->bo);
		goto err_vram;
	}
	ret = puck_client_pin(vram->bo, offset);
	if (ret)
		goto err_bo;
	/* The zeroes are there, and nobody else's copy writes there any more. */
	dma_resv_wait_timeout(vram->bo->ttm.base.resv, DMA_RESV_USAGE_KERNEL, false,
			      MAX_SCHEDULE_TIMEOUT);
	return vram;

err_bo:
	drm_gem_object_put(&vram->bo->ttm.base);
err_vram:
	kfree(vram);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(puck_client_vram_alloc);

/**
 * puck_client_vram_free - give a page of VRAM back
 * @vram: from puck_client_vram_alloc(); all jobs that use it have completed
 *
 * Context: may sleep.
 */
void puck_client_vram_free(struct puck_client_vram *vram)
{
	puck_client_unpin(vram->bo);
	drm_gem_object_put(&vram->bo->ttm.base);
	kfree(vram);
}
EXPORT_SYMBOL_GPL(puck_client_vram_free);
