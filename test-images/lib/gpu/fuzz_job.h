/* SPDX-License-Identifier: MIT */
/*
 * A job as it is drawn: its BOs, commands and syncobjs, right or wrong; of a queue for a VM, it
 * names memory by address.
 */
#ifndef LIB_GPU_FUZZ_JOB_H
#define LIB_GPU_FUZZ_JOB_H

#include <string.h>

#include "lib/gpu/fuzz.h"

/* Where BOs are mapped: so many windows of so many bytes, over the ends of two tables. */
#define WINDOWS		8
#define WINDOW_SIZE	BO_MAX
#define WINDOWS_BASE	((1ull << 30) - WINDOWS / 2 * WINDOW_SIZE)

static inline uint64_t any_window(struct actor *a)
{
	return WINDOWS_BASE + (uint64_t)below(a, WINDOWS) * WINDOW_SIZE;
}

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
static inline struct drm_puck_place place_in_bo(struct actor *a, uint32_t nbos, bool used)
{
	struct drm_puck_place place;
	uint32_t bo = below(a, nbos);

	place.offset = mostly(a, used ? below(a, PAGE / 2) : 0);
	place.bo = mostly(a, used ? bo : DRM_PUCK_NO_BO);
	place.flags = nothing(a);
	return place;
}

/* Within the first page of a window. */
static inline struct drm_puck_place place_in_vm(struct actor *a)
{
	struct drm_puck_place place;
	uint64_t window = any_window(a);

	place.offset = mostly64(a, window + below(a, PAGE / 2));
	place.bo = mostly(a, DRM_PUCK_NO_BO);
	place.flags = mostly(a, DRM_PUCK_PLACE_ADDRESS);
	return place;
}

/* @nbos is 0 in a job that names memory by address. */
static inline struct drm_puck_place any_place(struct actor *a, uint32_t nbos, bool used)
{
	return !nbos && used ? place_in_vm(a) : place_in_bo(a, nbos ? nbos : 1, used);
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
	enum kind of = one_in(a, 8) ? VM_BO : BO;

	for (i = 0; i < count; i++) {
		uint32_t access = one_in(a, 8) ? 1 + below(a, 2) :
				  DRM_PUCK_REF_READ | DRM_PUCK_REF_WRITE;

		if (one_in(a, 8))
			access |= DRM_PUCK_REF_NO_IMPLICIT;
		a->refs[i].handle = handle_at(a, of, first + i);
		a->refs[i].flags = mostly(a, access);
	}
	return count;
}

static inline uint32_t fill_syncs(struct actor *a, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		a->syncs[i] = any_sync(a);
	return count;
}

/* @nbos are listed; with @by_address the commands do not name these. */
static inline void fill_job(struct actor *a, struct drm_puck_submit *args, uint32_t nbos,
			    bool by_address)
{
	uint32_t ncmds = by_address ? 1 + below(a, 3) : below(a, 4), i;
	uint32_t nsyncs = fill_syncs(a, one_in(a, 3) ? below(a, 4) : 0);
	uint32_t flags = one_in(a, 3) ? below(a, 8) : 0;

	for (i = 0; i < ncmds; i++)
		a->cmds[i] = any_command(a, by_address ? 0 : nbos);
	args->flags = mostly(a, flags);
	args->bos = array(a, a->refs, nbos, sizeof(a->refs[0]));
	args->cmds = array(a, a->cmds, ncmds, sizeof(a->cmds[0]));
	args->syncs = array(a, a->syncs, nsyncs, sizeof(a->syncs[0]));
	if (args->flags & DRM_PUCK_SUBMIT_IN_FENCE_FD || (a->hostile && one_in(a, 8)))
		args->in_fence_fd = some_fd(a, SYNC_FILE);
	args->out_fence_fd = (int)nothing(a);
	args->seqno = nothing(a);
}

static inline void fill_submit(struct actor *a, void *arg)
{
	struct drm_puck_submit *args = arg;

	args->queue = handle(a, QUEUE);
	fill_job(a, args, fill_refs(a), false);
}

/* A BO may be listed besides. */
static inline void fill_vm_submit(struct actor *a, void *arg)
{
	struct drm_puck_submit *args = arg;

	args->queue = handle(a, VM_QUEUE);
	fill_job(a, args, one_in(a, 4) ? fill_refs(a) : 0, true);
}

static inline void done_submit(struct actor *a, void *arg)
{
	struct drm_puck_submit *args = arg;

	if (args->flags & DRM_PUCK_SUBMIT_OUT_FENCE_FD)
		put_fd(a, SYNC_FILE, args->out_fence_fd);
}

#endif /* LIB_GPU_FUZZ_JOB_H */
