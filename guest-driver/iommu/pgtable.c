// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: four levels, leaves of 4K and 2M. Section "Page tables".
 *
 * No lock. Whoever maps or unmaps owns the IOVA range, hence the leaves of it
 * and any table that holds nothing else. An entry above becomes a table by
 * cmpxchg and stays one until the owner of all it spans unhooks it; the page
 * itself is freed behind the next SYNC, when no walk can be in it any more.
 *
 * Most DMA is in runs that lie in one level-1 table below 4 GiB. Those tables
 * are also found by their number, without a walk: &puck_iommu_domain.low.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../compat/iommu.h"
#include "domain.h"
#include "pgtable.h"
#include "trace.h"

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

/* For entries of level 2 and above: a level-1 entry is never a table. */
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
	KUNIT_STATIC_STUB_REDIRECT(puck_iommu_pgtable_alloc, gfp);
	return (__le64 *)get_zeroed_page(gfp);
}
EXPORT_SYMBOL_IF_KUNIT(puck_iommu_pgtable_alloc);

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

/* Level-1 table of an IOVA if it is known without a walk, or NULL. */
static __always_inline __le64 *low_table(struct puck_iommu_domain *pdom, unsigned long iova)
{
	return iova < PUCK_IOMMU_LOW_END ? READ_ONCE(pdom->low[iova / SZ_2M]) : NULL;
}

static void low_table_set(struct puck_iommu_domain *pdom, unsigned long iova, __le64 *table)
{
	if (iova < PUCK_IOMMU_LOW_END)
		WRITE_ONCE(pdom->low[iova / SZ_2M], table);
}

/**
 * puck_iommu_pgtable_keep_retired - let unhooked tables wait for another command
 * @pdom: whose they were
 * @list: taken from &puck_iommu_domain.retired before a command that came to nothing
 */
void puck_iommu_pgtable_keep_retired(struct puck_iommu_domain *pdom, struct page *list)
{
	struct page *last = list, *head = READ_ONCE(pdom->retired);

	while (page_private(last))
		last = (struct page *)page_private(last);
	do {
		set_page_private(last, (unsigned long)head);
	} while (!try_cmpxchg(&pdom->retired, &head, list));
}

/*
 * Puts the level-1 table of @iova, which no entry points to any more, on the list of
 * those that are freed behind the domain's next SYNC.
 */
static void pgtable_retire(struct puck_iommu_domain *pdom, unsigned long iova, __le64 *table)
{
	struct page *page = virt_to_page(table);
	struct page *head = READ_ONCE(pdom->retired);

	low_table_set(pdom, iova, NULL);
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

		if (unlikely(entry_present(pte) && !entry_is_table(pte)))
			return ERR_PTR(-EEXIST);
		table = likely(entry_present(pte)) ? entry_table(pte) : pgtable_fill(ptep, gfp);
		if (!table)
			return NULL;
	}
	if (level == 1)
		low_table_set(pdom, iova, table);
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
static int leaf_set_2m(struct puck_iommu_domain *pdom, __le64 *ptep, unsigned long iova, u64 leaf)
{
	u64 old = le64_to_cpu(READ_ONCE(*ptep));

	if (entry_present(old) && (!entry_is_table(old) || !table_is_empty(entry_table(old))))
		return -EEXIST;
	WRITE_ONCE(*ptep, cpu_to_le64(leaf));
	if (entry_present(old))
		pgtable_retire(pdom, iova, entry_table(old));
	return 0;
}

/*
 * Entries that a round of the loops below deals with at once: they are looked at
 * together, by one branch, and written behind each other.
 */
#define LEAF_ROUND	8

static __always_inline bool leaves_all_empty(const __le64 *ptep)
{
	return !(ptep[0] | ptep[1] | ptep[2] | ptep[3] | ptep[4] | ptep[5] | ptep[6] | ptep[7]);
}

