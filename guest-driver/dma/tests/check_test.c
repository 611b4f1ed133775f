// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of how what went wrong is matched with mappings: the history of
 * those that are no more, accesses that are heard of late, stacks. The device is
 * made up, and so are the times.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include <kunit/device.h>
#include <kunit/test.h>

#include "check/access.h"
#include "check/blame.h"
#include "check/calls.h"
#include "check/checks.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "check/suspect.h"
#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/refusal.h"
#include "core/stack.h"
#include "core/tail.h"
#include "iova/segments.h"
#include "iova/space.h"
#include "puck/dma_client.h"

#define WORLD_PAGES	(SZ_4G >> PAGE_SHIFT)
#define MINUTE		(60ull * NSEC_PER_SEC)
/* Long enough ago, and after the boot. */
#define OLD		NSEC_PER_SEC

struct check_world {
	struct puck_dma_dev d;
	u64 number;
};

static struct check_world *check_world_new(struct kunit *test)
{
	struct check_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->d.dev = kunit_device_register(test, "made-up");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, w->d.dev);
	spin_lock_init(&w->d.lock);
	KUNIT_ASSERT_EQ(test, puck_dma_space_init(&w->d.space, WORLD_PAGES), 0);
	w->d.checks = puck_dma_checks_new(&w->d);
	KUNIT_ASSERT_NOT_NULL(test, w->d.checks);
	return w;
}

static void check_world_end(struct check_world *w)
{
	puck_dma_checks_free(w->d.checks);
	puck_dma_space_fini(&w->d.space);
}

/* A mapping of pages in a row, made @age ns ago, with a guard page at both ends. */
static void make(struct kunit *test, struct check_world *w, struct puck_dma_mapping *m,
		 enum dma_data_direction dir, u64 pages, u64 age)
{
	struct puck_dma_request request = {
		.front = 1,
		.body = pages,
		.back = 1,
		.align = 1,
		.limit = WORLD_PAGES,
	};
	u64 body;

	memset(m, 0, sizeof(*m));
	spin_lock_irq(&w->d.lock);
	m->extent = puck_dma_space_get(&w->d.space, &request, &body);
	if (m->extent) {
		m->extent_start = m->extent->start;
		m->extent_pages = m->extent->pages;
		m->extent->mapping = m;
	}
	spin_unlock_irq(&w->d.lock);
	KUNIT_ASSERT_NOT_NULL(test, m->extent);
	m->iova = body << PAGE_SHIFT;
	m->size = pages << PAGE_SHIFT;
	m->number = ++w->number;
	m->dir = dir;
	m->entries = 1;
	m->nsegs = 1;
	m->one.iova = m->iova;
	m->one.size = m->size;
	m->segs.flat = &m->one;
	m->made_at = ktime_get_mono_fast_ns() - age;
}

static void unmake(struct check_world *w, struct puck_dma_mapping *m)
{
	spin_lock_irq(&w->d.lock);
	m->extent->mapping = NULL;
	puck_dma_space_put(&w->d.space, m->extent, 0);
	spin_unlock_irq(&w->d.lock);
	puck_dma_gone(&w->d, m, 0);
}

/* The device's access to @iova is heard of @later ns from now. */
static void refuse(struct check_world *w, u64 iova, enum puck_dma_verb verb, u64 later)
{
	struct puck_dma_refusal refused = {
		.iova = iova,
		.verb = verb,
		.when = ktime_get_mono_fast_ns() + later,
	};

	puck_dma_access(&w->d, &refused);
}

/* Takes the count back, so that the next one can be told. */
static u64 found(struct check_world *w, enum puck_dma_class class)
{
	u64 count = w->d.checks->count[class], told = w->d.checks->told;

	memset(w->d.checks->count, 0, sizeof(w->d.checks->count));
	memset(w->d.checks->accesses, 0, sizeof(w->d.checks->accesses));
	w->d.checks->told = 0;
	w->d.checks->blame.until = 0;
	return told == count ? count : 1000 + told;
}

