/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the reading of root and context entries.
 *
 * Plain C without a device behind it: words come from a callback, so that a
 * unit test can change an entry between two of them. See section "Root and
 * context tables" of docs/specs/iommu.rst.
 */
#ifndef PUCK_IOMMU_ENTRY_H
#define PUCK_IOMMU_ENTRY_H

#include "abi/puck_iommu.h"
#include "walk.h"

typedef struct PuckContext {
    uint64_t table;
    uint16_t domain;
    uint8_t mode;
    bool valid;
} PuckContext;

/* What a context look-up found out. */
typedef struct PuckContextResult {
    uint64_t entry;             /* address of the entry at fault, or 0 */
    uint8_t reason;             /* PUCK_IOMMU_FAULT_*, or 0 */
} PuckContextResult;

/*
 * The context of requester @rid below the root table at @root, as it is in
 * memory: never one with halves of two. False: @res says why there is none.
 */
bool puck_entry_read(uint64_t root, uint16_t rid, PuckReadEntry *read,
                     void *opaque, PuckContext *ctx, PuckContextResult *res);

#endif /* PUCK_IOMMU_ENTRY_H */
