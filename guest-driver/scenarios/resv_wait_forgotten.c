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
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "core/scenario.h"

/* What an emulated GPU does within the doorbell write: 64 KiB. */
#define READER_PAGES	16

struct reader {
	struct puck_copy copy;
	struct puck_buffer seen;	/* what the client read; never mapped */
	struct dma_resv resv;		/* of copy.dst */
	struct dma_fence *fence;
};

static int setup(struct puck_run *run)
{
	struct reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	int ret;

	if (!reader)
		return -ENOMEM;
	dma_resv_init(&reader->resv);
	run->priv = reader;

	ret = puck_buffer_alloc(&reader->seen, READER_PAGES);
	if (ret)
		return ret;
	ret = puck_copy_setup(run, &reader->copy, READER_PAGES);
	if (ret || !run->late_ns)
		return ret;
	return puck_client_set_delay(run->client, 0, run->late_ns, 0);
}

/* A job that writes the buffer, known to whoever asks the buffer's dma_resv. */
static int submit(struct puck_run *run, struct reader *reader)
{
	int ret;

	dma_resv_lock(&reader->resv, NULL);
	ret = dma_resv_reserve_fences(&reader->resv, 1);
	if (ret)
		goto unlock;

	reader->fence = puck_copy_submit(run, &reader->copy, READER_PAGES * PAGE_SIZE);
	if (IS_ERR(reader->fence)) {
		ret = PTR_ERR(reader->fence);
		reader->fence = NULL;
		goto unlock;
	}
	dma_resv_add_fence(&reader->resv, reader->fence, DMA_RESV_USAGE_WRITE);
unlock:
	dma_resv_unlock(&reader->resv);
	return ret;
}

static void read_buffer(struct puck_run *run, struct reader *reader)
{
	unsigned int i;

	dma_sync_sgtable_for_cpu(run->dev, &reader->copy.dst.sgt, DMA_FROM_DEVICE);
	for (i = 0; i < READER_PAGES; i++)
		copy_highpage(reader->seen.pages[i], reader->copy.dst.pages[i]);
}

static int buggy(struct puck_run *run)
{
	struct reader *reader = run->priv;
	int ret;

	ret = submit(run, reader);
	if (ret)
		return ret;

	read_buffer(run, reader);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct reader *reader = run->priv;
	int ret;

	ret = submit(run, reader);
	if (ret)
		return ret;

	dma_resv_wait_timeout(&reader->resv, dma_resv_usage_rw(false), false,
			      MAX_SCHEDULE_TIMEOUT);
	read_buffer(run, reader);
	return 0;
}

static void verdict(struct puck_run *run)
{
	struct reader *reader = run->priv;
	unsigned int good;

	good = puck_pattern_pages(reader->seen.pages, READER_PAGES, PUCK_COPY_SEED);
	if (good < READER_PAGES)
		puck_caught(run, "compare", "%u of %u pages were there when read",
			    good, READER_PAGES);
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
	dma_resv_fini(&reader->resv);
	puck_copy_teardown(&reader->copy);
	puck_buffer_free(&reader->seen);
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
