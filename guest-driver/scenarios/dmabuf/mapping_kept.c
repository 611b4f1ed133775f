// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: an exporter keeps the mapping that it has made for an importer, and hands it out again when
 * that wants another direction. What was mapped for reading alone is now to be written.
 *
 * In Linux: "udmabuf: fix DMA direction mismatch in release_udmabuf()" (2026), of a table that is
 * kept from the first access of the CPU on, whatever its direction; the core, which keeps mappings
 * since "dma-buf: start caching of sg_table objects v2", refuses another direction: -EBUSY.
 *
 * Oracle: the bytes that the CPU sees; what became of the job; or puck-dma.
 */
#include <linux/slab.h>

#include "dmabuf/share.h"

#define PAGES	16

/**
 * struct keeper - a dma-buf whose exporter keeps a mapping
 * @share: the dma-buf, and its importer
 * @status: of the job that writes
 */
struct keeper {
	struct puck_share share;
	int status;
};

/* The mapping stays in the exporter's list, and ends with the dma-buf. */
static void keep(struct puck_exporter *exp, struct puck_export_map *map)
{
}

static struct puck_export_map *kept(struct puck_exporter *exp)
{
	return list_first_entry_or_null(&exp->mappings, struct puck_export_map, node);
}

static struct puck_export_map *map_buggy(struct puck_exporter *exp, struct device *dev,
					 enum dma_data_direction dir)
{
	struct puck_export_map *map = kept(exp);

	return map ?: puck_exporter_map(exp, dev, dir);
}

static struct puck_export_map *map_fixed(struct puck_exporter *exp, struct device *dev,
					 enum dma_data_direction dir)
{
	struct puck_export_map *map = kept(exp);

	if (map && map->dir == dir)
		return map;
	if (map)
		puck_exporter_unmap(exp, map);
	return puck_exporter_map(exp, dev, dir);
}

static int setup(struct puck_run *run)
{
	struct keeper *keeper = kzalloc(sizeof(*keeper), GFP_KERNEL);

	if (!keeper)
		return -ENOMEM;
	run->priv = keeper;
	return puck_share_init(run, &keeper->share, PAGES, false);
}

/*
 * The buffer is mapped as one that is to be shown, and then the GPU is to write there. It has read
 * nothing before: an IOMMU that knows a page from then may refuse the write without a word.
 */
static int play(struct puck_run *run)
{
	struct keeper *keeper = run->priv;
	struct puck_share *share = &keeper->share;
	int ret;

	share->exp->lines.unmap = keep;
	ret = puck_share_attach(run, share, NULL);
	if (!ret)
		ret = puck_share_map(run, share, DMA_TO_DEVICE);
	puck_share_unmap(share);
	if (!ret)
		ret = puck_share_map(run, share, DMA_FROM_DEVICE);
	if (ret)
		return ret;
	keeper->status = puck_share_write(run, share);
	ret = puck_share_look(share);
	puck_share_unmap(share);
	return ret;
}

static int buggy(struct puck_run *run)
{
	struct keeper *keeper = run->priv;

	keeper->share.exp->lines.map = map_buggy;
	return play(run);
}

static int fixed(struct puck_run *run)
{
	struct keeper *keeper = run->priv;

	keeper->share.exp->lines.map = map_fixed;
	return play(run);
}

static void verdict(struct puck_run *run)
{
	struct keeper *keeper = run->priv;

	puck_share_check(run, &keeper->share);
	if (keeper->status)
		puck_caught(run, "job", "error %d", keeper->status);
}

static void teardown(struct puck_run *run)
{
	struct keeper *keeper = run->priv;

	if (!keeper)
		return;
	puck_share_fini(&keeper->share);
	kfree(keeper);
}

const struct puck_scenario puck_dmabuf_mapping_kept = {
	.name = "dmabuf_mapping_kept",
	.mistake = "a mapping is handed out again for another direction",
	.history = "release_udmabuf() (2026)",
	.shown_by = PUCK_SHOWN_BY_TRANSLATION,
	.finding = "access-direction",
	.splat = "puck-iommu.*DMA fault|DMAR: .*fault|virtio_iommu.*page fault",
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
