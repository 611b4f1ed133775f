// SPDX-License-Identifier: GPL-2.0-only
/*
 * All rings of a device together: made, given memory, started.
 */
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "core/device.h"
#include "sched/dump.h"
#include "sched/ring.h"
#include "sched/rings.h"
#include "sched/sched.h"

/*
 * The end of the DRM device: no file, no client and no job is left. The rings'
 * memory itself goes with the last fence.
 */
static void puck_rings_release(struct drm_device *dev, void *data)
{
	struct puck_device *puck = to_puck_device(dev);

	while (puck->num_rings) {
		struct puck_ring *ring = puck->ring[--puck->num_rings];

		puck_sched_fini(ring);
		puck_ring_put(ring);
	}
	destroy_workqueue(puck->reset_wq);
}

/**
 * puck_rings_create - make the rings and their schedulers
 * @puck: the device
 * @info: what it says of each that the driver can use
 * @num: entries in @info
 *
 * They go with the DRM device.
 *
 * Return: 0 or -ENOMEM.
 */
int puck_rings_create(struct puck_device *puck, const struct puck_ring_info *info, u32 num)
{
	struct puck_ring *ring;
	int ret;

	ret = puck_dump_init(puck);
	if (ret)
		return ret;
	/* Fences wait for it, and memory reclaim for fences. */
	puck->reset_wq = alloc_ordered_workqueue("puck %s reset", WQ_MEM_RECLAIM,
						 dev_name(puck->drm.dev));
	if (!puck->reset_wq)
		return -ENOMEM;
	ret = drmm_add_action_or_reset(&puck->drm, puck_rings_release, NULL);
	if (ret)
		return ret;

	while (puck->num_rings < num) {
		ring = puck_ring_create(puck, &info[puck->num_rings]);
		if (!ring)
			return -ENOMEM;
		ret = puck_sched_init(ring);
		if (ret) {
			puck_ring_put(ring);
			return ret;
		}
		puck->ring[puck->num_rings++] = ring;
	}
	return 0;
}

/**
 * puck_rings_find - look for a ring by the number that the hardware gives it
 * @puck: the device
 * @index: number of the ring
 *
 * Return: the ring; NULL if there is none that the driver uses.
 */
struct puck_ring *puck_rings_find(struct puck_device *puck, u32 index)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		if (puck->ring[i]->index == index)
			return puck->ring[i];
	return NULL;
}

/**
 * puck_rings_find_nth - look for a ring by its number among those of a kind
 * @puck: the device
 * @kind: PUCK_GPU_KIND_*
 * @nth: from 0
 *
 * Return: the ring or NULL.
 */
struct puck_ring *puck_rings_find_nth(struct puck_device *puck, u32 kind, u32 nth)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		if (puck->ring[i]->kind == kind && !nth--)
			return puck->ring[i];
	return NULL;
}

/**
 * puck_rings_count - how many rings of a kind there are
 * @puck: the device
 * @kind: PUCK_GPU_KIND_*
 *
 * Return: their number.
 */
u32 puck_rings_count(struct puck_device *puck, u32 kind)
{
	u32 i, count = 0;

	for (i = 0; i < puck->num_rings; i++)
		if (puck->ring[i]->kind == kind)
			count++;
	return count;
}

/**
 * puck_rings_free - free the memory that the hardware used
 * @puck: the device, reset; nothing happens for rings that have none
 */
void puck_rings_free(struct puck_device *puck)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		puck_ring_free(puck->ring[i]);
}

/**
 * puck_rings_alloc - allocate the memory that the hardware uses
 * @puck: the device
 *
 * Return: 0, or -ENOMEM with nothing left.
 */
int puck_rings_alloc(struct puck_device *puck)
{
	int ret;
	u32 i;

	for (i = 0; i < puck->num_rings; i++) {
		ret = puck_ring_alloc(puck->ring[i]);
		if (ret) {
			puck_rings_free(puck);
			return ret;
		}
	}
	return 0;
}

/**
 * puck_rings_start - enable all rings
 * @puck: the device, reset
 *
 * Return: 0 or a negative errno.
 */
int puck_rings_start(struct puck_device *puck)
{
	int ret;
	u32 i;

	for (i = 0; i < puck->num_rings; i++) {
		ret = puck_ring_start(puck->ring[i]);
		if (ret) {
			dev_err(puck->drm.dev, "ring %u does not start: %d\n",
				puck->ring[i]->index, ret);
			return ret;
		}
		puck_ring_number(puck->ring[i]);
	}
	return 0;
}

/* The completion stage of a ring. */
static void puck_ring_save(struct puck_ring *ring)
{
	if (!(ring->puck->features & PUCK_GPU_FEATURE_STAGE))
		return;
	/* All ones are no settings. */
	if (puck_ring_read(ring, PUCK_GPU_RING_CTRL) == ~0u)
		return;

	ring->saved.start_delay = puck_ring_read64(ring, PUCK_GPU_RING_START_DELAY);
	ring->saved.delay = puck_ring_read64(ring, PUCK_GPU_RING_DELAY);
	ring->saved.jitter = puck_ring_read64(ring, PUCK_GPU_RING_JITTER);
	ring->saved.seed = puck_ring_read64(ring, PUCK_GPU_RING_SEED);
	ring->saved.hold = puck_ring_read(ring, PUCK_GPU_RING_HOLD);
}

/* As puck_ring_save() found it. */
static void puck_ring_restore(struct puck_ring *ring)
{
	if (!(ring->puck->features & PUCK_GPU_FEATURE_STAGE))
		return;
	puck_ring_write64(ring, PUCK_GPU_RING_START_DELAY, ring->saved.start_delay);
	puck_ring_write64(ring, PUCK_GPU_RING_DELAY, ring->saved.delay);
	puck_ring_write64(ring, PUCK_GPU_RING_JITTER, ring->saved.jitter);
	puck_ring_write64(ring, PUCK_GPU_RING_SEED, ring->saved.seed);
	puck_ring_write(ring, PUCK_GPU_RING_HOLD, ring->saved.hold);
}

/**
 * puck_rings_save - remember what a reset of the device would lose
 * @puck: the device
 */
void puck_rings_save(struct puck_device *puck)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		puck_ring_save(puck->ring[i]);
}

/**
 * puck_rings_restore - set a device that was reset as puck_rings_save() found it
 * @puck: the device; its rings are off
 */
void puck_rings_restore(struct puck_device *puck)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		puck_ring_restore(puck->ring[i]);
	puck_write(puck, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ALL);
}
