// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects, from their making to their end. A BO is TTM's, and moves (place.c, move.c);
 * one that is imported is where its exporter has it (import.c).
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_placement.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/fault.h"
#include "mem/import.h"
#include "mem/lock.h"
#include "mem/mem.h"
#include "mem/place.h"
#include "mem/prime.h"
#include "mem/tt.h"
#include "mem/userptr.h"

/**
 * puck_bo_where - see where a BO is for the device
 * @bo: the BO
 *
 * Context: inside drm_dev_enter(), with the BO's dma_resv lock held. The answer is good for
 * as long as both hold.
 * Return: where it is; nowhere if it is not mapped for the device.
 */
struct puck_where puck_bo_where(struct puck_bo *bo)
{
	struct ttm_buffer_object *tbo = &bo->ttm;

	dma_resv_assert_held(tbo->base.resv);

	if (tbo->resource && tbo->resource->mem_type == TTM_PL_VRAM)
		return puck_vram_where(tbo->resource);
	return (struct puck_where) { .sgt = tbo->ttm ? to_puck_tt(tbo->ttm)->sgt : NULL };
}

/*
 * Whether somebody hands pages over before there is anything: what a move brings the CPU is given
 * when the move is over, by puck_bo_take() at the latest, and until it has been it has nothing to
 * give back. What the pages have until then is another's.
 */
static bool puck_bo_is_ahead(struct ttm_buffer_object *tbo, bool for_cpu)
{
	if (!to_puck_tt(tbo->ttm)->moved)
		return false;
	return !for_cpu || !dma_resv_test_signaled(tbo->base.resv, DMA_RESV_USAGE_KERNEL);
}

/**
 * puck_bo_sync - hand a BO to the CPU, or to the device
 * @bo: the BO
 * @for_cpu: to whom
 * @write: the CPU will write it, or has; what was said of that before holds else
 *
 * In VRAM there is nothing to be done for that; but it may be system memory the next time
 * that it is touched.
 *
 * Context: inside drm_dev_enter(), with the BO's dma_resv lock held.
 */
void puck_bo_sync(struct puck_bo *bo, bool for_cpu, bool write)
{
	struct ttm_buffer_object *tbo = &bo->ttm;

	dma_resv_assert_held(tbo->base.resv);

	if (write)
		bo->cpu = for_cpu;
	if (bo->userptr) {
		puck_userptr_sync(bo, for_cpu, bo->cpu);
		return;
	}
	if (!tbo->resource || tbo->resource->mem_type != TTM_PL_TT ||
	    puck_bo_is_ahead(tbo, for_cpu))
		return;
	if (for_cpu)
		puck_tt_sync_for_cpu(to_puck_tt(tbo->ttm), bo->cpu);
	else
		puck_tt_sync_for_device(to_puck_tt(tbo->ttm));
}

/**
 * puck_bo_place_name - name the place that a BO is in
 * @bo: the BO
 *
 * Context: with the BO's dma_resv lock held.
 */
const char *puck_bo_place_name(const struct puck_bo *bo)
{
	static const char * const names[] = {
		[TTM_PL_SYSTEM] = "unmapped",
		[TTM_PL_TT] = "system",
		[TTM_PL_VRAM] = "vram",
	};

	return bo->ttm.resource ? names[bo->ttm.resource->mem_type] : "none";
}

/* Errors of TTM as our ioctls have them. */
static int puck_bo_errno(const struct puck_bo *bo, int ret)
{
	/* It says so of VRAM that is full, too, where nothing else would do. */
	if (ret == -ENOMEM && bo->placements == BIT(DRM_PUCK_REGION_VRAM))
		return -ENOSPC;
	return ret;
}

static int puck_bo_place(struct puck_bo *bo, struct ttm_operation_ctx *ctx)
{
	struct puck_places places;
	int ret;

	puck_places_of(bo, &places);
	ret = ttm_bo_validate(&bo->ttm, &places.list, ctx);
	if (ret)
		return puck_bo_errno(bo, ret);
	ttm_bo_move_to_lru_tail_unlocked(&bo->ttm);
	return 0;
}

