/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resources, which are BOs that the device knows by a number.
 */
#ifndef PUCK_RENDER_RESOURCE_H
#define PUCK_RENDER_RESOURCE_H

#include <linux/types.h>

struct drm_file;
struct puck_bo;

struct puck_bo *puck_render_find(struct drm_file *file, u32 handle);

#endif /* PUCK_RENDER_RESOURCE_H */
