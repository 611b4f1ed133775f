// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a driver has pages of a process mapped for its device, and is not told, or does nothing,
 * when the process unmaps them. A job that is under way writes them when they are somebody else's.
 *
 * In Linux: "mm/khugepaged: invoke MMU notifiers in shmem/file collapse paths", f268f6cf875f
 * (v6.1): pages were taken out of page tables, and secondary MMUs went on using them.
 *
 * Oracle: a canary in the page. It is one of a file: that is its owner before and after, and no
 * page that the kernel gives to anybody comes to harm.
 */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "abi/puck_gpu.h"
#include "compat/shmem.h"
#include "core/late.h"
#include "core/scenario.h"

#define CANARY	0xc6
/* What the job stores: no byte of it is a canary's. */
#define TRACE	0x0badda7a

/**
 * struct lent - a page of a process that a device writes
 * @notifier: of the range
 * @late: the job
 * @run: what it is part of
 * @file: whose page it is
 * @page: the page, which the file keeps; a reference
 * @addr: where the process has it mapped; 0 if not
 * @dma: where the device sees it
 * @mapped: it does
 */
struct lent {
	struct mmu_interval_notifier notifier;
	struct puck_late late;
	struct puck_run *run;
	struct file *file;
	struct page *page;
	unsigned long addr;
	dma_addr_t dma;
	bool mapped;
};

static void unmap(struct lent *lent)
{
	if (lent->mapped)
		dma_unmap_page(lent->run->dev, lent->dma, PAGE_SIZE, DMA_FROM_DEVICE);
	lent->mapped = false;
}

/* The process is this one, and sees to nobody else changing its memory meanwhile. */
static int map_for_process(struct lent *lent)
{
	unsigned long addr;

	lent->file = shmem_file_setup("userptr", PAGE_SIZE, PUCK_SHMEM_NO_FLAGS);
	if (IS_ERR(lent->file))
		return PTR_ERR(lent->file);
	lent->page = shmem_read_mapping_page(lent->file->f_mapping, 0);
	if (IS_ERR(lent->page))
		return PTR_ERR(lent->page);
	addr = vm_mmap(lent->file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (IS_ERR_VALUE(addr))
		return addr;
	lent->addr = addr;
	return 0;
}

static int setup(struct puck_run *run)
{
	struct lent *lent = kzalloc(sizeof(*lent), GFP_KERNEL);
	int ret;

	if (!lent)
		return -ENOMEM;
	run->priv = lent;
	run->orig_nents = 1;
	run->nents = 1;
	lent->run = run;
	ret = map_for_process(lent);
	if (ret)
		return ret;
	lent->dma = dma_map_page(run->dev, lent->page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	ret = dma_mapping_error(run->dev, lent->dma);
	lent->mapped = !ret;
	return ret;
}

static int submit(struct puck_run *run, struct lent *lent)
{
	struct puck_client_seg seg = { .addr = lent->dma, .len = PAGE_SIZE };
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL,
		.dst = &seg,
		.ndst = 1,
		.length = PAGE_SIZE,
		.value = TRACE,
	};

	return puck_late_submit(run, &lent->late, dma_fence_context_alloc(1), 1, &job);
}

/* The page is its next owner's from here on. */
static int unmap_by_process(struct lent *lent)
{
	int ret = vm_munmap(lent->addr, PAGE_SIZE);

	if (ret)
		return ret;
	lent->addr = 0;
	memset(page_address(lent->page), CANARY, PAGE_SIZE);
	return 0;
}

static bool on_unmap(struct mmu_interval_notifier *notifier,
		     const struct mmu_notifier_range *range, unsigned long seq)
{
	struct lent *lent = container_of(notifier, struct lent, notifier);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mmu_interval_set_seq(notifier, seq);
	dma_fence_wait(lent->late.fence, false);
	unmap(lent);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = on_unmap,
};

static int buggy(struct puck_run *run)
{
	struct lent *lent = run->priv;
	int ret = submit(run, lent);

	if (!ret)
		ret = unmap_by_process(lent);
	puck_late_end(&lent->late);
	return ret;
}

static int fixed(struct puck_run *run)
{
	struct lent *lent = run->priv;
	int ret = submit(run, lent);

	if (!ret)
		ret = mmu_interval_notifier_insert(&lent->notifier, current->mm, lent->addr,
						   PAGE_SIZE, &notifier_ops);
	if (!ret)
		ret = unmap_by_process(lent);
	puck_late_end(&lent->late);
	return ret;
}

static void verdict(struct puck_run *run)
{
	struct lent *lent = run->priv;
	const u8 *bytes = page_address(lent->page), *dead;

	unmap(lent);
	dead = memchr_inv(bytes, CANARY, PAGE_SIZE);
	if (dead)
		puck_caught(run, "canary", "the process has unmapped it, and byte %zu is %#x",
			    (size_t)(dead - bytes), *dead);
}

static void teardown(struct puck_run *run)
{
	struct lent *lent = run->priv;

	if (!lent)
		return;
	if (lent->addr)
		vm_munmap(lent->addr, PAGE_SIZE);
	if (lent->notifier.mm)
		mmu_interval_notifier_remove(&lent->notifier);
	unmap(lent);
	puck_late_free(&lent->late);
	if (!IS_ERR_OR_NULL(lent->page))
		put_page(lent->page);
	if (!IS_ERR_OR_NULL(lent->file))
		fput(lent->file);
	kfree(lent);
}

const struct puck_scenario puck_userptr_not_waited = {
	.name = "userptr_not_waited",
	.mistake = "pages of a process unmapped under a job",
	.history = "f268f6cf875f (khugepaged)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.finding = "sync-missing",
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
