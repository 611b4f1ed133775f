/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What puck.ko needs in order to build on all kernels it supports: the newest
 * kernel's way is written in the driver, older ones are told here how to do it.
 */
#ifndef PUCK_COMPAT_GPU_H
#define PUCK_COMPAT_GPU_H

#include <linux/dma-fence.h>
#include <linux/module.h>

#include <drm/gpu_scheduler.h>

/* 64-bit numbers of fences: once a flag of the ops, now of each fence. */
#ifdef PUCK_HAVE_FENCE_OPS_64BIT
#define PUCK_FENCE_OPS_64BIT	.use_64bit_seqno = true,
#define puck_compat_fence_init64 dma_fence_init
#else
#define PUCK_FENCE_OPS_64BIT
#define puck_compat_fence_init64 dma_fence_init64
#endif

#ifdef PUCK_HAVE_SCHED_STAT_RESET
#define PUCK_SCHED_STAT_RESET	DRM_GPU_SCHED_STAT_RESET
#else
#define PUCK_SCHED_STAT_RESET	DRM_GPU_SCHED_STAT_NOMINAL
#endif

/* The errno is for jobs that have no hardware fence; all of ours have one. */
static inline void puck_compat_sched_start(struct drm_gpu_scheduler *sched)
{
#ifdef PUCK_HAVE_SCHED_START_ERRNO
	drm_sched_start(sched, 0);
#else
	drm_sched_start(sched);
#endif
}

static inline int puck_compat_sched_job_init(struct drm_sched_job *job,
					     struct drm_sched_entity *entity, u32 credits,
					     void *owner, u64 client_id)
{
#ifdef PUCK_HAVE_SCHED_JOB_CLIENT_ID
	return drm_sched_job_init(job, entity, credits, owner, client_id);
#else
	return drm_sched_job_init(job, entity, credits, owner);
#endif
}

#ifndef PUCK_HAVE_SCHED_INIT_ARGS
struct drm_sched_init_args {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *timeout_wq;
	u32 num_rqs;
	u32 credit_limit;
	unsigned int hang_limit;
	long timeout;
	atomic_t *score;
	const char *name;
	struct device *dev;
};

static inline int puck_compat_sched_init(struct drm_gpu_scheduler *sched,
					 const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args->ops, args->submit_wq, args->num_rqs,
			      args->credit_limit, args->hang_limit, args->timeout,
			      args->timeout_wq, args->score, args->name, args->dev);
}
#else
#define puck_compat_sched_init	drm_sched_init
#endif

/* Once the default, now to be asked for. */
#ifdef PUCK_HAVE_WQ_PERCPU
#define PUCK_WQ_PERCPU		WQ_PERCPU
#else
#define PUCK_WQ_PERCPU		0
#endif

#ifdef PUCK_HAVE_DRM_DRIVER_DATE
#define PUCK_DRM_DRIVER_DATE	.date = "0",
#else
#define PUCK_DRM_DRIVER_DATE
#endif

#ifdef PUCK_HAVE_IMPORT_NS_QUOTED
#define PUCK_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#define PUCK_IMPORT_NS_KUNIT	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#else
#define PUCK_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#define PUCK_IMPORT_NS_KUNIT	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#endif

#endif /* PUCK_COMPAT_GPU_H */
