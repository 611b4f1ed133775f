/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 3D context of an open file.
 */
#ifndef PUCK_RENDER_CONTEXT_H
#define PUCK_RENDER_CONTEXT_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "render3d/render.h"

struct drm_device;
struct drm_file;
struct puck_job;
struct puck_queue;

/**
 * struct puck_render_context - the 3D context of an open file
 * @ref: one of the file, then of whoever ends it; one of each job
 * @object: base
 * @queue: of its jobs; closed with the file
 * @lock: makes looking at @attached, and queueing what follows from it, one step. Held over
 *        puck_queue.submit_lock and dma_resv locks
 * @attached: by the number of a resource, its serial: the context was told, or is to be by a job
 *            in @queue, that it may use it. Under @lock
 * @error: why it takes no jobs any more, or zero. Written once
 */
struct puck_render_context {
	struct kref ref;
	struct puck_render_object object;
	struct puck_queue *queue;
	struct mutex lock;		/* attached, order of jobs */
	struct xarray attached;
	int error;
};

/**
 * struct puck_render_wish - what a context is to be, where user space says it
 * @capset: PUCK_RENDER_CAPSET_*
 * @name: for the renderer's messages; ends with zero, or with the array
 */
struct puck_render_wish {
	u32 capset;
	char name[PUCK_RENDER_NAME_SIZE];
};

int puck_render_context_make(struct puck_render *render, struct drm_file *file,
			     const struct puck_render_wish *wish);
struct puck_render_context *puck_render_context_of(struct puck_render *render,
						   struct drm_file *file);
void puck_render_context_put(struct puck_render_context *ctx);
void puck_render_context_note(struct puck_render_context *ctx, int error);
void puck_render_close(struct drm_device *dev, struct drm_file *file);

#endif /* PUCK_RENDER_CONTEXT_H */
