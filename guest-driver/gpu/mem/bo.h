/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer object: GEM's shmem object, and its pages as the device sees them. gem.c makes
 * and ends them.
 */
#ifndef PUCK_BO_H
#define PUCK_BO_H

#include <linux/list.h>
#include <linux/mutex.h>

#include <drm/drm_gem_shmem_helper.h>

struct dma_buf_attachment;
struct puck_device;

/**
 * struct puck_bo - buffer object
 * @base: GEM shmem object; its sgt is in use for imported BOs only
 * @sgt: the pages as this device sees them. Set once before the BO has a
 *       handle, NULL again after remove. Stable inside drm_dev_enter()
 * @attach_lock: protects @attachments
 * @attachments: struct puck_attachment.node, devices that imported us
 * @node: in puck_device.bos
 */
struct puck_bo {
	struct drm_gem_shmem_object base;
	struct sg_table *sgt;
	struct mutex attach_lock;	/* attachments */
	struct list_head attachments;
	struct list_head node;
};

static inline struct puck_bo *to_puck_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct puck_bo, base);
}

struct drm_gem_object *puck_gem_create_object(struct drm_device *dev, size_t size);
struct drm_gem_object *puck_gem_import_table(struct drm_device *dev,
					     struct dma_buf_attachment *attach,
					     struct sg_table *sgt);
void puck_gem_unbind_all(struct puck_device *puck);
int puck_ioctl_gem_create(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_mmap_offset(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_info(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_wait(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_flush(struct drm_device *dev, void *data, struct drm_file *file);

struct sg_table *puck_gem_table(struct puck_bo *bo, struct device *dev);
void puck_gem_free_table(struct sg_table *sgt);

#endif /* PUCK_BO_H */