/*
 * An entry is 0 or present. False also for present ones that have no permission in
 * common: the caller looks at them one by one then.
 */
static __always_inline bool leaves_surely_present(const __le64 *ptep)
{
	return ptep[0] & ptep[1] & ptep[2] & ptep[3] & ptep[4] & ptep[5] & ptep[6] & ptep[7];
}

/* Returns how many were set before one that was taken. */
static __always_inline size_t leaves_set_4k(__le64 *ptep, u64 leaf, size_t count)
{
	size_t rounds = count / LEAF_ROUND, rest = count % LEAF_ROUND;

	static_assert(LEAF_ROUND == 8);
	for (; rounds; rounds--, ptep += LEAF_ROUND, leaf += LEAF_ROUND * SZ_4K) {
		if (unlikely(!leaves_all_empty(ptep))) {
			rest += rounds * LEAF_ROUND;
			break;
		}
		WRITE_ONCE(ptep[0], cpu_to_le64(leaf));
		WRITE_ONCE(ptep[1], cpu_to_le64(leaf + SZ_4K));
		WRITE_ONCE(ptep[2], cpu_to_le64(leaf + 2 * SZ_4K));
		WRITE_ONCE(ptep[3], cpu_to_le64(leaf + 3 * SZ_4K));
		WRITE_ONCE(ptep[4], cpu_to_le64(leaf + 4 * SZ_4K));
		WRITE_ONCE(ptep[5], cpu_to_le64(leaf + 5 * SZ_4K));
		WRITE_ONCE(ptep[6], cpu_to_le64(leaf + 6 * SZ_4K));
		WRITE_ONCE(ptep[7], cpu_to_le64(leaf + 7 * SZ_4K));
	}
	for (; rest && likely(!*ptep); rest--, ptep++, leaf += SZ_4K)
		WRITE_ONCE(*ptep, cpu_to_le64(leaf));
	return count - rest;
}

static size_t leaves_set_2m(struct puck_iommu_domain *pdom, __le64 *ptep, unsigned long iova,
			    u64 leaf, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++, iova += SZ_2M, leaf += SZ_2M) {
		if (leaf_set_2m(pdom, &ptep[i], iova, leaf | PUCK_IOMMU_PTE_LEAF))
			break;
	}
	return i;
}

/* Returns how many were cleared before one that was empty. */
static __always_inline size_t leaves_clear_4k(__le64 *ptep, size_t count)
{
	size_t rounds = count / LEAF_ROUND, rest = count % LEAF_ROUND;

	for (; rounds; rounds--, ptep += LEAF_ROUND) {
		if (unlikely(!leaves_surely_present(ptep))) {
			rest += rounds * LEAF_ROUND;
			break;
		}
		WRITE_ONCE(ptep[0], 0);
		WRITE_ONCE(ptep[1], 0);
		WRITE_ONCE(ptep[2], 0);
		WRITE_ONCE(ptep[3], 0);
		WRITE_ONCE(ptep[4], 0);
		WRITE_ONCE(ptep[5], 0);
		WRITE_ONCE(ptep[6], 0);
		WRITE_ONCE(ptep[7], 0);
	}
	for (; rest && likely(*ptep); rest--, ptep++)
		WRITE_ONCE(*ptep, 0);
	return count - rest;
}

/* What is unmapped as 2M may have been mapped in smaller pages. */
static size_t leaves_clear_2m(struct puck_iommu_domain *pdom, __le64 *ptep, unsigned long iova,
			      size_t count)
{
	size_t i;

	for (i = 0; i < count; i++, iova += SZ_2M) {
		u64 old = le64_to_cpu(READ_ONCE(ptep[i]));

		if (!entry_present(old))
			break;
		WRITE_ONCE(ptep[i], 0);
		if (entry_is_table(old))
			pgtable_retire(pdom, iova, entry_table(old));
	}
	return i;
}

