// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: an exporter has no begin_cpu_access. Whoever looks with the CPU does all that is asked of
 * him, and sees what was there before the device wrote: nobody else knows the mappings that have to
 * be synced.
 *
 * In Linux: "udmabuf: implement begin_cpu_access/end_cpu_access hooks", 284562e1f348 (2019);
 * "media: videobuf2: add begin/end cpu_access callbacks to dma-sg", d4db5eb57cab (2020).
 *
 * Oracle: the bytes that the CPU sees.
 */
#include "dmabuf/share.h"

#define PAGES	16

static int setup(struct puck_run *run)
{
	int ret = puck_share_setup(run, PAGES);
	struct puck_share *share = run->priv;

	if (ret)
		return ret;
	ret = puck_share_attach(run, share, NULL);
	return ret ?: puck_share_map(run, share, DMA_FROM_DEVICE);
}

static void to_cpu_buggy(struct puck_export_map *map)
{
}

/* The importer keeps its mapping, as one that comes back with the next frame does. */
static int play(struct puck_run *run)
{
	struct puck_share *share = run->priv;
	int ret = puck_share_write(run, share);

	return ret ?: puck_share_look(share);
}

static int buggy(struct puck_run *run)
{
	struct puck_share *share = run->priv;

	share->exp->lines.to_cpu = to_cpu_buggy;
	return play(run);
}

static int fixed(struct puck_run *run)
{
	return play(run);
}

const struct puck_scenario puck_dmabuf_cpu_access = {
	.name = "dmabuf_cpu_access",
	.mistake = "the exporter has no begin_cpu_access",
	.history = "284562e1f348 (udmabuf), d4db5eb57cab (vb2-dma-sg)",
	.shown_by = PUCK_SHOWN_BY_MAPPER,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = puck_share_verdict,
	.teardown = puck_share_teardown,
};
