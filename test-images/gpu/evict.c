// SPDX-License-Identifier: MIT
/*
 * More BOs than VRAM has room for. Processes, each with a file of its own, let the GPU work
 * on theirs and look at them by the CPU, while all drive each other out; each compares with
 * a model. And nobody ever sees what was another's.
 *
 *	gpu_evict [seed [jobs]]
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/model.h"
#include "lib/gpu/region.h"

#define WORKERS 3
#define NBOS 8
#define SECRET 0x5ec2e75e

static char pci[32];
static uint64_t vram_size;

struct worker {
	uint64_t seed;
	struct puck puck;
	struct bo bos[NBOS];
	uint8_t *model[NBOS];
	uint64_t size;
};

/* Some in VRAM only, some in both, one in system memory, one in scattered pages. */
static int make(struct worker *w, uint32_t i)
{
	static const uint32_t placements[NBOS] = {
		BO_VRAM, BO_VRAM, BO_VRAM, BO_VRAM, BO_VRAM | BO_SYSTEM, BO_VRAM | BO_SYSTEM,
		BO_SYSTEM, BO_VRAM | BO_SYSTEM,
	};
	uint32_t flags = i == NBOS - 1 ? DRM_PUCK_GEM_SCATTERED | DRM_PUCK_GEM_PREFER_SYSTEM : 0;

	w->model[i] = calloc(1, w->size);
	if (!w->model[i])
		return -ENOMEM;
	return bo_create_in(w->puck.fd, &w->bos[i], w->size, placements[i], flags, 0);
}

/* One command from one BO to another, by the GPU and by the model. */
static int step_gpu(struct worker *w)
{
	uint32_t src = rnd(&w->seed) % NBOS;
	uint32_t dst = (src + 1 + rnd(&w->seed) % (NBOS - 1)) % NBOS;
	uint64_t length = 1 + rnd(&w->seed) % w->size;
	uint64_t from = rnd(&w->seed) % (w->size - length + 1);
	uint64_t to = rnd(&w->seed) % (w->size - length + 1);
	struct drm_puck_bo_ref refs[] = { ref_read(&w->bos[src]), ref_both(&w->bos[dst]) };
	uint32_t value = rnd(&w->seed);
	struct drm_puck_cmd cmd = value % 3 ? cmd_copy(0, from, 1, to, length) :
					      cmd_fill(1, to, length, value);
	uint32_t queue = w->puck.queue[value / 3 % w->puck.rings];
	struct drm_puck_submit args = job(queue, refs, 2, &cmd, 1);

	if (value % 3)
		model_copy(w->model[src], from, w->model[dst], to, length);
	else
		model_fill(w->model[dst], to, length, value);
	return submit(w->puck.fd, &args);
}

/* The CPU writes some bytes, wherever the BO is just now or goes meanwhile. */
static int step_cpu(struct worker *w)
{
	uint32_t i = rnd(&w->seed) % NBOS;
	uint64_t length = 1 + rnd(&w->seed) % 10000, at = rnd(&w->seed) % (w->size - length);
	uint8_t value = rnd(&w->seed);
	int ret = bo_wait(w->puck.fd, &w->bos[i], DRM_PUCK_WAIT_WRITE, FOREVER_NS);

	if (ret)
		return ret;
	memset(w->bos[i].map + at, value, length);
	memset(w->model[i] + at, value, length);
	return bo_flush(w->puck.fd, &w->bos[i]);
}

static int step_compare(struct worker *w)
{
	uint32_t i = rnd(&w->seed) % NBOS;
	int ret = bo_wait(w->puck.fd, &w->bos[i], 0, FOREVER_NS);

	if (ret)
		return ret;
	return memcmp(w->bos[i].map, w->model[i], w->size) ? -EILSEQ : 0;
}

static int step(struct worker *w)
{
	switch (rnd(&w->seed) % 8) {
	case 0:
		return step_compare(w);
	case 1:
	case 2:
		return step_cpu(w);
	default:
		return step_gpu(w);
	}
}

/* 0 if all was right; else what went wrong is told. */
static int work(uint64_t seed, int steps)
{
	struct worker w = { .seed = seed, .size = vram_size / 4 };
	int ret, i;

	ret = puck_open_pci(&w.puck, pci);
	for (i = 0; !ret && i < NBOS; i++)
		ret = make(&w, i);
	for (i = 0; !ret && i < steps; i++)
		ret = step(&w);
	for (i = 0; !ret && i < NBOS; i++) {
		ret = bo_wait(w.puck.fd, &w.bos[i], 0, FOREVER_NS);
		if (!ret && memcmp(w.bos[i].map, w.model[i], w.size))
			ret = -EILSEQ;
	}
	if (ret)
		ktap_note("seed %llu: %s", (unsigned long long)seed, strerror(-ret));
	return ret ? 1 : 0;
}

