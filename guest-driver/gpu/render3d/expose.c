// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resources whose memory others look into: a display, another device, the CPU by a dma-buf.
 *
 * What is drawn is in the renderer. From where on somebody looks into the memory each job that may
 * draw into the resource has it written there, behind what it draws and before its fence: so who
 * waits for that, as for any job's, finds what was drawn. What was drawn before is written by a job
 * of its own. What others write into the memory the renderer does not learn of: that is for
 * TRANSFER_TO_HOST, as with virtio-gpu.
 */
#include <drm/drm_gem.h>
#include <drm/virtgpu_drm.h>

#include "core/awake.h"
#include "mem/bo.h"
#include "render3d/expose.h"
#include "render3d/job.h"
#include "render3d/render.h"
#include "sched/queue.h"

/* Of pipe_texture_target. */
#define PUCK_RENDER_TARGET_2D		2
#define PUCK_RENDER_TARGET_RECT		5

/* Of virgl_formats: those whose texels are pixels of one plane. */
static const struct {
	u8 format;
	u8 bytes;
} puck_render_formats[] = {
	{ 1, 4 },	/* B8G8R8A8_UNORM */
	{ 2, 4 },	/* B8G8R8X8_UNORM */
	{ 3, 4 },	/* A8R8G8B8_UNORM */
	{ 4, 4 },	/* X8R8G8B8_UNORM */
	{ 7, 2 },	/* B5G6R5_UNORM */
	{ 8, 4 },	/* R10G10B10A2_UNORM */
	{ 64, 1 },	/* R8_UNORM */
	{ 65, 2 },	/* R8G8_UNORM */
	{ 67, 4 },	/* R8G8B8A8_UNORM */
	{ 94, 8 },	/* R16G16B16A16_FLOAT */
	{ 100, 4 },	/* B8G8R8A8_SRGB */
	{ 101, 4 },	/* B8G8R8X8_SRGB */
	{ 104, 4 },	/* R8G8B8A8_SRGB */
	{ 131, 4 },	/* B10G10R10A2_UNORM */
	{ 134, 4 },	/* R8G8B8X8_UNORM */
};

static u32 puck_render_texel(u32 format)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(puck_render_formats); i++)
		if (puck_render_formats[i].format == format)
			return puck_render_formats[i].bytes;
	return 0;
}

/**
 * puck_render_find_layout - see how a resource lies in its memory
 * @res: what is found goes there
 * @args: what it is; its extents are within the device's limits
 * @size: bytes of the memory
 */
void puck_render_find_layout(struct puck_render_res *res,
			     const struct drm_virtgpu_resource_create *args, u64 size)
{
	u64 pitch = (u64)args->width * puck_render_texel(args->format);

	if (args->target != PUCK_RENDER_TARGET_2D && args->target != PUCK_RENDER_TARGET_RECT)
		return;
	if (!pitch || !args->height || args->depth > 1 || args->array_size > 1 ||
	    args->nr_samples > 1 || pitch * args->height > size)
		return;
	res->width = args->width;
	res->height = args->height;
	res->pitch = pitch;
}

static void puck_render_fill_write_out(struct puck_render_cmd *cmd, struct puck_render_res *res)
{
	cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_FROM_HOST);
	cmd->resource = cpu_to_le32(res->object.id);
	/* Of no context: none has to be told that it may use it. */
	cmd->transfer = (struct puck_render_transfer) {
		.width = cpu_to_le32(res->width),
		.height = cpu_to_le32(res->height),
		.depth = cpu_to_le32(1),
		.stride = cpu_to_le32(res->pitch),
	};
}

/* All of it, as a stream has said that it lies there; if none has there is nothing to be done. */
static void puck_render_fill_copy(struct puck_render_cmd *cmd, struct puck_render_res *res,
				  u16 opcode)
{
	cmd->opcode = cpu_to_le16(opcode);
	cmd->resource = cpu_to_le32(res->object.id);
}

/**
 * puck_render_count_copies - count the commands that a job has to have beside its stream
 * @bos: resources that the stream may use
 * @count: entries in @bos
 * @before: how many of them come before the stream
 *
 * Context: with puck_render.exposing held until the job is queued.
 * Return: all of them.
 */
u32 puck_render_count_copies(struct puck_bo **bos, u32 count, u32 *before)
{
	u32 i, behind = 0;

	*before = 0;
	for (i = 0; i < count; i++) {
		*before += bos[i]->res->untyped;
		behind += bos[i]->res->untyped || bos[i]->res->exposed;
	}
	return *before + behind;
}

