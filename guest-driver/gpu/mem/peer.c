// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM as other devices see it: by DMA to BAR 2, where the way from there to here allows that.
 * There are no pages; a table of it has DMA addresses and lengths, and nothing else.
 *
 * The kernel knows of the way by the bridges: two functions behind one switch reach each other if
 * that does not redirect all requests upwards (ACS), and others do if the host bridge is known to
 * let them.
 */
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "core/device.h"
#include "mem/peer.h"
#include "mem/vram.h"

/**
 * puck_peer_reaches - see whether another device can reach VRAM
 * @puck: the device
 * @peer: the other one
 *
 * Context: inside drm_dev_enter().
 * Return: true if it can. Never without CONFIG_PCI_P2PDMA.
 */
bool puck_peer_reaches(struct puck_device *puck, struct device *peer)
{
	return pci_p2pdma_distance(puck->pdev, peer, false) >= 0;
}

/* How many of @len bytes at @addr one entry may have. */
static u32 puck_peer_piece(struct device *peer, phys_addr_t addr, u64 len)
{
	u64 longest = max_t(u64, PAGE_SIZE, ALIGN_DOWN(dma_get_max_seg_size(peer), PAGE_SIZE));
	u64 boundary = dma_get_seg_boundary(peer);

	/* An IOMMU's addresses are as well aligned as these. */
	return min3(len - 1, longest - 1, boundary - (addr & boundary)) + 1;
}

static unsigned int puck_peer_count(struct device *peer, struct sg_table *blocks, phys_addr_t bar)
{
	struct scatterlist *sg;
	unsigned int count = 0;
	phys_addr_t addr;
	u64 left;
	u32 len;
	int i;

	for_each_sgtable_dma_sg(blocks, sg, i) {
		addr = bar + sg_dma_address(sg);
		for (left = sg_dma_len(sg); left; left -= len, addr += len) {
			len = puck_peer_piece(peer, addr, left);
			count++;
		}
	}
	return count;
}

/* On errors what was mapped stays so; the entry behind has no length. */
static int puck_peer_map_all(struct device *peer, struct sg_table *blocks, phys_addr_t bar,
			     struct sg_table *sgt, enum dma_data_direction dir)
{
	struct scatterlist *from, *to = sgt->sgl;
	dma_addr_t dma;
	phys_addr_t addr;
	u64 left;
	u32 len;
	int i;

	for_each_sgtable_dma_sg(blocks, from, i) {
		addr = bar + sg_dma_address(from);
		for (left = sg_dma_len(from); left; left -= len, addr += len) {
			len = puck_peer_piece(peer, addr, left);
			dma = dma_map_resource(peer, addr, len, dir, DMA_ATTR_SKIP_CPU_SYNC);
			if (dma_mapping_error(peer, dma))
				return -ENOMEM;
			sg_set_page(to, NULL, len, 0);
			sg_dma_address(to) = dma;
			sg_dma_len(to) = len;
			to = sg_next(to);
		}
	}
	return 0;
}

/**
 * puck_peer_map - map blocks of VRAM for another device
 * @puck: the device
 * @res: of puck_vram, all of it within BAR 2
 * @peer: the other one, which reaches VRAM
 * @dir: direction
 *
 * Each block is mapped for itself, and in pieces if it is longer than @peer takes.
 *
 * Context: may sleep; inside drm_dev_enter().
 * Return: the table, to be given to puck_peer_unmap(); ERR_PTR(-ENOMEM).
 */
struct sg_table *puck_peer_map(struct puck_device *puck, struct ttm_resource *res,
			       struct device *peer, enum dma_data_direction dir)
{
	phys_addr_t bar = pci_resource_start(puck->pdev, PUCK_GPU_BAR_VRAM);
	struct sg_table *blocks = puck_vram_where(res).sgt;
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(sgt, puck_peer_count(peer, blocks, bar), GFP_KERNEL);
	if (ret) {
		kfree(sgt);
		return ERR_PTR(ret);
	}
	ret = puck_peer_map_all(peer, blocks, bar, sgt, dir);
	if (ret) {
		puck_peer_unmap(sgt, peer, dir);
		return ERR_PTR(ret);
	}
	return sgt;
}

/**
 * puck_peer_unmap - undo puck_peer_map()
 * @sgt: the table; freed
 * @peer: whom it was mapped for; still bound to its driver
 * @dir: direction
 *
 * Context: may sleep.
 */
void puck_peer_unmap(struct sg_table *sgt, struct device *peer, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!sg_dma_len(sg))
			break;
		dma_unmap_resource(peer, sg_dma_address(sg), sg_dma_len(sg), dir,
				   DMA_ATTR_SKIP_CPU_SYNC);
	}
	sg_free_table(sgt);
	kfree(sgt);
}
