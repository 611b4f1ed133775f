// SPDX-License-Identifier: GPL-2.0-only
/*
 * Late jobs. Nothing between a wait and its end takes memory: the job is in its queue from
 * the start, and a fence in front of it holds it there.
 */
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "core/late.h"
#include "core/scenario.h"

/* The fence is freed by its address: it stands first. */
struct late_fence {
	struct dma_fence base;
	spinlock_t lock;	/* of @base, as dma_fence_init() asks for */
	struct puck_late *late;	/* there until @base has ended */
};

static_assert(!offsetof(struct late_fence, base));

static const char *get_name(struct dma_fence *fence)
{
	return "puck-scenarios";
}

/* The first wait. It is under the fence's lock, where no other may be signalled. */
static bool on_wait(struct dma_fence *fence)
{
	struct puck_late *late = container_of(fence, struct late_fence, base)->late;

	WRITE_ONCE(late->waited, true);
	queue_work(system_unbound_wq, &late->open);
	return true;
}

static const struct dma_fence_ops late_fence_ops = {
	.get_driver_name = get_name,
	.get_timeline_name = get_name,
	.enable_signaling = on_wait,
};

static void open_gate(struct work_struct *work)
{
	dma_fence_signal(container_of(work, struct puck_late, open)->gate);
}

static void on_job_end(struct dma_fence *job, struct dma_fence_cb *cb)
{
	struct puck_late *late = container_of(cb, struct puck_late, cb);

	if (job->error)
		dma_fence_set_error(late->fence, job->error);
	dma_fence_signal(late->fence);
}

static int make_fences(struct puck_late *late, u64 context, u64 number)
{
	struct late_fence *fence;

	late->gate = puck_fence_create(dma_fence_context_alloc(1), 1);
	if (!late->gate)
		return -ENOMEM;
	fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	if (!fence)
		return -ENOMEM;
	spin_lock_init(&fence->lock);
	fence->late = late;
	dma_fence_init(&fence->base, &late_fence_ops, &fence->lock, context, number);
	late->fence = &fence->base;
	return 0;
}

/**
 * puck_late_submit - queue a job that is late
 * @run: the run; if it asks for no lateness the job is done when this returns, as with
 *	hardware that is fast
 * @late: zeroed; whatever is returned, puck_late_free() is due
 * @context: of the fence
 * @number: of the fence, in @context
 * @job: what to do; copied. Its memory has to be there until puck_late_end()
 *
 * Context: may sleep.
 * Return: 0, with late->fence to be shown to others, or a negative errno.
 */
int puck_late_submit(struct puck_run *run, struct puck_late *late, u64 context, u64 number,
		     const struct puck_client_job *job)
{
	struct puck_client_job held = *job;
	struct dma_fence *fence;
	int ret;

	INIT_WORK(&late->open, open_gate);
	ret = make_fences(late, context, number);
	if (ret)
		return ret;
	late->client = puck_client_get(to_pci_dev(run->dev));
	if (IS_ERR(late->client)) {
		ret = PTR_ERR(late->client);
		late->client = NULL;
		return ret;
	}

	held.wait = late->gate;
	fence = puck_client_submit(late->client, 0, &held);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	late->job = fence;
	if (dma_fence_add_callback(fence, &late->cb, on_job_end))
		on_job_end(fence, &late->cb);

	if (!run->late_ns) {
		puck_late_end(late);
		WRITE_ONCE(late->waited, false);
	}
	return 0;
}

/**
 * puck_late_was_waited_for - tell whether anybody had to wait
 * @late: the job
 *
 * Return: whether somebody has, of those who were to be told when it ends.
 */
bool puck_late_was_waited_for(struct puck_late *late)
{
	return READ_ONCE(late->waited);
}

/**
 * puck_late_end - let a job start, if it has not, and see it end
 * @late: the job, submitted or not
 *
 * Context: may sleep.
 */
void puck_late_end(struct puck_late *late)
{
	if (late->gate)
		dma_fence_signal(late->gate);
	if (!late->job) {
		/* Nobody has seen it. */
		if (late->fence)
			dma_fence_signal(late->fence);
		return;
	}
	dma_fence_wait(late->job, false);
	/* It is over when nobody is in the callback, which is under the lock of the job's fence. */
	dma_fence_remove_callback(late->job, &late->cb);
}

/**
 * puck_late_free - give back what belongs to a job
 * @late: the job, or one that was never submitted; late->fence is in no dma_resv any more
 *
 * Context: may sleep.
 */
void puck_late_free(struct puck_late *late)
{
	puck_late_end(late);
	if (late->gate)
		cancel_work_sync(&late->open);
	if (late->job)
		puck_copy_finish(late->job);
	if (late->client)
		puck_client_put(late->client);
	puck_fence_last_put(late->fence);
	puck_fence_last_put(late->gate);
	memset(late, 0, sizeof(*late));
}
