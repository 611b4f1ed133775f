// SPDX-License-Identifier: GPL-2.0-only
/*
 * Implicit synchronisation: a job waits for the fences in the dma_resv of its
 * BOs, and leaves its own there.
 */
#include <linux/dma-resv.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "core/device.h"
#include "mem/bo.h"
#include "mem/mem.h"
#include "sched/job.h"
#include "submit/resv.h"

static int puck_resv_lock_all(struct puck_job *job, struct drm_exec *exec)
{
	bool again = false;
	int ret = 0;
	u32 i;

	drm_exec_until_all_locked(exec) {
		if (again)
			atomic64_inc(&job->puck->backoffs);
		again = true;
		for (i = 0; i < job->nbos; i++) {
			ret = drm_exec_lock_obj(exec, job->bos[i]);
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

/* The slot for the job's fence comes last: a move takes the one that there is. */
static int puck_resv_validate_all(struct puck_job *job)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < job->nbos; i++) {
		ret = puck_bo_validate(to_puck_bo(job->bos[i]));
		if (!ret)
			ret = dma_resv_reserve_fences(job->bos[i]->resv, 1);
	}
	return ret;
}

/**
 * puck_resv_unlock - undo puck_resv_lock()
 * @job: armed or not; kept by the caller
 * @exec: of it
 */
void puck_resv_unlock(struct puck_job *job, struct drm_exec *exec)
{
	drm_exec_fini(exec);
	puck_mem_leave(job->puck->mem);
}

/* With @alone there is nobody else who has BOs locked in order to validate them. */
static int puck_resv_try_lock(struct puck_job *job, struct drm_exec *exec, bool alone)
{
	struct puck_mem *mem = job->puck->mem;
	int ret;

	ret = puck_mem_enter(mem, alone);
	if (ret)
		return ret;
	/* drm_exec_init() allocates room for hundreds of objects if it is told zero. */
	drm_exec_init(exec, DRM_EXEC_INTERRUPTIBLE_WAIT, max(job->nbos, 1u));
	ret = puck_resv_lock_all(job, exec);
	if (!ret)
		ret = puck_resv_validate_all(job);
	puck_mem_share(mem, alone);
	if (ret)
		puck_resv_unlock(job, exec);
	return ret;
}

/**
 * puck_resv_lock - lock the BOs of a job, with room for its fence, where it can use them
 * @job: not armed yet
 * @exec: to be initialised here; puck_resv_unlock() unlocks
 *
 * The locks are taken in any order, and backed off from on contention. All of them are
 * held by one ticket when the BOs are brought to their places, so none of them drives
 * another out; who finds no room tries again without others.
 *
 * Context: process, inside drm_dev_enter(); the queue's submit_lock is held.
 * Return: 0 with all BOs locked; -EINTR or -ERESTARTSYS; -EINVAL if a BO is
 * listed twice; -ENOSPC if VRAM has no room for all of them; -ENOMEM; -E2BIG; -ENODEV. On
 * errors @exec is finished already.
 */
int puck_resv_lock(struct puck_job *job, struct drm_exec *exec)
{
	int ret = puck_resv_try_lock(job, exec, false);

	if (ret == -ENOSPC || ret == -ENOMEM)
		ret = puck_resv_try_lock(job, exec, true);
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
