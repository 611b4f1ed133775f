// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resources: BOs that the device knows by a number. A resource's memory is pinned in system memory:
 * the device holds where it is, from ATTACH to the end of the resource.
 */
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/puck_drm.h>
#include <drm/virtgpu_drm.h>

#include "core/awake.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/fault.h"
#include "mem/import.h"
#include "mem/ioctl.h"
#include "render3d/context.h"
#include "render3d/expose.h"
#include "render3d/ioctl.h"
#include "render3d/job.h"
#include "render3d/resource.h"

/* Of spec section "Limits". */
#define PUCK_RENDER_TARGET_BUFFER	0
#define PUCK_RENDER_EXTENT_MAX		65536
#define PUCK_RENDER_TEXEL_BYTES		16

/* What PUCK_RENDER_CMD_RES_CREATE takes is in the same order. */
static_assert(offsetof(struct drm_virtgpu_resource_create, flags) ==
	      offsetof(struct puck_render_create_res, flags));

/**
 * struct puck_render_creation - a resource on its way through its ioctl
 * @render: of the device
 * @args: the ioctl's argument
 * @file: the caller
 * @ctx: its context; the lock is held
 * @res: what becomes of it
 * @bo: its memory
 */
struct puck_render_creation {
	struct puck_render *render;
	struct drm_virtgpu_resource_create *args;
	struct drm_file *file;
	struct puck_render_context *ctx;
	struct puck_render_res *res;
	struct puck_bo *bo;
};

/* Bytes that the device counts for a resource, as in spec section "Limits"; 0: too large. */
static u64 puck_render_bytes(const struct drm_virtgpu_resource_create *args)
{
	const u32 extents[] = { args->width, args->height, args->depth, args->array_size,
				args->nr_samples };
	u64 bytes = PUCK_RENDER_TEXEL_BYTES;
	u32 i;

	if (args->target == PUCK_RENDER_TARGET_BUFFER)
		return max(args->width, 1u);
	for (i = 0; i < ARRAY_SIZE(extents); i++)
		if (extents[i] > PUCK_RENDER_EXTENT_MAX ||
		    check_mul_overflow(bytes, (u64)max(extents[i], 1u), &bytes))
			return 0;
	return args->last_level && check_mul_overflow(bytes, 2ull, &bytes) ? 0 : bytes;
}

/* Takes them off what there is; false if there are not as many. */
static bool puck_render_charge(struct puck_render *render, u64 bytes)
{
	if (bytes > render->bytes_max)
		return false;
	if (atomic64_add_return(bytes, &render->bytes) <= render->bytes_max)
		return true;
	atomic64_sub(bytes, &render->bytes);
	return false;
}

static struct puck_render_res *puck_render_res_alloc(struct puck_render *render, u64 bytes)
{
	struct puck_render_res *res = kzalloc(sizeof(*res), GFP_KERNEL);
	int id;

	if (!res)
		return ERR_PTR(-ENOMEM);
	id = ida_alloc_range(&render->resources, 1, render->resources_max, GFP_KERNEL);
	if (id < 0)
		goto err_free;
	res->object.id = id;
	res->bytes = bytes;
	if (!puck_render_charge(render, bytes)) {
		ida_free(&render->resources, id);
		id = -ENOSPC;
		goto err_free;
	}
	puck_render_object_init(render, &res->object);
	return res;

err_free:
	kfree(res);
	return ERR_PTR(id);
}

/* Of one that the device was never told of. */
static void puck_render_res_free(struct puck_render_res *res)
{
	struct puck_render *render = res->object.render;

	atomic64_sub(res->bytes, &render->bytes);
	ida_free(&render->resources, res->object.id);
	kfree(res);
}

/* A puck_enter_fn: from here on there is one, if the device makes it. */
static int puck_render_enter_create(struct puck_job *job)
{
	struct puck_render_object *object = &to_puck_bo(job->bos[0])->res->object;
	int ret = puck_render_job_enter(job);

	if (!ret)
		WRITE_ONCE(object->epoch, puck_render_epoch(object->render));
	return ret;
}