static void test_pressure(uint64_t seed, int steps)
{
	pid_t pids[WORKERS];
	int i, status;

	for (i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(work(seed * 100 + i, steps));
	}
	for (i = 0; i < WORKERS; i++)
		ktap_ok(waitpid(pids[i], &status, 0) == pids[i] && !status,
			"pressure: seed %llu, process %d: %d steps", (unsigned long long)seed, i,
			steps);
}

/* Two BOs, each larger than half of VRAM, in turns. */
static void test_large(struct puck *puck)
{
	struct bo bos[2];
	int i, ret = 0;

	for (i = 0; i < 2; i++)
		ktap_need(!bo_create_vram(puck->fd, &bos[i], vram_size / 8 * 5), "large: create");
	for (i = 0; !ret && i < 8; i++) {
		struct drm_puck_bo_ref ref = ref_both(&bos[i % 2]);
		struct drm_puck_cmd cmd = cmd_fill(0, i / 2 * 4096, 4096, 0x01010101 * (i + 1));
		struct drm_puck_submit args = job(puck->queue[i % puck->rings], &ref, 1, &cmd, 1);

		ret = submit(puck->fd, &args);
	}
	for (i = 0; !ret && i < 8; i++) {
		ret = bo_wait(puck->fd, &bos[i % 2], 0, FOREVER_NS);
		if (!ret && bos[i % 2].map[i / 2 * 4096 + 77] != i + 1)
			ret = -EILSEQ;
	}
	ktap_ok(!ret, "large: two that do not fit together take turns (%d)", ret);
	for (i = 0; i < 2; i++)
		bo_close(puck->fd, &bos[i]);
}

/* Fill VRAM with what nobody may see, to die with a job in the hardware, or later. */
static void leave_secret(int ready)
{
	struct puck puck;
	struct bo bos[4];
	int i;

	if (puck_open_pci(&puck, pci))
		_exit(1);
	for (i = 0; i < 4; i++) {
		struct drm_puck_bo_ref ref;
		struct drm_puck_cmd cmd;
		struct drm_puck_submit args;

		if (bo_create_vram(puck.fd, &bos[i], vram_size / 4))
			_exit(1);
		ref = ref_write(&bos[i]);
		cmd = cmd_fill(0, 0, bos[i].size, SECRET);
		args = job(puck.queue[0], &ref, 1, &cmd, 1);
		if (submit(puck.fd, &args))
			_exit(1);
	}
	if (write(ready, "", 1) != 1)
		_exit(1);
	pause();
}

/* All of VRAM, as the CPU and the GPU see it. */
static bool all_is_zero(struct puck *puck)
{
	struct bo bos[4], copy;
	bool zero = true;
	uint64_t at;
	int i;

	for (i = 0; i < 4; i++)
		ktap_need(!bo_create_vram(puck->fd, &bos[i], vram_size / 4), "secret: create");
	ktap_need(!bo_create(puck->fd, &copy, vram_size / 4), "secret: create");
	for (i = 0; i < 4; i++) {
		struct drm_puck_bo_ref refs[] = { ref_read(&bos[i]), ref_write(&copy) };
		struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, copy.size);
		struct drm_puck_submit args = job(puck->queue[0], refs, 2, &cmd, 1);

		ktap_need(!submit_wait(puck->fd, &args) && !bo_wait(puck->fd, &copy, 0, 0),
			  "secret: copy");
		for (at = 0; at < copy.size; at += sizeof(uint64_t))
			zero = zero && !*(uint64_t *)(copy.map + at) &&
			       !*(uint64_t *)(bos[i].map + at);
	}
	for (i = 0; i < 4; i++)
		bo_close(puck->fd, &bos[i]);
	bo_close(puck->fd, &copy);
	return zero;
}

/* Either its BOs end, which clears what they had, or they are driven out, which does not. */
static void test_secret(struct puck *puck, bool killed)
{
	const char *whose = killed ? "a killed" : "another";
	int ready[2], i;
	char byte;
	pid_t pid;

	for (i = 0; i < 3; i++) {
		ktap_need(!pipe(ready), "pipe");
		pid = fork();
		if (!pid)
			leave_secret(ready[1]);
		ktap_need(read(ready[0], &byte, 1) == 1, "secret: another process fills VRAM");
		if (killed)
			kill(pid, SIGKILL);
		ktap_ok(all_is_zero(puck), "secret: %s process' VRAM shows nothing, %d", whose, i);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(ready[0]);
		close(ready[1]);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	int steps = argc > 2 ? atoi(argv[2]) : 200;
	struct drm_puck_region region;
	struct puck puck;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!region_get(puck.fd, DRM_PUCK_REGION_VRAM, &region), "VRAM");
	vram_size = region.size;
	memcpy(pci, puck.pci, sizeof(pci));
	test_large(&puck);
	test_secret(&puck, true);
	test_secret(&puck, false);
	test_pressure(seed, steps);
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
	return ktap_end();
}
