// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locking BOs in order to bring them to their places.
 *
 * Who makes room in VRAM has to lock BOs that others may have locked, and to give up where
 * that could be a deadlock. So there may be room and it is not found. Who finds none tries
 * again alone, when nobody else holds several BOs: then he can wait for each.
 */
#include <linux/dma-resv.h>
#include <linux/math.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "core/device.h"
#include "mem/bo.h"
#include "mem/lock.h"
#include "mem/mem.h"

/* How often blocks of VRAM that others had may come back, and be no room in the end. */
#define PUCK_LOCK_TRIES		16
/* How often alone at least, and how long in between. */
#define PUCK_LOCK_LOOKS		4
#define PUCK_LOCK_PAUSE		DIV_ROUND_UP(HZ, 100)

static int puck_lock_all(struct puck_mem *mem, struct drm_exec *exec, puck_lock_fn place,
			 void *data, bool alone)
{
	bool again = false;
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		if (again)
			atomic64_inc(&mem->puck->backoffs);
		again = true;
		ret = place(exec, alone, data);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return ret;
}

static int puck_lock_try(struct puck_mem *mem, struct drm_exec *exec, u32 count,
			 puck_lock_fn place, void *data, bool alone)
{
	int ret;

	ret = alone ? down_write_killable(&mem->guard) : down_read_interruptible(&mem->guard);
	if (ret)
		return ret;
	/* It allocates room for hundreds of objects if it is told zero. */
	drm_exec_init(exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		      max(count, 1u));
	ret = puck_lock_all(mem, exec, place, data, alone);
	if (alone)
		downgrade_write(&mem->guard);
	if (ret)
		puck_unlock(mem, exec);
	return ret;
}

static bool puck_lock_found_no_room(int ret)
{
	return ret == -ENOSPC || ret == -ENOMEM;
}

/*
 * TTM passes over a BO whose last reference goes just now, and gives up where its ticket has to
 * back off, which a kernel with DEBUG_WW_MUTEX_SLOWPATH asks for without need. So one look is
 * not enough to say that there is nothing.
 */
static int puck_lock_pause(unsigned int looks)
{
	if (looks >= PUCK_LOCK_LOOKS)
		return -ENOSPC;
	schedule_timeout_interruptible(PUCK_LOCK_PAUSE);
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/**
 * puck_lock - lock BOs, and bring them to their places
 * @mem: of the device
 * @exec: to be initialised here; puck_unlock() unlocks
 * @count: about how many BOs there are
 * @place: does it
 * @data: for @place
 *
 * All locks are held by one ticket when the BOs are brought to their places, so none of them
 * drives another out. VRAM that was driven out of may be other devices' for a while: it is waited
 * for with no lock held.
 *
 * Context: process, inside drm_dev_enter(), with no dma_resv lock held.
 * Return: 0 with all of them locked; -EINTR, -ERESTARTSYS, and what @place may say. On errors
 * @exec is finished already.
 */
int puck_lock(struct puck_mem *mem, struct drm_exec *exec, u32 count, puck_lock_fn place,
	      void *data)
{
	int ret = puck_lock_try(mem, exec, count, place, data, false);
	unsigned int looks = 0;
	int waited = 0;
	u64 seen;

	while (puck_lock_found_no_room(ret) && !waited && looks < PUCK_LOCK_TRIES) {
		seen = puck_vram_returns(&mem->vram);
		ret = puck_lock_try(mem, exec, count, place, data, true);
		if (!puck_lock_found_no_room(ret))
			break;
		looks++;
		waited = puck_vram_wait(&mem->vram, seen);
		if (waited == -ENOSPC)
			waited = puck_lock_pause(looks);
	}
	return waited == -ERESTARTSYS ? waited : ret;
}

/**
 * puck_unlock - undo puck_lock()
 * @mem: of the device
 * @exec: of it
 */
void puck_unlock(struct puck_mem *mem, struct drm_exec *exec)
{
	drm_exec_fini(exec);
	up_read(&mem->guard);
}

/**
 * puck_lock_make_room - drive out what the caller has locked and does not need
 * @mem: of the device
 * @exec: what locked it
 * @needs: tells which BOs are to stay
 * @data: for @needs
 *
 * BOs that are private to a VM have one lock together, and whoever holds it for one of them
 * holds it for all. TTM does not drive out whom its caller holds.
 *
 * Context: in a puck_lock_fn that is alone, with all locked that it locks.
 * Return: as puck_bo_drive_out().
 */
int puck_lock_make_room(struct puck_mem *mem, struct drm_exec *exec, puck_lock_needs_fn needs,
			void *data)
{
	struct puck_bo *bo = NULL, *next;
	int ret = 0;

	while (!ret && (next = puck_bos_next(mem->puck, bo))) {
		if (bo)
			drm_gem_object_put(&bo->ttm.base);
		bo = next;
		if (bo->vm_resv && dma_resv_locking_ctx(bo->ttm.base.resv) == &exec->ticket &&
		    !needs(bo, data))
			ret = puck_bo_drive_out(bo);
	}
	if (bo)
		drm_gem_object_put(&bo->ttm.base);
	return ret;
}

/**
 * puck_lock_enter - keep those out who are alone
 * @mem: of the device
 *
 * A ticket that is older than that of somebody who makes room has him give up at each BO that
 * it holds. So whoever locks several BOs by one is in here, even if he brings none anywhere.
 *
 * Context: process, not interruptible, with no dma_resv lock held. puck_lock_leave() follows.
 */
void puck_lock_enter(struct puck_mem *mem)
{
	down_read(&mem->guard);
}

/**
 * puck_lock_leave - undo puck_lock_enter()
 * @mem: of the device
 */
void puck_lock_leave(struct puck_mem *mem)
{
	up_read(&mem->guard);
}

/**
 * puck_lock_reserve - have slots for fences in all that is locked
 * @exec: what locked it
 * @fences: how many in each
 *
 * A move takes a slot of those that there are, so this comes last.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int puck_lock_reserve(struct drm_exec *exec, unsigned int fences)
{
	struct drm_gem_object *obj;
	int ret;

	drm_exec_for_each_locked_object(exec, obj) {
		ret = dma_resv_reserve_fences(obj->resv, fences);
		if (ret)
			return ret;
	}
	return 0;
}
