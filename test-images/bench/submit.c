// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a submission costs: of one of several contexts, and with BOs to synchronise by.
 *
 * usage: bench-submit counted|timed RUNS
 *
 *   contexts  1, 2, 4, 8 threads, each with an open file and a queue of its own, for whose ring
 *             the driver chooses. They submit empty jobs, as many as there are in all
 *             whatever the number of threads, and each waits for its last one.
 *   bos       one thread, jobs of one NOP that list 1 to 256 BOs of a page as written. They
 *             go to two rings in turns, so that each has to wait for the one before it, by each
 *             of the BOs. The first one's fence is held until all are submitted: how fast the
 *             device is must not decide for how many there is nothing to wait for any more.
 *
 * All figures take turns, run by run. One line for each: "bench: contexts_<n>_us <for a job>" and
 * "bench: bos_<n>_us", see lib/base/span.h.
 */
#include "lib/base/array.h"
#include "lib/base/progress.h"
#include "lib/base/span.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"

#include <pthread.h>

#define CONTEXTS_MAX	8
#define JOBS		1600
#define JOBS_WITH_BOS	50
#define BOS_MAX		DRM_PUCK_SUBMIT_BOS_MAX

static const unsigned int contexts[] = { 1, 2, 4, 8 };
static const unsigned int bos[] = { 1, 64, 160, BOS_MAX };

struct context {
	pthread_t thread;
	int fd;
	uint32_t queue;
	unsigned int jobs;
};

static struct puck puck;
static struct context all[CONTEXTS_MAX];
static struct drm_puck_bo_ref refs[BOS_MAX];
static bool counted;

static void make(void)
{
	struct bo bo;
	unsigned int i;

	for (i = 0; i < CONTEXTS_MAX; i++) {
		all[i].fd = open(puck.node, O_RDWR | O_CLOEXEC);
		need(all[i].fd < 0 ? -errno : 0, puck.node);
		need(queue_create(all[i].fd, DRM_PUCK_KIND_COMPUTE, DRM_PUCK_RING_ANY,
				  DRM_PUCK_PRIORITY_NORMAL, &all[i].queue), "a queue");
	}
	for (i = 0; i < BOS_MAX; i++) {
		need(bo_create(puck.fd, &bo, 4096), "a BO");
		refs[i] = ref_write(&bo);
	}
}

static void *submit_all(void *arg)
{
	struct context *context = arg;
	struct drm_puck_submit args = job_empty(context->queue);
	unsigned int i;

	for (i = 1; i < context->jobs; i++) {
		args.seqno = 0;
		need(submit(context->fd, &args), "SUBMIT");
	}
	args.seqno = 0;
	need(submit_wait(context->fd, &args), "the last job");
	return NULL;
}

static double run_contexts(unsigned int n)
{
	struct span span = span_begin(counted);
	unsigned int i;

	for (i = 0; i < n; i++) {
		all[i].jobs = JOBS / n;
		need(-pthread_create(&all[i].thread, NULL, submit_all, &all[i]), "a thread");
	}
	for (i = 0; i < n; i++)
		pthread_join(all[i].thread, NULL);
	return span_us(&span) / JOBS;
}

static double run_bos(unsigned int n)
{
	struct drm_puck_cmd cmd = cmd_nop();
	struct drm_puck_submit args;
	int fence = -1;
	unsigned int i;
	struct span span;

	need(puck_set(&puck, 0, "hold", 1), "hold");
	span = span_begin(counted);
	for (i = 0; i < JOBS_WITH_BOS; i++) {
		args = job(puck.queue[i % 2], refs, n, &cmd, 1);
		if (i < JOBS_WITH_BOS - 1) {
			need(submit(puck.fd, &args), "SUBMIT");
		} else {
			fence = submit_fd(puck.fd, &args);
			need(fence, "SUBMIT");
		}
	}
	need(puck_set(&puck, 0, "hold", 0), "hold");
	need(fence_result(fence, FOREVER_MS) == 1 ? 0 : -EIO, "the last job");
	return span_us(&span) / JOBS_WITH_BOS;
}

static void run(bool first)
{
	unsigned int i;
	double us;

	for (i = 0; i < ARRAY_SIZE(contexts); i++) {
		us = run_contexts(contexts[i]);
		if (!first)
			printf("bench: contexts_%u_us %.3f\n", contexts[i], us);
		progress("%u contexts", contexts[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bos); i++) {
		us = run_bos(bos[i]);
		if (!first)
			printf("bench: bos_%u_us %.3f\n", bos[i], us);
		progress("%u BOs", bos[i]);
	}
}

int main(int argc, char **argv)
{
	int i, runs;

	if (argc != 3) {
		fprintf(stderr, "usage: bench-submit counted|timed RUNS\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	counted = span_is_counted(argv[1]);
	need(puck_open(&puck, true), "a GPU behind an IOMMU");
	need(puck.compute >= 2 ? 0 : -ENODEV, "two rings");
	make();
	runs = atoi(argv[2]);
	/* One ahead does not count. */
	for (i = 0; i <= runs; i++)
		run(!i);
	return 0;
}
