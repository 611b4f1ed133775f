// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which tables a VM has, and what is in them. Here is only computed: what the device
 * reads is written by jobs (vm/update.c), in the order in which it is asked for here. So
 * this tree is ahead of the device's, and is what the device will have.
 *
 * An update consists of any number of puck_pt_unmap() and puck_pt_map(), then
 * puck_pt_prune(), then puck_pt_write() for each touched table and puck_pt_flush(). None of
 * them can fail: tables that may be needed are allocated before, as many as
 * puck_pt_cover() and puck_pt_count() tell. No table goes before puck_pt_prune(), so that
 * their sum holds for an update of many steps, too.
 */
#include <linux/align.h>
#include <linux/bug.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "vm/pt.h"

#define PUCK_PTE_ANY	(PUCK_GPU_PTE_READ | PUCK_GPU_PTE_WRITE)

/* Bits of an address below those that choose an entry of a table of this level. */
static u32 puck_pt_shift(u32 level)
{
	return 12 + 9 * (level - 1);
}

static u32 puck_pt_index(u64 va, u32 level)
{
	return (va >> puck_pt_shift(level)) & (PUCK_GPU_PT_ENTRIES - 1);
}

/* The first address behind what the entry for @va in a table of this level maps. */
static u64 puck_pt_behind(u64 va, u32 level)
{
	return ((va >> puck_pt_shift(level)) + 1) << puck_pt_shift(level);
}

/**
 * puck_pt_table_alloc - make an empty table
 * @addr: where the device will read it
 *
 * Context: may sleep.
 * Return: the table, in no tree; or NULL.
 */
struct puck_pt_table *puck_pt_table_alloc(u64 addr)
{
	struct puck_pt_table *table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);

	if (!table)
		return NULL;
	table->entries = kcalloc(PUCK_GPU_PT_ENTRIES, sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (!table->entries) {
		kfree(table);
		return NULL;
	}
	INIT_LIST_HEAD(&table->node);
	table->addr = addr;
	return table;
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_table_alloc);

/**
 * puck_pt_table_free - undo puck_pt_table_alloc()
 * @table: in no tree and in no list
 */
void puck_pt_table_free(struct puck_pt_table *table)
{
	kfree(table->entries);
	kfree(table);
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_table_free);

/**
 * puck_pt_init - begin a tree
 * @pt: the tree
 * @root: an empty table
 */
void puck_pt_init(struct puck_pt *pt, struct puck_pt_table *root)
{
	root->level = PUCK_PT_ROOT_LEVEL;
	pt->root = root;
	INIT_LIST_HEAD(&pt->touched);
	pt->flush_begin = U64_MAX;
	pt->flush_end = 0;
	pt->tables = 1;
	pt->small = 0;
	pt->big = 0;
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_init);

/* Note that entries were changed; @end is behind the last one. */
static void puck_pt_touch(struct puck_pt *pt, struct puck_pt_table *table, u32 begin, u32 end)
{
	if (list_empty(&table->node))
		list_add_tail(&table->node, &pt->touched);
	table->begin = table->end ? min_t(u32, table->begin, begin) : begin;
	table->end = max_t(u32, table->end, end);
}

/* Note that the device may have kept what was at these addresses. */
static void puck_pt_stale(struct puck_pt *pt, u64 begin, u64 end)
{
	pt->flush_begin = min(pt->flush_begin, begin);
	pt->flush_end = max(pt->flush_end, end);
}

/**
 * puck_pt_cover - how many tables there are on the way to a range
 * @va: first address
 * @length: bytes, not zero; all within 48 bits
 *
 * Return: tables of all levels that a mapping of the range needs, the root among them.
 */
u64 puck_pt_cover(u64 va, u64 length)
{
	u64 last = va + length - 1, tables = 1;
	u32 level;

	for (level = 1; level < PUCK_PT_ROOT_LEVEL; level++)
		tables += (last >> puck_pt_shift(level + 1)) - (va >> puck_pt_shift(level + 1)) + 1;
	return tables;
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_cover);

/* The depth of the recursion is the number of levels. */
static u64 puck_pt_count_below(struct puck_pt_table *table, u64 va, u64 last)
{
	u64 tables = 1, next;

	if (table->level == 1)
		return 1;
	cond_resched();
	for (; va <= last; va = next) {
		struct puck_pt_table *child = table->tables[puck_pt_index(va, table->level)];

		next = puck_pt_behind(va, table->level);
		if (child)
			tables += puck_pt_count_below(child, va, min(last, next - 1));
	}
	return tables;
}

/**
 * puck_pt_count - how many of the tables on the way to a range are there
 * @pt: the tree
 * @va: first address
 * @length: bytes, not zero; all within 48 bits
 *
 * Return: at least 1 and at most what puck_pt_cover() says.
 */
