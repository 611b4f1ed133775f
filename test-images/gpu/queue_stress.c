// SPDX-License-Identifier: MIT
/*
 * Many threads of one file make queues, submit to them, ask for their state and destroy
 * them, each other's as well. Whatever they meet, a queue ends once, and each job that was
 * taken completes.
 *
 *	gpu_queue_stress [seed [rounds [threads]]]
 */
#include <pthread.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"

#include <errno.h>
#include <stdatomic.h>

#define SLOTS		12
#define MAX_THREADS	16
#define PENDING		32
#define SIZE		4096

struct worker {
	pthread_t thread;
	uint64_t seed;
	int rounds;
	struct bo bo;
	int fences[PENDING];
	unsigned int next;
	unsigned int jobs, failed;
	int odd;		/* an answer that there must not be */
};

static struct puck puck;
/* Queues that anybody may use; one that is read here may be gone already. */
static atomic_uint slots[SLOTS];
static atomic_uint made, gone, highest;

static void note_odd(struct worker *w, const char *what, int ret)
{
	ktap_note("%s: %s", what, strerror(-ret));
	w->odd++;
}

static void make(struct worker *w, atomic_uint *slot)
{
	uint32_t ring = rnd(&w->seed) % (puck.compute + 1), queue, none = 0, top;
	int ret = queue_create(puck.fd, DRM_PUCK_KIND_COMPUTE,
			       ring == puck.compute ? DRM_PUCK_RING_ANY : ring,
			       rnd(&w->seed) % (DRM_PUCK_PRIORITY_HIGH + 1), &queue);

	if (ret == -ENOSPC)
		return;
	if (ret || !queue) {
		note_odd(w, "create", ret);
		return;
	}
	atomic_fetch_add(&made, 1);
	top = atomic_load(&highest);
	while (top < queue && !atomic_compare_exchange_weak(&highest, &top, queue))
		;
	/* Where another one is by now, this is left to the end. */
	atomic_compare_exchange_strong(slot, &none, queue);
}

/* Takes a queue out of its place, or leaves it there for others to find it gone. */
static void destroy(struct worker *w, atomic_uint *slot)
{
	uint32_t queue = rnd(&w->seed) % 4 ? atomic_exchange(slot, 0) : atomic_load(slot);
	int ret;

	if (!queue)
		return;
	ret = queue_destroy(puck.fd, queue);
	if (!ret)
		atomic_fetch_add(&gone, 1);
	else if (ret != -ENOENT)
		note_odd(w, "destroy", ret);
}

static void wait_for(struct worker *w, unsigned int i)
{
	if (w->fences[i] >= 0)
		w->failed += fence_result(w->fences[i], FOREVER_MS) != 1;
	w->fences[i] = -1;
}

static void submit_to(struct worker *w, uint32_t queue)
{
	struct drm_puck_bo_ref ref = ref_write(&w->bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, w->jobs);
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);
	int fence;

	fence = submit_fd(puck.fd, &args);
	if (fence == -ENOENT)
		return;
	if (fence < 0) {
		note_odd(w, "submit", fence);
		return;
	}
	w->jobs++;
	wait_for(w, w->next);
	w->fences[w->next] = fence;
	w->next = (w->next + 1) % PENDING;
}

static void ask(struct worker *w, uint32_t queue)
{
	struct drm_puck_queue_state state;
	int ret = queue_state(puck.fd, queue, &state);

	if ((ret && ret != -ENOENT) || state.guilty || state.innocent || state.resets)
		note_odd(w, "state", ret);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	while (w->rounds-- && !w->odd) {
		atomic_uint *slot = &slots[rnd(&w->seed) % SLOTS];

		switch (rnd(&w->seed) % 8) {
		case 0:
			destroy(w, slot);
			break;
		case 1:
			ask(w, atomic_load(slot));
			break;
		case 2:
			make(w, slot);
			break;
		default:
			submit_to(w, atomic_load(slot));
		}
	}
	for (i = 0; i < PENDING; i++)
		wait_for(w, i);
	return NULL;
}

static bool begin(struct worker *w, uint64_t seed, int rounds)
{
	w->seed = seed;
	w->rounds = rounds;
	memset(w->fences, -1, sizeof(w->fences));
	return !bo_create(puck.fd, &w->bo, SIZE) && !pthread_create(&w->thread, NULL, work, w);
}

/* What nobody has destroyed is there, and nothing else is. */
static void check_rest(void)
{
	uint32_t queue, rest = 0, i;

	for (queue = 1; queue <= atomic_load(&highest); queue++) {
		for (i = 0; i < puck.rings && queue != puck.queue[i]; i++)
			;
		rest += i == puck.rings && !queue_destroy(puck.fd, queue);
	}
	ktap_ok(atomic_load(&gone) + rest == atomic_load(&made),
		"%u queues made, %u destroyed, %u left for the end", atomic_load(&made),
		atomic_load(&gone), rest);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int rounds = argc > 2 ? atoi(argv[2]) : 400;
	int threads = argc > 3 ? atoi(argv[3]) : 4;
	static struct worker workers[MAX_THREADS];
	unsigned int jobs = 0;
	int i;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(threads > 0 && threads <= MAX_THREADS, "1 to %d threads", MAX_THREADS);
	puck_set(&puck, 0, "jitter_ns", 200000);
	for (i = 0; i < threads; i++)
		ktap_need(begin(&workers[i], seed * 1000 + i, rounds), "thread %d", i);
	for (i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		ktap_ok(!workers[i].odd && !workers[i].failed,
			"seed %llu thread %d: %u jobs, %u failed", (unsigned long long)seed, i,
			workers[i].jobs, workers[i].failed);
		jobs += workers[i].jobs;
	}
	ktap_ok(jobs && atomic_load(&made) > SLOTS && atomic_load(&gone), "%u jobs in all", jobs);
	check_rest();
	puck_set(&puck, 0, "jitter_ns", 0);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
