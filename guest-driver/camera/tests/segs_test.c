// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of segment lists (queue/segs.c): tables as an IOMMU that merges leaves them,
 * of which the second face counts and not the first.
 */
#include <linux/scatterlist.h>

#include <kunit/test.h>

#include "queue/segs.h"

#define ENTRIES		4
#define ROOM		16

/**
 * struct segs_test - a table, and room for a list
 * @sgt: the table
 * @sgl: its entries: each of a page as memory has them
 * @segs: the list
 * @list: its memory
 */
struct segs_test {
	struct sg_table sgt;
	struct scatterlist sgl[ENTRIES];
	struct puck_cam_segs segs;
	struct puck_cam_seg list[ROOM];
};

static int segs_test_init(struct kunit *test)
{
	struct segs_test *one = kunit_kzalloc(test, sizeof(*one), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, one);
	sg_init_table(one->sgl, ENTRIES);
	one->sgt.sgl = one->sgl;
	one->sgt.orig_nents = ENTRIES;
	one->segs.list = one->list;
	one->segs.room = ROOM;
	test->priv = one;
	return 0;
}

/* The device sees @count segments of @len bytes from @addr on, with as much between them. */
static void segs_test_map(struct segs_test *one, u32 count, u64 addr, u32 len)
{
	u32 i;

	one->sgt.nents = count;
	for (i = 0; i < ENTRIES; i++) {
		one->sgl[i].length = PAGE_SIZE;
		sg_dma_address(&one->sgl[i]) = i < count ? addr + 2ull * i * len : 0;
		sg_dma_len(&one->sgl[i]) = i < count ? len : 0;
	}
}

static void segs_test_expect(struct kunit *test, u32 index, u64 addr, u32 len)
{
	struct segs_test *one = test->priv;

	KUNIT_ASSERT_LT(test, index, one->segs.used);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(one->list[index].addr), addr);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(one->list[index].len), len);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(one->list[index].flags), 0);
}

/* Four pages, nothing merged. */
static void segs_test_scattered(struct kunit *test)
{
	struct segs_test *one = test->priv;
	u32 i;

	segs_test_map(one, 4, 0x10000, 4096);
	KUNIT_ASSERT_EQ(test, puck_cam_segs_count(&one->sgt, 4 * 4096, 1 << 30), 4);
	puck_cam_segs_add_table(&one->segs, &one->sgt, 4 * 4096, 1 << 30);
	KUNIT_ASSERT_EQ(test, one->segs.used, 4);
	for (i = 0; i < 4; i++)
		segs_test_expect(test, i, 0x10000 + 8192 * i, 4096);
}

/* Four pages as one segment: entries behind nents, and lengths of entries, mean nothing. */
static void segs_test_merged(struct kunit *test)
{
	struct segs_test *one = test->priv;

	segs_test_map(one, 1, 0x1234567000, 4 * 4096);
	KUNIT_ASSERT_EQ(test, puck_cam_segs_count(&one->sgt, 4 * 4096, 1 << 30), 1);
	puck_cam_segs_add_table(&one->segs, &one->sgt, 4 * 4096, 1 << 30);
	KUNIT_ASSERT_EQ(test, one->segs.used, 1);
	segs_test_expect(test, 0, 0x1234567000, 4 * 4096);
}

/* A device that takes less at a time; and the last byte is in the midst of a segment. */
static void segs_test_cut(struct kunit *test)
{
	struct segs_test *one = test->priv;

	segs_test_map(one, 2, 0x10000, 8192);
	KUNIT_ASSERT_EQ(test, puck_cam_segs_count(&one->sgt, 8192 + 100, 3000), 4);
	puck_cam_segs_add_table(&one->segs, &one->sgt, 8192 + 100, 3000);
	KUNIT_ASSERT_EQ(test, one->segs.used, 4);
	segs_test_expect(test, 0, 0x10000, 3000);
	segs_test_expect(test, 1, 0x10000 + 3000, 3000);
	segs_test_expect(test, 2, 0x10000 + 6000, 2192);
	segs_test_expect(test, 3, 0x14000, 100);
}

/* An exporter's table may be shorter than its dma-buf says. */
static void segs_test_bad_short(struct kunit *test)
{
	struct segs_test *one = test->priv;

	segs_test_map(one, 2, 0x10000, 4096);
	KUNIT_EXPECT_EQ(test, puck_cam_segs_count(&one->sgt, 2 * 4096 + 1, 1 << 30), 0);
	KUNIT_EXPECT_EQ(test, puck_cam_segs_count(&one->sgt, 2 * 4096, 1 << 30), 2);
	segs_test_map(one, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, puck_cam_segs_count(&one->sgt, 1, 1 << 30), 0);
}

/* So many that the number does not fit: none, and not a few. */
static void segs_test_bad_many(struct kunit *test)
{
	struct segs_test *one = test->priv;

	segs_test_map(one, 4, 0x10000, 0x80000000u);
	KUNIT_EXPECT_EQ(test, puck_cam_segs_count(&one->sgt, 4ull * 0x80000000u, 1), 0);
}

static struct kunit_case segs_test_cases[] = {
	KUNIT_CASE(segs_test_scattered),
	KUNIT_CASE(segs_test_merged),
	KUNIT_CASE(segs_test_cut),
	KUNIT_CASE(segs_test_bad_short),
	KUNIT_CASE(segs_test_bad_many),
	{ }
};

static struct kunit_suite segs_test_suite = {
	.name = "puck_cam_segs",
	.init = segs_test_init,
	.test_cases = segs_test_cases,
};

kunit_test_suite(segs_test_suite);
