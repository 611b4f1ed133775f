// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine sleeps and wakes. Jobs in the hardware are waited for, jobs in the
 * queues go on when the device is there again.
 *
 * And the device sleeps alone, when nobody keeps it awake (core/awake.c). It keeps all that it has
 * then, so nothing is to be saved. Nobody is waited for: who has a job under way has a reference.
 */
#include <linux/interrupt.h>
#include <linux/pm.h>
#include <linux/timer.h>
#include <linux/wait.h>

#include <drm/drm_print.h>

#include "core/awake.h"
#include "core/device.h"
#include "kms/init.h"
#include "mem/mem.h"
#include "pm.h"
#include "sched/irq.h"
#include "sched/mover.h"
#include "sched/recover.h"
#include "sched/ring.h"
#include "sched/rings.h"

/* How often recovery may get in between before the machine stays awake. */
#define PUCK_QUIET_TRIES	4

static bool puck_ring_is_idle(struct puck_ring *ring)
{
	bool idle;

	spin_lock_irq(&ring->lock);
	idle = list_empty(&ring->inflight);
	spin_unlock_irq(&ring->lock);
	return idle;
}

static void puck_start_scheds(struct puck_device *puck)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		drm_sched_wqueue_start(&puck->ring[i]->sched);
}

/* New jobs wait in their queues from here on, those in the ring are waited for. */
static int puck_drain_rings(struct puck_device *puck)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		drm_sched_wqueue_stop(&puck->ring[i]->sched);
	for (i = 0; i < puck->num_rings; i++) {
		struct puck_ring *ring = puck->ring[i];

		if (!wait_event_timeout(ring->idle, puck_ring_is_idle(ring),
					READ_ONCE(ring->sched.timeout))) {
			drm_err(&puck->drm, "ring %u does not get idle\n", ring->index);
			return -EBUSY;
		}
	}
	return 0;
}

/* Wait for whoever may queue a recovery, then for the recoveries. */
static unsigned int puck_silence_rings(struct puck_device *puck)
{
	unsigned int recoveries = 0;
	u32 i;

	puck_write(puck, PUCK_GPU_IRQ_ENABLE, 0);
	puck_irq_synchronize(puck);
	for (i = 0; i < puck->num_rings; i++) {
		struct puck_ring *ring = puck->ring[i];

		timer_delete_sync(&ring->fallback);
		/*
		 * Nothing is in flight, so nothing is late. But a job that ended
		 * is the scheduler's until free_job was called for it, which does
		 * not happen now, and its time runs on.
		 */
		cancel_delayed_work_sync(&ring->sched.work_tdr);
		flush_work(&ring->reset_work);
		recoveries += READ_ONCE(ring->recoveries);
	}
	return recoveries;
}

/*
 * Each ring empty, its scheduler stopped, and nobody left who would touch the
 * hardware or start the scheduler. A recovery does both, and has to be let
 * through: it is what ends a job that is late. So begin again after one.
 */
static int puck_quiesce(struct puck_device *puck)
{
	unsigned int seen = 0, recoveries, tries;
	int ret;
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		seen += READ_ONCE(puck->ring[i]->recoveries);
	for (tries = 0; tries < PUCK_QUIET_TRIES; tries++) {
		ret = puck_drain_rings(puck);
		if (ret)
			return ret;
		recoveries = puck_silence_rings(puck);
		if (recoveries == seen)
			return 0;
		seen = recoveries;
		puck_write(puck, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ALL);
	}
	drm_err(&puck->drm, "one error after the other: no sleep\n");
	return -EBUSY;
}

/* Nothing to be done, and nothing that its interrupts would have done. */
static bool puck_ring_is_quiet(struct puck_ring *ring)
{
	bool quiet;

	spin_lock_irq(&ring->lock);
	quiet = list_empty(&ring->inflight) && (!ring->halted || ring->dead);
	spin_unlock_irq(&ring->lock);
	return quiet && !work_busy(&ring->reset_work);
}

static bool puck_rings_are_quiet(struct puck_device *puck)
{
	bool quiet = true;
	u32 i;

	for (i = 0; quiet && i < puck->num_rings; i++)
		quiet = puck_ring_is_quiet(puck->ring[i]);
	return quiet;
}

