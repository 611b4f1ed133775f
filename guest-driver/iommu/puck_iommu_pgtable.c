// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: four levels, leaves of 4K and 2M. Section "Page tables".
 *
 * No lock. Whoever maps or unmaps owns the IOVA range, hence the leaves of it
 * and any table that holds nothing else. An entry above becomes a table by
 * cmpxchg and stays one until the owner of all it spans unhooks it; the page
 * itself is freed behind the next SYNC, when no walk can be in it any more.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "puck_iommu_drv.h"

#define PTE_PRESENT	(PUCK_IOMMU_PTE_READ | PUCK_IOMMU_PTE_WRITE)
#define PTE_TABLE	PTE_PRESENT

static unsigned int level_shift(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static unsigned int level_index(unsigned long iova, unsigned int level)
{
	return (iova >> level_shift(level)) & (PUCK_IOMMU_PT_ENTRIES - 1);
}

static unsigned int leaf_level(size_t pgsize)
{
	return pgsize == SZ_2M ? 2 : 1;
}

static bool entry_present(u64 pte)
{
	return pte & PTE_PRESENT;
}

/* At level 2 or above. */
static bool entry_is_table(u64 pte)
{
	return entry_present(pte) && !(pte & PUCK_IOMMU_PTE_LEAF);
}

static __le64 *entry_table(u64 pte)
{
	return phys_to_virt(pte & PUCK_IOMMU_PTE_ADDR);
}

/**
 * puck_iommu_pgtable_alloc - an empty table, of any level
 * @gfp: how to allocate
 *
 * Return: the table or NULL.
 */
__le64 *puck_iommu_pgtable_alloc(gfp_t gfp)
{
	return (__le64 *)get_zeroed_page(gfp);
}

static void pgtable_free_level(__le64 *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level > 1 && i < PUCK_IOMMU_PT_ENTRIES; i++) {
		u64 pte = le64_to_cpu(table[i]);

		if (entry_is_table(pte))
			pgtable_free_level(entry_table(pte), level - 1);
	}
	free_page((unsigned long)table);
}

/**
 * puck_iommu_pgtable_free - free a whole page table
 * @root: its level-4 table, no longer used by the device
 */
void puck_iommu_pgtable_free(__le64 *root)
{
	pgtable_free_level(root, PUCK_IOMMU_PT_LEVELS);
}

/**
 * puck_iommu_pgtable_free_retired - free unhooked tables
 * @list: taken from &puck_iommu_domain.retired before a command that is done now
 */
void puck_iommu_pgtable_free_retired(struct page *list)
{
	while (list) {
		struct page *next = (struct page *)page_private(list);

		set_page_private(list, 0);
		__free_page(list);
		list = next;
	}
}

static void pgtable_retire(struct puck_iommu_domain *pdom, __le64 *table)
{
	struct page *page = virt_to_page(table);
	struct page *head = READ_ONCE(pdom->retired);

	do {
		set_page_private(page, (unsigned long)head);
	} while (!try_cmpxchg(&pdom->retired, &head, page));
}

/* Makes *@ptep a table if it is empty. Returns the table, NULL without memory. */
static __le64 *pgtable_fill(__le64 *ptep, gfp_t gfp)
{
	__le64 *table = puck_iommu_pgtable_alloc(gfp);
	__le64 old;

	if (!table)
		return NULL;
	old = cmpxchg64(ptep, 0, cpu_to_le64(virt_to_phys(table) | PTE_TABLE));
	if (likely(!old))
		return table;
	/* Another CPU was first. */
	free_page((unsigned long)table);
	return entry_table(le64_to_cpu(old));
}

/*
 * The entry for @iova at @level. Missing tables are made, with @gfp. NULL if
 * there is no memory, ERR_PTR(-EEXIST) if a 2M leaf is in the way.
 */
static __le64 *pgtable_make(struct puck_iommu_domain *pdom, unsigned long iova,
			    unsigned int level, gfp_t gfp)
{
	__le64 *table = pdom->root;
	unsigned int at;

	for (at = PUCK_IOMMU_PT_LEVELS; at > level; at--) {
		__le64 *ptep = &table[level_index(iova, at)];
		u64 pte = le64_to_cpu(READ_ONCE(*ptep));

		if (likely(entry_is_table(pte)))
			table = entry_table(pte);
		else if (entry_present(pte))
			return ERR_PTR(-EEXIST);
		else
			table = pgtable_fill(ptep, gfp);
		if (!table)
			return NULL;
	}
	return &table[level_index(iova, level)];
}

/* The entry for @iova at @level, or NULL if the walk ends above. */
static __le64 *pgtable_find(struct puck_iommu_domain *pdom, unsigned long iova,
			    unsigned int level)
{
	__le64 *table = pdom->root;
	unsigned int at;

	for (at = PUCK_IOMMU_PT_LEVELS; at > level; at--) {
		u64 pte = le64_to_cpu(READ_ONCE(table[level_index(iova, at)]));

		if (unlikely(!entry_is_table(pte)))
			return NULL;
		table = entry_table(pte);
	}
	return &table[level_index(iova, level)];
}

/* Entries from @iova to the end of its table, @max at most. */
static size_t pgtable_run(unsigned long iova, unsigned int level, size_t max)
{
	return min_t(size_t, max, PUCK_IOMMU_PT_ENTRIES - level_index(iova, level));
}

static bool table_is_empty(const __le64 *table)
{
	return !memchr_inv(table, 0, PUCK_IOMMU_PT_ENTRIES * sizeof(*table));
}

