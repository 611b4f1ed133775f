// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the parts that only compute: the text of policies, the layout of
 * segments, the allocator of IOVAs. What has to hold is checked over many drawn
 * cases, always the same ones. Built where the kernel has KUnit; loading runs them.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <kunit/test.h>

#include "compat/dma.h"
#include "iova/layout.h"
#include "iova/segments.h"
#include "iova/space.h"
#include "policy/draw.h"
#include "policy/policy.h"

#define FULL(merge, order, gap, guard, window, reuse, fail, sync, seed)		\
	"merge=" merge ",layout=" order ",gap=" gap ",guard=" guard			\
	",window=" window ",reuse=" reuse ",fail=" fail ",sync=" sync ",seed=" seed
#define DEFAULTS	\
	FULL("all", "ascending", "0", "1", "any", "eager", "never", "coherent", "0")

/* Texts, and what reading them back gives. */
struct good_text {
	const char *text;
	const char *full;
};

static const struct good_text good_texts[] = {
	{ "", DEFAULTS },
	{ DEFAULTS, DEFAULTS },
	{ "merge=none,seed=18446744073709551615",
	  FULL("none", "ascending", "0", "1", "any", "eager", "never", "coherent",
	       "18446744073709551615") },
	{ "merge=64K,layout=descending,window=low",
	  FULL("65536", "descending", "0", "1", "low", "eager", "never", "coherent", "0") },
	{ "merge=12288,gap=1024,guard=64,reuse=quarantine:65536",
	  FULL("12288", "ascending", "1024", "64", "any", "quarantine:65536", "never",
	       "coherent", "0") },
	{ "merge=boundary:1M,layout=shuffled,window=below4g,sync=bounce",
	  FULL("boundary:1048576", "shuffled", "0", "1", "below4g", "eager", "never",
	       "bounce", "0") },
	{ "merge=random,guard=0,window=above4g,fail=nth:3,sync=watch",
	  FULL("random", "ascending", "0", "0", "above4g", "eager", "nth:3", "watch", "0") },
	{ "window=top,fail=every:0x10",
	  FULL("all", "ascending", "0", "1", "top", "eager", "every:16", "coherent", "0") },
	{ "fail=every:1,of=pool",
	  FULL("all", "ascending", "0", "1", "any", "eager", "every:1,of=pool", "coherent", "0") },
	{ "merge=none,fail=each:65535",
	  FULL("none", "ascending", "0", "1", "any", "eager", "each:65535", "coherent", "0") },
	{ "window=zero,fail=share:4294967295",
	  FULL("all", "ascending", "0", "1", "zero", "eager", "share:4294967295",
	       "coherent", "0") },
	/* Of a word that is said twice the later holds. */
	{ "guard=7,guard=2,reuse=quarantine:5,reuse=eager",
	  FULL("all", "ascending", "0", "2", "any", "eager", "never", "coherent", "0") },
};

