// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on buffer objects.
 */
#include <linux/dma-resv.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_utils.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_placement.h>

#include "core/device.h"
#include "mem/bo.h"
#include "mem/ioctl.h"
#include "mem/tt.h"
#include "mem/userptr.h"

#define PUCK_PLACEMENTS		(BIT(DRM_PUCK_REGION_SYSTEM) | BIT(DRM_PUCK_REGION_VRAM))
#define PUCK_GEM_EVICT		(DRM_PUCK_GEM_EVICT_FIRST | DRM_PUCK_GEM_EVICT_LAST)
#define PUCK_GEM_FLAGS \
	(DRM_PUCK_GEM_SCATTERED | DRM_PUCK_GEM_PREFER_SYSTEM | PUCK_GEM_EVICT)

#define PUCK_USERPTR_FLAGS	(DRM_PUCK_USERPTR_READONLY | DRM_PUCK_USERPTR_PIN)

static bool puck_gem_flags_are_sane(u32 flags, u32 placements)
{
	if (flags & ~PUCK_GEM_FLAGS || (flags & PUCK_GEM_EVICT) == PUCK_GEM_EVICT)
		return false;
	/* A choice of the first one needs both. */
	return !(flags & DRM_PUCK_GEM_PREFER_SYSTEM) || placements == PUCK_PLACEMENTS;
}

/**
 * puck_gem_create_handle - make a BO of zeroed memory
 * @dev: the device
 * @args: the ioctl's argument; the VM in it was looked up
 * @file: the caller
 * @vm_resv: whose dma_resv the BO is to have, if it is private to a VM; else NULL
 *
 * Return: 0; -EINVAL for no size, for no placement or one that there is not, for unknown
 * caching or flags, or flags that do not go together; -E2BIG; -ENOSPC if VRAM is all that will
 * do and there is none left; -ENOMEM; -ENODEV; -EINTR.
 */
int puck_gem_create_handle(struct drm_device *dev, struct drm_puck_gem_create *args,
			   struct drm_file *file, struct drm_gem_object *vm_resv)
{
	struct puck_bo *bo;
	int ret;

	if (!args->size || args->handle || args->pad)
		return -EINVAL;
	if (!args->placements || args->placements & ~PUCK_PLACEMENTS)
		return -EINVAL;
	if (!puck_gem_flags_are_sane(args->flags, args->placements))
		return -EINVAL;
	if (args->caching > DRM_PUCK_CACHING_WC)
		return -EINVAL;
	if (args->size > DRM_PUCK_BO_SIZE_MAX)
		return -E2BIG;

	bo = puck_gem_create(to_puck_device(dev), args->size, args->placements, args->flags,
			     args->caching ?: DRM_PUCK_CACHING_WB, vm_resv);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	args->size = puck_bo_size(bo);
	ret = drm_gem_handle_create(file, &bo->ttm.base, &args->handle);
	/* The handle keeps the BO from here on. */
	drm_gem_object_put(&bo->ttm.base);
	return ret;
}

static int puck_gem_userptr_check(const struct drm_puck_gem_userptr *args)
{
	if (args->handle || args->flags & ~PUCK_USERPTR_FLAGS)
		return -EINVAL;
	if (!args->size || !PAGE_ALIGNED(args->addr | args->size))
		return -EINVAL;
	if (args->size > DRM_PUCK_USERPTR_SIZE_MAX)
		return -E2BIG;
	if (!PUCK_USERPTR_CAN)
		return -EOPNOTSUPP;
	return access_ok(u64_to_user_ptr(args->addr), args->size) ? 0 : -EFAULT;
}

/**
 * puck_ioctl_gem_userptr - make a BO of memory of the calling process
 * @dev: the device
 * @data: struct drm_puck_gem_userptr
 * @file: the caller
 *
 * Return: 0; -EINVAL; -E2BIG; -EOPNOTSUPP; -EFAULT if there is no such memory, or none that may
 * be written; -ENOMEM; -ENODEV; -ERESTARTSYS.
 */
int puck_ioctl_gem_userptr(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_userptr *args = data;
	struct puck_bo *bo;
	int ret;

	ret = puck_gem_userptr_check(args);
	if (ret)
		return ret;
	bo = puck_userptr_create(to_puck_device(dev), args);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = drm_gem_handle_create(file, &bo->ttm.base, &args->handle);
	/* The handle keeps the BO from here on. */
	drm_gem_object_put(&bo->ttm.base);
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

	/* TTM has made an offset for each of its objects. */
	args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return 0;
}

static void puck_gem_tell(struct puck_bo *bo, struct drm_puck_gem_info *args)
{
	struct puck_where where = puck_bo_where(bo);

	args->flags = (bo->dmabuf ? DRM_PUCK_INFO_IMPORTED : 0) |
		      (bo->userptr ? DRM_PUCK_INFO_USERPTR : 0);
	/* What it saw is kept until something else takes its place. */
	if (bo->userptr && !puck_userptr_is_seen(bo))
		where.sgt = NULL;
	args->size = puck_bo_size(bo);
	args->placements = bo->placements;
	args->region = where.vram ? DRM_PUCK_REGION_VRAM : DRM_PUCK_REGION_SYSTEM;
	args->caching = where.vram ? DRM_PUCK_CACHING_WC : bo->caching;
	/* Where it is not mapped there are none. */
	args->orig_nents = where.sgt ? where.sgt->orig_nents : 0;
	args->nents = where.sgt ? where.sgt->nents : 0;
}

/* With the BO's dma_resv lock, inside drm_dev_enter(): what is told stays as it is. */
static int puck_gem_look(struct drm_gem_object *obj, struct drm_puck_gem_info *args)
{
	int idx, ret;

	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	if (drm_dev_enter(obj->dev, &idx)) {
		puck_gem_tell(to_puck_bo(obj), args);
		drm_dev_exit(idx);
	} else {
		ret = -ENODEV;
	}
	dma_resv_unlock(obj->resv);
	return ret;
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
	int ret;

	if (args->flags || args->size || args->placements || args->region || args->caching ||
	    args->orig_nents || args->nents || args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	ret = puck_gem_look(obj, args);
	drm_gem_object_put(obj);
	return ret;
}

/**
 * puck_gem_hand_over - hand a BO to the CPU, perhaps to be written, or to the device
 * @obj: the BO
 * @for_cpu: to whom
 * @write: the CPU will write it, or has
 *
 * Context: may sleep; with no dma_resv lock held.
 * Return: 0, -ENODEV, -EINTR.
 */
int puck_gem_hand_over(struct drm_gem_object *obj, bool for_cpu, bool write)
{
	int idx, ret;

	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	if (drm_dev_enter(obj->dev, &idx)) {
		puck_bo_sync(to_puck_bo(obj), for_cpu, write);
		drm_dev_exit(idx);
	} else {
		ret = -ENODEV;
	}
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
		ret = left ? puck_gem_hand_over(obj, true, write) : -ETIME;
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

	ret = puck_gem_hand_over(obj, false, true);
	drm_gem_object_put(obj);
	return ret;
}
