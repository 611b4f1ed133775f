// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: an import that fails in its last step gives the dma-buf back, and not its attachment: that
 * stays in the exporter's list, and the memory stays mapped for a device that nobody has it for.
 *
 * In Linux: "drm/xe: Fix dma-buf attachment leak in xe_gem_prime_import()", 111ab678471b (2026).
 *
 * Oracle: the exporter, which knows who is attached and what is mapped.
 */
#include "dmabuf/share.h"

#define PAGES	16

static int setup(struct puck_run *run)
{
	return puck_share_setup(run, PAGES);
}

/* The importer's own object, which it has no memory for. */
static int make_object(void)
{
	return -ENOMEM;
}

static int import_buggy(struct puck_run *run, struct puck_share *share)
{
	int ret;

	ret = puck_share_attach(run, share, NULL);
	if (ret)
		return ret;
	ret = puck_share_map(run, share, DMA_BIDIRECTIONAL);
	if (ret)
		goto detach;
	ret = make_object();
	if (ret)
		return ret;
	return 0;

detach:
	puck_share_detach(share);
	return ret;
}

static int import_fixed(struct puck_run *run, struct puck_share *share)
{
	int ret;

	ret = puck_share_attach(run, share, NULL);
	if (ret)
		return ret;
	ret = puck_share_map(run, share, DMA_BIDIRECTIONAL);
	if (ret)
		goto detach;
	ret = make_object();
	if (ret)
		goto unmap;
	return 0;

unmap:
	puck_share_unmap(share);
detach:
	puck_share_detach(share);
	return ret;
}

static int buggy(struct puck_run *run)
{
	return import_buggy(run, run->priv) == -ENOMEM ? 0 : -EINVAL;
}

static int fixed(struct puck_run *run)
{
	return import_fixed(run, run->priv) == -ENOMEM ? 0 : -EINVAL;
}

/* What is left behind goes in the teardown, before the dma-buf does. */
static void verdict(struct puck_run *run)
{
	struct puck_share *share = run->priv;
	unsigned int attached = atomic_read(&share->exp->attachments);
	unsigned int mapped = puck_exporter_mappings(share->exp);

	if (attached || mapped)
		puck_caught(run, "exporter", "%u importers, %u mappings are left", attached,
			    mapped);
}

const struct puck_scenario puck_dmabuf_attach_left = {
	.name = "dmabuf_attach_left",
	.mistake = "a failed import leaves its attachment behind",
	.history = "111ab678471b (xe)",
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_share_teardown,
};
