// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of page tables (vm/pt.c). The tables are read as the device reads them: from
 * memory in which there is nothing but what updates have written.
 */
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include <kunit/test.h>

#include "vm/pt.h"

#define PAGE		((u64)PUCK_GPU_PAGE_SIZE)
#define GROUP		((u64)PUCK_GPU_PAGE_SIZE_BIG)
#define TABLE_SPAN	(PAGE * PUCK_GPU_PT_ENTRIES)
#define RW		(PUCK_GPU_PTE_READ | PUCK_GPU_PTE_WRITE)
#define MISALIGNED	0x7fff12345000ull
#define ALIGNED		0x7fff12340000ull

/**
 * struct pt_test - what each test has
 * @pt: the tree
 * @spare: tables to be used
 * @freed: tables that were taken away
 * @memory: u64[] of each table, by its address in pages
 * @made: tables that were made
 * @next: address of the next one
 */
struct pt_test {
	struct puck_pt pt;
	struct list_head spare;
	struct list_head freed;
	struct xarray memory;
	u32 made;
	u64 next;
};

static struct puck_pt_table *pt_test_make(struct kunit *test)
{
	struct pt_test *t = test->priv;
	struct puck_pt_table *table = puck_pt_table_alloc(t->next);
	u64 *memory = kunit_kcalloc(test, PUCK_GPU_PT_ENTRIES, sizeof(*memory), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_ASSERT_NOT_NULL(test, memory);
	KUNIT_ASSERT_EQ(test, xa_err(xa_store(&t->memory, t->next / PAGE, memory, GFP_KERNEL)), 0);
	t->next += 3 * PAGE;
	t->made++;
	return table;
}

static int pt_test_init(struct kunit *test)
{
	struct pt_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	INIT_LIST_HEAD(&t->spare);
	INIT_LIST_HEAD(&t->freed);
	xa_init(&t->memory);
	t->next = PAGE;
	puck_pt_init(&t->pt, pt_test_make(test));
	return 0;
}

static u32 pt_test_free(struct list_head *tables)
{
	struct puck_pt_table *table, *next;
	u32 count = 0;

	list_for_each_entry_safe(table, next, tables, node) {
		list_del_init(&table->node);
		puck_pt_table_free(table);
		count++;
	}
	return count;
}

/* Each table that was made is found again. */
static void pt_test_exit(struct kunit *test)
{
	struct pt_test *t = test->priv;

	puck_pt_take_down(&t->pt, &t->freed);
	KUNIT_EXPECT_EQ(test, pt_test_free(&t->freed) + pt_test_free(&t->spare), t->made);
	xa_destroy(&t->memory);
}

/* ---- updates, and what the device sees of them ---- */

static void pt_test_map(struct kunit *test, u64 va, u64 length, u64 page)
{
	struct pt_test *t = test->priv;
	u64 missing = puck_pt_cover(va, length) - puck_pt_count(&t->pt, va, length);

	while (missing--)
		list_add_tail(&pt_test_make(test)->node, &t->spare);
	puck_pt_map(&t->pt, &t->spare, va, length, page);
}

static void pt_test_write(struct kunit *test)
{
	struct pt_test *t = test->priv;
	struct puck_pt_table *table, *next;
	__le64 *room = kunit_kcalloc(test, PUCK_GPU_PT_ENTRIES, sizeof(*room), GFP_KERNEL);
	u32 count, first, i;
	u64 *memory;

	KUNIT_ASSERT_NOT_NULL(test, room);
	puck_pt_prune(&t->pt, &t->freed);
	list_for_each_entry_safe(table, next, &t->pt.touched, node) {
		memory = xa_load(&t->memory, table->addr / PAGE);
		KUNIT_ASSERT_NOT_NULL(test, memory);
		count = puck_pt_write(&t->pt, table, room, &first);
		KUNIT_ASSERT_LE(test, first + count, PUCK_GPU_PT_ENTRIES);
		for (i = 0; i < count; i++)
			memory[first + i] = le64_to_cpu(room[i]);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&t->pt.touched));
	kunit_kfree(test, room);
}

