// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of processes as BOs.
 *
 * The pages are the process' and may go at any time. Whoever takes them away (munmap, fork,
 * reclaim, migration) calls puck_userptr_invalidate() first, which says so by a sequence number,
 * waits for the jobs that use them, takes the device's mapping away, and returns only when the
 * IOMMU knows nothing of them any more, either. The next job finds its number old, and looks the
 * memory up anew.
 *
 * That takes the mmap_lock, and may wait for whatever user space thinks of. So it is done with
 * nothing held and outside of drm_dev_enter() (puck_userptrs_again()), and what was found is
 * mapped under the BO's dma_resv lock (puck_userptr_prepare()). Both may have been overtaken when
 * the job is about to be armed: puck_userptr_begin() looks a last time, and until
 * puck_userptr_end() nobody can say anything new. Whoever was told of then has the job's fence
 * to wait for.
 *
 * What a lock protects here is puck_mem::notifier_lock, if nothing else is said.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

#include "mem/bo.h"
#include "mem/tt.h"
#include "mem/userpages.h"
#include "mem/userptr.h"

/**
 * puck_userptrs_drop - forget what has to be looked up
 * @stale: empty when this returns
 *
 * Context: any in which none of these references is the last one to its BO.
 */
void puck_userptrs_drop(struct puck_userptrs *stale)
{
	u32 i;

	for (i = 0; i < stale->count; i++)
		drm_gem_object_put(&stale->bos[i]->ttm.base);
	kfree(stale->bos);
	*stale = (struct puck_userptrs) { };
}

/* Memory that a job did not find as it was; -EFAULT if there is nothing, -ENOMEM, -ERESTARTSYS. */
static int puck_userptrs_look_up(struct puck_userptrs *stale)
{
	int ret = signal_pending(current) ? -ERESTARTSYS : 0;
	u32 i;

	for (i = 0; !ret && i < stale->count; i++)
		ret = puck_userpages_look_up(stale->bos[i]->userptr);
	puck_userptrs_drop(stale);
	return ret;
}

/**
 * puck_userptrs_again - see whether a call has to be tried once more
 * @stale: what puck_userptr_prepare() has found, if @ret says so; empty when this returns
 * @ret: of the call; where this returns false, what the caller is to be told
 *
 * Each time it gets a little further, unless somebody changes the memory all the time.
 *
 * Context: may sleep, for as long as user space likes; outside of drm_dev_enter(), with nothing
 * held.
 * Return: true if memory was not as it was, and has been looked up.
 */
bool puck_userptrs_again(struct puck_userptrs *stale, int *ret)
{
	if (*ret != PUCK_USERPTR_STALE)
		return false;
	*ret = puck_userptrs_look_up(stale);
	return !*ret;
}

/* ---- mapping, under the dma_resv lock ---- */

/**
 * puck_userptr_is_seen - tell whether the device sees a BO
 * @bo: of memory of a process
 *
 * Context: with the BO's dma_resv lock held. It may see it no more when this returns, but not
 * the other way round.
 */
bool puck_userptr_is_seen(struct puck_bo *bo)
{
	struct puck_userptr *u = bo->userptr;
	bool seen;

	down_read(&u->mem->notifier_lock);
	seen = puck_userptr_is_usable(u);
	up_read(&u->mem->notifier_lock);
	return seen;
}

/* What was looked up, if it is good still. */
static struct sg_table *puck_userptr_take(struct puck_userptr *u, unsigned long *seq)
{
	struct sg_table *sgt = NULL;

	down_write(&u->mem->notifier_lock);
	if (u->next && puck_userptr_is_fresh(u, u->next_seq)) {
		/* Whoever has made the old one stale has waited, and unmapped it. */
		WARN_ON_ONCE(u->mapped);
		swap(sgt, u->next);
		*seq = u->next_seq;
	}
	up_write(&u->mem->notifier_lock);
	return sgt;
}

/* For the next try; pinned pages are found once only. */
static void puck_userptr_put_back(struct puck_userptr *u, struct sg_table *sgt, unsigned long seq)
{
	down_write(&u->mem->notifier_lock);
	if (!u->next) {
		swap(sgt, u->next);
		u->next_seq = seq;
	}
	up_write(&u->mem->notifier_lock);
	if (sgt)
		puck_tt_free_table(sgt);
}

/* Which table those see that have the dma_resv lock. */
static void puck_userptr_show(struct puck_userptr *u, struct sg_table *sgt)
{
	struct ttm_buffer_object *tbo = &u->bo->ttm;

	dma_resv_assert_held(tbo->base.resv);

	tbo->sg = sgt;
	to_puck_tt(tbo->ttm)->sgt = sgt;
}

/* Takes the place of the old table; false if it was overtaken. */
static bool puck_userptr_use(struct puck_userptr *u, struct sg_table *sgt, unsigned long seq)
{
	struct sg_table *old;
	bool fresh;

	puck_userptr_show(u, NULL);
	down_write(&u->mem->notifier_lock);
	old = u->sgt;
	u->sgt = NULL;
	fresh = puck_userptr_is_fresh(u, seq);
	if (fresh) {
		dma_sync_sgtable_for_device(puck_userptr_dev(u), sgt, puck_userptr_dir(u));
		u->sgt = sgt;
		u->seq = seq;
		u->mapped = true;
		u->cpu = false;
	}
	up_write(&u->mem->notifier_lock);
	if (old)
		puck_tt_free_table(old);
	return fresh;
}

