// SPDX-License-Identifier: MIT
/*
 * Far more BOs than VRAM holds, for a long time: threads fill, copy, map, compare, free and
 * make them at random, in lists of jobs and by addresses of a VM, where they are mapped and
 * unmapped meanwhile; and everything that is read is compared with a model.
 *
 *	gpu_churn [SEED [STEPS [MIB [THREADS [hangs]]]]]	(1, 300, 96, 2)
 *
 * STEPS is what each thread does, or, with an s behind it, for how many seconds. MIB is the
 * size of all BOs together. With "hangs" jobs may fail because they were late: what a job
 * that failed was to write is not looked at before it is written again, and a VM of which an
 * update failed is made anew. The sequence of steps of a thread is a matter of the seed and
 * nothing else.
 */
#include "lib/base/array.h"
#include "lib/base/progress.h"
#include "lib/gpu/churn.h"
#include "lib/gpu/churn_vm.h"
#include "lib/gpu/debugfs.h"

#define MAX_THREADS	8
/* With hangs: how long a job may take. */
#define HANG_MS		500
/* With less there are not as many sizes of BOs as are wanted. */
#define MIN_VRAM	(1 << 20)
/* What a step compares at most. */
#define MAX_COMPARED	512

static bool translated;
/* STEPS is a time. */
static bool seconds;

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

