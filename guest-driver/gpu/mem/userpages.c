// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of processes: how the device's mapping goes when they do, and how they are found anew.
 * What a lock protects is said in userptr.c, which has the rest.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mem/bo.h"
#include "mem/tt.h"
#include "mem/userpages.h"

static unsigned int puck_userptr_ms = 1000;
module_param_named(userptr_ms, puck_userptr_ms, uint, 0644);
MODULE_PARM_DESC(userptr_ms, "Time a job may hold up who takes memory of a process away, in ms");

/* After so many jobs were given up without success somebody should know. */
#define PUCK_USERPTR_TRIES	10

/* ---- pages that go ---- */

/* As long as they are mapped, nobody has got the pages: he would be waiting for us. */
static void puck_userptr_dirty(struct puck_userptr *u)
{
	struct sg_page_iter iter;

	for_each_sgtable_page(u->sgt, &iter, 0)
		set_page_dirty(sg_page_iter_page(&iter));
}

/**
 * puck_userpages_unmap - take pages away from the device, if it has them
 * @u: of a process; the device must be done with them
 *
 * When this returns the IOMMU knows nothing of them, either.
 *
 * Context: may sleep; the notifier_lock is held, alone.
 */
void puck_userpages_unmap(struct puck_userptr *u)
{
	struct device *dev = puck_userptr_dev(u);

	lockdep_assert_held_write(&u->mem->notifier_lock);

	if (!u->mapped)
		return;
	u->mapped = false;
	if (!u->cpu)
		dma_sync_sgtable_for_cpu(dev, u->sgt, puck_userptr_dir(u));
	dma_unmap_sgtable(dev, u->sgt, puck_userptr_dir(u), DMA_ATTR_SKIP_CPU_SYNC);
	puck_tt_flush(dev);
	/* Behind the last write of the device, and before anybody writes them back. */
	if (puck_userptr_writes(u) && !(u->flags & DRM_PUCK_USERPTR_PIN))
		puck_userptr_dirty(u);
}

/* Whom a process waits for that has waited in vain so long. */
static void puck_userptr_complain(struct puck_userptr *u)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, u->bo->ttm.base.resv, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
		if (!dma_fence_is_signaled(fence))
			dev_warn_ratelimited(puck_userptr_dev(u),
					     "memory at %#lx is held up by fence %llu:%llu\n",
					     u->start, fence->context, (u64)fence->seqno);
	dma_resv_iter_end(&cursor);
}

/* All jobs that may use the pages are known by their fences. Those that do not end are ended. */
static void puck_userptr_wait(struct puck_userptr *u)
{
	unsigned long patience = max(msecs_to_jiffies(READ_ONCE(puck_userptr_ms)), 1ul);
	struct dma_resv *resv = u->bo->ttm.base.resv;
	unsigned int tries = 0;

	while (!dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, false, patience)) {
		atomic64_inc(&u->mem->userptr_given_up);
		u->mem->give_up(u->mem->puck, resv);
		/* That should have been enough. */
		if (++tries == PUCK_USERPTR_TRIES)
			puck_userptr_complain(u);
	}
}

static void puck_userptr_count(struct puck_mem *mem, ktime_t begin)
{
	s64 us = ktime_us_delta(ktime_get(), begin);
	s64 worst = atomic64_read(&mem->userptr_worst);

	atomic64_inc(&mem->userptr_took[min(fls64(us), PUCK_USERPTR_BUCKETS - 1)]);
	while (us > worst && !atomic64_try_cmpxchg(&mem->userptr_worst, &worst, us))
		;
}

