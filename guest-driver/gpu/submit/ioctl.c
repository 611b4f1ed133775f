// SPDX-License-Identifier: GPL-2.0-only
/*
 * The submit ioctl. Everything in its arguments may be hostile. The steps, in this order:
 *
 *  - all that needs user memory or tables of the file: copies, the queue, the BOs,
 *    syncobjs and sync_files, those that wait for the job and those it waits for;
 *  - all BOs are locked and brought to their places, with a slot for a fence in each; if memory
 *    of a process is not where it was, it is looked up with nothing locked, and all begun anew;
 *  - all that depends on where BOs are: the commands are checked, and lists written;
 *  - fences of the BOs that the job has to wait for;
 *  - the job is armed: nothing can fail from here on; its fence is handed out, the job
 *    queued, and the locks opened.
 */
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/puck_drm.h>

#include "core/array.h"
#include "core/awake.h"
#include "core/device.h"
#include "core/trace.h"
#include "mem/bo.h"
#include "mem/lock.h"
#include "mem/userptr.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/ring.h"
#include "sched/sched.h"
#include "submit/commands.h"
#include "submit/file.h"
#include "submit/ioctl.h"
#include "submit/resv.h"
#include "submit/submit.h"
#include "submit/sync.h"
#include "vm/exec.h"
#include "vm/vm.h"

#define PUCK_SUBMIT_FLAGS \
	(DRM_PUCK_SUBMIT_IN_FENCE_FD | DRM_PUCK_SUBMIT_OUT_FENCE_FD | \
	 DRM_PUCK_SUBMIT_NO_IMPLICIT)
#define PUCK_REF_ACCESS (DRM_PUCK_REF_READ | DRM_PUCK_REF_WRITE)
#define PUCK_REF_FLAGS (PUCK_REF_ACCESS | DRM_PUCK_REF_NO_IMPLICIT)

static int puck_submit_look_up_bos(struct puck_submit *submit)
{
	struct puck_job *job = submit->job;
	u32 i;

	for (i = 0; i < submit->args->bos.count; i++) {
		const struct drm_puck_bo_ref *ref = &submit->refs[i];

		if (!(ref->flags & PUCK_REF_ACCESS) || ref->flags & ~PUCK_REF_FLAGS)
			return -EINVAL;
		job->bos[i] = drm_gem_object_lookup(submit->file, ref->handle);
		if (!job->bos[i])
			return -ENOENT;
		job->nbos++;
		if (ref->flags & DRM_PUCK_REF_WRITE &&
		    puck_userptr_is_readonly(to_puck_bo(job->bos[i])))
			return -EACCES;
		if (ref->flags & DRM_PUCK_REF_WRITE)
			__set_bit(i, job->writes);
		if (ref->flags & DRM_PUCK_REF_NO_IMPLICIT)
			__set_bit(i, job->explicit);
	}
	return 0;
}

/* What the caller wants to be waited for, and where the job's fence will go. */
static int puck_submit_prepare_syncs(struct puck_submit *submit)
{
	const struct drm_puck_submit *args = submit->args;
	u32 count = args->syncs.count;
	int ret;

	ret = puck_sync_check(submit->syncs, count);
	if (!ret && args->flags & DRM_PUCK_SUBMIT_IN_FENCE_FD)
		ret = puck_sync_wait_for_fd(submit->job, args->in_fence_fd);
	if (!ret)
		ret = puck_sync_wait_for(submit->job, submit->file, submit->syncs, count);
	if (!ret)
		ret = puck_sync_prepare_out(&submit->out, submit->file, submit->syncs, count,
					    args->flags & DRM_PUCK_SUBMIT_OUT_FENCE_FD);
	return ret;
}

