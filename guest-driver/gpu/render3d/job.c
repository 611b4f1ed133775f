// SPDX-License-Identifier: GPL-2.0-only
/*
 * 3D jobs: made, queued, ended.
 */
#include <linux/dma-fence.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "core/device.h"
#include "core/trace.h"
#include "mem/bo.h"
#include "mem/lock.h"
#include "mem/segs.h"
#include "mem/userptr.h"
#include "render3d/context.h"
#include "render3d/job.h"
#include "sched/fence.h"
#include "sched/queue.h"
#include "sched/ring.h"
#include "sched/sched.h"
#include "submit/resv.h"
#include "submit/sync.h"

/**
 * puck_render_job_enter - see whether the context of a job is still there
 * @job: of puck_render_job_create()
 *
 * A puck_enter_fn, which such a job has unless its maker gives it another one.
 *
 * Return: 0, or -ECANCELED.
 */
int puck_render_job_enter(struct puck_job *job)
{
	struct puck_render_context *ctx = job->data;

	if (!puck_render_object_is_there(&ctx->object))
		return -ECANCELED;
	/* Behind a reset the context is a new one: what the old one did of the job is lost. */
	job->first = 0;
	return 0;
}

/* A context, or with one. */
static bool puck_render_makes_or_draws(const struct puck_job *job)
{
	u32 i;

	for (i = 0; i < job->ncmds; i++) {
		u16 opcode = le16_to_cpu(job->cmds[i].opcode);

		if (opcode == PUCK_RENDER_CMD_SUBMIT || opcode == PUCK_RENDER_CMD_CTX_CREATE)
			return true;
	}
	return false;
}

/* What was lost, or was refused by the device for what is wrong in a stream, is so for good. */
static void puck_render_gone(struct puck_job *job)
{
	struct puck_render_context *ctx = job->data;
	int error = job->fence ? min(dma_fence_get_status(&job->fence->base), 0) : 0;

	if (error && (error == -ECANCELED || puck_render_makes_or_draws(job)))
		puck_render_context_note(ctx, error);
	puck_render_context_put(ctx);
}

/**
 * puck_render_job_create - make a job of a context
 * @ctx: the context; the job keeps it
 * @ncmds: commands before the FENCE
 * @nbos: BOs at most
 * @client_id: of the DRM file
 *
 * Context: may sleep; inside puck_awake_enter().
 * Return: as puck_job_create().
 */
struct puck_job *puck_render_job_create(struct puck_render_context *ctx, u32 ncmds, u32 nbos,
					u64 client_id)
{
	struct puck_job *job = puck_job_create(ctx->queue, ncmds, nbos, client_id);

	if (IS_ERR(job))
		return job;
	kref_get(&ctx->ref);
	job->enter = puck_render_job_enter;
	job->gone = puck_render_gone;
	job->data = ctx;
	return job;
}

/**
 * puck_render_job_add_bo - have a job use a BO
 * @job: with room for it
 * @bo: the BO; the job keeps it
 * @write: others have to wait for it
 */
void puck_render_job_add_bo(struct puck_job *job, struct puck_bo *bo, bool write)
{
	drm_gem_object_get(&bo->ttm.base);
	if (write)
		__set_bit(job->nbos, job->writes);
	job->bos[job->nbos++] = &bo->ttm.base;
}

/* The list is the job's only one. */
static void puck_render_fill_io(const struct puck_job *job, u64 length, struct puck_render_io *io)
{
	io->length = cpu_to_le64(length);
	io->list = cpu_to_le64(job->segs.dma);
	io->nsegs = cpu_to_le32(job->segs.used);
}

/**
 * puck_render_job_list - say where the beginning of a BO is
 * @job: whose only list it is to be
 * @bo: the BO, one of its own
 * @length: bytes
 * @io: filled in
 *
 * Context: may sleep; in puck_render_push.build.
 * Return: 0; -E2BIG if it is in too many pieces; -ENOMEM.
 */
int puck_render_job_list(struct puck_job *job, struct puck_bo *bo, u64 length,
			 struct puck_render_io *io)
{
	struct puck_where where = puck_bo_where(bo);
	u32 count = puck_segs_count(job->puck, where.sgt, 0, length);
	int ret;

	if (count > job->puck->segs_max)
		return -E2BIG;
	ret = puck_segs_alloc(job->puck, &job->segs, count);
	if (ret)
		return ret;
	puck_segs_add(job->puck, &job->segs, where, 0, length);
	puck_render_fill_io(job, length, io);
	return 0;
}

/**
 * puck_render_job_data - have the device read bytes that go with the job
 * @job: whose only list it is to be
 * @data: the bytes, which are copied
 * @length: how many; a few pages
 * @io: filled in
 *
 * Context: may sleep; in puck_render_push.build.
 * Return: as puck_render_job_list().
 */
int puck_render_job_data(struct puck_job *job, const void *data, u32 length,
			 struct puck_render_io *io)
{
	int ret = puck_segs_alloc_data(job->puck, &job->segs, data, length);

	if (!ret)
		puck_render_fill_io(job, length, io);
	return ret;
}

