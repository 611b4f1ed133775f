// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting a ring going again after an error or a job that is late. After an error the ring
 * goes on behind the job that it is of, where the device can do that; else, and for a job
 * that is late, it takes a reset of the ring, and where that fails one of the device; where
 * that fails, too, the device is wedged. Whatever it does, each fence comes.
 *
 * All of it runs in puck_device.reset_wq, one recovery at a time for all rings of a
 * device, as one may end in a reset of all. docs/locking.rst, "puck.ko", has the order. A
 * reset of the device by others is one more recovery, which begins before it and ends after.
 */
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "compat/gpu.h"
#include "core/awake.h"
#include "core/device.h"
#include "sched/dump.h"
#include "sched/fence.h"
#include "sched/irq.h"
#include "sched/job.h"
#include "sched/recover.h"
#include "sched/ring.h"
#include "sched/rings.h"

/*
 * Parks run_job and free_job, and takes the scheduler's hooks off. It waits for fences
 * whose callbacks run just now, so it stands outside of the signalling annotations.
 */
static void puck_recover_stop_sched(struct puck_ring *ring, struct puck_job *late)
{
	struct drm_sched_job *base;

	drm_sched_stop(&ring->sched, late ? &late->base : NULL);
	/*
	 * The same fences stay in use, so they are the parents again.
	 * drm_sched_start() sees which of them are signalled by then.
	 */
	list_for_each_entry(base, &ring->sched.pending_list, list)
		base->s_fence->parent = dma_fence_get(&to_puck_job(base)->fence->base);
}

static void puck_recover_start_sched(struct puck_ring *ring)
{
	puck_compat_sched_start(&ring->sched);
	/* Written by this workqueue alone; pm.c reads it having flushed that. */
	WRITE_ONCE(ring->recoveries, ring->recoveries + 1);
}

/* True if there is a job to blame, @late if given, or the hardware asks for help. */
static bool puck_recover_is_needed(struct puck_ring *ring, struct puck_job *late)
{
	bool needed;

	spin_lock_irq(&ring->lock);
	needed = puck_ring_error_is_due(ring);
	if (late && !list_empty(&late->inflight)) {
		needed = true;
		if (!late->error)
			late->error = -ETIME;
	}
	needed = needed && !ring->dead;
	spin_unlock_irq(&ring->lock);
	return needed;
}

/* The smallest thing that helps, if there is need of it; other rings see nothing of it. */
static int puck_recover_ring(struct puck_ring *ring, struct puck_job *late)
{
	bool cookie = dma_fence_begin_signalling();
	int ret = 0;

	/* Nobody is late whose error, or end, was only not heard of. */
	if (late)
		puck_irq_check_errors(ring->puck);
	puck_ring_retire(ring);
	if (puck_recover_is_needed(ring, NULL))
		puck_dump_take(ring);
	/* What goes on may halt again at once. This ends: no job enters the ring meanwhile. */
	while (puck_recover_is_needed(ring, NULL) && puck_ring_skip(ring))
		puck_irq_check_errors(ring->puck);
	if (puck_recover_is_needed(ring, late)) {
		if (late)
			drm_err(&ring->puck->drm, "ring %u: job %llu is late, resetting the ring\n",
				ring->index, late->number);
		puck_dump_take(ring);
		ret = puck_ring_freeze(ring);
		if (!ret)
			ret = puck_ring_thaw(ring);
	}
	dma_fence_end_signalling(cookie);
	return ret;
}

/*
 * Have all rings stand still, and note where. Those that can be reset are, while they can
 * still reach their memory. Of @stuck that was tried already, and of the others it may turn
 * out now: as soon as the device is no bus master these cannot go on, either.
 *
 * Returns -ENODEV if the device does not answer: where the rings stand is not known then.
 */
static int puck_recover_freeze_all(struct puck_device *puck, struct puck_ring *stuck)
{
	DECLARE_BITMAP(running, PUCK_GPU_RINGS_MAX) = { };
	int ret = 0;
	u32 i;

	for (i = 0; ret != -ENODEV && i < puck->num_rings; i++) {
		ret = puck->ring[i] == stuck ? -ETIMEDOUT : puck_ring_freeze(puck->ring[i]);
		if (ret)
			__set_bit(i, running);
	}
	if (ret == -ENODEV)
		return ret;
	/*
	 * The reset forgets errors, so this is the time to hear whom they are about. What
	 * fails from now on does so for want of the bus, and is no job's fault.
	 */
	puck_irq_check_errors(puck);
	pci_clear_master(puck->pdev);
	for_each_set_bit(i, running, puck->num_rings)
		puck_ring_freeze_running(puck->ring[i]);
	return 0;
}

