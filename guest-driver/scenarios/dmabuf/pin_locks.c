// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: an exporter's pin takes the dma_resv lock of its dma-buf, under which the core calls it: it
 * waits for itself. Without others that share nobody comes there: what the driver pins for its own
 * use it pins without that lock.
 *
 * In Linux: "drm/panfrost: Fix dma_resv deadlock at drm object pin time", e57f2187ccc1 (2024), and
 * the same of lima, 8c2f5dd0c362.
 *
 * Oracle: lockdep, which speaks once; else the age of the wait. An importer that is stuck is
 * killed, which its driver lets happen to those that wait for locks.
 */
#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/dma-resv.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/dmabuf.h"
#include "dmabuf/share.h"

#define PAGES	16
/* Nobody else has the lock, so that whoever is right has it at once, however slow the machine. */
#define STUCK_MS	5000

/**
 * struct pinner - a dma-buf, and a thread that pins it
 * @share: the dma-buf, and its importer
 * @thread: the thread; NULL: there is none
 * @over: it has pinned, or not
 * @ret: what came of that
 * @stuck: it had to be killed
 * @lockdep: it was on
 */
struct pinner {
	struct puck_share share;
	struct task_struct *thread;
	struct completion over;
	int ret;
	bool stuck;
	bool lockdep;
};

/* Nothing moves here. */
static void moved(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops importer_ops = { .invalidate_mappings = moved };

static int pin_buggy(struct puck_exporter *exp)
{
	int ret = dma_resv_lock_interruptible(exp->dmabuf->resv, NULL);

	if (ret)
		return ret;
	exp->pins++;
	dma_resv_unlock(exp->dmabuf->resv);
	return 0;
}

/* As the locking convention of dma-buf has it: importers pin with the lock held. */
static int pin_it(void *data)
{
	struct pinner *pinner = data;
	struct dma_buf *dmabuf = pinner->share.exp->dmabuf;

	allow_signal(SIGKILL);
	dma_resv_lock(dmabuf->resv, NULL);
	pinner->ret = dma_buf_pin(pinner->share.attach);
	dma_resv_unlock(dmabuf->resv);
	complete(&pinner->over);
	return 0;
}

static int setup(struct puck_run *run)
{
	struct pinner *pinner = kzalloc(sizeof(*pinner), GFP_KERNEL);
	int ret;

	if (!pinner)
		return -ENOMEM;
	init_completion(&pinner->over);
	pinner->lockdep = debug_locks;
	run->priv = pinner;
	ret = puck_share_init(run, &pinner->share, PAGES, true);
	return ret ?: puck_share_attach(run, &pinner->share, &importer_ops);
}

static int start(struct pinner *pinner)
{
	struct task_struct *thread = kthread_create(pin_it, pinner, "puck-pinner");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	/* For kthread_stop(), by when it may have ended. */
	get_task_struct(thread);
	pinner->thread = thread;
	wake_up_process(thread);
	return 0;
}

/* The importer pins the memory, and its GPU writes there. */
static int play(struct puck_run *run)
{
	struct pinner *pinner = run->priv;
	struct puck_share *share = &pinner->share;
	int ret;

	ret = start(pinner);
	if (ret)
		return ret;
	if (!wait_for_completion_timeout(&pinner->over, msecs_to_jiffies(STUCK_MS))) {
		pinner->stuck = true;
		send_sig(SIGKILL, pinner->thread, 1);
		wait_for_completion(&pinner->over);
	}
	if (pinner->ret)
		return pinner->ret == -EINTR ? 0 : pinner->ret;

	ret = puck_share_map(run, share, DMA_FROM_DEVICE);
	if (!ret)
		ret = puck_share_write(run, share);
	return ret ?: puck_share_look(share);
}

static int buggy(struct puck_run *run)
{
	struct pinner *pinner = run->priv;

	pinner->share.exp->lines.pin = pin_buggy;
	return play(run);
}

static int fixed(struct puck_run *run)
{
	return play(run);
}

static void verdict(struct puck_run *run)
{
	struct pinner *pinner = run->priv;

	if (!pinner->stuck)
		puck_share_check(run, &pinner->share);
	else if (pinner->lockdep && !debug_locks)
		puck_caught(run, "lockdep", "pin waits for a lock that its caller has");
	else
		puck_caught(run, "age", "an importer was stuck in pin for %u ms", STUCK_MS);
}

static void unpin(struct pinner *pinner)
{
	struct dma_buf_attachment *attach = pinner->share.attach;

	if (!pinner->thread || pinner->ret)
		return;
	dma_resv_lock(attach->dmabuf->resv, NULL);
	dma_buf_unpin(attach);
	dma_resv_unlock(attach->dmabuf->resv);
}

static void teardown(struct puck_run *run)
{
	struct pinner *pinner = run->priv;

	if (!pinner)
		return;
	if (pinner->thread) {
		kthread_stop(pinner->thread);
		put_task_struct(pinner->thread);
	}
	puck_share_unmap(&pinner->share);
	unpin(pinner);
	puck_share_fini(&pinner->share);
	kfree(pinner);
}

const struct puck_scenario puck_dmabuf_pin_locks = {
	.name = "dmabuf_pin_locks",
	.mistake = "pin takes the lock that it is called with",
	.history = "e57f2187ccc1 (panfrost), 8c2f5dd0c362 (lima)",
	.alone = true,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.splat = "possible recursive locking detected",
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
