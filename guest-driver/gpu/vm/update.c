// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of a VM's tables, as jobs.
 *
 * The device writes its tables itself: a COPY brings the changed entries from memory of the
 * update into the tables, a TLB_FLUSH drops what the device may have kept, and the fence
 * behind that says that nothing refers any more to what was taken away. That is kept by
 * the job until then: tables, and BOs that are not mapped any more.
 *
 * Two rules make that safe, and are all that orders updates and jobs (docs/locking.rst):
 *
 *  - a job that uses a VM waits for the updates of it that were submitted before;
 *  - an update that takes anything away waits for the jobs of the VM that were submitted
 *    before.
 *
 * So nothing that could use them runs while entries go or become something else.
 */
#include <linux/dma-resv.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "core/device.h"
#include "core/trace.h"
#include "mem/segs.h"
#include "sched/fence.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/ring.h"
#include "sched/sched.h"
#include "vm/update.h"
#include "vm/vm.h"

/* Commands of an update; one for which there is nothing to do stays a NOP. */
#define PUCK_UPDATE_COPY	0
#define PUCK_UPDATE_FLUSH	1
#define PUCK_UPDATE_CMDS	2

/* What is given back when the job goes: the device is done with it, or was not told of it. */
static void puck_update_gone(struct puck_job *job)
{
	struct puck_update *update = job->data;
	struct puck_vm *vm = update->vm;
	struct puck_page *page, *next_page;
	struct puck_va *va, *next;

	/*
	 * The fence is seen to be signalled before its callbacks are called, so this may be
	 * ahead of ours: the lock that the removal takes is held until it has been.
	 */
	if (update->armed)
		dma_fence_remove_callback(&job->fence->base, &update->done);
	puck_vm_tables_free(vm, &update->spare);
	puck_vm_tables_free(vm, &update->freed);
	list_for_each_entry_safe(page, next_page, &update->data, link)
		puck_page_free(&vm->pages, page);
	list_for_each_entry_safe(va, next, &update->vas, link)
		kfree(va);
	list_for_each_entry_safe(va, next, &update->gone, link) {
		if (va->base.gem.obj)
			drm_gem_object_put(va->base.gem.obj);
		kfree(va);
	}
	kfree(update);
	drm_gpuvm_put(&vm->base);
}

/**
 * puck_update_create - make an update that changes nothing
 * @vm: the VM
 * @client_id: of the DRM file, or 0
 *
 * Context: may sleep; inside drm_dev_enter().
 * Return: the update, to be armed and pushed, or discarded with its job; or an ERR_PTR().
 */
struct puck_update *puck_update_create(struct puck_vm *vm, u64 client_id)
{
	struct puck_update *update = kzalloc(sizeof(*update), GFP_KERNEL);
	struct puck_job *job;

	if (!update)
		return ERR_PTR(-ENOMEM);
	job = puck_job_create(vm->queue, PUCK_UPDATE_CMDS, 0, client_id);
	if (IS_ERR(job)) {
		kfree(update);
		return ERR_CAST(job);
	}
	drm_gpuvm_get(&vm->base);
	update->vm = vm;
	update->job = job;
	INIT_LIST_HEAD(&update->spare);
	INIT_LIST_HEAD(&update->freed);
	INIT_LIST_HEAD(&update->data);
	INIT_LIST_HEAD(&update->vas);
	INIT_LIST_HEAD(&update->gone);
	job->gone = puck_update_gone;
	job->data = update;
	return update;
}

/* Bytes of a table that one segment can have; whole entries. */
static u32 puck_update_run(struct puck_device *puck)
{
	return min_t(u32, PUCK_GPU_PAGE_SIZE, ALIGN_DOWN(puck->seg_len_max, sizeof(__le64)));
}

static int puck_update_reserve_tables(struct puck_update *update, u64 count)
{
	struct puck_pt_table *table;

	for (; count; count--) {
		table = puck_vm_table_alloc(update->vm);
		if (!table)
			return -ENOMEM;
		list_add_tail(&table->node, &update->spare);
		cond_resched();
	}
	return 0;
}

