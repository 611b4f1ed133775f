// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a buffer is unmapped while a job that writes it is still to run. The
 * addresses are nobody's then, or the next mapping's.
 *
 * In Linux: msm, fixed by 86404a9e3013 (v6.18): the fence to be waited for was
 * not the last one, "leading to faults as resources are freed while in use".
 *
 * Oracle: puck-dma, which matches the access to the mapping that was there;
 * what became of the job; and the bytes.
 */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "core/scenario.h"

/* What an emulated GPU does at once when it begins. */
#define LATE_PAGES	16
/* It begins that late: an unmap is over by then on the slowest machine. */
#define LATE_NS		(2 * NSEC_PER_SEC)

struct late {
	struct puck_copy copy;
	int status;		/* of the job */
};

static int setup(struct puck_run *run)
{
	struct late *late = kzalloc(sizeof(*late), GFP_KERNEL);
	int ret;

	if (!late)
		return -ENOMEM;
	run->priv = late;

	ret = puck_copy_setup(run, &late->copy, LATE_PAGES);
	return ret ? ret : puck_client_set_delay(run->client, 0, LATE_NS, 0);
}

static int buggy(struct puck_run *run)
{
	struct late *late = run->priv;
	struct dma_fence *fence;

	fence = puck_copy_submit(run, &late->copy, LATE_PAGES * PAGE_SIZE);
	if (IS_ERR(fence))
		return PTR_ERR(fence);

	puck_buffer_unmap(&late->copy.dst);
	late->status = puck_copy_finish(fence);
	return 0;
}

static int fixed(struct puck_run *run)
{
	struct late *late = run->priv;
	struct dma_fence *fence;

	fence = puck_copy_submit(run, &late->copy, LATE_PAGES * PAGE_SIZE);
	if (IS_ERR(fence))
		return PTR_ERR(fence);

	late->status = puck_copy_finish(fence);
	puck_buffer_unmap(&late->copy.dst);
	return 0;
}

static void verdict(struct puck_run *run)
{
	struct late *late = run->priv;

	puck_copy_verdict(run, &late->copy, PUCK_COPY_SEED);
	if (late->status)
		puck_caught(run, "job", "error %d", late->status);
}

static void teardown(struct puck_run *run)
{
	struct late *late = run->priv;

	if (!late)
		return;
	puck_client_set_delay(run->client, 0, 0, 0);
	puck_copy_teardown(&late->copy);
	kfree(late);
}

const struct puck_scenario puck_use_after_unmap = {
	.name = "use_after_unmap",
	.mistake = "unmap before the job's fence",
	.history = "86404a9e3013 (msm)",
	.shown_by = PUCK_SHOWN_BY_MAPPER,
	.finding = "access-unmapped",
	.splat = "puck-iommu.*DMA fault|DMAR: .*fault|virtio_iommu.*page fault",
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
