// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXECBUFFER: a stream for the renderer. Everything in its arguments may be hostile; what is in the
 * stream is for the renderer to judge. It is copied before anything is locked.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_syncobj.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_tt.h>
#include <drm/virtgpu_drm.h>

#include "core/array.h"
#include "core/awake.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/segs.h"
#include "render3d/context.h"
#include "render3d/expose.h"
#include "render3d/ioctl.h"
#include "render3d/job.h"
#include "render3d/resource.h"
#include "submit/sync.h"

#define PUCK_RENDER_EXEC_FLAGS	(VIRTGPU_EXECBUF_FENCE_FD_IN | VIRTGPU_EXECBUF_FENCE_FD_OUT)
/* One is for the stream. */
#define PUCK_RENDER_BOS_MAX	(PUCK_JOB_BOS_MAX - 1)
/* Streams so long lie behind the job's segment list: a BO costs more than most of them do. */
#define PUCK_RENDER_SHORT	SZ_32K
/* Of resources that others see; each is a command, beside the stream's. */
#define PUCK_RENDER_COPIES_MAX	(DRM_PUCK_SUBMIT_CMDS_MAX - 1)

/**
 * struct puck_render_exec - a stream on its way through its ioctl
 * @render: of the device
 * @args: the ioctl's argument
 * @file: the caller
 * @stream: a copy
 * @bos: resources that it may use; references
 * @nbos: entries in @bos
 * @resets: syncobjs to be waited for, as the caller has them
 * @syncs: all syncobjs, those of @resets first
 * @buffer: memory for the device to read the stream from, a reference; NULL if it is short
 * @ctx: of the caller; the lock is held
 * @before: commands of its job before the stream
 * @out: what will have the job's fence
 */
struct puck_render_exec {
	struct puck_render *render;
	struct drm_virtgpu_execbuffer *args;
	struct drm_file *file;
	void *stream;
	struct puck_bo **bos;
	u32 nbos;
	struct drm_virtgpu_execbuffer_syncobj *resets;
	struct drm_puck_sync *syncs;
	struct puck_bo *buffer;
	struct puck_render_context *ctx;
	u32 before;
	struct puck_out_fences out;
};

/* ---- copies ---- */

static int puck_exec_check(const struct puck_render_exec *exec)
{
	const struct drm_virtgpu_execbuffer *args = exec->args;

	if (args->flags & ~PUCK_RENDER_EXEC_FLAGS || args->ring_idx)
		return -EINVAL;
	if (!args->size || args->size % sizeof(u32))
		return -EINVAL;
	if (args->size > exec->render->submit_max || args->num_bo_handles > PUCK_RENDER_BOS_MAX)
		return -E2BIG;
	return 0;
}

static int puck_exec_find_bos(struct puck_render_exec *exec)
{
	const u32 __user *user = u64_to_user_ptr(exec->args->bo_handles);
	u32 count = exec->args->num_bo_handles;
	u32 *handles = memdup_array_user(user, count, sizeof(*handles));
	int ret = 0;

	if (IS_ERR(handles))
		return PTR_ERR(handles);
	exec->bos = kcalloc(count, sizeof(*exec->bos), GFP_KERNEL);
	if (!exec->bos)
		ret = -ENOMEM;
	while (!ret && exec->nbos < count) {
		struct puck_bo *bo = puck_render_find(exec->file, handles[exec->nbos]);

		ret = PTR_ERR_OR_ZERO(bo);
		if (!ret)
			exec->bos[exec->nbos++] = bo;
	}
	kfree(handles);
	return ret;
}

static struct drm_virtgpu_execbuffer_syncobj *
puck_exec_read_syncobjs(const struct puck_render_exec *exec, u64 ptr, u32 count)
{
	struct drm_puck_array array = {
		.ptr = count ? ptr : 0,
		.count = count,
		.stride = count ? exec->args->syncobj_stride : 0,
	};
	struct drm_virtgpu_execbuffer_syncobj *syncobjs;

	syncobjs = puck_array_read(&array, DRM_PUCK_SUBMIT_SYNCS_MAX, sizeof(*syncobjs),
				   sizeof(*syncobjs));
	return syncobjs;
}

static void puck_exec_add_syncobjs(struct drm_puck_sync *syncs, u32 count, u32 flags,
				   const struct drm_virtgpu_execbuffer_syncobj *syncobjs)
{
	u32 i;

	for (i = 0; i < count; i++)
		syncs[i] = (struct drm_puck_sync) {
			.handle = syncobjs[i].handle,
			.type = syncobjs[i].point ? DRM_PUCK_SYNC_TIMELINE :
						    DRM_PUCK_SYNC_BINARY,
			.flags = flags,
			.point = syncobjs[i].point,
		};
}

static bool puck_exec_flags_are_sane(const struct drm_virtgpu_execbuffer_syncobj *syncobjs,
				     u32 count, u32 flags)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (syncobjs[i].flags & ~flags)
			return false;
	return true;
}

