// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: dma_sync_sg_for_cpu() is called with the mapped count. Pages behind the
 * first entries are not synced; on hardware that is not coherent the CPU
 * goes on to read what was there before.
 *
 * In Linux: udmabuf and videobuf2-dma-sg, fixed by afe382843717 and
 * a704a3c503ae (v6.16), five years after the conversion to sgtables.
 *
 * Oracle: the ledger, which sees both counts; puck-dma where it is in charge;
 * and DMA_API_DEBUG. On coherent x86 with neither the call never leaves its
 * inline function, so nobody can see it: skipped there.
 */
#include <linux/dma-mapping.h>

#include "core/scenario.h"

static int buggy(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	struct sg_table *sgt = &copy->dst.sgt;

	dma_sync_sg_for_cpu(run->dev, sgt->sgl, sgt->nents, DMA_FROM_DEVICE);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	struct sg_table *sgt = &copy->dst.sgt;

	dma_sync_sg_for_cpu(run->dev, sgt->sgl, sgt->orig_nents, DMA_FROM_DEVICE);
	return 0;
}

const struct puck_scenario puck_sync_mapped_count = {
	.name = "sync_mapped_count",
	.mistake = "sync with the mapped count",
	.history = "a704a3c503ae (vb2-dma-sg), afe382843717 (udmabuf)",
	.shown_by = PUCK_SHOWN_BY_MERGING,
	.finding = "sync-count",
	.splat = "DMA-API: (.*syncs DMA sg list with different entry count|Mapped at)",
	.skip = puck_ledger_skip_sync,
	.setup = puck_copy_scenario_run,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = puck_ledger_verdict,
	.teardown = puck_copy_scenario_teardown,
};