static bool iova_range_ok(unsigned long iova, size_t size)
{
	return size <= PUCK_IOMMU_IOVA_END && iova <= PUCK_IOMMU_IOVA_END - size;
}

/* The caller maps where something is mapped already: a bug of the caller. */
static noinline int pgtable_taken(void)
{
	WARN_ON_ONCE(true);
	return -EEXIST;
}

/* Any run, from table to table; and all of them while they are traced. */
static noinline int pgtable_map_run(struct puck_iommu_domain *pdom, unsigned long iova, u64 leaf,
				    size_t pgsize, size_t pgcount, gfp_t gfp, size_t *mapped)
{
	unsigned int level = leaf_level(pgsize);

	trace_puck_iommu_map(pdom->id, iova, leaf & PUCK_IOMMU_PTE_ADDR, pgsize * pgcount,
			     leaf & PTE_PRESENT);
	if (!entry_present(leaf))
		return -EINVAL;
	if (!iova_range_ok(iova, pgsize * pgcount))
		return -ERANGE;
	while (pgcount) {
		__le64 *ptep = pgtable_make(pdom, iova, level, gfp);
		size_t run = pgtable_run(iova, level, pgcount);
		size_t done;

		if (!ptep)
			return -ENOMEM;
		if (IS_ERR(ptep))
			return pgtable_taken();

		if (level == 1)
			done = leaves_set_4k(ptep, leaf, run);
		else
			done = leaves_set_2m(pdom, ptep, iova, leaf, run);
		*mapped += done * pgsize;
		if (done != run)
			return pgtable_taken();

		iova += run * pgsize;
		leaf += run * pgsize;
		pgcount -= run;
	}
	return 0;
}

/**
 * puck_iommu_map_pages - enter a run of pages, see &struct iommu_domain_ops
 * @domain: the domain
 * @iova: first IOVA, of a range that the caller owns
 * @paddr: first physical address
 * @pgsize: 4K or 2M
 * @pgcount: pages
 * @prot: IOMMU_READ, IOMMU_WRITE
 * @gfp: for tables
 * @mapped: is increased by the bytes entered, also on error
 *
 * The device never caches what is not present, so nothing has to be flushed.
 *
 * Return: 0, -ENOMEM, -EINVAL without permission, -ERANGE beyond 48 bits, or
 * -EEXIST if something is mapped there already.
 */
int puck_iommu_map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
			 size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	struct puck_iommu_domain *pdom = to_puck_domain(domain);
	u64 leaf = paddr | (prot & PTE_PRESENT);
	unsigned int index = level_index(iova, 1);
	__le64 *table = low_table(pdom, iova);
	size_t done;

	static_assert(IOMMU_READ == PUCK_IOMMU_PTE_READ && IOMMU_WRITE == PUCK_IOMMU_PTE_WRITE);
	if (unlikely(!table || pgsize != SZ_4K || !entry_present(leaf) ||
		     trace_puck_iommu_map_enabled()))
		return pgtable_map_run(pdom, iova, leaf, pgsize, pgcount, gfp, mapped);

	/* One page is what most drivers map. */
	if (pgcount == 1) {
		if (unlikely(table[index]))
			return pgtable_taken();
		WRITE_ONCE(table[index], cpu_to_le64(leaf));
		*mapped += SZ_4K;
		return 0;
	}
	if (unlikely(pgcount > PUCK_IOMMU_PT_ENTRIES - index))
		return pgtable_map_run(pdom, iova, leaf, pgsize, pgcount, gfp, mapped);
	done = leaves_set_4k(&table[index], leaf, pgcount);
	*mapped += done * SZ_4K;
	return likely(done == pgcount) ? 0 : pgtable_taken();
}

