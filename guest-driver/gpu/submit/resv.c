// SPDX-License-Identifier: GPL-2.0-only
/*
 * Implicit synchronisation: a job waits for the fences in the dma_resv of its
 * BOs, and leaves its own there.
 */
#include <linux/dma-resv.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "core/device.h"
#include "sched/job.h"
#include "submit/resv.h"

static int puck_resv_prepare_all(struct puck_job *job, struct drm_exec *exec)
{
	bool again = false;
	int ret = 0;
	u32 i;

	drm_exec_until_all_locked(exec) {
		if (again)
			atomic64_inc(&job->puck->backoffs);
		again = true;
		for (i = 0; i < job->nbos; i++) {
			ret = drm_exec_prepare_obj(exec, job->bos[i], 1);
			drm_exec_retry_on_contention(exec);
			if (ret)
				/* Locked already: the BO is listed twice. */
				return ret == -EALREADY ? -EINVAL : ret;
		}
	}
	return 0;
}

static int puck_resv_add_deps(struct puck_job *job, struct drm_gem_object *obj, bool write,
			      bool implicit)
{
	/*
	 * KERNEL fences guard the memory itself: nobody may opt out of them.
	 * Otherwise a writer waits for readers and writers, a reader for
	 * writers; dma_resv_usage_rw() knows.
	 */
	if (!implicit)
		return drm_sched_job_add_resv_dependencies(&job->base, obj->resv,
							   DMA_RESV_USAGE_KERNEL);
	return drm_sched_job_add_implicit_dependencies(&job->base, obj, write);
}

/**
 * puck_resv_lock - lock the BOs of a job, and keep a slot for its fence in each
 * @job: not armed yet
 * @exec: to be initialised here; drm_exec_fini() unlocks
 *
 * The locks are taken in any order, and backed off from on contention.
 *
 * Context: process; the queue's submit_lock is held.
 * Return: 0 with all BOs locked; -EINTR or -ERESTARTSYS; -EINVAL if a BO is
 * listed twice; -ENOMEM. On errors @exec is finished already.
 */
int puck_resv_lock(struct puck_job *job, struct drm_exec *exec)
{
	int ret;

	/* drm_exec_init() allocates room for hundreds of objects if it is told zero. */
	drm_exec_init(exec, DRM_EXEC_INTERRUPTIBLE_WAIT, max(job->nbos, 1u));
	ret = puck_resv_prepare_all(job, exec);
	if (ret)
		drm_exec_fini(exec);
	return ret;
}

/**
 * puck_resv_wait_for - let a job wait for the fences of its BOs
 * @job: not armed yet
 * @implicit: for those of other users too, but where the job says otherwise of a BO
 *
 * Context: all BOs are locked by puck_resv_lock().
 * Return: 0 or -ENOMEM.
 */
int puck_resv_wait_for(struct puck_job *job, bool implicit)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < job->nbos; i++)
		ret = puck_resv_add_deps(job, job->bos[i], test_bit(i, job->writes),
					 implicit && !test_bit(i, job->explicit));
	return ret;
}

/**
 * puck_resv_add_fence - leave the job's fence with its BOs
 * @job: armed, not pushed yet
 * @fence: its finished fence
 *
 * Context: all BOs are locked by puck_resv_lock().
 */
void puck_resv_add_fence(struct puck_job *job, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < job->nbos; i++)
		dma_resv_add_fence(job->bos[i]->resv, fence,
				   test_bit(i, job->writes) ? DMA_RESV_USAGE_WRITE :
							      DMA_RESV_USAGE_READ);
}