/* The owner of the pages waits for us, perhaps in memory reclaim: nothing is allocated. */
static bool puck_userptr_invalidate(struct mmu_interval_notifier *notifier,
				    const struct mmu_notifier_range *range, unsigned long seq)
{
	struct puck_userptr *u = container_of(notifier, struct puck_userptr, notifier);
	struct rw_semaphore *lock = &u->mem->notifier_lock;
	ktime_t begin = ktime_get();
	bool mapped;

	if (!mmu_notifier_range_blockable(range))
		return false;

	/* Pairs with puck_userptr_begin(): a job has left its fence, or sees the number. */
	down_write(lock);
	mmu_interval_set_seq(notifier, seq);
	mapped = u->mapped;
	up_write(lock);
	if (!mapped)
		return true;

	puck_userptr_wait(u);
	down_write(lock);
	puck_userpages_unmap(u);
	up_write(lock);
	puck_userptr_count(u->mem, begin);
	return true;
}

static const struct mmu_interval_notifier_ops puck_userptr_ops = {
	.invalidate = puck_userptr_invalidate,
};

/**
 * puck_userpages_watch - be told when pages go
 * @u: of the calling process; puck_userptr_fini() undoes it
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM and what else there may be.
 */
int puck_userpages_watch(struct puck_userptr *u)
{
	return mmu_interval_notifier_insert(&u->notifier, current->mm, u->start,
					    u->npages << PAGE_SHIFT, &puck_userptr_ops);
}

/* ---- looking up ---- */

/* Returns with page numbers that were right at @seq. */
static int puck_userptr_fault(struct puck_userptr *u, struct mm_struct *mm, unsigned long *pfns,
			      unsigned long *seq)
{
	struct hmm_range range = {
		.notifier = &u->notifier,
		.start = u->start,
		.end = u->start + (u->npages << PAGE_SHIFT),
		.hmm_pfns = pfns,
		.default_flags = HMM_PFN_REQ_FAULT |
				 (puck_userptr_writes(u) ? HMM_PFN_REQ_WRITE : 0),
	};
	int ret;

	do {
		if (signal_pending(current))
			return -ERESTARTSYS;
		range.notifier_seq = mmu_interval_read_begin(&u->notifier);
		mmap_read_lock(mm);
		ret = hmm_range_fault(&range);
		mmap_read_unlock(mm);
		/* It is busy as long as it is overtaken. */
	} while (ret == -EBUSY);
	*seq = range.notifier_seq;
	/* Nothing there, nothing to be had from there, or no right to write. */
	return ret && ret != -ENOMEM ? -EFAULT : ret;
}

static struct sg_table *puck_userptr_table(struct puck_userptr *u, unsigned long *pfns)
{
	/* A number of a page becomes the page, in place: both are as long. */
	struct page **pages = (struct page **)pfns;
	unsigned long i;

	static_assert(sizeof(*pages) == sizeof(*pfns));
	for (i = 0; i < u->npages; i++)
		pages[i] = hmm_pfn_to_page(pfns[i]);
	return puck_tt_pages_table(pages, u->npages, puck_userptr_dev(u));
}

/* False if it was overtaken. What is published, or not, is no more the caller's. */
static bool puck_userptr_publish(struct puck_userptr *u, struct sg_table *sgt, unsigned long seq)
{
	bool fresh;

	down_write(&u->mem->notifier_lock);
	fresh = puck_userptr_is_fresh(u, seq);
	if (fresh) {
		swap(u->next, sgt);
		u->next_seq = seq;
	}
	up_write(&u->mem->notifier_lock);
	if (sgt)
		puck_tt_free_table(sgt);
	return fresh;
}

static int puck_userptr_find(struct puck_userptr *u, struct mm_struct *mm, unsigned long *pfns)
{
	struct sg_table *sgt;
	unsigned long seq;
	int ret;

	do {
		ret = puck_userptr_fault(u, mm, pfns, &seq);
		if (ret)
			return ret;
		sgt = puck_userptr_table(u, pfns);
		if (IS_ERR(sgt))
			return PTR_ERR(sgt);
	} while (!puck_userptr_publish(u, sgt, seq));
	return 0;
}

/* As others may do at the same time: what they find serves as well. */
static bool puck_userptr_is_found(struct puck_userptr *u)
{
	bool found;

	down_read(&u->mem->notifier_lock);
	found = puck_userptr_is_usable(u) ||
		(u->next && puck_userptr_is_fresh(u, u->next_seq));
	up_read(&u->mem->notifier_lock);
	return found;
}

