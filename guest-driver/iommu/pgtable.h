/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables of domains. Section "Page tables" of docs/specs/iommu.rst.
 */
#ifndef PUCK_IOMMU_PGTABLE_H
#define PUCK_IOMMU_PGTABLE_H

#include <linux/bits.h>
#include <linux/iommu.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "abi/puck_iommu.h"

#define PUCK_IOMMU_PAGE_SIZES	(SZ_4K | SZ_2M)
#define PUCK_IOMMU_IOVA_END	BIT_ULL(PUCK_IOMMU_IOVA_BITS)
/* The kernel's DMA layer prefers IOVAs below. */
#define PUCK_IOMMU_LOW_END	SZ_4G

struct page;
struct puck_iommu_domain;

__le64 *puck_iommu_pgtable_alloc(gfp_t gfp);
void puck_iommu_pgtable_free(__le64 *root);
int puck_iommu_map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
			 size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped);
size_t puck_iommu_unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			      size_t pgcount, struct iommu_iotlb_gather *gather);
phys_addr_t puck_iommu_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova);
void puck_iommu_pgtable_free_retired(struct page *list);
void puck_iommu_pgtable_keep_retired(struct puck_iommu_domain *pdom, struct page *list);

#endif /* PUCK_IOMMU_PGTABLE_H */
