// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects. A BO's pages are pinned and mapped for the device once, when
 * the BO is made or imported, and stay so until it goes or the device does. Whoever
 * looks at the mapping holds the BO's dma_resv lock all the same: what does not move
 * today will do so.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/puck_drm.h>

#include "core/device.h"
#include "mem/bo.h"
#include "mem/prime.h"

/**
 * puck_gem_table - make an sg_table of a BO's pages
 * @bo: with pinned pages
 * @dev: the device that it will be mapped for
 *
 * As few entries as there are contiguous pieces, but none longer than the
 * device declares to take: a mapping may merge entries, never split them.
 *
 * Return: the table, not mapped, or an ERR_PTR().
 */
struct sg_table *puck_gem_table(struct puck_bo *bo, struct device *dev)
{
	size_t size = bo->base.base.size;
	unsigned int max_seg = max_t(unsigned int, PAGE_SIZE,
				     ALIGN_DOWN(dma_get_max_seg_size(dev), PAGE_SIZE));
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages_segment(sgt, bo->base.pages, size >> PAGE_SHIFT, 0, size,
						max_seg, GFP_KERNEL);
	if (ret) {
		kfree(sgt);
		return ERR_PTR(ret);
	}
	return sgt;
}

/**
 * puck_gem_free_table - undo puck_gem_table()
 * @sgt: not mapped any more
 */
void puck_gem_free_table(struct sg_table *sgt)
{
	sg_free_table(sgt);
	kfree(sgt);
}

static int puck_gem_map(struct puck_device *puck, struct puck_bo *bo)
{
	struct sg_table *sgt = puck_gem_table(bo, puck->drm.dev);
	int ret;

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);

	ret = dma_map_sgtable(puck->drm.dev, sgt, DMA_BIDIRECTIONAL, 0);
	if (ret) {
		puck_gem_free_table(sgt);
		return ret;
	}
	puck_bo_set_table(bo, sgt);
	return 0;
}

/* Once a BO is linked, others may look at its mapping. */
static void puck_gem_link(struct puck_device *puck, struct puck_bo *bo)
{
	spin_lock(&puck->list_lock);
	list_add_tail(&bo->node, &puck->bos);
	spin_unlock(&puck->list_lock);
}

/* Pin and map a new BO. */
static int puck_gem_bind(struct puck_device *puck, struct puck_bo *bo)
{
	struct dma_resv *resv = bo->base.base.resv;
	int ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = drm_gem_shmem_pin_locked(&bo->base);
	if (!ret) {
		ret = puck_gem_map(puck, bo);
		if (ret)
			drm_gem_shmem_unpin_locked(&bo->base);
	}
	dma_resv_unlock(resv);
	return ret;
}

static void puck_gem_unmap(struct puck_device *puck, struct puck_bo *bo, struct sg_table *sgt)
{
	struct drm_gem_object *obj = &bo->base.base;

	puck_bo_set_table(bo, NULL);
	if (obj->import_attach) {
		dma_buf_unmap_attachment(obj->import_attach, sgt, DMA_BIDIRECTIONAL);
		bo->base.sgt = NULL;
	} else {
		/* dma_unmap_sgtable() unmaps orig_nents entries, as many as were mapped. */
		dma_unmap_sgtable(puck->drm.dev, sgt, DMA_BIDIRECTIONAL, 0);
		puck_gem_free_table(sgt);
		drm_gem_shmem_unpin_locked(&bo->base);
	}
}

/*
 * Take a BO away from the device, which must be done with it. Callers are inside
 * drm_dev_enter(), or after drm_dev_unplug() hold late_lock.
 */
static void puck_gem_unbind(struct puck_device *puck, struct puck_bo *bo)
{
	struct dma_resv *resv = bo->base.base.resv;
	struct sg_table *sgt;

	dma_resv_lock(resv, NULL);
	sgt = puck_bo_table(bo);
	if (sgt)
		puck_gem_unmap(puck, bo, sgt);
	dma_resv_unlock(resv);
}

/**
 * puck_gem_validate - make a BO ready for a job
 * @bo: the BO
 *
 * A BO is mapped from its making on. Memory that moves will be moved back here.
 *
 * Context: inside drm_dev_enter(), with the BO's dma_resv lock held. Until that is let
 * go of, or a fence is in there, the BO stays as it is.
 * Return: 0 or -ENODEV.
 */
int puck_gem_validate(struct puck_bo *bo)
{
	return puck_bo_table(bo) ? 0 : -ENODEV;
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
		puck_gem_unbind(puck, bo);
	mutex_unlock(&puck->late_lock);
}

