/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls that tell what there is.
 */
#ifndef PUCK_QUERY_H
#define PUCK_QUERY_H

struct drm_device;
struct drm_file;

int puck_ioctl_get_param(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_get_regions(struct drm_device *dev, void *data, struct drm_file *file);

#endif /* PUCK_QUERY_H */
