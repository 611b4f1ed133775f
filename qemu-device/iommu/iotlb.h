/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the IOTLB.
 *
 * Plain C without a device behind it, checked against a naive model in a
 * unit test. Fully associative, exact LRU; look-up and insertion take
 * constant time. Nothing is locked here: callers hold PuckIOMMU::lock.
 * See section "IOTLB" of docs/specs/iommu.rst.
 */
#ifndef PUCK_IOMMU_IOTLB_H
#define PUCK_IOMMU_IOTLB_H

#include "abi/puck_iommu.h"

/* So few that a look at all of them does not stop the machine for long. */
#define PUCK_IOTLB_ENTRIES_MAX  4096
#define PUCK_IOTLB_NONE         UINT32_MAX

#define PUCK_MASK_4K            0xfffull
#define PUCK_MASK_2M            0x1fffffull

typedef struct PuckIOTLBEntry {
    uint64_t iova;      /* first byte of the page */
    uint64_t pa;
    int64_t made;       /* when it was entered */
    int64_t since;      /* if stale: when it should have gone */
    uint32_t rule;      /* that kept it; 0: not stale */
    uint16_t domain;
    uint8_t perm;
    bool huge;          /* 2M, else 4K */
    bool used;
    /* Indices into PuckIOTLB::entries, or PUCK_IOTLB_NONE */
    uint32_t chain;     /* next in the hash bucket, or in the free list */
    uint32_t newer;
    uint32_t older;
} PuckIOTLBEntry;

typedef struct PuckIOTLB {
    PuckIOTLBEntry *entries;
    uint32_t *buckets;
    uint32_t capacity;
    uint32_t bucket_bits;
    uint32_t count;
    uint32_t count_huge;
    uint32_t free;
    uint32_t newest;
    uint32_t oldest;
} PuckIOTLB;

/* What an invalidation is for: the pages that meet [first, last]. */
typedef struct PuckIOTLBScope {
    uint64_t first;
    uint64_t last;
    uint16_t domain;
    bool any_domain;
} PuckIOTLBScope;

static inline uint64_t puck_iotlb_mask(const PuckIOTLBEntry *e)
{
    return e->huge ? PUCK_MASK_2M : PUCK_MASK_4K;
}

void puck_iotlb_init(PuckIOTLB *tlb, uint32_t capacity);
void puck_iotlb_destroy(PuckIOTLB *tlb);

/*
 * The entry that holds @iova, or NULL; of two, the 4K one. It becomes the
 * newest. Valid until the next call that inserts or drops.
 */
PuckIOTLBEntry *puck_iotlb_lookup(PuckIOTLB *tlb, uint16_t domain,
                                  uint64_t iova);

/*
 * Enters a page as the newest entry, in place of one of the same domain,
 * page and size if there is one. Returns true if the oldest entry had to go.
 * For vmstate: the new entry, which is not stale, is tlb->newest.
 */
bool puck_iotlb_insert(PuckIOTLB *tlb, uint16_t domain, uint64_t iova,
                       uint64_t pa, uint8_t perm, bool huge, int64_t now);

void puck_iotlb_drop(PuckIOTLB *tlb, PuckIOTLBEntry *e);

/*
 * How many pages, or entries, inv_range looks at for @size bytes at most. As
 * many as there are entries, at most; inv_domain does so.
 */
uint32_t puck_iotlb_looks(const PuckIOTLB *tlb, uint64_t size);

/* All of these return the number of entries dropped. */
uint32_t puck_iotlb_inv_page(PuckIOTLB *tlb, uint16_t domain, uint64_t iova);
uint32_t puck_iotlb_inv_range(PuckIOTLB *tlb, uint16_t domain, uint64_t iova,
                              uint64_t size);
uint32_t puck_iotlb_inv_domain(PuckIOTLB *tlb, uint16_t domain);
uint32_t puck_iotlb_inv_all(PuckIOTLB *tlb);

/*
 * For invalidations that go wrong. All look at every entry.
 *
 * The entry of @scope with the lowest IOVA; of several the 4K one, then that
 * of the lowest domain. NULL if there is none.
 */
PuckIOTLBEntry *puck_iotlb_first(PuckIOTLB *tlb, const PuckIOTLBScope *scope);

/*
 * The entries of @scope should have gone at @since, which @rule, not 0, keeps
 * from happening. What is stale already stays as it is. Returns how many.
 */
uint32_t puck_iotlb_mark(PuckIOTLB *tlb, const PuckIOTLBScope *scope,
                         int64_t since, uint32_t rule);

/* Drops all of @scope but the first, and marks that. Returns the number. */
uint32_t puck_iotlb_inv_but_first(PuckIOTLB *tlb, const PuckIOTLBScope *scope,
                                  int64_t since, uint32_t rule);

#endif /* PUCK_IOMMU_IOTLB_H */