static void history_newest(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping m;
	struct puck_dma_past past;
	u64 iova, n;

	KUNIT_EXPECT_FALSE(test, puck_dma_history_holding(&w->d, 0, &past));
	/* One place, used again and again; the last one counts. */
	for (n = 1; n <= 3; n++) {
		make(test, w, &m, DMA_TO_DEVICE, 2, 0);
		iova = m.iova;
		unmake(w, &m);
		KUNIT_ASSERT_TRUE(test, puck_dma_history_at(&w->d, iova, &past));
		KUNIT_EXPECT_EQ(test, past.number, n);
	}
	KUNIT_EXPECT_FALSE(test, puck_dma_history_at(&w->d, iova + PAGE_SIZE, &past));
	KUNIT_EXPECT_TRUE(test, puck_dma_history_holding(&w->d, iova + PAGE_SIZE, &past));
	KUNIT_EXPECT_TRUE(test, puck_dma_history_holding(&w->d, iova - 1, &past));
	KUNIT_EXPECT_TRUE(test, puck_dma_history_holding(&w->d, iova + 3 * PAGE_SIZE - 1, &past));
	KUNIT_EXPECT_FALSE(test, puck_dma_history_holding(&w->d, iova + 3 * PAGE_SIZE, &past));
	check_world_end(w);
}

static void history_forgets(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping first, other;
	struct puck_dma_past past;
	int i;

	make(test, w, &first, DMA_TO_DEVICE, 4, 0);
	make(test, w, &other, DMA_TO_DEVICE, 1, 0);
	unmake(w, &first);
	for (i = 1; i < PUCK_DMA_HISTORY; i++)
		puck_dma_gone(&w->d, &other, 0);
	KUNIT_EXPECT_TRUE(test, puck_dma_history_at(&w->d, first.iova, &past));
	puck_dma_gone(&w->d, &other, 0);
	KUNIT_EXPECT_FALSE(test, puck_dma_history_at(&w->d, first.iova, &past));
	KUNIT_EXPECT_TRUE(test, puck_dma_history_at(&w->d, other.iova, &past));
	check_world_end(w);
}

static void access_live(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping m;

	make(test, w, &m, DMA_TO_DEVICE, 2, OLD);
	refuse(w, m.iova + 8, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_DIRECTION), 1);
	refuse(w, m.iova + 2 * PAGE_SIZE, PUCK_DMA_READ, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_GUARD), 1);
	refuse(w, m.iova - 1, PUCK_DMA_ACCESSED, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_GUARD), 1);
	/* What was allowed, and what may have been. */
	refuse(w, m.iova + 8, PUCK_DMA_READ, 0);
	refuse(w, m.iova + 8, PUCK_DMA_ACCESSED, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNKNOWN), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->d.checks->unexplained), 2);
	unmake(w, &m);
	check_world_end(w);
}

static void access_past(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping m;

	make(test, w, &m, DMA_TO_DEVICE, 1, OLD);
	unmake(w, &m);
	/* Just now: by what it was. Later: it was gone. */
	refuse(w, m.iova, PUCK_DMA_READ, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNMAPPED), 1);
	refuse(w, m.iova, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_DIRECTION), 1);
	refuse(w, m.iova + PAGE_SIZE, PUCK_DMA_READ, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_GUARD), 1);
	refuse(w, m.iova, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNMAPPED), 1);
	refuse(w, m.iova + PAGE_SIZE, PUCK_DMA_READ, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNMAPPED), 1);
	check_world_end(w);
}

/* The place was given to another mapping before the access was heard of. */
static void access_reused(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping old, young;

	make(test, w, &old, DMA_FROM_DEVICE, 1, OLD);
	unmake(w, &old);
	make(test, w, &young, DMA_FROM_DEVICE, 1, 0);
	KUNIT_ASSERT_EQ(test, young.iova, old.iova);
	refuse(w, old.iova, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, w->d.checks->accesses[0].number, old.number);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNMAPPED), 1);
	/* An access long after that was refused for no reason we know. */
	refuse(w, old.iova, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNMAPPED), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->d.checks->unexplained), 1);
	unmake(w, &young);
	check_world_end(w);
}

/* A place of the code, as far as anybody here looks at it. */
#define MADE_RIGHT	1
#define MADE_WRONG	2

/*
 * The place was given to another mapping, which does not allow the access. That one is at
 * fault if it is the first of its kind, but not if others of its kind went well.
 */
static void access_given_away(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping old, young, right;
	int i;

	for (i = 0; i < 8; i++) {
		make(test, w, &right, DMA_TO_DEVICE, 2, OLD);
		right.made_by = MADE_RIGHT;
		unmake(w, &right);
	}
	make(test, w, &old, DMA_FROM_DEVICE, 1, OLD);
	unmake(w, &old);
	make(test, w, &young, DMA_TO_DEVICE, 1, 0);
	KUNIT_ASSERT_EQ(test, young.iova, old.iova);
	young.made_by = MADE_RIGHT;
	refuse(w, old.iova, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, w->d.checks->accesses[0].number, old.number);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNMAPPED), 1);
	young.made_by = MADE_WRONG;
	refuse(w, old.iova, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_DIRECTION), 1);
	/* What it was neither for the one nor for the other, and what is long ago. */
	young.made_by = MADE_RIGHT;
	refuse(w, old.iova + PAGE_SIZE, PUCK_DMA_READ, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_GUARD), 1);
	refuse(w, old.iova, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_DIRECTION), 1);
	unmake(w, &young);
	check_world_end(w);
}

