// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5: page tables of an IOMMU, and when its IOTLB forgets. docs/specs/iommu.rst is the
 * contract; what is there already, and what each function has to do, is in
 * labs/include/puck_lab_iommu.h.
 */
#include "puck_lab_iommu.h"

static int lab_flush(struct lab_iommu *iommu, u16 opcode, u32 id, u64 addr, u64 size)
{
	/*
	 * TODO: fill in a struct puck_iommu_cmd and send it by lab_command(). How will you know
	 * that it was done? iommu->word is a word that a command can have written.
	 */
	return -EOPNOTSUPP;
}

static int lab_attach_dev(struct lab_domain *domain, u16 requester)
{
	/* TODO: the entry of lab_context(), in the order that the spec asks for; and then? */
	return -EOPNOTSUPP;
}

static int lab_map_pages(struct lab_domain *domain, unsigned long iova, phys_addr_t paddr,
			 size_t pgcount, int prot, size_t *mapped)
{
	/* TODO: from domain->root down, with tables of lab_table_alloc() where there are none. */
	return -EOPNOTSUPP;
}

static size_t lab_unmap_pages(struct lab_domain *domain, unsigned long iova, size_t pgcount)
{
	/* TODO */
	return 0;
}

static void lab_iotlb_sync(struct lab_domain *domain, unsigned long iova, size_t size)
{
	/* TODO */
}

static phys_addr_t lab_iova_to_phys(struct lab_domain *domain, dma_addr_t iova)
{
	/* TODO */
	return 0;
}

static void lab_free_tables(struct lab_domain *domain)
{
	/* TODO */
}

MODULE_DESCRIPTION("Lab 5: an IOMMU driver");
MODULE_AUTHOR("The name of its author");
MODULE_LICENSE("GPL");
