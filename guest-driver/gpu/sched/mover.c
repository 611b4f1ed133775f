// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs of the driver's own, which move and clear memory for mem/. All of a device are in one
 * queue, so they are done in the order in which they were asked for. Each is one command; none that
 * somebody waits for is given up before something else than another's data is where it was to write
 * (sched/ring.c).
 *
 * A fence of a job keeps the module, and the scheduler keeps the last fence of a queue. So
 * that the module can go while a device is idle, the queue is made when there is something
 * to move, and ended when all is done.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/puck_drm.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "core/trace.h"
#include "mem/mem.h"
#include "mem/move.h"
#include "sched/job.h"
#include "sched/mover.h"
#include "sched/queue.h"
#include "sched/ring.h"
#include "sched/rings.h"
#include "sched/sched.h"

/* Bytes of a job: one that takes long is late for the scheduler. */
#define PUCK_MOVER_CHUNK	SZ_64M
/* Jobs of a transfer: more are only needed where segments are absurdly short. */
#define PUCK_MOVER_JOBS		1024
/* How long a queue may have been done before it ends. */
#define PUCK_MOVER_IDLE		(HZ / 20)
/* For whoever waits for all of it. */
#define PUCK_MOVER_PATIENCE	(15 * HZ)

/**
 * struct puck_mover - moves and clears memory
 * @puck: the device
 * @lock: makes a transfer one step, and protects all below. Taken with dma_resv locks held
 * @queue: of the jobs, or NULL
 * @last: fence of the last job of @queue, or NULL
 * @idle: ends @queue
 */
struct puck_mover {
	struct puck_device *puck;
	struct mutex lock;		/* what follows */
	struct puck_queue *queue;
	struct dma_fence *last;
	struct delayed_work idle;
};

/* A ring that only copies, else the last one of the others: the first ones have most users. */
static struct puck_ring *puck_mover_ring(struct puck_device *puck)
{
	u32 computes = puck_rings_count(puck, PUCK_GPU_KIND_COMPUTE);
	struct puck_ring *ring = puck_rings_find_nth(puck, PUCK_GPU_KIND_COPY, 0);

	return ring ?: puck_rings_find_nth(puck, PUCK_GPU_KIND_COMPUTE, computes - 1);
}

static int puck_mover_make_queue(struct puck_mover *mover)
{
	struct puck_queue *queue;

	if (mover->queue)
		return 0;
	queue = puck_queue_create(puck_mover_ring(mover->puck), DRM_SCHED_PRIORITY_KERNEL);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	mover->queue = queue;
	return 0;
}

/* Nobody else has the queue, so nobody submits to it when it is closed. */
static void puck_mover_end(struct puck_queue *queue, struct dma_fence *last)
{
	if (queue) {
		puck_queue_close(queue, MAX_WAIT_SCHED_ENTITY_Q_EMPTY);
		puck_queue_put(queue);
	}
	dma_fence_put(last);
}

static void puck_mover_idle_work(struct work_struct *work)
{
	struct puck_mover *mover = container_of(to_delayed_work(work), struct puck_mover, idle);
	struct puck_queue *queue = NULL;
	struct dma_fence *last = NULL;

	mutex_lock(&mover->lock);
	if (!mover->last || dma_fence_is_signaled(mover->last)) {
		swap(queue, mover->queue);
		swap(last, mover->last);
	} else {
		schedule_delayed_work(&mover->idle, PUCK_MOVER_IDLE);
	}
	mutex_unlock(&mover->lock);
	/* Not under the lock: closing takes one under which users take dma_resv locks. */
	puck_mover_end(queue, last);
}

static u32 puck_mover_count(struct puck_device *puck, const struct puck_where *where, u64 offset,
			    u64 length)
{
	return where->sgt ? puck_segs_count(puck, where->sgt, offset, length) : 0;
}

