/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces: those with a page table, and two that are modes of a context entry.
 */
#ifndef PUCK_IOMMU_DOMAIN_H
#define PUCK_IOMMU_DOMAIN_H

#include <linux/iommu.h>
#include <linux/types.h>

struct page;
struct puck_iommu;

/**
 * struct puck_iommu_domain - an address space with a page table
 *
 * Mapping and unmapping take no lock: the caller owns the IOVA range that it
 * works on, and two callers meet in the upper levels only, where an entry goes
 * once from empty to a table.
 */
struct puck_iommu_domain {
	/** @domain: what the IOMMU core knows */
	struct iommu_domain domain;
	/** @root: level-4 table */
	__le64 *root;
	/** @low: level-1 tables below PUCK_IOMMU_LOW_END by number, NULL if not known */
	__le64 **low;
	/** @iommu: whose devices may attach; the first that attaches sets it, for good */
	struct puck_iommu *iommu;
	/** @id: tag of the IOTLB entries */
	u16 id;
	/**
	 * @retired: tables that were unhooked from @root and that a walk may
	 * still be in; linked by page->private, freed behind the next SYNC
	 */
	struct page *retired;
};

static inline struct puck_iommu_domain *to_puck_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct puck_iommu_domain, domain);
}

extern const struct iommu_domain_ops puck_iommu_paging_ops;
#ifdef PUCK_HAVE_IOMMU_STATIC_DOMAINS
extern struct iommu_domain puck_iommu_identity_domain;
extern struct iommu_domain puck_iommu_blocked_domain;
struct iommu_domain *puck_iommu_domain_alloc_paging(struct device *dev);
#else
struct iommu_domain *puck_iommu_domain_alloc(unsigned int type);
#endif
void puck_iommu_domain_exit(void);

#endif /* PUCK_IOMMU_DOMAIN_H */
