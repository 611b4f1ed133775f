// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completion of a job by the hardware as a dma_fence.
 *
 * These fences are what the scheduler waits for. User space and other drivers
 * get the scheduler's own "finished" fence, which can be held for as long as
 * anybody likes: longer than the file, the device or its driver's bond. Such a
 * fence still refers to the scheduler and, as its parent, to the hardware
 * fence here. So a hardware fence keeps what both need: the ring, in whose
 * memory the scheduler lies, and this module.
 */
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "compat/gpu.h"
#include "core/trace.h"
#include "sched/fence.h"
#include "sched/ring.h"

static inline struct puck_fence *to_puck_fence(struct dma_fence *fence)
{
	return container_of(fence, struct puck_fence, base);
}

static const char *puck_fence_get_driver_name(struct dma_fence *fence)
{
	return "puck";
}

static const char *puck_fence_get_timeline_name(struct dma_fence *fence)
{
	return to_puck_fence(fence)->ring->name;
}

static void puck_fence_free_rcu(struct rcu_head *rcu)
{
	puck_fence_free(to_puck_fence(container_of(rcu, struct dma_fence, rcu)));
}

static void puck_fence_release(struct dma_fence *fence)
{
	/* Whoever has the last reference is behind the signal: the job keeps one until then. */
	WARN_ON_ONCE(!test_bit(DMA_FENCE_FLAG_SIGNALED_BIT, &fence->flags));
	call_rcu(&fence->rcu, puck_fence_free_rcu);
}

/*
 * The hardware has no clock to be turned up. What a deadline can do is that an interrupt
 * which got lost costs no more than that. The scheduler's fence hands it on to us.
 */
static void puck_fence_set_deadline(struct dma_fence *base, ktime_t deadline)
{
	struct puck_fence *fence = to_puck_fence(base);

	puck_ring_hurry(fence->ring, fence, deadline);
}

static const struct dma_fence_ops puck_fence_ops = {
	.get_driver_name = puck_fence_get_driver_name,
	.get_timeline_name = puck_fence_get_timeline_name,
	.release = puck_fence_release,
	.set_deadline = puck_fence_set_deadline,
	PUCK_FENCE_OPS_64BIT
};

/**
 * puck_fence_alloc - make the memory of a fence
 * @ring: where its job will run
 *
 * Context: may sleep, so not in the way of a fence.
 * Return: a fence to be given to puck_fence_init() or puck_fence_free(), or
 * NULL.
 */
struct puck_fence *puck_fence_alloc(struct puck_ring *ring)
{
	struct puck_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;

	spin_lock_init(&fence->lock);
	puck_ring_get(ring);
	fence->ring = ring;
	fence->deadline = KTIME_MAX;
	/* The caller runs in this module, so it is alive. */
	__module_get(THIS_MODULE);
	return fence;
}
EXPORT_SYMBOL_IF_KUNIT(puck_fence_alloc);

/**
 * puck_fence_free - free a fence that is no dma_fence yet, or no more
 * @fence: the fence
 *
 * Context: any.
 */
void puck_fence_free(struct puck_fence *fence)
{
	puck_ring_put(fence->ring);
	kfree(fence);
	module_put(THIS_MODULE);
}

/**
 * puck_fence_init - begin the life of a fence
 * @fence: from puck_fence_alloc()
 * @context: of the job's queue
 * @number: of the job
 *
 * Context: any; nothing here can fail. From now on use dma_fence_put().
 */
void puck_fence_init(struct puck_fence *fence, u64 context, u64 number)
{
	puck_compat_fence_init64(&fence->base, &puck_fence_ops, &fence->lock,
				 context, number);
}
EXPORT_SYMBOL_IF_KUNIT(puck_fence_init);

/**
 * puck_fence_signal - complete a fence
 * @fence: the fence
 * @error: zero or a negative errno
 *
 * Callers hold the ring's lock, so that the fences of a ring signal in order.
 *
 * The fence is seen to be signalled before its callbacks are called, and without its lock: from
 * that moment on the scheduler may have the job released on another CPU, and with it the
 * reference by which the caller knows the fence. So there is one of our own until all is done.
 *
 * Context: any, hard interrupts included.
 */
void puck_fence_signal(struct puck_fence *fence, int error)
{
	lockdep_assert_held(&fence->ring->lock);

	trace_puck_fence_signal(fence->ring->puck->drm.dev, fence->ring->index, fence->base.seqno,
				fence->seqno, error);
	dma_fence_get(&fence->base);
	if (error)
		dma_fence_set_error(&fence->base, error);
	dma_fence_signal(&fence->base);
	dma_fence_put(&fence->base);
}
EXPORT_SYMBOL_IF_KUNIT(puck_fence_signal);
