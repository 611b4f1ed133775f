// SPDX-License-Identifier: GPL-2.0-only
/*
 * Video memory: a buddy allocator of pages. A BO's blocks lie where there is room, so they
 * are a list for the device, as scattered pages are.
 *
 * Nobody sees what another left. What the next owner of blocks begins with is a transfer always,
 * which fills all of them with his own or with zeroes, and for which his jobs and the CPU wait by
 * its KERNEL fence. It may fail, when a reset hits it, and still nothing shows: mem/wipe.c.
 *
 * When a BO ends the blocks that it has are cleared, by the device, so that its bytes do not lie
 * about. That may fail, and nobody relies on it. When it moves away it takes with it what it has:
 * the blocks that it leaves are not cleared, as an eviction would write half as many bytes again,
 * and are what they were until the next owner comes.
 *
 * Blocks are free for others at once, even while the copy out of them is to come, or their
 * clearing: there is no fence to wait for, since all transfers of a device are done one after the
 * other (struct puck_transfer), and what comes into them is behind what goes out.
 *
 * Other devices may have blocks mapped, through BAR 2 (mem/peer.c). Such blocks are left by
 * their BO like any others, but become free with the last mapping: what an IOMMU still shows to
 * a device is nobody else's.
 */
#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_placement.h>

#include "core/device.h"
#include "mem/mem.h"
#include "mem/move.h"
#include "mem/vram.h"

/* Of a table: its lengths have 32 bits. */
#define PUCK_VRAM_PIECE_MAX	SZ_1G
/* How long those who have blocks mapped that their BO has left may take to unmap them. */
#define PUCK_VRAM_PATIENCE	(15 * HZ)

/**
 * struct puck_vram_res - blocks of VRAM
 * @base: base; TTM has done with it when the BO has left the blocks
 * @vram: the manager
 * @blocks: struct gpu_buddy_block.link
 * @sgt: the same for the device: offsets and lengths, no pages
 * @users: one for the BO, as long as it is there, and one for each mapping; puck_vram.lock
 * @held: the BO has left them to those who have them mapped; puck_vram.lock
 * @moved: what is in them is on its way to where the BO is now; written before the BO leaves them
 */
struct puck_vram_res {
	struct ttm_resource base;
	struct puck_vram *vram;
	struct list_head blocks;
	struct sg_table sgt;
	unsigned int users;
	bool held;
	bool moved;
};

static struct puck_vram *to_puck_vram(struct ttm_resource_manager *man)
{
	return container_of(man, struct puck_vram, base);
}

static struct puck_vram_res *to_puck_vram_res(struct ttm_resource *res)
{
	return container_of(res, struct puck_vram_res, base);
}

/* The table of a list of blocks; each takes one entry, or more if it is very long. */
static int puck_vram_make_table(struct puck_vram *vram, struct puck_vram_res *res)
{
	struct gpu_buddy_block *block;
	struct scatterlist *sg;
	unsigned int count = 0;
	int ret;

	list_for_each_entry(block, &res->blocks, link)
		count += DIV_ROUND_UP_ULL(gpu_buddy_block_size(&vram->buddy, block),
					  PUCK_VRAM_PIECE_MAX);
	ret = sg_alloc_table(&res->sgt, count, GFP_KERNEL);
	if (ret)
		return ret;

	sg = res->sgt.sgl;
	list_for_each_entry(block, &res->blocks, link) {
		u64 offset = gpu_buddy_block_offset(block);
		u64 left = gpu_buddy_block_size(&vram->buddy, block);

		for (; left; sg = sg_next(sg)) {
			sg_dma_address(sg) = offset;
			sg_dma_len(sg) = min_t(u64, left, PUCK_VRAM_PIECE_MAX);
			offset += sg_dma_len(sg);
			left -= sg_dma_len(sg);
		}
	}
	return 0;
}

/* Pages up to which a place reaches. */
static u64 puck_vram_end(struct puck_vram *vram, const struct ttm_place *place)
{
	u64 all = vram->base.size >> PAGE_SHIFT;

	return place->lpfn ? min_t(u64, place->lpfn, all) : all;
}

/*
 * Whether nobody may have VRAM any more. Without bus mastering a wedged device still works
 * on what lies in VRAM. Its jobs are over for everybody else, who may free their BOs: so
 * their blocks go to nobody until it is reset, which the next probe does. Those who keep
 * them see what their own jobs still write.
 */
