/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Video memory: which blocks of it are whose.
 */
#ifndef PUCK_VRAM_H
#define PUCK_VRAM_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/ttm/ttm_resource.h>

#include "compat/buddy.h"
#include "mem/segs.h"

struct puck_mem;

/**
 * struct puck_vram - manager of TTM_PL_VRAM
 * @base: TTM's
 * @mem: of the device
 * @visible: bytes; the first ones, which the CPU sees
 * @lock: protects all below
 * @buddy: the blocks
 * @lost: blocks that nobody may have any more
 */
struct puck_vram {
	struct ttm_resource_manager base;
	struct puck_mem *mem;
	u64 visible;
	struct mutex lock;		/* what follows */
	struct gpu_buddy buddy;
	struct list_head lost;
};

int puck_vram_init(struct puck_mem *mem);
void puck_vram_fini(struct puck_mem *mem);
struct puck_where puck_vram_where(struct ttm_resource *res);
bool puck_vram_is_dirty(struct ttm_resource *res);
bool puck_vram_is_visible(struct puck_vram *vram, struct ttm_resource *res);
u64 puck_vram_offset(struct ttm_resource *res, u64 offset);

#endif /* PUCK_VRAM_H */
