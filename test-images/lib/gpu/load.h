/* SPDX-License-Identifier: MIT */
/*
 * Work for a GPU while something happens to it. Each process has a file of its own, more BOs
 * than its part of VRAM, and a VM in which all are mapped. Jobs by list and by address, mappings
 * that come and go, and the CPU work on the BOs at random; a model says what is in each.
 *
 * A process ends when it is told to, having compared all there is, or when the device is gone
 * and each of its fences has come.
 */
#ifndef LIB_GPU_LOAD_H
#define LIB_GPU_LOAD_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/patience.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/vm.h"

#define LOAD_PROCESSES	3
#define LOAD_BOS	6
/* Of one BO to the next in the VM; none is larger. */
#define LOAD_STEP	(1ull << 24)
#define LOAD_SIZE_MAX	(512u << 10)
#define LOAD_FENCES	8

enum load_end {
	LOAD_STOPPED,		/* as it was told to, and all was right */
	LOAD_GONE,		/* with the device */
	LOAD_WRONG,
};

/* All processes; @steps is memory that they share. */
struct load {
	pid_t pid[LOAD_PROCESSES];
	volatile uint64_t *steps;
};

struct load_worker {
	struct puck puck;
	uint64_t seed, size;
	uint32_t vm, queue;
	struct bo bos[LOAD_BOS];
	uint8_t holds[LOAD_BOS];
	int fences[LOAD_FENCES];
	uint32_t submitted;
};

static volatile sig_atomic_t load_stop;

static inline void load_told(int signal)
{
	(void)signal;
	load_stop = 1;
}

static inline uint64_t load_addr(uint32_t i)
{
	return (1ull << 39) - 2 * LOAD_STEP + i * LOAD_STEP;
}

static inline int load_make(struct load_worker *w)
{
	uint32_t i;
	int ret;

	ret = vm_create(w->puck.fd, &w->vm);
	if (!ret)
		ret = vm_queue_create(w->puck.fd, w->vm, w->seed % w->puck.compute, &w->queue);
	for (i = 0; !ret && i < LOAD_BOS; i++) {
		ret = bo_create_in(w->puck.fd, &w->bos[i], w->size,
				   i % 3 ? BO_VRAM | BO_SYSTEM : BO_VRAM, 0, 0);
		if (!ret)
			ret = vm_bind_one(w->puck.fd, w->vm, bind_map(&w->bos[i], load_addr(i)));
	}
	return ret;
}

/* Of the last job; -1 if there is none. */
static inline int load_last(const struct load_worker *w)
{
	return w->submitted ? w->fences[(w->submitted - 1) % LOAD_FENCES] : -1;
}

/*
 * Submits a job behind the last one: those by address are in no order with those by list, unless
 * they say so. Keeps its fence; the one in whose place that comes has to be good.
 */
static inline int load_submit(struct load_worker *w, struct drm_puck_submit *args)
{
	int *place = &w->fences[w->submitted % LOAD_FENCES];
	int fence, ret = 1;

	if (w->submitted) {
		args->flags |= DRM_PUCK_SUBMIT_IN_FENCE_FD;
		args->in_fence_fd = load_last(w);
	}
	fence = submit_fd(w->puck.fd, args);
	if (fence < 0)
		return fence;
	if (w->submitted >= LOAD_FENCES)
		ret = fence_result(*place, FOREVER_MS);
	*place = fence;
	w->submitted++;
	return ret == 1 ? 0 : ret ? ret : -EBUSY;
}

static inline int load_by_address(struct load_worker *w, uint32_t from, uint32_t to, uint8_t value)
{
	struct drm_puck_cmd cmds[] = {
		fill_at(load_addr(from), w->size, value),
		copy_at(load_addr(from), load_addr(to), w->size),
	};
	struct drm_puck_submit args = job(w->queue, NULL, 0, cmds, 2);

	return load_submit(w, &args);
}

static inline int load_by_list(struct load_worker *w, uint32_t from, uint32_t to, uint8_t value)
{
	struct drm_puck_bo_ref refs[] = { ref_both(&w->bos[from]), ref_both(&w->bos[to]) };
	struct drm_puck_cmd cmds[] = {
		cmd_fill(0, 0, w->size, value * 0x01010101u),
		cmd_copy(0, 0, 1, 0, w->size),
	};
	struct drm_puck_submit args = job(w->puck.queue[rnd(&w->seed) % w->puck.rings], refs, 2,
					  cmds, 2);

	return load_submit(w, &args);
}

/* It goes and comes back; jobs by address that are submitted later find it again. */
static inline int load_bind(struct load_worker *w, uint32_t i)
{
	struct drm_puck_bind steps[] = {
		bind_unmap(load_addr(i), w->size), bind_map(&w->bos[i], load_addr(i)),
	};

	return vm_bind_async(w->puck.fd, w->vm, steps, 2, NULL, 0);
}

