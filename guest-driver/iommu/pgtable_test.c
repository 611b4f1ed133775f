// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page tables: runs of all lengths within a table and from one to
 * the next, what is taken out of their middle, large pages, and a lack of memory on
 * the way. No device has part in it: the domains are attached to nothing. Built where
 * the kernel has KUnit; loading runs them.
 */
#include <linux/mm.h>
#include <linux/module.h>

#include <kunit/static_stub.h>
#include <kunit/test.h>

#include "../compat/dma.h"
#include "domain.h"
#include "pgtable.h"

#define BASE	0x123000000ull		/* physical; nobody goes there */
#define BOTH	(IOMMU_READ | IOMMU_WRITE)

/* Below 4 GiB tables are found by their number, above by a walk. */
static const unsigned long places[] = { SZ_1G - 3 * SZ_4K, SZ_4G - 7 * SZ_4K, 5ul << 40 };
static const size_t lengths[] = { 1, 2, 7, 8, 9, 15, 16, 64, 511, 512, 513, 1040 };

static struct iommu_domain *domain_get(struct kunit *test)
{
	struct iommu_domain *domain = puck_iommu_domain_alloc_paging(NULL);

	KUNIT_ASSERT_NOT_NULL(test, domain);
	return domain;
}

static int map(struct iommu_domain *domain, unsigned long iova, size_t pgsize, size_t count,
	       int prot, size_t *mapped)
{
	*mapped = 0;
	return domain->ops->map_pages(domain, iova, BASE + iova, pgsize, count, prot, GFP_KERNEL,
				      mapped);
}

static void map_all(struct kunit *test, struct iommu_domain *domain, unsigned long iova,
		    size_t pgsize, size_t count, int prot)
{
	size_t mapped;

	KUNIT_ASSERT_EQ(test, map(domain, iova, pgsize, count, prot, &mapped), 0);
	KUNIT_ASSERT_EQ(test, mapped, count * pgsize);
}

/* Takes pages out and says how many bytes; what has to be flushed is what went. */
static size_t unmap(struct kunit *test, struct iommu_domain *domain, unsigned long iova,
		    size_t pgsize, size_t count)
{
	struct iommu_iotlb_gather gather;
	size_t size;

	iommu_iotlb_gather_init(&gather);
	size = domain->ops->unmap_pages(domain, iova, pgsize, count, &gather);
	if (size) {
		KUNIT_EXPECT_EQ(test, gather.start, iova);
		KUNIT_EXPECT_EQ(test, gather.end, iova + size - 1);
	} else {
		KUNIT_EXPECT_GT(test, gather.start, gather.end);
	}
	return size;
}

/* Whether [@iova, @iova + @count pages) leads where map() has said, or nowhere. */
static void check(struct kunit *test, struct iommu_domain *domain, unsigned long iova,
		  size_t count, bool there)
{
	for (; count--; iova += SZ_4K) {
		phys_addr_t phys = domain->ops->iova_to_phys(domain, iova + 5);

		if (phys == (there ? BASE + iova + 5 : 0))
			continue;
		KUNIT_FAIL(test, "IOVA %#lx leads to %#llx", iova, (u64)phys);
		return;
	}
}

static void pgtable_runs(struct kunit *test)
{
	struct iommu_domain *domain = domain_get(test);
	unsigned int p, l;

	for (p = 0; p < ARRAY_SIZE(places); p++) {
		for (l = 0; l < ARRAY_SIZE(lengths); l++) {
			unsigned long iova = places[p], end = iova + lengths[l] * SZ_4K;

			map_all(test, domain, iova, SZ_4K, lengths[l], BOTH);
			check(test, domain, iova - SZ_4K, 1, false);
			check(test, domain, iova, lengths[l], true);
			check(test, domain, end, 1, false);
			KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_4K, lengths[l]),
					lengths[l] * SZ_4K);
			check(test, domain, iova, lengths[l], false);
		}
	}
	domain->ops->free(domain);
}

/* What is left stays, and a hole ends what is taken out. */
static void pgtable_part(struct kunit *test)
{
	struct iommu_domain *domain = domain_get(test);
	unsigned int p;

	for (p = 0; p < ARRAY_SIZE(places); p++) {
		unsigned long iova = places[p];

		map_all(test, domain, iova, SZ_4K, 700, BOTH);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova + 20 * SZ_4K, SZ_4K, 600),
				600 * SZ_4K);
		check(test, domain, iova, 20, true);
		check(test, domain, iova + 20 * SZ_4K, 600, false);
		check(test, domain, iova + 620 * SZ_4K, 80, true);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_4K, 700), 20 * SZ_4K);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova + 100 * SZ_4K, SZ_4K, 8), 0);
		check(test, domain, iova + 620 * SZ_4K, 80, true);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova + 620 * SZ_4K, SZ_4K, 80),
				80 * SZ_4K);
	}
	domain->ops->free(domain);
}

/* Neighbours that have no bit of their entries in common. */
static void pgtable_permissions(struct kunit *test)
{
	struct iommu_domain *domain = domain_get(test);
	unsigned long i, iova = SZ_1M;
	size_t mapped;

	for (i = 0; i < 24; i++)
		map_all(test, domain, iova + i * SZ_4K, SZ_4K, 1,
			i % 2 ? IOMMU_READ : IOMMU_WRITE);
	KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_4K, 24), 24 * SZ_4K);
	check(test, domain, iova, 24, false);
	KUNIT_EXPECT_EQ(test, map(domain, iova, SZ_4K, 1, 0, &mapped), -EINVAL);
	KUNIT_EXPECT_EQ(test, mapped, 0);
	domain->ops->free(domain);
}

