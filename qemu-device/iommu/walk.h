/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the page table walk.
 *
 * Plain C without a device behind it: entries come from a callback, so that
 * the walk runs over crafted tables in a unit test. See section "Page
 * tables" of docs/specs/iommu.rst.
 */
#ifndef PUCK_IOMMU_WALK_H
#define PUCK_IOMMU_WALK_H

#include "abi/puck_iommu.h"

#define PUCK_SHIFT_2M   21

#define PUCK_MASK_4K    0xfffull
#define PUCK_MASK_2M    ((1ull << PUCK_SHIFT_2M) - 1)

/* Permissions are the PTE's own bits: PUCK_IOMMU_PTE_READ and _WRITE. */
#define PUCK_PERM_MASK  (PUCK_IOMMU_PTE_READ | PUCK_IOMMU_PTE_WRITE)

/* Reads the table entry at @pa. Returns false if it cannot be read. */
typedef bool PuckReadEntry(void *opaque, uint64_t pa, uint64_t *entry);

typedef struct PuckWalk {
    uint64_t pa;        /* first byte of the page the IOVA is in */
    uint64_t mask;      /* size of that page - 1 */
    uint64_t entry;     /* address of the entry at fault, or of the leaf */
    uint8_t perm;       /* AND over all levels */
    uint8_t reason;     /* PUCK_IOMMU_FAULT_*, or 0 */
} PuckWalk;

/*
 * Where the last walk came to, for the next page of the same access: within
 * 2 MiB it reads the level-1 entry alone. One for each access, table and
 * permission; it must not outlive the access, or it would hide updates.
 */
typedef struct PuckWalkCursor {
    uint64_t region;    /* IOVA >> 21 */
    uint64_t table;     /* level 1 */
    uint8_t perm;       /* AND over the levels above */
    bool valid;
} PuckWalkCursor;

/*
 * Walks the tables below @table for @iova, which is below 2^48, and checks
 * that they grant all permissions in @want. Fills @walk; returns its reason.
 * perm is valid for reason 0 and for PERMISSION. @cursor may be NULL.
 */
uint8_t puck_walk(uint64_t table, uint64_t iova, uint8_t want,
                  PuckReadEntry *read, void *opaque, PuckWalkCursor *cursor,
                  PuckWalk *walk);

#endif /* PUCK_IOMMU_WALK_H */