static size_t pgtable_clear_run(struct puck_iommu_domain *pdom, unsigned long iova, size_t pgsize,
				size_t pgcount)
{
	unsigned int level = leaf_level(pgsize);
	size_t unmapped = 0;

	if (!iova_range_ok(iova, pgsize * pgcount))
		return 0;
	while (pgcount) {
		__le64 *ptep = pgtable_find(pdom, iova, level);
		size_t run = pgtable_run(iova, level, pgcount);
		size_t done;

		if (!ptep)
			break;
		if (level == 1)
			done = leaves_clear_4k(ptep, run);
		else
			done = leaves_clear_2m(pdom, ptep, iova, run);
		unmapped += done * pgsize;
		if (done != run)
			break;
		iova += run * pgsize;
		pgcount -= run;
	}
	return unmapped;
}

/* What has to be invalidated; if a flush of everything is queued, it is that. */
static __always_inline void gather_add(struct iommu_iotlb_gather *gather, unsigned long iova,
				       size_t size)
{
	if (!gather->queued && likely(size))
		iommu_iotlb_gather_add_range(gather, iova, size);
}

/* Any run, from table to table; and all of them while they are traced. Returns bytes. */
static noinline size_t pgtable_unmap_run(struct puck_iommu_domain *pdom, unsigned long iova,
					 size_t pgsize, size_t pgcount,
					 struct iommu_iotlb_gather *gather)
{
	size_t unmapped = pgtable_clear_run(pdom, iova, pgsize, pgcount);

	trace_puck_iommu_unmap(pdom->id, iova, unmapped);
	gather_add(gather, iova, unmapped);
	return unmapped;
}

/**
 * puck_iommu_unmap_pages - take out a run of pages, see &struct iommu_domain_ops
 * @domain: the domain
 * @iova: first IOVA, of a range that the caller owns
 * @pgsize: 4K or 2M
 * @pgcount: pages
 * @gather: what has to be invalidated before the range or its memory is reused
 *
 * Return: bytes taken out; fewer than asked for if there was a hole.
 */
size_t puck_iommu_unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			      size_t pgcount, struct iommu_iotlb_gather *gather)
{
	struct puck_iommu_domain *pdom = to_puck_domain(domain);
	unsigned int index = level_index(iova, 1);
	__le64 *table = low_table(pdom, iova);
	size_t unmapped;

	if (unlikely(!table || pgsize != SZ_4K || trace_puck_iommu_unmap_enabled()))
		return pgtable_unmap_run(pdom, iova, pgsize, pgcount, gather);

	if (pgcount == 1) {
		if (unlikely(!table[index]))
			return 0;
		WRITE_ONCE(table[index], 0);
		gather_add(gather, iova, SZ_4K);
		return SZ_4K;
	}
	if (unlikely(pgcount > PUCK_IOMMU_PT_ENTRIES - index))
		return pgtable_unmap_run(pdom, iova, pgsize, pgcount, gather);
	unmapped = leaves_clear_4k(&table[index], pgcount) * SZ_4K;
	gather_add(gather, iova, unmapped);
	return unmapped;
}

/* Walks from the root down, as the device does. */
static noinline phys_addr_t pgtable_walk(struct puck_iommu_domain *pdom, dma_addr_t iova)
{
	__le64 *table = pdom->root;
	unsigned int level;
	u64 pte, low;

	if (iova >= PUCK_IOMMU_IOVA_END)
		return 0;
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

/**
 * puck_iommu_iova_to_phys - where an IOVA leads, see &struct iommu_domain_ops
 * @domain: the domain
 * @iova: what to look up
 *
 * Return: the physical address, 0 if not mapped.
 */
phys_addr_t puck_iommu_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	struct puck_iommu_domain *pdom = to_puck_domain(domain);
	__le64 *table = low_table(pdom, iova);
	u64 pte;

	if (unlikely(!table))
		return pgtable_walk(pdom, iova);
	pte = le64_to_cpu(READ_ONCE(table[level_index(iova, 1)]));
	return entry_present(pte) ? (pte & PUCK_IOMMU_PTE_ADDR) | offset_in_page(iova) : 0;
}
