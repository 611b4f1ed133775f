/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resources whose memory others look into.
 */
#ifndef PUCK_RENDER_EXPOSE_H
#define PUCK_RENDER_EXPOSE_H

#include <linux/types.h>

struct drm_virtgpu_resource_create;
struct puck_bo;
struct puck_job;
struct puck_render_res;

void puck_render_find_layout(struct puck_render_res *res,
			     const struct drm_virtgpu_resource_create *args, u64 size);
int puck_render_expose(struct puck_bo *bo);
u32 puck_render_count_copies(struct puck_bo **bos, u32 count, u32 *before);
void puck_render_add_copies(struct puck_job *job, struct puck_bo **bos, u32 count);

#endif /* PUCK_RENDER_EXPOSE_H */