/* From here on nothing can fail. The BOs are locked until all have the job's fence. */
static void puck_submit_commit(struct puck_submit *submit, struct drm_exec *exec)
{
	struct drm_puck_submit *args = submit->args;
	struct puck_job *job = submit->job;
	struct dma_fence *fence = puck_sched_arm(job);

	/* What is listed says more, and takes the place of what this leaves there. */
	if (submit->vm)
		puck_exec_add_fence(submit->vm, exec, fence);
	puck_resv_add_fence(job, fence);
	args->seqno = job->number;
	if (args->flags & DRM_PUCK_SUBMIT_OUT_FENCE_FD)
		args->out_fence_fd = submit->out.fd;
	puck_sync_publish(&submit->out, fence);
	/*
	 * The job may be over before the locks are open. Without it the last reference
	 * to a BO could be the one that goes with its lock, while others are held.
	 */
	puck_job_get(job);
	puck_sched_push(job);
	dma_fence_put(fence);
}

/* Number, lock, build, arm and push. On errors nothing has happened but the number. */
static int puck_submit_queue(struct puck_submit *submit)
{
	bool implicit = !(submit->args->flags & DRM_PUCK_SUBMIT_NO_IMPLICIT);
	struct puck_ring *ring = submit->queue->ring;
	struct puck_job *job = submit->job;
	struct drm_exec exec;
	int ret;

	lockdep_assert_held(&submit->queue->submit_lock);

	job->number = atomic64_inc_return(&ring->number);
	trace_puck_submit(ring->puck->drm.dev, ring->index, job->number,
			  submit->args->cmds.count, job->nbos);
	ret = puck_resv_lock(job, submit->vm, &submit->stale, &exec);
	if (ret)
		return ret;
	trace_puck_resv(ring->puck->drm.dev, ring->index, job->number);
	ret = puck_commands_build(submit);
	if (!ret)
		ret = puck_resv_wait_for(job, implicit);
	if (!ret && submit->vm)
		ret = puck_exec_prepare(submit->vm, job, &exec);
	if (!ret)
		ret = puck_userptr_begin(job->puck->mem, &exec);
	if (!ret) {
		puck_submit_commit(submit, &exec);
		puck_userptr_end(job->puck->mem);
	}
	puck_unlock(job->puck->mem, &exec);
	return ret;
}

/* Jobs by address and updates of their VM are in one order. */
static int puck_submit_queue_in_vm(struct puck_submit *submit)
{
	struct puck_queue *updates;
	int ret;

	if (!submit->vm)
		return puck_submit_queue(submit);
	updates = submit->vm->queue;
	ret = mutex_lock_interruptible_nested(&updates->submit_lock, PUCK_QUEUE_OF_VM);
	if (ret)
		return ret;
	ret = puck_submit_queue(submit);
	mutex_unlock(&updates->submit_lock);
	return ret;
}

/*
 * The lock makes what is between number and push one step for all submitters to this
 * queue, so that jobs run in the order of their numbers, and none comes after the end.
 */
static int puck_submit_queue_in_order(struct puck_submit *submit)
{
	struct puck_queue *queue = submit->queue;
	int ret;

	ret = mutex_lock_interruptible(&queue->submit_lock);
	if (ret)
		return ret;
	ret = queue->closed ? -ENOENT : puck_submit_queue_in_vm(submit);
	mutex_unlock(&queue->submit_lock);
	return ret;
}

static int puck_submit_look_up_vm(struct puck_submit *submit)
{
	if (!puck_commands_use_addresses(submit))
		return 0;
	if (!submit->queue->vm)
		return -EINVAL;
	submit->vm = to_puck_vm(submit->queue->vm);
	return 0;
}

static int puck_submit_run(struct puck_submit *submit)
{
	struct drm_puck_submit *args = submit->args;
	int ret;

	ret = puck_submit_look_up_vm(submit);
	if (ret)
		return ret;
	submit->job = puck_job_create(submit->queue, args->cmds.count, args->bos.count,
				      submit->file->client_id);
	if (IS_ERR(submit->job))
		return PTR_ERR(submit->job);

	ret = puck_submit_look_up_bos(submit);
	if (!ret)
		ret = puck_submit_prepare_syncs(submit);
	if (ret)
		goto err_job;
	ret = puck_submit_queue_in_order(submit);
	if (ret)
		goto err_out;
	puck_job_put(submit->job);
	return 0;

err_out:
	puck_sync_cancel_out(&submit->out);
err_job:
	puck_job_discard(submit->job);
	return ret;
}