static bool puck_vram_is_retired(struct puck_vram *vram)
{
	return READ_ONCE(vram->mem->puck->wedged);
}

static int puck_vram_take_blocks(struct puck_vram *vram, struct puck_vram_res *res,
				 const struct ttm_place *place)
{
	u64 start = (u64)place->fpfn << PAGE_SHIFT;
	u64 end = puck_vram_end(vram, place) << PAGE_SHIFT;
	unsigned long flags = 0;
	/* The lock is taken in memory reclaim as well, by whoever drops a BO there. */
	unsigned int nofs = memalloc_nofs_save();
	int ret = -ENOSPC;

	if (start || end != vram->base.size)
		flags |= GPU_BUDDY_RANGE_ALLOCATION;
	else if (vram->visible < vram->base.size)
		/* What the CPU can see is kept for those BOs that it looks at. */
		flags |= GPU_BUDDY_TOPDOWN_ALLOCATION;
	mutex_lock(&vram->lock);
	if (!puck_vram_is_retired(vram) && end > start && res->base.size <= end - start)
		ret = gpu_buddy_alloc_blocks(&vram->buddy, start, end, res->base.size, PAGE_SIZE,
					     &res->blocks, flags);
	mutex_unlock(&vram->lock);
	memalloc_nofs_restore(nofs);
	return ret;
}

static void puck_vram_give_blocks(struct puck_vram *vram, struct puck_vram_res *res)
{
	mutex_lock(&vram->lock);
	if (puck_vram_is_retired(vram))
		list_splice_tail(&res->blocks, &vram->lost);
	else
		gpu_buddy_free_list(&vram->buddy, &res->blocks, 0);
	if (res->held) {
		WRITE_ONCE(vram->held, vram->held - res->base.size);
		WRITE_ONCE(vram->returns, vram->returns + 1);
	}
	mutex_unlock(&vram->lock);
}

static int puck_vram_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *tbo,
			   const struct ttm_place *place, struct ttm_resource **out)
{
	struct puck_vram *vram = to_puck_vram(man);
	struct puck_vram_res *res = kzalloc(sizeof(*res), GFP_KERNEL);
	int ret;

	if (!res)
		return -ENOMEM;
	INIT_LIST_HEAD(&res->blocks);
	res->vram = vram;
	res->users = 1;
	ttm_resource_init(tbo, place, &res->base);
	ret = puck_vram_take_blocks(vram, res, place);
	if (ret)
		goto err_resource;
	ret = puck_vram_make_table(vram, res);
	if (ret)
		goto err_blocks;
	res->base.start = sg_dma_address(res->sgt.sgl) >> PAGE_SHIFT;
	*out = &res->base;
	return 0;

err_blocks:
	puck_vram_give_blocks(vram, res);
err_resource:
	ttm_resource_fini(man, &res->base);
	kfree(res);
	return ret;
}

/* Behind all that came into the blocks or went out of them, and before what comes next. */
static void puck_vram_clear(struct puck_vram *vram, struct puck_vram_res *res)
{
	struct puck_transfer transfer = {
		.dst = { .sgt = &res->sgt, .vram = true },
		.size = res->base.size,
	};
	struct dma_fence *fence = puck_mem_transfer(vram->mem, &transfer);

	/* Without it they are what they were: the next owner writes over all of them. */
	if (!IS_ERR(fence))
		dma_fence_put(fence);
}

/* Nobody has the blocks any more. */
static void puck_vram_give_back(struct puck_vram_res *res)
{
	struct puck_vram *vram = res->vram;

	if (!res->moved)
		puck_vram_clear(vram, res);
	puck_vram_give_blocks(vram, res);
	wake_up_all(&vram->returned);
	sg_free_table(&res->sgt);
	kfree(res);
}

static void puck_vram_free(struct ttm_resource_manager *man, struct ttm_resource *base)
{
	struct puck_vram *vram = to_puck_vram(man);
	struct puck_vram_res *res = to_puck_vram_res(base);
	bool last;

	ttm_resource_fini(man, base);
	mutex_lock(&vram->lock);
	last = !--res->users;
	if (!last) {
		res->held = true;
		WRITE_ONCE(vram->held, vram->held + base->size);
	}
	mutex_unlock(&vram->lock);
	if (last)
		puck_vram_give_back(res);
}

