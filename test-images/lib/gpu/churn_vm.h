/* SPDX-License-Identifier: MIT */
/* What a thread does with its VM: mappings that come and go, and jobs by address. */
#ifndef LIB_GPU_CHURN_VM_H
#define LIB_GPU_CHURN_VM_H

#include "lib/gpu/churn.h"

/* Blocks that are mapped in a step. */
#define MAX_MAPPED	256
/* A table's entry for 64 KiB. */
#define BIG_BLOCKS	16u

static inline bool make_vm(struct worker *w)
{
	int ret = vm_create(w->puck.fd, &w->vm);

	if (!ret)
		ret = vm_queue_create(w->puck.fd, w->vm, w->index % w->puck.compute, &w->vm_queue);
	return ret ? trouble(w, "make a VM", ret) : true;
}

static inline bool begin_vm(struct worker *w)
{
	window_unmap(&w->window, 0, WINDOW_BLOCKS);
	return !syncobj_create(w->puck.fd, &w->timeline) && make_vm(w);
}

static inline struct drm_puck_bind bind_run(const struct worker *w, const struct window_run *run)
{
	return bind_part(&w->things[run->thing].bo, (uint64_t)run->block * BLOCK_SIZE,
			 window_addr(run->at), (uint64_t)run->count * BLOCK_SIZE);
}

/* ---- a VM that was lost ---- */

/* BOs that are private to a VM end with it, and so does what is in them. */
static inline bool renew_private(struct worker *w)
{
	bool good = true;
	uint32_t i;

	for (i = 0; good && i < w->nthings; i++) {
		struct thing *t = &w->things[i];
		uint64_t size = t->bo.size;

		/* One that is made anew may just not be there. */
		if (!t->private || !t->bo.handle)
			continue;
		good = close_thing(w, t);
		blocks_free(&t->model);
		good = good && create_thing(w, t, size);
	}
	return good;
}

/* The same is mapped in the new VM as was in the old one. */
static inline int map_all(struct worker *w)
{
	struct window_run run;
	uint32_t at;
	int ret = 0;

	for (at = 0; !ret && window_next(&w->window, at, WINDOW_BLOCKS, &run);
	     at = run.at + run.count) {
		struct drm_puck_bind bind = bind_run(w, &run);

		ret = vm_bind_async(w->puck.fd, w->vm, &bind, 1, NULL, 0);
	}
	return ret;
}

/* Only of a lost VM jobs may have failed. No job of it is under way. */
static inline bool renew_vm(struct worker *w)
{
	int ret = vm_bind_one(w->puck.fd, w->vm, bind_unmap(0, BLOCK_SIZE));

	if (ret != -EIO)
		return trouble(w, "jobs by address failed in a VM that is not lost", ret);
	queue_destroy(w->puck.fd, w->vm_queue);
	vm_destroy(w->puck.fd, w->vm);
	if (!make_vm(w) || !renew_private(w))
		return false;
	w->lost_vms++;
	ret = map_all(w);
	/* The new one may be lost as well: a job will tell. */
	return ret && ret != -EIO ? trouble(w, "map all again", ret) : true;
}

/* No job is under way behind it, and the VM is as good as before. */
static inline bool settle(struct worker *w)
{
	settle_jobs(w);
	while (w->vm_lost && !w->wrong) {
		w->vm_lost = false;
		renew_vm(w);
	}
	return !w->wrong;
}

/* Of a call for the VM. */
static inline bool vm_result(struct worker *w, const char *what, int ret)
{
	if (!ret)
		return true;
	if (!may_hang || (ret != -EIO && ret != -ETIME))
		return trouble(w, what, ret);
	w->vm_lost = true;
	return settle(w);
}

/* ---- mappings ---- */

/* Waited for or not; behind what was bound before, whatever that waits for, or not. */
static inline bool bind_steps(struct worker *w, const struct drm_puck_bind *binds, uint32_t n)
{
	struct drm_puck_sync syncs[2];
	uint32_t nsyncs = 0, how = below(w, 4);
	int ret;

	w->binds++;
	if (!how)
		return vm_result(w, "VM_BIND", vm_bind(w->puck.fd, w->vm, binds, n));
	if (how == 1 && w->point)
		syncs[nsyncs++] = sync_wait(w->timeline, w->point);
	syncs[nsyncs++] = sync_signal(w->timeline, w->point + 1);
	ret = vm_bind_async(w->puck.fd, w->vm, binds, n, syncs, nsyncs);
	w->point += !ret;
	return vm_result(w, "VM_BIND, not waited for", ret);
}