static int puck_userptr_map(struct puck_userptr *u)
{
	struct device *dev = puck_userptr_dev(u);
	struct sg_table *sgt;
	unsigned long seq;
	int ret;

	sgt = puck_userptr_take(u, &seq);
	if (!sgt)
		return PUCK_USERPTR_STALE;
	/* Others may map the same pages. With this the DMA API knows that we see to that. */
	ret = dma_map_sgtable(dev, sgt, puck_userptr_dir(u), DMA_ATTR_SKIP_CPU_SYNC);
	if (ret) {
		puck_userptr_put_back(u, sgt, seq);
		return ret;
	}
	if (!puck_userptr_use(u, sgt, seq))
		goto err_unmap;
	puck_userptr_show(u, sgt);
	/* VMs map it again before their next job by address. */
	drm_gpuvm_bo_gem_evict(&u->bo->ttm.base, true);
	return 0;

err_unmap:
	/* No job knows of it. The pages may be somebody else's already, and are not written. */
	dma_unmap_sgtable(dev, sgt, puck_userptr_dir(u), DMA_ATTR_SKIP_CPU_SYNC);
	puck_tt_free_table(sgt);
	return PUCK_USERPTR_STALE;
}

static int puck_userptrs_add(struct puck_userptrs *stale, struct puck_bo *bo)
{
	struct puck_bo **bos = krealloc_array(stale->bos, stale->count + 1, sizeof(*bos),
					      GFP_KERNEL);

	if (!bos)
		return -ENOMEM;
	drm_gem_object_get(&bo->ttm.base);
	bos[stale->count++] = bo;
	stale->bos = bos;
	return 0;
}

/**
 * puck_userptr_prepare_bo - have the device see a BO, if it is memory of a process
 * @bo: a BO, of that or not
 * @stale: it is added here if its memory has to be looked up first
 *
 * Context: inside drm_dev_enter(), in a puck_lock_fn, with the BO's dma_resv lock held.
 * Return: 0, also for those that have to be looked up; -ENOMEM and whatever the DMA API says.
 */
int puck_userptr_prepare_bo(struct puck_bo *bo, struct puck_userptrs *stale)
{
	int ret;

	dma_resv_assert_held(bo->ttm.base.resv);

	if (!bo->userptr || puck_userptr_is_seen(bo))
		return 0;
	ret = puck_userptr_map(bo->userptr);
	return ret == PUCK_USERPTR_STALE ? puck_userptrs_add(stale, bo) : ret;
}

/**
 * puck_userptr_prepare - have the device see all memory of processes that a job uses
 * @exec: all that the job uses is locked
 * @stale: empty; what has to be looked up first
 *
 * Context: as puck_userptr_prepare_bo().
 * Return: 0; PUCK_USERPTR_STALE if anything has to be looked up: everything is unlocked then,
 * puck_userptrs_again() called, and begun anew; or, with @stale empty, -ENOMEM and whatever
 * the DMA API says.
 */
int puck_userptr_prepare(struct drm_exec *exec, struct puck_userptrs *stale)
{
	struct drm_gem_object *obj;
	int ret;

	drm_exec_for_each_locked_object(exec, obj) {
		ret = puck_gem_is_bo(obj) ? puck_userptr_prepare_bo(to_puck_bo(obj), stale) : 0;
		if (ret) {
			/* @exec has references to all of them. */
			puck_userptrs_drop(stale);
			return ret;
		}
	}
	return stale->count ? PUCK_USERPTR_STALE : 0;
}

/**
 * puck_userptr_begin - the last look before a job is armed
 * @mem: of the device
 * @exec: all that the job uses is locked
 *
 * If all is well, it stays so until puck_userptr_end(), before which the job's fence is left with
 * all BOs. Nothing is allocated in between: memory reclaim may be waiting.
 *
 * Context: may sleep; the dma_resv locks are held.
 * Return: 0; PUCK_USERPTR_STALE if it has to be begun anew; no puck_userptr_end() then.
 */
int puck_userptr_begin(struct puck_mem *mem, struct drm_exec *exec)
{
	struct drm_gem_object *obj;

	down_read(&mem->notifier_lock);
	drm_exec_for_each_locked_object(exec, obj) {
		struct puck_userptr *u = puck_gem_is_bo(obj) ? to_puck_bo(obj)->userptr : NULL;

		if (u && !puck_userptr_is_usable(u)) {
			up_read(&mem->notifier_lock);
			return PUCK_USERPTR_STALE;
		}
	}
	return 0;
}

/**
 * puck_userptr_end - let others take memory away again
 * @mem: of the device
 */
void puck_userptr_end(struct puck_mem *mem)
{
	up_read(&mem->notifier_lock);
}

