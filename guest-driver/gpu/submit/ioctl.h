/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The submit ioctl.
 */
#ifndef PUCK_SUBMIT_IOCTL_H
#define PUCK_SUBMIT_IOCTL_H

struct drm_device;
struct drm_file;

int puck_ioctl_submit(struct drm_device *dev, void *data, struct drm_file *file);

#endif /* PUCK_SUBMIT_IOCTL_H */
