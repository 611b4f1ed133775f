/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Explicit synchronisation of a job.
 */
#ifndef PUCK_SYNC_H
#define PUCK_SYNC_H

#include <linux/types.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_file;
struct drm_puck_sync;
struct drm_syncobj;
struct puck_job;
struct sync_file;

/**
 * struct puck_out_sync - a syncobj to be given the job's fence
 * @syncobj: reference
 * @chain: made beforehand for a timeline point, NULL for a binary one
 * @point: point, or 0
 */
struct puck_out_sync {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;
	u64 point;
};

/**
 * struct puck_out_fences - everything outside the BOs that gets the job's fence
 * @syncs: syncobjs
 * @nsyncs: entries in @syncs
 * @file: sync_file, not yet reachable through @fd, or NULL
 * @fd: its descriptor, reserved
 */
struct puck_out_fences {
	struct puck_out_sync *syncs;
	u32 nsyncs;
	struct sync_file *file;
	int fd;
};

int puck_sync_check(const struct drm_puck_sync *syncs, u32 count);
int puck_sync_wait_for(struct puck_job *job, struct drm_file *file,
		       const struct drm_puck_sync *syncs, u32 count);
int puck_sync_wait_for_fd(struct puck_job *job, int fd);
int puck_sync_prepare_out(struct puck_out_fences *out, struct drm_file *file,
			  const struct drm_puck_sync *syncs, u32 count, bool want_fd);
void puck_sync_publish(struct puck_out_fences *out, struct dma_fence *fence);
void puck_sync_cancel_out(struct puck_out_fences *out);

#endif /* PUCK_SYNC_H */
