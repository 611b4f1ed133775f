/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of processes: how the device's mapping goes when they do, and how they are found anew.
 */
#ifndef PUCK_USERPAGES_H
#define PUCK_USERPAGES_H

#include <linux/dma-direction.h>
#include <linux/lockdep.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/puck_drm.h>

#include "core/device.h"
#include "mem/mem.h"

struct page;
struct puck_bo;
struct sg_table;

/**
 * struct puck_userptr - memory of a process
 * @notifier: tells of pages that go; unless they are pinned. Its mm is set if it is in use
 * @bo: the BO
 * @mem: of the device
 * @start: first address
 * @npages: how many
 * @flags: DRM_PUCK_USERPTR_*
 * @look_up: makes a look-up one step. Outside of the mmap_lock
 * @next: what was found last, not mapped yet, or NULL
 * @next_seq: when
 * @sgt: what the device sees, or saw last; or NULL. Changes under the dma_resv lock as well, so
 *       whoever holds that may read it
 * @seq: when that was found
 * @mapped: @sgt is mapped for the device
 * @cpu: the CPU may have written since it was handed the pages: what they hold is newer than
 *       what the device sees
 * @pages: pinned, or NULL
 * @mm: whose pinned pages these count as, or NULL
 */
struct puck_userptr {
	struct mmu_interval_notifier notifier;
	struct puck_bo *bo;
	struct puck_mem *mem;
	unsigned long start;
	unsigned long npages;
	u32 flags;
	struct mutex look_up;		/* a look-up */
	struct sg_table *next;
	unsigned long next_seq;
	struct sg_table *sgt;
	unsigned long seq;
	bool mapped;
	bool cpu;
	struct page **pages;
	struct mm_struct *mm;
};

static inline bool puck_userptr_writes(const struct puck_userptr *u)
{
	return !(u->flags & DRM_PUCK_USERPTR_READONLY);
}

static inline enum dma_data_direction puck_userptr_dir(const struct puck_userptr *u)
{
	return puck_userptr_writes(u) ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
}

static inline struct device *puck_userptr_dev(const struct puck_userptr *u)
{
	return u->mem->puck->drm.dev;
}

static inline bool puck_userptr_is_fresh(struct puck_userptr *u, unsigned long seq)
{
	lockdep_assert_held(&u->mem->notifier_lock);

	return u->flags & DRM_PUCK_USERPTR_PIN || !mmu_interval_read_retry(&u->notifier, seq);
}

static inline bool puck_userptr_is_usable(struct puck_userptr *u)
{
	return u->mapped && puck_userptr_is_fresh(u, u->seq);
}

void puck_userpages_unmap(struct puck_userptr *u);
int puck_userpages_watch(struct puck_userptr *u);
int puck_userpages_look_up(struct puck_userptr *u);
int puck_userpages_pin(struct puck_userptr *u);
void puck_userpages_unpin(struct puck_userptr *u);

#endif /* PUCK_USERPAGES_H */
