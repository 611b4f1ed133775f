/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls on buffer objects.
 */
#ifndef PUCK_MEM_IOCTL_H
#define PUCK_MEM_IOCTL_H

struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_puck_gem_create;

int puck_gem_create_handle(struct drm_device *dev, struct drm_puck_gem_create *args,
			   struct drm_file *file, struct drm_gem_object *vm_resv);
int puck_gem_hand_over(struct drm_gem_object *obj, bool for_cpu, bool write);
int puck_ioctl_gem_userptr(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_mmap_offset(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_info(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_wait(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_flush(struct drm_device *dev, void *data, struct drm_file *file);

#endif /* PUCK_MEM_IOCTL_H */
