/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of virtgpu (include/uapi/drm/virtgpu_drm.h of the kernel).
 */
#ifndef PUCK_RENDER_IOCTL_H
#define PUCK_RENDER_IOCTL_H

struct drm_device;
struct drm_file;

int puck_ioctl_virtgpu_map(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_virtgpu_execbuffer(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_virtgpu_getparam(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_virtgpu_resource_create(struct drm_device *dev, void *data,
				       struct drm_file *file);
int puck_ioctl_virtgpu_resource_info(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_virtgpu_transfer_from_host(struct drm_device *dev, void *data,
					  struct drm_file *file);
int puck_ioctl_virtgpu_transfer_to_host(struct drm_device *dev, void *data,
					struct drm_file *file);
int puck_ioctl_virtgpu_wait(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_virtgpu_get_caps(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_virtgpu_resource_create_blob(struct drm_device *dev, void *data,
					    struct drm_file *file);
int puck_ioctl_virtgpu_context_init(struct drm_device *dev, void *data, struct drm_file *file);

#endif /* PUCK_RENDER_IOCTL_H */
