// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a buffer is unmapped in another direction than it was mapped in. Where
 * the direction says what is to be copied or invalidated, the device's data
 * never gets to the CPU.
 *
 * In Linux: amdkfd's migration, fixed by 5c3de6b02d38 (v6.13); udmabuf, "fix
 * DMA direction mismatch in release_udmabuf()" (2026).
 *
 * Oracle: puck-dma, which knows the direction of the mapping; the bytes; and
 * DMA_API_DEBUG where the kernel has it.
 */
#include <linux/dma-mapping.h>

#include "core/scenario.h"

static int buggy(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;

	dma_unmap_sgtable(run->dev, &copy->dst.sgt, DMA_TO_DEVICE, 0);
	copy->dst.dev = NULL;
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;

	dma_unmap_sgtable(run->dev, &copy->dst.sgt, DMA_FROM_DEVICE, 0);
	copy->dst.dev = NULL;
	return 0;
}

static void verdict(struct puck_run *run)
{
	puck_copy_verdict(run, run->priv, PUCK_COPY_SEED);
}

const struct puck_scenario puck_wrong_direction = {
	.name = "wrong_direction",
	.mistake = "unmap in another direction than map",
	.history = "5c3de6b02d38 (amdkfd), release_udmabuf() (2026)",
	.shown_by = PUCK_SHOWN_BY_MAPPER,
	.finding = "unmap-direction",
	.splat = "DMA-API: (.*with different direction|Mapped at)",
	.setup = puck_copy_scenario_run,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_copy_scenario_teardown,
};