/* A 2M leaf may take the place of a table that smaller pages left empty. */
static int leaf_set_2m(struct puck_iommu_domain *pdom, __le64 *ptep, u64 leaf)
{
	u64 old = le64_to_cpu(READ_ONCE(*ptep));

	if (entry_present(old) && (!entry_is_table(old) || !table_is_empty(entry_table(old))))
		return -EEXIST;
	WRITE_ONCE(*ptep, cpu_to_le64(leaf));
	if (entry_present(old))
		pgtable_retire(pdom, entry_table(old));
	return 0;
}

static size_t leaves_set_4k(__le64 *ptep, u64 leaf, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++, leaf += SZ_4K) {
		if (unlikely(ptep[i]))
			break;
		WRITE_ONCE(ptep[i], cpu_to_le64(leaf));
	}
	return i;
}

static size_t leaves_set_2m(struct puck_iommu_domain *pdom, __le64 *ptep, u64 leaf, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++, leaf += SZ_2M) {
		if (leaf_set_2m(pdom, &ptep[i], leaf | PUCK_IOMMU_PTE_LEAF))
			break;
	}
	return i;
}

/**
 * puck_iommu_pgtable_map - enter a run of pages
 * @pdom: the domain
 * @iova: first IOVA, of a range that the caller owns
 * @paddr: first physical address
 * @pgsize: 4K or 2M
 * @pgcount: pages
 * @prot: PUCK_IOMMU_PTE_READ and PUCK_IOMMU_PTE_WRITE
 * @gfp: for tables
 * @mapped: is increased by the bytes entered, also on error
 *
 * The device never caches what is not present, so nothing has to be flushed.
 *
 * Return: 0, -ENOMEM, or -EEXIST if something is mapped there already.
 */
int puck_iommu_pgtable_map(struct puck_iommu_domain *pdom, unsigned long iova, phys_addr_t paddr,
			   size_t pgsize, size_t pgcount, u64 prot, gfp_t gfp, size_t *mapped)
{
	unsigned int level = leaf_level(pgsize);

	while (pgcount) {
		__le64 *ptep = pgtable_make(pdom, iova, level, gfp);
		size_t run = pgtable_run(iova, level, pgcount);
		size_t done;

		if (!ptep)
			return -ENOMEM;
		if (WARN_ON_ONCE(IS_ERR(ptep)))
			return PTR_ERR(ptep);

		if (level == 1)
			done = leaves_set_4k(ptep, paddr | prot, run);
		else
			done = leaves_set_2m(pdom, ptep, paddr | prot, run);
		*mapped += done * pgsize;
		if (WARN_ON_ONCE(done != run))
			return -EEXIST;

		iova += run * pgsize;
		paddr += run * pgsize;
		pgcount -= run;
	}
	return 0;
}

static size_t leaves_clear_4k(__le64 *ptep, size_t count)
{
	size_t i;

	for (i = 0; i < count && ptep[i]; i++)
		WRITE_ONCE(ptep[i], 0);
	return i;
}

/* What is unmapped as 2M may have been mapped in smaller pages. */
static size_t leaves_clear_2m(struct puck_iommu_domain *pdom, __le64 *ptep, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		u64 old = le64_to_cpu(READ_ONCE(ptep[i]));

		if (!entry_present(old))
			break;
		WRITE_ONCE(ptep[i], 0);
		if (entry_is_table(old))
			pgtable_retire(pdom, entry_table(old));
	}
	return i;
}

/**
 * puck_iommu_pgtable_unmap - take out a run of pages
 * @pdom: the domain
 * @iova: first IOVA, of a range that the caller owns
 * @pgsize: 4K or 2M
 * @pgcount: pages
 *
 * The caller has to invalidate the range before it gives it or its memory away.
 *
 * Return: bytes taken out; fewer than asked for if there was a hole.
 */
size_t puck_iommu_pgtable_unmap(struct puck_iommu_domain *pdom, unsigned long iova,
				size_t pgsize, size_t pgcount)
{
	unsigned int level = leaf_level(pgsize);
	size_t unmapped = 0;

	while (pgcount) {
		__le64 *ptep = pgtable_find(pdom, iova, level);
		size_t run = pgtable_run(iova, level, pgcount);
		size_t done;

		if (!ptep)
			break;
		if (level == 1)
			done = leaves_clear_4k(ptep, run);
		else
			done = leaves_clear_2m(pdom, ptep, run);
		unmapped += done * pgsize;
		if (done != run)
			break;
		iova += run * pgsize;
		pgcount -= run;
	}
	return unmapped;
}

/**
 * puck_iommu_pgtable_lookup - walk the table as the device does
 * @pdom: the domain
 * @iova: what to look up
 *
 * Return: the physical address, 0 if not mapped.
 */
phys_addr_t puck_iommu_pgtable_lookup(struct puck_iommu_domain *pdom, dma_addr_t iova)
{
	__le64 *table = pdom->root;
	unsigned int level;
	u64 pte, low;

	for (level = PUCK_IOMMU_PT_LEVELS; ; level--) {
		pte = le64_to_cpu(READ_ONCE(table[level_index(iova, level)]));
		if (!entry_present(pte))
			return 0;
		if (level == 1 || (pte & PUCK_IOMMU_PTE_LEAF))
			break;
		table = entry_table(pte);
	}
	low = iova & ((1ull << level_shift(level)) - 1);
	return (pte & PUCK_IOMMU_PTE_ADDR) | low;
}
