// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on buffer objects.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_utils.h>
#include <drm/puck_drm.h>

#include "core/device.h"
#include "mem/bo.h"
#include "mem/ioctl.h"

/* Where BOs can be placed today. */
#define PUCK_PLACEMENTS		BIT(DRM_PUCK_REGION_SYSTEM)

/**
 * puck_ioctl_gem_create - make a BO of zeroed memory, pinned and mapped
 * @dev: the device
 * @data: struct drm_puck_gem_create
 * @file: the caller
 *
 * Return: 0; -EINVAL for no size, for no placement or one that there is not, for unknown
 * caching or flags; -E2BIG; -ENOMEM; -ENODEV; -EINTR.
 */
int puck_ioctl_gem_create(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_create *args = data;
	struct puck_bo *bo;
	int ret;

	if (!args->size || args->vm || args->flags || args->handle || args->pad)
		return -EINVAL;
	if (!args->placements || args->placements & ~PUCK_PLACEMENTS)
		return -EINVAL;
	if (args->caching > DRM_PUCK_CACHING_WC)
		return -EINVAL;
	if (args->size > DRM_PUCK_BO_SIZE_MAX)
		return -E2BIG;

	bo = puck_gem_create(to_puck_device(dev), args->size, args->placements,
			     args->caching == DRM_PUCK_CACHING_WC);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	args->size = bo->base.base.size;
	ret = drm_gem_handle_create(file, &bo->base.base, &args->handle);
	/* The handle keeps the BO from here on. */
	drm_gem_object_put(&bo->base.base);
	return ret;
}

/**
 * puck_ioctl_gem_mmap_offset - tell where a BO can be mapped
 * @dev: the device
 * @data: struct drm_puck_gem_mmap_offset
 * @file: the caller
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int puck_ioctl_gem_mmap_offset(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_mmap_offset *args = data;
	struct drm_gem_object *obj;

	if (args->flags || args->offset)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	/* The shmem helpers have made an offset for each of their objects. */
	args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return 0;
}

static void puck_gem_tell(struct puck_bo *bo, struct sg_table *sgt,
			  struct drm_puck_gem_info *args)
{
	struct drm_gem_object *obj = &bo->base.base;

	args->flags = obj->import_attach ? DRM_PUCK_INFO_IMPORTED : 0;
	args->size = obj->size;
	args->placements = bo->placements;
	args->region = DRM_PUCK_REGION_SYSTEM;
	args->caching = bo->base.map_wc ? DRM_PUCK_CACHING_WC : DRM_PUCK_CACHING_WB;
	args->orig_nents = sgt->orig_nents;
	args->nents = sgt->nents;
}

/**
 * puck_ioctl_gem_info - tell how a BO lies in memory and what the device sees
 * @dev: the device
 * @data: struct drm_puck_gem_info
 * @file: the caller
 *
 * Return: 0, -EINVAL, -ENOENT, -ENODEV, -EINTR.
 */
int puck_ioctl_gem_info(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_info *args = data;
	struct drm_gem_object *obj;
	struct sg_table *sgt;
	int ret;

	if (args->flags || args->size || args->placements || args->region || args->caching ||
	    args->orig_nents || args->nents || args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (!ret) {
		sgt = puck_bo_table(to_puck_bo(obj));
		if (sgt)
			puck_gem_tell(to_puck_bo(obj), sgt, args);
		else
			ret = -ENODEV;
		dma_resv_unlock(obj->resv);
	}
	drm_gem_object_put(obj);
	return ret;
}

/*
 * Hand a BO to the CPU or to the device. Imported ones are in the hands of
 * their exporter: for those there is DMA_BUF_IOCTL_SYNC.
 */
static int puck_gem_sync(struct drm_gem_object *obj, bool for_cpu)
{
	struct sg_table *sgt;
	int ret;

	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	sgt = puck_bo_table(to_puck_bo(obj));
	if (!sgt)
		ret = -ENODEV;
	else if (!obj->import_attach && for_cpu)
		dma_sync_sgtable_for_cpu(obj->dev->dev, sgt, DMA_BIDIRECTIONAL);
	else if (!obj->import_attach)
		dma_sync_sgtable_for_device(obj->dev->dev, sgt, DMA_BIDIRECTIONAL);
	dma_resv_unlock(obj->resv);
	return ret;
}

/**
 * puck_ioctl_gem_wait - wait for the fences of a BO, then hand it to the CPU
 * @dev: the device
 * @data: struct drm_puck_gem_wait
 * @file: the caller
 *
 * Return: 0, -ETIME, -EINVAL, -ENOENT, -ENODEV, -ERESTARTSYS.
 */
int puck_ioctl_gem_wait(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_wait *args = data;
	bool write = args->flags & DRM_PUCK_WAIT_WRITE;
	struct drm_gem_object *obj;
	long left;
	int ret;

	if (args->flags & ~DRM_PUCK_WAIT_WRITE)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	left = dma_resv_wait_timeout(obj->resv, dma_resv_usage_rw(write), true,
				     drm_timeout_abs_to_jiffies(args->timeout_ns));
	if (left < 0)
		ret = left;
	else
		ret = left ? puck_gem_sync(obj, true) : -ETIME;
	drm_gem_object_put(obj);
	return ret;
}

/**
 * puck_ioctl_gem_flush - hand a BO to the device
 * @dev: the device
 * @data: struct drm_puck_gem_flush
 * @file: the caller
 *
 * Return: 0, -EINVAL, -ENOENT, -ENODEV.
 */
int puck_ioctl_gem_flush(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_flush *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->flags)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	ret = puck_gem_sync(obj, false);
	drm_gem_object_put(obj);
	return ret;
}
