// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on VMs. Everything in their arguments may be hostile. The steps of VM_BIND are in
 * the order of those of SUBMIT (ioctl.c), for the same reasons.
 */
#include <linux/completion.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/puck_drm.h>

#include "core/array.h"
#include "core/awake.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/ioctl.h"
#include "mem/lock.h"
#include "mem/userptr.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/sched.h"
#include "submit/file.h"
#include "submit/sync.h"
#include "submit/vms.h"
#include "vm/bind.h"
#include "vm/update.h"
#include "vm/vm.h"

/* What is aligned so consists of pages of the device, and of the CPU. */
static_assert(DRM_PUCK_BIND_ALIGN == PUCK_GPU_PAGE_SIZE);
static_assert(DRM_PUCK_BIND_ALIGN <= PAGE_SIZE);

/**
 * struct puck_vm_bind - a VM_BIND on its way through the ioctl
 * @args: the ioctl's argument
 * @file: the caller
 * @vm: the VM; counted as a user
 * @steps: its steps, a copy
 * @syncs: its syncobjs, a copy
 * @binds: the steps, checked, with the BOs looked up
 * @stale: memory of processes that has to be looked up before it is tried again
 * @out: what will have its fence
 * @update: what becomes of it
 * @fence: signalled when it is done; a reference
 */
struct puck_vm_bind {
	struct drm_puck_vm_bind *args;
	struct drm_file *file;
	struct puck_vm *vm;
	struct drm_puck_bind *steps;
	struct drm_puck_sync *syncs;
	struct puck_bind *binds;
	struct puck_userptrs stale;
	struct puck_out_fences out;
	struct puck_update *update;
	struct dma_fence *fence;
};

/**
 * puck_ioctl_vm_create - make a VM
 * @dev: the device
 * @data: struct drm_puck_vm_create
 * @file: the caller
 *
 * Return: 0, -EINVAL, -EOPNOTSUPP, -ENOSPC, -ENOMEM, -ENODEV.
 */
int puck_ioctl_vm_create(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_vm_create *args = data;
	struct puck_vm *vm;
	int idx, ret;

	if (args->flags || args->vm)
		return -EINVAL;
	if (!puck_awake_enter(to_puck_device(dev), &idx))
		return -ENODEV;
	vm = puck_vm_create(to_puck_device(dev));
	puck_awake_exit(to_puck_device(dev), idx);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	ret = puck_file_add_vm(file, vm, &args->vm);
	if (ret)
		puck_vm_unuse(vm);
	return ret;
}

/**
 * puck_ioctl_vm_destroy - take the id of a VM away
 * @dev: the device
 * @data: struct drm_puck_vm_destroy
 * @file: the caller
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int puck_ioctl_vm_destroy(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_vm_destroy *args = data;
	struct puck_vm *vm;

	if (args->pad)
		return -EINVAL;
	vm = puck_file_take_vm(file, args->vm);
	if (!vm)
		return -ENOENT;
	puck_vm_unuse(vm);
	return 0;
}

/**
 * puck_ioctl_gem_create - make a BO, which may be private to a VM
 * @dev: the device
 * @data: struct drm_puck_gem_create
 * @file: the caller
 *
 * Return: as puck_gem_create_handle(); -ENOENT if there is no such VM.
 */
int puck_ioctl_gem_create(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_gem_create *args = data;
	struct puck_vm *vm;
	int ret;

	if (!args->vm)
		return puck_gem_create_handle(dev, args, file, NULL);
	vm = puck_file_find_vm(file, args->vm);
	if (!vm)
		return -ENOENT;
	ret = puck_gem_create_handle(dev, args, file, drm_gpuvm_resv_obj(&vm->base));
	puck_vm_unuse(vm);
	return ret;
}

/* ---- VM_BIND: its steps ---- */

static bool puck_bind_range_is_sane(const struct drm_puck_bind *step)
{
	if (!step->length || !IS_ALIGNED(step->addr | step->length, DRM_PUCK_BIND_ALIGN))
		return false;
	if (step->length > PUCK_VA_END || step->addr > PUCK_VA_END - step->length)
		return false;
	return step->op == DRM_PUCK_BIND_UNMAP || step->length <= DRM_PUCK_BIND_LENGTH_MAX;
}

static bool puck_bind_is_sane(const struct drm_puck_bind *step)
{
	if (step->pad || !puck_bind_range_is_sane(step))
		return false;
	switch (step->op) {
	case DRM_PUCK_BIND_MAP:
		return !(step->flags & ~DRM_PUCK_BIND_READONLY) &&
		       IS_ALIGNED(step->offset, DRM_PUCK_BIND_ALIGN);
	case DRM_PUCK_BIND_UNMAP:
	case DRM_PUCK_BIND_MAP_SPARSE:
		return !step->flags && !step->handle && !step->offset;
	default:
		return false;
	}
}

