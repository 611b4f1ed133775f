// SPDX-License-Identifier: MIT
/*
 * Far more BOs than VRAM holds, for a long time: threads fill, copy, map, compare, free and
 * make them at random, and everything that is read is compared with a model.
 *
 *	gpu_churn [SEED [STEPS [MIB [THREADS [hangs]]]]]	(1, 300, 96, 2)
 *
 * STEPS is what each thread does, or, with an s behind it, for how many seconds. MIB is the
 * size of all BOs together. With "hangs" jobs may fail because they were late: what a job
 * that failed was to write is not looked at before it is written again. The sequence of
 * steps of a thread is a matter of the seed and nothing else.
 */
#include <pthread.h>

#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/base/random.h"
#include "lib/gpu/blocks.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

#define MAX_THREADS	8
#define MAX_BOS		256
#define MAX_CMDS	4
/* Jobs whose outcome is not known yet. */
#define MAX_PENDING	32
/* So many blocks a command moves at most, so that there are many commands. */
#define MAX_MOVED	1024
/* With hangs: how long a job may take. */
#define HANG_MS		500
/* With less there are not as many sizes of BOs as are wanted. */
#define MIN_VRAM	(1 << 20)
/* What a step compares at most. */
#define MAX_COMPARED	512

/* What a command did to the model, to be done when it is known that its job was good. */
struct change {
	bool copy;
	uint32_t src, from;
	uint32_t dst, to;
	uint32_t blocks;
	uint32_t value;
};

struct pending {
	int fence;
	uint32_t count;
	struct change change[MAX_CMDS];
};

struct thing {
	struct bo bo;
	struct blocks model;
};

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
	uint32_t npending;
	struct pending pending[MAX_PENDING];
	uint64_t done, jobs, failed_jobs, compared, written, remade;
	bool wrong;
};

static bool translated, may_hang;
static uint32_t placements[8];
static uint32_t nplacements;
static uint64_t vram_size;

static uint32_t below(struct worker *w, uint32_t n)
{
	return rnd(&w->seed) % n;
}

static uint32_t thing_blocks(const struct thing *t)
{
	return t->model.count;
}

static bool trouble(struct worker *w, const char *what, int ret)
{
	ktap_note("thread %u step %llu: %s: %s", w->index, (unsigned long long)w->done, what,
		  strerror(-ret));
	w->wrong = true;
	return false;
}

/* One in eight is larger than half of VRAM, the others have all sizes below. */
static uint64_t random_size(struct worker *w)
{
	uint32_t half = vram_size / 2 / BLOCK_SIZE, blocks;

	if (!below(w, 8))
		blocks = half + 1 + below(w, half / 4);
	else
		blocks = 1 + below(w, half >> below(w, 8));
	return (uint64_t)blocks * BLOCK_SIZE;
}

