/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the walk of a VM's page table.
 *
 * Plain C without a device behind it: entries come from a callback, so that the
 * walk runs over crafted tables in a unit test. See section "Page tables" of
 * docs/specs/gpu.rst.
 */
#ifndef PUCK_GPU_VM_WALK_H
#define PUCK_GPU_VM_WALK_H

#include "abi/puck_gpu.h"

/* Rights are the entry's own bits. */
#define PUCK_PTE_RIGHTS     (PUCK_GPU_PTE_READ | PUCK_GPU_PTE_WRITE)

#define PUCK_PAGE_SHIFT     12
#define PUCK_PAGE_SHIFT_BIG 16

/* Where a table's entry is: an offset in VRAM, or a DMA address. */
typedef struct PuckPtePlace {
    uint64_t addr;
    bool vram;
} PuckPtePlace;

/* False if the entry cannot be read. */
typedef bool PuckReadPte(void *opaque, const PuckPtePlace *at, uint64_t *pte);

/* Whose walk it is. */
typedef struct PuckVmTables {
    uint64_t root;              /* VM_ROOT, which is VALID */
    uint64_t vram_size;
    PuckReadPte *read;
    void *opaque;
} PuckVmTables;

/*
 * Where the last walk came to, for the next page of the same operand: within
 * 2 MiB it reads the level-1 entry alone. One for each part of an operand that
 * is translated at once; kept for longer it would hide updates.
 */
typedef struct PuckVmCursor {
    uint64_t root;              /* VM_ROOT as it was */
    uint64_t region;            /* address >> 21 */
    PuckPtePlace table;         /* level 1 */
    uint8_t rights;             /* AND over the levels above */
    bool valid;
} PuckVmCursor;

typedef struct PuckVmWalk {
    uint64_t addr;              /* first byte of the page */
    uint8_t perm;               /* its rights, and PUCK_GPU_PTE_VRAM */
    uint8_t shift;              /* it has 2^shift bytes */
    uint8_t reason;             /* PUCK_GPU_ERR_PTE_*, or 0 */
    unsigned reads;             /* of entries */
} PuckVmWalk;

/*
 * Walks for @va, which is below 2^48, and checks that the rights in @want are
 * granted. True if so; else @walk has the reason. @cursor may be NULL.
 */
bool puck_vm_walk(const PuckVmTables *tables, uint64_t va, uint8_t want,
                  PuckVmCursor *cursor, PuckVmWalk *walk);

#endif /* PUCK_GPU_VM_WALK_H */