static inline int load_look(struct load_worker *w, uint32_t i)
{
	struct drm_puck_submit args = job_empty(w->puck.queue[0]);

	if (w->submitted)
		fence_wait(load_last(w), FOREVER_MS);
	if (bo_is(w->puck.fd, &w->bos[i], w->holds[i]))
		return 0;
	/* Of a device that is gone nothing can be said. */
	return submit(w->puck.fd, &args) == -ENODEV ? -ENODEV : -EBADMSG;
}

static inline int load_step(struct load_worker *w)
{
	uint32_t from = rnd(&w->seed) % LOAD_BOS;
	uint32_t to = (from + 1 + rnd(&w->seed) % (LOAD_BOS - 1)) % LOAD_BOS;
	uint32_t what = rnd(&w->seed) % 8;
	uint8_t value = rnd(&w->seed);

	if (what == 0)
		return load_look(w, from);
	if (what == 1)
		return load_bind(w, from);
	w->holds[from] = value;
	w->holds[to] = value;
	return what < 5 ? load_by_address(w, from, to, value) : load_by_list(w, from, to, value);
}

/* The last fences; with @good each has to say so, and in any case it has to come. */
static inline int load_settle(struct load_worker *w, bool good)
{
	uint32_t first = w->submitted > LOAD_FENCES ? w->submitted - LOAD_FENCES : 0, i;
	int ret = 0, result;

	for (i = first; i < w->submitted; i++) {
		result = fence_result(w->fences[i % LOAD_FENCES], FOREVER_MS);
		if (result == 0 || result == -ETIME || (good && result != 1))
			ret = result ? result : -EBUSY;
	}
	return ret;
}

static inline enum load_end load_run(struct load_worker *w, volatile uint64_t *steps)
{
	uint32_t i;
	int ret = load_make(w);

	while (!ret && !load_stop) {
		ret = load_step(w);
		++*steps;
	}
	if (ret == -ENODEV)
		return load_settle(w, false) ? LOAD_WRONG : LOAD_GONE;
	if (!ret)
		ret = load_settle(w, true);
	for (i = 0; !ret && i < LOAD_BOS; i++)
		ret = load_look(w, i);
	if (ret)
		printf("# load: step %llu: %s\n", (unsigned long long)*steps, strerror(-ret));
	return ret ? LOAD_WRONG : LOAD_STOPPED;
}

static inline void load_process(const char *pci, uint64_t seed, volatile uint64_t *steps)
{
	static struct load_worker w;
	uint64_t vram;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, load_told);
	w.seed = seed;
	if (puck_open_pci(&w.puck, pci) || puck_param(w.puck.fd, DRM_PUCK_PARAM_VRAM_SIZE, &vram))
		_exit(LOAD_WRONG);
	w.size = vram / 8 < LOAD_SIZE_MAX ? vram / 8 : LOAD_SIZE_MAX;
	_exit(load_run(&w, steps));
}

/* Waits until each process has done so many steps more, or one has ended. */
static inline bool load_works(const struct load *load, uint64_t more)
{
	uint64_t until[LOAD_PROCESSES];
	unsigned int looks = 0, done, i;
	siginfo_t ended;

	for (i = 0; i < LOAD_PROCESSES; i++)
		until[i] = load->steps[i] + more;
	do {
		for (i = 0, done = 0; i < LOAD_PROCESSES; i++)
			done += load->steps[i] >= until[i];
		if (done == LOAD_PROCESSES)
			return true;
		ended.si_pid = 0;
		waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT);
	} while (!ended.si_pid && patient(&looks));
	return false;
}

/* Begins with a seed, and works when this returns. */
static inline bool load_start(struct load *load, const char *pci, uint64_t seed)
{
	unsigned int i;

	if (!load->steps)
		load->steps = mmap(NULL, LOAD_PROCESSES * sizeof(uint64_t), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (load->steps == MAP_FAILED)
		return false;
	fflush(stdout);
	for (i = 0; i < LOAD_PROCESSES; i++) {
		load->pid[i] = fork();
		if (!load->pid[i])
			load_process(pci, seed * LOAD_PROCESSES + i, &load->steps[i]);
	}
	return load_works(load, 5);
}

static inline void load_signal(const struct load *load, int signal)
{
	unsigned int i;

	for (i = 0; i < LOAD_PROCESSES; i++)
		kill(load->pid[i], signal);
}

/* Waits for the end of all; true if it is this one of each. */
static inline bool load_ended(const struct load *load, enum load_end end)
{
	unsigned int i, good = 0;
	int status;

	for (i = 0; i < LOAD_PROCESSES; i++) {
		if (waitpid(load->pid[i], &status, 0) != load->pid[i])
			continue;
		if (WIFEXITED(status) && WEXITSTATUS(status) == (int)end)
			good++;
		else
			printf("# load: process %u ended with %#x\n", i, status);
	}
	return good == LOAD_PROCESSES;
}

#endif /* LIB_GPU_LOAD_H */
