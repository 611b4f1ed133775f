// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of the driver's locks (docs/locking.rst, "puck.ko"), told to lockdep when a
 * device is found. Otherwise lockdep would learn it bit by bit: that memory may be
 * reclaimed below a lock when memory happens to be short there, and that a lock is taken
 * after an unplug when there happens to be one. With this, the first wrong step that
 * anybody makes is reported, in whatever test it is made. dma_resv_lockdep() of the kernel
 * does the same for dma_resv alone.
 *
 * Only built for kernels with PROVE_LOCKING.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "core/awake.h"
#include "core/device.h"
#include "mem/mem.h"
#include "sched/lock_order.h"
#include "sched/queue.h"
#include "sched/ring.h"

/*
 * Who takes pages of a process away says so, waits for the jobs that use them, and takes the
 * device's mapping away.
 */
static void puck_prime_notifier(struct puck_device *puck)
{
	down_write(&puck->mem->notifier_lock);
	up_write(&puck->mem->notifier_lock);
}

/* Who allocates memory may find himself reclaiming it, and that may wait for any fence. */
static void puck_prime_allocation(struct puck_device *puck)
{
	struct dma_fence *stub = dma_fence_get_stub();

	fs_reclaim_acquire(GFP_KERNEL);
	dma_fence_wait(stub, false);
	puck_prime_notifier(puck);
	fs_reclaim_release(GFP_KERNEL);
	dma_fence_put(stub);
}

/* Who maps VRAM for the CPU waits for the fences of the BO. */
static void puck_prime_bar(struct puck_device *puck)
{
	struct dma_fence *stub = dma_fence_get_stub();

	down_read(&puck->mem->bar_lock);
	dma_fence_wait(stub, false);
	up_read(&puck->mem->bar_lock);
	dma_fence_put(stub);
}

static void puck_prime_resv(struct puck_device *puck, struct dma_resv *resv)
{
	struct ww_acquire_ctx ctx;

	ww_acquire_init(&ctx, &reservation_ww_class);
	/* With DEBUG_WW_MUTEX_SLOWPATH anybody may be asked to back off. */
	if (dma_resv_lock(resv, &ctx))
		dma_resv_lock_slow(resv, &ctx);
	puck_prime_allocation(puck);
	puck_prime_notifier(puck);
	/* Who maps a BO, for the CPU or for another device, may have to wake this one up. */
	if (!puck_awake_get(puck))
		puck_awake_put(puck);
	mutex_lock(&puck->mem->tt_lock);
	mutex_unlock(&puck->mem->tt_lock);
	puck_prime_bar(puck);
	dma_resv_unlock(resv);
	ww_acquire_fini(&ctx);
}

static void puck_prime_submission(struct puck_device *puck, struct puck_queue *queue,
				  struct dma_resv *resv)
{
	mutex_lock(&queue->submit_lock);
	down_read(&puck->mem->guard);
	puck_prime_resv(puck, resv);
	up_read(&puck->mem->guard);
	mutex_unlock(&queue->submit_lock);
}

/* The end of a BO or job after the unplug. */
static void puck_prime_late(struct puck_device *puck, struct dma_resv *resv)
{
	mutex_lock(&puck->late_lock);
	puck_prime_resv(puck, resv);
	mutex_unlock(&puck->late_lock);
}

/*
 * All that may be taken where fences wait. Another mutex, a dma_resv or an allocation in such a
 * place now closes a circle by way of the waits above.
 */
static void puck_prime_signalling(struct puck_ring *ring)
{
	bool cookie = dma_fence_begin_signalling();
	unsigned long flags;

	spin_lock_irqsave(&ring->puck->err_lock, flags);
	spin_unlock_irqrestore(&ring->puck->err_lock, flags);
	spin_lock_irqsave(&ring->lock, flags);
	spin_lock(&ring->puck->root_lock);
	spin_unlock(&ring->puck->root_lock);
	spin_unlock_irqrestore(&ring->lock, flags);
	/* To clear what a move has not filled, when the device is gone. */
	mutex_lock(&ring->puck->mem->tt_lock);
	mutex_unlock(&ring->puck->mem->tt_lock);
	dma_fence_end_signalling(cookie);
}

/**
 * puck_lock_order_prime - take all locks once, in their order
 * @puck: the device, without users yet
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM.
 */
int puck_lock_order_prime(struct puck_device *puck)
{
	struct puck_queue *queue;
	struct dma_resv *resv;
	int idx, ret = -ENOMEM;

	resv = kzalloc(sizeof(*resv), GFP_KERNEL);
	if (!resv)
		return -ENOMEM;
	dma_resv_init(resv);
	queue = puck_queue_create(puck->ring[0], DRM_SCHED_PRIORITY_NORMAL);
	if (IS_ERR(queue))
		goto err_resv;

	ret = 0;
	if (drm_dev_enter(&puck->drm, &idx)) {
		puck_prime_submission(puck, queue, resv);
		puck_prime_late(puck, resv);
		puck_prime_signalling(puck->ring[0]);
		drm_dev_exit(idx);
	}
	puck_queue_close(queue, 0);
	puck_queue_put(queue);
err_resv:
	dma_resv_fini(resv);
	kfree(resv);
	return ret;
}