/* May the BO be mapped in this VM, and is the range within it? */
static bool puck_bind_fits(struct puck_vm *vm, struct drm_gem_object *obj,
			   const struct drm_puck_bind *step)
{
	struct drm_gem_object *vm_resv = to_puck_bo(obj)->vm_resv;

	if (vm_resv && vm_resv != drm_gpuvm_resv_obj(&vm->base))
		return false;
	return step->offset <= obj->size && step->length <= obj->size - step->offset;
}

static int puck_vm_bind_look_up(struct puck_vm_bind *vb, u32 i)
{
	const struct drm_puck_bind *step = &vb->steps[i];
	struct puck_bind *bind = &vb->binds[i];

	if (!puck_bind_is_sane(step))
		return -EINVAL;
	bind->op = step->op;
	bind->readonly = step->flags & DRM_PUCK_BIND_READONLY;
	bind->offset = step->offset;
	bind->addr = step->addr;
	bind->length = step->length;
	if (step->op != DRM_PUCK_BIND_MAP)
		return 0;
	bind->obj = drm_gem_object_lookup(vb->file, step->handle);
	if (!bind->obj)
		return -ENOENT;
	if (!puck_bind_fits(vb->vm, bind->obj, step))
		return -EINVAL;
	return !bind->readonly && puck_userptr_is_readonly(to_puck_bo(bind->obj)) ? -EACCES : 0;
}

static void puck_vm_bind_put_binds(struct puck_vm_bind *vb)
{
	u32 i;

	for (i = 0; i < vb->args->binds.count; i++)
		if (vb->binds[i].obj)
			drm_gem_object_put(vb->binds[i].obj);
	kfree(vb->binds);
}

/* ---- VM_BIND: the update ---- */

static int puck_vm_bind_prepare_syncs(struct puck_vm_bind *vb)
{
	u32 count = vb->args->syncs.count;
	int ret;

	ret = puck_sync_wait_for(vb->update->job, vb->file, vb->syncs, count);
	if (!ret)
		ret = puck_sync_prepare_out(&vb->out, vb->file, vb->syncs, count, false);
	return ret;
}

/* On errors nothing has happened. */
static int puck_vm_bind_queue(struct puck_vm_bind *vb)
{
	u32 count = vb->args->binds.count;
	struct puck_job *job = vb->update->job;
	struct drm_exec exec;
	int ret;

	ret = puck_bind_lock(vb->vm, vb->binds, count, &vb->stale, &exec);
	if (ret)
		return ret;
	ret = puck_bind_prepare(vb->update, vb->binds, count);
	if (!ret) {
		puck_bind_apply(vb->update, vb->binds, count);
		vb->fence = puck_update_arm(vb->update, &exec);
		puck_sync_publish(&vb->out, vb->fence);
		/* It holds BOs that must not go while others are locked. */
		puck_job_get(job);
		puck_sched_push(job);
	}
	puck_unlock(vb->vm->puck->mem, &exec);
	return ret;
}

static int puck_vm_bind_queue_in_order(struct puck_vm_bind *vb)
{
	struct puck_queue *queue = vb->vm->queue;
	int ret;

	ret = mutex_lock_interruptible_nested(&queue->submit_lock, PUCK_QUEUE_OF_VM);
	if (ret)
		return ret;
	ret = puck_vm_bind_queue(vb);
	mutex_unlock(&queue->submit_lock);
	return ret;
}

static int puck_vm_bind_run(struct puck_vm_bind *vb)
{
	struct puck_job *job;
	int ret;

	vb->update = puck_update_create(vb->vm, vb->file->client_id);
	if (IS_ERR(vb->update))
		return PTR_ERR(vb->update);
	job = vb->update->job;
	ret = puck_vm_bind_prepare_syncs(vb);
	if (ret)
		goto err_job;
	ret = puck_vm_bind_queue_in_order(vb);
	if (ret)
		goto err_out;
	puck_job_put(job);
	return 0;

err_out:
	puck_sync_cancel_out(&vb->out);
err_job:
	puck_job_discard(job);
	return ret;
}

static int puck_vm_bind_enter(struct puck_vm_bind *vb)
{
	int idx, ret;

	if (!puck_awake_enter(vb->vm->puck, &idx))
		return -ENODEV;
	ret = puck_vm_bind_run(vb);
	puck_awake_exit(vb->vm->puck, idx);
	return ret;
}

static int puck_vm_bind_try(struct puck_vm_bind *vb)
{
	int ret;

	do {
		ret = puck_vm_bind_enter(vb);
	} while (puck_userptrs_again(&vb->stale, &ret));
	return ret;
}

