// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the allocator of IOVAs: drawn sequences of taking and giving back,
 * next to a plain list of what is taken.
 */
#include <linux/bits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/slab.h>

#include <kunit/resource.h>
#include <kunit/test.h>

#include "iova/space.h"
#include "policy/draw.h"
#include "policy/policy.h"

#define STEPS		6000
#define BLOCKS		200
#define PAGES_4G	(BIT_ULL(32) >> PAGE_SHIFT)

/* What is reserved in all spaces here. */
static const struct {
	u64 start;
	u64 end;
} reserved[] = {
	{ 0xb0, 0xc0 },
	{ 0x80000, 0xfec00 },
	{ 0xfee00, 0xfef00 },
};

/**
 * struct block - what a space gave
 * @extent: it
 * @request: for what
 * @body: where
 */
struct block {
	struct puck_dma_extent *extent;
	struct puck_dma_request request;
	u64 body;
};

/* What was freed, with the number of the request that was the last before. */
struct freed {
	u64 start;
	u64 end;
	u64 at;
};

/**
 * struct world - a space and what we know of it
 * @space: it
 * @blocks: taken
 * @count: of them
 * @freed: in a ring
 * @nr_freed: so far
 * @clock: requests so far
 */
struct world {
	struct puck_dma_space space;
	struct block blocks[BLOCKS];
	u32 count;
	struct freed freed[256];
	u64 nr_freed;
	u64 clock;
};

/* Of a test that gave up as well. */
static void world_fini(void *data)
{
	struct world *w = data;

	puck_dma_space_fini(&w->space);
}

static struct world *world_new(struct kunit *test, u64 end)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_EQ(test, puck_dma_space_init(&w->space, end), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, world_fini, w), 0);
	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		KUNIT_ASSERT_EQ(test, puck_dma_space_reserve(&w->space, reserved[i].start,
							     reserved[i].end), 0);
	return w;
}

static u64 block_start(const struct block *block)
{
	return block->extent->start;
}

static u64 block_end(const struct block *block)
{
	return block->extent->start + block->extent->pages;
}

static bool apart(u64 start, u64 end, u64 other, u64 other_end)
{
	return end <= other || start >= other_end;
}

static void check_reserved(struct kunit *test, const struct block *block)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		KUNIT_ASSERT_TRUE(test, apart(block_start(block), block_end(block),
					      reserved[i].start, reserved[i].end));
}

/* What was asked for: room, guards, alignment, boundary, limit. */
static void check_block(struct kunit *test, const struct block *block)
{
	const struct puck_dma_request *r = &block->request;

	KUNIT_ASSERT_EQ(test, block->body & (r->align - 1), 0);
	if (r->boundary)
		KUNIT_ASSERT_EQ(test, block->body / r->boundary,
				(block->body + r->body - 1) / r->boundary);
	KUNIT_ASSERT_LE(test, block_end(block), r->limit);
	KUNIT_ASSERT_EQ(test, block_end(block), block->body + r->body + r->back);
	if (block->body)
		KUNIT_ASSERT_EQ(test, block_start(block), block->body - r->front);
	else
		KUNIT_ASSERT_EQ(test, r->window, PUCK_DMA_WINDOW_ZERO);
	check_reserved(test, block);
}

static void check_alone(struct kunit *test, const struct world *w, const struct block *block)
{
	u32 i;

	for (i = 0; i < w->count; i++)
		KUNIT_ASSERT_TRUE(test, apart(block_start(block), block_end(block),
					      block_start(&w->blocks[i]),
					      block_end(&w->blocks[i])));
}

static bool world_take(struct kunit *test, struct world *w, const struct puck_dma_request *request)
{
	struct block block = { .request = *request };

	w->clock++;
	block.extent = puck_dma_space_get(&w->space, request, &block.body);
	while (!block.extent && puck_dma_space_make_room(&w->space))
		block.extent = puck_dma_space_get_again(&w->space, request, &block.body);
	if (!block.extent)
		return false;
	check_block(test, &block);
	check_alone(test, w, &block);
	w->blocks[w->count++] = block;
	return true;
}

