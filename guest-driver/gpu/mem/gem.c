// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects. A BO's pages are pinned and mapped for the device once, when
 * the BO is made or imported, and stay so until it goes or the device does.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_utils.h>
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
	bo->sgt = sgt;
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
	int ret;

	ret = drm_gem_shmem_pin(&bo->base);
	if (ret)
		return ret;
	ret = puck_gem_map(puck, bo);
	if (ret) {
		drm_gem_shmem_unpin(&bo->base);
		return ret;
	}
	puck_gem_link(puck, bo);
	return 0;
}

/*
 * Take a BO away from the device, which must be done with it. Callers are inside
 * drm_dev_enter(), or after drm_dev_unplug() hold late_lock.
 */
static void puck_gem_unbind(struct puck_device *puck, struct puck_bo *bo)
{
	struct drm_gem_object *obj = &bo->base.base;

	if (!bo->sgt)
		return;
	if (obj->import_attach) {
		dma_buf_unmap_attachment_unlocked(obj->import_attach, bo->sgt, DMA_BIDIRECTIONAL);
		bo->base.sgt = NULL;
	} else {
		/* dma_unmap_sgtable() unmaps orig_nents entries, as many as were mapped. */
		dma_unmap_sgtable(puck->drm.dev, bo->sgt, DMA_BIDIRECTIONAL, 0);
		puck_gem_free_table(bo->sgt);
		drm_gem_shmem_unpin(&bo->base);
	}
	bo->sgt = NULL;
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
	mutex_destroy(&bo->attach_lock);
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

	mutex_init(&bo->attach_lock);
	INIT_LIST_HEAD(&bo->attachments);
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
		bo = to_puck_bo(obj);
		bo->sgt = sgt;
		puck_gem_link(puck, bo);
	}
	drm_dev_exit(idx);
	return obj;
}

/**
 * puck_ioctl_gem_create - make a BO of zeroed memory, pinned and mapped
 * @dev: the device
 * @data: struct drm_puck_gem_create
 * @file: the caller
 *
 * Return: 0, -EINVAL for no size or unknown flags, -E2BIG, -ENOMEM, -ENODEV.
 */
int puck_ioctl_gem_create(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_create *args = data;
	struct drm_gem_shmem_object *shmem;
	int idx, ret;

	if (args->flags || !args->size)
		return -EINVAL;
	if (args->size > PUCK_BO_SIZE_MAX)
		return -E2BIG;

	shmem = drm_gem_shmem_create(dev, args->size);
	if (IS_ERR(shmem))
		return PTR_ERR(shmem);

	ret = -ENODEV;
	if (drm_dev_enter(dev, &idx)) {
		ret = puck_gem_bind(to_puck_device(dev), to_puck_bo(&shmem->base));
		drm_dev_exit(idx);
	}
	if (!ret) {
		args->size = shmem->base.size;
		ret = drm_gem_handle_create(file, &shmem->base, &args->handle);
	}
	/* The handle keeps the BO from here on. */
	drm_gem_object_put(&shmem->base);
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

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	/* The shmem helpers have made an offset for each of their objects. */
	args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return 0;
}

/**
 * puck_ioctl_gem_info - tell how a BO lies in memory and what the device sees
 * @dev: the device
 * @data: struct drm_puck_gem_info
 * @file: the caller
 *
 * Return: 0, -ENOENT, -ENODEV.
 */
int puck_ioctl_gem_info(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_info *args = data;
	struct drm_gem_object *obj;
	struct puck_bo *bo;
	int idx, ret = -ENODEV;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	if (drm_dev_enter(dev, &idx)) {
		bo = to_puck_bo(obj);
		args->flags = obj->import_attach ? PUCK_BO_IMPORTED : 0;
		args->size = obj->size;
		args->orig_nents = bo->sgt->orig_nents;
		args->nents = bo->sgt->nents;
		drm_dev_exit(idx);
		ret = 0;
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
	struct puck_bo *bo = to_puck_bo(obj);
	int idx;

	if (!drm_dev_enter(obj->dev, &idx))
		return -ENODEV;
	if (!obj->import_attach && for_cpu)
		dma_sync_sgtable_for_cpu(obj->dev->dev, bo->sgt, DMA_BIDIRECTIONAL);
	else if (!obj->import_attach)
		dma_sync_sgtable_for_device(obj->dev->dev, bo->sgt, DMA_BIDIRECTIONAL);
	drm_dev_exit(idx);
	return 0;
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
	bool write = args->flags & PUCK_WAIT_WRITE;
	struct drm_gem_object *obj;
	long left;
	int ret;

	if (args->flags & ~PUCK_WAIT_WRITE)
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

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	ret = puck_gem_sync(obj, false);
	drm_gem_object_put(obj);
	return ret;
}
