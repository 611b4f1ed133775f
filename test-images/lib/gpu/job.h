/* SPDX-License-Identifier: MIT */
/* Commands, and the jobs that they make up. */
#ifndef LIB_GPU_JOB_H
#define LIB_GPU_JOB_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/call.h"
#include "lib/gpu/fence.h"

/* The @bo-th BO of a job, from byte @offset on. */
static inline struct drm_puck_place place(uint32_t bo, uint64_t offset)
{
	return (struct drm_puck_place){ .bo = bo, .offset = offset };
}

static inline struct drm_puck_place no_place(void)
{
	return place(DRM_PUCK_NO_BO, 0);
}

static inline struct drm_puck_cmd cmd_nop(void)
{
	return (struct drm_puck_cmd){ .op = DRM_PUCK_OP_NOP, .src = no_place(), .dst = no_place() };
}

static inline struct drm_puck_cmd cmd_fill(uint32_t dst, uint64_t offset, uint64_t length,
					   uint32_t value)
{
	return (struct drm_puck_cmd){ .op = DRM_PUCK_OP_FILL, .src = no_place(),
				      .dst = place(dst, offset), .length = length,
				      .value = value };
}

static inline struct drm_puck_cmd cmd_copy(uint32_t src, uint64_t src_offset, uint32_t dst,
					   uint64_t dst_offset, uint64_t length)
{
	return (struct drm_puck_cmd){ .op = DRM_PUCK_OP_COPY, .src = place(src, src_offset),
				      .dst = place(dst, dst_offset), .length = length };
}

static inline struct drm_puck_cmd cmd_blit(uint32_t src, uint64_t src_offset, uint32_t src_pitch,
					   uint32_t dst, uint64_t dst_offset, uint32_t dst_pitch,
					   uint32_t width, uint32_t height)
{
	return (struct drm_puck_cmd){ .op = DRM_PUCK_OP_BLIT, .src = place(src, src_offset),
				      .dst = place(dst, dst_offset), .src_pitch = src_pitch,
				      .dst_pitch = dst_pitch, .width = width, .height = height };
}

static inline struct drm_puck_cmd cmd_crc(uint32_t src, uint64_t offset, uint64_t length,
					  uint32_t dst, uint64_t dst_offset)
{
	return (struct drm_puck_cmd){ .op = DRM_PUCK_OP_CRC32C, .src = place(src, offset),
				      .dst = place(dst, dst_offset), .length = length };
}

static inline struct drm_puck_bo_ref ref_read(const struct bo *bo)
{
	return (struct drm_puck_bo_ref){ .handle = bo->handle, .flags = DRM_PUCK_REF_READ };
}

static inline struct drm_puck_bo_ref ref_write(const struct bo *bo)
{
	return (struct drm_puck_bo_ref){ .handle = bo->handle, .flags = DRM_PUCK_REF_WRITE };
}

static inline struct drm_puck_bo_ref ref_both(const struct bo *bo)
{
	return (struct drm_puck_bo_ref){ .handle = bo->handle,
					 .flags = DRM_PUCK_REF_READ | DRM_PUCK_REF_WRITE };
}

static inline struct drm_puck_submit job(uint32_t queue, const struct drm_puck_bo_ref *bos,
					 uint32_t nbos, const struct drm_puck_cmd *cmds,
					 uint32_t ncmds)
{
	return (struct drm_puck_submit){ .queue = queue, .bos = puck_array(bos, nbos),
					 .cmds = puck_array(cmds, ncmds) };
}

/* An empty job: its fence is all there is of it. */
static inline struct drm_puck_submit job_empty(uint32_t queue)
{
	return job(queue, NULL, 0, NULL, 0);
}

/* The same with syncobjs. */
static inline struct drm_puck_submit job_syncs(uint32_t queue, const struct drm_puck_sync *syncs,
					       uint32_t nsyncs)
{
	struct drm_puck_submit args = job_empty(queue);

	args.syncs = puck_array(syncs, nsyncs);
	return args;
}

static inline int submit(int fd, struct drm_puck_submit *args)
{
	return puck_call(fd, DRM_IOCTL_PUCK_SUBMIT, args);
}

/* Submit with an out-fence; returns its descriptor. */
static inline int submit_fd(int fd, struct drm_puck_submit *args)
{
	int ret;

	args->flags |= DRM_PUCK_SUBMIT_OUT_FENCE_FD;
	ret = submit(fd, args);
	return ret ? ret : args->out_fence_fd;
}

/* Submit and wait; 0 if the job completed without error. */
static inline int submit_wait(int fd, struct drm_puck_submit *args)
{
	int fence = submit_fd(fd, args);
	int ret;

	if (fence < 0)
		return fence;
	ret = fence_result(fence, FOREVER_MS);
	return ret == 1 ? 0 : ret ? ret : -ETIME;
}

#endif /* LIB_GPU_JOB_H */