/*
 * All that is mapped has to be where the GPU sees it at once: no more than half of VRAM for BOs
 * that may be there, as with those that a job lists.
 */
static inline bool has_room(const struct worker *w, uint32_t thing)
{
	bool mapped[MAX_BOS] = { false };
	uint64_t bytes = 0;
	uint32_t i;

	mapped[thing] = true;
	for (i = 0; i < WINDOW_BLOCKS; i++)
		if (w->window.at[i].thing != WINDOW_EMPTY)
			mapped[w->window.at[i].thing] = true;
	for (i = 0; i < w->nthings; i++)
		if (mapped[i] && w->things[i].placements & BO_VRAM)
			bytes += w->things[i].bo.size;
	return !(w->things[thing].placements & BO_VRAM) || bytes <= vram_size / 2;
}

static inline bool unmap_range(struct worker *w, uint32_t at, uint32_t n)
{
	struct drm_puck_bind bind = bind_unmap(window_addr(at), (uint64_t)n * BLOCK_SIZE);

	window_unmap(&w->window, at, n);
	return bind_steps(w, &bind, 1);
}

static inline bool map_run(struct worker *w, const struct window_run *run)
{
	struct drm_puck_bind bind = bind_run(w, run);

	window_map(&w->window, run->at, run->count, run->thing, run->block);
	return bind_steps(w, &bind, 1);
}

static inline bool step_bind(struct worker *w)
{
	struct window_run run = { .at = below(w, WINDOW_BLOCKS) };

	run.thing = below(w, w->nthings);
	any_range(w, &w->things[run.thing], MAX_MAPPED, &run.block, &run.count);
	if (below(w, 2)) {
		run.at &= ~(BIG_BLOCKS - 1);
		run.block &= ~(BIG_BLOCKS - 1);
	}
	if (run.count > WINDOW_BLOCKS - run.at)
		run.count = WINDOW_BLOCKS - run.at;
	if (!below(w, 4) || !has_room(w, run.thing))
		return unmap_range(w, run.at, run.count);
	return map_run(w, &run);
}

/* Everywhere, by as few VM_BINDs as can be: the BO is about to go. */
static inline bool unmap_thing(struct worker *w, uint32_t thing)
{
	static _Thread_local struct drm_puck_bind binds[DRM_PUCK_BINDS_MAX];
	struct window_run run;
	uint32_t at, n = 0;

	for (at = 0; window_next(&w->window, at, WINDOW_BLOCKS, &run); at = run.at + run.count) {
		if (run.thing != thing)
			continue;
		binds[n++] = bind_unmap(window_addr(run.at), (uint64_t)run.count * BLOCK_SIZE);
		window_unmap(&w->window, run.at, run.count);
		if (n < DRM_PUCK_BINDS_MAX)
			continue;
		if (!bind_steps(w, binds, n))
			return false;
		n = 0;
	}
	return !n || bind_steps(w, binds, n);
}

/* ---- jobs by address ---- */

/* From an address on, or from the beginning; something is mapped. */
static inline struct window_run any_run(struct worker *w, uint32_t max)
{
	uint32_t at = below(w, WINDOW_BLOCKS), count = 1 + below(w, max);
	struct window_run run = { 0 };

	if (!window_next(&w->window, at, count, &run))
		window_next(&w->window, 0, count, &run);
	return run;
}

/* Over as many mappings as lie side by side. */
static inline struct drm_puck_cmd vm_fill(struct worker *w, struct pending *p)
{
	uint32_t value = rnd(&w->seed), left = 1 + below(w, MAX_MOVED), total = 0, i;
	struct drm_puck_cmd cmd = { .op = DRM_PUCK_OP_FILL, .src = no_place(), .value = value };
	struct window_run run = any_run(w, left);

	cmd.dst = place_at(window_addr(run.at));
	for (i = 0; i < MAX_RUNS && total < left; i++) {
		uint32_t end = run.at + run.count;

		p->change[p->count++] = (struct change){ .dst = run.thing, .to = run.block,
							 .blocks = run.count, .value = value };
		total += run.count;
		if (total == left || !window_next(&w->window, end, left - total, &run) ||
		    run.at != end)
			break;
	}
	cmd.length = (uint64_t)total * BLOCK_SIZE;
	return cmd;
}