/* As SUBMIT has them: those to be waited for, then those that are signalled. */
static int puck_exec_copy_syncobjs(struct puck_render_exec *exec)
{
	const struct drm_virtgpu_execbuffer *args = exec->args;
	u32 nin = args->num_in_syncobjs, nout = args->num_out_syncobjs;
	struct drm_virtgpu_execbuffer_syncobj *outs;
	int ret = 0;

	exec->resets = puck_exec_read_syncobjs(exec, args->in_syncobjs, nin);
	if (IS_ERR(exec->resets))
		return PTR_ERR(no_free_ptr(exec->resets));
	outs = puck_exec_read_syncobjs(exec, args->out_syncobjs, nout);
	if (IS_ERR(outs))
		return PTR_ERR(outs);
	exec->syncs = kcalloc(nin + nout, sizeof(*exec->syncs), GFP_KERNEL);
	if (!exec->syncs) {
		ret = -ENOMEM;
	} else if (!puck_exec_flags_are_sane(exec->resets, nin, VIRTGPU_EXECBUF_SYNCOBJ_RESET) ||
		   !puck_exec_flags_are_sane(outs, nout, 0)) {
		ret = -EINVAL;
	} else {
		puck_exec_add_syncobjs(exec->syncs, nin, DRM_PUCK_SYNC_WAIT, exec->resets);
		puck_exec_add_syncobjs(exec->syncs + nin, nout, DRM_PUCK_SYNC_SIGNAL, outs);
	}
	kfree(outs);
	return ret;
}

static int puck_exec_copy(struct puck_render_exec *exec)
{
	int ret;

	exec->stream = vmemdup_user(u64_to_user_ptr(exec->args->command), exec->args->size);
	if (IS_ERR(exec->stream))
		return PTR_ERR(no_free_ptr(exec->stream));
	ret = puck_exec_copy_syncobjs(exec);
	return ret ?: puck_exec_find_bos(exec);
}

static void puck_exec_free(struct puck_render_exec *exec)
{
	while (exec->nbos)
		drm_gem_object_put(&exec->bos[--exec->nbos]->ttm.base);
	kfree(exec->bos);
	kfree(exec->syncs);
	kfree(exec->resets);
	kvfree(exec->stream);
}

/* ---- the job ---- */

/* The pages are there, as the BO is where the device can use it. */
static void puck_exec_write_stream(const struct puck_render_exec *exec)
{
	struct page **pages = exec->buffer->ttm.ttm->pages;
	u32 size = exec->args->size;
	u32 at;

	for (at = 0; at < size; at += PAGE_SIZE)
		memcpy_to_page(pages[at / PAGE_SIZE], 0, exec->stream + at,
			       min_t(u32, size - at, PAGE_SIZE));
	puck_bo_sync(exec->buffer, false, true);
}

/* Says where the stream is, and puts it there. */
static int puck_exec_list_stream(const struct puck_render_exec *exec, struct puck_job *job,
				 struct puck_render_io *io)
{
	if (!exec->buffer)
		return puck_render_job_data(job, exec->stream, exec->args->size, io);
	puck_exec_write_stream(exec);
	return puck_render_job_list(job, exec->buffer, exec->args->size, io);
}

/* A puck_render_push.build. A stream may use the memory of any of its resources. */
static int puck_exec_build(struct puck_job *job, void *data)
{
	struct puck_render_exec *exec = data;
	struct puck_render_cmd *cmd = puck_render_cmd_at(job, exec->before);
	u32 i;

	for (i = 0; i < exec->nbos; i++)
		puck_bo_sync(exec->bos[i], false, true);
	puck_render_add_copies(job, exec->bos, exec->nbos);
	cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_SUBMIT);
	cmd->ctx = cpu_to_le32(exec->ctx->object.id);
	return puck_exec_list_stream(exec, job, &cmd->io);
}

/* A puck_render_push.commit: those that are to have no fence any more have none. */
static void puck_exec_reset_syncobjs(void *data)
{
	struct puck_render_exec *exec = data;
	struct drm_syncobj *syncobj;
	u32 i;

	for (i = 0; i < exec->args->num_in_syncobjs; i++) {
		if (!(exec->resets[i].flags & VIRTGPU_EXECBUF_SYNCOBJ_RESET))
			continue;
		/* The handle may have been closed meanwhile. */
		syncobj = drm_syncobj_find(exec->file, exec->resets[i].handle);
		if (!syncobj)
			continue;
		drm_syncobj_replace_fence(syncobj, NULL);
		drm_syncobj_put(syncobj);
	}
}