/**
 * puck_vram_moves - tell that a BO is about to leave blocks, and where it goes has all that it had
 * @base: of puck_vram
 *
 * Context: with the BO's dma_resv lock held; the copy is queued.
 */
void puck_vram_moves(struct ttm_resource *base)
{
	to_puck_vram_res(base)->moved = true;
}

/**
 * puck_vram_hold - have blocks stay what they are, also when the BO leaves them
 * @base: of puck_vram
 *
 * Context: with the BO's dma_resv lock held.
 * Return: to be given to puck_vram_put().
 */
struct puck_vram_res *puck_vram_hold(struct ttm_resource *base)
{
	struct puck_vram_res *res = to_puck_vram_res(base);

	mutex_lock(&res->vram->lock);
	res->users++;
	mutex_unlock(&res->vram->lock);
	return res;
}

/**
 * puck_vram_put - let go of blocks
 * @res: from puck_vram_hold(); the caller has them mapped for nobody any more
 *
 * Context: may sleep; dma_resv locks may be held.
 */
void puck_vram_put(struct puck_vram_res *res)
{
	bool last;

	mutex_lock(&res->vram->lock);
	last = !--res->users;
	mutex_unlock(&res->vram->lock);
	if (last)
		puck_vram_give_back(res);
}

/**
 * puck_vram_returns - count how often blocks came back that BOs had left to others
 * @vram: the manager
 *
 * Return: for puck_vram_wait().
 */
u64 puck_vram_returns(struct puck_vram *vram)
{
	return READ_ONCE(vram->returns);
}

/* Whether there is room that was not there, or none that could come. No lock: see wait_event(). */
static bool puck_vram_is_settled(struct puck_vram *vram, u64 seen)
{
	return READ_ONCE(vram->returns) != seen || !READ_ONCE(vram->held);
}

/**
 * puck_vram_wait - wait for blocks that BOs have left to others
 * @vram: the manager
 * @seen: what puck_vram_returns() said before there was no room
 *
 * Those who have them mapped let go of them when their own fences are signalled.
 *
 * Context: may sleep, with no dma_resv lock held.
 * Return: 0 if some came back, so that it is worth while to try again; -ENOSPC if there are none
 * or they do not come; -ERESTARTSYS.
 */
int puck_vram_wait(struct puck_vram *vram, u64 seen)
{
	long left = wait_event_interruptible_timeout(vram->returned,
						     puck_vram_is_settled(vram, seen),
						     PUCK_VRAM_PATIENCE);
	bool came;

	if (left < 0)
		return left;
	mutex_lock(&vram->lock);
	came = vram->returns != seen;
	mutex_unlock(&vram->lock);
	return came ? 0 : -ENOSPC;
}

/**
 * puck_vram_held - see how much BOs have left to others
 * @vram: the manager
 *
 * Return: bytes.
 */
u64 puck_vram_held(struct puck_vram *vram)
{
	u64 held;

	mutex_lock(&vram->lock);
	held = vram->held;
	mutex_unlock(&vram->lock);
	return held;
}

/* Bytes of @base that are in @place. */
static u64 puck_vram_overlap(struct ttm_resource_manager *man, struct ttm_resource *base,
			     const struct ttm_place *place)
{
	struct puck_vram_res *res = to_puck_vram_res(base);
	u64 start = (u64)place->fpfn << PAGE_SHIFT;
	u64 end = puck_vram_end(to_puck_vram(man), place) << PAGE_SHIFT;
	struct scatterlist *sg;
	u64 bytes = 0;
	int i;

	for_each_sgtable_dma_sg(&res->sgt, sg, i) {
		u64 first = max_t(u64, sg_dma_address(sg), start);
		u64 last = min_t(u64, sg_dma_address(sg) + sg_dma_len(sg), end);

		if (first < last)
			bytes += last - first;
	}
	return bytes;
}

static bool puck_vram_intersects(struct ttm_resource_manager *man, struct ttm_resource *base,
				 const struct ttm_place *place, size_t size)
{
	return puck_vram_overlap(man, base, place);
}

static bool puck_vram_compatible(struct ttm_resource_manager *man, struct ttm_resource *base,
				 const struct ttm_place *place, size_t size)
{
	return puck_vram_overlap(man, base, place) == base->size;
}

