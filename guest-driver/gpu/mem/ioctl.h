/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls on buffer objects.
 */
#ifndef PUCK_MEM_IOCTL_H
#define PUCK_MEM_IOCTL_H

struct drm_device;
struct drm_file;

int puck_ioctl_gem_create(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_mmap_offset(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_info(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_wait(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_flush(struct drm_device *dev, void *data, struct drm_file *file);

#endif /* PUCK_MEM_IOCTL_H */