u64 puck_pt_count(struct puck_pt *pt, u64 va, u64 length)
{
	return puck_pt_count_below(pt->root, va, va + length - 1);
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_count);

/* Put a spare table where there is none. */
static struct puck_pt_table *puck_pt_hook(struct puck_pt *pt, struct puck_pt_table *parent,
					  u32 index, struct list_head *spare)
{
	struct puck_pt_table *table = list_first_entry_or_null(spare, struct puck_pt_table, node);

	if (WARN_ON_ONCE(!table))
		return NULL;
	list_del_init(&table->node);
	table->parent = parent;
	table->level = parent->level - 1;
	table->index = index;
	parent->tables[index] = table;
	parent->used++;
	pt->tables++;
	puck_pt_touch(pt, parent, index, index + 1);
	return table;
}

/*
 * The table of level 1 for an address, made if there are spare ones; else NULL. @next is
 * set to where to go on: behind what that table maps, or what the one that is missing would.
 */
static struct puck_pt_table *puck_pt_find(struct puck_pt *pt, u64 va, struct list_head *spare,
					  u64 *next)
{
	struct puck_pt_table *table = pt->root, *child;

	while (table->level > 1) {
		u32 index = puck_pt_index(va, table->level);

		*next = puck_pt_behind(va, table->level);
		child = table->tables[index];
		if (!child && spare)
			child = puck_pt_hook(pt, table, index, spare);
		if (!child)
			return NULL;
		table = child;
	}
	return table;
}

/* Map 64 KiB by 16 entries of 4 KiB, since not all of them will stay. */
static void puck_pt_split(struct puck_pt *pt, struct puck_pt_table *table, u32 index, u64 va)
{
	u32 begin = ALIGN_DOWN(index, PUCK_PT_GROUP), i;

	for (i = 0; i < PUCK_PT_GROUP; i++) {
		table->entries[begin + i] &= ~PUCK_GPU_PTE_BIG;
		table->entries[begin + i] += i * PUCK_GPU_PAGE_SIZE;
	}
	pt->big--;
	pt->small += PUCK_PT_GROUP;
	puck_pt_touch(pt, table, begin, begin + PUCK_PT_GROUP);
	va = ALIGN_DOWN(va, PUCK_GPU_PAGE_SIZE_BIG);
	puck_pt_stale(pt, va, va + PUCK_GPU_PAGE_SIZE_BIG);
}

/* Split what lies across the address. */
static void puck_pt_cut(struct puck_pt *pt, struct puck_pt_table *table, u64 va)
{
	u32 index = puck_pt_index(va, 1);

	if (!IS_ALIGNED(va, PUCK_GPU_PAGE_SIZE_BIG) && table->entries[index] & PUCK_GPU_PTE_BIG)
		puck_pt_split(pt, table, index, va);
}

/* Nothing lies across the ends of the range, which is within one table. */
static void puck_pt_clear(struct puck_pt *pt, struct puck_pt_table *table, u64 va, u64 end)
{
	for (; va < end; va += PUCK_GPU_PAGE_SIZE) {
		u32 index = puck_pt_index(va, 1);
		u64 entry = table->entries[index];

		if (!entry)
			continue;
		if (!(entry & PUCK_GPU_PTE_BIG))
			pt->small--;
		else if (IS_ALIGNED(va, PUCK_GPU_PAGE_SIZE_BIG))
			pt->big--;
		table->entries[index] = 0;
		table->used--;
		puck_pt_touch(pt, table, index, index + 1);
		puck_pt_stale(pt, va, va + PUCK_GPU_PAGE_SIZE);
	}
}

/**
 * puck_pt_unmap - map nothing in a range
 * @pt: the tree
 * @va: first address
 * @length: bytes, all within 48 bits; whole pages
 */
