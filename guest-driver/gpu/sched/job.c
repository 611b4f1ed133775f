// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a job from its making to its release. Both the submit ioctl and
 * in-kernel clients make jobs.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "sched/fence.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/ring.h"

/* For jobs of which none comes to its end, and for all of them: clients may always have some. */
#define PUCK_JOBS_QUIET		HZ
#define PUCK_JOBS_PATIENCE	(10 * HZ)

/* Jobs are released in this queue. */
static struct workqueue_struct *puck_release_wq;

static void puck_job_release_work(struct work_struct *work)
{
	struct puck_job *job = container_of(work, struct puck_job, release);

	drm_sched_job_cleanup(&job->base);
	puck_job_put(job);
}

/**
 * puck_job_create - make a job with an empty FENCE as its only command
 * @queue: where it will be queued
 * @ncmds: commands it will have before the FENCE
 * @nbos: BOs it will have
 * @client_id: of the DRM file, or 0
 *
 * Context: may sleep; inside drm_dev_enter().
 * Return: the job, to be armed and pushed or discarded; or an ERR_PTR(): -ENOMEM, or why
 * the device is wedged, -EIO or -ENODEV.
 */
struct puck_job *puck_job_create(struct puck_queue *queue, u32 ncmds, u32 nbos,
				 u64 client_id)
{
	struct puck_ring *ring = queue->ring;
	struct puck_device *puck = ring->puck;
	struct puck_gpu_cmd *cmd;
	struct puck_job *job;
	int ret;

	/* Jobs that come a moment too early for this find their ring dead. */
	ret = READ_ONCE(puck->wedged);
	if (ret)
		return ERR_PTR(ret);

	ret = -ENOMEM;
	job = kzalloc(struct_size(job, cmds, ncmds + 1), GFP_KERNEL);
	if (!job)
		return ERR_PTR(ret);
	job->ncmds = ncmds + 1;
	cmd = &job->cmds[ncmds];
	cmd->opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE);
	cmd->flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ);

	job->bos = kcalloc(nbos, sizeof(*job->bos), GFP_KERNEL);
	job->fence = puck_fence_alloc(ring);
	if (!job->bos || !job->fence)
		goto err;
	ret = puck_compat_sched_job_init(&job->base, &queue->base, job->ncmds, puck, client_id);
	if (ret)
		goto err;

	kref_init(&job->ref);
	job->puck = puck;
	puck_queue_get(queue);
	job->queue = queue;
	job->ring = ring;
	INIT_LIST_HEAD(&job->inflight);
	INIT_WORK(&job->release, puck_job_release_work);
	drm_dev_get(&puck->drm);
	spin_lock(&puck->list_lock);
	list_add_tail(&job->node, &puck->jobs);
	spin_unlock(&puck->list_lock);
	return job;

err:
	if (job->fence)
		puck_fence_free(job->fence);
	kfree(job->bos);
	kfree(job);
	return ERR_PTR(ret);
}

static void puck_job_free_segs(struct puck_job *job)
{
	struct puck_device *puck = job->puck;

	spin_lock(&puck->list_lock);
	list_del(&job->node);
	puck->jobs_ended++;
	spin_unlock(&puck->list_lock);
	wake_up_all(&puck->job_ended);
	puck_segs_free(puck, &job->segs);
}

static void puck_job_destroy(struct kref *ref)
{
	struct puck_job *job = container_of(ref, struct puck_job, ref);
	struct puck_device *puck = job->puck;
	int idx;
	u32 i;

	if (drm_dev_enter(&puck->drm, &idx)) {
		puck_job_free_segs(job);
		drm_dev_exit(idx);
	} else {
		/* puck_jobs_detach() is to come, or has been. */
		mutex_lock(&puck->late_lock);
		puck_job_free_segs(job);
		mutex_unlock(&puck->late_lock);
	}

	for (i = 0; i < job->nbos; i++)
		drm_gem_object_put(job->bos[i]);
	kfree(job->bos);
	if (job->gone)
		job->gone(job);
	if (job->fence)
		dma_fence_put(&job->fence->base);
	puck_queue_put(job->queue);
	kfree(job);
	/* May be the last one, and then ends the schedulers. */
	drm_dev_put(&puck->drm);
}

/**
 * puck_job_get - keep a job, and the BOs it has, whatever the scheduler does with it
 * @job: the job
 */
void puck_job_get(struct puck_job *job)
{
	kref_get(&job->ref);
}

/**
 * puck_job_put - drop a reference; with the last one all that a job has is given back
 * @job: the job
 *
 * Context: may sleep. Must not be called where a fence depends on it, or with a dma_resv
 * lock held: it takes those of the BOs that go with the job.
 */
