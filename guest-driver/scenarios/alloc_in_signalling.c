// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: on the way to dma_fence_signal() memory is allocated with GFP_KERNEL. When there is none,
 * reclaim may wait for the very fence: a shrinker or an MMU notifier waits for jobs.
 *
 * In Linux: msm, whose scheduler got into reclaim from run_job: 4bea53b9c7c7, "drm/msm: Reduce
 * fallout of fence signaling vs reclaim hangs" (v6.8); and 3392291fc509, "drm/msm: Fix shrinker
 * deadlock" (v7.1), from the other side.
 *
 * Oracle: lockdep, which knows since boot that reclaim waits for fences. It speaks once: after
 * that it is off, and whoever else in this machine wants it has to come before.
 */
#include <linux/debug_locks.h>
#include <linux/dma-fence.h>
#include <linux/slab.h>

#include "core/scenario.h"

/* What is noted of a job when it is done. */
struct note {
	u64 job;
	s64 when;
};

/**
 * struct signaller - who has a fence to signal
 * @copy: what the job does
 * @fence: of the job, for others
 * @spare: for @noted, or NULL
 * @noted: of the job
 * @lockdep: it was on
 */
struct signaller {
	struct puck_copy copy;
	struct dma_fence *fence;
	struct note *spare;
	struct note *noted;
	bool lockdep;
};

static const char *skip(struct puck_run *run)
{
	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		return "no lockdep in this kernel";
	return debug_locks ? NULL : "lockdep is off: it has complained before";
}

static int setup(struct puck_run *run)
{
	struct signaller *sig = kzalloc(sizeof(*sig), GFP_KERNEL);
	int ret;

	if (!sig)
		return -ENOMEM;
	run->priv = sig;
	sig->fence = puck_fence_create(dma_fence_context_alloc(1), 1);
	if (!sig->fence)
		return -ENOMEM;
	ret = puck_copy_setup(run, &sig->copy, 1);
	if (ret)
		return ret;
	sig->spare = kmalloc(sizeof(*sig->spare), GFP_KERNEL);
	if (!sig->spare)
		return -ENOMEM;
	sig->lockdep = debug_locks;
	return puck_copy_run(run, &sig->copy, PAGE_SIZE);
}

static void end_job(struct signaller *sig, struct note *note)
{
	sig->noted = note;
	if (note) {
		note->job = sig->fence->seqno;
		note->when = ktime_get_ns();
	}
	dma_fence_signal(sig->fence);
}

static int buggy(struct puck_run *run)
{
	struct signaller *sig = run->priv;
	bool cookie = dma_fence_begin_signalling();

	end_job(sig, kmalloc(sizeof(struct note), GFP_KERNEL));
	dma_fence_end_signalling(cookie);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct signaller *sig = run->priv;
	bool cookie = dma_fence_begin_signalling();

	end_job(sig, no_free_ptr(sig->spare));
	dma_fence_end_signalling(cookie);
	return 0;
}

static void verdict(struct puck_run *run)
{
	struct signaller *sig = run->priv;

	puck_copy_verdict(run, &sig->copy, PUCK_COPY_SEED);
	if (sig->lockdep && !debug_locks)
		puck_caught(run, "lockdep", "reclaim waits for fences, and this fence for reclaim");
}

static void teardown(struct puck_run *run)
{
	struct signaller *sig = run->priv;

	if (!sig)
		return;
	if (sig->fence)
		dma_fence_signal(sig->fence);
	puck_fence_last_put(sig->fence);
	puck_copy_teardown(&sig->copy);
	kfree(sig->noted);
	kfree(sig->spare);
	kfree(sig);
}

const struct puck_scenario puck_alloc_in_signalling = {
	.name = "alloc_in_signalling",
	.mistake = "GFP_KERNEL on the way to dma_fence_signal()",
	.history = "4bea53b9c7c7, 3392291fc509 (msm)",
	.alone = true,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.splat = "possible circular locking dependency",
	.skip = skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
