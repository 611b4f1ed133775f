// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who keeps the device awake. What is done when it falls asleep and wakes up is in pm.c.
 */
#include <linux/hardirq.h>
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/sched/mm.h>

#include <drm/drm_drv.h>

#include "core/awake.h"
#include "core/device.h"

/* Of an idle device; user space may change it. */
#define PUCK_AWAKE_DELAY_MS	100

/*
 * Whoever wakes the device up waits for what is done about that, and for its falling asleep if that
 * is under way. For lockdep that is a lock which both have.
 */
#ifdef CONFIG_LOCKDEP
static struct lock_class_key puck_awake_key;
static struct lockdep_map puck_awake_map = STATIC_LOCKDEP_MAP_INIT("puck_awake", &puck_awake_key);
#endif

/**
 * puck_awake_changes - the device is about to fall asleep or to wake up
 *
 * Until puck_awake_changed(), by the same task.
 */
void puck_awake_changes(void)
{
	lock_map_acquire(&puck_awake_map);
}

/**
 * puck_awake_changed - it has, or has refused to
 */
void puck_awake_changed(void)
{
	lock_map_release(&puck_awake_map);
}

/**
 * puck_awake_get - have the device be awake until puck_awake_put()
 * @puck: the device; it may have gone, and then nothing is to be had but a count
 *
 * Context: may sleep, and allocate memory: so not in the way of a fence. dma_resv locks may be
 * held.
 * Return: 0; why it cannot be woken up.
 */
int puck_awake_get(struct puck_device *puck)
{
	struct device *dev = puck->drm.dev;
	int ret;

	might_sleep();
	might_alloc(GFP_KERNEL);
	puck_awake_changes();
	puck_awake_changed();
	ret = pm_runtime_get_sync(dev);
	if (ret >= 0 || drm_dev_is_unplugged(&puck->drm))
		return 0;
	pm_runtime_put_noidle(dev);
	return ret;
}

/**
 * puck_awake_hold - the same for a device that somebody keeps awake just now
 * @puck: the device
 *
 * Context: any.
 */
void puck_awake_hold(struct puck_device *puck)
{
	pm_runtime_get_noresume(puck->drm.dev);
}

/**
 * puck_awake_put - let the device fall asleep when it has been idle for a while
 * @puck: the device
 *
 * Context: any.
 */
void puck_awake_put(struct puck_device *puck)
{
	pm_runtime_mark_last_busy(puck->drm.dev);
	pm_runtime_put_autosuspend(puck->drm.dev);
}

/**
 * puck_awake_enter - drm_dev_enter() for those who need the device to be awake
 * @puck: the device
 * @idx: for puck_awake_exit()
 *
 * Context: as puck_awake_get().
 * Return: true if there is a device, and it is awake, until puck_awake_exit().
 */
bool puck_awake_enter(struct puck_device *puck, int *idx)
{
	if (!drm_dev_enter(&puck->drm, idx))
		return false;
	if (!puck_awake_get(puck))
		return true;
	drm_dev_exit(*idx);
	return false;
}

/**
 * puck_awake_exit - undo puck_awake_enter()
 * @puck: the device
 * @idx: from there
 *
 * Context: any.
 */
void puck_awake_exit(struct puck_device *puck, int idx)
{
	puck_awake_put(puck);
	drm_dev_exit(idx);
}

/**
 * puck_awake_begin - let user space decide whether the device sleeps
 * @puck: the device, bound
 *
 * Until it writes "auto" to power/control it does not. What is lent by pci_p2pdma is used without
 * the driver's knowledge, and there is no sleep for a device that cannot tell.
 */
void puck_awake_begin(struct puck_device *puck)
{
	struct device *dev = puck->drm.dev;

	/* VRAM does not outlast the sleep of the machine, whatever the device's own state is. */
	dev_pm_set_driver_flags(dev, DPM_FLAG_NO_DIRECT_COMPLETE);
	puck->dozes = puck->pdev->pm_cap && !puck->vram_lent;
	if (!puck->dozes)
		return;
	pm_runtime_set_autosuspend_delay(dev, PUCK_AWAKE_DELAY_MS);
	pm_runtime_use_autosuspend(dev);
	/* The reference that the PCI core has taken for the probe. */
	puck_awake_put(puck);
}

/**
 * puck_awake_end - undo puck_awake_begin()
 * @puck: the device, which the PCI core has woken up
 */
void puck_awake_end(struct puck_device *puck)
{
	struct device *dev = puck->drm.dev;

	if (!puck->dozes)
		return;
	pm_runtime_get_noresume(dev);
	pm_runtime_dont_use_autosuspend(dev);
}

#ifdef CONFIG_PROVE_LOCKING
/**
 * puck_awake_check - complain of who is about to touch a device that nobody keeps awake
 * @puck: the device
 *
 * That it happens to be awake is no excuse. Interrupts are: one that comes has a cause, and the
 * device does not fall asleep before they are over.
 *
 * Context: any.
 */
void puck_awake_check(struct puck_device *puck)
{
	struct device *dev = puck->drm.dev;

	WARN_ON_ONCE(READ_ONCE(puck->asleep));
	WARN_ON_ONCE(!in_hardirq() && pm_runtime_enabled(dev) && pm_runtime_active(dev) &&
		     !atomic_read(&dev->power.usage_count));
}
#endif