/* How much of a transfer the lists of one job can say. Some is left: a page is always sayable. */
static u64 puck_mover_chunk(struct puck_device *puck, const struct puck_transfer *transfer,
			    u64 offset)
{
	u64 chunk = min_t(u64, PUCK_MOVER_CHUNK, transfer->size - offset);
	u32 limit = min_t(u32, puck->segs_max, PUCK_SEGS_PER_JOB / 2);

	while (chunk > PAGE_SIZE &&
	       max(puck_mover_count(puck, &transfer->src, offset, chunk),
		   puck_mover_count(puck, &transfer->dst, offset, chunk)) > limit)
		chunk = ALIGN(chunk / 2, PAGE_SIZE);
	return chunk;
}

static u32 puck_mover_list(struct puck_job *job, const struct puck_where *where, u64 offset,
			   u64 length, __le64 *list)
{
	u32 begin = job->segs.used;

	*list = cpu_to_le64(puck_segs_end(&job->segs));
	puck_segs_add(job->puck, &job->segs, *where, offset, length);
	return job->segs.used - begin;
}

/* What the job has to leave nothing of, and who it is that reads the list. */
static void puck_mover_guard(struct puck_job *job, const struct puck_transfer *transfer,
			     u64 offset, u64 length, u32 ndst)
{
	job->wipe = (struct puck_wipe) {
		.length = length,
		.tt = transfer->tt,
		.offset = offset,
		.segs = job->segs.list,
		.nsegs = ndst,
	};
}

/* FILL with zeroes, or COPY. */
static int puck_mover_write(struct puck_job *job, const struct puck_transfer *transfer,
			    u64 offset, u64 length)
{
	u32 nsrc = puck_mover_count(job->puck, &transfer->src, offset, length);
	u32 ndst = puck_mover_count(job->puck, &transfer->dst, offset, length);
	struct puck_gpu_cmd *cmd = job->cmds;
	int ret;

	ret = puck_segs_alloc(job->puck, &job->segs, nsrc + ndst);
	if (ret)
		return ret;
	cmd->opcode = cpu_to_le16(PUCK_GPU_CMD_FILL);
	puck_mover_list(job, &transfer->dst, offset, length, &cmd->dst_list);
	cmd->dst_nsegs = cpu_to_le32(ndst);
	cmd->length = cpu_to_le64(length);
	if (transfer->src.sgt) {
		cmd->opcode = cpu_to_le16(PUCK_GPU_CMD_COPY);
		puck_mover_list(job, &transfer->src, offset, length, &cmd->src_list);
		cmd->src_nsegs = cpu_to_le32(nsrc);
	}
	if (transfer->resv)
		puck_mover_guard(job, transfer, offset, length, ndst);
	return 0;
}

static struct puck_job *puck_mover_make(struct puck_queue *queue,
					const struct puck_transfer *transfer, u64 offset,
					u64 length)
{
	struct puck_job *job = puck_job_create(queue, 1, 0, 0);
	int ret;

	if (IS_ERR(job))
		return job;
	ret = puck_mover_write(job, transfer, offset, length);
	/* Those behind the first one wait for it anyway. */
	if (!ret && !offset && transfer->resv)
		ret = drm_sched_job_add_resv_dependencies(&job->base, transfer->resv,
							  DMA_RESV_USAGE_BOOKKEEP);
	if (ret) {
		puck_job_discard(job);
		return ERR_PTR(ret);
	}
	return job;
}

/* All jobs of a transfer, none of them armed; until then puck_job.inflight is of no use. */
static int puck_mover_make_all(struct puck_queue *queue, const struct puck_transfer *transfer,
			       struct list_head *jobs)
{
	u32 left = PUCK_MOVER_JOBS;
	struct puck_job *job;
	u64 offset, chunk;

	for (offset = 0; offset < transfer->size; offset += chunk) {
		if (!left--)
			return -E2BIG;
		chunk = puck_mover_chunk(queue->ring->puck, transfer, offset);
		job = puck_mover_make(queue, transfer, offset, chunk);
		if (IS_ERR(job))
			return PTR_ERR(job);
		list_add_tail(&job->inflight, jobs);
	}
	return 0;
}

static void puck_mover_discard_all(struct list_head *jobs)
{
	struct puck_job *job, *next;

	list_for_each_entry_safe(job, next, jobs, inflight) {
		list_del_init(&job->inflight);
		puck_job_discard(job);
	}
}