/**
 * puck_bo_validate - bring a BO to where a job can use it
 * @bo: the BO
 *
 * Context: inside drm_dev_enter(), in a puck_lock_fn, with the BO's dma_resv lock held by the
 * ticket, as are those of the other BOs of the job: TTM locks by the same ticket whom it
 * drives out, and behind that the ticket takes no lock any more. Until the lock is let go of, or a
 * fence is in there, the BO stays where it is.
 * Return: 0; -ENOSPC if there is no room in VRAM; -ENOMEM; -E2BIG if it lies in too many
 * pieces to be moved; -ENODEV; -ERESTARTSYS.
 */
int puck_bo_validate(struct puck_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true, .gfp_retry_mayfail = true };

	if (bo->dmabuf)
		return puck_import_validate(bo);
	/* puck_userptr_prepare() came before, and puck_userptr_begin() looks once more. */
	if (bo->userptr)
		return puck_bo_where(bo).sgt ? 0 : PUCK_USERPTR_STALE;
	if (bo->ttm.pin_count)
		return puck_bo_where(bo).sgt ? 0 : -ENODEV;
	return puck_bo_place(bo, &ctx);
}

/**
 * puck_bo_drive_out - bring a BO out of VRAM
 * @bo: not imported
 *
 * For one that TTM would not choose, as the caller holds its lock.
 *
 * Context: inside drm_dev_enter(), with the BO's dma_resv lock held.
 * Return: 0; -ENOMEM; -ENODEV; -E2BIG; -ERESTARTSYS.
 */
int puck_bo_drive_out(struct puck_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true, .gfp_retry_mayfail = true };
	struct ttm_buffer_object *tbo = &bo->ttm;
	struct puck_places places;

	if (!tbo->resource || tbo->resource->mem_type != TTM_PL_VRAM || tbo->pin_count)
		return 0;
	puck_places_system(&places);
	return ttm_bo_validate(tbo, &places.list, &ctx);
}

/**
 * puck_bo_expose - have all that jobs draw into a BO be in its memory from here on
 * @bo: any; there is nothing to be done for most
 *
 * For who looks into the memory, and not at what the device has beside it: a display, another
 * device, the CPU by a dma-buf. He waits for WRITE fences, as for those of any job.
 *
 * Context: process; no dma_resv lock is held.
 * Return: 0; -EOPNOTSUPP if the device alone can find its way in it; -ENOMEM; -ENODEV; -EINTR;
 * -ERESTARTSYS; why the device is wedged.
 */
int puck_bo_expose(struct puck_bo *bo)
{
	/* What is imported is another's memory, and may become a resource, or fail to, just now. */
	if (bo->dmabuf || !bo->res)
		return 0;
	return ttm_to_puck_mem(bo->ttm.bdev)->expose(bo);
}

/**
 * puck_bos_next - go through the BOs of a device
 * @puck: the device
 * @bo: held; it stays in the list, so the way can be gone on from there. NULL: the beginning
 *
 * Return: the BO behind @bo, with a reference; NULL at the end.
 */
struct puck_bo *puck_bos_next(struct puck_device *puck, struct puck_bo *bo)
{
	struct puck_bo *next;
	bool found = false;

	spin_lock(&puck->list_lock);
	next = bo ?: list_entry(&puck->bos, struct puck_bo, node);
	list_for_each_entry_continue(next, &puck->bos, node) {
		/* Some are on their way out. */
		found = kref_get_unless_zero(&next->ttm.base.refcount);
		if (found)
			break;
	}
	spin_unlock(&puck->list_lock);
	return found ? next : NULL;
}

/**
 * puck_gem_link - let others look at a BO
 * @puck: the device
 * @bo: the BO, all there
 */
void puck_gem_link(struct puck_device *puck, struct puck_bo *bo)
{
	spin_lock(&puck->list_lock);
	list_add_tail(&bo->node, &puck->bos);
	spin_unlock(&puck->list_lock);
}

