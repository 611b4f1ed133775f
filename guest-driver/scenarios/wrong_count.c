// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: dma_sync_sg_for_device() is called with the mapped count behind a write.
 * The device gets the first pages anew and the others as they were.
 *
 * In Linux: udmabuf's end_cpu_access, fixed by afe382843717 (v6.16).
 *
 * Oracle: puck-dma, which knows the count of the mapping; the bytes that
 * arrive; and DMA_API_DEBUG where the kernel has it. Unlike sync_mapped_count
 * it needs no probes: under puck-dma a sync is a call on coherent x86, too.
 */
#include <linux/dma-mapping.h>

#include "core/scenario.h"

#define SECOND_SEED	0xa3588173

static int buggy(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	struct sg_table *sgt = &copy->src.sgt;

	puck_buffer_pattern(&copy->src, SECOND_SEED);
	dma_sync_sg_for_device(run->dev, sgt->sgl, sgt->nents, DMA_TO_DEVICE);
	return puck_copy_run(run, copy, PUCK_SCENARIO_PAGES * PAGE_SIZE);
}

static int fixed(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	struct sg_table *sgt = &copy->src.sgt;

	puck_buffer_pattern(&copy->src, SECOND_SEED);
	dma_sync_sg_for_device(run->dev, sgt->sgl, sgt->orig_nents, DMA_TO_DEVICE);
	return puck_copy_run(run, copy, PUCK_SCENARIO_PAGES * PAGE_SIZE);
}

static void verdict(struct puck_run *run)
{
	puck_copy_verdict(run, run->priv, SECOND_SEED);
}

const struct puck_scenario puck_wrong_count = {
	.name = "wrong_count",
	.mistake = "sync for the device with the mapped count",
	.history = "afe382843717 (udmabuf)",
	.shown_by = PUCK_SHOWN_BY_MAPPER,
	.finding = "sync-count",
	.splat = "DMA-API: (.*syncs DMA sg list with different entry count|Mapped at)",
	.setup = puck_copy_scenario_run,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_copy_scenario_teardown,
};