/* The second command: where its memory is. */
static int puck_render_build_attach(struct puck_job *job, struct puck_bo *bo, u32 id)
{
	struct puck_render_cmd *cmd = puck_render_cmd_at(job, 1);

	cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_ATTACH);
	cmd->resource = cpu_to_le32(id);
	puck_bo_sync(bo, false, true);
	return puck_render_job_list(job, bo, puck_bo_size(bo), &cmd->io);
}

/* A puck_render_push.build. */
static int puck_render_build_create(struct puck_job *job, void *data)
{
	struct puck_render_creation *c = data;
	const __u32 *fields = &c->args->target;
	struct puck_render_cmd *cmd = puck_render_cmd_at(job, 0);
	__le32 *to = &cmd->create_res.target;
	u32 i;

	cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_RES_CREATE);
	cmd->resource = cpu_to_le32(c->res->object.id);
	for (i = 0; i <= offsetof(struct puck_render_create_res, flags) / sizeof(*to); i++)
		to[i] = cpu_to_le32(fields[i]);
	return puck_render_build_attach(job, c->bo, c->res->object.id);
}

/* Has the device make it. */
static int puck_render_tell(struct puck_render_creation *c)
{
	struct puck_render_push push = { .build = puck_render_build_create, .data = c };

	push.job = puck_render_job_create(c->ctx, 2, 1, c->file->client_id);
	if (IS_ERR(push.job))
		return PTR_ERR(push.job);
	push.job->enter = puck_render_enter_create;
	puck_render_job_add_bo(push.job, c->bo, true);
	return puck_render_job_run(c->ctx, &push);
}

static int puck_render_pin(struct puck_bo *bo)
{
	int ret = dma_resv_lock_interruptible(bo->ttm.base.resv, NULL);

	if (ret)
		return ret;
	ret = puck_gem_pin(&bo->ttm.base);
	dma_resv_unlock(bo->ttm.base.resv);
	return ret;
}

/* The BO has its resource from here on, until the device has done with that. */
static int puck_render_make_bo(struct puck_render_creation *c)
{
	struct puck_device *puck = c->render->puck;
	u64 size = c->args->size ?: PAGE_SIZE;
	int ret;

	c->bo = puck_gem_create(puck, size, BIT(DRM_PUCK_REGION_SYSTEM), 0, DRM_PUCK_CACHING_WB,
				NULL);
	if (IS_ERR(c->bo))
		return PTR_ERR(c->bo);
	ret = puck_render_pin(c->bo);
	if (ret) {
		drm_gem_object_put(&c->bo->ttm.base);
		return ret;
	}
	c->res->object.bo = c->bo;
	puck_render_find_layout(c->res, c->args, puck_bo_size(c->bo));
	c->bo->res = c->res;
	return 0;
}

static int puck_render_create(struct puck_render_creation *c)
{
	u64 bytes = puck_render_bytes(c->args);
	int ret;

	if (!bytes)
		return -EINVAL;
	bytes = max_t(u64, bytes, PAGE_ALIGN((u64)c->args->size));
	/* The device takes less than 4 GiB as one backing. */
	if (bytes > U32_MAX)
		return -ENOSPC;
	c->res = puck_render_res_alloc(c->render, bytes);
	if (IS_ERR(c->res))
		return PTR_ERR(c->res);
	ret = puck_render_make_bo(c);
	if (ret) {
		puck_render_res_free(c->res);
		return ret;
	}
	ret = puck_render_tell(c);
	if (!ret)
		ret = puck_render_attach(c->ctx, c->bo, c->file->client_id);
	if (!ret)
		ret = drm_gem_handle_create(c->file, &c->bo->ttm.base, &c->args->bo_handle);
	if (!ret)
		c->args->res_handle = c->res->object.id;
	/* The handle keeps it from here on; without one all that there is ends. */
	drm_gem_object_put(&c->bo->ttm.base);
	return ret;
}

/**
 * puck_ioctl_virtgpu_resource_create - make a resource
 * @dev: the device
 * @data: struct drm_virtgpu_resource_create
 * @file: the caller
 *
 * Whether the renderer makes one of the kind is seen later, as an error of jobs that use it.
 *
 * Return: 0; -EOPNOTSUPP without 3D; -EINVAL for handles that are not zero, or an absurd size;
 * -ENOSPC if the device has no room for it; -ENOMEM; -E2BIG; -ENODEV; -ERESTARTSYS or -EINTR; as
 * puck_render_context_of().
 */