static int puck_exec_prepare_syncs(struct puck_render_exec *exec, struct puck_job *job)
{
	const struct drm_virtgpu_execbuffer *args = exec->args;
	u32 nin = args->num_in_syncobjs, nout = args->num_out_syncobjs;
	int ret = 0;

	if (args->flags & VIRTGPU_EXECBUF_FENCE_FD_IN)
		ret = puck_sync_wait_for_fd(job, args->fence_fd);
	if (!ret)
		ret = puck_sync_wait_for(job, exec->file, exec->syncs, nin);
	return ret ?: puck_sync_prepare_out(&exec->out, exec->file, exec->syncs + nin, nout,
					    args->flags & VIRTGPU_EXECBUF_FENCE_FD_OUT);
}

static int puck_exec_queue(struct puck_render_exec *exec, struct puck_job *job)
{
	struct puck_render_push push = {
		.job = job,
		.build = puck_exec_build,
		.commit = puck_exec_reset_syncobjs,
		.data = exec,
		.out = &exec->out,
	};
	int fd, ret;
	u32 i;

	for (i = 0; i < exec->nbos; i++)
		puck_render_job_add_bo(job, exec->bos[i], true);
	if (exec->buffer)
		puck_render_job_add_bo(job, exec->buffer, false);
	ret = puck_exec_prepare_syncs(exec, job);
	if (ret) {
		puck_job_discard(job);
		return ret;
	}
	fd = exec->out.fd;
	ret = puck_render_job_run(exec->ctx, &push);
	if (ret)
		puck_sync_cancel_out(&exec->out);
	else if (exec->args->flags & VIRTGPU_EXECBUF_FENCE_FD_OUT)
		exec->args->fence_fd = fd;
	return ret;
}

/* With puck_render.exposing. */
static int puck_exec_make_job(struct puck_render_exec *exec)
{
	u32 copies = puck_render_count_copies(exec->bos, exec->nbos, &exec->before);
	struct puck_job *job;

	if (copies > PUCK_RENDER_COPIES_MAX)
		return -E2BIG;
	job = puck_render_job_create(exec->ctx, 1 + copies, exec->nbos + 1,
				     exec->file->client_id);
	return IS_ERR(job) ? PTR_ERR(job) : puck_exec_queue(exec, job);
}

/* With the context's lock, and the buffer, if it takes one. */
static int puck_exec_run(struct puck_render_exec *exec)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < exec->nbos; i++)
		ret = puck_render_attach(exec->ctx, exec->bos[i], exec->file->client_id);
	if (!ret)
		ret = down_read_killable(&exec->render->exposing);
	if (ret)
		return ret;
	ret = puck_exec_make_job(exec);
	up_read(&exec->render->exposing);
	return ret;
}

static int puck_exec_run_locked(struct puck_render_exec *exec)
{
	int ret = mutex_lock_interruptible(&exec->ctx->lock);

	if (ret)
		return ret;
	ret = puck_exec_run(exec);
	mutex_unlock(&exec->ctx->lock);
	return ret;
}

static int puck_exec_run_long(struct puck_render_exec *exec)
{
	struct puck_device *puck = exec->render->puck;
	int ret;

	exec->buffer = puck_gem_create(puck, exec->args->size, BIT(DRM_PUCK_REGION_SYSTEM), 0,
				       DRM_PUCK_CACHING_WB, NULL);
	if (IS_ERR(exec->buffer))
		return PTR_ERR(exec->buffer);
	ret = puck_exec_run_locked(exec);
	drm_gem_object_put(&exec->buffer->ttm.base);
	return ret;
}

/* Inside puck_awake_enter(). */
static int puck_exec_try(struct puck_render_exec *exec)
{
	exec->ctx = puck_render_context_of(exec->render, exec->file);
	if (IS_ERR(exec->ctx))
		return PTR_ERR(exec->ctx);
	if (exec->args->size <= PUCK_RENDER_SHORT)
		return puck_exec_run_locked(exec);
	return puck_exec_run_long(exec);
}

/**
 * puck_ioctl_virtgpu_execbuffer - have the renderer work on a stream
 * @dev: the device
 * @data: struct drm_virtgpu_execbuffer
 * @file: the caller
 *
 * Return: 0; -EOPNOTSUPP without 3D; -EINVAL for unknown flags, a ring, a length that is none, a
 * BO twice or one that is no resource, a syncobj without a fence; -E2BIG; -ENOENT for handles
 * that are none; -EFAULT; -ENOMEM; -EMFILE; -ENODEV; -ERESTARTSYS or -EINTR; as
 * puck_render_context_of(). On errors nothing has happened, but that there may be a context.
 */
int puck_ioctl_virtgpu_execbuffer(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct puck_render_exec exec = {
		.render = to_puck_device(dev)->render, .args = data, .file = file,
	};
	int idx, ret;

	if (!exec.render)
		return -EOPNOTSUPP;
	ret = puck_exec_check(&exec);
	if (!ret)
		ret = puck_exec_copy(&exec);
	if (!ret && !puck_awake_enter(exec.render->puck, &idx)) {
		ret = -ENODEV;
	} else if (!ret) {
		ret = puck_exec_try(&exec);
		puck_awake_exit(exec.render->puck, idx);
	}
	puck_exec_free(&exec);
	return ret;
}
