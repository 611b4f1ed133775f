// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the DMA API calls: mappings of one run of bytes, and the table of all.
 */

#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "compat/dma.h"
#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "map/coherent.h"
#include "map/list.h"
#include "map/map.h"
#include "map/ops.h"
#include "map/sync.h"
#include "policy/policy.h"

/* A copy has an array of its pages: as much as swiotlb takes at once. */
#define BOUNCE_SIZE_MAX	SZ_256K

static enum puck_dma_kind kind_of(unsigned long attrs)
{
	return attrs & DMA_ATTR_MMIO ? PUCK_DMA_RESOURCE : PUCK_DMA_PAGE;
}

static dma_addr_t ops_map_phys(struct device *dev, phys_addr_t phys, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	struct puck_dma_dev *d = puck_dma_dev(dev);
	int prot = puck_dma_prot(dir, attrs);
	struct puck_dma_mapping *m;
	dma_addr_t iova;

	if (unlikely(!size))
		return DMA_MAPPING_ERROR;
	m = puck_dma_begin(d, kind_of(attrs), dir, attrs, GFP_ATOMIC);
	if (unlikely(!m))
		return DMA_MAPPING_ERROR;
	m->phys = phys;
	m->size = size;
	if (unlikely(puck_dma_map_one(d, m, dma_get_mask(dev), 1, prot, GFP_ATOMIC, &iova))) {
		puck_dma_end(m);
		return DMA_MAPPING_ERROR;
	}
	return iova;
}

static void ops_unmap_phys(struct device *dev, dma_addr_t iova, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	struct puck_dma_call call = {
		.kind = kind_of(attrs),
		.dir = dir,
		.addr = iova,
		.size = size,
	};

	puck_dma_unmap_call(puck_dma_dev(dev), &call, attrs);
}

#ifndef PUCK_HAVE_DMA_MAP_PHYS
static dma_addr_t ops_map_page(struct device *dev, struct page *page, unsigned long offset,
			       size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	return ops_map_phys(dev, page_to_phys(page) + offset, size, dir, attrs);
}

static dma_addr_t ops_map_resource(struct device *dev, phys_addr_t phys, size_t size,
				   enum dma_data_direction dir, unsigned long attrs)
{
	return ops_map_phys(dev, phys, size, dir, attrs | DMA_ATTR_MMIO);
}

static void ops_unmap_resource(struct device *dev, dma_addr_t iova, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	ops_unmap_phys(dev, iova, size, dir, attrs | DMA_ATTR_MMIO);
}
#endif

static size_t ops_max_mapping_size(struct device *dev)
{
	struct puck_dma_policy policy;

	puck_dma_policy_get(puck_dma_dev(dev), &policy);
	return policy.sync == PUCK_DMA_SYNC_COHERENT ? SIZE_MAX : BOUNCE_SIZE_MAX;
}

/* Extents up to here are used again without a search. */
static size_t ops_opt_mapping_size(void)
{
	return SZ_512K;
}

/*
 * No get_merge_boundary: it would promise that neighbours always become one
 * segment. No dma_supported: any mask will do, as with dma-iommu.
 */
const struct dma_map_ops puck_dma_ops = {
	.alloc = puck_dma_alloc,
	.free = puck_dma_free,
	.alloc_pages_op = puck_dma_alloc_pages,
	.free_pages = puck_dma_free_pages,
	.mmap = puck_dma_mmap,
	.get_sgtable = puck_dma_get_sgtable,
#ifdef PUCK_HAVE_DMA_MAP_PHYS
	.map_phys = ops_map_phys,
	.unmap_phys = ops_unmap_phys,
#else
	.map_page = ops_map_page,
	.unmap_page = ops_unmap_phys,
	.map_resource = ops_map_resource,
	.unmap_resource = ops_unmap_resource,
#endif
	.map_sg = puck_dma_map_sg,
	.unmap_sg = puck_dma_unmap_sg,
	.sync_single_for_cpu = puck_dma_sync_single_for_cpu,
	.sync_single_for_device = puck_dma_sync_single_for_device,
	.sync_sg_for_cpu = puck_dma_sync_sg_for_cpu,
	.sync_sg_for_device = puck_dma_sync_sg_for_device,
	.max_mapping_size = ops_max_mapping_size,
	.opt_mapping_size = ops_opt_mapping_size,
};
