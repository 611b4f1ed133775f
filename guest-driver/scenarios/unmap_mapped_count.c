// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: dma_unmap_sg() is called with the count that dma_map_sg() returned. It
 * wants the count that dma_map_sg() was called with.
 *
 * In Linux: ksmbd, fixed by 98e3e2b561bc (v6.19); a series of its kind through
 * mvsas, isci, inside-secure, bcm2835 and mvsdio. dma-iommu forgives it;
 * implementations that sync or bounce entry by entry do not.
 *
 * Oracle: the ledger, which sees both counts; puck-dma where it is in charge;
 * and DMA_API_DEBUG where the kernel has it.
 */
#include <linux/dma-mapping.h>

#include "core/scenario.h"

static const char *skip(struct puck_run *run)
{
	return puck_ledger_works() ? NULL : "no kprobes in this kernel";
}

static int buggy(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	struct sg_table *sgt = &copy->dst.sgt;

	dma_unmap_sg(run->dev, sgt->sgl, sgt->nents, DMA_FROM_DEVICE);
	copy->dst.dev = NULL;
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	struct sg_table *sgt = &copy->dst.sgt;

	dma_unmap_sg(run->dev, sgt->sgl, sgt->orig_nents, DMA_FROM_DEVICE);
	copy->dst.dev = NULL;
	return 0;
}

const struct puck_scenario puck_unmap_mapped_count = {
	.name = "unmap_mapped_count",
	.mistake = "unmap with the mapped count",
	.history = "98e3e2b561bc (ksmbd)",
	.shown_by = PUCK_SHOWN_BY_MERGING,
	.finding = "unmap-count",
	.splat = "DMA-API: (.*frees DMA sg list with different entry count|Mapped at)",
	.skip = skip,
	.setup = puck_copy_scenario_run,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = puck_ledger_verdict,
	.teardown = puck_copy_scenario_teardown,
};