static void world_give(struct world *w, u32 i, u32 quarantine)
{
	struct freed *freed = &w->freed[w->nr_freed++ % ARRAY_SIZE(w->freed)];

	*freed = (struct freed){ block_start(&w->blocks[i]), block_end(&w->blocks[i]), w->clock };
	puck_dma_space_put(&w->space, w->blocks[i].extent, quarantine);
	w->blocks[i] = w->blocks[--w->count];
}

static void world_end(struct world *w)
{
	while (w->count)
		world_give(w, 0, 0);
}

static void request_draw(struct puck_dma_request *request, struct puck_dma_draw *draw)
{
	static const u64 limits[] = { PAGES_4G, PAGES_4G, BIT_ULL(36), BIT_ULL(19), BIT_ULL(14) };

	request->front = puck_dma_draw_below(draw, 4);
	request->back = puck_dma_draw_below(draw, 4);
	request->body = 1 + puck_dma_draw_below(draw, puck_dma_draw_below(draw, 8) ? 8 : 600);
	request->align = 1ull << (puck_dma_draw_below(draw, 3) ? 0 : puck_dma_draw_below(draw, 8));
	request->boundary = 0;
	if (puck_dma_draw_below(draw, 2))
		request->boundary = max(roundup_pow_of_two(request->body), request->align) <<
				    puck_dma_draw_below(draw, 4);
	request->limit = limits[puck_dma_draw_below(draw, ARRAY_SIZE(limits))];
	request->window = puck_dma_draw_below(draw, PUCK_DMA_WINDOW_ZERO + 1);
}

/* Each hole is known where it is, and each subtree's widest one at its top. */
static void check_tree(struct kunit *test, const struct world *w)
{
	struct puck_dma_extent *extent, *child;
	struct rb_node *node;
	u64 end = 0, widest;

	for (node = rb_first(&w->space.tree); node; node = rb_next(node)) {
		extent = rb_entry(node, struct puck_dma_extent, node);
		KUNIT_ASSERT_GE(test, extent->start, end);
		widest = extent->start - end;
		KUNIT_ASSERT_EQ(test, extent->hole, widest);
		end = extent->start + extent->pages;
		child = rb_entry_safe(node->rb_left, struct puck_dma_extent, node);
		widest = max(widest, child ? child->widest : 0);
		child = rb_entry_safe(node->rb_right, struct puck_dma_extent, node);
		widest = max(widest, child ? child->widest : 0);
		KUNIT_ASSERT_EQ(test, extent->widest, widest);
	}
}

/* Takes and gives back as it comes. */
static void iova_properties(struct kunit *test)
{
	struct world *w = world_new(test, BIT_ULL(36));
	struct puck_dma_request request;
	struct puck_dma_draw draw;
	u32 step, taken = 0;

	puck_dma_draw_start(&draw, 2, 0);
	for (step = 0; step < STEPS; step++) {
		if (w->count < BLOCKS && (!w->count || puck_dma_draw_below(&draw, 20) < 11)) {
			request_draw(&request, &draw);
			taken += world_take(test, w, &request);
		} else {
			world_give(w, puck_dma_draw_below(&draw, w->count),
				   puck_dma_draw_below(&draw, 2) ? 0 : 40);
		}
		if (!(step % 100))
			check_tree(test, w);
		if (step == STEPS / 2)
			puck_dma_space_flush(&w->space);
	}
	KUNIT_EXPECT_GT(test, taken, STEPS / 4);
	check_tree(test, w);
	world_end(w);
}

