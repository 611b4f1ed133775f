/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that a move should have filled, and did not.
 */
#ifndef PUCK_WIPE_H
#define PUCK_WIPE_H

#include <linux/types.h>

struct puck_device;
struct puck_gpu_seg;
struct puck_tt;

/**
 * struct puck_wipe - memory that a job is to fill, all of it, and that nobody has cleared: it has
 * in it what others left there
 * @length: bytes; 0 if there is no such memory, and then nothing else counts
 * @tt: whose pages it is, which stay as long as the job's fence is to come; NULL: it is VRAM
 * @offset: of the bytes in @tt
 * @segs: the bytes in VRAM, as the device reads of them; there as long as the device
 * @nsegs: entries in @segs
 */
struct puck_wipe {
	u64 length;
	struct puck_tt *tt;
	u64 offset;
	const struct puck_gpu_seg *segs;
	u32 nsegs;
};

bool puck_wipe(struct puck_device *puck, const struct puck_wipe *wipe);

#endif /* PUCK_WIPE_H */
