/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls on queues.
 */
#ifndef PUCK_QUEUES_H
#define PUCK_QUEUES_H

struct drm_device;
struct drm_file;

int puck_ioctl_queue_create(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_queue_destroy(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_queue_state(struct drm_device *dev, void *data, struct drm_file *file);

#endif /* PUCK_QUEUES_H */
