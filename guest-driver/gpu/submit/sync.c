// SPDX-License-Identifier: GPL-2.0-only
/*
 * Explicit synchronisation: sync_files and syncobjs, binary and timeline.
 */
#include <linux/dma-fence-chain.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sync_file.h>

#include <drm/drm_syncobj.h>
#include <drm/puck_drm.h>

#include "sched/job.h"
#include "submit/sync.h"

#define PUCK_SYNC_FLAGS (DRM_PUCK_SYNC_WAIT | DRM_PUCK_SYNC_SIGNAL)

static bool puck_sync_is_sane(const struct drm_puck_sync *sync)
{
	if (!sync->flags || sync->flags & ~PUCK_SYNC_FLAGS || sync->pad)
		return false;
	switch (sync->type) {
	case DRM_PUCK_SYNC_BINARY:
		return !sync->point;
	case DRM_PUCK_SYNC_TIMELINE:
		return sync->point;
	default:
		return false;
	}
}

/**
 * puck_sync_check - see whether the syncobjs of a job make sense by themselves
 * @syncs: the caller's
 * @count: entries
 *
 * Return: 0 or -EINVAL.
 */
int puck_sync_check(const struct drm_puck_sync *syncs, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (!puck_sync_is_sane(&syncs[i]))
			return -EINVAL;
	return 0;
}

/**
 * puck_sync_wait_for - let a job wait for the syncobjs that say so
 * @job: not armed yet
 * @file: whose handles these are
 * @syncs: checked
 * @count: entries
 *
 * Context: process; no locks.
 * Return: 0; -EINVAL for a syncobj without a fence or such a point; -ENOENT for no
 * syncobj; -ENOMEM.
 */
int puck_sync_wait_for(struct puck_job *job, struct drm_file *file,
		       const struct drm_puck_sync *syncs, u32 count)
{
	struct dma_fence *fence;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < count; i++) {
		if (!(syncs[i].flags & DRM_PUCK_SYNC_WAIT))
			continue;
		/*
		 * Not drm_sched_job_add_syncobj_dependency(): that one cuts
		 * the point to 32 bits.
		 */
		ret = drm_syncobj_find_fence(file, syncs[i].handle, syncs[i].point, 0, &fence);
		if (!ret)
			ret = drm_sched_job_add_dependency(&job->base, fence);
	}
	return ret;
}

/**
 * puck_sync_wait_for_fd - let a job wait for a sync_file
 * @job: not armed yet
 * @fd: its descriptor
 *
 * Return: 0; -EINVAL if @fd is no sync_file; -ENOMEM.
 */
int puck_sync_wait_for_fd(struct puck_job *job, int fd)
{
	struct dma_fence *fence = sync_file_get_fence(fd);

	if (!fence)
		return -EINVAL;
	return drm_sched_job_add_dependency(&job->base, fence);
}

static int puck_sync_prepare_syncobj(struct puck_out_sync *out, struct drm_file *file,
				     const struct drm_puck_sync *sync)
{
	out->syncobj = drm_syncobj_find(file, sync->handle);
	if (!out->syncobj)
		return -ENOENT;

	out->point = sync->point;
	if (out->point) {
		out->chain = dma_fence_chain_alloc();
		if (!out->chain)
			return -ENOMEM;
	}
	return 0;
}

static int puck_sync_prepare_file(struct puck_out_fences *out)
{
	struct dma_fence *stub = dma_fence_get_stub();

	/*
	 * The job has no fence before it is armed, and after that nothing may
	 * fail. So make the file around a fence that there is already;
	 * puck_sync_publish() exchanges it before anybody can see the file.
	 */
	out->file = sync_file_create(stub);
	dma_fence_put(stub);
	if (!out->file)
		return -ENOMEM;

	out->fd = get_unused_fd_flags(O_CLOEXEC);
	return out->fd < 0 ? out->fd : 0;
}

static int puck_sync_prepare_syncobjs(struct puck_out_fences *out, struct drm_file *file,
				      const struct drm_puck_sync *syncs, u32 count)
{
	int ret = 0;
	u32 i;

	out->syncs = kcalloc(count, sizeof(*out->syncs), GFP_KERNEL);
	if (!out->syncs)
		return -ENOMEM;
	for (i = 0; !ret && i < count; i++)
		if (syncs[i].flags & DRM_PUCK_SYNC_SIGNAL)
			ret = puck_sync_prepare_syncobj(&out->syncs[out->nsyncs++], file,
							&syncs[i]);
	return ret;
}

/**
 * puck_sync_prepare_out - find or make all that will carry the job's fence
 * @out: to be filled
 * @file: whose handles these are
 * @syncs: checked
 * @count: entries
 * @want_fd: make a sync_file too
 *
 * Return: 0; -ENOENT for no syncobj; -ENOMEM; -EMFILE. On errors nothing is left.
 */
int puck_sync_prepare_out(struct puck_out_fences *out, struct drm_file *file,
			  const struct drm_puck_sync *syncs, u32 count, bool want_fd)
{
	int ret = 0;

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	if (count)
		ret = puck_sync_prepare_syncobjs(out, file, syncs, count);
	if (!ret && want_fd)
		ret = puck_sync_prepare_file(out);
	if (ret)
		puck_sync_cancel_out(out);
	return ret;
}

/**
 * puck_sync_publish - hand the job's fence out
 * @out: from puck_sync_prepare_out(); used up
 * @fence: the job's finished fence
 *
 * Syncobjs get it in the order in which the caller has named them.
 *
 * Context: process; dma_resv locks may be held. Cannot fail.
 */
void puck_sync_publish(struct puck_out_fences *out, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < out->nsyncs; i++) {
		struct puck_out_sync *sync = &out->syncs[i];

		if (sync->chain)
			drm_syncobj_add_point(sync->syncobj, sync->chain, fence, sync->point);
		else
			drm_syncobj_replace_fence(sync->syncobj, fence);
		drm_syncobj_put(sync->syncobj);
	}
	kfree(out->syncs);

	if (out->file) {
		dma_fence_put(out->file->fence);
		out->file->fence = dma_fence_get(fence);
		fd_install(out->fd, out->file->file);
	}
}

/**
 * puck_sync_cancel_out - undo puck_sync_prepare_out()
 * @out: as it left it, or in the middle of it
 */
void puck_sync_cancel_out(struct puck_out_fences *out)
{
	u32 i;

	for (i = 0; i < out->nsyncs; i++) {
		struct puck_out_sync *sync = &out->syncs[i];

		if (sync->chain)
			dma_fence_chain_free(sync->chain);
		if (sync->syncobj)
			drm_syncobj_put(sync->syncobj);
	}
	kfree(out->syncs);

	if (out->fd >= 0)
		put_unused_fd(out->fd);
	if (out->file)
		fput(out->file->file);
}
