// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a page is unmapped and given away, and the IOMMU is not told. It may go
 * on translating from its IOTLB, so that a device that is wrong, or late, does
 * not run into a fault but into whoever has the page now.
 *
 * In Linux: the IOMMU core itself, up to a fix in v7.0-rc7 (merged by
 * 8b02520ec5f7): drivers that gather nothing had their iotlb_sync left out, with
 * "boot hangs, crashes and memory corruption" on Tegra.
 *
 * Oracle: a canary in the page, once it is somebody else's. The IOMMU's log
 * names the entry (CTRL.AUDIT; docs/specs/mischief.rst, "Log").
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "abi/puck_gpu.h"
#include "core/scenario.h"

/* In the GPU's own domain, where dma-iommu does not get to. */
#define STALE_IOVA	0x5ca1ab1e0000ull
#define CANARY		0xc5

/*
 * Lazy domains are flushed as a whole, some 10 ms after an unmap of anybody's.
 * Before an attempt these are waited for; if one comes in between all the same,
 * there is another attempt.
 */
#define ATTEMPTS	5
#define QUIET_US	40000

/**
 * struct stale - a page that the GPU has used
 * @src: what it writes there; one page
 * @domain: of the GPU
 * @page: at STALE_IOVA, then with a canary in it
 * @mapped: it is at STALE_IOVA
 * @gather: what was unmapped and not yet flushed
 * @status: of the job behind the unmap
 */
struct stale {
	struct puck_buffer src;
	struct iommu_domain *domain;
	struct page *page;
	bool mapped;
	struct iommu_iotlb_gather gather;
	int status;
};

static const char *skip(struct puck_run *run)
{
	struct dev_iommu *param = run->dev->iommu;

	if (run->mapper)
		return "under puck-dma, which looks at faults itself";
	if (!param || !param->iommu_dev || !param->iommu_dev->dev ||
	    !strstarts(dev_name(param->iommu_dev->dev), "puck-iommu"))
		return "not behind puck-iommu";
	if (!(iommu_get_domain_for_dev(run->dev)->type & __IOMMU_DOMAIN_PAGING))
		return "not translated";
	return NULL;
}

static int setup(struct puck_run *run)
{
	struct stale *stale = kzalloc(sizeof(*stale), GFP_KERNEL);
	int ret;

	if (!stale)
		return -ENOMEM;
	run->priv = stale;
	run->orig_nents = 1;
	run->nents = 1;

	stale->domain = iommu_get_domain_for_dev(run->dev);
	stale->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!stale->page)
		return -ENOMEM;
	ret = puck_buffer_alloc(&stale->src, 1);
	if (ret)
		return ret;
	puck_buffer_pattern(&stale->src, PUCK_COPY_SEED);
	return puck_buffer_map(&stale->src, run->dev, DMA_TO_DEVICE);
}

/* The GPU writes the page at STALE_IOVA, or what it takes for it. */
static struct dma_fence *write_page(struct puck_run *run)
{
	struct stale *stale = run->priv;
	struct puck_client_seg src = { sg_dma_address(stale->src.sgt.sgl), PAGE_SIZE };
	struct puck_client_seg dst = { STALE_IOVA, PAGE_SIZE };
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY,
		.length = PAGE_SIZE,
		.src = &src,
		.nsrc = 1,
		.dst = &dst,
		.ndst = 1,
	};

	return puck_client_submit(run->client, 0, &job);
}

/* Maps the page and has the GPU use it, so that the IOTLB knows it. */
static int use_page(struct puck_run *run)
{
	struct stale *stale = run->priv;
	struct dma_fence *fence;
	int ret;

	fsleep(QUIET_US);
	ret = iommu_map(stale->domain, STALE_IOVA, page_to_phys(stale->page), PAGE_SIZE,
			IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
	if (ret)
		return ret;
	stale->mapped = true;

	fence = write_page(run);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	dma_fence_wait(fence, false);
	ret = dma_fence_get_status(fence);
	dma_fence_put(fence);
	return ret < 0 ? ret : 0;
}

/* The page has a new owner; the GPU does not know. */
static int reuse_page(struct puck_run *run)
{
	struct stale *stale = run->priv;
	struct dma_fence *fence;

	stale->mapped = false;
	memset(page_address(stale->page), CANARY, PAGE_SIZE);
	fence = write_page(run);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	stale->status = puck_copy_finish(fence);
	return 0;
}

static void unmap_buggy(struct stale *stale)
{
	iommu_iotlb_gather_init(&stale->gather);
	iommu_unmap_fast(stale->domain, STALE_IOVA, PAGE_SIZE, &stale->gather);
}

static void unmap_fixed(struct stale *stale)
{
	iommu_iotlb_gather_init(&stale->gather);
	iommu_unmap_fast(stale->domain, STALE_IOVA, PAGE_SIZE, &stale->gather);
	iommu_iotlb_sync(stale->domain, &stale->gather);
}

/* Until the GPU gets through, or has been refused each time. */
static int attempt(struct puck_run *run, void (*unmap)(struct stale *stale))
{
	struct stale *stale = run->priv;
	unsigned int i;
	int ret;

	for (i = 0; i < ATTEMPTS; i++) {
		ret = use_page(run);
		if (ret)
			return ret;
		unmap(stale);
		ret = reuse_page(run);
		if (ret || !stale->status)
			return ret;
	}
	return 0;
}

static int buggy(struct puck_run *run)
{
	return attempt(run, unmap_buggy);
}

static int fixed(struct puck_run *run)
{
	return attempt(run, unmap_fixed);
}

static void verdict(struct puck_run *run)
{
	struct stale *stale = run->priv;
	const u8 *bytes = page_address(stale->page);
	const u8 *dead = memchr_inv(bytes, CANARY, PAGE_SIZE);

	if (dead)
		puck_caught(run, "canary", "the page has a new owner, and byte %zu of it is %#x",
			    (size_t)(dead - bytes), *dead);
	else if (!stale->status)
		puck_caught(run, "fence", "the GPU's write was neither seen nor refused");
}

/* Before the page is really given away nothing in the IOTLB may know it. */
static void teardown(struct puck_run *run)
{
	struct stale *stale = run->priv;

	if (!stale)
		return;
	if (stale->mapped)
		iommu_unmap(stale->domain, STALE_IOVA, PAGE_SIZE);
	iommu_flush_iotlb_all(stale->domain);
	puck_buffer_free(&stale->src);
	if (stale->page)
		__free_page(stale->page);
	kfree(stale);
}

const struct puck_scenario puck_stale_iotlb = {
	.name = "stale_iotlb",
	.mistake = "unmap without iommu_iotlb_sync()",
	.history = "8b02520ec5f7 (merge; IOMMU core on Tegra)",
	.shown_by = PUCK_SHOWN_BY_STALENESS,
	.fault = "DMA fault: .* write at IOVA 0x5ca1ab1e0",
	.skip = skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
