/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Framebuffers, and BOs that are made for them.
 */
#ifndef PUCK_KMS_FB_H
#define PUCK_KMS_FB_H

#include <linux/kconfig.h>

#include "compat/kms.h"

struct drm_device;
struct drm_file;
struct drm_framebuffer;
struct drm_mode_create_dumb;

struct drm_framebuffer *puck_fb_create(struct drm_device *dev, struct drm_file *file,
				       PUCK_FB_INFO_PARAM
				       const struct drm_mode_fb_cmd2 *cmd);
int puck_fb_dumb_create(struct drm_file *file, struct drm_device *dev,
			struct drm_mode_create_dumb *args);

#if IS_ENABLED(CONFIG_DRM_KMS_HELPER)
#define PUCK_FB_DUMB_OPS	.dumb_create = puck_fb_dumb_create,
#else
#define PUCK_FB_DUMB_OPS
#endif

#endif /* PUCK_KMS_FB_H */
