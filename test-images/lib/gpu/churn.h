/* SPDX-License-Identifier: MIT */
/*
 * A thread that uses BOs at random: its BOs, with a model of each and of its VM, and the jobs
 * whose outcome it does not know yet.
 */
#ifndef LIB_GPU_CHURN_H
#define LIB_GPU_CHURN_H

#include <pthread.h>

#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/gpu/blocks.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/sync.h"
#include "lib/gpu/vm.h"
#include "lib/gpu/window.h"

#define MAX_BOS		256
#define MAX_CMDS	4
/* So many of its mappings a command by address reaches over at most. */
#define MAX_RUNS	4
/* Jobs whose outcome is not known yet. */
#define MAX_PENDING	32
/* So many blocks a command moves at most, so that there are many commands. */
#define MAX_MOVED	1024
/* One BO in so many is private to the VM: its jobs are by address alone. */
#define PRIVATE_ONE_IN	3

/* What a command did to the model, to be done when it is known that its job was good. */
struct change {
	bool copy;
	uint32_t src, from;
	uint32_t dst, to;
	uint32_t blocks;
	uint32_t value;
};

/* A job; @by_address: it may have failed as the VM was lost. */
struct pending {
	int fence;
	bool by_address;
	uint32_t count;
	struct change change[MAX_CMDS * MAX_RUNS];
};

struct thing {
	struct bo bo;
	struct blocks model;
	uint32_t placements;
	bool private;
};

/*
 * @vm_lost: an update of the VM hung. @point: of @timeline, which VM_BINDs signal that are not
 * waited for; @bound: done behind all of them.
 */
struct worker {
	pthread_t thread;
	unsigned int index;
	uint64_t seed;
	uint64_t bytes;			/* of all BOs */
	uint64_t steps;			/* to do, or: */
	int64_t until;			/* when to stop */
	struct puck puck;
	uint32_t nthings;
	struct thing things[MAX_BOS];
	uint32_t vm, vm_queue, timeline;
	uint64_t point;
	bool vm_lost;
	struct window window;
	uint32_t npending;
	struct pending pending[MAX_PENDING];
	uint64_t done, jobs, vm_jobs, failed_jobs, compared, written, remade, binds, lost_vms;
	bool wrong;
};

static bool may_hang;
static uint32_t placements[8];
static uint32_t nplacements;
static uint64_t vram_size;

static inline uint32_t below(struct worker *w, uint32_t n)
{
	return rnd(&w->seed) % n;
}

static inline uint32_t thing_blocks(const struct thing *t)
{
	return t->model.count;
}

static inline bool trouble(struct worker *w, const char *what, int ret)
{
	ktap_note("thread %u step %llu: %s: %s", w->index, (unsigned long long)w->done, what,
		  strerror(-ret));
	w->wrong = true;
	return false;
}

static inline struct thing *any_thing(struct worker *w)
{
	return &w->things[below(w, w->nthings)];
}

/* A range of @t of at most @max blocks. */
static inline void any_range(struct worker *w, const struct thing *t, uint32_t max,
			     uint32_t *first, uint32_t *n)
{
	uint32_t count = thing_blocks(t);

	*n = 1 + below(w, count < max ? count : max);
	*first = below(w, count - *n + 1);
}

/* A BO as @t says, with zeroes. */
static inline bool create_thing(struct worker *w, struct thing *t, uint64_t size)
{
	struct drm_puck_gem_create args = {
		.size = size, .placements = t->placements, .vm = t->private ? w->vm : 0,
	};
	int ret = puck_call(w->puck.fd, DRM_IOCTL_PUCK_GEM_CREATE, &args);

	if (ret)
		return trouble(w, "make a BO", ret);
	t->bo = (struct bo){ .handle = args.handle, .size = args.size };
	ret = bo_mmap(w->puck.fd, &t->bo);
	if (ret)
		return trouble(w, "map a BO", ret);
	if (!blocks_init(&t->model, size / BLOCK_SIZE))
		return trouble(w, "model of a BO", -ENOMEM);
	return true;
}

static inline bool close_thing(struct worker *w, struct thing *t)
{
	int ret = bo_close(w->puck.fd, &t->bo);

	t->bo.handle = 0;
	return ret ? trouble(w, "close a BO", ret) : true;
}

/* ---- the outcome of jobs ---- */

static inline void apply(struct worker *w, const struct change *c)
{
	struct blocks *dst = &w->things[c->dst].model;

	if (c->copy)
		blocks_copy(&w->things[c->src].model, c->from, dst, c->to, c->blocks);
	else
		blocks_fill(dst, c->to, c->blocks, c->value);
}

static inline void forget(struct worker *w, const struct change *c)
{
	blocks_forget(&w->things[c->dst].model, c->to, c->blocks);
}

/* With hangs a job may be too late, or be one of a VM whose update was. */
static inline bool may_fail(struct worker *w, const struct pending *p, int error)
{
	if (may_hang && p->by_address && error == -EFAULT) {
		w->vm_lost = true;
		return true;
	}
	return may_hang && error == -ETIME;
}

/* Wait for the jobs that are under way, and have the model do what they did. */
static inline void settle_jobs(struct worker *w)
{
	uint32_t i, k;

	for (i = 0; i < w->npending; i++) {
		struct pending *p = &w->pending[i];
		int ret = fence_result(p->fence, FOREVER_MS);

		if (ret != 1 && !may_fail(w, p, ret)) {
			trouble(w, "a job", ret ? ret : -EBUSY);
			continue;
		}
		w->failed_jobs += ret != 1;
		for (k = 0; k < p->count; k++) {
			if (ret == 1)
				apply(w, &p->change[k]);
			else
				forget(w, &p->change[k]);
		}
	}
	w->npending = 0;
}

/* Submit a job of which @p says what it changes. */
static inline int submit_pending(struct worker *w, struct pending *p, struct drm_puck_submit *args)
{
	p->fence = submit_fd(w->puck.fd, args);
	if (p->fence < 0)
		return p->fence;
	w->npending++;
	w->jobs++;
	return 0;
}

#endif /* LIB_GPU_CHURN_H */
