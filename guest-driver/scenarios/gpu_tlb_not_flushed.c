// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a page is taken out of the GPU's page tables and given away, and the GPU's TLB is not
 * flushed. Jobs that still know the address go on to the page, whatever its entry says.
 *
 * In Linux: i915, 7938d61591d3, "drm/i915: Flush TLBs before releasing backing store" (v5.17,
 * CVE-2022-0330). amdkfd had the flush, but gave the page back in front of it: 101b8104307e,
 * "drm/amdkfd: Move dma unmapping after TLB flush".
 *
 * Oracle: a canary in the page, once it is somebody else's. The GPU counts the stale entry that
 * it has used, and its log names it (VM_CTRL.AUDIT; docs/specs/gpu.rst, "TLB").
 */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/scenario.h"
#include "core/space.h"

#define CANARY	0xc5
/* What jobs store: no byte of it is a canary's. */
#define TRACE	0x0badda7a

/**
 * struct stale - a page that the GPU has used
 * @space: where it was
 * @page: the page, in which the next owner has a canary. It stays mapped for the device as
 *	pages of a pool do, from which many a driver takes its buffers: no IOMMU stops who gets
 *	past the GPU's own tables
 * @addr: DMA address of @page
 * @status: of the job that comes too late
 */
struct stale {
	struct puck_space space;
	void *page;
	dma_addr_t addr;
	int status;
};

static int setup(struct puck_run *run)
{
	struct stale *stale = kzalloc(sizeof(*stale), GFP_KERNEL);

	if (!stale)
		return -ENOMEM;
	run->priv = stale;
	run->orig_nents = 1;
	run->nents = 1;

	stale->page = dma_alloc_coherent(run->dev, PAGE_SIZE, &stale->addr, GFP_KERNEL);
	if (!stale->page)
		return -ENOMEM;
	return puck_space_init(run, &stale->space);
}

/* Maps the page and has a job use it, so that the TLB knows it. */
static int use_page(struct stale *stale)
{
	struct dma_fence *fence;

	puck_space_map(&stale->space, stale->addr);
	fence = puck_space_fill(&stale->space, TRACE);
	return IS_ERR(fence) ? PTR_ERR(fence) : puck_copy_finish(fence);
}

/* The page has a new owner; whoever submits the next job does not know. */
static int reuse_page(struct stale *stale)
{
	struct dma_fence *fence;

	memset(stale->page, CANARY, PAGE_SIZE);
	fence = puck_space_fill(&stale->space, TRACE);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	stale->status = puck_copy_finish(fence);
	return 0;
}

static int buggy(struct puck_run *run)
{
	struct stale *stale = run->priv;
	int ret;

	ret = use_page(stale);
	if (ret)
		return ret;

	puck_space_unmap(&stale->space);
	return reuse_page(stale);
}

static int fixed(struct puck_run *run)
{
	struct stale *stale = run->priv;
	int ret;

	ret = use_page(stale);
	if (ret)
		return ret;

	puck_space_unmap(&stale->space);
	ret = puck_space_flush(&stale->space);
	if (ret)
		return ret;
	return reuse_page(stale);
}

static void verdict(struct puck_run *run)
{
	struct stale *stale = run->priv;
	const u8 *dead = memchr_inv(stale->page, CANARY, PAGE_SIZE);

	if (dead)
		puck_caught(run, "canary", "the page has a new owner, and byte %zu of it is %#x",
			    (size_t)(dead - (u8 *)stale->page), *dead);
	else if (stale->status != -EFAULT)
		puck_caught(run, "fence", "the GPU's write was neither seen nor refused: %d",
			    stale->status);
}

/* The device forgets the page with the VM, and the page goes behind that. */
static void teardown(struct puck_run *run)
{
	struct stale *stale = run->priv;

	if (!stale)
		return;
	puck_space_fini(&stale->space);
	if (stale->page)
		dma_free_coherent(run->dev, PAGE_SIZE, stale->page, stale->addr);
	kfree(stale);
}

const struct puck_scenario puck_gpu_tlb_not_flushed = {
	.name = "gpu_tlb_not_flushed",
	.mistake = "the GPU's TLB is not flushed",
	.history = "7938d61591d3 (i915), 101b8104307e (amdkfd)",
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.skip = puck_space_skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
