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
#include <linux/slab.h>

#include "core/reader.h"

#define PAGES	16

/**
 * struct buffer - a buffer, and work of others that has to do with it
 * @reader: the buffer, written by a job
 * @table: what the other work writes; its dma_resv is not used
 */
struct buffer {
	struct puck_reader reader;
	struct puck_reader table;
};

static int setup(struct puck_run *run)
{
	struct buffer *buf = kzalloc(sizeof(*buf), GFP_KERNEL);
	int ret, table;

	if (!buf)
		return -ENOMEM;
	run->priv = buf;
	/* Both, for teardown(). */
	table = puck_reader_init(run, &buf->table, 1);
	ret = puck_reader_init(run, &buf->reader, PAGES);
	return ret ? ret : table;
}

/* A job that writes the buffer, and an update of page tables that are about it. */
static int submit(struct puck_run *run, struct buffer *buf)
{
	struct dma_resv *resv = &buf->reader.resv;
	int ret;

	ret = puck_reader_write(run, &buf->table, dma_fence_context_alloc(1), 1);
	if (!ret)
		ret = puck_reader_write(run, &buf->reader, dma_fence_context_alloc(1), 1);
	if (!ret)
		ret = puck_resv_add(resv, buf->table.writer.fence, DMA_RESV_USAGE_BOOKKEEP);
	if (!ret)
		ret = puck_resv_add(resv, buf->reader.writer.fence, DMA_RESV_USAGE_WRITE);
	return ret;
}

static int buggy(struct puck_run *run)
{
	struct buffer *buf = run->priv;
	int ret;

	ret = submit(run, buf);
	if (ret)
		return ret;

	dma_resv_wait_timeout(&buf->reader.resv, DMA_RESV_USAGE_BOOKKEEP, false,
			      MAX_SCHEDULE_TIMEOUT);
	puck_reader_fetch(run, &buf->reader);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct buffer *buf = run->priv;
	int ret;

	ret = submit(run, buf);
	if (ret)
		return ret;

	dma_resv_wait_timeout(&buf->reader.resv, dma_resv_usage_rw(false), false,
			      MAX_SCHEDULE_TIMEOUT);
	puck_reader_fetch(run, &buf->reader);
	return 0;
}

static void verdict(struct puck_run *run)
{
	struct buffer *buf = run->priv;

	puck_reader_verdict(run, &buf->reader);
	if (puck_late_was_waited_for(&buf->table.writer))
		puck_caught(run, "fence", "an update of page tables was waited for");
}

static void teardown(struct puck_run *run)
{
	struct buffer *buf = run->priv;

	if (!buf)
		return;
	puck_reader_fini(&buf->reader);
	puck_reader_fini(&buf->table);
	kfree(buf);
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
	.teardown = teardown,
};
