// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: an importer takes the pages from the table that it got and reads those with the CPU. What
 * importers get is addresses for their device: memory of a device has no pages, and of other memory
 * the exporter alone says when the CPU may have it.
 *
 * In Linux: "xen/gntdev: Fix the abuse of underlying struct page in DMA-buf import", 2d2db7d40254
 * (v6.8).
 *
 * Oracle: the bytes that the importer came by. It would not survive what it takes for a page here:
 * it reads those that are the buffer's, and no others.
 */
#include <linux/highmem.h>
#include <linux/scatterlist.h>

#include "dmabuf/share.h"

#define PAGES	16

static int setup(struct puck_run *run)
{
	int ret = puck_share_setup(run, PAGES);
	struct puck_share *share = run->priv;

	if (ret)
		return ret;
	share->exp->device_memory = true;
	ret = puck_share_attach(run, share, NULL);
	if (!ret)
		ret = puck_share_map(run, share, DMA_FROM_DEVICE);
	return ret ?: puck_share_write(run, share);
}

/* The scenario's own knowledge, which no importer has. */
static bool is_page(const struct puck_exporter *exp, const struct page *page)
{
	unsigned int i;

	for (i = 0; i < exp->mem.npages; i++)
		if (exp->mem.pages[i] == page)
			return true;
	return false;
}

static int buggy(struct puck_run *run)
{
	struct puck_share *share = run->priv;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(share->sgt, sg, i)
		if (is_page(share->exp, sg_page(sg)))
			copy_highpage(share->seen.pages[i], sg_page(sg));
	return 0;
}

static int fixed(struct puck_run *run)
{
	return puck_share_look(run->priv);
}

const struct puck_scenario puck_dmabuf_pages_walked = {
	.name = "dmabuf_pages_walked",
	.mistake = "pages are taken from the table of an import",
	.history = "2d2db7d40254 (xen/gntdev)",
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = puck_share_verdict,
	.teardown = puck_share_teardown,
};