static void good_text_name(const struct good_text *good, char *name)
{
	strscpy(name, *good->text ? good->text : "(nothing)", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(good_texts, good_texts, good_text_name);

static void policy_good(struct kunit *test)
{
	const struct good_text *good = test->param_value;
	struct puck_dma_policy policy, again;
	char text[PUCK_DMA_POLICY_TEXT];

	KUNIT_ASSERT_EQ(test, puck_dma_policy_parse(good->text, &policy, NULL), 0);
	KUNIT_EXPECT_EQ(test, puck_dma_policy_format(&policy, text, sizeof(text)),
			(int)strlen(good->full));
	KUNIT_EXPECT_STREQ(test, text, good->full);
	KUNIT_ASSERT_EQ(test, puck_dma_policy_parse(text, &again, NULL), 0);
	KUNIT_EXPECT_TRUE(test, puck_dma_policy_same(&policy, &again));
}

/* Texts that are wrong, and from which byte on. */
struct bad_text {
	const char *text;
	int at;
};

static const struct bad_text bad_texts[] = {
	{ "merge", 0 },
	{ "merge=", 0 },
	{ "=all", 0 },
	{ "merge=all,", 10 },
	{ ",merge=all", 0 },
	{ "merge=all,,gap=1", 10 },
	{ "merge=All", 0 },
	{ "merge=0", 0 },
	{ "merge=4095", 0 },
	{ "merge=4097", 0 },
	{ "merge=4K1", 0 },
	{ "merge=-4K", 0 },
	{ "merge=1T", 0 },
	{ "merge=2048G", 0 },
	{ "merge=boundary:12K", 0 },
	{ "merge=boundary:", 0 },
	{ "layout=up", 0 },
	{ "gap=1025", 0 },
	{ "gap=-1", 0 },
	{ "gap=+1", 0 },
	{ "gap= 1", 0 },
	{ "seed=1,guard=65", 7 },
	{ "guard=", 0 },
	{ "window=4g", 0 },
	{ "reuse=quarantine:0", 0 },
	{ "reuse=quarantine:65537", 0 },
	{ "reuse=quarantine", 0 },
	{ "fail=nth:0", 0 },
	{ "fail=nth:4294967296", 0 },
	{ "fail=each:0", 0 },
	{ "fail=each:65536", 0 },
	{ "fail=nth", 0 },
	{ "of=some", 0 },
	{ "sync=never", 0 },
	{ "seed=18446744073709551616", 0 },
	{ "seed=", 0 },
	{ "merge=all,random", 10 },
	{ "random,", 7 },
	{ "random,seed", 7 },
	{ "randomly", 0 },
	{ "random,random", 7 },
};

static void bad_text_name(const struct bad_text *bad, char *name)
{
	strscpy(name, bad->text, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bad_texts, bad_texts, bad_text_name);

static void policy_bad(struct kunit *test)
{
	const struct bad_text *bad = test->param_value;
	struct puck_dma_policy policy, before;
	const char *at = NULL;

	puck_dma_policy_default(&policy);
	policy.gap = 3;
	before = policy;
	KUNIT_EXPECT_EQ(test, puck_dma_policy_parse(bad->text, &policy, &at), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, at, bad->text + bad->at);
	KUNIT_EXPECT_TRUE(test, puck_dma_policy_same(&policy, &before));
}

static void policy_too_long(struct kunit *test)
{
	char *text = kunit_kzalloc(test, PUCK_DMA_POLICY_TEXT + 1, GFP_KERNEL);
	struct puck_dma_policy policy;

	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, '0', PUCK_DMA_POLICY_TEXT);
	memcpy(text, "seed=", 5);
	KUNIT_EXPECT_EQ(test, puck_dma_policy_parse(text, &policy, NULL), -E2BIG);
	text[PUCK_DMA_POLICY_TEXT - 1] = 0;
	KUNIT_EXPECT_EQ(test, puck_dma_policy_parse(text, &policy, NULL), 0);
}

static void policy_of_seed(struct kunit *test, u64 seed, struct puck_dma_policy *policy)
{
	char text[64];

	snprintf(text, sizeof(text), "random,seed=%llu", seed);
	KUNIT_ASSERT_EQ(test, puck_dma_policy_parse(text, policy, NULL), 0);
}

/* All values come up, none that is not allowed, and the same for the same seed. */
static void policy_random(struct kunit *test)
{
	struct puck_dma_policy policy, again;
	u32 merges = 0, orders = 0, windows = 0, syncs = 0;
	char text[PUCK_DMA_POLICY_TEXT];
	u64 seed;

	for (seed = 0; seed < 300; seed++) {
		policy_of_seed(test, seed, &policy);
		policy_of_seed(test, seed, &again);
		KUNIT_EXPECT_TRUE(test, puck_dma_policy_same(&policy, &again));
		puck_dma_policy_format(&policy, text, sizeof(text));
		KUNIT_EXPECT_EQ(test, puck_dma_policy_parse(text, &again, NULL), 0);
		KUNIT_EXPECT_TRUE(test, puck_dma_policy_same(&policy, &again));
		KUNIT_EXPECT_EQ(test, policy.fail, PUCK_DMA_FAIL_NEVER);
		merges |= BIT(policy.merge);
		orders |= BIT(policy.order);
		windows |= BIT(policy.window);
		syncs |= BIT(policy.sync);
	}
	KUNIT_EXPECT_EQ(test, merges, GENMASK(PUCK_DMA_MERGE_RANDOM, 0));
	KUNIT_EXPECT_EQ(test, orders, GENMASK(PUCK_DMA_SHUFFLED, 0));
	KUNIT_EXPECT_EQ(test, windows, GENMASK(PUCK_DMA_WINDOW_ZERO, 0));
	KUNIT_EXPECT_EQ(test, syncs, GENMASK(PUCK_DMA_SYNC_BOUNCE, 0));
}

/* What is said behind it holds, wherever the seed is said. */
static void policy_random_but(struct kunit *test)
{
	struct puck_dma_policy plain, policy;

	policy_of_seed(test, 5, &plain);
	KUNIT_ASSERT_EQ(test, puck_dma_policy_parse("random,guard=9,seed=5,fail=every:7", &policy,
						    NULL), 0);
	KUNIT_EXPECT_EQ(test, policy.guard, 9);
	KUNIT_EXPECT_EQ(test, policy.fail, PUCK_DMA_FAIL_EVERY);
	KUNIT_EXPECT_EQ(test, policy.fail_n, 7);
	policy.guard = plain.guard;
	policy.fail = PUCK_DMA_FAIL_NEVER;
	policy.fail_n = 0;
	KUNIT_EXPECT_TRUE(test, puck_dma_policy_same(&policy, &plain));
}

#define ENTRIES		96
#define LAYOUTS		4000

struct entry {
	u32 offset;
	u32 size;
};

/**
 * struct layout_case - a drawn list, and what became of it
 * @policy: of the case
 * @max_size: dma_get_max_seg_size()
 * @boundary: dma_get_seg_boundary()
 * @nr_entries: of the list
 * @entries: the list
 * @segs: segments
 * @first: the entry that each segment begins with
 * @count: of segments
 * @request: what their extent is to be like
 */
struct layout_case {
	struct puck_dma_policy policy;
	u64 max_size;
	u64 boundary;
	u32 nr_entries;
	struct entry entries[ENTRIES];
	struct puck_dma_segment segs[ENTRIES];
	u32 first[ENTRIES + 1];
	u32 count;
	struct puck_dma_request request;
};

static void entries_draw(struct layout_case *c, struct puck_dma_draw *draw)
{
	u32 odd = puck_dma_draw_below(draw, 4), i;

	c->nr_entries = 1 + puck_dma_draw_below(draw, ENTRIES);
	for (i = 0; i < c->nr_entries; i++) {
		bool ragged = odd && !puck_dma_draw_below(draw, 1 + odd * 3);

		c->entries[i].offset = ragged ? puck_dma_draw_below(draw, PAGE_SIZE) : 0;
		c->entries[i].size = ragged ? 1 + puck_dma_draw_below(draw, 5 * PAGE_SIZE) :
					      PAGE_SIZE * (1 + puck_dma_draw_below(draw, 6));
	}
}

static void case_draw(struct kunit *test, struct layout_case *c, u64 number)
{
	static const u64 sizes[] = { SZ_4K, SZ_8K, 3 * SZ_4K - 1, SZ_64K, SZ_1M, U32_MAX };
	struct puck_dma_draw draw;

	puck_dma_draw_start(&draw, 1, number);
	policy_of_seed(test, puck_dma_draw(&draw), &c->policy);
	c->max_size = sizes[puck_dma_draw_below(&draw, ARRAY_SIZE(sizes))];
	c->boundary = (PAGE_SIZE << puck_dma_draw_below(&draw, 24)) - 1;
	if (!puck_dma_draw_below(&draw, 8))
		c->boundary = U64_MAX;
	entries_draw(c, &draw);
}

static void case_lay_out(struct layout_case *c, u64 number)
{
	const struct puck_dma_segments segs = { .flat = c->segs };
	struct puck_dma_layout layout;
	u32 i;

	c->count = 0;
	puck_dma_layout_start(&layout, &c->policy, number, c->max_size, c->boundary);
	for (i = 0; i < c->nr_entries; i++) {
		if (puck_dma_layout_entry(&layout, c->entries[i].offset, c->entries[i].size)) {
			c->first[c->count] = i;
			c->segs[c->count].iova = c->entries[i].offset;
			c->segs[c->count].size = 0;
			c->count++;
		}
		c->segs[c->count - 1].size += c->entries[i].size;
	}
	c->first[c->count] = c->nr_entries;
	puck_dma_layout_place(&layout, &segs, c->count, &c->request);
}

static u64 seg_start(const struct puck_dma_segment *seg)
{
	return seg->iova >> PAGE_SHIFT;
}

static u64 seg_end(const struct puck_dma_segment *seg)
{
	return (seg->iova + seg->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* Entries that are one segment: meet at edges of pages, and within the limits. */
static void case_check_joins(struct kunit *test, struct layout_case *c)
{
	u32 i, e;

	for (i = 0; i < c->count; i++) {
		KUNIT_ASSERT_EQ(test, offset_in_page(c->segs[i].iova),
				c->entries[c->first[i]].offset);
		if (c->first[i + 1] == c->first[i] + 1)
			continue;
		KUNIT_ASSERT_LE(test, c->segs[i].size, c->max_size);
		KUNIT_ASSERT_NE(test, c->policy.merge, PUCK_DMA_MERGE_NONE);
		if (c->policy.merge == PUCK_DMA_MERGE_SIZE)
			KUNIT_ASSERT_LE(test, c->segs[i].size, c->policy.merge_size);
		for (e = c->first[i]; e + 1 < c->first[i + 1]; e++) {
			KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(c->entries[e].offset +
							     c->entries[e].size));
			KUNIT_ASSERT_EQ(test, c->entries[e + 1].offset, 0);
		}
	}
}

/* merge=all: two that could be one are one. */
static void case_check_all(struct kunit *test, struct layout_case *c)
{
	u64 pages = c->boundary == U64_MAX ? U64_MAX : (c->boundary + 1) >> PAGE_SHIFT;
	const struct entry *next;
	u32 i;

	if (c->policy.merge != PUCK_DMA_MERGE_ALL)
		return;
	for (i = 0; i + 1 < c->count; i++) {
		next = &c->entries[c->first[i + 1]];
		KUNIT_ASSERT_TRUE(test, next->offset ||
				  !PAGE_ALIGNED(c->segs[i].iova + c->segs[i].size) ||
				  c->segs[i].size + next->size > c->max_size ||
				  seg_end(&c->segs[i]) - seg_start(&c->segs[i]) +
				  PFN_UP(next->size) > pages);
	}
}

static bool crosses(u64 start, u64 end, u64 pages)
{
	return start / pages != (end - 1) / pages;
}

/*
 * Within the body, apart by the guard at least, and across no boundary wherever the
 * request lets the body be: at a multiple of its alignment, or where it fits in.
 */
static void case_check_places(struct kunit *test, struct layout_case *c)
{
	u64 boundary = c->boundary == U64_MAX ? 0 : (c->boundary + 1) >> PAGE_SHIFT;
	u64 apart = c->policy.guard, start, end;
	u32 i, k;

	for (i = 0; i < c->count; i++) {
		start = seg_start(&c->segs[i]);
		end = seg_end(&c->segs[i]);
		KUNIT_ASSERT_LE(test, end, c->request.body);
		if (boundary && end - start <= boundary && c->request.body > boundary)
			KUNIT_ASSERT_FALSE(test, crosses(start, end, boundary));
		if (c->policy.merge == PUCK_DMA_MERGE_BOUNDARY &&
		    c->first[i + 1] > c->first[i] + 1) {
			KUNIT_ASSERT_LE(test, end - start, c->policy.merge_size >> PAGE_SHIFT);
			if (c->request.body > c->policy.merge_size >> PAGE_SHIFT)
				KUNIT_ASSERT_FALSE(test, crosses(start, end, c->policy.merge_size >>
									     PAGE_SHIFT));
		}
		for (k = 0; k < i; k++)
			KUNIT_ASSERT_TRUE(test, seg_start(&c->segs[k]) >= end + apart ||
					  seg_end(&c->segs[k]) + apart <= start);
	}
	if (boundary && c->request.body > boundary)
		KUNIT_ASSERT_TRUE(test, c->request.align >= boundary ||
				  c->request.body <= c->request.boundary);
	else if (boundary)
		KUNIT_ASSERT_TRUE(test, c->request.boundary && c->request.boundary <= boundary);
}

static void case_check_order(struct kunit *test, struct layout_case *c)
{
	u32 i;

	for (i = 0; i + 1 < c->count; i++) {
		if (c->policy.order == PUCK_DMA_ASCENDING)
			KUNIT_ASSERT_LT(test, c->segs[i].iova, c->segs[i + 1].iova);
		if (c->policy.order == PUCK_DMA_DESCENDING)
			KUNIT_ASSERT_GT(test, c->segs[i].iova, c->segs[i + 1].iova);
	}
}

static void layout_properties(struct kunit *test)
{
	struct layout_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	u64 number, joined = 0, split = 0;

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (number = 0; number < LAYOUTS; number++) {
		case_draw(test, c, number);
		case_lay_out(c, number);
		case_check_joins(test, c);
		case_check_all(test, c);
		case_check_places(test, c);
		case_check_order(test, c);
		joined += c->count < c->nr_entries;
		split += c->count > 1;
	}
	/* The cases are worth something. */
	KUNIT_EXPECT_GT(test, joined, LAYOUTS / 4);
	KUNIT_EXPECT_GT(test, split, LAYOUTS / 4);
}

/* What the DMA layer of the kernel does with these, too. */
static void layout_known(struct kunit *test)
{
	static const struct {
		u64 max_size;
		u64 boundary;
		u32 entries;
		u32 segments;
	} known[] = {
		{ SZ_64K, U32_MAX, 256, 16 },
		{ U32_MAX, U32_MAX, 256, 1 },
		{ SZ_4K * 3, U32_MAX, 64, 22 },
		{ SZ_4K, U32_MAX, 64, 64 },
		{ U32_MAX, SZ_64K - 1, 64, 4 },
	};
	struct puck_dma_policy policy;
	struct puck_dma_layout layout;
	u32 i, e, count;

	puck_dma_policy_default(&policy);
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		puck_dma_layout_start(&layout, &policy, 1, known[i].max_size, known[i].boundary);
		for (count = 0, e = 0; e < known[i].entries; e++)
			count += puck_dma_layout_entry(&layout, 0, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, count, known[i].segments);
	}
}

static struct kunit_case puck_dma_cases[] = {
	KUNIT_CASE_PARAM(policy_good, good_texts_gen_params),
	KUNIT_CASE_PARAM(policy_bad, bad_texts_gen_params),
	KUNIT_CASE(policy_too_long),
	KUNIT_CASE(policy_random),
	KUNIT_CASE(policy_random_but),
	KUNIT_CASE(layout_properties),
	KUNIT_CASE(layout_known),
	{ }
};

static struct kunit_suite puck_dma_suite = {
	.name = "puck_dma",
	.test_cases = puck_dma_cases,
};

kunit_test_suite(puck_dma_suite);

MODULE_DESCRIPTION("Tests of what puck-dma.ko computes");
MODULE_LICENSE("GPL");
PUCK_IMPORT_NS_KUNIT;