/* The first of each window, with a guard page, in a space with nothing taken. */
static void iova_windows(struct kunit *test)
{
	static const struct {
		enum puck_dma_window window;
		u64 limit;
		u64 body;
	} first[] = {
		{ PUCK_DMA_WINDOW_ANY, BIT_ULL(36), 0x101 },
		{ PUCK_DMA_WINDOW_LOW, BIT_ULL(36), 2 },
		{ PUCK_DMA_WINDOW_BELOW4G, BIT_ULL(36), PAGES_4G - 2 },
		{ PUCK_DMA_WINDOW_BELOW4G, BIT_ULL(19), BIT_ULL(19) - 2 },
		{ PUCK_DMA_WINDOW_ABOVE4G, BIT_ULL(36), PAGES_4G + 1 },
		{ PUCK_DMA_WINDOW_ABOVE4G, PAGES_4G, 0x101 },
		{ PUCK_DMA_WINDOW_TOP, BIT_ULL(36), BIT_ULL(36) - 2 },
		{ PUCK_DMA_WINDOW_TOP, PAGES_4G, PAGES_4G - 2 },
		{ PUCK_DMA_WINDOW_ZERO, BIT_ULL(36), 0 },
		/* A mask below 1 MiB leaves nothing else. */
		{ PUCK_DMA_WINDOW_ANY, 0x80, 2 },
	};
	struct puck_dma_request request = { .front = 1, .body = 1, .back = 1, .align = 1 };
	struct world *w;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(first); i++) {
		w = world_new(test, BIT_ULL(36));
		request.window = first[i].window;
		request.limit = first[i].limit;
		KUNIT_ASSERT_TRUE(test, world_take(test, w, &request));
		KUNIT_EXPECT_EQ(test, w->blocks[0].body, first[i].body);
		world_end(w);
	}
}

/* window=low: below 1 MiB as long as there is room, then elsewhere. */
static void iova_low_is_left(struct kunit *test)
{
	struct puck_dma_request request = {
		.front = 1, .body = 4, .back = 1, .align = 1, .limit = PAGES_4G,
		.window = PUCK_DMA_WINDOW_LOW,
	};
	struct world *w = world_new(test, PAGES_4G);
	u32 i, low = 0;

	for (i = 0; i < 60; i++) {
		KUNIT_ASSERT_TRUE(test, world_take(test, w, &request));
		low += block_end(&w->blocks[i]) <= 0x100;
		KUNIT_EXPECT_EQ(test, block_end(&w->blocks[i]) <= 0x100, i < low);
	}
	/* 1 .. 0xb0 and 0xc0 .. 0x100, by six pages. */
	KUNIT_EXPECT_EQ(test, low, (0xb0 - 1) / 6 + (0x100 - 0xc0) / 6);
	world_end(w);
}

/* Last freed, first given. */
static void iova_eager(struct kunit *test)
{
	struct puck_dma_request request = {
		.front = 1, .body = 2, .back = 1, .align = 1, .limit = PAGES_4G,
	};
	struct world *w = world_new(test, PAGES_4G);
	u64 body[20];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(body); i++) {
		KUNIT_ASSERT_TRUE(test, world_take(test, w, &request));
		body[i] = w->blocks[i].body;
	}
	for (i = ARRAY_SIZE(body); i--;)
		world_give(w, i, 0);
	for (i = 0; i < ARRAY_SIZE(body); i++) {
		KUNIT_ASSERT_TRUE(test, world_take(test, w, &request));
		KUNIT_EXPECT_EQ(test, w->blocks[i].body, body[i]);
	}
	world_end(w);
}

#define QUARANTINE	100

/* Nothing of what was freed within the last mappings. */
static void iova_quarantine(struct kunit *test)
{
	struct puck_dma_request request = { .limit = BIT_ULL(36) };
	struct world *w = world_new(test, BIT_ULL(36));
	struct puck_dma_draw draw;
	const struct freed *freed;
	u32 step, i, again = 0;

	puck_dma_draw_start(&draw, 3, 0);
	for (step = 0; step < STEPS; step++) {
		request_draw(&request, &draw);
		request.limit = BIT_ULL(36);
		KUNIT_ASSERT_TRUE(test, world_take(test, w, &request));
		for (i = 0; i < min_t(u64, w->nr_freed, ARRAY_SIZE(w->freed)); i++) {
			freed = &w->freed[i];
			if (apart(block_start(&w->blocks[0]), block_end(&w->blocks[0]),
				  freed->start, freed->end))
				continue;
			KUNIT_ASSERT_GT(test, w->clock - freed->at, QUARANTINE);
			again++;
		}
		world_give(w, 0, QUARANTINE);
	}
	/* And afterwards yes. */
	KUNIT_EXPECT_GT(test, again, 0);
	world_end(w);
}

