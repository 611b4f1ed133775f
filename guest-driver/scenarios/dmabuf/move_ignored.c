// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: an importer that is told of moves does nothing when it is. Its device goes on with the
 * addresses that it has, and what is there belongs to somebody else.
 *
 * In Linux: "drm/amdgpu: fix sync handling in amdgpu_dma_buf_move_notify", b18fc0ab8373 (v7.0): the
 * page tables of the importer had the old place until later, and jobs in between used it.
 *
 * Oracle: a canary in the pages that the memory has left; the bytes where it is now; and puck-dma,
 * which sees the pages' new owner write to what is still mapped.
 */
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/dmabuf.h"
#include "dmabuf/share.h"

#define PAGES	16
#define CANARY	0x5a

/**
 * struct mover - a dma-buf that moves
 * @share: the dma-buf, and its importer
 * @other: pages that it moves to; and those that it has left, which are somebody else's then
 */
struct mover {
	struct puck_share share;
	struct puck_buffer other;
};

static const char *skip(struct puck_run *run)
{
	return PUCK_DMABUF_MOVES ? NULL : "in this kernel nothing moves that is shared";
}

static int setup(struct puck_run *run)
{
	struct mover *mover = kzalloc(sizeof(*mover), GFP_KERNEL);
	int ret;

	if (!mover)
		return -ENOMEM;
	run->priv = mover;
	ret = puck_share_init(run, &mover->share, PAGES, true);
	return ret ?: puck_buffer_alloc(&mover->other, PAGES);
}

static void moved_buggy(struct dma_buf_attachment *attach)
{
}

/* No job is under way: the mapping may go at once. The next job has another. */
static void moved_fixed(struct dma_buf_attachment *attach)
{
	struct puck_share *share = attach->importer_priv;

	if (!share->sgt)
		return;
	dma_buf_unmap_attachment(attach, share->sgt, share->dir);
	puck_share_forget(share);
}

static const struct dma_buf_attach_ops ops_buggy = { .invalidate_mappings = moved_buggy };
static const struct dma_buf_attach_ops ops_fixed = { .invalidate_mappings = moved_fixed };

/* A job of the importer's: it maps what it has not mapped. */
static int work(struct puck_run *run, struct puck_share *share)
{
	int ret = 0;

	if (!share->sgt)
		ret = puck_share_map(run, share, DMA_BIDIRECTIONAL);
	return ret ?: puck_share_write(run, share);
}

/* The exporter moves the memory, and gives away the pages that it has left. */
static void move(struct mover *mover)
{
	unsigned int i;

	puck_exporter_move(mover->share.exp, &mover->other);
	for (i = 0; i < PAGES; i++)
		memset_page(mover->other.pages[i], 0, CANARY, PAGE_SIZE);
}

static int play(struct puck_run *run, const struct dma_buf_attach_ops *ops)
{
	struct mover *mover = run->priv;
	struct puck_share *share = &mover->share;
	int ret;

	ret = puck_share_attach(run, share, ops);
	if (!ret)
		ret = work(run, share);
	if (ret)
		return ret;
	move(mover);
	ret = work(run, share);
	puck_share_unmap(share);
	return ret ?: puck_share_look(share);
}

static int buggy(struct puck_run *run)
{
	return play(run, &ops_buggy);
}

static int fixed(struct puck_run *run)
{
	return play(run, &ops_fixed);
}

static void verdict(struct puck_run *run)
{
	struct mover *mover = run->priv;
	unsigned int i, changed = 0;

	puck_share_check(run, &mover->share);
	for (i = 0; i < PAGES; i++)
		changed += !!memchr_inv(page_address(mover->other.pages[i]), CANARY, PAGE_SIZE);
	if (changed)
		puck_caught(run, "canary", "%u of %u pages that were left were overwritten",
			    changed, PAGES);
}

static void teardown(struct puck_run *run)
{
	struct mover *mover = run->priv;

	if (!mover)
		return;
	puck_share_fini(&mover->share);
	puck_buffer_free(&mover->other);
	kfree(mover);
}

const struct puck_scenario puck_dmabuf_move_ignored = {
	.name = "dmabuf_move_ignored",
	.mistake = "the importer does nothing when the memory moves",
	.history = "b18fc0ab8373 (amdgpu)",
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.finding = "sync-missing",
	.skip = skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
