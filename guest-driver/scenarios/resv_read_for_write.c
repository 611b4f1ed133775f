// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a job that writes a buffer puts its fence into the dma_resv as READ. Readers wait for
 * writers alone: nobody who reads the buffer waits for it, whatever he does right.
 *
 * In Linux: amdgpu's jobs were readers of all that they used, to let others overlap with
 * them, and importers of its buffers did not wait: 049aca4363d8, "drm/amdgpu: fix using shared
 * fence for exported BOs" (v4.20).
 *
 * Oracle: the bytes that a reader has read who does wait for writers, while the job is late.
 */
#include <linux/slab.h>

#include "core/reader.h"

/* What an emulated GPU does within the doorbell write: 64 KiB. */
#define PAGES	16

static int setup(struct puck_run *run)
{
	struct puck_reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	run->priv = reader;
	return puck_reader_init(run, reader, PAGES);
}

static int buggy(struct puck_run *run)
{
	struct puck_reader *reader = run->priv;
	int ret;

	ret = puck_reader_write(run, reader, dma_fence_context_alloc(1), 1);
	if (ret)
		return ret;
	ret = puck_resv_add(&reader->resv, reader->writer.fence, DMA_RESV_USAGE_READ);
	if (ret)
		return ret;

	puck_reader_read(run, reader);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct puck_reader *reader = run->priv;
	int ret;

	ret = puck_reader_write(run, reader, dma_fence_context_alloc(1), 1);
	if (ret)
		return ret;
	ret = puck_resv_add(&reader->resv, reader->writer.fence, DMA_RESV_USAGE_WRITE);
	if (ret)
		return ret;

	puck_reader_read(run, reader);
	return 0;
}

static void verdict(struct puck_run *run)
{
	puck_reader_verdict(run, run->priv);
}

static void teardown(struct puck_run *run)
{
	struct puck_reader *reader = run->priv;

	if (!reader)
		return;
	puck_reader_fini(reader);
	kfree(reader);
}

const struct puck_scenario puck_resv_read_for_write = {
	.name = "resv_read_for_write",
	.mistake = "READ in the dma_resv for who writes",
	.history = "049aca4363d8 (amdgpu)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