static void puck_gem_unlink(struct puck_device *puck, struct puck_bo *bo)
{
	spin_lock(&puck->list_lock);
	list_del(&bo->node);
	spin_unlock(&puck->list_lock);
	puck_gem_unbind(puck, bo);
}

static void puck_gem_free(struct drm_gem_object *obj)
{
	struct puck_device *puck = to_puck_device(obj->dev);
	struct puck_bo *bo = to_puck_bo(obj);
	int idx;

	if (drm_dev_enter(obj->dev, &idx)) {
		puck_gem_unlink(puck, bo);
		drm_dev_exit(idx);
	} else {
		mutex_lock(&puck->late_lock);
		puck_gem_unlink(puck, bo);
		mutex_unlock(&puck->late_lock);
	}
	/* What was made here, and not imported. */
	if (bo->placements)
		atomic64_sub(obj->size, &puck->system_used);
	drm_gem_shmem_free(&bo->base);
}

static const struct drm_gem_object_funcs puck_gem_funcs = {
	.free = puck_gem_free,
	.print_info = drm_gem_shmem_object_print_info,
	.export = puck_prime_export,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

/**
 * puck_gem_create_object - allocate a BO for the shmem helpers
 * @dev: the device
 * @size: bytes
 *
 * Return: its GEM object or an ERR_PTR().
 */
struct drm_gem_object *puck_gem_create_object(struct drm_device *dev, size_t size)
{
	struct puck_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL);

	if (!bo)
		return ERR_PTR(-ENOMEM);

	INIT_LIST_HEAD(&bo->node);
	bo->base.base.funcs = &puck_gem_funcs;
	return &bo->base.base;
}

/**
 * puck_gem_import_table - make a BO of a dma-buf that is mapped for us
 * @dev: the device
 * @attach: our attachment
 * @sgt: the mapping: for the device's eyes, its pages are not ours to look at
 *
 * Return: the GEM object or an ERR_PTR().
 */
struct drm_gem_object *puck_gem_import_table(struct drm_device *dev,
					     struct dma_buf_attachment *attach,
					     struct sg_table *sgt)
{
	struct puck_device *puck = to_puck_device(dev);
	struct drm_gem_object *obj;
	struct puck_bo *bo;
	int idx;

	/* The mapping has to go in remove, so it must not be made after that. */
	if (!drm_dev_enter(dev, &idx))
		return ERR_PTR(-ENODEV);

	obj = drm_gem_shmem_prime_import_sg_table(dev, attach, sgt);
	if (!IS_ERR(obj)) {
		/* The caller will set it as well; but remove may look at it before. */
		obj->import_attach = attach;
		obj->resv = attach->dmabuf->resv;
		bo = to_puck_bo(obj);
		dma_resv_lock(obj->resv, NULL);
		puck_bo_set_table(bo, sgt);
		dma_resv_unlock(obj->resv);
		puck_gem_link(puck, bo);
	}
	drm_dev_exit(idx);
	return obj;
}

/* Fill a BO that has no more than its GEM object. */
static int puck_gem_fill(struct puck_device *puck, struct puck_bo *bo)
{
	int idx, ret;

	/* The mapping has to go in remove, so it must not be made after that. */
	if (!drm_dev_enter(&puck->drm, &idx))
		return -ENODEV;
	ret = puck_gem_bind(puck, bo);
	if (!ret)
		puck_gem_link(puck, bo);
	drm_dev_exit(idx);
	return ret;
}

/**
 * puck_gem_create - make a BO of zeroed memory, pinned and mapped
 * @puck: the device
 * @size: bytes
 * @placements: mask of 1 << DRM_PUCK_REGION_*, not empty
 * @wc: let CPU mappings be write-combined
 *
 * Context: may sleep.
 * Return: the BO, to be given to drm_gem_object_put(); or an ERR_PTR().
 */
struct puck_bo *puck_gem_create(struct puck_device *puck, u64 size, u32 placements, bool wc)
{
	struct drm_gem_shmem_object *shmem = drm_gem_shmem_create(&puck->drm, size);
	struct puck_bo *bo;
	int ret;

	if (IS_ERR(shmem))
		return ERR_CAST(shmem);
	bo = to_puck_bo(&shmem->base);
	bo->placements = placements;
	atomic64_add(shmem->base.size, &puck->system_used);
	/* Has to be known before there are pages: their kernel mapping follows it. */
	shmem->map_wc = wc;

	ret = puck_gem_fill(puck, bo);
	if (ret) {
		drm_gem_object_put(&shmem->base);
		return ERR_PTR(ret);
	}
	return bo;
}