/* The first one is not private, so that there is one in front of each that is. */
static bool make_thing(struct worker *w, struct thing *t, uint64_t size)
{
	t->placements = placements[below(w, nplacements)];
	t->private = (t - w->things) % PRIVATE_ONE_IN == PRIVATE_ONE_IN - 1;
	return create_thing(w, t, size);
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

static bool step_compare(struct worker *w)
{
	struct thing *t = any_thing(w);
	uint32_t first, n;

	any_range(w, t, MAX_COMPARED, &first, &n);
	return settle(w) && take(w, t, 0) && compare_range(w, t, first, n);
}

/* By the CPU; no job is under way. */
static bool write_range(struct worker *w, struct thing *t, uint32_t first, uint32_t n,
			uint32_t value)
{
	uint32_t *words = (uint32_t *)(t->bo.map + (uint64_t)first * BLOCK_SIZE);
	uint32_t i;
	int ret;

	if (!take(w, t, DRM_PUCK_WAIT_WRITE))
		return false;
	for (i = 0; i < n * BLOCK_WORDS; i++)
		words[i] = value;
	ret = bo_flush(w->puck.fd, &t->bo);
	if (ret)
		return trouble(w, "flush a BO", ret);
	blocks_fill(&t->model, first, n, value);
	w->written += n;
	return true;
}

static bool step_write(struct worker *w)
{
	struct thing *t = any_thing(w);
	uint32_t first, n, value = rnd(&w->seed);

	any_range(w, t, 64, &first, &n);
	return settle(w) && write_range(w, t, first, n, value);
}

/* From any on, one that may be in VRAM, where there is so much of it that the CPU cannot see it. */
static struct thing *any_moving(struct worker *w)
{
	uint32_t first = below(w, w->nthings), i;

	for (i = 0; i < w->nthings; i++) {
		struct thing *t = &w->things[(first + i) % w->nthings];

		if (t->placements & BO_VRAM && t->bo.size > vram_size / 8 &&
		    t->bo.size <= vram_size / 2)
			return t;
	}
	return &w->things[first];
}

/*
 * What the CPU has just written, in another place, is mapped anew, and used at once by a job that
 * does not list it: it has to wait until all of it has been moved.
 */
static bool step_fresh(struct worker *w)
{
	struct thing *t = any_moving(w);
	uint32_t first, n, value = rnd(&w->seed);

	any_range(w, t, MAX_MAPPED, &first, &n);
	return unmap_thing(w, t - w->things) && settle(w) &&
	       write_range(w, t, first, n, value) && map_and_fill(w, t, first, n, ~value) &&
	       settle(w) && take(w, t, 0) && compare_range(w, t, first, n);
}

/* What was freed, with jobs still at work on it, must not show in what is made next. */
static bool step_remake(struct worker *w)
{
	struct thing *t = any_thing(w);
	uint64_t size = t->bo.size;

	if (!below(w, 2) && !settle(w))
		return false;
	if (!unmap_thing(w, t - w->things) || !close_thing(w, t) || !settle(w))
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

/* One that is not private. */
static uint32_t any_shared(struct worker *w)
{
	uint32_t i = below(w, w->nthings);

	return w->things[i].private ? i - 1 : i;
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
		chosen[i] = any_shared(w);
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
	int ret;

	if (w->npending == MAX_PENDING && !settle(w))
		return false;
	p = &w->pending[w->npending];
	p->by_address = false;
	p->count = 1 + below(w, MAX_CMDS);
	for (i = 0; i < nchosen; i++)
		refs[i] = ref_both(&w->things[chosen[i]].bo);
	for (i = 0; i < p->count; i++)
		cmds[i] = nchosen > 1 && below(w, 3) ?
			random_copy(w, chosen, nchosen, &p->change[i]) :
			random_fill(w, chosen, nchosen, &p->change[i]);
	args = job(w->puck.queue[below(w, w->puck.rings)], refs, nchosen, cmds, p->count);
	ret = submit_pending(w, p, &args);
	return ret ? trouble(w, "submit", ret) : true;
}

static bool step(struct worker *w)
{
	uint32_t what = below(w, 100);

	if (what < 35)
		return step_job(w);
	if (what < 55)
		return step_vm_job(w);
	if (what < 67)
		return step_bind(w);
	if (what < 75)
		return step_fresh(w);
	if (what < 87)
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

	w->until = seconds ? now_ns() + (int64_t)w->steps * NSEC_PER_SEC : 0;
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

/* All that a thread needs is there before any of them works. */
static bool begin(struct worker *w)
{
	uint64_t have = 0;

	if (puck_open(&w->puck, translated) || !begin_vm(w))
		return false;
	while (have < w->bytes && w->nthings < MAX_BOS) {
		uint64_t size = random_size(w);

		if (!make_thing(w, &w->things[w->nthings], size))
			return false;
		w->nthings++;
		have += size;
	}
	return w->nthings > 1;
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
	ktap_note("thread %u: %llu jobs, %llu of them by address, %llu failed; %llu VM_BINDs, %llu VMs lost",
		  w->index, (unsigned long long)w->jobs, (unsigned long long)w->vm_jobs,
		  (unsigned long long)w->failed_jobs, (unsigned long long)w->binds,
		  (unsigned long long)w->lost_vms);
	ktap_note("thread %u: %u BOs of %llu MiB, %llu made anew; %llu pages compared, %llu written",
		  w->index, w->nthings, (unsigned long long)w->bytes >> 20,
		  (unsigned long long)w->remade, (unsigned long long)w->compared,
		  (unsigned long long)w->written);
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
	static struct worker workers[MAX_THREADS];
	struct vm_counts before;
	struct puck puck;
	unsigned int i;

	ktap_begin();
	seconds = steps[strspn(steps, "0123456789")] == 's';
	may_hang = argc > 5 && !strcmp(argv[5], "hangs");
	ktap_need(threads > 0 && threads <= MAX_THREADS, "1 to %d threads", MAX_THREADS);
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(look_for_regions(puck.fd), "a device with VRAM for BOs");
	ktap_need(vram_size >= MIN_VRAM, "a MiB of VRAM");
	translated = puck.translated;
	before = vm_audit_begin(&puck);
	if (may_hang)
		hurry(&puck);
	for (i = 0; i < threads; i++) {
		struct worker *w = &workers[i];

		w->index = i;
		w->seed = seed * 1000 + i;
		w->bytes = (mib << 20) / threads;
		w->steps = strtoull(steps, NULL, 10);
		ktap_need(begin(w), "thread %u has its BOs", i);
	}
	for (i = 0; i < threads; i++)
		ktap_need(!pthread_create(&workers[i].thread, NULL, work, &workers[i]),
			  "thread %u begins", i);
	for (i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < threads; i++)
		report(&workers[i]);
	vm_audit_end(&puck, &before);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is stuck");
	return ktap_end();
}