/* Causes that were set meanwhile are told of now. */
static void puck_wake(struct puck_device *puck)
{
	WRITE_ONCE(puck->asleep, false);
	puck_write(puck, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ALL);
	if (puck->display)
		puck->display->wake(puck->kms);
}

static int puck_doze(struct puck_device *puck)
{
	if (puck->display && !puck->display->doze(puck->kms))
		return -EBUSY;
	puck_write(puck, PUCK_GPU_IRQ_ENABLE, 0);
	WRITE_ONCE(puck->asleep, true);
	/* Behind that nobody looks for errors, so no ring is found to be halted. */
	puck_irq_synchronize(puck);
	if (!puck_rings_are_quiet(puck)) {
		puck_wake(puck);
		return -EBUSY;
	}
	puck_mem_unmap(puck->mem);
	return 0;
}

/*
 * The PCI core does the rest behind this, and before puck_runtime_resume(). Whoever holds a
 * dma_resv lock may be waiting for us.
 */
static int puck_runtime_suspend(struct device *dev)
{
	int ret;

	puck_awake_changes();
	ret = puck_doze(dev_get_drvdata(dev));
	puck_awake_changed();
	return ret;
}

/* Of a device that has gone meanwhile everything reads as ones, as that of one that goes later. */
static int puck_runtime_resume(struct device *dev)
{
	puck_awake_changes();
	puck_wake(dev_get_drvdata(dev));
	puck_awake_changed();
	return 0;
}

/*
 * Before the first device of all sleeps: jobs of others that use VRAM, and stay in their queues
 * when those sleep, would be waited for in vain.
 */
static int puck_prepare(struct device *dev)
{
	struct puck_device *puck = dev_get_drvdata(dev);
	int ret;

	/* Until puck_complete(): its memory is moved before the PCI core would wake it up. */
	ret = puck_awake_get(puck);
	if (ret)
		return ret;
	/* What is shown is pinned in VRAM. */
	ret = puck_kms_suspend(puck);
	if (ret)
		goto err_awake;
	ret = puck_mem_evict_vram(puck->mem);
	if (ret)
		goto err_kms;
	return 0;

err_kms:
	puck_kms_resume(puck);
err_awake:
	puck_awake_put(puck);
	return ret;
}

/* Whether the machine has slept, or something would not let it. */
static void puck_complete(struct device *dev)
{
	struct puck_device *puck = dev_get_drvdata(dev);

	puck_kms_resume(puck);
	puck_awake_put(puck);
}

static int puck_suspend(struct device *dev)
{
	struct puck_device *puck = dev_get_drvdata(dev);
	int ret;

	/* VRAM may lose its power; somebody in the kernel may have come back to it meanwhile. */
	ret = puck_mem_evict_vram(puck->mem);
	/* Copies out of it need the rings. */
	if (!ret)
		ret = puck_mover_wait(puck);
	if (ret)
		return ret;
	ret = puck_quiesce(puck);
	if (ret) {
		puck_start_scheds(puck);
		return ret;
	}
	puck_rings_save(puck);
	if (puck->display)
		puck->display->hold(puck->kms);
	puck_device_reset(puck);
	return 0;
}

static int puck_resume(struct device *dev)
{
	struct puck_device *puck = dev_get_drvdata(dev);
	int ret;

	ret = puck_device_reset(puck);
	if (!ret) {
		puck_rings_restore(puck);
		puck_device_restore_roots(puck);
		ret = puck_rings_start(puck);
	}
	if (!ret && puck->display)
		puck->display->release(puck->kms);
	if (ret)
		puck_recover_wedge(puck, ret);
	puck_start_scheds(puck);
	if (ret)
		puck_recover_tell(puck);
	return ret;
}

const struct dev_pm_ops puck_pm_ops = {
	.prepare = pm_sleep_ptr(puck_prepare),
	.complete = pm_sleep_ptr(puck_complete),
	SYSTEM_SLEEP_PM_OPS(puck_suspend, puck_resume)
	RUNTIME_PM_OPS(puck_runtime_suspend, puck_runtime_resume, NULL)
};
