// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between the memory of a resource and what the renderer has of it; and the wait for all that is
 * done with it.
 */
#include <linux/dma-resv.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/virtgpu_drm.h>

#include "core/awake.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/ioctl.h"
#include "render3d/context.h"
#include "render3d/ioctl.h"
#include "render3d/job.h"
#include "render3d/resource.h"

/* As long as virtio-gpu waits. */
#define PUCK_RENDER_PATIENCE	(15 * HZ)

/* Both directions have the same arguments. */
static_assert(sizeof(struct drm_virtgpu_3d_transfer_to_host) ==
	      sizeof(struct drm_virtgpu_3d_transfer_from_host));
static_assert(offsetof(struct drm_virtgpu_3d_transfer_to_host, layer_stride) ==
	      offsetof(struct drm_virtgpu_3d_transfer_from_host, layer_stride));

static void puck_render_fill_transfer(struct puck_render_cmd *cmd,
				      const struct drm_virtgpu_3d_transfer_to_host *args)
{
	cmd->transfer = (struct puck_render_transfer) {
		.offset = cpu_to_le64(args->offset),
		.x = cpu_to_le32(args->box.x),
		.y = cpu_to_le32(args->box.y),
		.z = cpu_to_le32(args->box.z),
		.width = cpu_to_le32(args->box.w),
		.height = cpu_to_le32(args->box.h),
		.depth = cpu_to_le32(args->box.d),
		.level = cpu_to_le32(args->level),
		.stride = cpu_to_le32(args->stride),
		.layer_stride = cpu_to_le32(args->layer_stride),
	};
}

/* A puck_render_push.build: what the CPU has written the device is to see. */
static int puck_render_build_transfer(struct puck_job *job, void *data)
{
	puck_bo_sync(to_puck_bo(job->bos[0]), false, true);
	return 0;
}

/* With the context's lock held. */
static int puck_render_transfer(struct puck_render_context *ctx, struct drm_file *file,
				struct puck_bo *bo, u16 opcode,
				const struct drm_virtgpu_3d_transfer_to_host *args)
{
	struct puck_render_push push = { .build = puck_render_build_transfer };
	struct puck_render_cmd *cmd;
	int ret;

	ret = puck_render_attach(ctx, bo, file->client_id);
	if (ret)
		return ret;
	push.job = puck_render_job_create(ctx, 1, 1, file->client_id);
	if (IS_ERR(push.job))
		return PTR_ERR(push.job);
	/* Others who use the resource wait, be it its memory or what the renderer has. */
	puck_render_job_add_bo(push.job, bo, true);
	cmd = puck_render_cmd_at(push.job, 0);
	cmd->opcode = cpu_to_le16(opcode);
	cmd->ctx = cpu_to_le32(ctx->object.id);
	cmd->resource = cpu_to_le32(bo->res->object.id);
	puck_render_fill_transfer(cmd, args);
	return puck_render_job_run(ctx, &push);
}

static int puck_render_transfer_in(struct puck_render *render, struct drm_file *file,
				   struct puck_bo *bo, u16 opcode,
				   const struct drm_virtgpu_3d_transfer_to_host *args)
{
	struct puck_render_context *ctx = puck_render_context_of(render, file);
	int ret;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	ret = mutex_lock_interruptible(&ctx->lock);
	if (ret)
		return ret;
	ret = puck_render_transfer(ctx, file, bo, opcode, args);
	mutex_unlock(&ctx->lock);
	return ret;
}

static int puck_ioctl_transfer(struct drm_device *dev, struct drm_file *file, u16 opcode,
			       const struct drm_virtgpu_3d_transfer_to_host *args)
{
	struct puck_render *render = to_puck_device(dev)->render;
	struct puck_bo *bo;
	int idx, ret;

	if (!render)
		return -EOPNOTSUPP;
	bo = puck_render_find(file, args->bo_handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = -ENODEV;
	if (puck_awake_enter(render->puck, &idx)) {
		ret = puck_render_transfer_in(render, file, bo, opcode, args);
		puck_awake_exit(render->puck, idx);
	}
	drm_gem_object_put(&bo->ttm.base);
	return ret;
}

/**
 * puck_ioctl_virtgpu_transfer_to_host - have the renderer read memory of a resource
 * @dev: the device
 * @data: struct drm_virtgpu_3d_transfer_to_host
 * @file: the caller
 *
 * A box that the resource does not have is an error of the job, and the renderer takes no stream
 * of the context any more.
 *
 * Return: 0; -EOPNOTSUPP without 3D; -ENOENT; -EINVAL if it is no resource; -ENOMEM; -ENODEV;
 * -ERESTARTSYS or -EINTR; as puck_render_context_of().
 */
int puck_ioctl_virtgpu_transfer_to_host(struct drm_device *dev, void *data,
					struct drm_file *file)
{
	return puck_ioctl_transfer(dev, file, PUCK_RENDER_CMD_TO_HOST, data);
}

/**
 * puck_ioctl_virtgpu_transfer_from_host - have the renderer write memory of a resource
 * @dev: the device
 * @data: struct drm_virtgpu_3d_transfer_from_host
 * @file: the caller
 *
 * Return: as puck_ioctl_virtgpu_transfer_to_host().
 */
int puck_ioctl_virtgpu_transfer_from_host(struct drm_device *dev, void *data,
					  struct drm_file *file)
{
	return puck_ioctl_transfer(dev, file, PUCK_RENDER_CMD_FROM_HOST, data);
}

/**
 * puck_ioctl_virtgpu_wait - wait for all jobs that use a BO, and hand it to the CPU
 * @dev: the device
 * @data: struct drm_virtgpu_3d_wait
 * @file: the caller
 *
 * Return: 0; -EOPNOTSUPP without 3D; -EINVAL; -ENOENT; -EBUSY if they are not over, with NOWAIT at
 * once, else after 15 s; -ENODEV; -ERESTARTSYS.
 */
int puck_ioctl_virtgpu_wait(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_virtgpu_3d_wait *args = data;
	struct drm_gem_object *obj;
	long left;

	if (!to_puck_device(dev)->render)
		return -EOPNOTSUPP;
	if (args->flags & ~VIRTGPU_WAIT_NOWAIT)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	if (args->flags & VIRTGPU_WAIT_NOWAIT)
		left = dma_resv_test_signaled(obj->resv, dma_resv_usage_rw(true));
	else
		left = dma_resv_wait_timeout(obj->resv, dma_resv_usage_rw(true), true,
					     PUCK_RENDER_PATIENCE);
	if (left > 0)
		left = puck_gem_hand_over(obj, true, true);
	else if (!left)
		left = -EBUSY;
	drm_gem_object_put(obj);
	return left;
}
