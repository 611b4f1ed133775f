/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The display, from its beginning to its end.
 */
#ifndef PUCK_KMS_INIT_H
#define PUCK_KMS_INIT_H

#include <linux/kconfig.h>

#include <drm/drm_drv.h>

#include "core/device.h"

#if IS_ENABLED(CONFIG_DRM_KMS_HELPER)
int puck_kms_init(struct puck_device *puck);
int puck_kms_start(struct puck_device *puck);
void puck_kms_serve_kernel(struct puck_device *puck);
void puck_kms_leave(struct puck_device *puck);
void puck_kms_stop(struct puck_device *puck);
void puck_kms_fini(struct puck_device *puck);
int puck_kms_suspend(struct puck_device *puck);
void puck_kms_resume(struct puck_device *puck);
#else
/* Then no device has heads: core/identify.c. */
static inline int puck_kms_init(struct puck_device *puck)
{
	puck->drm.driver_features &= ~(DRIVER_MODESET | DRIVER_ATOMIC);
	return 0;
}

static inline int puck_kms_start(struct puck_device *puck)
{
	return 0;
}

static inline void puck_kms_serve_kernel(struct puck_device *puck)
{
}

static inline void puck_kms_leave(struct puck_device *puck)
{
}

static inline void puck_kms_stop(struct puck_device *puck)
{
}

static inline void puck_kms_fini(struct puck_device *puck)
{
}

static inline int puck_kms_suspend(struct puck_device *puck)
{
	return 0;
}

static inline void puck_kms_resume(struct puck_device *puck)
{
}
#endif

#endif /* PUCK_KMS_INIT_H */