/* An address that lost its high bits, and that of the memory: of a mapping that is gone. */
static void blame_addresses(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping m;

	make(test, w, &m, DMA_FROM_DEVICE, 2, OLD);
	unmake(w, &m);
	m.iova = 0x123456789000 + 0x234;
	m.extent_start = m.iova >> PAGE_SHIFT;
	m.phys = 0x7654321000 + 0x234;
	puck_dma_gone(&w->d, &m, 0);
	refuse(w, 0x56789234 + PAGE_SIZE + 7, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, w->d.checks->accesses[0].number, m.number);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_TRUNCATED), 1);
	/* For the other direction such addresses are another mapping's. */
	refuse(w, 0x56789234 + PAGE_SIZE + 7, PUCK_DMA_READ, MINUTE);
	refuse(w, 0x7654321234, PUCK_DMA_READ, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNKNOWN), 2);
	refuse(w, 0xffffffff56789234, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_TRUNCATED), 1);
	refuse(w, 0x56789233, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNKNOWN), 1);
	refuse(w, 0x7654321234, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_PHYSICAL), 1);
	refuse(w, 0x7654324000, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNKNOWN), 1);
	check_world_end(w);
}

/* Entries behind the last one: by the address as it is, cut, and of the page alone. */
static void blame_tail(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping m;
	u64 tail;

	make(test, w, &m, DMA_FROM_DEVICE, 2, OLD);
	m.kind = PUCK_DMA_SG;
	m.entries = 2;
	tail = puck_dma_tail(m.number);
	refuse(w, tail + 8, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, w->d.checks->accesses[0].number, m.number);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_TAIL), 1);
	refuse(w, (u32)tail, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_TAIL), 1);
	/* A list that has no such entries gave nobody their address. */
	m.entries = 1;
	refuse(w, tail + 16, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNKNOWN), 1);
	m.entries = 2;
	unmake(w, &m);
	refuse(w, tail + 24, PUCK_DMA_WROTE, MINUTE);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_TAIL), 1);
	check_world_end(w);
}

/* In as many bits as a device has, and on behind it: one finding each time. */
static void blame_error(struct kunit *test)
{
	static const u64 errors[] = { U64_MAX, U32_MAX, BIT_ULL(48) - 1, U64_MAX - PAGE_SIZE + 1 };
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping m = { };
	int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		refuse(w, errors[i], PUCK_DMA_WROTE, 0);
		refuse(w, errors[i] == U32_MAX ? BIT_ULL(32) : 0, PUCK_DMA_WROTE, 0);
		KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_ERROR), 1);
	}
	/* From an offset, if a mapping is known to have failed. */
	refuse(w, 0x1ff, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNKNOWN), 1);
	m.made_by = MADE_WRONG;
	m.kind = PUCK_DMA_PAGE;
	m.dir = DMA_FROM_DEVICE;
	m.size = 100;
	puck_dma_blame_failed(&w->d, &m);
	refuse(w, 0x1ff, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_ERROR), 1);
	refuse(w, 0x200, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNKNOWN), 1);
	check_world_end(w);
}

/* What could not be mapped is unmapped: the mapping that failed is the like of the call. */
static void unmap_error(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_mapping m = { .kind = PUCK_DMA_PAGE, .dir = DMA_FROM_DEVICE, .size = 100 };
	struct puck_dma_call call = {
		.kind = PUCK_DMA_PAGE,
		.dir = DMA_FROM_DEVICE,
		.addr = DMA_MAPPING_ERROR,
		.size = 100,
	};
	const struct puck_dma_finding *last = w->d.checks->findings;

	puck_dma_check_unmap_none(&w->d, &call);
	KUNIT_EXPECT_EQ(test, last->made_by, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_UNMAP_ERROR), 1);
	m.made_by = MADE_WRONG;
	puck_dma_blame_failed(&w->d, &m);
	m.made_by = MADE_RIGHT;
	m.dir = DMA_TO_DEVICE;
	puck_dma_blame_failed(&w->d, &m);
	puck_dma_check_unmap_none(&w->d, &call);
	KUNIT_EXPECT_EQ(test, last->made_by, MADE_WRONG);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_UNMAP_ERROR), 1);
	/* No one of that size. */
	call.size = 99;
	puck_dma_check_unmap_none(&w->d, &call);
	KUNIT_EXPECT_EQ(test, last->made_by, 0);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_UNMAP_ERROR), 1);
	check_world_end(w);
}

