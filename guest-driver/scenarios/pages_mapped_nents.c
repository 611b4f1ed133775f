// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: an importer makes its page array by walking the entries of a mapped
 * table up to nents, the number of DMA segments. Pages are counted by
 * orig_nents. Where the IOMMU merged 256 pages into one segment the importer
 * knows the first page only, and takes the rest of its array for pages too.
 *
 * In Linux: drm_prime_sg_to_page_addr_arrays(), unnoticed until AMD's IOMMU
 * driver began to merge in v5.5. Fixed by 42e67b479eab and c0f83d164fb8
 * (v5.6); i915's dma-buf by f90daa975911 (v6.1).
 *
 * Oracle: the bytes that can be reached through the array.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "core/scenario.h"

struct importer {
	struct puck_copy copy;	/* the GPU fills copy.dst, the importer reads it */
	struct page **pages;	/* zeroed; what the importer found */
};

static int setup(struct puck_run *run)
{
	struct importer *imp = kzalloc(sizeof(*imp), GFP_KERNEL);
	int ret;

	if (!imp)
		return -ENOMEM;
	run->priv = imp;

	imp->pages = kcalloc(PUCK_SCENARIO_PAGES, sizeof(*imp->pages), GFP_KERNEL);
	if (!imp->pages)
		return -ENOMEM;

	ret = puck_copy_setup(run, &imp->copy, PUCK_SCENARIO_PAGES);
	if (ret)
		return ret;
	return puck_copy_run(run, &imp->copy, PUCK_SCENARIO_PAGES * PAGE_SIZE);
}

static int buggy(struct puck_run *run)
{
	struct importer *imp = run->priv;
	struct sg_table *sgt = &imp->copy.dst.sgt;
	struct scatterlist *sg;
	unsigned int i;

	dma_sync_sgtable_for_cpu(run->dev, sgt, DMA_FROM_DEVICE);
	for_each_sg(sgt->sgl, sg, sgt->nents, i)
		imp->pages[i] = sg_page(sg);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct importer *imp = run->priv;
	struct sg_table *sgt = &imp->copy.dst.sgt;
	struct scatterlist *sg;
	unsigned int i;

	dma_sync_sgtable_for_cpu(run->dev, sgt, DMA_FROM_DEVICE);
	for_each_sg(sgt->sgl, sg, sgt->orig_nents, i)
		imp->pages[i] = sg_page(sg);
	return 0;
}

static void verdict(struct puck_run *run)
{
	struct importer *imp = run->priv;
	unsigned int good;

	good = puck_pattern_pages(imp->pages, PUCK_SCENARIO_PAGES, PUCK_COPY_SEED);
	if (good < PUCK_SCENARIO_PAGES)
		puck_caught(run, "compare", "%u of %u pages reached", good,
			    PUCK_SCENARIO_PAGES);
}

static void teardown(struct puck_run *run)
{
	struct importer *imp = run->priv;

	if (!imp)
		return;
	puck_copy_teardown(&imp->copy);
	kfree(imp->pages);
	kfree(imp);
}

const struct puck_scenario puck_pages_mapped_nents = {
	.name = "pages_mapped_nents",
	.mistake = "pages walked with the mapped nents",
	.history = "42e67b479eab, c0f83d164fb8 (drm/prime)",
	.shown_by = PUCK_SHOWN_BY_MERGING,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
