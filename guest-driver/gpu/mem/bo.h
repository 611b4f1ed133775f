/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer object: GEM's shmem object, and its pages as the device sees them. gem.c makes
 * and ends them.
 */
#ifndef PUCK_BO_H
#define PUCK_BO_H

#include <linux/dma-resv.h>
#include <linux/list.h>

#include <drm/drm_gem_shmem_helper.h>

struct dma_buf_attachment;
struct puck_device;

/**
 * struct puck_bo - buffer object
 * @base: GEM shmem object; its sgt is in use for imported BOs only
 * @sgt: the pages as this device sees them, NULL after remove; see puck_bo_table()
 * @placements: mask of 1 << DRM_PUCK_REGION_*; zero if imported
 * @node: in puck_device.bos
 */
struct puck_bo {
	struct drm_gem_shmem_object base;
	struct sg_table *sgt;
	u32 placements;
	struct list_head node;
};

static inline struct puck_bo *to_puck_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct puck_bo, base);
}

/**
 * puck_bo_table - a BO's pages as the device sees them
 * @bo: the BO
 *
 * Context: with the BO's dma_resv lock held, and the table is good for as long as it is.
 * Return: the table, mapped; NULL if the device is gone.
 */
static inline struct sg_table *puck_bo_table(struct puck_bo *bo)
{
	dma_resv_assert_held(bo->base.base.resv);
	return bo->sgt;
}

static inline void puck_bo_set_table(struct puck_bo *bo, struct sg_table *sgt)
{
	dma_resv_assert_held(bo->base.base.resv);
	bo->sgt = sgt;
}

struct drm_gem_object *puck_gem_create_object(struct drm_device *dev, size_t size);
struct drm_gem_object *puck_gem_import_table(struct drm_device *dev,
					     struct dma_buf_attachment *attach,
					     struct sg_table *sgt);
void puck_gem_unbind_all(struct puck_device *puck);
struct puck_bo *puck_gem_create(struct puck_device *puck, u64 size, u32 placements, bool wc);
int puck_gem_validate(struct puck_bo *bo);

struct sg_table *puck_gem_table(struct puck_bo *bo, struct device *dev);
void puck_gem_free_table(struct sg_table *sgt);

#endif /* PUCK_BO_H */
