// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a driver keeps a DMA address in 32 bits. Where addresses end below 4 GiB, which is where
 * an IOMMU's driver looks for free ones first, and all that a small machine has, nothing is
 * lost by that.
 *
 * In Linux: etnaviv, d37c120b7312, "drm/etnaviv: don't truncate physical page address" (v6.2).
 *
 * Oracle: a canary in the page of somebody else that is 4 GiB below, as the device sees it; and
 * the bytes that did not arrive.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "abi/puck_gpu.h"
#include "core/scenario.h"

#define CANARY		0x5a

/*
 * In the GPU's own domain: dma-iommu begins at the upper end of what it may use, which is below
 * 4 GiB, or, once it has found no room there, the end of all.
 */
#define LOW_IOVA	0x1ab1e000ull
#define HIGH_IOVA	(LOW_IOVA + SZ_4G)

/**
 * struct high - a page that is high, and one that is low
 * @src: what the GPU writes; one page
 * @domain: of the GPU; NULL: it has none, and addresses are those of memory
 * @low: page of somebody else, with a canary in it
 * @low_addr: where the GPU sees it; LOW_IOVA if there is @domain
 * @page: what is to be written
 * @addr: where the GPU sees it; HIGH_IOVA if there is @domain
 * @mapped: how far setup() has come
 */
struct high {
	struct puck_buffer src;
	struct iommu_domain *domain;
	struct page *low;
	dma_addr_t low_addr;
	struct page *page;
	dma_addr_t addr;
	enum { NOTHING, LOW, BOTH } mapped;
};

static const char *skip(struct puck_run *run)
{
	return run->mapper ? "under puck-dma, which has the addresses to itself" : NULL;
}

/* At an address of our own choice, as drivers do that have an IOMMU domain of their own. */
static int map_page(struct puck_run *run, struct page *page, u64 iova, dma_addr_t *addr)
{
	struct high *high = run->priv;

	if (high->domain) {
		*addr = iova;
		return iommu_map(high->domain, iova, page_to_phys(page), PAGE_SIZE,
				 IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
	}
	*addr = dma_map_page(run->dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	return dma_mapping_error(run->dev, *addr);
}

static void unmap_page(struct puck_run *run, dma_addr_t addr)
{
	struct high *high = run->priv;

	if (high->domain)
		iommu_unmap(high->domain, addr, PAGE_SIZE);
	else
		dma_unmap_page(run->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
}

static int map(struct puck_run *run, struct high *high)
{
	int ret;

	ret = map_page(run, high->low, LOW_IOVA, &high->low_addr);
	if (ret)
		return ret;
	high->mapped = LOW;
	ret = map_page(run, high->page, HIGH_IOVA, &high->addr);
	if (ret)
		return ret;
	high->mapped = BOTH;
	return 0;
}

static int setup(struct puck_run *run)
{
	struct high *high = kzalloc(sizeof(*high), GFP_KERNEL);
	struct iommu_domain *domain = iommu_get_domain_for_dev(run->dev);
	int ret;

	if (!high)
		return -ENOMEM;
	run->priv = high;
	run->orig_nents = 1;
	run->nents = 1;
	if (domain && (domain->type & __IOMMU_DOMAIN_PAGING))
		high->domain = domain;

	/* Without an IOMMU nothing here may be above 4 GiB: whose page would it be that dies? */
	high->low = alloc_page(GFP_KERNEL | GFP_DMA32);
	high->page = alloc_page(GFP_KERNEL | GFP_DMA32 | __GFP_ZERO);
	if (!high->low || !high->page)
		return -ENOMEM;
	memset(page_address(high->low), CANARY, PAGE_SIZE);

	ret = puck_buffer_alloc(&high->src, 1);
	if (ret)
		return ret;
	puck_buffer_pattern(&high->src, PUCK_COPY_SEED);
	ret = puck_buffer_map(&high->src, run->dev, DMA_TO_DEVICE);
	return ret ? ret : map(run, high);
}

static int write_page(struct puck_run *run, u64 addr)
{
	struct high *high = run->priv;
	struct puck_client_seg src = { sg_dma_address(high->src.sgt.sgl), PAGE_SIZE };
	struct puck_client_seg dst = { addr, PAGE_SIZE };
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY,
		.length = PAGE_SIZE,
		.src = &src,
		.nsrc = 1,
		.dst = &dst,
		.ndst = 1,
	};
	struct dma_fence *fence = puck_client_submit(run->client, 0, &job);

	return IS_ERR(fence) ? PTR_ERR(fence) : puck_copy_finish(fence);
}

static int buggy(struct puck_run *run)
{
	struct high *high = run->priv;
	u32 addr = high->addr;

	return write_page(run, addr);
}

static int fixed(struct puck_run *run)
{
	struct high *high = run->priv;
	dma_addr_t addr = high->addr;

	return write_page(run, addr);
}

static void unmap(struct puck_run *run, struct high *high)
{
	if (high->mapped == BOTH)
		unmap_page(run, high->addr);
	if (high->mapped)
		unmap_page(run, high->low_addr);
	high->mapped = NOTHING;
}

static void verdict(struct puck_run *run)
{
	struct high *high = run->priv;
	unsigned int good;
	const void *dead;

	unmap(run, high);
	good = puck_pattern_pages(&high->page, 1, PUCK_COPY_SEED);
	if (!good)
		puck_caught(run, "compare", "nothing has arrived");
	dead = memchr_inv(page_address(high->low), CANARY, PAGE_SIZE);
	if (dead)
		puck_caught(run, "canary", "not %pad was written, but somebody else's %pad",
			    &high->addr, &high->low_addr);
}

static void teardown(struct puck_run *run)
{
	struct high *high = run->priv;

	if (!high)
		return;
	unmap(run, high);
	puck_buffer_free(&high->src);
	if (high->page)
		__free_page(high->page);
	if (high->low)
		__free_page(high->low);
	kfree(high);
}

const struct puck_scenario puck_dma_addr_32bit = {
	.name = "dma_addr_32bit",
	.mistake = "a DMA address in 32 bits",
	.history = "d37c120b7312 (etnaviv)",
	.shown_by = PUCK_SHOWN_BY_TRANSLATION,
	.skip = skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
