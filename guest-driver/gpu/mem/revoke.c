// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking dma-bufs back.
 *
 * A dma-buf may be revoked: importers are told, and map it no more; prime.c has what they have
 * mapped. That is what becomes of all of them when the driver lets go of the device.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/sched.h>

#include <drm/drm_gem.h>

#include "mem/bo.h"
#include "mem/prime.h"
#include "mem/revoke.h"

/*
 * Importers are told, as if the BO moved, but it is nowhere from now on: who maps it gets -ENODEV.
 * Their jobs that are under way are waited for, and what they have mapped then is taken away. All
 * that lasts for as long as the dma-buf is there. The device's own users notice nothing. A signal
 * that ends the waiting leaves the mappings.
 */
static int puck_revoke(struct puck_bo *bo, bool interruptible)
{
	struct dma_resv *resv = bo->ttm.base.resv;
	bool mapped;
	long left;

	dma_resv_lock(resv, NULL);
	if (!bo->exported) {
		dma_resv_unlock(resv);
		return -ENOENT;
	}
	bo->revoked = true;
	mapped = puck_prime_may_take_any(bo->exported);
	puck_prime_moves(bo);
	dma_resv_unlock(resv);
	if (!mapped)
		return 0;
	left = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, interruptible,
				     MAX_SCHEDULE_TIMEOUT);
	if (left < 0)
		return left;
	dma_resv_lock(resv, NULL);
	if (bo->exported)
		puck_prime_take_all(bo->exported);
	dma_resv_unlock(resv);
	return 0;
}

static bool puck_revoke_is_named(struct puck_bo *bo, unsigned long number)
{
	struct dma_resv *resv = bo->ttm.base.resv;
	bool named;

	dma_resv_lock(resv, NULL);
	named = bo->exported && (!number || bo->export_number == number);
	dma_resv_unlock(resv);
	return named;
}

/**
 * puck_revoke_named - revoke one dma-buf of a device, or all of them
 * @puck: the device
 * @number: puck_bo.export_number; zero: all there are
 * @interruptible: whether a signal ends the waiting; then mappings are left
 *
 * Context: may sleep, for as long as fences of the BOs are not signalled; no dma_resv lock is held.
 * Return: 0; -ENOENT if there is no dma-buf of that number; -ERESTARTSYS.
 */
int puck_revoke_named(struct puck_device *puck, unsigned long number, bool interruptible)
{
	struct puck_bo *bo = NULL, *next;
	int ret = number ? -ENOENT : 0;

	while (ret != -ERESTARTSYS && (next = puck_bos_next(puck, bo))) {
		if (bo)
			drm_gem_object_put(&bo->ttm.base);
		bo = next;
		if (puck_revoke_is_named(bo, number))
			ret = puck_revoke(bo, interruptible);
		/* It may have gone meanwhile. */
		if (!number && ret == -ENOENT)
			ret = 0;
	}
	if (bo)
		drm_gem_object_put(&bo->ttm.base);
	return ret;
}
