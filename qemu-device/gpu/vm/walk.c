/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the walk of a VM's page table.
 */

#include "qemu/osdep.h"
#include "walk.h"

#define PTE_RESERVED    (~(PUCK_PTE_RIGHTS | PUCK_GPU_PTE_VRAM | \
                           PUCK_GPU_PTE_BIG | PUCK_GPU_PTE_SOFTWARE | \
                           PUCK_GPU_PTE_ADDR))
#define INDEX_BITS      9
#define REGION_SHIFT    (PUCK_PAGE_SHIFT + INDEX_BITS)

static unsigned level_shift(unsigned level)
{
    return PUCK_PAGE_SHIFT + INDEX_BITS * (level - 1);
}

static bool reserved_bits_set(uint64_t pte, unsigned level)
{
    uint64_t reserved = PTE_RESERVED;

    if (level > 1) {
        reserved |= PUCK_GPU_PTE_BIG;
    } else if (pte & PUCK_GPU_PTE_BIG) {
        reserved |= PUCK_GPU_PTE_ADDR & ~PUCK_GPU_PTE_ADDR_BIG;
    }
    return pte & reserved;
}

/*
 * What an entry, or the root, names. False if that is not in VRAM, and should
 * be: sizes of VRAM, tables and pages are powers of two.
 */
static bool place_of(const PuckVmTables *tables, uint64_t addr, bool vram,
                     PuckPtePlace *place)
{
    *place = (PuckPtePlace) { .addr = addr, .vram = vram };
    return !vram || addr < tables->vram_size;
}

/* The reason why an entry ends the walk, or 0. */
static uint8_t check_entry(const PuckVmTables *tables, uint64_t pte,
                           unsigned level, PuckPtePlace *names)
{
    if (!(pte & PUCK_PTE_RIGHTS)) {
        return PUCK_GPU_ERR_PTE_NONE;
    }
    if (reserved_bits_set(pte, level) ||
        !place_of(tables, pte & PUCK_GPU_PTE_ADDR, pte & PUCK_GPU_PTE_VRAM,
                  names)) {
        return PUCK_GPU_ERR_PTE_RESERVED;
    }
    return 0;
}

static bool fail(PuckVmWalk *walk, uint8_t reason)
{
    walk->reason = reason;
    return false;
}

/* Where the walk begins, at which level, and with which rights. */
static bool begin(const PuckVmTables *tables, uint64_t va,
                  const PuckVmCursor *cursor, PuckPtePlace *table,
                  uint8_t *rights, unsigned *level)
{
    if (cursor && cursor->valid && cursor->region == va >> REGION_SHIFT &&
        cursor->root == tables->root) {
        *table = cursor->table;
        *rights = cursor->rights;
        *level = 1;
        return true;
    }
    *rights = PUCK_PTE_RIGHTS;
    *level = PUCK_GPU_PT_LEVELS;
    return place_of(tables, tables->root & PUCK_GPU_VM_ROOT_ADDR,
                    tables->root & PUCK_GPU_VM_ROOT_VRAM, table);
}

static bool read_entry(const PuckVmTables *tables, const PuckPtePlace *table,
                       uint64_t va, unsigned level, uint64_t *pte)
{
    uint64_t index = va >> level_shift(level);
    PuckPtePlace at = *table;

    at.addr += sizeof(*pte) * (index % PUCK_GPU_PT_ENTRIES);
    return tables->read(tables->opaque, &at, pte);
}

/* The page has been reached. */
static bool finish(PuckVmWalk *walk, uint64_t pte, const PuckPtePlace *page,
                   uint8_t rights, uint8_t want)
{
    walk->addr = page->addr;
    walk->perm = rights | (pte & PUCK_GPU_PTE_VRAM);
    walk->shift = pte & PUCK_GPU_PTE_BIG ? PUCK_PAGE_SHIFT_BIG :
                                           PUCK_PAGE_SHIFT;
    return !(want & ~rights) || fail(walk, PUCK_GPU_ERR_PTE_PERM);
}

bool puck_vm_walk(const PuckVmTables *tables, uint64_t va, uint8_t want,
                  PuckVmCursor *cursor, PuckVmWalk *walk)
{
    PuckPtePlace table;
    unsigned level;
    uint8_t rights;

    *walk = (PuckVmWalk) { };
    if (!begin(tables, va, cursor, &table, &rights, &level)) {
        return fail(walk, PUCK_GPU_ERR_PTE_RESERVED);
    }
    for (;; level--) {
        PuckPtePlace names;
        uint8_t reason;
        uint64_t pte;

        walk->reads++;
        if (!read_entry(tables, &table, va, level, &pte)) {
            return fail(walk, PUCK_GPU_ERR_PTE_READ);
        }
        reason = check_entry(tables, pte, level, &names);
        if (reason) {
            return fail(walk, reason);
        }
        rights &= pte;
        if (level == 1) {
            return finish(walk, pte, &names, rights, want);
        }
        table = names;
        if (level == 2 && cursor) {
            *cursor = (PuckVmCursor) {
                .root = tables->root,
                .region = va >> REGION_SHIFT,
                .table = table,
                .rights = rights,
                .valid = true,
            };
        }
    }
}