/* The log has one of a kind, and as many kinds as it takes. */
static void findings_alike(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_checks *checks = w->d.checks;
	int i;

	for (i = 0; i < 3; i++)
		puck_dma_find(&w->d, PUCK_DMA_LEAK, i * PAGE_SIZE, 1, NULL, 0, "made up");
	puck_dma_find(&w->d, PUCK_DMA_UNMAP_TWICE, 0, 1, NULL, 0, "made up");
	KUNIT_EXPECT_EQ(test, checks->nr_known, 2);
	KUNIT_EXPECT_EQ(test, checks->known[0].count, 3);
	KUNIT_EXPECT_EQ(test, checks->known[1].count, 1);
	for (i = 0; i < PUCK_DMA_KNOWN; i++)
		puck_dma_find(&w->d, PUCK_DMA_LEAK, (u64)i << PUCK_DMA_LIKE_SHIFT, 1, NULL, 0,
			      "made up");
	KUNIT_EXPECT_EQ(test, checks->nr_known, PUCK_DMA_KNOWN);
	KUNIT_EXPECT_EQ(test, checks->unsaid, 1);
	KUNIT_EXPECT_EQ(test, checks->told, 4 + PUCK_DMA_KNOWN);
	KUNIT_EXPECT_EQ(test, checks->count[PUCK_DMA_LEAK], 3 + PUCK_DMA_KNOWN);
	check_world_end(w);
}

static void access_again(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	u64 iova = SZ_16M;
	int i;

	for (i = 0; i < 100; i++)
		refuse(w, iova + i * (PAGE_SIZE / 4), PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, w->d.checks->told, 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&w->d.checks->repeated), 99);
	/* Another verb, another place, another time. */
	refuse(w, iova, PUCK_DMA_READ, 0);
	KUNIT_EXPECT_EQ(test, w->d.checks->told, 2);
	refuse(w, 2 * iova, PUCK_DMA_WROTE, 0);
	KUNIT_EXPECT_EQ(test, w->d.checks->told, 3);
	refuse(w, iova, PUCK_DMA_WROTE, 2 * NSEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, w->d.checks->told, 4);
	KUNIT_EXPECT_EQ(test, found(w, PUCK_DMA_ACCESS_UNKNOWN), 4);
	check_world_end(w);
}

static noinline u32 stack_inner(int *calls)
{
	u32 stack = puck_dma_stack();

	++*calls;
	return stack;
}

static noinline u32 stack_of_one(int *calls)
{
	u32 stack = stack_inner(calls);

	++*calls;
	return stack;
}

static noinline u32 stack_of_other(int *calls)
{
	u32 stack = stack_inner(calls);

	*calls += 2;
	return stack;
}

static bool stack_called_by(u32 stack, const char *function)
{
	char text[KSYM_SYMBOL_LEN];

	snprintf(text, sizeof(text), "%pB", (void *)puck_dma_stack_caller(stack));
	return str_has_prefix(text, function);
}

/* One path is one number, whoever was called in between; two paths are two. */
static void stacks_differ(struct kunit *test)
{
	u32 one[8], other[8];
	int i, calls = 0;

	for (i = 0; i < ARRAY_SIZE(one); i++) {
		one[i] = stack_of_one(&calls);
		other[i] = stack_of_other(&calls);
	}
	for (i = 0; i < ARRAY_SIZE(one); i++) {
		KUNIT_EXPECT_NE(test, one[i], 0);
		KUNIT_EXPECT_EQ(test, one[i], one[0]);
		KUNIT_EXPECT_EQ(test, other[i], other[0]);
		KUNIT_EXPECT_NE(test, one[i], other[i]);
	}
	KUNIT_EXPECT_TRUE(test, stack_called_by(one[0], "stack_inner"));
	KUNIT_EXPECT_TRUE(test, stack_called_by(other[0], "stack_inner"));
}

