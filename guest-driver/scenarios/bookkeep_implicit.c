// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: who reads a buffer waits for every fence in its dma_resv, BOOKKEEP ones too. These are
 * of work that does not change what is in the buffer, such as updates of page tables or the
 * preemption of a process, and may be old: nothing is wrong with what is read, but it is
 * read when it pleases somebody else.
 *
 * In Linux: amdgpu's updates of page tables and amdkfd's preemption fences were waited for in
 * that way, until 4247084057cf, "drm/amdgpu: use DMA_RESV_USAGE_BOOKKEEP" (v6.0).
 *
 * Oracle: whether somebody has waited for the fence of such work, which does not start before.
 * A clock has nothing to do with it.
 */
#include <linux/jiffies.h>

#include "core/reader.h"

#define PAGES	16

/* The buffer is the first of the two; the second is what the other work writes. */
static int setup(struct puck_run *run)
{
	return puck_reader_pair_setup(run, PAGES, 1);
}

/* A job that writes the buffer, and an update of page tables that are about it. */
static int submit(struct puck_run *run, struct puck_reader_pair *buf)
{
	struct dma_resv *resv = &buf->first.resv;
	int ret;

	ret = puck_reader_write(run, &buf->second, dma_fence_context_alloc(1), 1);
	if (!ret)
		ret = puck_reader_write(run, &buf->first, dma_fence_context_alloc(1), 1);
	if (!ret)
		ret = puck_resv_add(resv, buf->second.writer.fence, DMA_RESV_USAGE_BOOKKEEP);
	if (!ret)
		ret = puck_resv_add(resv, buf->first.writer.fence, DMA_RESV_USAGE_WRITE);
	return ret;
}

static int buggy(struct puck_run *run)
{
	struct puck_reader_pair *buf = run->priv;
	int ret;

	ret = submit(run, buf);
	if (ret)
		return ret;

	dma_resv_wait_timeout(&buf->first.resv, DMA_RESV_USAGE_BOOKKEEP, false,
			      MAX_SCHEDULE_TIMEOUT);
	puck_reader_fetch(run, &buf->first);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct puck_reader_pair *buf = run->priv;
	int ret;

	ret = submit(run, buf);
	if (ret)
		return ret;

	dma_resv_wait_timeout(&buf->first.resv, dma_resv_usage_rw(false), false,
			      MAX_SCHEDULE_TIMEOUT);
	puck_reader_fetch(run, &buf->first);
	return 0;
}

static void verdict(struct puck_run *run)
{
	struct puck_reader_pair *buf = run->priv;

	puck_reader_verdict(run, &buf->first);
	if (puck_late_was_waited_for(&buf->second.writer))
		puck_caught(run, "fence", "an update of page tables was waited for");
}

const struct puck_scenario puck_bookkeep_implicit = {
	.name = "bookkeep_implicit",
	.mistake = "a BOOKKEEP fence is waited for",
	.history = "4247084057cf (amdgpu)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_reader_pair_teardown,
};
