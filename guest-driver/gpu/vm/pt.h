/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM's page tables, as they will be when all updates are done
 * (docs/specs/gpu.rst, "Page tables").
 */
#ifndef PUCK_PT_H
#define PUCK_PT_H

#include <linux/list.h>
#include <linux/types.h>

#include "abi/puck_gpu.h"

struct puck_page;

/* Levels are numbered as in the spec: 4 is the root's, 1 names pages. */
#define PUCK_PT_ROOT_LEVEL	PUCK_GPU_PT_LEVELS

/* Entries that map 64 KiB together. */
#define PUCK_PT_GROUP		(PUCK_GPU_PAGE_SIZE_BIG / PUCK_GPU_PAGE_SIZE)

/**
 * struct puck_pt_table - one table
 * @node: in puck_pt.touched, or in a list of its owner's; empty otherwise
 * @parent: the table that names this one; NULL for the root, and while it is in no tree
 * @page: memory that the device reads, which lags behind; of the owner's
 * @addr: address of that, as the device knows it
 * @level: 1 to PUCK_PT_ROOT_LEVEL
 * @index: which entry of @parent it is
 * @used: entries that are not zero
 * @begin: first entry that the device has yet to be told
 * @end: behind the last such entry; zero if there is none
 * @entries: of level 1: as the device will have them
 * @tables: of the other levels
 */
struct puck_pt_table {
	struct list_head node;
	struct puck_pt_table *parent;
	struct puck_page *page;
	u64 addr;
	u16 level;
	u16 index;
	u16 used;
	u16 begin;
	u16 end;
	union {
		u64 *entries;
		struct puck_pt_table **tables;
	};
};

/**
 * struct puck_pt - a tree of tables
 * @root: the table of the root, which is always there
 * @touched: struct puck_pt_table.node: tables with entries that the device has yet to be told
 * @flush_begin: first address whose translation the device may have kept wrongly
 * @flush_end: behind the last one; nothing has to be flushed if that is not above @flush_begin
 * @tables: how many there are, the root among them
 * @small: mappings of 4 KiB
 * @big: mappings of 64 KiB
 *
 * Whoever has the tree serialises all calls for it.
 */
struct puck_pt {
	struct puck_pt_table *root;
	struct list_head touched;
	u64 flush_begin;
	u64 flush_end;
	u64 tables;
	u64 small;
	u64 big;
};

struct puck_pt_table *puck_pt_table_alloc(u64 addr);
void puck_pt_table_free(struct puck_pt_table *table);
void puck_pt_init(struct puck_pt *pt, struct puck_pt_table *root);
void puck_pt_take_down(struct puck_pt *pt, struct list_head *freed);

u64 puck_pt_cover(u64 va, u64 length);
u64 puck_pt_count(struct puck_pt *pt, u64 va, u64 length);
void puck_pt_map(struct puck_pt *pt, struct list_head *spare, u64 va, u64 length, u64 page);
void puck_pt_unmap(struct puck_pt *pt, u64 va, u64 length);
void puck_pt_prune(struct puck_pt *pt, struct list_head *freed);
u32 puck_pt_write(struct puck_pt *pt, struct puck_pt_table *table, __le64 *to, u32 *first);
bool puck_pt_flush(struct puck_pt *pt, u64 *va, u64 *length);

#endif /* PUCK_PT_H */
