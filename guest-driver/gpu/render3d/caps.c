// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is of 3D, and what a context is to be.
 */
#include <linux/iosys-map.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/puck_drm.h>
#include <drm/virtgpu_drm.h>

#include "core/awake.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/fault.h"
#include "mem/ioctl.h"
#include "render3d/context.h"
#include "render3d/ioctl.h"
#include "render3d/job.h"
#include "sched/queue.h"
#include "submit/file.h"

#define PUCK_RENDER_CAPSETS \
	(BIT(PUCK_RENDER_CAPSET_VIRGL) | BIT(PUCK_RENDER_CAPSET_VIRGL2))
/* A capset, with what the device writes before it. */
#define PUCK_RENDER_CAPS_BYTES		PUCK_RENDER_CAPSET_LENGTH_MAX
#define PUCK_RENDER_CAPS_MAX \
	(PUCK_RENDER_CAPS_BYTES - sizeof(struct puck_render_capset))
/* As many as CONTEXT_INIT knows. */
#define PUCK_RENDER_PARAMS_MAX	4

static bool puck_render_has_capset(u64 id)
{
	return id < 32 && PUCK_RENDER_CAPSETS & BIT(id);
}

static int puck_render_param(struct puck_render *render, u64 param, int *value)
{
	switch (param) {
	case VIRTGPU_PARAM_3D_FEATURES:
	case VIRTGPU_PARAM_CAPSET_QUERY_FIX:
	case VIRTGPU_PARAM_CONTEXT_INIT:
		*value = !!render;
		return 0;
	case VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs:
		*value = render ? PUCK_RENDER_CAPSETS : 0;
		return 0;
	case VIRTGPU_PARAM_RESOURCE_BLOB:
	case VIRTGPU_PARAM_HOST_VISIBLE:
	case VIRTGPU_PARAM_CROSS_DEVICE:
		*value = 0;
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * puck_ioctl_virtgpu_getparam - tell a property of 3D
 * @dev: the device
 * @data: struct drm_virtgpu_getparam, whose value is the address of an int
 * @file: the caller
 *
 * Without 3D there is nothing of all that.
 *
 * Return: 0; -EINVAL for an unknown parameter; -EFAULT.
 */
int puck_ioctl_virtgpu_getparam(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_virtgpu_getparam *args = data;
	int value, ret;

	ret = puck_render_param(to_puck_device(dev)->render, args->param, &value);
	if (ret)
		return ret;
	return put_user(value, (int __user *)u64_to_user_ptr(args->value)) ? -EFAULT : 0;
}

/* ---- GET_CAPS ---- */

/**
 * struct puck_render_caps - a capset on its way through its ioctl
 * @render: of the device
 * @args: the ioctl's argument
 * @bo: what the device writes it to
 */
struct puck_render_caps {
	struct puck_render *render;
	const struct drm_virtgpu_get_caps *args;
	struct puck_bo *bo;
};

/* A puck_render_push.build. */
static int puck_render_build_caps(struct puck_job *job, void *data)
{
	const struct puck_render_caps *caps = data;
	struct puck_render_cmd *cmd = puck_render_cmd_at(job, 0);

	cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_CAPSET);
	cmd->io.capset = cpu_to_le32(caps->args->cap_set_id);
	cmd->io.version = cpu_to_le32(caps->args->cap_set_ver);
	return puck_render_job_list(job, caps->bo, PUCK_RENDER_CAPS_BYTES, &cmd->io);
}

static struct dma_fence *puck_render_push_caps(struct puck_render_caps *caps,
					       struct puck_queue *queue, u64 client_id)
{
	struct puck_render_push push = { .build = puck_render_build_caps, .data = caps };

	push.job = puck_job_create(queue, 1, 1, client_id);
	if (IS_ERR(push.job))
		return ERR_CAST(push.job);
	puck_render_job_add_bo(push.job, caps->bo, true);
	return puck_render_job_push(&push);
}

/* Has the device write it. It may be that there is no context yet, so the queue is its own. */
static int puck_render_ask_caps(struct puck_render_caps *caps, u64 client_id)
{
	struct puck_queue *queue;
	struct dma_fence *fence;
	int ret;

	queue = puck_queue_create_any(caps->render->puck, PUCK_GPU_KIND_RENDER3D,
				      DRM_SCHED_PRIORITY_NORMAL);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	fence = puck_render_push_caps(caps, queue, client_id);
	ret = PTR_ERR_OR_ZERO(fence);
	if (!ret) {
		ret = dma_fence_wait(fence, true);
		if (!ret)
			ret = min(dma_fence_get_status(fence), 0);
		dma_fence_put(fence);
	}
	puck_queue_close(queue, MAX_WAIT_SCHED_ENTITY_Q_EMPTY);
	puck_queue_put(queue);
	return ret;
}

/* What the device says of its length is believed within the bounds of the buffer. */
static int puck_render_show_caps(struct puck_render_caps *caps, const void *map)
{
	const struct puck_render_capset *head = map;
	u32 size = min_t(u32, le32_to_cpu(head->size), PUCK_RENDER_CAPS_MAX);

	if (!size)
		return -EINVAL;
	size = min(size, caps->args->size);
	return copy_to_user(u64_to_user_ptr(caps->args->addr), head + 1, size) ? -EFAULT : 0;
}

static int puck_render_read_caps(struct puck_render_caps *caps)
{
	struct drm_gem_object *obj = &caps->bo->ttm.base;
	struct iosys_map map;
	void *copy = NULL;
	int ret;

	ret = puck_gem_hand_over(obj, true, false);
	if (ret)
		return ret;
	dma_resv_lock(obj->resv, NULL);
	ret = puck_gem_vmap(obj, &map);
	if (!ret) {
		copy = kvmemdup(map.vaddr, PUCK_RENDER_CAPS_BYTES, GFP_KERNEL);
		puck_gem_vunmap(obj, &map);
	}
	dma_resv_unlock(obj->resv);
	if (ret)
		return ret;
	ret = copy ? puck_render_show_caps(caps, copy) : -ENOMEM;
	kvfree(copy);
	return ret;
}

static int puck_render_get_caps(struct puck_render_caps *caps, u64 client_id)
{
	int ret;

	caps->bo = puck_gem_create(caps->render->puck, PUCK_RENDER_CAPS_BYTES,
				   BIT(DRM_PUCK_REGION_SYSTEM), 0, DRM_PUCK_CACHING_WB, NULL);
	if (IS_ERR(caps->bo))
		return PTR_ERR(caps->bo);
	ret = puck_render_ask_caps(caps, client_id);
	if (!ret)
		ret = puck_render_read_caps(caps);
	drm_gem_object_put(&caps->bo->ttm.base);
	return ret;
}

/**
 * puck_ioctl_virtgpu_get_caps - tell what the renderer can do
 * @dev: the device
 * @data: struct drm_virtgpu_get_caps
 * @file: the caller
 *
 * Of a capset that is longer than there is room for, the beginning.
 *
 * Return: 0; -EOPNOTSUPP without 3D; -EINVAL for no capset, or no room; -EFAULT; -ENOMEM;
 * -ENODEV; -ERESTARTSYS or -EINTR; -EIO or the error of the job.
 */
int puck_ioctl_virtgpu_get_caps(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct puck_render_caps caps = { .render = to_puck_device(dev)->render, .args = data };
	int idx, ret;

	if (!caps.render)
		return -EOPNOTSUPP;
	if (!puck_render_has_capset(caps.args->cap_set_id) || !caps.args->size || caps.args->pad)
		return -EINVAL;
	if (!puck_awake_enter(caps.render->puck, &idx))
		return -ENODEV;
	ret = puck_render_get_caps(&caps, file->client_id);
	puck_awake_exit(caps.render->puck, idx);
	return ret;
}

/* ---- CONTEXT_INIT ---- */

static int puck_render_set_param(struct puck_render_wish *wish,
				 const struct drm_virtgpu_context_set_param *param)
{
	switch (param->param) {
	case VIRTGPU_CONTEXT_PARAM_CAPSET_ID:
		if (!puck_render_has_capset(param->value))
			return -EINVAL;
		wish->capset = param->value;
		return 0;
	case VIRTGPU_CONTEXT_PARAM_NUM_RINGS:
		/* EXECBUFFER takes none, which is the same as the only one. */
		return param->value > 1 ? -EINVAL : 0;
	case VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK:
		return param->value ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int puck_render_read_params(struct puck_render_wish *wish,
				   const struct drm_virtgpu_context_init *args)
{
	struct drm_virtgpu_context_set_param *params;
	int ret = 0;
	u32 i;

	if (args->num_params > PUCK_RENDER_PARAMS_MAX)
		return -EINVAL;
	params = memdup_array_user(u64_to_user_ptr(args->ctx_set_params), args->num_params,
				   sizeof(*params));
	if (IS_ERR(params))
		return PTR_ERR(params);
	for (i = 0; !ret && i < args->num_params; i++)
		ret = puck_render_set_param(wish, &params[i]);
	kfree(params);
	return ret;
}

/**
 * puck_ioctl_virtgpu_context_init - make the caller's context, as it wants it
 * @dev: the device
 * @data: struct drm_virtgpu_context_init
 * @file: the caller
 *
 * Return: 0; -EOPNOTSUPP without 3D; -EINVAL; -EFAULT; -EEXIST if there is one already; -ENOSPC if
 * there are too many; -ENOMEM; -ENODEV; -ERESTARTSYS or -EINTR.
 */
int puck_ioctl_virtgpu_context_init(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct puck_render_wish wish = { .capset = PUCK_RENDER_CAPSET_VIRGL2 };
	struct puck_render *render = to_puck_device(dev)->render;
	const struct drm_virtgpu_context_init *args = data;
	struct puck_file *pfile = file->driver_priv;
	int idx, ret;

	if (!render)
		return -EOPNOTSUPP;
	if (args->pad)
		return -EINVAL;
	ret = puck_render_read_params(&wish, args);
	if (ret)
		return ret;
	if (!puck_awake_enter(render->puck, &idx))
		return -ENODEV;
	mutex_lock(&pfile->render_lock);
	ret = puck_render_context_make(render, file, &wish);
	mutex_unlock(&pfile->render_lock);
	puck_awake_exit(render->puck, idx);
	return ret;
}
