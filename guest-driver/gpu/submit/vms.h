/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls on VMs, and the one on BOs that may name one.
 */
#ifndef PUCK_VMS_H
#define PUCK_VMS_H

struct drm_device;
struct drm_file;

int puck_ioctl_vm_create(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_vm_destroy(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_vm_bind(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_create(struct drm_device *dev, void *data, struct drm_file *file);

#endif /* PUCK_VMS_H */