/**
 * puck_render_add_copies - have a job copy between resources and their memory
 * @job: with as many commands as puck_render_count_copies() has said, and the stream's among them
 * @bos: resources that the stream may use
 * @count: entries in @bos
 *
 * Context: as puck_render_count_copies().
 */
void puck_render_add_copies(struct puck_job *job, struct puck_bo **bos, u32 count)
{
	u32 i, at = 0;

	for (i = 0; i < count; i++)
		if (bos[i]->res->untyped)
			puck_render_fill_copy(puck_render_cmd_at(job, at++), bos[i]->res,
					      PUCK_RENDER_CMD_TO_HOST);
	/* The stream. */
	at++;
	for (i = 0; i < count; i++) {
		if (bos[i]->res->untyped)
			puck_render_fill_copy(puck_render_cmd_at(job, at++), bos[i]->res,
					      PUCK_RENDER_CMD_FROM_HOST);
		else if (bos[i]->res->exposed)
			puck_render_fill_write_out(puck_render_cmd_at(job, at++), bos[i]->res);
	}
}

/* ---- what was drawn before ---- */

/* A puck_enter_fn: the renderer that has drawn it may have ended. */
static int puck_render_enter_exposed(struct puck_job *job)
{
	struct puck_bo *bo = to_puck_bo(job->bos[0]);

	return puck_render_object_is_there(&bo->res->object) ? 0 : -ECANCELED;
}

/* A puck_render_push.build: the memory is the device's. */
static int puck_render_build_exposed(struct puck_job *job, void *data)
{
	puck_bo_sync(to_puck_bo(job->bos[0]), false, true);
	return 0;
}

static int puck_render_push_exposed(struct puck_queue *queue, struct puck_bo *bo)
{
	struct puck_render_push push = { .build = puck_render_build_exposed };
	struct dma_fence *fence;

	push.job = puck_job_create(queue, 1, 1, 0);
	if (IS_ERR(push.job))
		return PTR_ERR(push.job);
	push.job->enter = puck_render_enter_exposed;
	puck_render_job_add_bo(push.job, bo, true);
	puck_render_fill_write_out(puck_render_cmd_at(push.job, 0), bo->res);
	fence = puck_render_job_push(&push);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	dma_fence_put(fence);
	return 0;
}

/* Jobs to come write it out, and one for those that were there before. */
static int puck_render_expose_by(struct puck_queue *queue, struct puck_bo *bo)
{
	struct puck_render *render = bo->res->object.render;
	int ret;

	ret = down_write_killable(&render->exposing);
	if (ret)
		return ret;
	if (!bo->res->exposed)
		ret = puck_render_push_exposed(queue, bo);
	if (!ret)
		WRITE_ONCE(bo->res->exposed, true);
	up_write(&render->exposing);
	return ret;
}

/* The queue is there no longer than it takes, as each fence of it. */
static int puck_render_expose_awake(struct puck_render *render, struct puck_bo *bo)
{
	struct puck_queue *queue;
	int ret;

	queue = puck_queue_create_any(render->puck, PUCK_GPU_KIND_RENDER3D,
				      DRM_SCHED_PRIORITY_NORMAL);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = puck_render_expose_by(queue, bo);
	puck_queue_close(queue, MAX_WAIT_SCHED_ENTITY_Q_EMPTY);
	puck_queue_put(queue);
	return ret;
}

/**
 * puck_render_expose - a puck_expose_fn
 * @bo: a resource, of memory of its own: what is imported is exposed as it is
 *
 * Context: process; no dma_resv lock is held. It waits for jobs that use the resource.
 * Return: 0; -EOPNOTSUPP if it does not lie in its memory row by row; -ENOMEM; -ENODEV; -EINTR;
 * why the device is wedged.
 */
int puck_render_expose(struct puck_bo *bo)
{
	struct puck_render *render = bo->res->object.render;
	int idx, ret;

	if (!bo->res->pitch)
		return -EOPNOTSUPP;
	/* It stays so: only who finds it otherwise has to look again. */
	if (READ_ONCE(bo->res->exposed))
		return 0;
	if (!puck_awake_enter(render->puck, &idx))
		return -ENODEV;
	ret = puck_render_expose_awake(render, bo);
	puck_awake_exit(render->puck, idx);
	return ret;
}