static void puck_vram_debug(struct ttm_resource_manager *man, struct drm_printer *p)
{
	struct puck_vram *vram = to_puck_vram(man);

	mutex_lock(&vram->lock);
	drm_printf(p, "  visible: %llu\n", vram->visible);
	drm_printf(p, "  lent: %llu\n", vram->mem->puck->vram_lent);
	drm_printf(p, "  retired: %d\n", puck_vram_is_retired(vram));
	drm_printf(p, "  held: %llu\n", vram->held);
	drm_printf(p, "  free: %llu\n", vram->buddy.avail);
	drm_buddy_print(&vram->buddy, p);
	mutex_unlock(&vram->lock);
}

static const struct ttm_resource_manager_func puck_vram_func = {
	.alloc = puck_vram_alloc,
	.free = puck_vram_free,
	.intersects = puck_vram_intersects,
	.compatible = puck_vram_compatible,
	.debug = puck_vram_debug,
};

/* What is not for BOs is somewhere in the middle. */
static int puck_vram_leave_out(struct puck_vram *vram)
{
	u64 start = vram->visible, size = vram->mem->puck->vram_lent;

	if (!size)
		return 0;
	return gpu_buddy_alloc_blocks(&vram->buddy, start, start + size, size, PAGE_SIZE,
				      &vram->lost, GPU_BUDDY_RANGE_ALLOCATION);
}

/**
 * puck_vram_init - let TTM know of VRAM
 * @mem: of the device
 *
 * Return: 0 or a negative errno.
 */
int puck_vram_init(struct puck_mem *mem)
{
	struct puck_vram *vram = &mem->vram;
	int ret;

	vram->mem = mem;
	vram->visible = mem->puck->vram_visible;
	mutex_init(&vram->lock);
	init_waitqueue_head(&vram->returned);
	INIT_LIST_HEAD(&vram->lost);
	ret = gpu_buddy_init(&vram->buddy, mem->puck->vram_size, PAGE_SIZE);
	if (ret)
		return ret;
	ret = puck_vram_leave_out(vram);
	if (ret) {
		gpu_buddy_fini(&vram->buddy);
		return ret;
	}
	vram->base.func = &puck_vram_func;
	ttm_resource_manager_init(&vram->base, &mem->ttm, mem->puck->vram_size);
	ttm_set_driver_manager(&mem->ttm, TTM_PL_VRAM, &vram->base);
	ttm_resource_manager_set_used(&vram->base, true);
	return 0;
}

/**
 * puck_vram_fini - undo puck_vram_init()
 * @mem: of the device; no BO is left
 */
void puck_vram_fini(struct puck_mem *mem)
{
	struct puck_vram *vram = &mem->vram;

	ttm_resource_manager_set_used(&vram->base, false);
	ttm_resource_manager_cleanup(&vram->base);
	ttm_set_driver_manager(&mem->ttm, TTM_PL_VRAM, NULL);
	gpu_buddy_free_list(&vram->buddy, &vram->lost, 0);
	gpu_buddy_fini(&vram->buddy);
	mutex_destroy(&vram->lock);
}

/**
 * puck_vram_where - blocks of VRAM as the device sees them
 * @res: of puck_vram
 *
 * Return: where they are; good for as long as @res is.
 */
struct puck_where puck_vram_where(struct ttm_resource *res)
{
	return (struct puck_where) { .sgt = &to_puck_vram_res(res)->sgt, .vram = true };
}

/**
 * puck_vram_is_visible - see whether the CPU can look at blocks
 * @vram: the manager
 * @res: of @vram
 *
 * Return: true if all of them are within BAR 2.
 */
bool puck_vram_is_visible(struct puck_vram *vram, struct ttm_resource *res)
{
	struct ttm_place place = { .lpfn = vram->visible >> PAGE_SHIFT };

	return puck_vram_compatible(&vram->base, res, &place, res->size);
}

/**
 * puck_vram_offset - where a byte is
 * @res: of puck_vram
 * @offset: within @res
 *
 * Return: offset in VRAM.
 */
u64 puck_vram_offset(struct ttm_resource *res, u64 offset)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(&to_puck_vram_res(res)->sgt, sg, i) {
		if (offset < sg_dma_len(sg))
			return sg_dma_address(sg) + offset;
		offset -= sg_dma_len(sg);
	}
	WARN_ON_ONCE(1);
	return 0;
}
