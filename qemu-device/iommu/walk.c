/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the page table walk.
 */

#include "qemu/osdep.h"
#include "walk.h"

#define PTE_RESERVED    (~(PUCK_PERM_MASK | PUCK_IOMMU_PTE_LEAF | \
                           PUCK_IOMMU_PTE_SOFTWARE | PUCK_IOMMU_PTE_ADDR))
#define PAGE_BITS       12
#define INDEX_BITS      9
#define REGION_SHIFT    (PAGE_BITS + INDEX_BITS)

static unsigned level_shift(unsigned level)
{
    return PAGE_BITS + INDEX_BITS * (level - 1);
}

static bool reserved_bits_set(uint64_t pte, unsigned level)
{
    uint64_t reserved = PTE_RESERVED;

    if (level != 2) {
        reserved |= PUCK_IOMMU_PTE_LEAF;
    } else if (pte & PUCK_IOMMU_PTE_LEAF) {
        reserved |= PUCK_IOMMU_PTE_ADDR & ~PUCK_IOMMU_PTE_ADDR_2M;
    }
    return pte & reserved;
}

/* The reason why an entry ends the walk, or 0. */
static uint8_t check_entry(uint64_t pte, unsigned level)
{
    if (!(pte & PUCK_PERM_MASK)) {
        return PUCK_IOMMU_FAULT_NOT_MAPPED;
    }
    if (reserved_bits_set(pte, level)) {
        return PUCK_IOMMU_FAULT_PTE_RSVD;
    }
    return 0;
}

static uint8_t fail(PuckWalk *walk, uint8_t reason, uint64_t entry)
{
    walk->reason = reason;
    walk->entry = entry;
    return reason;
}

/* A leaf: what it says, and whether the levels together grant enough. */
static uint8_t finish(PuckWalk *walk, unsigned level, uint64_t at,
                      uint64_t pte, uint64_t denied_by)
{
    walk->mask = (1ull << level_shift(level)) - 1;
    walk->pa = pte & PUCK_IOMMU_PTE_ADDR & ~walk->mask;
    walk->entry = at;
    if (denied_by) {
        return fail(walk, PUCK_IOMMU_FAULT_PERMISSION, denied_by);
    }
    return 0;
}

static bool resume(const PuckWalkCursor *cursor, uint64_t iova,
                   uint64_t *table, PuckWalk *walk)
{
    if (!cursor || !cursor->valid || cursor->region != iova >> REGION_SHIFT) {
        return false;
    }
    *table = cursor->table;
    walk->perm = cursor->perm;
    return true;
}

uint8_t puck_walk(uint64_t table, uint64_t iova, uint8_t want,
                  PuckReadEntry *read, void *opaque, PuckWalkCursor *cursor,
                  PuckWalk *walk)
{
    unsigned level = PUCK_IOMMU_PT_LEVELS;
    uint64_t denied_by = 0;
    uint64_t at, pte;
    uint8_t reason;

    *walk = (PuckWalk) { .perm = PUCK_PERM_MASK };
    if (resume(cursor, iova, &table, walk)) {
        level = 1;
    }

    for (;; level--) {
        uint64_t index = iova >> level_shift(level);

        at = table + 8 * (index % PUCK_IOMMU_PT_ENTRIES);
        if (!read(opaque, at, &pte)) {
            return fail(walk, PUCK_IOMMU_FAULT_TABLE_READ, at);
        }
        reason = check_entry(pte, level);
        if (reason) {
            return fail(walk, reason, at);
        }
        walk->perm &= pte;
        if (!denied_by && (want & ~walk->perm)) {
            denied_by = at;
        }
        if (level == 1 || (pte & PUCK_IOMMU_PTE_LEAF)) {
            return finish(walk, level, at, pte, denied_by);
        }
        table = pte & PUCK_IOMMU_PTE_ADDR;
        if (level == 2 && cursor && !denied_by) {
            *cursor = (PuckWalkCursor) {
                .region = iova >> REGION_SHIFT,
                .table = table,
                .perm = walk->perm,
                .valid = true,
            };
        }
    }
}