/**
 * puck_userpages_look_up - find the pages that a process has now
 * @u: where
 *
 * Context: may sleep, for as long as user space likes; with nothing held.
 * Return: 0, with what was found in @next, if it was not there already; -EFAULT; -ENOMEM;
 * -ERESTARTSYS.
 */
int puck_userpages_look_up(struct puck_userptr *u)
{
	struct mm_struct *mm = u->notifier.mm;
	unsigned long *pfns;
	int ret;

	/* Pinned pages are never looked for again. */
	if (WARN_ON_ONCE(!mm))
		return -EFAULT;
	/* Of a process that has ended, by another one that had the file from it. */
	if (!mmget_not_zero(mm))
		return -EFAULT;
	ret = mutex_lock_interruptible(&u->look_up);
	if (ret)
		goto put_mm;
	if (puck_userptr_is_found(u))
		goto unlock;
	ret = -ENOMEM;
	pfns = kvcalloc(u->npages, sizeof(*pfns), GFP_KERNEL);
	if (pfns)
		ret = puck_userptr_find(u, mm, pfns);
	kvfree(pfns);
unlock:
	mutex_unlock(&u->look_up);
put_mm:
	mmput(mm);
	return ret;
}

/* ---- pinning ---- */

static int puck_userptr_account(struct puck_userptr *u)
{
	struct mm_struct *mm = current->mm;
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_add_return(u->npages, &mm->pinned_vm) > limit && !capable(CAP_IPC_LOCK)) {
		atomic64_sub(u->npages, &mm->pinned_vm);
		return -ENOMEM;
	}
	mmgrab(mm);
	u->mm = mm;
	return 0;
}

static int puck_userptr_pin_pages(struct puck_userptr *u)
{
	unsigned int flags = FOLL_LONGTERM | (puck_userptr_writes(u) ? FOLL_WRITE : 0);
	unsigned long done = 0;
	int ret = 0;

	while (done < u->npages && ret >= 0) {
		if (signal_pending(current))
			ret = -ERESTARTSYS;
		else
			ret = pin_user_pages_fast(u->start + (done << PAGE_SHIFT),
						  u->npages - done, flags, u->pages + done);
		if (ret > 0)
			done += ret;
	}
	if (done == u->npages)
		return 0;
	unpin_user_pages(u->pages, done);
	return ret == -ENOMEM || ret == -ERESTARTSYS ? ret : -EFAULT;
}

/**
 * puck_userpages_pin - have the pages that a process has now, for good
 * @u: of the calling process; on errors, too, puck_userpages_unpin() is due
 *
 * Context: may sleep, for as long as user space likes.
 * Return: 0, with the pages in @next; -EFAULT; -ENOMEM; -ERESTARTSYS.
 */
int puck_userpages_pin(struct puck_userptr *u)
{
	struct sg_table *sgt;
	int ret;

	ret = puck_userptr_account(u);
	if (ret)
		return ret;
	u->pages = kvcalloc(u->npages, sizeof(*u->pages), GFP_KERNEL_ACCOUNT);
	if (!u->pages)
		return -ENOMEM;
	ret = puck_userptr_pin_pages(u);
	if (ret) {
		kvfree(u->pages);
		u->pages = NULL;
		return ret;
	}
	sgt = puck_tt_pages_table(u->pages, u->npages, puck_userptr_dev(u));
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	puck_userptr_publish(u, sgt, 0);
	return 0;
}

/**
 * puck_userpages_unpin - undo puck_userpages_pin(), or half of it
 * @u: of any process; unmapped
 *
 * Context: may sleep.
 */
void puck_userpages_unpin(struct puck_userptr *u)
{
	if (u->pages)
		unpin_user_pages_dirty_lock(u->pages, u->npages, puck_userptr_writes(u));
	kvfree(u->pages);
	if (u->mm) {
		atomic64_sub(u->npages, &u->mm->pinned_vm);
		mmdrop(u->mm);
	}
}
