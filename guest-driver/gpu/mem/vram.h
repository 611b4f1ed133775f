/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Video memory: which blocks of it are whose.
 */
#ifndef PUCK_VRAM_H
#define PUCK_VRAM_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <drm/ttm/ttm_resource.h>

#include "compat/buddy.h"
#include "mem/segs.h"

struct puck_mem;
struct puck_vram_res;

/**
 * struct puck_vram - manager of TTM_PL_VRAM
 * @base: TTM's
 * @mem: of the device
 * @visible: bytes; the first ones, which BAR 2 shows and BOs may be in
 * @returned: woken when blocks came back
 * @lock: protects all below
 * @buddy: the blocks
 * @lost: blocks that nobody may have any more
 * @held: bytes that BOs have left and others have mapped; this and the next one may be read
 *        without the lock
 * @returns: how often such blocks came back
 */
struct puck_vram {
	struct ttm_resource_manager base;
	struct puck_mem *mem;
	u64 visible;
	wait_queue_head_t returned;
	struct mutex lock;		/* what follows */
	struct gpu_buddy buddy;
	struct list_head lost;
	u64 held;
	u64 returns;
};

int puck_vram_init(struct puck_mem *mem);
void puck_vram_fini(struct puck_mem *mem);
struct puck_where puck_vram_where(struct ttm_resource *res);
bool puck_vram_is_visible(struct puck_vram *vram, struct ttm_resource *res);
u64 puck_vram_offset(struct ttm_resource *res, u64 offset);

void puck_vram_moves(struct ttm_resource *base);
struct puck_vram_res *puck_vram_hold(struct ttm_resource *base);
void puck_vram_put(struct puck_vram_res *res);
u64 puck_vram_returns(struct puck_vram *vram);
int puck_vram_wait(struct puck_vram *vram, u64 seen);
u64 puck_vram_held(struct puck_vram *vram);

#endif /* PUCK_VRAM_H */