static int puck_update_reserve_data(struct puck_update *update, u64 count)
{
	struct puck_vm *vm = update->vm;
	struct puck_page *page;

	for (; count; count--) {
		page = puck_page_alloc(&vm->pages, vm->puck->page_pool);
		if (!page)
			return -ENOMEM;
		list_add_tail(&page->link, &update->data);
		cond_resched();
	}
	return 0;
}

static int puck_update_reserve_vas(struct puck_update *update, u64 count)
{
	struct puck_va *va;

	for (; count; count--) {
		va = kzalloc(sizeof(*va), GFP_KERNEL_ACCOUNT);
		if (!va)
			return -ENOMEM;
		list_add_tail(&va->link, &update->vas);
		cond_resched();
	}
	return 0;
}

/**
 * puck_update_reserve - allocate all that an update may take
 * @update: not armed yet
 * @need: how much
 *
 * Context: may sleep; inside drm_dev_enter(). The VM's dma_resv lock is held.
 * Return: 0; -E2BIG if it is more than one job can do; -ENOMEM.
 */
int puck_update_reserve(struct puck_update *update, const struct puck_update_need *need)
{
	struct puck_device *puck = update->vm->puck;
	u64 segs = need->written * DIV_ROUND_UP(PUCK_GPU_PAGE_SIZE, puck_update_run(puck));
	int ret;

	/* Before anything is allocated: whatever is asked for, so much and no more is. */
	if (segs > puck->segs_max || 2 * segs > PUCK_SEGS_PER_JOB)
		return -E2BIG;
	ret = puck_segs_alloc(puck, &update->job->segs, 2 * segs);
	if (!ret)
		ret = puck_update_reserve_tables(update, need->tables);
	if (!ret)
		ret = puck_update_reserve_data(update, need->written);
	if (!ret)
		ret = puck_update_reserve_vas(update, need->vas);
	return ret;
}

/**
 * puck_update_wait_for_jobs - do an update behind all jobs that use the VM by now
 * @update: not armed yet; takes something away
 *
 * Context: may sleep; the VM's dma_resv lock is held.
 * Return: 0 or -ENOMEM.
 */
int puck_update_wait_for_jobs(struct puck_update *update)
{
	return drm_sched_job_add_resv_dependencies(&update->job->base,
						   drm_gpuvm_resv(&update->vm->base),
						   DMA_RESV_USAGE_BOOKKEEP);
}

/**
 * puck_update_take_va - use one of the mappings that were reserved
 * @update: with enough of them
 *
 * Return: the mapping, of nothing yet.
 */
struct puck_va *puck_update_take_va(struct puck_update *update)
{
	struct puck_va *va = list_first_entry(&update->vas, struct puck_va, link);

	list_del_init(&va->link);
	return va;
}

/**
 * puck_update_drop_va - take a mapping out of the VM
 * @update: keeps its BO until the device is done with it
 * @va: not among the VM's mappings any more, but still among those of its BO
 *
 * Context: the dma_resv locks of the VM and of the BO are held.
 */
void puck_update_drop_va(struct puck_update *update, struct puck_va *va)
{
	if (va->base.gem.obj)
		drm_gem_object_get(va->base.gem.obj);
	drm_gpuva_unlink(&va->base);
	list_add_tail(&va->link, &update->gone);
}

/* Add the segments of one run of entries; returns how many segments these are. */
static u32 puck_update_add_run(struct puck_update *update, u32 index, u64 from, u64 to,
			       u32 bytes)
{
	struct puck_segs *segs = &update->job->segs;
	u32 run = puck_update_run(update->vm->puck), half = segs->room / 2, done, n;

	for (n = 0, done = 0; done < bytes; n++, done += run) {
		u32 len = min(bytes - done, run);
		struct puck_gpu_seg *src = &segs->list[index + n];
		struct puck_gpu_seg *dst = &segs->list[half + index + n];

		src->addr = cpu_to_le64(from + done);
		src->len = cpu_to_le32(len);
		src->flags = 0;
		dst->addr = cpu_to_le64(to + done);
		dst->len = cpu_to_le32(len);
		dst->flags = 0;
	}
	return n;
}

