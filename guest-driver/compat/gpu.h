/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What puck.ko needs in order to build on all kernels it supports: the newest
 * kernel's way is written in the driver, older ones are told here how to do it.
 */
#ifndef PUCK_COMPAT_GPU_H
#define PUCK_COMPAT_GPU_H

#include <drm/drm_drv.h>
#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_device.h>

#include "compat/base.h"
#include "compat/dmabuf.h"

#ifdef PUCK_HAVE_SCHED_STAT_RESET
#define PUCK_SCHED_STAT_RESET	DRM_GPU_SCHED_STAT_RESET
#else
#define PUCK_SCHED_STAT_RESET	DRM_GPU_SCHED_STAT_NOMINAL
#endif

/* The errno is for jobs that have no hardware fence; all of ours have one. */
static inline void puck_compat_sched_start(struct drm_gpu_scheduler *sched)
{
#ifdef PUCK_HAVE_SCHED_START_ERRNO
	drm_sched_start(sched, 0);
#else
	drm_sched_start(sched);
#endif
}

static inline int puck_compat_sched_job_init(struct drm_sched_job *job,
					     struct drm_sched_entity *entity, u32 credits,
					     void *owner, u64 client_id)
{
#ifdef PUCK_HAVE_SCHED_JOB_CLIENT_ID
	return drm_sched_job_init(job, entity, credits, owner, client_id);
#else
	return drm_sched_job_init(job, entity, credits, owner);
#endif
}

#ifndef PUCK_HAVE_SCHED_INIT_ARGS
struct drm_sched_init_args {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *timeout_wq;
	u32 num_rqs;
	u32 credit_limit;
	unsigned int hang_limit;
	long timeout;
	atomic_t *score;
	const char *name;
	struct device *dev;
};

static inline int puck_compat_sched_init(struct drm_gpu_scheduler *sched,
					 const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args->ops, args->submit_wq, args->num_rqs,
			      args->credit_limit, args->hang_limit, args->timeout,
			      args->timeout_wq, args->score, args->name, args->dev);
}
#else
#define puck_compat_sched_init	drm_sched_init
#endif

/* No coherent pages, and none below 4 GiB. */
static inline int puck_compat_ttm_device_init(struct ttm_device *bdev,
					      const struct ttm_device_funcs *funcs,
					      struct device *dev,
					      struct address_space *mapping,
					      struct drm_vma_offset_manager *vma_manager)
{
#ifdef PUCK_HAVE_TTM_DEVICE_FLAGS
	return ttm_device_init(bdev, funcs, dev, mapping, vma_manager, 0);
#else
	return ttm_device_init(bdev, funcs, dev, mapping, vma_manager, false, false);
#endif
}

/* The end of GEM's part of a BO. */
#ifdef PUCK_HAVE_TTM_BO_FINI
#define puck_compat_ttm_bo_fini	ttm_bo_fini
#else
#define puck_compat_ttm_bo_fini	ttm_bo_put
#endif

static inline int puck_compat_gpuvm_sm_map(struct drm_gpuvm *vm, void *data, u64 addr, u64 length,
					   struct drm_gem_object *obj, u64 offset)
{
#ifdef PUCK_HAVE_GPUVM_MAP_REQ
	const struct drm_gpuvm_map_req req = {
		.map.va.addr = addr,
		.map.va.range = length,
		.map.gem.obj = obj,
		.map.gem.offset = offset,
	};

	return drm_gpuvm_sm_map(vm, data, &req);
#else
	return drm_gpuvm_sm_map(vm, data, addr, length, obj, offset);
#endif
}

static inline struct drm_gpuvm_bo *puck_compat_gpuvm_bo_obtain(struct drm_gpuvm *vm,
							       struct drm_gem_object *obj)
{
#ifdef PUCK_HAVE_GPUVM_BO_OBTAIN_LOCKED
	return drm_gpuvm_bo_obtain_locked(vm, obj);
#else
	return drm_gpuvm_bo_obtain(vm, obj);
#endif
}

#ifdef PUCK_HAVE_DRM_DRIVER_DATE
#define PUCK_DRM_DRIVER_DATE	.date = "0",
#else
#define PUCK_DRM_DRIVER_DATE
#endif

/* Tells user space that a device is of no use before its driver is bound anew. */
static inline void puck_compat_wedged_event(struct drm_device *drm)
{
#if defined(PUCK_HAVE_DRM_WEDGED_TASK)
	drm_dev_wedged_event(drm, DRM_WEDGE_RECOVERY_REBIND, NULL);
#elif defined(PUCK_HAVE_DRM_WEDGED_EVENT)
	drm_dev_wedged_event(drm, DRM_WEDGE_RECOVERY_REBIND);
#endif
}

#endif /* PUCK_COMPAT_GPU_H */
