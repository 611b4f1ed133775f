/* SPDX-License-Identifier: MIT */
/* VMs as they are drawn, what is made for them, and what is mapped there, right or wrong. */
#ifndef LIB_GPU_FUZZ_VM_H
#define LIB_GPU_FUZZ_VM_H

#include "lib/gpu/fuzz.h"
#include "lib/gpu/fuzz_job.h"

static inline void fill_vm_create(struct actor *a, void *arg)
{
	struct drm_puck_vm_create *args = arg;

	args->flags = nothing(a);
	args->vm = nothing(a);
}

static inline void done_vm_create(struct actor *a, void *arg)
{
	put_handle(a, VM, ((struct drm_puck_vm_create *)arg)->vm);
}

static inline void fill_vm(struct actor *a, void *arg)
{
	struct drm_puck_vm_destroy *args = arg;

	args->vm = handle(a, VM);
	args->pad = nothing(a);
}

/* Of the VM that is in the place where the BO, or the queue, will be. */
static inline uint32_t vm_of_place(struct actor *a)
{
	return handle_at(a, VM, a->place);
}

static inline void done_vm_bo(struct actor *a, void *arg)
{
	put_handle(a, VM_BO, ((struct drm_puck_gem_create *)arg)->handle);
}

static inline void done_vm_queue(struct actor *a, void *arg)
{
	put_handle(a, VM_QUEUE, ((struct drm_puck_queue_create *)arg)->queue);
}

/* ---- VM_BIND ---- */

static inline uint64_t some_pages(struct actor *a, uint32_t from)
{
	return (uint64_t)PAGE * (from + (one_in(a, 8) ? below(a, WINDOW_SIZE / PAGE) : 0));
}

static inline struct drm_puck_bind any_map(struct actor *a, uint32_t vm_place)
{
	uint32_t bo_place = below(a, PLACES);
	uint64_t window = any_window(a);
	bool private = one_in(a, 2);
	struct drm_puck_bind bind;

	bind.op = mostly(a, DRM_PUCK_BIND_MAP);
	bind.flags = mostly(a, one_in(a, 8) ? DRM_PUCK_BIND_READONLY : 0);
	bind.handle = private ? handle_at(a, VM_BO, vm_place) : handle_at(a, BO, bo_place);
	bind.offset = mostly64(a, some_pages(a, 0));
	bind.addr = mostly64(a, window + some_pages(a, 0));
	bind.length = mostly64(a, some_pages(a, 1));
	bind.pad = nothing(a);
	return bind;
}

/*
 * Over some pages; a sparse one may be over half a GiB, one that unmaps over all there is. The
 * former has thousands of entries, and is as long as hundreds of other calls.
 */
static inline struct drm_puck_bind any_range_bind(struct actor *a, uint32_t op)
{
	bool sparse = op == DRM_PUCK_BIND_MAP_SPARSE, large = one_in(a, sparse ? 64 : 8);
	struct drm_puck_bind bind;

	bind.op = mostly(a, op);
	bind.flags = nothing(a);
	bind.handle = nothing(a);
	bind.offset = mostly64(a, 0);
	bind.addr = mostly64(a, large ? 0 : any_window(a));
	bind.length = mostly64(a, large ? (sparse ? 1ull << 29 : 1ull << 48) :
			       sparse ? WINDOW_SIZE : some_pages(a, 1));
	bind.pad = nothing(a);
	return bind;
}

static inline struct drm_puck_bind any_bind(struct actor *a, uint32_t vm_place)
{
	uint32_t which = below(a, 8);

	return which > 1 ? any_map(a, vm_place) :
	       any_range_bind(a, which ? DRM_PUCK_BIND_UNMAP : DRM_PUCK_BIND_MAP_SPARSE);
}

static inline void fill_vm_bind(struct actor *a, void *arg)
{
	uint32_t place = below(a, PLACES), count = 1 + below(a, 3), i;
	struct drm_puck_vm_bind *args = arg;
	bool async = one_in(a, 2);
	uint32_t nsyncs = fill_syncs(a, async && one_in(a, 2) ? below(a, 3) : 0);

	for (i = 0; i < count; i++)
		a->binds[i] = any_bind(a, place);
	args->vm = handle_at(a, VM, place);
	args->flags = mostly(a, async ? DRM_PUCK_VM_BIND_ASYNC : 0);
	args->binds = array(a, a->binds, count, sizeof(a->binds[0]));
	args->syncs = array(a, a->syncs, nsyncs, sizeof(a->syncs[0]));
	args->queue = nothing(a);
	args->pad = nothing(a);
}

/* ---- what is there before all calls ---- */

/* A VM with a BO, which is mapped in each window, and with a queue; at each place. */
static inline void stock_vm(struct file *file, uint32_t place)
{
	struct drm_puck_bind binds[WINDOWS];
	uint32_t vm, queue = 0, i;
	struct bo bo;

	if (vm_create(file->fd, &vm))
		return;
	close_handle(file->fd, VM, atomic_exchange(&file->handles[VM][place], vm));
	if (!vm_queue_create(file->fd, vm, DRM_PUCK_RING_ANY, &queue))
		close_handle(file->fd, VM_QUEUE,
			     atomic_exchange(&file->handles[VM_QUEUE][place], queue));
	if (vm_bo_create(file->fd, vm, &bo, WINDOW_SIZE))
		return;
	munmap(bo.map, bo.size);
	for (i = 0; i < WINDOWS; i++)
		binds[i] = bind_map(&bo, WINDOWS_BASE + i * WINDOW_SIZE);
	vm_bind_async(file->fd, vm, binds, WINDOWS, NULL, 0);
	close_handle(file->fd, VM_BO, atomic_exchange(&file->handles[VM_BO][place], bo.handle));
}

/* Jobs by address leave nothing with BOs that GEM_WAIT would wait for. */
static inline void wait_for_vm_jobs(struct file *file)
{
	uint32_t i;

	for (i = 0; i < PLACES; i++) {
		struct drm_puck_submit args = job_empty(atomic_load(&file->handles[VM_QUEUE][i]));

		if (args.queue)
			submit_wait(file->fd, &args);
	}
}

#endif /* LIB_GPU_FUZZ_VM_H */
