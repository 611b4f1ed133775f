/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that BOs lie in: TTM's device, its managers, and what mem/ shares for one device.
 */
#ifndef PUCK_MEM_H
#define PUCK_MEM_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_resource.h>

#include "mem/move.h"
#include "mem/vram.h"

struct dma_resv;
struct drm_file;
struct drm_printer;
struct puck_bo;
struct puck_device;
struct shrinker;

/* Of times between 0 and 2^29 us, and all that are longer. */
#define PUCK_USERPTR_BUCKETS	31

/**
 * typedef puck_give_up_fn - give jobs up that somebody cannot wait for any longer
 * @puck: the device
 * @resv: where their fences are; those of others come by themselves
 *
 * Context: may be in memory reclaim: nothing is allocated and no lock is taken. The fences come
 * soon after it, with an error, or because they were about to.
 */
typedef void (*puck_give_up_fn)(struct puck_device *puck, struct dma_resv *resv);

/**
 * typedef puck_end_fn - have the device forget a BO that nobody uses any more
 * @bo: with puck_bo.res
 *
 * Context: any that may sleep; it is done later. puck_gem_fini() is the end of it.
 */
typedef void (*puck_end_fn)(struct puck_bo *bo);

/**
 * typedef puck_expose_fn - have what the device draws into a BO be in its memory from here on
 * @bo: with puck_bo.res
 *
 * Context: process; no dma_resv lock is held. What was drawn before comes there by a job, whose
 * WRITE fence is in the BO's dma_resv behind this.
 * Return: 0; -EOPNOTSUPP if there is no saying how it would lie there; another negative errno.
 */
typedef int (*puck_expose_fn)(struct puck_bo *bo);

/**
 * struct puck_mem - what BOs of one device lie in
 * @ttm: TTM's device
 * @puck: the device
 * @tt: manager of TTM_PL_TT: pages that are mapped for the device
 * @vram: manager of TTM_PL_VRAM
 * @transfer: moves bytes by the device; set before there are users
 * @give_up: gives jobs up; set before there are users
 * @end: has the device forget BOs; set before there are any that it knows
 * @expose: has the device write what it draws into BOs where all see it; likewise
 * @guard: of validating; see puck_lock()
 * @bar_lock: held, shared, by whoever maps VRAM for the CPU, and alone while BAR 2 shows none
 * @notifier_lock: of memory of processes; see userptr.c. Taken in memory reclaim
 * @no_peers: VRAM is mapped for no other device; who maps looks at it with the BO's dma_resv lock
 *            held
 * @tt_lock: held by whoever unmaps pages without drm_dev_enter(), that is after
 *           drm_dev_unplug()
 * @tts: struct puck_tt.node, all whose pages are mapped; puck_device.list_lock
 * @pages: in all of them, mapped or not, that came from the kernel
 * @spare_lock: protects the next four. A leaf
 * @spares: struct puck_tt.spare, pages that nobody has; the newest first
 * @spare_pages: in all of these; may be read without the lock
 * @spares_taken: how often a BO took some
 * @spare_since: when the last of them came, in jiffies
 * @spare_work: gives them back
 * @imported: bytes in BOs that are others', drivers' or processes'
 * @shrinker: or NULL
 * @userptr_took: times for which memory of processes was held up before it went, in us: element
 *                n has those below 2^n
 * @userptr_worst: the longest
 * @userptr_given_up: how often a job was given up for that
 */
struct puck_mem {
	struct ttm_device ttm;
	struct puck_device *puck;
	struct ttm_resource_manager tt;
	struct puck_vram vram;
	puck_transfer_fn transfer;
	puck_give_up_fn give_up;
	puck_end_fn end;
	puck_expose_fn expose;
	struct rw_semaphore guard;
	struct rw_semaphore bar_lock;
	struct rw_semaphore notifier_lock;
	bool no_peers;
	struct mutex tt_lock;		/* unmapping after the unplug */
	struct list_head tts;
	atomic_long_t pages;
	spinlock_t spare_lock;		/* the next four */
	struct list_head spares;
	unsigned long spare_pages;
	unsigned long spares_taken;
	unsigned long spare_since;
	struct delayed_work spare_work;
	atomic64_t imported;
	struct shrinker *shrinker;
	atomic64_t userptr_took[PUCK_USERPTR_BUCKETS];
	atomic64_t userptr_worst;
	atomic64_t userptr_given_up;
};

static inline struct puck_mem *ttm_to_puck_mem(struct ttm_device *ttm)
{
	return container_of(ttm, struct puck_mem, ttm);
}

int puck_mem_init(struct puck_device *puck);
void puck_mem_settle(struct puck_mem *mem);
u64 puck_mem_used(struct puck_mem *mem, u32 region);
int puck_mem_evict_vram(struct puck_mem *mem);
void puck_mem_unmap(struct puck_mem *mem);
void puck_mem_hide_vram(struct puck_mem *mem);
void puck_mem_show_vram(struct puck_mem *mem);
void puck_mem_print(struct drm_printer *p, struct drm_file *file);

#endif /* PUCK_MEM_H */
