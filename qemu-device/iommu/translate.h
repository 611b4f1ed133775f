/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: one look-up: from requester and IOVA to an address, or a fault.
 */
#ifndef PUCK_IOMMU_TRANSLATE_H
#define PUCK_IOMMU_TRANSLATE_H

#include "guest-memory.h"
#include "space.h"
#include "walk.h"

typedef struct PuckIOMMU PuckIOMMU;

/* One look-up on its way through translate.c. */
typedef struct PuckRequest {
    /* in */
    PuckTables *tables;
    PuckWalkCursor *cursor;     /* or NULL */
    uint64_t iova;
    uint64_t len;               /* bytes it is for, as far as is known */
    uint8_t want;               /* PUCK_PERM_MASK bits */
    uint64_t can;               /* what rules of iommu.translate may do */
    bool waited;                /* it was here before, and was delayed */
    /* out */
    uint16_t rid;
    uint64_t pa;                /* of the page */
    uint64_t mask;              /* its size - 1 */
    uint64_t entry;             /* faults: table entry, or 0 */
    uint16_t domain;
    uint8_t perm;
    uint8_t reason;             /* PUCK_IOMMU_FAULT_*, or 0 */
    bool domain_valid;
    bool hit;
    uint64_t delay;             /* ns, as a rule said */
} PuckRequest;

#define TYPE_PUCK_IOMMU_MEMORY_REGION "puck-iommu-memory-region"

void puck_translate_init(PuckIOMMU *s);
void puck_translate_exit(PuckIOMMU *s);
void puck_iommu_translate_locked(PuckSpace *space, PuckRequest *req);

#endif /* PUCK_IOMMU_TRANSLATE_H */