/* With the BOs locked: all that can fail, and then what cannot. */
static struct dma_fence *puck_render_commit(const struct puck_render_push *push)
{
	struct puck_job *job = push->job;
	struct dma_fence *fence;
	int ret = 0;

	if (push->build)
		ret = push->build(job, push->data);
	if (!ret)
		ret = puck_resv_wait_for(job, true);
	if (ret)
		return ERR_PTR(ret);
	fence = puck_sched_arm(job);
	puck_resv_add_fence(job, fence);
	if (push->commit)
		push->commit(push->data);
	if (push->out)
		puck_sync_publish(push->out, fence);
	/* It may be over before the locks are open; see submit/ioctl.c. */
	puck_job_get(job);
	puck_sched_push(job);
	return fence;
}

/* Number, lock, build, arm and push a job; of an error only the number is left. */
static struct dma_fence *puck_render_try_push(const struct puck_render_push *push)
{
	struct puck_job *job = push->job;
	struct puck_queue *queue = job->queue;
	struct puck_userptrs stale = { };
	struct dma_fence *fence;
	struct drm_exec exec;
	int ret;

	ret = mutex_lock_interruptible(&queue->submit_lock);
	if (ret)
		return ERR_PTR(ret);
	job->number = atomic64_inc_return(&job->ring->number);
	trace_puck_submit(job->puck->drm.dev, job->ring->index, job->number, job->ncmds - 1,
			  job->nbos);
	ret = puck_resv_lock(job, NULL, &stale, &exec);
	if (ret) {
		mutex_unlock(&queue->submit_lock);
		return ERR_PTR(ret);
	}
	trace_puck_resv(job->puck->drm.dev, job->ring->index, job->number);
	fence = puck_render_commit(push);
	puck_unlock(job->puck->mem, &exec);
	mutex_unlock(&queue->submit_lock);
	return fence;
}

/**
 * puck_render_job_push - queue a job
 * @push: the job, and what is to be done with it. The job is gone in any case when this returns
 *
 * Context: process; inside puck_awake_enter(), with no dma_resv lock held.
 * Return: a reference to its fence; or an ERR_PTR(), and nothing has happened.
 */
struct dma_fence *puck_render_job_push(const struct puck_render_push *push)
{
	struct dma_fence *fence = puck_render_try_push(push);

	if (IS_ERR(fence))
		puck_job_discard(push->job);
	else
		puck_job_put(push->job);
	return fence;
}

/**
 * puck_render_job_run - queue a job of a context
 * @ctx: the context; its lock is held
 * @push: the job, which is gone in any case when this returns
 *
 * Context: as puck_render_job_push().
 * Return: 0, or a negative errno, and nothing has happened.
 */
int puck_render_job_run(struct puck_render_context *ctx, const struct puck_render_push *push)
{
	struct dma_fence *fence;

	lockdep_assert_held(&ctx->lock);

	fence = puck_render_job_push(push);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	dma_fence_put(ctx->object.last);
	ctx->object.last = fence;
	return 0;
}

/* A puck_enter_fn. */
static int puck_render_enter_attach(struct puck_job *job)
{
	struct puck_bo *bo = to_puck_bo(job->bos[0]);
	int ret = puck_render_job_enter(job);

	if (ret)
		return ret;
	return puck_render_object_is_there(&bo->res->object) ? 0 : -ECANCELED;
}

/* Has the device let the context use the resource. */
static int puck_render_attach_new(struct puck_render_context *ctx, struct puck_bo *bo,
				  u64 client_id)
{
	struct puck_render_push push = { };
	struct puck_render_cmd *cmd;

	push.job = puck_render_job_create(ctx, 1, 1, client_id);
	if (IS_ERR(push.job))
		return PTR_ERR(push.job);
	push.job->enter = puck_render_enter_attach;
	puck_render_job_add_bo(push.job, bo, false);
	cmd = puck_render_cmd_at(push.job, 0);
	cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_CTX_ATTACH);
	cmd->ctx = cpu_to_le32(ctx->object.id);
	cmd->resource = cpu_to_le32(bo->res->object.id);
	return puck_render_job_run(ctx, &push);
}

/**
 * puck_render_attach - let a context use a resource, if it does not yet
 * @ctx: the context; its lock is held
 * @bo: the memory of the resource
 * @client_id: of the DRM file
 *
 * Jobs of the context that are queued behind this can use it.
 *
 * Context: as puck_render_job_push().
 * Return: 0 or a negative errno.
 */
int puck_render_attach(struct puck_render_context *ctx, struct puck_bo *bo, u64 client_id)
{
	struct puck_render_object *object = &bo->res->object;
	void *serial = xa_mk_value(object->serial);
	void *old = xa_load(&ctx->attached, object->id);
	int ret;

	lockdep_assert_held(&ctx->lock);

	if (old == serial)
		return 0;
	old = xa_store(&ctx->attached, object->id, serial, GFP_KERNEL);
	if (xa_is_err(old))
		return xa_err(old);
	ret = puck_render_attach_new(ctx, bo, client_id);
	if (ret)
		xa_erase(&ctx->attached, object->id);
	return ret;
}
