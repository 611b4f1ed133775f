// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a driver has pages of a process mapped for its device, and is not told, or does nothing,
 * when the process unmaps them. A job that is under way writes them when they are somebody else's.
 *
 * In Linux: "mm/khugepaged: invoke MMU notifiers in shmem/file collapse paths", f268f6cf875f
 * (v6.1): pages were taken out of page tables, and secondary MMUs went on using them.
 *
 * Oracle: a canary in the page.
 */
#include <linux/dma-fence.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/late.h"
#include "core/lent.h"
#include "core/scenario.h"

/* No byte of what the job stores is a canary's. */
#define CANARY	0xc6

/**
 * struct watched - a page of a process that a device writes
 * @lent: the page
 * @notifier: of the range
 * @late: the job
 */
struct watched {
	struct puck_lent lent;
	struct mmu_interval_notifier notifier;
	struct puck_late late;
};

static int setup(struct puck_run *run)
{
	struct watched *watched = kzalloc(sizeof(*watched), GFP_KERNEL);
	int ret;

	if (!watched)
		return -ENOMEM;
	run->priv = watched;
	run->orig_nents = 1;
	run->nents = 1;
	ret = puck_lent_init(run, &watched->lent);
	return ret ?: puck_lent_show(&watched->lent);
}

static int submit(struct puck_run *run, struct watched *watched)
{
	struct puck_client_seg seg;
	struct puck_client_job job = puck_lent_job(&watched->lent, &seg);

	return puck_late_submit(run, &watched->late, dma_fence_context_alloc(1), 1, &job);
}

/* The page is its next owner's from here on. */
static int unmap_by_process(struct watched *watched)
{
	int ret = puck_lent_hide(&watched->lent);

	if (!ret)
		memset(page_address(watched->lent.page), CANARY, PAGE_SIZE);
	return ret;
}

static bool on_unmap(struct mmu_interval_notifier *notifier,
		     const struct mmu_notifier_range *range, unsigned long seq)
{
	struct watched *watched = container_of(notifier, struct watched, notifier);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mmu_interval_set_seq(notifier, seq);
	dma_fence_wait(watched->late.fence, false);
	puck_lent_unmap(&watched->lent);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = {
	.invalidate = on_unmap,
};

static int buggy(struct puck_run *run)
{
	struct watched *watched = run->priv;
	int ret = submit(run, watched);

	if (!ret)
		ret = unmap_by_process(watched);
	puck_late_end(&watched->late);
	return ret;
}

static int fixed(struct puck_run *run)
{
	struct watched *watched = run->priv;
	int ret = submit(run, watched);

	if (!ret)
		ret = mmu_interval_notifier_insert(&watched->notifier, current->mm,
						   watched->lent.addr, PAGE_SIZE, &notifier_ops);
	if (!ret)
		ret = unmap_by_process(watched);
	puck_late_end(&watched->late);
	return ret;
}

static void verdict(struct puck_run *run)
{
	struct watched *watched = run->priv;
	const u8 *bytes = page_address(watched->lent.page), *dead;

	puck_lent_unmap(&watched->lent);
	dead = memchr_inv(bytes, CANARY, PAGE_SIZE);
	if (dead)
		puck_caught(run, "canary", "the process has unmapped it, and byte %zu is %#x",
			    (size_t)(dead - bytes), *dead);
}

static void teardown(struct puck_run *run)
{
	struct watched *watched = run->priv;

	if (!watched)
		return;
	puck_lent_hide(&watched->lent);
	if (watched->notifier.mm)
		mmu_interval_notifier_remove(&watched->notifier);
	puck_lent_fini(&watched->lent);
	puck_late_free(&watched->late);
	kfree(watched);
}

const struct puck_scenario puck_userptr_not_waited = {
	.name = "userptr_not_waited",
	.mistake = "pages of a process unmapped under a job",
	.history = "f268f6cf875f (khugepaged)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.finding = "sync-missing",
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