void puck_job_put(struct puck_job *job)
{
	kref_put(&job->ref, puck_job_destroy);
}

/**
 * puck_job_release - have a job destroyed that the scheduler is done with
 * @job: the job
 *
 * Context: any, also where the next job waits: the work is done elsewhere.
 */
void puck_job_release(struct puck_job *job)
{
	queue_work(puck_release_wq, &job->release);
}

/**
 * puck_job_discard - drop a job that was not armed
 * @job: the job
 *
 * Context: may sleep.
 */
void puck_job_discard(struct puck_job *job)
{
	drm_sched_job_cleanup(&job->base);
	puck_fence_free(job->fence);
	job->fence = NULL;
	puck_job_put(job);
}

/**
 * puck_job_fall_back - have a job that failed fill with zeroes what it was to write
 * @job: with puck_job.error
 *
 * It is to be written into the ring again then.
 *
 * Context: its ring is reset, puck_ring.lock is held.
 * Return: true if that is what to do next; false if the job has no such memory, has filled it, or
 * has failed at this, too.
 */
bool puck_job_fall_back(struct puck_job *job)
{
	struct puck_gpu_cmd *cmd = job->cmds;

	if (!job->wipe.length || job->first || job->lost)
		return false;
	job->lost = job->error;
	job->error = 0;
	*cmd = (struct puck_gpu_cmd) {
		.opcode = cpu_to_le16(PUCK_GPU_CMD_FILL),
		.dst_list = cmd->dst_list,
		.dst_nsegs = cmd->dst_nsegs,
		.length = cmd->length,
	};
	return true;
}

/**
 * puck_job_wipe - clear what a job was to write, by the CPU
 * @job: about to be given up; the device does nothing more for it
 *
 * Context: may sleep, and takes no spinlock that is held; in the way of a fence.
 * Return: false if not all of it can be reached.
 */
bool puck_job_wipe(struct puck_job *job)
{
	if (!job->wipe.length || job->first)
		return true;
	if (!job->wiped)
		job->wiped = puck_wipe(job->puck, &job->wipe);
	return job->wiped;
}

/**
 * puck_jobs_detach - take the DMA memory of all jobs away
 * @puck: the device, unplugged and silent
 *
 * Jobs can outlive the bond of driver and device, when they wait for a fence
 * from elsewhere. They will not run, but DMA memory has to go back now.
 */
void puck_jobs_detach(struct puck_device *puck)
{
	struct puck_job *job;

	/* Nobody adds jobs any more, and they go under this lock only. */
	mutex_lock(&puck->late_lock);
	list_for_each_entry(job, &puck->jobs, node)
		puck_segs_free(puck, &job->segs);
	mutex_unlock(&puck->late_lock);
}

/**
 * puck_jobs_are_none - see whether there is no job
 * @puck: the device
 *
 * Context: any. The last lines of one's release may still run.
 * Return: true if there is none.
 */
bool puck_jobs_are_none(struct puck_device *puck)
{
	bool none;

	spin_lock(&puck->list_lock);
	none = list_empty(&puck->jobs);
	spin_unlock(&puck->list_lock);
	return none;
}

/**
 * puck_jobs_wait - wait for the end of all jobs, as long as they do come to their end
 * @puck: the device
 *
 * Context: may sleep, with nothing held that a fence or the release of a job waits for.
 * Return: true if each of them is released; false if that takes too long.
 */
bool puck_jobs_wait(struct puck_device *puck)
{
	unsigned long end = jiffies + PUCK_JOBS_PATIENCE;

	while (!puck_jobs_are_none(puck)) {
		unsigned long ended = READ_ONCE(puck->jobs_ended);

		if (time_after(jiffies, end) ||
		    !wait_event_timeout(puck->job_ended,
					puck_jobs_are_none(puck) ||
					READ_ONCE(puck->jobs_ended) != ended,
					PUCK_JOBS_QUIET))
			return false;
	}
	flush_workqueue(puck_release_wq);
	return true;
}

/**
 * puck_jobs_init - what jobs of all devices share
 *
 * Return: 0 or -ENOMEM.
 */
int puck_jobs_init(void)
{
	/* A few at a time, should one have to wait for a lock. */
	puck_release_wq = alloc_workqueue("puck_release", PUCK_WQ_PERCPU, 4);
	return puck_release_wq ? 0 : -ENOMEM;
}

/**
 * puck_jobs_exit - undo puck_jobs_init()
 *
 * Returns when the last job is released.
 */
void puck_jobs_exit(void)
{
	destroy_workqueue(puck_release_wq);
}