/* Of what is not TTM's; see puck_tt_unbind(). */
static void puck_gem_unmap(struct puck_bo *bo)
{
	puck_import_detach(bo);
	puck_userptr_unmap(bo);
}

/**
 * puck_gem_unbind_all - take all BOs away from the device
 * @puck: the device, unplugged and silent
 *
 * BOs live on as long as their handles, but no mapping may outlive the bond of
 * driver and device.
 */
void puck_gem_unbind_all(struct puck_device *puck)
{
	struct puck_bo *bo;

	/* Nobody adds BOs any more, and they go under this lock only. */
	mutex_lock(&puck->late_lock);
	list_for_each_entry(bo, &puck->bos, node)
		puck_gem_unmap(bo);
	mutex_unlock(&puck->late_lock);
	puck_tt_unbind_all(puck->mem);
}

static void puck_gem_unlink(struct puck_device *puck, struct puck_bo *bo)
{
	spin_lock(&puck->list_lock);
	list_del_init(&bo->node);
	spin_unlock(&puck->list_lock);
	puck_gem_unmap(bo);
}

static void puck_gem_take_away(struct puck_device *puck, struct puck_bo *bo)
{
	int idx;

	if (drm_dev_enter(&puck->drm, &idx)) {
		puck_gem_unlink(puck, bo);
		drm_dev_exit(idx);
	} else {
		mutex_lock(&puck->late_lock);
		puck_gem_unlink(puck, bo);
		mutex_unlock(&puck->late_lock);
	}
}

/**
 * puck_gem_fini - end a BO whose last handle, dma-buf and job is gone
 * @bo: the BO, which the device knows by no number any more
 *
 * Context: may sleep. A BO that was pinned for the device is not any more.
 */
void puck_gem_fini(struct puck_bo *bo)
{
	puck_gem_take_away(to_puck_device(bo->ttm.base.dev), bo);
	dma_resv_lock(bo->ttm.base.resv, NULL);
	if (bo->ttm.pin_count)
		ttm_bo_unpin(&bo->ttm);
	dma_resv_unlock(bo->ttm.base.resv);
	puck_compat_ttm_bo_fini(&bo->ttm);
}

/* The last handle, dma-buf and job is gone; mappings of processes may be left. */
static void puck_gem_free(struct drm_gem_object *obj)
{
	struct puck_device *puck = to_puck_device(obj->dev);
	struct puck_bo *bo = to_puck_bo(obj);

	/* What is another's stays mapped until the device has forgotten where it is. */
	if (bo->res) {
		puck->mem->end(bo);
		return;
	}
	puck_gem_take_away(puck, bo);
	puck_compat_ttm_bo_fini(&bo->ttm);
}

/*
 * Lets go of the exporter, which takes the dma_resv lock; or of the process, which waits for
 * whoever takes its memory away.
 */
static void puck_bo_release_foreign(struct work_struct *work)
{
	struct puck_bo *bo = container_of(work, struct puck_bo, release);

	puck_import_end(bo);
	if (bo->userptr)
		puck_userptr_fini(bo);
	drm_gem_object_release(&bo->ttm.base);
	if (bo->dmabuf)
		dma_buf_put(bo->dmabuf);
	kfree(bo);
}

/* TTM is done with a BO. It may hold locks of others here. */
static void puck_bo_destroy(struct ttm_buffer_object *tbo)
{
	struct puck_bo *bo = ttm_to_puck_bo(tbo);

	/* It is not the last one of a VM's own, but may be the last that keeps its dma_resv. */
	if (bo->vm_resv)
		drm_gem_object_put(bo->vm_resv);
	if (bo->dmabuf || bo->userptr) {
		INIT_WORK(&bo->release, puck_bo_release_foreign);
		queue_work(tbo->bdev->wq, &bo->release);
	} else {
		drm_gem_object_release(&tbo->base);
		kfree(bo);
	}
}

static void puck_gem_print_info(struct drm_printer *p, unsigned int indent,
				const struct drm_gem_object *obj)
{
	const struct puck_bo *bo = container_of(obj, struct puck_bo, ttm.base);

	drm_printf_indent(p, indent, "region=%u\n", READ_ONCE(bo->region));
}

