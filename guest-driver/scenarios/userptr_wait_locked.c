// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: whoever takes memory of a process away waits for a job under a lock that the end of that
 * job takes. Each of the two waits for the other, and a process stands still in munmap(), or the
 * machine in reclaim.
 *
 * In Linux: "drm/msm: Decouple vma tracking from obj lock", b14b8c5f0eaf (v6.4): running a job took
 * the lock of its buffers, under which the shrinker waits for the job's fence.
 *
 * Oracle: lockdep, which speaks once; else the age of the wait.
 */
#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/dma-fence.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "core/late.h"
#include "core/lent.h"
#include "core/scenario.h"

/* The job starts when it is waited for, and is one page: who is right has its end long before. */
#define STUCK_MS	5000

/**
 * struct waiter - a page of a process, a job that writes it, and a lock that both sides take
 * @lent: the page
 * @notifier: of the range
 * @late: what the hardware does
 * @fence: of the job, for others; a reference
 * @end: ends the job, as a driver does that has something to note
 * @begun: the page is being taken away: @end may go on
 * @lock: protects @jobs and the mapping of @lent
 * @jobs: that were ended
 * @take_away: what the driver does then; the line that is wrong or not
 * @lockdep: it was on
 * @stuck: the wait had no end
 */
struct waiter {
	struct puck_lent lent;
	struct mmu_interval_notifier notifier;
	struct puck_late late;
	struct dma_fence *fence;
	struct work_struct end;
	struct completion begun;
	struct mutex lock;		/* see above */
	unsigned int jobs;
	void (*take_away)(struct waiter *waiter);
	bool lockdep;
	bool stuck;
};

static void end_job(struct work_struct *work)
{
	struct waiter *waiter = container_of(work, struct waiter, end);
	bool cookie;

	wait_for_completion(&waiter->begun);
	dma_fence_wait(waiter->late.fence, false);
	cookie = dma_fence_begin_signalling();
	mutex_lock(&waiter->lock);
	waiter->jobs++;
	dma_fence_signal(waiter->fence);
	mutex_unlock(&waiter->lock);
	dma_fence_end_signalling(cookie);
}

/* What the hardware does is over by then in any case: the page may go. */
static void wait_for_job(struct waiter *waiter)
{
	complete(&waiter->begun);
	if (!dma_fence_wait_timeout(waiter->fence, false, msecs_to_jiffies(STUCK_MS)))
		waiter->stuck = true;
}

static void take_away_buggy(struct waiter *waiter)
{
	mutex_lock(&waiter->lock);
	wait_for_job(waiter);
	puck_lent_unmap(&waiter->lent);
	mutex_unlock(&waiter->lock);
}

static void take_away_fixed(struct waiter *waiter)
{
	wait_for_job(waiter);
	mutex_lock(&waiter->lock);
	puck_lent_unmap(&waiter->lent);
	mutex_unlock(&waiter->lock);
}

static bool on_unmap(struct mmu_interval_notifier *notifier,
		     const struct mmu_notifier_range *range, unsigned long seq)
{
	struct waiter *waiter = container_of(notifier, struct waiter, notifier);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mmu_interval_set_seq(notifier, seq);
	waiter->take_away(waiter);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = on_unmap,
};

static int setup(struct puck_run *run)
{
	struct waiter *waiter = kzalloc(sizeof(*waiter), GFP_KERNEL);
	int ret;

	if (!waiter)
		return -ENOMEM;
	INIT_WORK(&waiter->end, end_job);
	init_completion(&waiter->begun);
	mutex_init(&waiter->lock);
	waiter->lockdep = debug_locks;
	run->priv = waiter;
	run->orig_nents = 1;
	run->nents = 1;
	waiter->fence = puck_fence_create(dma_fence_context_alloc(1), 1);
	if (!waiter->fence)
		return -ENOMEM;
	ret = puck_lent_init(run, &waiter->lent);
	return ret ?: puck_lent_show(&waiter->lent);
}

/* A job writes the page, and the process unmaps it meanwhile. */
static int play(struct puck_run *run, void (*take_away)(struct waiter *waiter))
{
	struct waiter *waiter = run->priv;
	struct puck_client_seg seg;
	struct puck_client_job job = puck_lent_job(&waiter->lent, &seg);
	int ret;

	waiter->take_away = take_away;
	ret = mmu_interval_notifier_insert(&waiter->notifier, current->mm, waiter->lent.addr,
					   PAGE_SIZE, &notifier_ops);
	if (!ret)
		ret = puck_late_submit(run, &waiter->late, dma_fence_context_alloc(1), 1, &job);
	if (ret)
		return ret;
	queue_work(system_unbound_wq, &waiter->end);
	ret = puck_lent_hide(&waiter->lent);
	/* If nobody was told. */
	complete(&waiter->begun);
	flush_work(&waiter->end);
	puck_late_end(&waiter->late);
	return ret;
}

static int buggy(struct puck_run *run)
{
	return play(run, take_away_buggy);
}

static int fixed(struct puck_run *run)
{
	return play(run, take_away_fixed);
}

static void verdict(struct puck_run *run)
{
	struct waiter *waiter = run->priv;

	if (waiter->lockdep && !debug_locks)
		puck_caught(run, "lockdep", "a job is waited for under a lock that its end takes");
	else if (waiter->stuck)
		puck_caught(run, "age", "a process was stuck in munmap() for %u ms", STUCK_MS);
}

static void teardown(struct puck_run *run)
{
	struct waiter *waiter = run->priv;

	if (!waiter)
		return;
	puck_lent_hide(&waiter->lent);
	if (waiter->notifier.mm)
		mmu_interval_notifier_remove(&waiter->notifier);
	puck_lent_fini(&waiter->lent);
	puck_late_free(&waiter->late);
	if (waiter->fence)
		dma_fence_signal(waiter->fence);
	puck_fence_last_put(waiter->fence);
	mutex_destroy(&waiter->lock);
	kfree(waiter);
}

const struct puck_scenario puck_userptr_wait_locked = {
	.name = "userptr_wait_locked",
	.mistake = "memory goes under a lock that the job needs",
	.history = "b14b8c5f0eaf (msm)",
	.alone = true,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.splat = "possible circular locking dependency detected",
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