static bool make_thing(struct worker *w, struct thing *t, uint64_t size)
{
	struct drm_puck_gem_create args = {
		.size = size,
		.placements = placements[below(w, nplacements)],
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

static void apply(struct worker *w, const struct change *c)
{
	struct blocks *dst = &w->things[c->dst].model;

	if (c->copy)
		blocks_copy(&w->things[c->src].model, c->from, dst, c->to, c->blocks);
	else
		blocks_fill(dst, c->to, c->blocks, c->value);
}

static void forget(struct worker *w, const struct change *c)
{
	blocks_forget(&w->things[c->dst].model, c->to, c->blocks);
}

/* Wait for the jobs that are under way, and have the model do what they did. */
static bool settle(struct worker *w)
{
	uint32_t i, k;

	for (i = 0; i < w->npending; i++) {
		struct pending *p = &w->pending[i];
		int ret = fence_result(p->fence, FOREVER_MS);

		if (ret != 1 && !(may_hang && ret == -ETIME)) {
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
	return !w->wrong;
}

/* Wait for what uses the BO, and hand it to the CPU. */
static bool take(struct worker *w, struct thing *t, uint32_t flags)
{
	int ret = bo_wait(w->puck.fd, &t->bo, flags, FOREVER_NS);

	return ret ? trouble(w, "wait for a BO", ret) : true;
}

static bool compare_range(struct worker *w, struct thing *t, uint32_t first, uint32_t n)
{
	uint32_t i, word = 0, wrong;

	for (i = first; i < first + n; i++) {
		wrong = blocks_compare(&t->model, i, t->bo.map, &word);
		if (!wrong)
			continue;
		ktap_note("thread %u step %llu: BO %u of %llu bytes, offset %#llx: %08x, not %08x; %u words of this page are wrong",
			  w->index, (unsigned long long)w->done, (uint32_t)(t - w->things),
			  (unsigned long long)t->bo.size,
			  (unsigned long long)i * BLOCK_SIZE + word * 4,
			  ((uint32_t *)(t->bo.map + (uint64_t)i * BLOCK_SIZE))[word],
			  t->model.value[i], wrong);
		w->wrong = true;
		return false;
	}
	w->compared += n;
	return true;
}

static struct thing *any_thing(struct worker *w)
{
	return &w->things[below(w, w->nthings)];
}

/* A range of @t of at most @max blocks. */
static void any_range(struct worker *w, const struct thing *t, uint32_t max, uint32_t *first,
		      uint32_t *n)
{
	uint32_t count = thing_blocks(t);

	*n = 1 + below(w, count < max ? count : max);
	*first = below(w, count - *n + 1);
}

static bool step_compare(struct worker *w)
{
	struct thing *t = any_thing(w);
	uint32_t first, n;

	any_range(w, t, MAX_COMPARED, &first, &n);
	return settle(w) && take(w, t, 0) && compare_range(w, t, first, n);
}

static bool step_write(struct worker *w)
{
	struct thing *t = any_thing(w);
	uint32_t first, n, i, value = rnd(&w->seed);
	uint32_t *words;
	int ret;

	any_range(w, t, 64, &first, &n);
	if (!settle(w) || !take(w, t, DRM_PUCK_WAIT_WRITE))
		return false;
	words = (uint32_t *)(t->bo.map + (uint64_t)first * BLOCK_SIZE);
	for (i = 0; i < n * BLOCK_WORDS; i++)
		words[i] = value;
	ret = bo_flush(w->puck.fd, &t->bo);
	if (ret)
		return trouble(w, "flush a BO", ret);
	blocks_fill(&t->model, first, n, value);
	w->written += n;
	return true;
}

/* What was freed, with jobs still at work on it, must not show in what is made next. */
static bool step_remake(struct worker *w)
{
	struct thing *t = any_thing(w);
	uint64_t size = t->bo.size;
	int ret;

	if (!below(w, 2) && !settle(w))
		return false;
	ret = bo_close(w->puck.fd, &t->bo);
	if (ret)
		return trouble(w, "close a BO", ret);
	if (!settle(w))
		return false;
	blocks_free(&t->model);
	w->remade++;
	return make_thing(w, t, size) && take(w, t, 0) &&
	       compare_range(w, t, 0, thing_blocks(t) < 16 ? thing_blocks(t) : 16);
}

static struct drm_puck_cmd random_fill(struct worker *w, const uint32_t *chosen,
				       uint32_t nchosen, struct change *c)
{
	uint32_t dst = below(w, nchosen);

	any_range(w, &w->things[chosen[dst]], MAX_MOVED, &c->to, &c->blocks);
	c->copy = false;
	c->dst = chosen[dst];
	c->value = rnd(&w->seed);
	return cmd_fill(dst, (uint64_t)c->to * BLOCK_SIZE, (uint64_t)c->blocks * BLOCK_SIZE,
			c->value);
}

static struct drm_puck_cmd random_copy(struct worker *w, const uint32_t *chosen,
				       uint32_t nchosen, struct change *c)
{
	uint32_t src = below(w, nchosen);
	uint32_t dst = (src + 1 + below(w, nchosen - 1)) % nchosen;

	c->copy = true;
	c->src = chosen[src];
	c->dst = chosen[dst];
	any_range(w, &w->things[c->dst], MAX_MOVED, &c->to, &c->blocks);
	if (c->blocks > thing_blocks(&w->things[c->src]))
		c->blocks = thing_blocks(&w->things[c->src]);
	c->from = below(w, thing_blocks(&w->things[c->src]) - c->blocks + 1);
	return cmd_copy(src, (uint64_t)c->from * BLOCK_SIZE, dst, (uint64_t)c->to * BLOCK_SIZE,
			(uint64_t)c->blocks * BLOCK_SIZE);
}

/*
 * Up to three BOs, all different. They may be such that have to be in VRAM together, so they
 * take no more than half of it; what is larger is alone.
 */
static uint32_t choose(struct worker *w, uint32_t *chosen)
{
	uint32_t n = 2 + below(w, 2), i, k;
	uint64_t bytes = 0;

	for (i = 0; i < n; i++) {
		chosen[i] = below(w, w->nthings);
		bytes += w->things[chosen[i]].bo.size;
		if (i && bytes > vram_size / 2)
			return i;
		for (k = 0; k < i; k++)
			if (chosen[k] == chosen[i])
				return i;
	}
	return n;
}

static bool step_job(struct worker *w)
{
	struct drm_puck_bo_ref refs[3];
	struct drm_puck_cmd cmds[MAX_CMDS];
	struct drm_puck_submit args;
	uint32_t chosen[3], nchosen = choose(w, chosen), i;
	struct pending *p;

	if (w->npending == MAX_PENDING && !settle(w))
		return false;
	p = &w->pending[w->npending];
	p->count = 1 + below(w, MAX_CMDS);
	for (i = 0; i < nchosen; i++)
		refs[i] = ref_both(&w->things[chosen[i]].bo);
	for (i = 0; i < p->count; i++)
		cmds[i] = nchosen > 1 && below(w, 3) ?
			random_copy(w, chosen, nchosen, &p->change[i]) :
			random_fill(w, chosen, nchosen, &p->change[i]);
	args = job(w->puck.queue[below(w, w->puck.rings)], refs, nchosen, cmds, p->count);
	p->fence = submit_fd(w->puck.fd, &args);
	if (p->fence < 0)
		return trouble(w, "submit", p->fence);
	w->npending++;
	w->jobs++;
	return true;
}

static bool step(struct worker *w)
{
	uint32_t what = below(w, 100);

	if (what < 70)
		return step_job(w);
	if (what < 85)
		return step_compare(w);
	return what < 95 ? step_write(w) : step_remake(w);
}

static bool compare_all(struct worker *w)
{
	uint32_t i;

	if (!settle(w))
		return false;
	for (i = 0; i < w->nthings; i++) {
		struct thing *t = &w->things[i];

		if (!take(w, t, 0) || !compare_range(w, t, 0, thing_blocks(t)))
			return false;
	}
	return true;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	while (!w->wrong && (w->until ? now_ns() < w->until : w->done < w->steps)) {
		if (!step(w))
			break;
		w->done++;
		if (!w->index)
			progress("thread 0: %llu steps, %llu jobs, %llu pages compared",
				 (unsigned long long)w->done, (unsigned long long)w->jobs,
				 (unsigned long long)w->compared);
	}
	if (!w->wrong)
		compare_all(w);
	return NULL;
}

static bool begin(struct worker *w)
{
	uint64_t have = 0;

	if (puck_open(&w->puck, translated))
		return false;
	while (have < w->bytes && w->nthings < MAX_BOS) {
		uint64_t size = random_size(w);

		if (!make_thing(w, &w->things[w->nthings], size))
			return false;
		w->nthings++;
		have += size;
	}
	return w->nthings > 1 && !pthread_create(&w->thread, NULL, work, w);
}

/* Each region, and all of them together. */
static bool look_for_regions(int fd)
{
	struct drm_puck_region regions[8];
	struct drm_puck_get_regions args = { .regions = puck_array(regions, ARRAY_SIZE(regions)) };
	uint32_t i, all = 0;

	if (puck_call(fd, DRM_IOCTL_PUCK_GET_REGIONS, &args))
		return false;
	for (i = 0; i < args.regions.count; i++) {
		placements[nplacements++] = 1u << regions[i].region;
		all |= 1u << regions[i].region;
		if (regions[i].region == DRM_PUCK_REGION_VRAM)
			vram_size = regions[i].size;
	}
	placements[nplacements++] = all;
	return vram_size;
}

/* Jobs that hang are to be given up soon. */
static void hurry(const struct puck *puck)
{
	uint32_t i;

	for (i = 0; i < puck->rings; i++)
		ktap_need(!puck_set(puck, i, "timeout_ms", HANG_MS), "timeout of ring %u", i);
}

static void report(const struct worker *w)
{
	ktap_note("thread %u: %llu jobs, %llu of them failed, in %u BOs of %llu MiB; %llu pages compared, %llu written, %llu BOs made anew",
		  w->index, (unsigned long long)w->jobs, (unsigned long long)w->failed_jobs,
		  w->nthings, (unsigned long long)w->bytes >> 20, (unsigned long long)w->compared,
		  (unsigned long long)w->written, (unsigned long long)w->remade);
	ktap_ok(!w->wrong, "thread %u: %llu steps, no wrong byte", w->index,
		(unsigned long long)w->done);
	close(w->puck.fd);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	const char *steps = argc > 2 ? argv[2] : "300";
	uint64_t mib = argc > 3 ? strtoull(argv[3], NULL, 0) : 96;
	unsigned int threads = argc > 4 ? atoi(argv[4]) : 2;
	bool seconds = steps[strspn(steps, "0123456789")] == 's';
	static struct worker workers[MAX_THREADS];
	struct puck puck;
	unsigned int i;

	ktap_begin();
	may_hang = argc > 5 && !strcmp(argv[5], "hangs");
	ktap_need(threads > 0 && threads <= MAX_THREADS, "1 to %d threads", MAX_THREADS);
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(look_for_regions(puck.fd), "a device with VRAM for BOs");
	ktap_need(vram_size >= MIN_VRAM, "a MiB of VRAM");
	translated = puck.translated;
	if (may_hang)
		hurry(&puck);
	for (i = 0; i < threads; i++) {
		struct worker *w = &workers[i];

		w->index = i;
		w->seed = seed * 1000 + i;
		w->bytes = (mib << 20) / threads;
		w->steps = strtoull(steps, NULL, 10);
		w->until = seconds ? now_ns() + (int64_t)w->steps * NSEC_PER_SEC : 0;
		ktap_need(begin(w), "thread %u begins", i);
	}
	for (i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < threads; i++)
		report(&workers[i]);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is stuck");
	return ktap_end();
}