/* The entry of a page as the device finds it; zero if there is none. */
static u64 pt_test_walk(struct kunit *test, u64 va)
{
	struct pt_test *t = test->priv;
	u64 addr = t->pt.root->addr, entry = 0;
	int shift;
	u64 *memory;

	for (shift = 39; shift >= 12; shift -= 9) {
		memory = xa_load(&t->memory, addr / PAGE);
		KUNIT_ASSERT_NOT_NULL(test, memory);
		entry = memory[(va >> shift) % PUCK_GPU_PT_ENTRIES];
		if (!(entry & RW))
			return 0;
		if (shift > 12)
			KUNIT_EXPECT_EQ(test, entry & ~PUCK_GPU_PTE_ADDR, RW);
		addr = entry & PUCK_GPU_PTE_ADDR;
	}
	return entry;
}

/*
 * Where a page is, with its rights. What is BIG is checked by its rules: that all entries
 * of a group are the same, when the first page of it is asked for.
 */
static u64 pt_test_lookup(struct kunit *test, u64 va)
{
	u64 entry = pt_test_walk(test, va);
	u64 begin = ALIGN_DOWN(va, GROUP), i;

	if (!(entry & PUCK_GPU_PTE_BIG))
		return entry;
	KUNIT_EXPECT_EQ(test, entry & PUCK_GPU_PTE_ADDR & ~PUCK_GPU_PTE_ADDR_BIG, 0);
	for (i = 0; va == begin && i < GROUP; i += PAGE)
		KUNIT_EXPECT_EQ(test, pt_test_walk(test, begin + i), entry);
	return (entry & ~PUCK_GPU_PTE_BIG) + (va - begin);
}

static void pt_test_expect(struct kunit *test, u64 va, u64 length, u64 page)
{
	u64 i;

	for (i = 0; i < length; i += PAGE)
		KUNIT_EXPECT_EQ(test, pt_test_lookup(test, va + i), page ? page + i : 0);
}

/* ---- one mapping, of each kind ---- */

static const struct pt_one {
	const char *name;
	u64 va;
	u64 length;
	u64 page;
	u64 small;
	u64 big;
	u64 tables;
} pt_ones[] = {
	{ "a page", 0, PAGE, ALIGNED, 1, 0, 4 },
	{ "64 KiB", 0, GROUP, ALIGNED, 0, 1, 4 },
	{ "64 KiB at an odd VA", PAGE, GROUP, ALIGNED, 16, 0, 4 },
	{ "64 KiB at an odd place", GROUP, GROUP, MISALIGNED, 16, 0, 4 },
	{ "not quite 64 KiB", GROUP, GROUP - PAGE, ALIGNED, 15, 0, 4 },
	{ "a little more", GROUP, GROUP + PAGE, ALIGNED, 1, 1, 4 },
	{ "both odd alike", 5 * PAGE, 2 * GROUP, MISALIGNED, 16, 1, 4 },
	{ "a table", TABLE_SPAN, TABLE_SPAN, ALIGNED, 0, 32, 4 },
	{ "over a table's end", TABLE_SPAN - PAGE, 2 * PAGE, ALIGNED, 2, 0, 5 },
	{ "over 1 GiB", (1ull << 30) - PAGE, 2 * PAGE, ALIGNED, 2, 0, 6 },
	{ "over 512 GiB", (1ull << 39) - PAGE, 2 * PAGE, ALIGNED, 2, 0, 7 },
	{ "the last page", (1ull << 48) - PAGE, PAGE, ALIGNED, 1, 0, 4 },
	{ "the last 64 KiB", (1ull << 48) - GROUP, GROUP, ALIGNED, 0, 1, 4 },
};

