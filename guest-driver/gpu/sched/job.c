// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a job from its making to its release. Both the submit ioctl and
 * in-kernel clients make jobs.
 */
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "compat/gpu.h"
#include "core/device.h"

static void puck_job_release_work(struct work_struct *work)
{
	struct puck_job *job = container_of(work, struct puck_job, release);

	drm_sched_job_cleanup(&job->base);
	puck_job_destroy(job);
}

/**
 * puck_job_create - make a job with an empty FENCE as its only command
 * @entity: where it will be queued
 * @ncmds: commands it will have before the FENCE
 * @nbos: BOs it will have
 * @client_id: of the DRM file, or 0
 *
 * Context: may sleep; inside drm_dev_enter().
 * Return: the job, to be armed and pushed or discarded; or an ERR_PTR().
 */
struct puck_job *puck_job_create(struct puck_entity *entity, u32 ncmds, u32 nbos,
				 u64 client_id)
{
	struct puck_ring *ring = entity->ring;
	struct puck_device *puck = ring->puck;
	struct puck_gpu_cmd *cmd;
	struct puck_job *job;
	int ret = -ENOMEM;

	job = kzalloc(struct_size(job, cmds, ncmds + 1), GFP_KERNEL);
	if (!job)
		return ERR_PTR(-ENOMEM);
	job->ncmds = ncmds + 1;
	cmd = &job->cmds[ncmds];
	cmd->opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE);
	cmd->flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ);

	job->bos = kcalloc(nbos, sizeof(*job->bos), GFP_KERNEL);
	job->fence = puck_fence_alloc(ring);
	if (!job->bos || !job->fence)
		goto err;
	ret = puck_compat_sched_job_init(&job->base, &entity->base, job->ncmds, puck, client_id);
	if (ret)
		goto err;

	job->puck = puck;
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
	spin_unlock(&puck->list_lock);
	puck_segs_free(puck, &job->segs);
}

/**
 * puck_job_destroy - give back all that a job has
 * @job: the job; the scheduler knows it no more
 *
 * Context: may sleep. Must not be called where a fence depends on it: it takes
 * the dma_resv locks of imported BOs.
 */
void puck_job_destroy(struct puck_job *job)
{
	struct puck_device *puck = job->puck;
	int idx;
	u32 i;

	if (drm_dev_enter(&puck->drm, &idx)) {
		puck_job_free_segs(job);
		drm_dev_exit(idx);
	} else {
		/* puck_sched_detach_jobs() is to come, or has been. */
		mutex_lock(&puck->late_lock);
		puck_job_free_segs(job);
		mutex_unlock(&puck->late_lock);
	}

	for (i = 0; i < job->nbos; i++)
		drm_gem_object_put(job->bos[i]);
	kfree(job->bos);
	if (job->fence)
		dma_fence_put(&job->fence->base);
	kfree(job);
	/* May be the last one, and then ends the schedulers. */
	drm_dev_put(&puck->drm);
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
	puck_job_destroy(job);
}
