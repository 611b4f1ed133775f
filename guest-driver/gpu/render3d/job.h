/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 3D jobs.
 */
#ifndef PUCK_RENDER_JOB_H
#define PUCK_RENDER_JOB_H

#include <linux/build_bug.h>
#include <linux/types.h>

#include "abi/puck_render3d.h"
#include "sched/job.h"

struct dma_fence;
struct puck_bo;
struct puck_out_fences;
struct puck_queue;
struct puck_render_context;

static_assert(sizeof(struct puck_render_cmd) == sizeof(struct puck_gpu_cmd));

/* The ring takes both. */
static inline struct puck_render_cmd *puck_render_cmd_at(struct puck_job *job, u32 i)
{
	return (struct puck_render_cmd *)&job->cmds[i];
}

/**
 * struct puck_render_push - how a 3D job is queued
 * @job: with its BOs, and the commands that depend on no BO's place
 * @build: writes the others, with the BOs locked and where the device can use them; or NULL
 * @commit: called when nothing can fail any more; or NULL
 * @data: for both
 * @out: what else gets the job's fence, from puck_sync_prepare_out(); or NULL
 */
struct puck_render_push {
	struct puck_job *job;
	int (*build)(struct puck_job *job, void *data);
	void (*commit)(void *data);
	void *data;
	struct puck_out_fences *out;
};

struct puck_job *puck_render_job_create(struct puck_render_context *ctx, u32 ncmds, u32 nbos,
					u64 client_id);
int puck_render_job_enter(struct puck_job *job);
void puck_render_job_add_bo(struct puck_job *job, struct puck_bo *bo, bool write);
int puck_render_job_list(struct puck_job *job, struct puck_bo *bo, u64 length,
			 struct puck_render_io *io);
int puck_render_job_data(struct puck_job *job, const void *data, u32 length,
			 struct puck_render_io *io);
struct dma_fence *puck_render_job_push(const struct puck_render_push *push);
int puck_render_job_run(struct puck_render_context *ctx, const struct puck_render_push *push);
int puck_render_attach(struct puck_render_context *ctx, struct puck_bo *bo, u64 client_id);

#endif /* PUCK_RENDER_JOB_H */