int puck_ioctl_virtgpu_resource_create(struct drm_device *dev, void *data,
				       struct drm_file *file)
{
	struct puck_render_creation c = {
		.render = to_puck_device(dev)->render, .args = data, .file = file,
	};
	int idx, ret;

	if (!c.render)
		return -EOPNOTSUPP;
	if (c.args->bo_handle || c.args->res_handle)
		return -EINVAL;
	if (!puck_awake_enter(c.render->puck, &idx))
		return -ENODEV;
	c.ctx = puck_render_context_of(c.render, file);
	ret = PTR_ERR_OR_ZERO(c.ctx);
	if (!ret)
		ret = mutex_lock_interruptible(&c.ctx->lock);
	if (!ret) {
		ret = puck_render_create(&c);
		mutex_unlock(&c.ctx->lock);
	}
	puck_awake_exit(c.render->puck, idx);
	return ret;
}

/**
 * puck_ioctl_virtgpu_resource_create_blob - say that there are no blobs
 * @dev: the device
 * @data: struct drm_virtgpu_resource_create_blob
 * @file: the caller
 *
 * Return: -EOPNOTSUPP, as VIRTGPU_PARAM_RESOURCE_BLOB says.
 */
int puck_ioctl_virtgpu_resource_create_blob(struct drm_device *dev, void *data,
					    struct drm_file *file)
{
	return -EOPNOTSUPP;
}

/*
 * What is imported is a resource from a moment on, and for good: while somebody tries to make it one,
 * and may fail, puck_render.exposing is his alone.
 */
static bool puck_render_is_resource(struct puck_bo *bo)
{
	struct puck_render *render = to_puck_device(bo->ttm.base.dev)->render;
	bool is;

	if (!bo->dmabuf || !render)
		return bo->res;
	down_read(&render->exposing);
	is = bo->res;
	up_read(&render->exposing);
	return is;
}

/**
 * puck_render_find - look a resource up
 * @file: whose handle it is
 * @handle: of its BO
 *
 * Return: the BO, with a reference; ERR_PTR(-ENOENT) for no handle; ERR_PTR(-EINVAL) if the BO is
 * no resource.
 */
struct puck_bo *puck_render_find(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);

	if (!obj)
		return ERR_PTR(-ENOENT);
	if (puck_render_is_resource(to_puck_bo(obj)))
		return to_puck_bo(obj);
	drm_gem_object_put(obj);
	return ERR_PTR(-EINVAL);
}

/* ---- what is imported ---- */

/* A puck_render_push.build. */
static int puck_render_build_untyped(struct puck_job *job, void *data)
{
	struct puck_bo *bo = data;
	struct puck_render_cmd *cmd = puck_render_cmd_at(job, 0);

	cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_RES_UNTYPED);
	cmd->resource = cpu_to_le32(bo->res->object.id);
	cmd->untyped.length = cpu_to_le64(puck_bo_size(bo));
	return puck_render_build_attach(job, bo, bo->res->object.id);
}

static int puck_render_tell_untyped(struct puck_render_context *ctx, struct puck_bo *bo,
				    u64 client_id)
{
	struct puck_render_push push = { .build = puck_render_build_untyped, .data = bo };

	push.job = puck_render_job_create(ctx, 2, 1, client_id);
	if (IS_ERR(push.job))
		return PTR_ERR(push.job);
	push.job->enter = puck_render_enter_create;
	puck_render_job_add_bo(push.job, bo, true);
	return puck_render_job_run(ctx, &push);
}

static int puck_render_hold(struct puck_bo *bo)
{
	int ret = dma_resv_lock_interruptible(bo->ttm.base.resv, NULL);

	if (ret)
		return ret;
	ret = puck_import_hold(bo);
	dma_resv_unlock(bo->ttm.base.resv);
	return ret;
}

static void puck_render_let(struct puck_bo *bo)
{
	dma_resv_lock(bo->ttm.base.resv, NULL);
	puck_import_let(bo);
	dma_resv_unlock(bo->ttm.base.resv);
}