static const struct drm_gem_object_funcs puck_gem_funcs = {
	.free = puck_gem_free,
	.print_info = puck_gem_print_info,
	.export = puck_prime_export,
	.pin = puck_gem_pin,
	.unpin = puck_gem_unpin,
	.vmap = puck_gem_vmap,
	.vunmap = puck_gem_vunmap,
	.mmap = puck_gem_mmap,
	.vm_ops = &puck_fault_ops,
};

static struct puck_bo *puck_bo_alloc(struct puck_device *puck, u64 size)
{
	struct puck_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL);

	if (!bo)
		return NULL;
	INIT_LIST_HEAD(&bo->node);
	INIT_LIST_HEAD(&bo->retired);
	bo->ttm.base.funcs = &puck_gem_funcs;
	bo->caching = DRM_PUCK_CACHING_WB;
	bo->region = DRM_PUCK_REGION_SYSTEM;
	drm_gem_private_object_init(&puck->drm, &bo->ttm.base, size);
	return bo;
}

/**
 * puck_gem_make_import - make a BO whose memory is in a dma-buf
 * @puck: the device
 * @dmabuf: from somebody else; the BO keeps a reference
 *
 * Nothing is mapped yet; see import.c.
 *
 * Context: inside drm_dev_enter().
 * Return: the BO, to be given to drm_gem_object_put(); or an ERR_PTR().
 */
struct puck_bo *puck_gem_make_import(struct puck_device *puck, struct dma_buf *dmabuf)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct puck_bo *bo = puck_bo_alloc(puck, dmabuf->size);
	struct puck_places places;
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	get_dma_buf(dmabuf);
	bo->dmabuf = dmabuf;
	puck_places_system(&places);
	dma_resv_lock(dmabuf->resv, NULL);
	/* On errors the BO is gone. */
	ret = ttm_bo_init_reserved(&puck->mem->ttm, &bo->ttm, ttm_bo_type_sg, &places.list, 0,
				   &ctx, NULL, dmabuf->resv, puck_bo_destroy);
	dma_resv_unlock(dmabuf->resv);
	return ret ? ERR_PTR(ret) : bo;
}

/**
 * puck_gem_make_userptr - make a BO whose memory is that of a process
 * @puck: the device
 * @size: bytes
 * @userptr: the memory, which the BO owns from here on, also on errors
 *
 * Context: inside drm_dev_enter().
 * Return: the BO, to be given to drm_gem_object_put(); or an ERR_PTR().
 */
struct puck_bo *puck_gem_make_userptr(struct puck_device *puck, u64 size,
				      struct puck_userptr *userptr)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct puck_bo *bo = puck_bo_alloc(puck, size);
	struct puck_places places;
	int ret;

	if (!bo) {
		kfree(userptr);
		return ERR_PTR(-ENOMEM);
	}
	bo->userptr = userptr;
	/* puck_userptr_fini() takes it off. */
	atomic64_add(size, &puck->mem->imported);
	puck_places_system(&places);
	/* On errors the BO is gone. */
	ret = ttm_bo_init_reserved(&puck->mem->ttm, &bo->ttm, ttm_bo_type_sg, &places.list, 0,
				   &ctx, NULL, NULL, puck_bo_destroy);
	if (ret)
		return ERR_PTR(ret);
	dma_resv_unlock(bo->ttm.base.resv);
	return bo;
}

/**
 * puck_gem_is_bo - tell BOs from what else has a dma_resv that jobs lock
 * @obj: the driver's, or that of a VM
 */
bool puck_gem_is_bo(const struct drm_gem_object *obj)
{
	return obj->funcs == &puck_gem_funcs;
}

/* Hints of what to drive out first. */
static unsigned int puck_bo_priority(u32 flags)
{
	if (flags & DRM_PUCK_GEM_EVICT_FIRST)
		return 0;
	return flags & DRM_PUCK_GEM_EVICT_LAST ? 2 : 1;
}

