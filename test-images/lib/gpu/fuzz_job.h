/* SPDX-License-Identifier: MIT */
/* A job as it is drawn: its BOs, commands and syncobjs, right or wrong. */
#ifndef LIB_GPU_FUZZ_JOB_H
#define LIB_GPU_FUZZ_JOB_H

#include <string.h>

#include "lib/gpu/fuzz.h"

/* An array of the interface, with elements behind it. */
static inline struct drm_puck_array array(struct actor *a, const void *elements, uint32_t count,
					  uint32_t size)
{
	struct drm_puck_array array = { .ptr = pointer(a, elements) };

	array.count = mostly(a, count);
	array.stride = mostly(a, size);
	if (!array.count && !(a->hostile && one_in(a, 2)))
		memset(&array, 0, sizeof(array));
	return array;
}

/* Within a page of a BO, mostly. */
static inline struct drm_puck_place any_place(struct actor *a, uint32_t nbos, bool used)
{
	struct drm_puck_place place;
	uint32_t bo = below(a, nbos);

	place.offset = mostly(a, used ? below(a, PAGE / 2) : 0);
	place.bo = mostly(a, used ? bo : DRM_PUCK_NO_BO);
	place.flags = nothing(a);
	return place;
}

static inline struct drm_puck_cmd any_command(struct actor *a, uint32_t nbos)
{
	static const uint32_t ops[] = {
		DRM_PUCK_OP_NOP, DRM_PUCK_OP_FILL, DRM_PUCK_OP_FILL, DRM_PUCK_OP_FILL,
		DRM_PUCK_OP_COPY, DRM_PUCK_OP_COPY, DRM_PUCK_OP_BLIT, DRM_PUCK_OP_CRC32C,
	};
	uint32_t op = ops[below(a, ARRAY_SIZE(ops))];
	bool src = op != DRM_PUCK_OP_NOP && op != DRM_PUCK_OP_FILL, blit = op == DRM_PUCK_OP_BLIT;
	struct drm_puck_cmd cmd;

	cmd.flags = nothing(a);
	cmd.pad = nothing(a);
	cmd.src = any_place(a, nbos, src);
	cmd.dst = any_place(a, nbos, op != DRM_PUCK_OP_NOP);
	cmd.length = op == DRM_PUCK_OP_NOP || blit ? nothing(a) :
		mostly(a, 1 + below(a, one_in(a, 16) ? BO_MAX : PAGE / 2));
	cmd.value = op == DRM_PUCK_OP_FILL ? number(a) : nothing(a);
	cmd.width = mostly(a, blit ? 1 + below(a, 64) : 0);
	cmd.height = mostly(a, blit ? 1 + below(a, 16) : 0);
	cmd.src_pitch = mostly(a, blit ? 64 + below(a, 64) : 0);
	cmd.dst_pitch = mostly(a, blit ? 64 + below(a, 64) : 0);
	cmd.op = mostly(a, op);
	return cmd;
}

static inline struct drm_puck_sync any_sync(struct actor *a)
{
	bool timeline = one_in(a, 2);
	struct drm_puck_sync sync;

	sync.handle = handle(a, SYNCOBJ);
	sync.type = mostly(a, timeline ? DRM_PUCK_SYNC_TIMELINE : DRM_PUCK_SYNC_BINARY);
	sync.flags = mostly(a, one_in(a, 3) ? 1 + below(a, 3) : DRM_PUCK_SYNC_SIGNAL);
	sync.pad = nothing(a);
	sync.point = mostly(a, timeline ? 1 + below(a, 1000) : 0);
	return sync;
}

/* Places that follow each other: a BO may stand in a job once only. */
static inline uint32_t fill_refs(struct actor *a)
{
	uint32_t first = below(a, PLACES), count = 1 + below(a, 3), i;

	for (i = 0; i < count; i++) {
		uint32_t place = (first + i) % PLACES;

		a->refs[i].handle = mostly(a, atomic_load(&a->file->handles[BO][place]));
		a->refs[i].flags = mostly(a, one_in(a, 8) ? 1 + below(a, 2) :
					  DRM_PUCK_REF_READ | DRM_PUCK_REF_WRITE);
	}
	return count;
}

static inline void fill_submit(struct actor *a, void *arg)
{
	uint32_t nbos = fill_refs(a), ncmds = below(a, 4), nsyncs = one_in(a, 3) ? below(a, 4) : 0;
	struct drm_puck_submit *args = arg;
	uint32_t i, flags = one_in(a, 3) ? below(a, 8) : 0;

	for (i = 0; i < ncmds; i++)
		a->cmds[i] = any_command(a, nbos);
	for (i = 0; i < nsyncs; i++)
		a->syncs[i] = any_sync(a);
	args->queue = handle(a, QUEUE);
	args->flags = mostly(a, flags);
	args->bos = array(a, a->refs, nbos, sizeof(a->refs[0]));
	args->cmds = array(a, a->cmds, ncmds, sizeof(a->cmds[0]));
	args->syncs = array(a, a->syncs, nsyncs, sizeof(a->syncs[0]));
	if (args->flags & DRM_PUCK_SUBMIT_IN_FENCE_FD || (a->hostile && one_in(a, 8)))
		args->in_fence_fd = some_fd(a, SYNC_FILE);
	args->out_fence_fd = (int)nothing(a);
	args->seqno = nothing(a);
}

static inline void done_submit(struct actor *a, void *arg)
{
	struct drm_puck_submit *args = arg;

	if (args->flags & DRM_PUCK_SUBMIT_OUT_FENCE_FD)
		put_fd(a, SYNC_FILE, args->out_fence_fd);
}

#endif /* LIB_GPU_FUZZ_JOB_H */
