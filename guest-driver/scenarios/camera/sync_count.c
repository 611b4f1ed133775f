// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: when a picture is done the memory is synced for the CPU with the mapped count. Pages behind
 * the first entries are not synced; on hardware that is not coherent the user goes on to see what
 * was there before.
 *
 * In Linux: videobuf2-dma-sg, "media: videobuf2: use sgtable-based scatterlist wrappers",
 * a704a3c503ae (v6.16).
 *
 * Oracle: the ledger, which sees both counts; puck-dma where it is in charge; and DMA_API_DEBUG.
 * Skipped where nobody can see the call: see sync_mapped_count.c.
 */
#include <linux/dma-mapping.h>

#include "camera/camera.h"

static void finish_buggy(void *priv)
{
	struct puck_buffer *mem = priv;

	dma_sync_sg_for_cpu(mem->dev, mem->sgt.sgl, mem->sgt.nents, mem->dir);
}

static void finish_fixed(void *priv)
{
	struct puck_buffer *mem = priv;

	dma_sync_sg_for_cpu(mem->dev, mem->sgt.sgl, mem->sgt.orig_nents, mem->dir);
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.memory.finish = finish_buggy;
	return puck_camera_capture(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.memory.finish = finish_fixed;
	return puck_camera_capture(cam);
}

static void verdict(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;
	struct sg_table *sgt = &puck_camera_memory(puck_camera_buffer(cam, 0))->sgt;

	run->orig_nents = sgt->orig_nents;
	run->nents = sgt->nents;
	puck_ledger_verdict(run);
}

const struct puck_scenario puck_cam_sync_count = {
	.name = "cam_sync_count",
	.mistake = "a picture synced with the mapped count",
	.history = "a704a3c503ae (vb2-dma-sg)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_BY_MERGING,
	.finding = "sync-count",
	.splat = "DMA-API: (.*syncs DMA sg list with different entry count|Mapped at)",
	.skip = puck_ledger_skip_sync,
	.setup = puck_camera_setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
