// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: pages of a file that a device has written are given back without being marked as written.
 * The CPU has not touched them, so for the kernel they are what the file has on its disk, or as
 * here in a hole; when memory is short it drops them, and what the device wrote is lost.
 *
 * In Linux: "drm/gem-shmem: Track folio accessed/dirty status in vmap", 648fa9ca27e7 (2026), and
 * "... in mmap", 28e3918179aa: most drivers gave their pages back clean. With memory of processes
 * it takes the page's lock besides, cee7fb437edc (i915, 2019).
 *
 * Oracle: what the file has in the end.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/lent.h"
#include "core/scenario.h"

static int setup(struct puck_run *run)
{
	struct puck_lent *lent = kzalloc(sizeof(*lent), GFP_KERNEL);

	if (!lent)
		return -ENOMEM;
	run->priv = lent;
	run->orig_nents = 1;
	run->nents = 1;
	return puck_lent_init(run, lent);
}

/* The job is done, and so is the driver with the page. */
static int use_page(struct puck_run *run, struct puck_lent *lent)
{
	struct puck_client_seg seg;
	struct puck_client_job job = puck_lent_job(lent, &seg);
	int ret = puck_run_job(run->client, &job);

	puck_lent_unmap(lent);
	return ret;
}

static void give_back(struct puck_lent *lent)
{
	put_page(lent->page);
	lent->page = NULL;
}

/* As if memory were short: what is clean goes, and nothing else. */
static void drop_clean_pages(struct puck_lent *lent)
{
	invalidate_inode_pages2(lent->file->f_mapping);
}

static int buggy(struct puck_run *run)
{
	struct puck_lent *lent = run->priv;
	int ret = use_page(run, lent);

	give_back(lent);
	drop_clean_pages(lent);
	return ret;
}

static int fixed(struct puck_run *run)
{
	struct puck_lent *lent = run->priv;
	int ret = use_page(run, lent);

	set_page_dirty_lock(lent->page);
	give_back(lent);
	drop_clean_pages(lent);
	return ret;
}

static void verdict(struct puck_run *run)
{
	struct puck_lent *lent = run->priv;
	u32 trace = PUCK_LENT_TRACE, *words;

	lent->page = shmem_read_mapping_page(lent->file->f_mapping, 0);
	if (IS_ERR(lent->page))
		return puck_caught(run, "compare", "the file has no page: %ld",
				   PTR_ERR(lent->page));
	words = page_address(lent->page);
	if (words[0] != trace || memcmp(words, words + 1, PAGE_SIZE - sizeof(trace)))
		puck_caught(run, "compare", "the device wrote %#x, and the file has %#x", trace,
			    words[0]);
}

static void teardown(struct puck_run *run)
{
	struct puck_lent *lent = run->priv;

	if (!lent)
		return;
	puck_lent_fini(lent);
	kfree(lent);
}

const struct puck_scenario puck_page_not_dirtied = {
	.name = "page_not_dirtied",
	.mistake = "pages that the device wrote are given back clean",
	.history = "648fa9ca27e7, 28e3918179aa (gem-shmem), cee7fb437edc (i915)",
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
