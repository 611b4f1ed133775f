/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A modelled TLB: puck-iommu's, of domains, and puck-gpu's, of VMs.
 *
 * Plain C without a device behind it, checked against a naive model in a
 * unit test. Fully associative, exact LRU; look-up and insertion take
 * constant time. Nothing is locked here: that is its owner's to do.
 * See section "IOTLB" of docs/specs/iommu.rst, and "TLB" of docs/specs/gpu.rst.
 */
#ifndef PUCK_TLB_H
#define PUCK_TLB_H

/* So few that a look at all of them does not stop the machine for long. */
#define PUCK_TLB_ENTRIES_MAX    4096
#define PUCK_TLB_NONE           UINT32_MAX

/* A page has 2^PUCK_TLB_SMALL bytes, or those of the one size above it. */
#define PUCK_TLB_SMALL          12

typedef struct PuckTlbEntry {
    uint64_t va;        /* first byte of the page */
    uint64_t pa;
    int64_t made;       /* when it was entered */
    int64_t since;      /* if stale: when it should have gone */
    uint32_t rule;      /* that kept it; 0: not stale */
    uint16_t space;     /* whose address it is: a domain, or a VM */
    uint8_t perm;       /* of the owner: what may be done, and where it is */
    uint8_t shift;      /* the page has 2^shift bytes */
    bool used;
    /* Indices into PuckTlb::entries, or PUCK_TLB_NONE */
    uint32_t chain;     /* next in the hash bucket, or in the free list */
    uint32_t newer;
    uint32_t older;
} PuckTlbEntry;

typedef struct PuckTlb {
    PuckTlbEntry *entries;
    uint32_t *buckets;
    uint32_t capacity;
    uint32_t bucket_bits;
    uint32_t count;
    uint32_t count_big;         /* of them those that are not small */
    uint32_t free;
    uint32_t newest;
    uint32_t oldest;
    uint8_t big;                /* shift of the pages that are not small */
} PuckTlb;

/* What an invalidation is for: the pages that meet [first, last]. */
typedef struct PuckTlbScope {
    uint64_t first;
    uint64_t last;
    uint16_t space;
    bool any_space;
} PuckTlbScope;

static inline uint64_t puck_tlb_mask(const PuckTlbEntry *e)
{
    return (1ull << e->shift) - 1;
}

/* Pages have 2^PUCK_TLB_SMALL bytes, or 2^@big: more. */
void puck_tlb_init(PuckTlb *tlb, uint32_t capacity, uint8_t big);
void puck_tlb_destroy(PuckTlb *tlb);

/*
 * The entry that holds @va, or NULL; of two, the small one. It becomes the
 * newest. Valid until the next call that inserts or drops.
 */
PuckTlbEntry *puck_tlb_lookup(PuckTlb *tlb, uint16_t space, uint64_t va);

/*
 * Enters a page as the newest entry, in place of one of the same space,
 * page and size if there is one. Returns true if the oldest entry had to go.
 * For vmstate: the new entry, which is not stale, is tlb->newest.
 */
bool puck_tlb_insert(PuckTlb *tlb, uint16_t space, uint64_t va, uint64_t pa,
                     uint8_t perm, uint8_t shift, int64_t now);

void puck_tlb_drop(PuckTlb *tlb, PuckTlbEntry *e);

/*
 * How many pages, or entries, inv_range looks at for @size bytes at most. As
 * many as there are entries, at most; inv_space does so.
 */
uint32_t puck_tlb_looks(const PuckTlb *tlb, uint64_t size);

/* All of these return the number of entries dropped. */
uint32_t puck_tlb_inv_page(PuckTlb *tlb, uint16_t space, uint64_t va);
uint32_t puck_tlb_inv_range(PuckTlb *tlb, uint16_t space, uint64_t va,
                            uint64_t size);
uint32_t puck_tlb_inv_space(PuckTlb *tlb, uint16_t space);
uint32_t puck_tlb_inv_all(PuckTlb *tlb);

/*
 * For invalidations that go wrong. All look at every entry.
 *
 * The entry of @scope with the lowest address; of several the small one, then
 * that of the lowest space. NULL if there is none.
 */
PuckTlbEntry *puck_tlb_first(PuckTlb *tlb, const PuckTlbScope *scope);

/*
 * The entries of @scope should have gone at @since, which @rule, not 0, keeps
 * from happening. What is stale already stays as it is. Returns how many.
 */
uint32_t puck_tlb_mark(PuckTlb *tlb, const PuckTlbScope *scope,
                       int64_t since, uint32_t rule);

/* Drops all of @scope but the first, and marks that. Returns the number. */
uint32_t puck_tlb_inv_but_first(PuckTlb *tlb, const PuckTlbScope *scope,
                                int64_t since, uint32_t rule);

#endif /* PUCK_TLB_H */
