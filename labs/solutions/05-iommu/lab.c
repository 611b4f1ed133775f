// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 5, the reference solution: page tables of an IOMMU, and when its IOTLB forgets.
 * docs/specs/iommu.rst is the contract.
 */
#include "puck_lab_iommu.h"

#define PTE_PRESENT	(PUCK_IOMMU_PTE_READ | PUCK_IOMMU_PTE_WRITE)

/* What the last SYNC has written. */
static u64 synced(struct lab_iommu *iommu)
{
	return le64_to_cpu(READ_ONCE(*iommu->word));
}

static int lab_flush(struct lab_iommu *iommu, u16 opcode, u32 id, u64 addr, u64 size)
{
	struct puck_iommu_cmd inv = {
		.opcode = cpu_to_le16(opcode),
		.id = cpu_to_le32(id),
		.addr = cpu_to_le64(addr),
		.size = cpu_to_le64(size),
	};
	struct puck_iommu_cmd sync = {
		.opcode = cpu_to_le16(PUCK_IOMMU_CMD_SYNC),
		.flags = cpu_to_le16(PUCK_IOMMU_SYNC_WRITE),
		.addr = cpu_to_le64(iommu->word_dma),
		.data = cpu_to_le64(++iommu->syncs),
	};
	u64 seen;
	int ret;

	ret = lab_command(iommu, &inv);
	if (!ret)
		ret = lab_command(iommu, &sync);
	if (ret)
		return ret;
	/* A command that was accepted is not one that is done. The SYNC behind it says when. */
	return read_poll_timeout(synced, seen, seen == iommu->syncs, 10, LAB_PATIENCE_US, false,
				 iommu);
}

static int lab_attach_dev(struct lab_domain *domain, u16 requester)
{
	struct puck_iommu_ctx_entry *entry = lab_context(domain->iommu, requester);
	u64 table = virt_to_phys(domain->root) |
		    FIELD_PREP(PUCK_IOMMU_CTX_MODE, PUCK_IOMMU_CTX_MODE_TRANSLATE);

	if (!entry)
		return -ENOMEM;
	/* The device may look at any time: it is valid when all of it is there, and not before. */
	WRITE_ONCE(entry->table, cpu_to_le64(table));
	dma_wmb();
	WRITE_ONCE(entry->domain, cpu_to_le64(domain->id));
	dma_wmb();
	WRITE_ONCE(entry->table, cpu_to_le64(table | PUCK_IOMMU_CTX_VALID));
	return lab_flush(domain->iommu, PUCK_IOMMU_CMD_INV_CONTEXT, requester, 0, 0);
}

static unsigned int table_index(u64 iova, unsigned int level)
{
	return (iova >> (12 + 9 * (level - 1))) & (PUCK_IOMMU_PT_ENTRIES - 1);
}

static __le64 *entry_table(u64 entry)
{
	return phys_to_virt(entry & PUCK_IOMMU_PTE_ADDR);
}

/* The level-1 entry of @iova; NULL if there is no table for it, and none is made. */
static __le64 *find_entry(struct lab_domain *domain, u64 iova, bool make)
{
	__le64 *table = domain->root;
	unsigned int level;

	for (level = PUCK_IOMMU_PT_LEVELS; level > 1; level--) {
		__le64 *at = &table[table_index(iova, level)];
		u64 entry = le64_to_cpu(READ_ONCE(*at));

		if (!(entry & PTE_PRESENT)) {
			__le64 *next = make ? lab_table_alloc(domain->iommu) : NULL;

			if (!next)
				return NULL;
			/* What pages may be used for is said by the leaves. */
			entry = virt_to_phys(next) | PTE_PRESENT;
			/* The zeroes of the table are there before the device finds it. */
			dma_wmb();
			WRITE_ONCE(*at, cpu_to_le64(entry));
		}
		table = entry_table(entry);
	}
	return &table[table_index(iova, 1)];
}

static int lab_map_pages(struct lab_domain *domain, unsigned long iova, phys_addr_t paddr,
			 size_t pgcount, int prot, size_t *mapped)
{
	u64 end = BIT_ULL(PUCK_IOMMU_IOVA_BITS), bits = 0;

	if (iova >= end || pgcount > (end - iova) / SZ_4K)
		return -ERANGE;
	if (prot & IOMMU_READ)
		bits |= PUCK_IOMMU_PTE_READ;
	if (prot & IOMMU_WRITE)
		bits |= PUCK_IOMMU_PTE_WRITE;
	for (; pgcount; pgcount--, iova += SZ_4K, paddr += SZ_4K) {
		__le64 *at = find_entry(domain, iova, true);

		if (!at)
			return -ENOMEM;
		if (le64_to_cpu(READ_ONCE(*at)) & PTE_PRESENT)
			return -EEXIST;
		WRITE_ONCE(*at, cpu_to_le64(paddr | bits));
		*mapped += SZ_4K;
	}
	/* The device caches nothing that is not present: there is nothing to be flushed. */
	return 0;
}

static size_t lab_unmap_pages(struct lab_domain *domain, unsigned long iova, size_t pgcount)
{
	size_t i;

	for (i = 0; i < pgcount; i++) {
		__le64 *at = find_entry(domain, iova + i * SZ_4K, false);

		if (!at || !(le64_to_cpu(READ_ONCE(*at)) & PTE_PRESENT))
			break;
		WRITE_ONCE(*at, 0);
	}
	return i * SZ_4K;
}

static void lab_iotlb_sync(struct lab_domain *domain, unsigned long iova, size_t size)
{
	if (lab_flush(domain->iommu, PUCK_IOMMU_CMD_INV_RANGE, domain->id, iova, size))
		dev_err(&domain->iommu->pdev->dev, "the IOTLB may still have what was unmapped\n");
}

static phys_addr_t lab_iova_to_phys(struct lab_domain *domain, dma_addr_t iova)
{
	__le64 *at = iova >> PUCK_IOMMU_IOVA_BITS ? NULL : find_entry(domain, iova, false);
	u64 entry = at ? le64_to_cpu(READ_ONCE(*at)) : 0;

	return entry & PTE_PRESENT ? (entry & PUCK_IOMMU_PTE_ADDR) + (iova & (SZ_4K - 1)) : 0;
}

static void free_level(struct lab_iommu *iommu, __le64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level > 1 && i < PUCK_IOMMU_PT_ENTRIES; i++) {
		u64 entry = le64_to_cpu(table[i]);

		if (entry & PTE_PRESENT)
			free_level(iommu, entry_table(entry), level - 1);
	}
	lab_table_free(iommu, table);
}

static void lab_free_tables(struct lab_domain *domain)
{
	free_level(domain->iommu, domain->root, PUCK_IOMMU_PT_LEVELS);
}

MODULE_DESCRIPTION("Lab 5: an IOMMU driver");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