void puck_pt_unmap(struct puck_pt *pt, u64 va, u64 length)
{
	u64 end = va + length, next;

	for (; va < end; va = next) {
		struct puck_pt_table *table = puck_pt_find(pt, va, NULL, &next);

		next = min(next, end);
		if (!table)
			continue;
		puck_pt_cut(pt, table, va);
		/* The end may be behind the table, and is aligned then. */
		puck_pt_cut(pt, table, next);
		puck_pt_clear(pt, table, va, next);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_unmap);

/* Set one entry, or all of a group if that is possible; returns the bytes mapped. */
static u32 puck_pt_set(struct puck_pt *pt, struct puck_pt_table *table, u64 va, u64 length,
		       u64 page)
{
	u32 index = puck_pt_index(va, 1), count = 1, i;

	if (length >= PUCK_GPU_PAGE_SIZE_BIG && IS_ALIGNED(va, PUCK_GPU_PAGE_SIZE_BIG) &&
	    IS_ALIGNED(page & PUCK_GPU_PTE_ADDR, PUCK_GPU_PAGE_SIZE_BIG)) {
		count = PUCK_PT_GROUP;
		page |= PUCK_GPU_PTE_BIG;
		pt->big++;
	} else {
		pt->small++;
	}
	for (i = 0; i < count; i++) {
		WARN_ON_ONCE(table->entries[index + i]);
		table->entries[index + i] = page;
	}
	table->used += count;
	puck_pt_touch(pt, table, index, index + count);
	return count * PUCK_GPU_PAGE_SIZE;
}

/**
 * puck_pt_map - map memory where nothing is mapped
 * @pt: the tree
 * @spare: tables to be used where there are none yet; as many as there may be need of
 * @va: first address
 * @length: bytes, all within 48 bits; whole pages
 * @page: entry for the first page, with READ, or READ and WRITE; the pages follow each other
 *
 * 64 KiB are mapped together wherever addresses and length allow it.
 */
void puck_pt_map(struct puck_pt *pt, struct list_head *spare, u64 va, u64 length, u64 page)
{
	u64 end = va + length, next;
	u32 done;

	WARN_ON_ONCE(!(page & PUCK_PTE_ANY));
	while (va < end) {
		struct puck_pt_table *table = puck_pt_find(pt, va, spare, &next);

		if (!table)
			return;
		for (next = min(next, end); va < next; va += done, page += done)
			done = puck_pt_set(pt, table, va, next - va, page);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_map);

static void puck_pt_unhook(struct puck_pt *pt, struct puck_pt_table *table,
			   struct list_head *freed)
{
	struct puck_pt_table *parent = table->parent;

	parent->tables[table->index] = NULL;
	parent->used--;
	pt->tables--;
	puck_pt_touch(pt, parent, table->index, table->index + 1);
	table->parent = NULL;
	list_move_tail(&table->node, freed);
}

/**
 * puck_pt_prune - take tables away in which nothing is left
 * @pt: the tree
 * @freed: where they go: the device may read them until the update is done and flushed
 */
void puck_pt_prune(struct puck_pt *pt, struct list_head *freed)
{
	struct puck_pt_table *table, *next;
	u32 level;

	/* Of a level the tables of which go, the level above is touched behind its end. */
	for (level = 1; level < PUCK_PT_ROOT_LEVEL; level++)
		list_for_each_entry_safe(table, next, &pt->touched, node)
			if (table->level == level && !table->used)
				puck_pt_unhook(pt, table, freed);
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_prune);

static u64 puck_pt_entry(const struct puck_pt_table *table, u32 index)
{
	if (table->level == 1)
		return table->entries[index];
	return table->tables[index] ? table->tables[index]->addr | PUCK_PTE_ANY : 0;
}

/**
 * puck_pt_write - write down what the device has yet to be told of a table
 * @pt: the tree
 * @table: one of @pt->touched, and no more afterwards
 * @to: room for a table
 * @first: set to the first entry
 *
 * Return: how many entries these are.
 */
u32 puck_pt_write(struct puck_pt *pt, struct puck_pt_table *table, __le64 *to, u32 *first)
{
	u32 count = table->end - table->begin, i;

	*first = table->begin;
	for (i = 0; i < count; i++)
		to[i] = cpu_to_le64(puck_pt_entry(table, table->begin + i));
	list_del_init(&table->node);
	table->begin = 0;
	table->end = 0;
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_write);

/**
 * puck_pt_flush - tell what the device may have kept wrongly, and forget it
 * @pt: the tree
 * @va: set to the first address
 * @length: set to the bytes
 *
 * Return: true if there is anything.
 */
bool puck_pt_flush(struct puck_pt *pt, u64 *va, u64 *length)
{
	bool any = pt->flush_begin < pt->flush_end;

	*va = any ? pt->flush_begin : 0;
	*length = any ? pt->flush_end - pt->flush_begin : 0;
	pt->flush_begin = U64_MAX;
	pt->flush_end = 0;
	return any;
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_flush);

/* The depth of the recursion is the number of levels. */
static void puck_pt_take_below(struct puck_pt_table *table, struct list_head *freed)
{
	u32 i;

	for (i = 0; table->level > 1 && table->used && i < PUCK_GPU_PT_ENTRIES; i++)
		if (table->tables[i])
			puck_pt_take_below(table->tables[i], freed);
	cond_resched();
	list_move_tail(&table->node, freed);
}

/**
 * puck_pt_take_down - the end of a tree
 * @pt: the tree, which the device does not read any more
 * @freed: where its tables go, the root too
 */
void puck_pt_take_down(struct puck_pt *pt, struct list_head *freed)
{
	puck_pt_take_below(pt->root, freed);
	pt->root = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(puck_pt_take_down);