/* Before a reset of the device. Errors are heard of again when it is over. */
static int puck_recover_freeze_device(struct puck_device *puck, struct puck_ring *stuck)
{
	int ret;

	puck_irq_hold_errors(puck);
	if (puck->display)
		puck->display->hold(puck->kms);
	ret = puck_recover_freeze_all(puck, stuck);
	if (!ret)
		puck_rings_save(puck);
	return ret;
}

/* Resets a device that was frozen, and has the innocent jobs of all rings written again. */
static int puck_recover_thaw_device(struct puck_device *puck)
{
	int ret = puck_device_reset(puck);
	u32 i;

	if (ret)
		return ret;
	pci_set_master(puck->pdev);
	puck_rings_restore(puck);
	puck_device_restore_roots(puck);
	for (i = 0; !ret && i < puck->num_rings; i++)
		ret = puck_ring_thaw(puck->ring[i]);
	if (!ret && puck->display)
		puck->display->release(puck->kms);
	return ret;
}

static int puck_recover_reset_device(struct puck_device *puck, struct puck_ring *stuck)
{
	int ret = puck_recover_freeze_device(puck, stuck);

	if (!ret)
		ret = puck_recover_thaw_device(puck);
	puck_irq_let_errors(puck);
	return ret;
}

/**
 * puck_recover_wedge - let nothing run on a device any more
 * @puck: the device
 * @error: why; -ENODEV if it does not answer
 *
 * A device that does not stop may go on writing to memory that is somebody else's as soon
 * as its fences are signalled. So it is silenced first: it is no bus master any more.
 *
 * Context: process; inside drm_dev_enter(), in resume, or before remove has ended all rings.
 */
void puck_recover_wedge(struct puck_device *puck, int error)
{
	u32 i;

	error = error == -ENODEV ? -ENODEV : -EIO;
	pci_clear_master(puck->pdev);
	WRITE_ONCE(puck->wedged, error);
	if (puck->display)
		puck->display->lose(puck->kms);
	for (i = 0; i < puck->num_rings; i++)
		puck_ring_kill(puck->ring[i], error);
}

/**
 * puck_recover_tell - have user space know that a device is wedged
 * @puck: the device
 *
 * Context: may sleep, and allocates: no fence may depend on the caller any more.
 */
void puck_recover_tell(struct puck_device *puck)
{
	puck_compat_wedged_event(&puck->drm);
}

static void puck_recover_device_hw(struct puck_ring *stuck, int error)
{
	struct puck_device *puck = stuck->puck;
	bool cookie = dma_fence_begin_signalling();

	drm_err(&puck->drm, "ring %u: reset failed: %d, resetting the device\n", stuck->index,
		error);
	/*
	 * A device that is not there has no registers to reset it by. And a reset clears no VRAM:
	 * where it could not be cleared by other means nobody may look at it any more.
	 */
	if (error != -ENODEV && error != -EUCLEAN)
		error = puck_recover_reset_device(puck, stuck);
	if (error) {
		drm_err(&puck->drm, "the device is wedged: %d\n", error);
		puck_recover_wedge(puck, error);
	}
	dma_fence_end_signalling(cookie);
}

/*
 * The schedulers of all rings but @one, which may be NULL. Nobody else stops or starts any of
 * them meanwhile: whoever would is behind us in reset_wq.
 */
static void puck_recover_stop_others(struct puck_device *puck, struct puck_ring *one)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		if (puck->ring[i] != one)
			puck_recover_stop_sched(puck->ring[i], NULL);
}

static void puck_recover_start_others(struct puck_device *puck, struct puck_ring *one)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		if (puck->ring[i] != one)
			puck_recover_start_sched(puck->ring[i]);
}

/* With the scheduler of @stuck stopped. */
static void puck_recover_device(struct puck_ring *stuck, int error)
{
	struct puck_device *puck = stuck->puck;

	puck_recover_stop_others(puck, stuck);
	puck_recover_device_hw(stuck, error);
	puck_recover_start_others(puck, stuck);
}

/*
 * The driver is about to let go of the device, and has to wait first for everybody who is inside
 * of drm_dev_enter(). One of them may be waiting for a job of ours, which nobody else ends.
 */
static void puck_recover_going(struct puck_ring *ring)
{
	bool cookie = dma_fence_begin_signalling();
	bool dead;

	spin_lock_irq(&ring->lock);
	dead = ring->dead;
	spin_unlock_irq(&ring->lock);
	/* Remove ends all rings, and then waits for reset_wq: until that is over, pdev is ours. */
	if (!dead)
		puck_recover_wedge(ring->puck, -ENODEV);
	dma_fence_end_signalling(cookie);
}

/**
 * puck_recover - get a ring going again
 * @ring: the ring
 * @late: the job that timed out, or NULL after an error from the device
 *
 * Jobs to blame get an error, all others complete as if nothing had happened. Other rings
 * see nothing of it, unless it takes a reset of the device.
 *
 * Context: in reset_wq only.
 */
