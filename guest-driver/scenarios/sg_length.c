// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a descriptor takes its address from sg_dma_address() and its length
 * from sg->length. The one belongs to a DMA segment, the other to the pages
 * of that entry; they differ as soon as entries are merged, and then the
 * hardware is told of the first page only.
 *
 * In Linux: saa7134 and saa7146, fixed by 4e1cb753c04d and e56429b09d5e
 * (v5.13), "choppy DMA audio" on boards with an AMD IOMMU; virtio-gpu's backing
 * store (v5.10).
 *
 * Oracle: the bytes that arrive at the destination.
 */
#include <linux/dma-mapping.h>

#include "core/scenario.h"

/* As engines do: run until the list of the destination ends. */
static int copy_by_list(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	u64 length = 0;
	unsigned int i;

	for (i = 0; i < copy->dst.sgt.nents; i++)
		length += copy->dst_segs[i].len;
	return puck_copy_run(run, copy, length);
}

static int buggy(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(&copy->dst.sgt, sg, i) {
		copy->dst_segs[i].addr = sg_dma_address(sg);
		copy->dst_segs[i].len = sg->length;
	}
	return copy_by_list(run);
}

static int fixed(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(&copy->dst.sgt, sg, i) {
		copy->dst_segs[i].addr = sg_dma_address(sg);
		copy->dst_segs[i].len = sg_dma_len(sg);
	}
	return copy_by_list(run);
}

static void verdict(struct puck_run *run)
{
	puck_copy_verdict(run, run->priv, PUCK_COPY_SEED);
}

const struct puck_scenario puck_sg_length = {
	.name = "sg_length",
	.mistake = "sg->length beside sg_dma_address()",
	.history = "4e1cb753c04d (saa7134), e56429b09d5e (saa7146)",
	.shown_by = PUCK_SHOWN_BY_MERGING,
	.setup = puck_copy_scenario_setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_copy_scenario_teardown,
};
