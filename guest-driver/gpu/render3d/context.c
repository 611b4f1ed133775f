// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 3D context of an open file: made with the first ioctl that needs it, or by CONTEXT_INIT.
 */
#include <linux/slab.h>

#include <drm/drm_file.h>

#include "mem/mem.h"
#include "render3d/context.h"
#include "render3d/job.h"
#include "sched/queue.h"
#include "submit/file.h"

static void puck_render_context_release(struct kref *ref)
{
	struct puck_render_context *ctx = container_of(ref, struct puck_render_context, ref);

	xa_destroy(&ctx->attached);
	mutex_destroy(&ctx->lock);
	puck_queue_put(ctx->queue);
	kfree(ctx);
}

/**
 * puck_render_context_put - drop a reference
 * @ctx: the context
 *
 * Context: may sleep.
 */
void puck_render_context_put(struct puck_render_context *ctx)
{
	kref_put(&ctx->ref, puck_render_context_release);
}

/**
 * puck_render_context_note - have a context take no jobs any more
 * @ctx: the context
 * @error: why; what was noted first counts
 */
void puck_render_context_note(struct puck_render_context *ctx, int error)
{
	cmpxchg(&ctx->error, 0, error);
}

/* A puck_enter_fn: from here on there is one, if the device makes it. */
static int puck_render_enter_context(struct puck_job *job)
{
	struct puck_render_context *ctx = job->data;

	WRITE_ONCE(ctx->object.epoch, puck_render_epoch(ctx->object.render));
	job->first = 0;
	return 0;
}

/* Has the device make it. */
static int puck_render_context_tell(struct puck_render_context *ctx, struct drm_file *file,
				    const struct puck_render_wish *wish)
{
	struct puck_render_push push = { };
	struct puck_render_cmd *cmd;

	push.job = puck_render_job_create(ctx, 1, 0, file->client_id);
	if (IS_ERR(push.job))
		return PTR_ERR(push.job);
	push.job->enter = puck_render_enter_context;
	cmd = puck_render_cmd_at(push.job, 0);
	cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_CTX_CREATE);
	cmd->ctx = cpu_to_le32(ctx->object.id);
	cmd->create_ctx.capset = cpu_to_le32(wish->capset);
	memcpy(cmd->create_ctx.name, wish->name, sizeof(wish->name));
	return puck_render_job_run(ctx, &push);
}

static struct puck_render_context *puck_render_context_alloc(struct puck_render *render)
{
	struct puck_render_context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	int id;

	if (!ctx)
		return ERR_PTR(-ENOMEM);
	ctx->queue = puck_queue_create_any(render->puck, PUCK_GPU_KIND_RENDER3D,
					   DRM_SCHED_PRIORITY_NORMAL);
	if (IS_ERR(ctx->queue)) {
		id = PTR_ERR(ctx->queue);
		goto err_free;
	}
	id = ida_alloc_range(&render->contexts, 1, render->contexts_max, GFP_KERNEL);
	if (id < 0)
		goto err_queue;
	ctx->object.id = id;
	puck_render_object_init(render, &ctx->object);
	kref_init(&ctx->ref);
	mutex_init(&ctx->lock);
	xa_init(&ctx->attached);
	return ctx;

err_queue:
	puck_queue_close(ctx->queue, 0);
	puck_queue_put(ctx->queue);
err_free:
	kfree(ctx);
	return ERR_PTR(id);
}

/* Nobody submits to it any more. */
static void puck_render_context_end(struct puck_render_context *ctx)
{
	puck_queue_close(ctx->queue, MAX_WAIT_SCHED_ENTITY_Q_EMPTY);
	puck_render_object_end(&ctx->object);
}

/**
 * puck_render_context_make - make the context of an open file
 * @render: of the device
 * @file: the file
 * @wish: what it is to be
 *
 * Context: inside puck_awake_enter(), with puck_file.render_lock.
 * Return: 0; -EEXIST if it has one; -ENOSPC if there are too many; -ENOMEM; -ERESTARTSYS or
 * -EINTR; -EIO or -ENODEV if the device is wedged.
 */
int puck_render_context_make(struct puck_render *render, struct drm_file *file,
			     const struct puck_render_wish *wish)
{
	struct puck_file *pfile = file->driver_priv;
	struct puck_render_context *ctx;
	int ret;

	lockdep_assert_held(&pfile->render_lock);

	if (pfile->render)
		return -EEXIST;
	ctx = puck_render_context_alloc(render);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	mutex_lock(&ctx->lock);
	ret = puck_render_context_tell(ctx, file, wish);
	mutex_unlock(&ctx->lock);
	if (ret)
		puck_render_context_end(ctx);
	else
		pfile->render = ctx;
	return ret;
}

/**
 * puck_render_context_of - the context of an open file, which is made if there is none
 * @render: of the device
 * @file: the file
 *
 * Context: inside puck_awake_enter(), in an ioctl of the file.
 * Return: the context, for as long as the file is open; or an ERR_PTR(): as
 * puck_render_context_make(), or why it takes no jobs any more: -ECANCELED if its renderer has
 * ended, -EIO if a stream of it was refused, -ETIME if one took too long.
 */
struct puck_render_context *puck_render_context_of(struct puck_render *render,
						   struct drm_file *file)
{
	static const struct puck_render_wish any = { .capset = PUCK_RENDER_CAPSET_VIRGL2 };
	struct puck_file *pfile = file->driver_priv;
	int ret;

	mutex_lock(&pfile->render_lock);
	ret = puck_render_context_make(render, file, &any);
	mutex_unlock(&pfile->render_lock);
	if (ret == -EEXIST)
		ret = READ_ONCE(pfile->render->error);
	return ret ? ERR_PTR(ret) : pfile->render;
}

/**
 * puck_render_close - end the context of an open file
 * @dev: the device
 * @file: no ioctl runs on it any more
 */
void puck_render_close(struct drm_device *dev, struct drm_file *file)
{
	struct puck_file *pfile = file->driver_priv;

	if (pfile->render)
		puck_render_context_end(pfile->render);
	pfile->render = NULL;
}
