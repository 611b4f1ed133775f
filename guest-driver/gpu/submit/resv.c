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
#include "mem/lock.h"
#include "mem/userptr.h"
#include "sched/job.h"
#include "submit/resv.h"
#include "vm/exec.h"

static int puck_resv_validate_all(struct puck_job *job, struct puck_vm *vm,
				  struct drm_exec *exec)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < job->nbos; i++)
		ret = puck_bo_validate(to_puck_bo(job->bos[i]));
	if (!ret && vm)
		ret = puck_exec_validate(vm, exec);
	return ret;
}

/**
 * struct puck_resv_locking - what is to be locked
 * @job: its BOs
 * @vm: and all that is mapped there, or NULL
 * @stale: memory of processes that has to be looked up first
 */
struct puck_resv_locking {
	struct puck_job *job;
	struct puck_vm *vm;
	struct puck_userptrs *stale;
};

/*
 * Note in each BO that the job lists it; false if one is listed twice. Those that are private
 * to a VM have one lock together, so that locking them says nothing of that.
 */
static bool puck_resv_note_listed(struct puck_job *job)
{
	u32 i;

	/* A number of each try's own: what is left in BOs by an earlier one means nothing. */
	job->listing = atomic64_inc_return(&job->puck->listings);
	for (i = 0; i < job->nbos; i++) {
		struct puck_bo *bo = to_puck_bo(job->bos[i]);

		dma_resv_assert_held(bo->ttm.base.resv);
		if (bo->listing == job->listing)
			return false;
		bo->listing = job->listing;
	}
	return true;
}

/* A puck_lock_needs_fn. */
static bool puck_resv_needs(struct puck_bo *bo, void *data)
{
	struct puck_resv_locking *locking = data;

	return bo->listing == locking->job->listing ||
	       (locking->vm && puck_exec_needs(locking->vm, bo));
}

/* Lock all BOs, and bring them to their places; a puck_lock_fn. */
static int puck_resv_place_all(struct drm_exec *exec, bool alone, void *data)
{
	struct puck_resv_locking *locking = data;
	struct puck_job *job = locking->job;
	struct puck_vm *vm = locking->vm;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < job->nbos; i++)
		ret = drm_exec_lock_obj(exec, job->bos[i]);
	if (!ret && !puck_resv_note_listed(job))
		ret = -EINVAL;
	if (!ret && vm)
		ret = puck_exec_lock(vm, exec);
	if (!ret)
		ret = puck_userptr_prepare(exec, locking->stale);
	if (!ret && alone)
		ret = puck_lock_make_room(job->puck->mem, exec, puck_resv_needs, locking);
	if (!ret)
		ret = puck_resv_validate_all(job, vm, exec);
	return ret ?: puck_lock_reserve(exec, PUCK_EXEC_FENCES);
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
 * puck_resv_lock - lock the BOs of a job, with room for its fence, where it can use them
 * @job: not armed yet
 * @vm: whose memory it uses by address, or NULL: all that is mapped there as well
 * @stale: empty; memory of processes that has to be looked up first
 * @exec: to be initialised here; puck_unlock() unlocks
 *
 * Context: process, inside drm_dev_enter(); the queue's submit_lock is held, and that of the
 * queue of the VM's updates.
 * Return: 0 with all BOs locked; -EINTR or -ERESTARTSYS; -EINVAL if a BO is
 * listed twice; -ENOSPC if VRAM has no room for all of them; -ENOMEM; -E2BIG; -ENODEV;
 * PUCK_USERPTR_STALE. On errors @exec is finished already.
 */
int puck_resv_lock(struct puck_job *job, struct puck_vm *vm, struct puck_userptrs *stale,
		   struct drm_exec *exec)
{
	struct puck_resv_locking locking = { .job = job, .vm = vm, .stale = stale };

	return puck_lock(job->puck->mem, exec, job->nbos, puck_resv_place_all, &locking);
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