/* Nothing is overwritten; what was entered before that is said. The kernel warns. */
static void pgtable_taken_in_the_way(struct kunit *test)
{
	struct iommu_domain *domain = domain_get(test);
	unsigned long iova = SZ_2M - 40 * SZ_4K;
	unsigned int taken;
	size_t mapped;

	for (taken = 3; taken < 64; taken += 10) {
		map_all(test, domain, iova + taken * SZ_4K, SZ_4K, 1, BOTH);
		KUNIT_EXPECT_EQ(test, map(domain, iova, SZ_4K, 64, BOTH, &mapped), -EEXIST);
		KUNIT_EXPECT_EQ(test, mapped, taken * SZ_4K);
		check(test, domain, iova, taken + 1, true);
		check(test, domain, iova + (taken + 1) * SZ_4K, 64 - taken, false);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_4K, taken + 1),
				(taken + 1) * SZ_4K);
	}
	domain->ops->free(domain);
}

static void pgtable_large(struct kunit *test)
{
	struct iommu_domain *domain = domain_get(test);
	unsigned int p;
	size_t mapped;

	for (p = 0; p < ARRAY_SIZE(places); p++) {
		unsigned long iova = ALIGN(places[p], SZ_2M);

		map_all(test, domain, iova, SZ_2M, 3, BOTH);
		check(test, domain, iova, 3 * 512, true);
		KUNIT_EXPECT_EQ(test, map(domain, iova + SZ_4K, SZ_4K, 1, BOTH, &mapped), -EEXIST);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova + SZ_2M, SZ_2M, 1), SZ_2M);
		check(test, domain, iova, 512, true);
		check(test, domain, iova + SZ_2M, 512, false);
		check(test, domain, iova + 2 * SZ_2M, 512, true);
		/* A table comes where the leaf was, and is taken out as one. */
		map_all(test, domain, iova + SZ_2M, SZ_4K, 512, BOTH);
		check(test, domain, iova, 3 * 512, true);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_2M, 3), 3 * SZ_2M);
		check(test, domain, iova, 3 * 512, false);
		/* And a leaf in the place of a table that is empty. */
		map_all(test, domain, iova, SZ_4K, 9, BOTH);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_4K, 9), 9 * SZ_4K);
		map_all(test, domain, iova, SZ_2M, 1, BOTH);
		map_all(test, domain, iova + SZ_2M, SZ_4K, 9, BOTH);
		check(test, domain, iova, 512 + 9, true);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_2M, 1), SZ_2M);
		KUNIT_EXPECT_EQ(test, unmap(test, domain, iova + SZ_2M, SZ_4K, 9), 9 * SZ_4K);
	}
	domain->ops->free(domain);
}

/* Tables that can still be had, of the test that is running. */
static unsigned int tables_left;

static __le64 *few_tables(gfp_t gfp)
{
	return tables_left && tables_left-- ? (__le64 *)get_zeroed_page(gfp) : NULL;
}

/* What was entered before memory ran out is said, and can be taken out. */
static void pgtable_no_memory(struct kunit *test)
{
	struct iommu_domain *domain = domain_get(test);
	/* It takes three tables below 1 GiB, and two more above. */
	unsigned long iova = SZ_1G - 100 * SZ_4K;
	size_t first = 100 * SZ_4K, mapped;

	kunit_activate_static_stub(test, puck_iommu_pgtable_alloc, few_tables);
	for (tables_left = 0; tables_left < 3; ) {
		unsigned int had = tables_left;

		KUNIT_EXPECT_EQ(test, map(domain, iova, SZ_4K, 700, BOTH, &mapped), -ENOMEM);
		KUNIT_EXPECT_EQ(test, mapped, 0);
		check(test, domain, iova, 700, false);
		kunit_info(test, "with %u tables nothing\n", had);
		tables_left = had + 1;
		domain->ops->free(domain);
		kunit_deactivate_static_stub(test, puck_iommu_pgtable_alloc);
		domain = domain_get(test);
		kunit_activate_static_stub(test, puck_iommu_pgtable_alloc, few_tables);
	}
	/* Enough for what lies below 1 GiB. */
	KUNIT_EXPECT_EQ(test, map(domain, iova, SZ_4K, 700, BOTH, &mapped), -ENOMEM);
	KUNIT_EXPECT_EQ(test, mapped, first);
	check(test, domain, iova, 100, true);
	check(test, domain, iova + first, 600, false);
	KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_4K, 700), first);
	kunit_deactivate_static_stub(test, puck_iommu_pgtable_alloc);
	map_all(test, domain, iova, SZ_4K, 700, BOTH);
	check(test, domain, iova, 700, true);
	KUNIT_EXPECT_EQ(test, unmap(test, domain, iova, SZ_4K, 700), 700 * SZ_4K);
	domain->ops->free(domain);
}

static struct kunit_case pgtable_cases[] = {
	KUNIT_CASE(pgtable_runs),
	KUNIT_CASE(pgtable_part),
	KUNIT_CASE(pgtable_permissions),
	KUNIT_CASE(pgtable_taken_in_the_way),
	KUNIT_CASE(pgtable_large),
	KUNIT_CASE(pgtable_no_memory),
	{ }
};

static struct kunit_suite pgtable_suite = {
	.name = "puck_iommu_pgtable",
	.test_cases = pgtable_cases,
};

kunit_test_suite(pgtable_suite);

PUCK_IMPORT_NS_KUNIT;
MODULE_DESCRIPTION("KUnit tests of puck-iommu's page tables");
MODULE_LICENSE("GPL");