static void pt_one_name(const struct pt_one *one, char *name)
{
	strscpy(name, one->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pt_ones, pt_ones, pt_one_name);

static void pt_test_one(struct kunit *test)
{
	const struct pt_one *one = test->param_value;
	struct pt_test *t = test->priv;
	u64 va, length;

	KUNIT_EXPECT_EQ(test, puck_pt_cover(one->va, one->length), one->tables);
	KUNIT_EXPECT_EQ(test, puck_pt_count(&t->pt, one->va, one->length), 1);
	pt_test_map(test, one->va, one->length, one->page | RW);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->spare));
	pt_test_write(test);
	pt_test_expect(test, one->va, one->length, one->page | RW);
	KUNIT_EXPECT_EQ(test, t->pt.small, one->small);
	KUNIT_EXPECT_EQ(test, t->pt.big, one->big);
	KUNIT_EXPECT_EQ(test, t->pt.tables, one->tables);
	KUNIT_EXPECT_EQ(test, puck_pt_count(&t->pt, one->va, one->length), one->tables);
	KUNIT_EXPECT_FALSE(test, puck_pt_flush(&t->pt, &va, &length));

	puck_pt_unmap(&t->pt, one->va, one->length);
	pt_test_write(test);
	pt_test_expect(test, one->va, one->length, 0);
	KUNIT_EXPECT_EQ(test, t->pt.small + t->pt.big, 0);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 1);
	KUNIT_EXPECT_TRUE(test, puck_pt_flush(&t->pt, &va, &length));
	KUNIT_EXPECT_EQ(test, va, one->va);
	KUNIT_EXPECT_EQ(test, length, one->length);
	KUNIT_EXPECT_EQ(test, pt_test_free(&t->freed), one->tables - 1);
	t->made -= one->tables - 1;
}

static void pt_test_rights(struct kunit *test)
{
	pt_test_map(test, 0, GROUP + PAGE, ALIGNED | PUCK_GPU_PTE_READ);
	pt_test_write(test);
	pt_test_expect(test, 0, GROUP + PAGE, ALIGNED | PUCK_GPU_PTE_READ);
}

/* ---- a part goes ---- */

static void pt_test_split(struct kunit *test)
{
	struct pt_test *t = test->priv;
	u64 va, length;

	pt_test_map(test, GROUP, 4 * GROUP, ALIGNED | RW);
	pt_test_write(test);
	KUNIT_ASSERT_EQ(test, t->pt.big, 4);
	puck_pt_unmap(&t->pt, 2 * GROUP - PAGE, 2 * PAGE);
	pt_test_write(test);
	KUNIT_EXPECT_EQ(test, t->pt.big, 2);
	KUNIT_EXPECT_EQ(test, t->pt.small, 30);
	pt_test_expect(test, GROUP, GROUP - PAGE, ALIGNED | RW);
	pt_test_expect(test, 2 * GROUP - PAGE, 2 * PAGE, 0);
	pt_test_expect(test, 2 * GROUP + PAGE, 3 * GROUP - PAGE, (ALIGNED + GROUP + PAGE) | RW);
	/* The device may have kept 64 KiB of each. */
	KUNIT_EXPECT_TRUE(test, puck_pt_flush(&t->pt, &va, &length));
	KUNIT_EXPECT_EQ(test, va, GROUP);
	KUNIT_EXPECT_EQ(test, length, 2 * GROUP);
}

/* Out of the middle, so that it is cut at both ends. */
static void pt_test_split_middle(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_test_map(test, 0, GROUP, ALIGNED | RW);
	pt_test_write(test);
	puck_pt_unmap(&t->pt, 5 * PAGE, PAGE);
	pt_test_write(test);
	pt_test_expect(test, 0, 5 * PAGE, ALIGNED | RW);
	pt_test_expect(test, 5 * PAGE, PAGE, 0);
	pt_test_expect(test, 6 * PAGE, 10 * PAGE, (ALIGNED + 6 * PAGE) | RW);
	KUNIT_EXPECT_EQ(test, t->pt.small, 15);
	KUNIT_EXPECT_EQ(test, t->pt.big, 0);
}

/* What was taken away and mapped again within one update keeps its tables. */
static void pt_test_replace(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_test_map(test, 0, GROUP, ALIGNED | RW);
	pt_test_write(test);
	puck_pt_unmap(&t->pt, 0, GROUP);
	pt_test_map(test, 0, GROUP, MISALIGNED | RW);
	pt_test_write(test);
	pt_test_expect(test, 0, GROUP, MISALIGNED | RW);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->freed));
	KUNIT_EXPECT_EQ(test, t->pt.tables, 4);
}

/* Of all addresses there are, only what is mapped costs time. */
static void pt_test_unmap_all(struct kunit *test)
{
	struct pt_test *t = test->priv;

	pt_test_map(test, 0, PAGE, ALIGNED | RW);
	pt_test_map(test, 1ull << 40, GROUP, ALIGNED | RW);
	pt_test_map(test, (1ull << 48) - PAGE, PAGE, MISALIGNED | RW);
	pt_test_write(test);
	KUNIT_EXPECT_EQ(test, puck_pt_count(&t->pt, 0, 1ull << 48), t->pt.tables);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 10);
	puck_pt_unmap(&t->pt, 0, 1ull << 48);
	pt_test_write(test);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 1);
	KUNIT_EXPECT_EQ(test, pt_test_walk(test, 0), 0);
}

