// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs that use addresses of a VM. Such a job may touch all that is mapped there: so all of
 * it is locked, what has moved is brought back and mapped again, and the job's fence is
 * left with all of it. It does not say which of the BOs it writes, though, and with those it
 * does not list there is no implicit synchronisation: BOOKKEEP keeps the memory in place
 * and is nobody else's affair.
 */
#include <linux/dma-resv.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "mem/bo.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/sched.h"
#include "vm/bind.h"
#include "vm/exec.h"
#include "vm/pieces.h"
#include "vm/update.h"
#include "vm/vm.h"

/**
 * puck_exec_lock - lock a VM and all BOs of others that are mapped there
 * @vm: the VM
 * @exec: within drm_exec_until_all_locked(); the caller looks whether to begin again
 *
 * Context: process; the submit_lock of the VM's queue is held.
 * Return: 0 or a negative errno.
 */
int puck_exec_lock(struct puck_vm *vm, struct drm_exec *exec)
{
	int ret;

	lockdep_assert_held(&vm->queue->submit_lock);

	ret = drm_gpuvm_prepare_vm(&vm->base, exec, 0);
	if (!ret)
		ret = drm_gpuvm_prepare_objects(&vm->base, exec, 0);
	return ret;
}

/**
 * puck_exec_needs - see whether whoever has a VM locked needs a BO in its place
 * @vm: the VM
 * @bo: the BO
 *
 * Context: with the VM's dma_resv lock held.
 * Return: true if it is private to the VM and mapped there. Of others it says nothing.
 */
bool puck_exec_needs(struct puck_vm *vm, struct puck_bo *bo)
{
	drm_gpuvm_resv_assert_held(&vm->base);

	return bo->vm_resv == drm_gpuvm_resv_obj(&vm->base) &&
	       !list_empty(&bo->ttm.base.gpuva.list);
}

/* Called for each BO that has moved, or that was mapped again since. */
int puck_exec_validate_bo(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	return vm_bo->evicted ? puck_bo_validate(to_puck_bo(vm_bo->obj)) : 0;
}

/**
 * puck_exec_validate - bring what has moved to where jobs can use it
 * @vm: the VM
 * @exec: all that puck_exec_lock() locks is locked, and what the job lists is validated
 *
 * Context: as puck_bo_validate().
 * Return: as puck_bo_validate().
 */
int puck_exec_validate(struct puck_vm *vm, struct drm_exec *exec)
{
	int ret;

	/*
	 * A BO of others comes to the list of evicted ones where it is locked. So that is done
	 * once more: what the job lists may have moved since, to where it is better off.
	 */
	ret = drm_gpuvm_prepare_objects(&vm->base, exec, 0);
	return ret ?: drm_gpuvm_validate(&vm->base, exec);
}

/* All that is needed to map a BO again; its tables are there. */
static int puck_exec_prepare_bo(struct puck_update *update, struct drm_gpuvm_bo *vm_bo,
				struct puck_update_need *need)
{
	struct drm_gpuva *va;
	int ret = 0;

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		need->written += puck_pt_count(&update->vm->pt, va->va.addr, va->va.range);
		if (!ret)
			ret = puck_pieces_check(to_puck_bo(vm_bo->obj), va->gem.offset,
						va->va.range);
	}
	if (!ret)
		ret = drm_sched_job_add_resv_dependencies(&update->job->base, vm_bo->obj->resv,
							  DMA_RESV_USAGE_KERNEL);
	return ret;
}

static int puck_exec_prepare_rebind(struct puck_update *update)
{
	struct puck_update_need need = { 0 };
	struct drm_gpuvm_bo *vm_bo;
	int ret;

	ret = puck_update_wait_for_jobs(update);
	list_for_each_entry(vm_bo, &update->vm->base.evict.list, list.entry.evict)
		if (!ret)
			ret = puck_exec_prepare_bo(update, vm_bo, &need);
	return ret ?: puck_update_reserve(update, &need);
}

/* Nothing fails from here on. The callback above takes the BOs off the list of evicted ones. */
static void puck_exec_commit_rebind(struct puck_update *update, struct drm_exec *exec)
{
	struct puck_vm *vm = update->vm;
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	list_for_each_entry(vm_bo, &vm->base.evict.list, list.entry.evict) {
		drm_gpuvm_bo_for_each_va(va, vm_bo)
			puck_bind_remap(update, to_puck_va(va));
		vm_bo->evicted = false;
	}
	drm_gpuvm_validate(&vm->base, exec);
	puck_update_write(update);
	dma_fence_put(puck_update_arm(update, exec));
	/* Its BOs are held by their mappings, and those by the VM that is locked. */
	puck_sched_push(update->job);
}

/* Map what has moved again, by an update in front of the job. */
static int puck_exec_rebind(struct puck_vm *vm, struct drm_exec *exec)
{
	struct puck_update *update;
	int ret;

	if (list_empty(&vm->base.evict.list))
		return 0;
	update = puck_update_create(vm, 0);
	if (IS_ERR(update))
		return PTR_ERR(update);
	ret = puck_exec_prepare_rebind(update);
	if (ret)
		puck_job_discard(update->job);
	else
		puck_exec_commit_rebind(update, exec);
	return ret;
}

/*
 * Moves of the memory itself, of whichever BO. For those that the job lists, KERNEL fences are
 * among what it waits for already, whatever it says of implicit synchronisation.
 */
static int puck_exec_wait_for_moves(struct puck_vm *vm, struct puck_job *job)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret;

	ret = drm_sched_job_add_resv_dependencies(&job->base, drm_gpuvm_resv(&vm->base),
						  DMA_RESV_USAGE_KERNEL);
	list_for_each_entry(vm_bo, &vm->base.extobj.list, list.entry.extobj)
		if (!ret && to_puck_bo(vm_bo->obj)->listing != job->listing)
			ret = drm_sched_job_add_resv_dependencies(&job->base, vm_bo->obj->resv,
								  DMA_RESV_USAGE_KERNEL);
	return ret;
}

/**
 * puck_exec_prepare - have a VM ready for a job
 * @vm: the VM
 * @job: not armed yet, waits for the fences of the BOs it lists; will wait for the updates of
 *       the VM, and for moves of all that is mapped there
 * @exec: all that puck_exec_lock() locks is locked, puck_exec_validate() was content, and
 *        there is room for PUCK_EXEC_FENCES in each
 *
 * Context: may sleep; inside drm_dev_enter(), with the submit_lock of the VM's queue held.
 * Return: 0; -EIO if the VM is lost; -E2BIG if more has moved than one job can map again;
 * -ENOMEM; -ENODEV.
 */
int puck_exec_prepare(struct puck_vm *vm, struct puck_job *job, struct drm_exec *exec)
{
	int ret;

	ret = puck_vm_error(vm);
	if (ret)
		return ret;
	ret = puck_exec_rebind(vm, exec);
	if (!ret && vm->last)
		ret = drm_sched_job_add_dependency(&job->base, dma_fence_get(vm->last));
	if (!ret)
		ret = puck_exec_wait_for_moves(vm, job);
	return ret;
}

/**
 * puck_exec_add_fence - leave a job's fence with all that is mapped in its VM
 * @vm: the VM
 * @exec: as in puck_exec_prepare()
 * @fence: the job's finished fence
 */
void puck_exec_add_fence(struct puck_vm *vm, struct drm_exec *exec, struct dma_fence *fence)
{
	drm_gpuvm_resv_add_fence(&vm->base, exec, fence, DMA_RESV_USAGE_BOOKKEEP,
				 DMA_RESV_USAGE_BOOKKEEP);
}
