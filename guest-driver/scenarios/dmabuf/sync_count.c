// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: an exporter's begin_cpu_access syncs its table with the mapped count, the one that its
 * importer's device goes by. The CPU gets the first pages, and of the others what was there before.
 *
 * In Linux: "udmabuf: use sgtable-based scatterlist wrappers", afe382843717 (v6.16), and the same
 * of videobuf2-dma-sg, a704a3c503ae (v6.16). Both had their begin_cpu_access for five years then.
 *
 * Oracle: the ledger, which sees both counts; puck-dma where it is in charge; and DMA_API_DEBUG. On
 * coherent x86 with neither the call never leaves its inline function: skipped there.
 */
#include <linux/dma-mapping.h>

#include "dmabuf/share.h"

static int setup(struct puck_run *run)
{
	int ret = puck_share_setup(run, PUCK_SCENARIO_PAGES);
	struct puck_share *share = run->priv;

	if (ret)
		return ret;
	ret = puck_share_attach(run, share, NULL);
	if (!ret)
		ret = puck_share_map(run, share, DMA_FROM_DEVICE);
	return ret ?: puck_share_write(run, share);
}

static void to_cpu_buggy(struct puck_export_map *map)
{
	dma_sync_sg_for_cpu(map->dev, map->sgt.sgl, map->sgt.nents, map->dir);
}

static void to_cpu_fixed(struct puck_export_map *map)
{
	dma_sync_sg_for_cpu(map->dev, map->sgt.sgl, map->sgt.orig_nents, map->dir);
}

static int buggy(struct puck_run *run)
{
	struct puck_share *share = run->priv;

	share->exp->lines.to_cpu = to_cpu_buggy;
	return puck_share_look(share);
}

static int fixed(struct puck_run *run)
{
	struct puck_share *share = run->priv;

	share->exp->lines.to_cpu = to_cpu_fixed;
	return puck_share_look(share);
}

const struct puck_scenario puck_dmabuf_sync_count = {
	.name = "dmabuf_sync_count",
	.mistake = "begin_cpu_access syncs with the mapped count",
	.history = "afe382843717 (udmabuf), a704a3c503ae (vb2-dma-sg)",
	.shown_by = PUCK_SHOWN_BY_MERGING,
	.finding = "sync-count",
	.splat = "DMA-API: (.*syncs DMA sg list with different entry count|Mapped at)",
	.skip = puck_ledger_skip_sync,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = puck_ledger_verdict,
	.teardown = puck_share_teardown,
};
