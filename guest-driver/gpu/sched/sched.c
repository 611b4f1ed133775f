// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose turn it is: one drm_sched scheduler for each ring.
 *
 * The scheduler waits for a job's dependencies, hands it to the ring while
 * there is room, sees its hardware fence signal, signals the finished fence
 * that the world knows, and calls for help when that takes too long.
 */
#include <linux/jiffies.h>
#include <linux/moduleparam.h>

#include <drm/drm_drv.h>

#include "compat/gpu.h"
#include "core/awake.h"
#include "core/device.h"
#include "core/trace.h"
#include "sched/fence.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/recover.h"
#include "sched/ring.h"
#include "sched/sched.h"

static unsigned long puck_timeout_ms = 10000;
module_param_named(timeout_ms, puck_timeout_ms, ulong, 0444);
MODULE_PARM_DESC(timeout_ms, "Time a job may take in the hardware before it is given up, in ms");

/*
 * All fences of the ring depend on this, so nothing here may wait for memory
 * or for a lock under which others do: the commands were written by the ioctl.
 */
static struct dma_fence *puck_sched_run_job(struct drm_sched_job *base)
{
	struct puck_job *job = to_puck_job(base);
	struct puck_fence *fence = job->fence;
	bool cookie = dma_fence_begin_signalling();
	int idx, ret = -ENODEV;

	if (drm_dev_enter(&job->puck->drm, &idx)) {
		ret = puck_job_enter(job);
		if (!ret)
			ret = puck_ring_emit(job->ring, job);
		drm_dev_exit(idx);
	}
	/* As one that went wrong: who hears of it before the world does hears of all of them. */
	if (ret) {
		/*
		 * What only the device reaches stays as it is. It is wedged, or has said of jobs
		 * that they were over while they were in the ring.
		 */
		puck_job_wipe(job);
		puck_ring_refuse(job->ring, job, ret);
	}
	dma_fence_end_signalling(cookie);
	return dma_fence_get(&fence->base);
}

static enum drm_gpu_sched_stat puck_sched_timedout_job(struct drm_sched_job *base)
{
	struct puck_job *job = to_puck_job(base);

	puck_recover(job->ring, job);
	return PUCK_SCHED_STAT_RESET;
}

/*
 * Called in submit_wq, which the next job waits for. The last reference to a
 * BO must not be dropped here: to unmap an imported one takes its dma_resv
 * lock, and whoever holds that may be waiting for the next job.
 */
static void puck_sched_free_job(struct drm_sched_job *base)
{
	struct puck_job *job = to_puck_job(base);
	struct drm_sched_fence *s_fence = base->s_fence;
	struct puck_fence *fence = job->fence;
	bool cookie = dma_fence_begin_signalling();
	unsigned long flags;

	/*
	 * A job that never ran has no parent fence yet. Give it one: it keeps
	 * in place what the finished fence refers to (see fence.c). It is no move: nobody ends
	 * their queue with any in it.
	 */
	if (!s_fence->parent) {
		spin_lock_irqsave(&job->ring->lock, flags);
		if (!dma_fence_is_signaled(&fence->base))
			puck_fence_signal(fence, s_fence->finished.error);
		spin_unlock_irqrestore(&job->ring->lock, flags);
		s_fence->parent = dma_fence_get(&fence->base);
	}
	puck_awake_put(job->puck);
	puck_job_release(job);
	dma_fence_end_signalling(cookie);
}

static const struct drm_sched_backend_ops puck_sched_ops = {
	.run_job = puck_sched_run_job,
	.timedout_job = puck_sched_timedout_job,
	.free_job = puck_sched_free_job,
};

/**
 * puck_sched_init - make the scheduler of a ring and the workqueue that it runs in
 * @ring: the ring; the device's reset_wq is there
 *
 * Return: 0 or -ENOMEM.
 */
int puck_sched_init(struct puck_ring *ring)
{
	struct drm_sched_init_args args = {
		.ops = &puck_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = ring->slots - PUCK_RING_SPARE,
		.timeout = msecs_to_jiffies(puck_timeout_ms),
		.name = ring->name,
		.dev = ring->puck->drm.dev,
	};
	int ret;

	/*
	 * Fences wait for it, and memory reclaim for fences. It works on the CPU of
	 * the submitter: to wake another one takes longer than all that is to be
	 * done. run_job is still called one at a time.
	 */
	ring->submit_wq = alloc_workqueue("%s", WQ_MEM_RECLAIM | PUCK_WQ_PERCPU, 1, ring->name);
	if (!ring->submit_wq)
		return -ENOMEM;
	puck_recover_init(ring);

	args.submit_wq = ring->submit_wq;
	/* One for all rings: a reset of the device is one of each of them. */
	args.timeout_wq = ring->puck->reset_wq;
	ret = puck_compat_sched_init(&ring->sched, &args);
	if (ret)
		destroy_workqueue(ring->submit_wq);
	return ret;
}

/**
 * puck_sched_fini - end the scheduler of a ring
 * @ring: the ring; no jobs and no queues are left
 */
void puck_sched_fini(struct puck_ring *ring)
{
	drm_sched_fini(&ring->sched);
	destroy_workqueue(ring->submit_wq);
}

/**
 * puck_sched_arm - the point of no return
 * @job: complete but for its fences
 *
 * Gives the job its fences. From here on nothing may fail, since they may be
 * seen by others; puck_sched_push() has to follow.
 *
 * Context: process; the queue's submit_lock is held.
 * Return: the fence that is signalled when the job is complete; a reference.
 */
struct dma_fence *puck_sched_arm(struct puck_job *job)
{
	lockdep_assert_held(&job->queue->submit_lock);

	/* Whoever arms it keeps the device awake; puck_sched_free_job() gives this back. */
	puck_awake_check(job->puck);
	puck_awake_hold(job->puck);
	drm_sched_job_arm(&job->base);
	puck_fence_init(job->fence, job->queue->context, job->number);
	trace_puck_job_arm(job->puck->drm.dev, job->ring->index, job->number, job->segs.used);
	return dma_fence_get(&job->base.s_fence->finished);
}

/**
 * puck_sched_push - queue an armed job
 * @job: armed; it may be gone when this returns
 *
 * Context: process; the queue's submit_lock is held since puck_sched_arm().
 */
void puck_sched_push(struct puck_job *job)
{
	lockdep_assert_held(&job->queue->submit_lock);

	drm_sched_entity_push_job(&job->base);
}