/* ---- any order ---- */

#define WINDOW_PAGES	1536	/* three tables, over the end of a table of level 2 */
#define WINDOW		((1ull << 30) - TABLE_SPAN)
#define STEPS		20

/* A step: a range is mapped anew or unmapped, as the numbers say. */
static void pt_test_step(struct kunit *test, struct rnd_state *rnd, u64 *model)
{
	u32 first = prandom_u32_state(rnd) % WINDOW_PAGES;
	u32 count = 1 + prandom_u32_state(rnd) % min(WINDOW_PAGES - first, 200u);
	struct pt_test *t = test->priv;
	u64 page = 0;
	u32 i;

	if (prandom_u32_state(rnd) % 4 == 0)
		count = WINDOW_PAGES - first;
	if (prandom_u32_state(rnd) % 2) {
		first = ALIGN_DOWN(first, PUCK_PT_GROUP);
		page = ALIGNED | RW;
	}
	if (prandom_u32_state(rnd) % 3 == 0)
		page = (ALIGNED + first * PAGE) | PUCK_GPU_PTE_READ;
	puck_pt_unmap(&t->pt, WINDOW + first * PAGE, count * PAGE);
	if (page)
		pt_test_map(test, WINDOW + first * PAGE, count * PAGE, page);
	for (i = 0; i < count; i++)
		model[first + i] = page ? page + i * PAGE : 0;
}

static void pt_test_compare(struct kunit *test, const u64 *model, const u64 *before)
{
	struct pt_test *t = test->priv;
	u64 va, length;
	u32 i;

	puck_pt_flush(&t->pt, &va, &length);
	for (i = 0; i < WINDOW_PAGES; i++) {
		u64 page = WINDOW + i * PAGE;

		KUNIT_ASSERT_EQ(test, pt_test_lookup(test, page), model[i]);
		/* Whatever was there and is something else is flushed. */
		if (before[i] && before[i] != model[i])
			KUNIT_ASSERT_TRUE(test, page >= va && page - va < length);
	}
}

static void pt_test_random(struct kunit *test)
{
	u64 *model = kunit_kcalloc(test, WINDOW_PAGES, sizeof(*model), GFP_KERNEL);
	u64 *before = kunit_kcalloc(test, WINDOW_PAGES, sizeof(*before), GFP_KERNEL);
	struct pt_test *t = test->priv;
	struct rnd_state rnd;
	u64 mapped, i;
	u32 step, n;

	KUNIT_ASSERT_NOT_NULL(test, model);
	KUNIT_ASSERT_NOT_NULL(test, before);
	prandom_seed_state(&rnd, 1);
	for (step = 0; step < STEPS; step++) {
		memcpy(before, model, WINDOW_PAGES * sizeof(*model));
		for (n = prandom_u32_state(&rnd) % 3; n + 1; n--)
			pt_test_step(test, &rnd, model);
		pt_test_write(test);
		pt_test_compare(test, model, before);
		for (mapped = 0, i = 0; i < WINDOW_PAGES; i++)
			mapped += !!model[i];
		KUNIT_ASSERT_EQ(test, t->pt.small + PUCK_PT_GROUP * t->pt.big, mapped);
	}
	puck_pt_unmap(&t->pt, WINDOW, WINDOW_PAGES * PAGE);
	pt_test_write(test);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 1);
}

static struct kunit_case pt_test_cases[] = {
	KUNIT_CASE_PARAM(pt_test_one, pt_ones_gen_params),
	KUNIT_CASE(pt_test_rights),
	KUNIT_CASE(pt_test_split),
	KUNIT_CASE(pt_test_split_middle),
	KUNIT_CASE(pt_test_replace),
	KUNIT_CASE(pt_test_unmap_all),
	KUNIT_CASE(pt_test_random),
	{ }
};

static struct kunit_suite pt_test_suite = {
	.name = "puck_gpu_pt",
	.init = pt_test_init,
	.exit = pt_test_exit,
	.test_cases = pt_test_cases,
};

kunit_test_suite(pt_test_suite);
