/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the kernel gets at the display of puck.ko for itself: the newest kernel has clients, which
 * ask the driver for memory, in older ones fbdev's emulation is set up by the driver. Both are for
 * BOs of TTM, and only if the kernel has the helpers.
 */
#ifndef PUCK_COMPAT_FBDEV_H
#define PUCK_COMPAT_FBDEV_H

#include <linux/kconfig.h>

#include <drm/drm_device.h>

#if IS_ENABLED(CONFIG_DRM_FBDEV_EMULATION) && IS_ENABLED(CONFIG_DRM_TTM_HELPER)
#include <drm/drm_fbdev_ttm.h>

#ifdef PUCK_HAVE_FBDEV_TTM_SETUP
#define PUCK_FBDEV_OPS

static inline void puck_compat_client_setup(struct drm_device *drm)
{
	drm_fbdev_ttm_setup(drm, 0);
}
#else
#include <drm/clients/drm_client_setup.h>

#define PUCK_FBDEV_OPS	DRM_FBDEV_TTM_DRIVER_OPS,

static inline void puck_compat_client_setup(struct drm_device *drm)
{
	drm_client_setup(drm, NULL);
}
#endif
#else
#define PUCK_FBDEV_OPS

static inline void puck_compat_client_setup(struct drm_device *drm)
{
}
#endif

#endif /* PUCK_COMPAT_FBDEV_H */
