// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a move should have filled, and did not, is cleared by the CPU.
 *
 * What a BO moves to is not cleared beforehand: the copy writes over all of it. Should the copy
 * fail, the BO must not show what others had there. The device fills it with zeroes then
 * (puck_job_fall_back()); this here is for when it cannot do that either, or is gone. It is
 * done before the fence of the move is signalled: up to then everybody waits who could look.
 */
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include <drm/drm_drv.h>

#include "abi/puck_gpu.h"
#include "core/device.h"
#include "mem/tt.h"
#include "mem/wipe.h"

/* False if the CPU does not reach all of it. */
static bool puck_wipe_vram(struct puck_device *puck, const struct puck_wipe *wipe)
{
	bool all = true;
	u32 i;

	if (!puck->vram_map)
		return false;
	for (i = 0; i < wipe->nsegs; i++) {
		u64 addr = le64_to_cpu(wipe->segs[i].addr);
		u64 end = addr + le32_to_cpu(wipe->segs[i].len);

		all = all && end <= puck->vram_visible;
		end = min(end, puck->vram_visible);
		if (addr < end)
			memset_io(puck->vram_map + addr, 0, end - addr);
		cond_resched();
	}
	return all;
}

/**
 * puck_wipe - clear memory by the CPU
 * @puck: the device, which does nothing with that memory any more
 * @wipe: the memory
 *
 * Without the device nobody sees VRAM, so that is left alone then.
 *
 * Context: may sleep; in the way of a fence: allocates nothing, and takes no lock but
 * puck_mem.tt_lock.
 * Return: true if nothing is left there of what was; false if some of it is VRAM that only the
 * device can reach.
 */
bool puck_wipe(struct puck_device *puck, const struct puck_wipe *wipe)
{
	bool all = true;
	int idx;

	if (wipe->tt) {
		puck_tt_wipe(wipe->tt, wipe->offset, wipe->length);
	} else if (drm_dev_enter(&puck->drm, &idx)) {
		all = puck_wipe_vram(puck, wipe);
		drm_dev_exit(idx);
	}
	return all;
}