static void puck_update_write_tables(struct puck_update *update)
{
	struct puck_segs *segs = &update->job->segs;
	struct puck_gpu_cmd *cmd = &update->job->cmds[PUCK_UPDATE_COPY];
	struct puck_page *page = list_entry(&update->data, struct puck_page, link);
	struct puck_pt *pt = &update->vm->pt;
	struct puck_pt_table *table, *next;
	u32 count, first, n = 0;
	u64 length = 0;

	list_for_each_entry_safe(table, next, &pt->touched, node) {
		page = list_next_entry(page, link);
		count = puck_pt_write(pt, table, page->cpu, &first);
		n += puck_update_add_run(update, n, page->dma,
					 table->addr + first * sizeof(__le64),
					 count * sizeof(__le64));
		length += count * sizeof(__le64);
		cond_resched();
	}
	if (!n)
		return;
	segs->used = segs->room / 2 + n;
	cmd->opcode = cpu_to_le16(PUCK_GPU_CMD_COPY);
	cmd->src_list = cpu_to_le64(segs->dma);
	cmd->dst_list = cpu_to_le64(segs->dma + segs->room / 2 * sizeof(*segs->list));
	cmd->src_nsegs = cpu_to_le32(n);
	cmd->dst_nsegs = cpu_to_le32(n);
	cmd->length = cpu_to_le64(length);
}

/**
 * puck_update_write - write the commands of an update
 * @update: with as much reserved as it takes; all that it changes is changed in the VM
 *
 * Context: may sleep; the VM's dma_resv lock is held. Cannot fail.
 */
void puck_update_write(struct puck_update *update)
{
	struct puck_gpu_cmd *cmd = &update->job->cmds[PUCK_UPDATE_FLUSH];
	struct puck_vm *vm = update->vm;
	u64 va, length;

	drm_gpuvm_resv_assert_held(&vm->base);

	puck_pt_prune(&vm->pt, &update->freed);
	puck_update_write_tables(update);
	if (!puck_pt_flush(&vm->pt, &va, &length))
		return;
	cmd->opcode = cpu_to_le16(PUCK_GPU_CMD_TLB_FLUSH);
	cmd->src_list = cpu_to_le64(va);
	cmd->length = cpu_to_le64(length);
	cmd->vm = cpu_to_le32(vm->number);
}

/* Called before the scheduler hears of it, and so before anybody who waits for the update. */
static void puck_update_done(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	if (fence->error)
		puck_vm_lose(container_of(cb, struct puck_update, done)->vm);
}

/**
 * puck_update_arm - the point of no return for an update
 * @update: written; puck_sched_push() for its job has to follow
 * @exec: the VM and all BOs with mappings that change are locked, with a slot for a fence
 *
 * Context: process; the submit_lock of the VM's queue is held.
 * Return: the fence that is signalled when the device has the update; a reference.
 */
struct dma_fence *puck_update_arm(struct puck_update *update, struct drm_exec *exec)
{
	struct puck_job *job = update->job;
	struct puck_vm *vm = update->vm;
	struct dma_fence *fence;

	job->number = atomic64_inc_return(&job->ring->number);
	trace_puck_submit(job->puck->drm.dev, job->ring->index, job->number, PUCK_UPDATE_CMDS, 0);
	fence = puck_sched_arm(job);
	dma_fence_add_callback(&job->fence->base, &update->done, puck_update_done);
	update->armed = true;
	drm_gpuvm_resv_add_fence(&vm->base, exec, fence, DMA_RESV_USAGE_BOOKKEEP,
				 DMA_RESV_USAGE_BOOKKEEP);
	dma_fence_put(vm->last);
	vm->last = dma_fence_get(fence);
	vm->updates++;
	return fence;
}