/* Nothing fails here. Returns a reference to the fence of the last one. */
static struct dma_fence *puck_mover_push_all(struct puck_queue *queue, struct list_head *jobs)
{
	struct puck_ring *ring = queue->ring;
	struct puck_job *job, *next;
	struct dma_fence *fence = NULL;

	/*
	 * Other queues' locks are held over dma_resv locks, and this one under them. It is
	 * nobody else's queue.
	 */
	mutex_lock_nested(&queue->submit_lock, PUCK_QUEUE_OF_MOVES);
	list_for_each_entry_safe(job, next, jobs, inflight) {
		list_del_init(&job->inflight);
		job->number = atomic64_inc_return(&ring->number);
		trace_puck_submit(ring->puck->drm.dev, ring->index, job->number, job->ncmds - 1,
				  0);
		dma_fence_put(fence);
		fence = puck_sched_arm(job);
		puck_sched_push(job);
	}
	mutex_unlock(&queue->submit_lock);
	return fence;
}

static struct dma_fence *puck_mover_run(struct puck_mover *mover,
					const struct puck_transfer *transfer)
{
	struct dma_fence *fence;
	LIST_HEAD(jobs);
	int ret;

	lockdep_assert_held(&mover->lock);

	ret = puck_mover_make_queue(mover);
	if (ret)
		return ERR_PTR(ret);
	ret = puck_mover_make_all(mover->queue, transfer, &jobs);
	if (ret) {
		puck_mover_discard_all(&jobs);
		return ERR_PTR(ret);
	}
	fence = puck_mover_push_all(mover->queue, &jobs);
	dma_fence_put(mover->last);
	mover->last = dma_fence_get(fence);
	return fence;
}

/* A puck_transfer_fn. */
static struct dma_fence *puck_mover_transfer(struct puck_device *puck,
					     const struct puck_transfer *transfer)
{
	struct puck_mover *mover = puck->mover;
	struct dma_fence *fence;

	mutex_lock(&mover->lock);
	fence = puck_mover_run(mover, transfer);
	/* Also on errors: then there may be a queue and no job. */
	schedule_delayed_work(&mover->idle, PUCK_MOVER_IDLE);
	mutex_unlock(&mover->lock);
	return fence;
}

/**
 * puck_mover_wait - wait for all that was to be moved
 * @puck: the device
 *
 * Return: 0, or -EBUSY if that takes too long.
 */
int puck_mover_wait(struct puck_device *puck)
{
	struct puck_mover *mover = puck->mover;
	struct dma_fence *last;
	long left = 1;

	mutex_lock(&mover->lock);
	last = mover->last ? dma_fence_get(mover->last) : NULL;
	mutex_unlock(&mover->lock);
	if (last)
		left = dma_fence_wait_timeout(last, false, PUCK_MOVER_PATIENCE);
	dma_fence_put(last);
	return left ? 0 : -EBUSY;
}

/**
 * puck_mover_settle - keep no fence, if all is done that was to be moved
 * @puck: the device
 *
 * Context: may sleep; with no dma_resv lock held.
 */
void puck_mover_settle(struct puck_device *puck)
{
	flush_delayed_work(&puck->mover->idle);
}

/* The end of the DRM device: no job is left. */
static void puck_mover_release(struct drm_device *dev, void *data)
{
	struct puck_mover *mover = data;

	cancel_delayed_work_sync(&mover->idle);
	puck_mover_end(mover->queue, mover->last);
	mutex_destroy(&mover->lock);
}

/**
 * puck_mover_init - be who moves BOs
 * @puck: the device, with rings and with mem/ made
 *
 * It goes with the DRM device.
 *
 * Return: 0 or -ENOMEM.
 */
int puck_mover_init(struct puck_device *puck)
{
	struct puck_mover *mover = drmm_kzalloc(&puck->drm, sizeof(*mover), GFP_KERNEL);

	if (!mover)
		return -ENOMEM;
	mover->puck = puck;
	mutex_init(&mover->lock);
	INIT_DELAYED_WORK(&mover->idle, puck_mover_idle_work);
	puck->mover = mover;
	puck->mem->transfer = puck_mover_transfer;
	return drmm_add_action_or_reset(&puck->drm, puck_mover_release, mover);
}