static void puck_submit_free_copies(struct puck_submit *submit)
{
	void *copies[] = { submit->refs, submit->cmds, submit->syncs };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(copies); i++)
		if (!IS_ERR(copies[i]))
			kfree(copies[i]);
}

static int puck_submit_copy(struct puck_submit *submit)
{
	const struct drm_puck_submit *args = submit->args;

	submit->refs = puck_array_read(&args->bos, DRM_PUCK_SUBMIT_BOS_MAX,
				       sizeof(*submit->refs),
				       offsetofend(struct drm_puck_bo_ref, flags));
	if (IS_ERR(submit->refs))
		return PTR_ERR(submit->refs);
	submit->cmds = puck_array_read(&args->cmds, DRM_PUCK_SUBMIT_CMDS_MAX,
				       sizeof(*submit->cmds),
				       offsetofend(struct drm_puck_cmd, pad));
	if (IS_ERR(submit->cmds))
		return PTR_ERR(submit->cmds);
	submit->syncs = puck_array_read(&args->syncs, DRM_PUCK_SUBMIT_SYNCS_MAX,
					sizeof(*submit->syncs),
					offsetofend(struct drm_puck_sync, point));
	return PTR_ERR_OR_ZERO(submit->syncs);
}

static int puck_submit_enter(struct puck_submit *submit)
{
	int idx, ret;

	/* No BO is taken away from the device in here. */
	if (!puck_awake_enter(submit->puck, &idx))
		return -ENODEV;
	ret = puck_submit_run(submit);
	puck_awake_exit(submit->puck, idx);
	return ret;
}

/* With the copies made: look the queue up, and go on where there is a device. */
static int puck_submit_try(struct puck_submit *submit)
{
	int ret;

	submit->queue = puck_file_find_queue(submit->file, submit->args->queue);
	if (!submit->queue)
		return -ENOENT;
	do {
		ret = puck_submit_enter(submit);
	} while (puck_userptrs_again(&submit->stale, &ret));
	puck_queue_put(submit->queue);
	return ret;
}

static bool puck_submit_args_are_sane(const struct drm_puck_submit *args)
{
	if (args->flags & ~PUCK_SUBMIT_FLAGS)
		return false;
	if (!(args->flags & DRM_PUCK_SUBMIT_IN_FENCE_FD) && args->in_fence_fd)
		return false;
	return !args->out_fence_fd && !args->seqno;
}

/**
 * puck_ioctl_submit - queue a job
 * @dev: the device
 * @data: struct drm_puck_submit
 * @file: the caller
 *
 * Return: 0; -EINVAL for arguments that make no sense; -ENOENT for handles that
 * are none; -E2BIG if the BOs lie in too many pieces, or for elements of arrays that say
 * more than the driver knows; -ENOSPC if VRAM has no room for all BOs; -EFAULT, also for memory
 * of a process that is no more; -EACCES for such memory that must not be written; -ENOMEM;
 * -EMFILE; -EINTR or -ERESTARTSYS; -ENODEV; -EIO if the device is wedged.
 * On errors nothing has happened.
 */
int puck_ioctl_submit(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct puck_submit submit = {
		.puck = to_puck_device(dev),
		.args = data,
		.file = file,
	};
	int ret;

	if (!puck_submit_args_are_sane(submit.args))
		return -EINVAL;
	ret = puck_submit_copy(&submit);
	if (!ret)
		ret = puck_submit_try(&submit);
	puck_submit_free_copies(&submit);
	return ret;
}