/* With puck_render.exposing alone: it is a resource, or not, for all at once. */
static int puck_render_adopt_locked(struct puck_render_context *ctx, struct puck_bo *bo,
				    u64 client_id)
{
	u64 bytes = puck_bo_size(bo) * PUCK_RENDER_UNTYPED_FACTOR;
	struct puck_render_res *res;
	int ret;

	if (bo->res)
		return 0;
	if (puck_bo_size(bo) > U32_MAX)
		return -ENOSPC;
	res = puck_render_res_alloc(ctx->object.render, bytes);
	if (IS_ERR(res))
		return PTR_ERR(res);
	ret = puck_render_hold(bo);
	if (ret) {
		puck_render_res_free(res);
		return ret;
	}
	res->object.bo = bo;
	res->untyped = true;
	bo->res = res;
	ret = puck_render_tell_untyped(ctx, bo, client_id);
	/* No job has it, so the device has not heard of it. */
	if (ret) {
		bo->res = NULL;
		puck_render_let(bo);
		puck_render_res_free(res);
	}
	return ret;
}

/* Make a resource of what is imported, if it is none. */
static int puck_render_adopt(struct puck_render_context *ctx, struct puck_bo *bo, u64 client_id)
{
	struct puck_render *render = ctx->object.render;
	int ret;

	ret = mutex_lock_interruptible(&ctx->lock);
	if (ret)
		return ret;
	ret = down_write_killable(&render->exposing);
	if (!ret) {
		ret = puck_render_adopt_locked(ctx, bo, client_id);
		up_write(&render->exposing);
	}
	mutex_unlock(&ctx->lock);
	return ret;
}

static int puck_render_import(struct puck_render *render, struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);
	struct puck_render_context *ctx;
	int idx, ret = 0;

	if (!obj)
		return -ENOENT;
	if (to_puck_bo(obj)->dmabuf && !puck_render_is_resource(to_puck_bo(obj))) {
		ret = -ENODEV;
		if (puck_awake_enter(render->puck, &idx)) {
			ctx = puck_render_context_of(render, file);
			ret = IS_ERR(ctx) ? PTR_ERR(ctx) :
			      puck_render_adopt(ctx, to_puck_bo(obj), file->client_id);
			puck_awake_exit(render->puck, idx);
		}
	}
	drm_gem_object_put(obj);
	return ret;
}

/**
 * puck_ioctl_virtgpu_resource_info - tell what a BO is as a resource
 * @dev: the device
 * @data: struct drm_virtgpu_resource_info
 * @file: the caller
 *
 * What was imported from another driver becomes one: a blob of the guest's, to which a stream gives a
 * type (PIPE_RESOURCE_SET_TYPE).
 *
 * Return: 0; -EOPNOTSUPP without 3D; -EINVAL, also if it is none; -ENOENT; of what is imported,
 * as puck_ioctl_virtgpu_resource_create().
 */
int puck_ioctl_virtgpu_resource_info(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_virtgpu_resource_info *args = data;
	struct puck_bo *bo;
	int ret;

	if (!to_puck_device(dev)->render)
		return -EOPNOTSUPP;
	if (args->res_handle || args->size || args->blob_mem)
		return -EINVAL;
	ret = puck_render_import(to_puck_device(dev)->render, file, args->bo_handle);
	if (ret)
		return ret;
	bo = puck_render_find(file, args->bo_handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	args->res_handle = bo->res->object.id;
	args->size = puck_bo_size(bo);
	args->blob_mem = bo->res->untyped ? VIRTGPU_BLOB_MEM_GUEST : 0;
	drm_gem_object_put(&bo->ttm.base);
	return 0;
}

/**
 * puck_ioctl_virtgpu_map - tell where a BO can be mapped
 * @dev: the device
 * @data: struct drm_virtgpu_map
 * @file: the caller
 *
 * Return: 0; -EOPNOTSUPP without 3D; -EINVAL; -ENOENT.
 */
int puck_ioctl_virtgpu_map(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_virtgpu_map *args = data;
	struct drm_puck_gem_mmap_offset map = { .handle = args->handle, .offset = args->offset };
	int ret;

	if (!to_puck_device(dev)->render)
		return -EOPNOTSUPP;
	if (args->pad)
		return -EINVAL;
	ret = puck_ioctl_gem_mmap_offset(dev, &map, file);
	if (!ret)
		args->offset = map.offset;
	return ret;
}
