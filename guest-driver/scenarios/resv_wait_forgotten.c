// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the CPU reads a buffer that a job writes, without waiting for the WRITE
 * fence in its dma_resv. As long as the hardware has finished by the time the
 * submission returns, as emulated hardware has, nobody sees it.
 *
 * In Linux: "drm/nouveau: wait for the exclusive fence after the shared ones"
 * (v5.16) and af80e2bfde93 (xe, v7.2) are two of many.
 *
 * Oracle: the bytes that the client read, while the GPU's data comes late.
 */
#include <linux/slab.h>

#include "core/reader.h"

/* What an emulated GPU does within the doorbell write: 64 KiB. */
#define PAGES	16

/**
 * struct reader - a buffer, and a job that writes it
 * @buf: the buffer; its own late job is not used: here the hardware is what is late
 * @fence: of the job; a reference, or NULL
 */
struct reader {
	struct puck_reader buf;
	struct dma_fence *fence;
};

static int setup(struct puck_run *run)
{
	struct reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	int ret;

	if (!reader)
		return -ENOMEM;
	run->priv = reader;
	ret = puck_reader_init(run, &reader->buf, PAGES);
	if (ret || !run->late_ns)
		return ret;
	return puck_client_set_delay(run->client, 0, run->late_ns, 0);
}

/* A job that writes the buffer, known to whoever asks the buffer's dma_resv. */
static int submit(struct puck_run *run, struct reader *reader)
{
	int ret;

	dma_resv_lock(&reader->buf.resv, NULL);
	ret = dma_resv_reserve_fences(&reader->buf.resv, 1);
	if (ret)
		goto unlock;

	reader->fence = puck_copy_submit(run, &reader->buf.copy, PAGES * PAGE_SIZE);
	if (IS_ERR(reader->fence)) {
		ret = PTR_ERR(reader->fence);
		reader->fence = NULL;
		goto unlock;
	}
	dma_resv_add_fence(&reader->buf.resv, reader->fence, DMA_RESV_USAGE_WRITE);
unlock:
	dma_resv_unlock(&reader->buf.resv);
	return ret;
}

static int buggy(struct puck_run *run)
{
	struct reader *reader = run->priv;
	int ret;

	ret = submit(run, reader);
	if (ret)
		return ret;

	puck_reader_fetch(run, &reader->buf);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct reader *reader = run->priv;
	int ret;

	ret = submit(run, reader);
	if (ret)
		return ret;

	puck_reader_read(run, &reader->buf);
	return 0;
}

static void verdict(struct puck_run *run)
{
	struct reader *reader = run->priv;

	puck_reader_verdict(run, &reader->buf);
}

/* The job may still be at work: its memory goes after its fence. */
static void teardown(struct puck_run *run)
{
	struct reader *reader = run->priv;

	if (!reader)
		return;
	if (reader->fence)
		puck_copy_finish(reader->fence);
	if (run->late_ns)
		puck_client_set_delay(run->client, 0, 0, 0);
	puck_reader_fini(&reader->buf);
	kfree(reader);
}

const struct puck_scenario puck_resv_wait_forgotten = {
	.name = "resv_wait_forgotten",
	.mistake = "read before the dma_resv fence is done",
	.history = "af80e2bfde93 (xe), nouveau's exclusive fence (v5.16)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
