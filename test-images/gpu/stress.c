// SPDX-License-Identifier: MIT
/*
 * Many threads, each with a file of its own, submit random jobs to random
 * rings. Each keeps a model of its BOs and compares by the GPU's CRC.
 *
 *	gpu_stress [seed [jobs [threads]]]
 */
#include <pthread.h>

#include "lib/base/array.h"
#include "lib/base/crc32.h"
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/model.h"

#define NBOS 4
#define SIZE (192 << 10)
#define MAX_THREADS 16

struct worker {
	pthread_t thread;
	uint64_t seed;
	int jobs;
	struct puck puck;
	struct bo bos[NBOS];
	struct bo sums;			/* CRCs of all BOs */
	uint8_t *model[NBOS];
	int errors;
};

static bool translated;

static struct drm_puck_cmd random_fill(struct worker *w)
{
	uint64_t length = 1 + rnd(&w->seed) % SIZE;
	uint64_t offset = rnd(&w->seed) % (SIZE - length + 1);
	uint32_t dst = rnd(&w->seed) % NBOS;
	uint32_t value = rnd(&w->seed);

	model_fill(w->model[dst], offset, length, value);
	return cmd_fill(dst, offset, length, value);
}

static struct drm_puck_cmd random_copy(struct worker *w)
{
	uint64_t length = 1 + rnd(&w->seed) % SIZE;
	uint64_t from = rnd(&w->seed) % (SIZE - length + 1);
	uint64_t to = rnd(&w->seed) % (SIZE - length + 1);
	uint32_t src = rnd(&w->seed) % NBOS;
	uint32_t dst = (src + 1 + rnd(&w->seed) % (NBOS - 1)) % NBOS;

	model_copy(w->model[src], from, w->model[dst], to, length);
	return cmd_copy(src, from, dst, to, length);
}

static struct drm_puck_cmd random_blit(struct worker *w)
{
	uint32_t width = 1 + rnd(&w->seed) % 500, height = 1 + rnd(&w->seed) % 200;
	uint32_t spitch = width + rnd(&w->seed) % 100, dpitch = width + rnd(&w->seed) % 100;
	uint64_t from = rnd(&w->seed) % 1000, to = rnd(&w->seed) % 1000;
	uint32_t src = rnd(&w->seed) % NBOS;
	uint32_t dst = (src + 1 + rnd(&w->seed) % (NBOS - 1)) % NBOS;

	model_blit(w->model[src], from, spitch, w->model[dst], to, dpitch, width, height);
	return cmd_blit(src, from, spitch, dst, to, dpitch, width, height);
}

static struct drm_puck_cmd random_cmd(struct worker *w)
{
	switch (rnd(&w->seed) % 4) {
	case 0:
		return random_fill(w);
	case 1:
		return random_blit(w);
	case 2:
		return cmd_nop();
	default:
		return random_copy(w);
	}
}

/* A few commands on any ring; nobody waits but the next job. */
static int random_job(struct worker *w)
{
	struct drm_puck_bo_ref refs[NBOS];
	struct drm_puck_cmd cmds[6];
	struct drm_puck_submit args;
	uint32_t i, n = 1 + rnd(&w->seed) % ARRAY_SIZE(cmds);

	for (i = 0; i < NBOS; i++)
		refs[i] = ref_both(&w->bos[i]);
	for (i = 0; i < n; i++)
		cmds[i] = random_cmd(w);
	args = job(w->puck.queue[rnd(&w->seed) % w->puck.rings], refs, NBOS, cmds, n);
	return submit(w->puck.fd, &args);
}

static bool check(struct worker *w)
{
	struct drm_puck_bo_ref refs[NBOS + 1];
	struct drm_puck_cmd cmds[NBOS];
	struct drm_puck_submit args;
	bool ok = true;
	uint32_t i;
	int ret;

	for (i = 0; i < NBOS; i++) {
		refs[i] = ref_read(&w->bos[i]);
		cmds[i] = cmd_crc(i, 0, SIZE, NBOS, i * 4);
	}
	refs[NBOS] = ref_write(&w->sums);
	args = job(w->puck.queue[rnd(&w->seed) % w->puck.compute], refs, NBOS + 1, cmds, NBOS);
	ret = submit_wait(w->puck.fd, &args);
	if (!ret)
		ret = bo_wait(w->puck.fd, &w->sums, 0, 0);
	if (ret) {
		ktap_note("sums: %s", strerror(-ret));
		return false;
	}
	for (i = 0; i < NBOS; i++) {
		uint32_t sum = ((uint32_t *)w->sums.map)[i];
		uint32_t crc = crc32c(w->model[i], SIZE);

		if (sum != crc) {
			ktap_note("BO %u: sum %08x, should be %08x, by the CPU %08x", i, sum, crc,
				  crc32c(w->bos[i].map, SIZE));
			ok = false;
		}
	}
	return ok;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int i, ret;

	for (i = 0; i < w->jobs && !w->errors; i++) {
		ret = random_job(w);
		if (ret) {
			ktap_note("job %d: %s", i, strerror(-ret));
			w->errors++;
		}
		if (i % 25 == 24 && !check(w))
			w->errors++;
	}
	return NULL;
}

static bool begin(struct worker *w, uint64_t seed, int jobs)
{
	int i;

	w->seed = seed;
	w->jobs = jobs;
	if (puck_open(&w->puck, translated))
		return false;
	for (i = 0; i < NBOS; i++) {
		w->model[i] = calloc(1, SIZE);
		if (!w->model[i] || bo_create(w->puck.fd, &w->bos[i], SIZE))
			return false;
	}
	return !bo_create(w->puck.fd, &w->sums, 4096) &&
	       !pthread_create(&w->thread, NULL, work, w);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int jobs = argc > 2 ? atoi(argv[2]) : 200;
	int threads = argc > 3 ? atoi(argv[3]) : 4;
	static struct worker workers[MAX_THREADS];
	struct puck puck;
	int i;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(threads > 0 && threads <= MAX_THREADS, "1 to %d threads", MAX_THREADS);
	translated = puck.translated;
	puck_set(&puck, 0, "jitter_ns", 200000);
	puck_set(&puck, 1, "delay_ns", 100000);
	for (i = 0; i < threads; i++)
		ktap_need(begin(&workers[i], seed * 1000 + i, jobs), "thread %d", i);
	for (i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		ktap_ok(!workers[i].errors, "seed %llu thread %d: %d jobs", (unsigned long long)seed, i,
			jobs);
		close(workers[i].puck.fd);
	}
	puck_set(&puck, 0, "jitter_ns", 0);
	puck_set(&puck, 1, "delay_ns", 0);
	return ktap_end();
}