/* A quarantine ends early before there is nothing; and nothing is lost by being full. */
static void iova_full(struct kunit *test)
{
	struct puck_dma_request request = {
		.front = 1, .body = 5, .back = 1, .align = 1, .limit = 0x400,
	};
	struct world *w = world_new(test, PAGES_4G);
	u32 round, count = 0, quarantine;

	for (round = 0; round < 4; round++) {
		while (w->count < BLOCKS && world_take(test, w, &request))
			;
		KUNIT_EXPECT_LT(test, w->count, BLOCKS);
		if (!round)
			count = w->count;
		KUNIT_EXPECT_EQ(test, w->count, count);
		KUNIT_EXPECT_GT(test, count, 100);
		quarantine = round % 2 ? 0 : PUCK_DMA_QUARANTINE_MAX;
		while (w->count)
			world_give(w, w->count - 1, quarantine);
	}
	/* Larger than any that was freed. */
	request.body = 700;
	KUNIT_EXPECT_TRUE(test, world_take(test, w, &request));
	world_end(w);
}

/* Who has a page, guards included. */
static void iova_find(struct kunit *test)
{
	struct puck_dma_request request = {
		.front = 2, .body = 3, .back = 2, .align = 1, .limit = PAGES_4G,
		.window = PUCK_DMA_WINDOW_BELOW4G,
	};
	struct world *w = world_new(test, PAGES_4G);
	const struct block *block;
	u64 page;
	u32 i;

	for (i = 0; i < 50; i++)
		KUNIT_ASSERT_TRUE(test, world_take(test, w, &request));
	for (i = 0; i < w->count; i++) {
		block = &w->blocks[i];
		for (page = block_start(block); page < block_end(block); page++)
			KUNIT_EXPECT_PTR_EQ(test, puck_dma_space_find(&w->space, page),
					    block->extent);
	}
	KUNIT_EXPECT_NULL(test, puck_dma_space_find(&w->space, 0x1000));
	KUNIT_EXPECT_NULL(test, puck_dma_space_find(&w->space, PAGES_4G));
	world_end(w);
}

/* Regions as firmware gives them: across one another, twice, past the end. */
static void iova_reserve_twice(struct kunit *test)
{
	struct world *w = world_new(test, PAGES_4G);

	KUNIT_EXPECT_EQ(test, puck_dma_space_reserve(&w->space, 0xb8, 0xd0), 0);
	KUNIT_EXPECT_EQ(test, puck_dma_space_reserve(&w->space, 0xa0, 0xb4), 0);
	KUNIT_EXPECT_EQ(test, puck_dma_space_reserve(&w->space, 0x70000, 0xfff00), 0);
	KUNIT_EXPECT_EQ(test, puck_dma_space_reserve(&w->space, PAGES_4G - 1, PAGES_4G + 9), 0);
	KUNIT_EXPECT_EQ(test, puck_dma_space_reserve(&w->space, PAGES_4G + 1, PAGES_4G + 9), 0);
	KUNIT_EXPECT_EQ(test, puck_dma_space_reserve(&w->space, 7, 7), 0);
	check_tree(test, w);
	KUNIT_EXPECT_NOT_NULL(test, puck_dma_space_find(&w->space, 0xcf));
	KUNIT_EXPECT_NOT_NULL(test, puck_dma_space_find(&w->space, 0xa0));
	KUNIT_EXPECT_NOT_NULL(test, puck_dma_space_find(&w->space, 0xffeff));
	KUNIT_EXPECT_NOT_NULL(test, puck_dma_space_find(&w->space, PAGES_4G - 1));
	KUNIT_EXPECT_NULL(test, puck_dma_space_find(&w->space, 7));
	KUNIT_EXPECT_NULL(test, puck_dma_space_find(&w->space, 0xd0));
	world_end(w);
}

static struct kunit_case puck_dma_iova_cases[] = {
	KUNIT_CASE(iova_properties),
	KUNIT_CASE(iova_windows),
	KUNIT_CASE(iova_low_is_left),
	KUNIT_CASE(iova_eager),
	KUNIT_CASE(iova_quarantine),
	KUNIT_CASE(iova_full),
	KUNIT_CASE(iova_find),
	KUNIT_CASE(iova_reserve_twice),
	{ }
};

static struct kunit_suite puck_dma_iova_suite = {
	.name = "puck_dma_iova",
	.test_cases = puck_dma_iova_cases,
};

kunit_test_suite(puck_dma_iova_suite);