static int puck_vm_bind_with_binds(struct puck_vm_bind *vb)
{
	u32 count = vb->args->binds.count, i;
	int ret = 0;

	vb->binds = kvcalloc(count, sizeof(*vb->binds), GFP_KERNEL);
	if (!vb->binds)
		return -ENOMEM;
	for (i = 0; !ret && i < count; i++)
		ret = puck_vm_bind_look_up(vb, i);
	if (!ret)
		ret = puck_vm_bind_try(vb);
	puck_vm_bind_put_binds(vb);
	return ret;
}

/**
 * struct puck_vm_bind_waiter - somebody who waits for an update
 * @cb: on its fence
 * @done: completed by that
 */
struct puck_vm_bind_waiter {
	struct dma_fence_cb cb;
	struct completion done;
};

static void puck_vm_bind_wake(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	complete(&container_of(cb, struct puck_vm_bind_waiter, cb)->done);
}

/*
 * What was asked for has happened, so there is no way back, and a signal must not look like
 * one: only that ends the wait which ends the process.
 */
static void puck_vm_bind_wait_killable(struct dma_fence *fence)
{
	struct puck_vm_bind_waiter waiter;

	init_completion(&waiter.done);
	if (dma_fence_add_callback(fence, &waiter.cb, puck_vm_bind_wake))
		return;
	/* The callback may still be running if it cannot be removed. */
	if (wait_for_completion_killable(&waiter.done) &&
	    !dma_fence_remove_callback(fence, &waiter.cb))
		wait_for_completion(&waiter.done);
}

/* Not within drm_dev_enter(): the end of the device must not wait for us. */
static int puck_vm_bind_wait(struct puck_vm_bind *vb)
{
	int ret = 0;

	if (!(vb->args->flags & DRM_PUCK_VM_BIND_ASYNC)) {
		puck_vm_bind_wait_killable(vb->fence);
		ret = vb->fence->error;
	}
	dma_fence_put(vb->fence);
	return ret;
}

static int puck_vm_bind_with_copies(struct puck_vm_bind *vb)
{
	int ret;

	ret = puck_sync_check(vb->syncs, vb->args->syncs.count);
	if (ret)
		return ret;
	vb->vm = puck_file_find_vm(vb->file, vb->args->vm);
	if (!vb->vm)
		return -ENOENT;
	ret = puck_vm_bind_with_binds(vb);
	if (!ret)
		ret = puck_vm_bind_wait(vb);
	puck_vm_unuse(vb->vm);
	return ret;
}

static bool puck_vm_bind_args_are_sane(const struct drm_puck_vm_bind *args)
{
	if (args->flags & ~DRM_PUCK_VM_BIND_ASYNC || args->queue || args->pad)
		return false;
	return args->flags & DRM_PUCK_VM_BIND_ASYNC || !args->syncs.count;
}

/**
 * puck_ioctl_vm_bind - change what is mapped in a VM
 * @dev: the device
 * @data: struct drm_puck_vm_bind
 * @file: the caller
 *
 * Return: 0; -EINVAL for arguments that make no sense; -ENOENT for handles that are none;
 * -E2BIG if this is more than one job can do, or for elements of arrays that say more than
 * the driver knows; -EIO if the VM is lost; -ENOSPC if VRAM has no room for a BO that can be
 * nowhere else; -EFAULT, also for memory of a process that is no more; -EACCES for such memory
 * that is read-only; -ENOMEM; -EINTR or -ERESTARTSYS; -ENODEV.
 * On errors nothing has happened; but without ASYNC also the error of a job that failed, by
 * which the VM was lost.
 */
int puck_ioctl_vm_bind(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct puck_vm_bind vb = { .args = data, .file = file };
	int ret;

	if (!puck_vm_bind_args_are_sane(vb.args))
		return -EINVAL;
	vb.steps = puck_array_read(&vb.args->binds, DRM_PUCK_BINDS_MAX, sizeof(*vb.steps),
				   offsetofend(struct drm_puck_bind, length));
	if (IS_ERR(vb.steps))
		return PTR_ERR(vb.steps);
	vb.syncs = puck_array_read(&vb.args->syncs, DRM_PUCK_SUBMIT_SYNCS_MAX, sizeof(*vb.syncs),
				   offsetofend(struct drm_puck_sync, point));
	if (IS_ERR(vb.syncs)) {
		kfree(vb.steps);
		return PTR_ERR(vb.syncs);
	}
	ret = puck_vm_bind_with_copies(&vb);
	kfree(vb.syncs);
	kfree(vb.steps);
	return ret;
}