/* One for each class and place, as many as there is room for, and no finding. */
static void suspects_alike(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_checks *checks = w->d.checks;
	struct puck_dma_past past = { .iova = SZ_1M, .size = 1 };
	int i, calls = 0;

	past.made_by = stack_of_one(&calls);
	for (i = 0; i < 3; i++)
		puck_dma_suspect(&w->d, PUCK_DMA_SYNC_MISSING, i, 1, &past, 0, "%d", i);
	KUNIT_ASSERT_EQ(test, checks->nr_suspects, 1);
	KUNIT_EXPECT_TRUE(test, str_has_prefix(checks->suspects[0].text, "sync-missing: 0x0+0x1"));
	puck_dma_suspect(&w->d, PUCK_DMA_LIST_MERGED, 0, 1, &past, 0, "made up");
	puck_dma_suspect(&w->d, PUCK_DMA_SYNC_MISSING, 0, 1, &past, stack_of_other(&calls),
			 "made up");
	KUNIT_EXPECT_EQ(test, checks->nr_suspects, 3);
	for (i = 0; i < PUCK_DMA_CLASSES; i++)
		puck_dma_suspect(&w->d, i, 0, 1, &past, 0, "made up");
	KUNIT_EXPECT_EQ(test, checks->nr_suspects, PUCK_DMA_SUSPECTS);
	KUNIT_EXPECT_EQ(test, checks->told, 0);
	check_world_end(w);
}

/* Lists that were merged, each place once; others are not suspect. */
static void suspects_lists(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	struct puck_dma_checks *checks = w->d.checks;
	struct puck_dma_mapping m;
	int i, calls = 0;

	for (i = 0; i < 4; i++) {
		make(test, w, &m, DMA_TO_DEVICE, 2, OLD);
		m.kind = i < 3 ? PUCK_DMA_SG : PUCK_DMA_PAGE;
		m.entries = i ? 2 : 1;
		m.made_by = stack_of_one(&calls);
		unmake(w, &m);
	}
	puck_dma_suspect_lists(&w->d);
	KUNIT_ASSERT_EQ(test, checks->nr_suspects, 1);
	KUNIT_EXPECT_EQ(test, checks->suspects[0].class, PUCK_DMA_LIST_MERGED);
	KUNIT_EXPECT_EQ(test, checks->told, 0);
	check_world_end(w);
}

/* A device with another's dma_map_ops has no findings, whatever lies beside those. */
static void check_foreign(struct kunit *test)
{
	struct check_world *w = check_world_new(test);
	char text[16] = "as before";

	w->d.checks->told = 1;
	set_dma_ops(w->d.dev, &w->d.ops);
	KUNIT_EXPECT_FALSE(test, puck_dma_manages(w->d.dev));
	KUNIT_EXPECT_EQ(test, puck_dma_last_finding(w->d.dev, text, sizeof(text)), 0);
	KUNIT_EXPECT_STREQ(test, text, "");
	set_dma_ops(w->d.dev, NULL);
	check_world_end(w);
}

/* More segments than come in a row: each has its own place. */
static void segments_many(struct kunit *test)
{
	static const u32 counts[] = { 2, 170, 171, 1361, 200000 };
	struct puck_dma_segments segs;
	u32 i, n;

	for (n = 0; n < ARRAY_SIZE(counts); n++) {
		KUNIT_ASSERT_EQ(test, puck_dma_segments_new(&segs, counts[n], GFP_KERNEL), 0);
		for (i = 0; i < counts[n]; i++)
			puck_dma_segment_at(&segs, i)->iova = i;
		for (i = 0; i < counts[n]; i++)
			if (puck_dma_segment_at(&segs, i)->iova != i)
				break;
		KUNIT_EXPECT_EQ(test, i, counts[n]);
		puck_dma_segments_free(&segs, counts[n]);
	}
}

static struct kunit_case puck_dma_check_cases[] = {
	KUNIT_CASE(history_newest),
	KUNIT_CASE(history_forgets),
	KUNIT_CASE(access_live),
	KUNIT_CASE(access_past),
	KUNIT_CASE(access_reused),
	KUNIT_CASE(access_given_away),
	KUNIT_CASE(access_again),
	KUNIT_CASE(blame_addresses),
	KUNIT_CASE(blame_tail),
	KUNIT_CASE(blame_error),
	KUNIT_CASE(unmap_error),
	KUNIT_CASE(findings_alike),
	KUNIT_CASE(stacks_differ),
	KUNIT_CASE(suspects_alike),
	KUNIT_CASE(suspects_lists),
	KUNIT_CASE(check_foreign),
	KUNIT_CASE(segments_many),
	{ }
};

static struct kunit_suite puck_dma_check_suite = {
	.name = "puck_dma_check",
	.test_cases = puck_dma_check_cases,
};

kunit_test_suite(puck_dma_check_suite);
