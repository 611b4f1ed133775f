/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BOs that move.
 */
#ifndef PUCK_MOVE_H
#define PUCK_MOVE_H

#include <linux/types.h>

#include "mem/segs.h"

struct dma_fence;
struct dma_resv;
struct puck_device;
struct puck_mem;
struct puck_tt;
struct ttm_buffer_object;
struct ttm_operation_ctx;
struct ttm_place;
struct ttm_resource;

/**
 * struct puck_transfer - bytes for the device to move, or to clear
 * @resv: locked; all its fences come first. NULL: there are none, and nobody looks at @dst before
 *        another transfer has written over it
 * @src: where from; nowhere to fill @dst with zeroes
 * @dst: where to
 * @tt: whose pages @dst is; NULL: VRAM
 * @size: bytes; all that there is at @dst
 *
 * Nobody has cleared @dst. With @resv there are zeroes, or what was to be there, when the fence is
 * signalled, also with an error.
 */
struct puck_transfer {
	struct dma_resv *resv;
	struct puck_where src;
	struct puck_where dst;
	struct puck_tt *tt;
	u64 size;
};

/*
 * Who has the device do it. All transfers of a device are done one after the other, in the
 * order of the calls: mem/vram.c relies on that. Inside drm_dev_enter(). Returns a reference
 * to the fence of the end, or an ERR_PTR(): then nothing is done.
 */
typedef struct dma_fence *(*puck_transfer_fn)(struct puck_device *puck,
					      const struct puck_transfer *transfer);

struct dma_fence *puck_mem_transfer(struct puck_mem *mem, const struct puck_transfer *transfer);
int puck_move(struct ttm_buffer_object *tbo, bool evict, struct ttm_operation_ctx *ctx,
	      struct ttm_resource *new_res, struct ttm_place *hop);

#endif /* PUCK_MOVE_H */
