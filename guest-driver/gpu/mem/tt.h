/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of BOs: where they come from, and their mapping for the device.
 */
#ifndef PUCK_TT_H
#define PUCK_TT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

#include <drm/ttm/ttm_tt.h>

struct device;
struct page;
struct puck_mem;
struct sg_table;
struct ttm_buffer_object;
struct ttm_device;
struct ttm_operation_ctx;

/**
 * struct puck_hold - pages that importers have mapped
 * @refs: one of the BO, as long as the pages are its own, and one of each mapping
 * @mem: of the device
 * @ttm: what TTM's pool is to get back with the last reference; without pages as long as the
 *       BO has them
 * @pages: room for @ttm's
 *
 * An importer that is told of a move unmaps when its device is done, which is not when the move
 * is. A page does not become somebody else's before.
 */
struct puck_hold {
	struct kref refs;
	struct puck_mem *mem;
	struct ttm_tt ttm;
	struct page *pages[];
};

/**
 * struct puck_tt - the pages of a BO
 * @ttm: base
 * @bo: the BO; only good while it has none of them yet
 * @mem: of the device
 * @sgt: the pages as the device sees them, NULL if it does not
 * @node: in puck_mem.tts, while @sgt is ours
 * @hold: what importers have mapped; NULL if none of them has had these pages
 * @spare: in puck_mem.spares; of pages that are no BO's
 * @single: pages are taken one by one
 * @left: the BO is in VRAM, or about to be, and has them no more
 * @cpu: the CPU may have written the pages since it was given them: they are newer than what
 *       the device sees
 * @moved: the device has written them in a move, and the CPU has not been given them since
 */
struct puck_tt {
	struct ttm_tt ttm;
	struct ttm_buffer_object *bo;
	struct puck_mem *mem;
	struct sg_table *sgt;
	struct list_head node;
	struct puck_hold *hold;
	struct list_head spare;
	bool single;
	bool left;
	bool cpu;
	bool moved;
};

static inline struct puck_tt *to_puck_tt(struct ttm_tt *ttm)
{
	return container_of(ttm, struct puck_tt, ttm);
}

struct ttm_tt *puck_tt_create(struct ttm_buffer_object *tbo, u32 page_flags);
int puck_tt_populate(struct ttm_device *bdev, struct ttm_tt *ttm, struct ttm_operation_ctx *ctx);
void puck_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *ttm);
void puck_tt_destroy(struct ttm_device *bdev, struct ttm_tt *ttm);

void puck_tt_give_back(struct puck_tt *tt);

int puck_tt_bind(struct puck_tt *tt);
void puck_tt_unbind(struct puck_tt *tt);
void puck_tt_unbind_all(struct puck_mem *mem);
void puck_tt_wipe(struct puck_tt *tt, u64 offset, u64 length);
void puck_tt_sync_for_cpu(struct puck_tt *tt, bool write);
void puck_tt_sync_for_device(struct puck_tt *tt);

struct puck_hold *puck_tt_hold(struct puck_tt *tt);
void puck_hold_put(struct puck_hold *hold);

struct sg_table *puck_tt_pages_table(struct page **pages, unsigned long count,
				     struct device *dev);
struct sg_table *puck_tt_table(struct ttm_tt *ttm, struct device *dev);
void puck_tt_free_table(struct sg_table *sgt);
void puck_tt_flush(struct device *dev);

void puck_tt_manager_init(struct puck_mem *mem);
void puck_tt_manager_fini(struct puck_mem *mem);

#endif /* PUCK_TT_H */
