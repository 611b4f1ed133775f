// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: fences of two engines are numbered in one context. Of a context, dma_resv_add_fence()
 * keeps the latest fence alone, which tells of all before it; here it does not, as one engine
 * may be done before the other. The fence that is dropped is the one that ends last.
 *
 * In Linux: the core itself, which replaced a fence of the same context without a look at the
 * numbers, and so a newer one by an older: a3f7c10a269d, "check if the new fence is really
 * later" (v6.0); 95ba893c9f4f (v6.7) repaired that in turn.
 *
 * Oracle: the bytes that a reader has read behind all fences that are in the dma_resv.
 */
#include "core/reader.h"

#define PAGES	8

/* A buffer in two parts, each written by an engine of its own. */
static int setup(struct puck_run *run)
{
	return puck_reader_pair_setup(run, PAGES, PAGES);
}

static int publish(struct puck_reader_pair *pair)
{
	struct dma_resv *resv = &pair->first.resv;
	int ret;

	ret = puck_resv_add(resv, pair->first.writer.fence, DMA_RESV_USAGE_WRITE);
	return ret ? ret : puck_resv_add(resv, pair->second.writer.fence, DMA_RESV_USAGE_WRITE);
}

static void read_both(struct puck_run *run, struct puck_reader_pair *pair)
{
	puck_reader_read(run, &pair->first);
	puck_reader_fetch(run, &pair->second);
}

static int buggy(struct puck_run *run)
{
	struct puck_reader_pair *pair = run->priv;
	u64 contexts = dma_fence_context_alloc(2);
	int ret;

	ret = puck_reader_write(run, &pair->first, contexts, 1);
	if (!ret)
		ret = puck_reader_write(run, &pair->second, contexts, 2);
	if (!ret)
		ret = publish(pair);
	if (ret)
		return ret;

	read_both(run, pair);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct puck_reader_pair *pair = run->priv;
	u64 contexts = dma_fence_context_alloc(2);
	int ret;

	ret = puck_reader_write(run, &pair->first, contexts, 1);
	if (!ret)
		ret = puck_reader_write(run, &pair->second, contexts + 1, 2);
	if (!ret)
		ret = publish(pair);
	if (ret)
		return ret;

	read_both(run, pair);
	return 0;
}

static void verdict(struct puck_run *run)
{
	struct puck_reader_pair *pair = run->priv;

	puck_reader_verdict(run, &pair->second);
	puck_reader_verdict(run, &pair->first);
}

const struct puck_scenario puck_resv_older_fence = {
	.name = "resv_older_fence",
	.mistake = "one fence context for two engines",
	.history = "a3f7c10a269d, 95ba893c9f4f (dma-resv itself)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_reader_pair_teardown,
};
