// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the locks of two buffers are taken with a ticket, and -EDEADLK is taken for an error
 * like any other. It says that somebody older has the one lock and wants the other: whoever
 * gets it has to drop all locks, to wait for the one he did not get, and to begin again. Here
 * the job is lost instead.
 *
 * In Linux: "drm/vc4: drop all currently held locks if deadlock happens", 479d4f0be423 (v6.3);
 * "drm/msm/mdp5: Return error code in mdp5_pipe_release when deadlock is detected",
 * d59be579fa93 (v5.19). CONFIG_DEBUG_WW_MUTEX_SLOWPATH hands out -EDEADLK without any rival.
 *
 * Oracle: the bytes that the job was to copy, while a rival has the locks in the other order.
 */
#include <linux/completion.h>
#include <linux/dma-resv.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "core/scenario.h"

#define PAGES	16

/**
 * struct contest - two buffers, and a rival for their locks
 * @copy: from the first to the second
 * @first: dma_resv of the source
 * @second: dma_resv of the destination
 * @rival: the thread; NULL: there is none
 * @has_second: the rival has a ticket, older than the client's, and the lock of @second
 * @client_has_first: the client has the lock of @first, which the rival wants next
 * @error: what the rival met with
 */
struct contest {
	struct puck_copy copy;
	struct dma_resv first;
	struct dma_resv second;
	struct task_struct *rival;
	struct completion has_second;
	struct completion client_has_first;
	int error;
};

/*
 * A ticket that the kernel does not try for itself: with CONFIG_DEBUG_WW_MUTEX_SLOWPATH each
 * sixteenth gets -EDEADLK for its second lock, and here it is to come of the rival alone.
 */
static void take_ticket(struct ww_acquire_ctx *ticket)
{
	ww_acquire_init(ticket, &reservation_ww_class);
#ifdef CONFIG_DEBUG_WW_MUTEX_SLOWPATH
	while (!ticket->deadlock_inject_countdown) {
		ww_acquire_fini(ticket);
		ww_acquire_init(ticket, &reservation_ww_class);
	}
#endif
}

/* It is older, so that it is never the one to back off. */
static int be_rival(void *data)
{
	struct contest *contest = data;
	struct ww_acquire_ctx ticket;
	int ret;

	take_ticket(&ticket);
	ret = dma_resv_lock(&contest->second, &ticket);
	complete(&contest->has_second);
	if (!ret) {
		wait_for_completion(&contest->client_has_first);
		ret = dma_resv_lock(&contest->first, &ticket);
		if (!ret)
			dma_resv_unlock(&contest->first);
		dma_resv_unlock(&contest->second);
	}
	ww_acquire_fini(&ticket);
	contest->error = ret;
	return 0;
}

static int setup(struct puck_run *run)
{
	struct contest *contest = kzalloc(sizeof(*contest), GFP_KERNEL);
	struct task_struct *rival;
	int ret;

	if (!contest)
		return -ENOMEM;
	dma_resv_init(&contest->first);
	dma_resv_init(&contest->second);
	init_completion(&contest->has_second);
	init_completion(&contest->client_has_first);
	run->priv = contest;

	ret = puck_copy_setup(run, &contest->copy, PAGES);
	if (ret || !run->late_ns)
		return ret;
	rival = kthread_create(be_rival, contest, "puck-rival");
	if (IS_ERR(rival))
		return PTR_ERR(rival);
	/* For kthread_stop(), by when it may have ended. */
	get_task_struct(rival);
	contest->rival = rival;
	wake_up_process(rival);
	wait_for_completion(&contest->has_second);
	return 0;
}

static int lock_first(struct contest *contest, struct ww_acquire_ctx *ticket)
{
	int ret = dma_resv_lock(&contest->first, ticket);

	if (!ret)
		complete(&contest->client_has_first);
	return ret;
}

/* With both locks held: as of a job, so that nothing is done without them. */
static int submit(struct puck_run *run, struct contest *contest)
{
	struct dma_fence *fence;

	fence = puck_copy_submit(run, &contest->copy, PAGES * PAGE_SIZE);
	dma_resv_unlock(&contest->second);
	dma_resv_unlock(&contest->first);
	return IS_ERR(fence) ? PTR_ERR(fence) : puck_copy_finish(fence);
}

/* The client would hand its error on to user space; what counts is what became of the job. */
static int buggy(struct puck_run *run)
{
	struct contest *contest = run->priv;
	struct ww_acquire_ctx ticket;
	int ret;

	take_ticket(&ticket);
	ret = lock_first(contest, &ticket);
	if (!ret) {
		ret = dma_resv_lock(&contest->second, &ticket);
		if (ret)
			dma_resv_unlock(&contest->first);
	}
	if (!ret)
		ret = submit(run, contest);
	ww_acquire_fini(&ticket);
	return ret == -EDEADLK ? 0 : ret;
}

static int fixed(struct puck_run *run)
{
	struct contest *contest = run->priv;
	struct ww_acquire_ctx ticket;
	int ret;

	take_ticket(&ticket);
	ret = lock_first(contest, &ticket);
	if (!ret) {
		ret = dma_resv_lock(&contest->second, &ticket);
		if (ret)
			dma_resv_unlock(&contest->first);
	}
	while (ret == -EDEADLK) {
		dma_resv_lock_slow(&contest->second, &ticket);
		ret = lock_first(contest, &ticket);
		if (ret)
			dma_resv_unlock(&contest->second);
	}
	if (!ret)
		ret = submit(run, contest);
	ww_acquire_fini(&ticket);
	return ret == -EDEADLK ? 0 : ret;
}

static void verdict(struct puck_run *run)
{
	struct contest *contest = run->priv;

	puck_copy_verdict(run, &contest->copy, PUCK_COPY_SEED);
}

static void teardown(struct puck_run *run)
{
	struct contest *contest = run->priv;

	if (!contest)
		return;
	if (contest->rival) {
		/* A client that never came to the locks has kept it waiting. */
		complete(&contest->client_has_first);
		kthread_stop(contest->rival);
		put_task_struct(contest->rival);
	}
	WARN_ON_ONCE(contest->error);
	puck_copy_teardown(&contest->copy);
	dma_resv_fini(&contest->second);
	dma_resv_fini(&contest->first);
	kfree(contest);
}

const struct puck_scenario puck_ww_backoff_forgotten = {
	.name = "ww_backoff_forgotten",
	.mistake = "-EDEADLK without backing off",
	.history = "479d4f0be423 (vc4), d59be579fa93 (msm)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