static inline bool meet(const struct window_run *one, const struct window_run *other)
{
	return one->thing == other->thing && one->block < other->block + other->count &&
	       other->block < one->block + one->count;
}

/* From one mapping to another; where both are the same memory it is filled. */
static inline struct drm_puck_cmd vm_copy(struct worker *w, struct pending *p)
{
	struct window_run src = any_run(w, MAX_MOVED), dst = any_run(w, src.count);

	src.count = dst.count;
	if (meet(&src, &dst))
		return vm_fill(w, p);
	p->change[p->count++] = (struct change){
		.copy = true, .src = src.thing, .from = src.block, .dst = dst.thing,
		.to = dst.block, .blocks = dst.count,
	};
	return copy_at(window_addr(src.at), window_addr(dst.at),
		       (uint64_t)dst.count * BLOCK_SIZE);
}

/* A BO that is not private is used by jobs of other queues, and so it is listed. */
static inline uint32_t list_thing(const struct worker *w, uint32_t thing,
				  struct drm_puck_bo_ref *refs, uint32_t n)
{
	struct drm_puck_bo_ref ref = ref_both(&w->things[thing].bo);
	uint32_t i;

	if (w->things[thing].private)
		return n;
	for (i = 0; i < n; i++)
		if (refs[i].handle == ref.handle)
			return n;
	refs[n] = ref;
	return n + 1;
}

static inline uint32_t list_changes(const struct worker *w, const struct pending *p,
				    struct drm_puck_bo_ref *refs)
{
	uint32_t i, n = 0;

	for (i = 0; i < p->count; i++) {
		n = list_thing(w, p->change[i].dst, refs, n);
		if (p->change[i].copy)
			n = list_thing(w, p->change[i].src, refs, n);
	}
	return n;
}

static inline bool step_vm_job(struct worker *w)
{
	struct drm_puck_bo_ref refs[2 * MAX_CMDS * MAX_RUNS];
	uint32_t ncmds = 1 + below(w, MAX_CMDS), i;
	struct drm_puck_cmd cmds[MAX_CMDS];
	struct drm_puck_submit args;
	struct window_run any;
	struct pending *p;

	if (!window_next(&w->window, 0, 1, &any))
		return step_bind(w);
	if (w->npending == MAX_PENDING && !settle(w))
		return false;
	p = &w->pending[w->npending];
	p->count = 0;
	p->by_address = true;
	for (i = 0; i < ncmds; i++)
		cmds[i] = below(w, 3) ? vm_copy(w, p) : vm_fill(w, p);
	args = job(w->vm_queue, refs, list_changes(w, p, refs), cmds, ncmds);
	w->vm_jobs++;
	return vm_result(w, "submit by address", submit_pending(w, p, &args));
}

/* Of the blocks that are mapped, the job fills the first half. If there is no room nothing is. */
static inline bool map_and_fill(struct worker *w, const struct thing *t, uint32_t first,
				uint32_t n, uint32_t value)
{
	struct window_run run = { .thing = t - w->things, .block = first, .count = n };
	struct drm_puck_submit args;
	struct drm_puck_cmd cmd;
	struct pending *p;

	run.at = below(w, WINDOW_BLOCKS - n + 1);
	if (!has_room(w, run.thing))
		return unmap_range(w, run.at, run.count);
	if (!map_run(w, &run))
		return false;
	p = &w->pending[w->npending];
	run.count = (n + 1) / 2;
	cmd = (struct drm_puck_cmd){ .op = DRM_PUCK_OP_FILL, .src = no_place(), .value = value,
				     .dst = place_at(window_addr(run.at)),
				     .length = (uint64_t)run.count * BLOCK_SIZE };
	p->by_address = true;
	p->count = 1;
	p->change[0] = (struct change){ .dst = run.thing, .to = run.block, .blocks = run.count,
					.value = value };
	args = job(w->vm_queue, NULL, 0, &cmd, 1);
	w->vm_jobs++;
	return vm_result(w, "submit by address", submit_pending(w, p, &args));
}

#endif /* LIB_GPU_CHURN_VM_H */