void puck_recover(struct puck_ring *ring, struct puck_job *late)
{
	struct puck_device *puck = ring->puck;
	bool wedged = false;
	int idx, ret;

	puck_recover_stop_sched(ring, late);
	if (drm_dev_enter(&puck->drm, &idx)) {
		ret = puck_recover_ring(ring, late);
		if (ret)
			puck_recover_device(ring, ret);
		wedged = ret && puck->wedged;
		drm_dev_exit(idx);
	} else {
		puck_recover_going(ring);
	}
	puck_recover_start_sched(ring);
	/* Each fence has come by now, and those of jobs to come do at once. */
	if (wedged)
		puck_recover_tell(puck);
}

static void puck_recover_work(struct work_struct *work)
{
	struct puck_ring *ring = container_of(work, struct puck_ring, reset_work);

	puck_recover(ring, NULL);
	/* Of puck_ring_check_error(). */
	puck_awake_put(ring->puck);
}

static int puck_recover_freeze_outage(struct puck_device *puck)
{
	bool cookie = dma_fence_begin_signalling();
	int ret = puck_recover_freeze_device(puck, NULL);

	dma_fence_end_signalling(cookie);
	return ret;
}

static int puck_recover_thaw_outage(struct puck_device *puck, int error)
{
	bool cookie = dma_fence_begin_signalling();

	if (!error)
		error = puck_recover_thaw_device(puck);
	puck_irq_let_errors(puck);
	if (error) {
		drm_err(&puck->drm, "the device is wedged after its reset: %d\n", error);
		puck_recover_wedge(puck, error);
	}
	dma_fence_end_signalling(cookie);
	return error;
}

/*
 * Others reset the device, and this waits for them: so whoever else wants the device to be
 * recovered is behind it in reset_wq. That reset depends on no fence and takes a moment.
 */
static void puck_recover_outage_work(struct work_struct *work)
{
	struct puck_outage *outage = container_of(work, struct puck_outage, work);
	struct puck_device *puck = container_of(outage, struct puck_device, outage);
	/* Of what is wedged nothing goes on, whatever is done to it, until it is bound anew. */
	bool idle = puck->wedged;
	int ret = 0;

	if (!idle) {
		puck_recover_stop_others(puck, NULL);
		ret = puck_recover_freeze_outage(puck);
	}
	complete(&outage->begun);
	wait_for_completion(&outage->over);
	if (!idle) {
		ret = puck_recover_thaw_outage(puck, ret);
		puck_recover_start_others(puck, NULL);
	}
	if (ret)
		puck_recover_tell(puck);
}

/**
 * puck_recover_begin_outage - have a device stand still that somebody is about to reset
 * @puck: the device
 *
 * No job runs when this returns, and those in the rings will go on where they stand.
 *
 * Context: may sleep; in nobody's way to a fence. The PCI core holds the device's lock from
 * here to puck_recover_end_outage(), so it is neither unplugged nor sent to sleep.
 */
void puck_recover_begin_outage(struct puck_device *puck)
{
	struct puck_outage *outage = &puck->outage;

	init_completion(&outage->begun);
	init_completion(&outage->over);
	INIT_WORK(&outage->work, puck_recover_outage_work);
	queue_work(puck->reset_wq, &outage->work);
	wait_for_completion(&outage->begun);
}

/**
 * puck_recover_end_outage - let a device go on that was reset
 * @puck: the device; its configuration space is as it was
 *
 * If that reset did nothing, the one here does.
 *
 * Context: as puck_recover_begin_outage().
 */
void puck_recover_end_outage(struct puck_device *puck)
{
	complete(&puck->outage.over);
	flush_work(&puck->outage.work);
}

static bool puck_recover_is_ours(struct puck_device *puck, struct drm_gpu_scheduler *sched)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		if (sched == &puck->ring[i]->sched)
			return true;
	return false;
}

/**
 * puck_recover_give_up - give jobs up that somebody cannot wait for any longer
 * @puck: the device
 * @resv: where their fences are
 *
 * A puck_give_up_fn. To the job that is first in a ring happens what would when its time is over.
 * That may be another one than those in question, in front of them.
 */
void puck_recover_give_up(struct puck_device *puck, struct dma_resv *resv)
{
	struct drm_sched_fence *s_fence;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, resv, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		s_fence = to_drm_sched_fence(fence);
		/* A scheduler is there as long as it has jobs that are not over. */
		if (s_fence && !dma_fence_is_signaled(fence) &&
		    puck_recover_is_ours(puck, s_fence->sched))
			drm_sched_fault(s_fence->sched);
	}
	dma_resv_iter_end(&cursor);
}

/**
 * puck_recover_init - prepare the recovery of a ring
 * @ring: the ring
 */
void puck_recover_init(struct puck_ring *ring)
{
	INIT_WORK(&ring->reset_work, puck_recover_work);
}