/* What GEM_CREATE says of a BO. */
struct puck_gem_desc {
	u64 size;
	u32 placements;
	u32 flags;
	u32 caching;
	struct drm_gem_object *vm_resv;
};

/*
 * Make TTM's part of a BO, without memory: TTM makes room for a new BO without a ticket, and
 * gives up where somebody else, who may be about to let go, holds a lock. On errors @bo is
 * gone.
 */
static int puck_gem_init(struct puck_device *puck, struct puck_bo *bo)
{
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	struct ttm_placement nowhere = { .num_placement = 1, .placement = &system };
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct dma_resv *resv = NULL;
	int ret;

	if (bo->vm_resv) {
		resv = bo->vm_resv->resv;
		dma_resv_lock(resv, NULL);
	}
	ret = ttm_bo_init_reserved(&puck->mem->ttm, &bo->ttm, ttm_bo_type_device, &nowhere, 0,
				   &ctx, NULL, resv, puck_bo_destroy);
	if (resv)
		dma_resv_unlock(resv);
	else if (!ret)
		dma_resv_unlock(bo->ttm.base.resv);
	return ret;
}

static struct puck_bo *puck_gem_make(struct puck_device *puck, const struct puck_gem_desc *desc)
{
	struct puck_bo *bo = puck_bo_alloc(puck, desc->size);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	if (desc->vm_resv) {
		drm_gem_object_get(desc->vm_resv);
		bo->vm_resv = desc->vm_resv;
	}
	bo->placements = desc->placements;
	bo->flags = desc->flags;
	bo->caching = desc->caching;
	bo->ttm.priority = puck_bo_priority(desc->flags);
	ret = puck_gem_init(puck, bo);
	return ret ? ERR_PTR(ret) : bo;
}

/* Lock a new BO, and bring it to its first place; a puck_lock_fn. */
static int puck_gem_place(struct drm_exec *exec, bool alone, void *data)
{
	struct puck_bo *bo = data;
	/* Others that are private to the VM may go: locked they are, but not to be used. */
	struct ttm_operation_ctx ctx = {
		.interruptible = true,
		.gfp_retry_mayfail = true,
		.resv = bo->ttm.base.resv,
		.allow_res_evict = bo->vm_resv,
	};
	int ret = drm_exec_lock_obj(exec, &bo->ttm.base);

	return ret ?: puck_bo_place(bo, &ctx);
}

/**
 * puck_gem_create - make a BO of zeroed memory
 * @puck: the device
 * @size: bytes
 * @placements: mask of 1 << DRM_PUCK_REGION_*, not empty
 * @flags: DRM_PUCK_GEM_*
 * @caching: DRM_PUCK_CACHING_WB or _WC; of system memory
 * @vm_resv: whose dma_resv the BO is to have, if it is private to a VM; else NULL
 *
 * Context: may sleep.
 * Return: the BO, to be given to drm_gem_object_put(); or an ERR_PTR().
 */
struct puck_bo *puck_gem_create(struct puck_device *puck, u64 size, u32 placements, u32 flags,
				u32 caching, struct drm_gem_object *vm_resv)
{
	struct puck_gem_desc desc = {
		.size = PAGE_ALIGN(size),
		.placements = placements,
		.flags = flags,
		.caching = caching,
		.vm_resv = vm_resv,
	};
	struct drm_exec exec;
	struct puck_bo *bo;
	int idx, ret;

	ret = puck_places_check(puck, size, placements);
	if (ret)
		return ERR_PTR(ret);
	if (!drm_dev_enter(&puck->drm, &idx))
		return ERR_PTR(-ENODEV);
	bo = puck_gem_make(puck, &desc);
	if (IS_ERR(bo))
		goto exit;
	ret = puck_lock(puck->mem, &exec, 1, puck_gem_place, bo);
	if (ret) {
		drm_gem_object_put(&bo->ttm.base);
		bo = ERR_PTR(ret);
		goto exit;
	}
	puck_unlock(puck->mem, &exec);
	puck_gem_link(puck, bo);
exit:
	drm_dev_exit(idx);
	return bo;
}