/**
 * puck_userptr_sync - hand memory of a process to the CPU, or to the device
 * @bo: of such memory
 * @for_cpu: to whom
 * @write: the CPU may write it
 *
 * Context: inside drm_dev_enter(), with the BO's dma_resv lock held.
 */
void puck_userptr_sync(struct puck_bo *bo, bool for_cpu, bool write)
{
	struct puck_userptr *u = bo->userptr;
	struct device *dev = puck_userptr_dev(u);

	dma_resv_assert_held(bo->ttm.base.resv);

	down_read(&u->mem->notifier_lock);
	if (u->mapped && for_cpu)
		dma_sync_sgtable_for_cpu(dev, u->sgt, puck_userptr_dir(u));
	else if (u->mapped)
		dma_sync_sgtable_for_device(dev, u->sgt, puck_userptr_dir(u));
	u->cpu = for_cpu && write;
	up_read(&u->mem->notifier_lock);
}

/**
 * puck_userptr_unmap - take memory of a process away from the device
 * @bo: a BO, of that or not; the device must be done with it
 *
 * Context: may sleep. Inside drm_dev_enter(), or after drm_dev_unplug().
 */
void puck_userptr_unmap(struct puck_bo *bo)
{
	struct puck_userptr *u = bo->userptr;

	if (!u)
		return;
	down_write(&u->mem->notifier_lock);
	puck_userpages_unmap(u);
	up_write(&u->mem->notifier_lock);
}

/* ---- beginning and end ---- */

static int puck_userptr_attach(struct puck_userptr *u)
{
	int ret;

	if (u->flags & DRM_PUCK_USERPTR_PIN)
		return puck_userpages_pin(u);
	ret = puck_userpages_watch(u);
	/* What cannot be had is said here, and not at the first job. */
	return ret ?: puck_userpages_look_up(u);
}

/**
 * puck_userptr_create - make a BO of memory of the calling process
 * @puck: the device
 * @args: the ioctl's argument; address, size and flags make sense
 *
 * Context: may sleep, for as long as user space likes; outside of drm_dev_enter().
 * Return: the BO, to be given to drm_gem_object_put(); or an ERR_PTR().
 */
struct puck_bo *puck_userptr_create(struct puck_device *puck,
				    const struct drm_puck_gem_userptr *args)
{
	struct puck_userptr *u = kzalloc(sizeof(*u), GFP_KERNEL);
	struct puck_bo *bo;
	int idx, ret;

	if (!u)
		return ERR_PTR(-ENOMEM);
	u->mem = puck->mem;
	u->start = args->addr;
	u->npages = args->size >> PAGE_SHIFT;
	u->flags = args->flags;
	mutex_init(&u->look_up);
	if (!drm_dev_enter(&puck->drm, &idx)) {
		ret = -ENODEV;
		goto err_free;
	}
	/* It owns @u from here on. */
	bo = puck_gem_make_userptr(puck, args->size, u);
	if (!IS_ERR(bo)) {
		u->bo = bo;
		puck_gem_link(puck, bo);
	}
	drm_dev_exit(idx);
	if (IS_ERR(bo))
		return bo;
	ret = puck_userptr_attach(u);
	if (!ret)
		return bo;
	drm_gem_object_put(&bo->ttm.base);
	return ERR_PTR(ret);

err_free:
	kfree(u);
	return ERR_PTR(ret);
}

/**
 * puck_userptr_is_readonly - tell whether jobs may not write a BO
 * @bo: a BO, of memory of a process or not
 */
bool puck_userptr_is_readonly(const struct puck_bo *bo)
{
	return bo->userptr && !puck_userptr_writes(bo->userptr);
}

/**
 * puck_userptr_fini - the end of memory of a process as a BO
 * @bo: of such memory; unmapped, its last reference is gone
 *
 * Context: may sleep; waits for whoever takes the pages away just now, who may wait for jobs: so
 * not where a fence depends on it, nor inside drm_dev_enter().
 */
void puck_userptr_fini(struct puck_bo *bo)
{
	struct puck_userptr *u = bo->userptr;

	if (u->notifier.mm)
		mmu_interval_notifier_remove(&u->notifier);
	WARN_ON_ONCE(u->mapped);
	if (u->next)
		puck_tt_free_table(u->next);
	if (u->sgt)
		puck_tt_free_table(u->sgt);
	puck_userpages_unpin(u);
	atomic64_sub(puck_bo_size(bo), &u->mem->imported);
	mutex_destroy(&u->look_up);
	kfree(u);
}

/**
 * puck_userptr_print - tell how long it took to give memory back
 * @m: where to
 * @mem: of the device
 */
void puck_userptr_print(struct seq_file *m, struct puck_mem *mem)
{
	s64 count, all = 0;
	u32 i;

	for (i = 0; i < PUCK_USERPTR_BUCKETS; i++) {
		count = atomic64_read(&mem->userptr_took[i]);
		all += count;
		if (count)
			seq_printf(m, "below %llu us: %lld\n", 1ull << i, count);
	}
	seq_printf(m, "invalidations %lld, worst %lld us, given up %lld\n", all,
		   (s64)atomic64_read(&mem->userptr_worst),
		   (s64)atomic64_read(&mem->userptr_given_up));
}
