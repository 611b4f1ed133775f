// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a driver does not call dma_set_max_seg_size() for a device that takes shorter segments
 * than 64 KiB, which is what the kernel takes for granted then. Where nothing is merged
 * segments are pages, and all is well; an IOMMU makes longer ones than the device takes.
 *
 * In Linux: limits that nobody had declared, of amdgpu, e2e974357839, "set the right AMDGPU
 * sg segment limitation" (v6.13), and virtio-gpu, 9c64e749cebd, "Set segment size for virtio_gpu
 * device" (v6.8).
 *
 * Oracle: the bytes that arrive at the destination. The device refuses a list with a segment
 * that is too long.
 */
#include <linux/dma-mapping.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "core/scenario.h"

/* More than the longest segment of a device that this is for. */
#define PAGES	32

/**
 * struct limits - a device's limit, and a copy on the device
 * @copy: the copy
 * @seg_max: the longest segment that the device takes, as its driver has declared it
 */
struct limits {
	struct puck_copy copy;
	unsigned int seg_max;
};

static const char *skip(struct puck_run *run)
{
	return dma_get_max_seg_size(run->dev) < SZ_64K ? NULL :
	       "a device that takes segments of 64 KiB (seg-len-max)";
}

/* As before a driver's probe: the kernel knows of no limit. */
static int setup(struct puck_run *run)
{
	struct limits *limits = kzalloc(sizeof(*limits), GFP_KERNEL);

	if (!limits)
		return -ENOMEM;
	run->priv = limits;
	limits->seg_max = dma_get_max_seg_size(run->dev);
	dma_set_max_seg_size(run->dev, SZ_64K);
	return 0;
}

/* A job may be refused; what counts is what has arrived. */
static int probe_and_copy(struct puck_run *run)
{
	struct limits *limits = run->priv;
	int ret = puck_copy_setup(run, &limits->copy, PAGES);

	if (ret)
		return ret;
	ret = puck_copy_run(run, &limits->copy, PAGES * PAGE_SIZE);
	return ret == -EIO ? 0 : ret;
}

static int buggy(struct puck_run *run)
{
	return probe_and_copy(run);
}

static int fixed(struct puck_run *run)
{
	struct limits *limits = run->priv;

	dma_set_max_seg_size(run->dev, limits->seg_max);
	return probe_and_copy(run);
}

static void verdict(struct puck_run *run)
{
	struct limits *limits = run->priv;

	puck_copy_verdict(run, &limits->copy, PUCK_COPY_SEED);
}

static void teardown(struct puck_run *run)
{
	struct limits *limits = run->priv;

	if (!limits)
		return;
	puck_copy_teardown(&limits->copy);
	dma_set_max_seg_size(run->dev, limits->seg_max);
	kfree(limits);
}

const struct puck_scenario puck_max_seg_undeclared = {
	.name = "max_seg_undeclared",
	.mistake = "dma_set_max_seg_size() is not called",
	.history = "e2e974357839 (amdgpu), 9c64e749cebd (virtio-gpu)",
	.shown_by = PUCK_SHOWN_BY_MERGING,
	.skip = skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
