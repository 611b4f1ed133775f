// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the CPU writes a buffer that is mapped for the device, and starts the
 * device without dma_sync_sgtable_for_device(). Where caches are coherent the
 * device sees the new bytes, elsewhere those of the time before.
 *
 * In Linux: virtio-gpu, fixed by a54bace095d0 (v6.3). It did call the function
 * before each transfer, but for a device that does no DMA, so that for the one
 * that does it was missing.
 *
 * Oracle: puck-dma with sync=watch, which compares at unmap what the device
 * was given with what the CPU made of it; and the bytes that arrive.
 */
#include <linux/dma-mapping.h>

#include "core/scenario.h"

#define SECOND_SEED	0xa3588172

static int rewrite(struct puck_run *run, bool sync)
{
	struct puck_copy *copy = run->priv;
	int ret;

	puck_buffer_pattern(&copy->src, SECOND_SEED);
	if (sync)
		dma_sync_sgtable_for_device(run->dev, &copy->src.sgt, DMA_TO_DEVICE);

	ret = puck_copy_run(run, copy, PUCK_SCENARIO_PAGES * PAGE_SIZE);
	puck_buffer_unmap(&copy->src);
	return ret;
}

static int buggy(struct puck_run *run)
{
	return rewrite(run, false);
}

static int fixed(struct puck_run *run)
{
	return rewrite(run, true);
}

static void verdict(struct puck_run *run)
{
	puck_copy_verdict(run, run->priv, SECOND_SEED);
}

const struct puck_scenario puck_sync_missing = {
	.name = "sync_missing",
	.mistake = "no sync for the device behind a write",
	.history = "a54bace095d0 (virtio-gpu)",
	.shown_by = PUCK_SHOWN_BY_MAPPER,
	.finding = "sync-missing",
	.setup = puck_copy_scenario_run,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_copy_scenario_teardown,
};
