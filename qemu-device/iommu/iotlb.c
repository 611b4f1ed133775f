/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the IOTLB.
 *
 * Entries live in one array and are linked by index: in a hash bucket by
 * (domain, page, size), and in one list by age.
 */

#include "qemu/osdep.h"
#include "iotlb.h"

#define NONE    PUCK_IOTLB_NONE

static uint64_t page_of(uint64_t iova, bool huge)
{
    return iova & ~(huge ? PUCK_MASK_2M : PUCK_MASK_4K);
}

static uint32_t *bucket_of(PuckIOTLB *tlb, uint16_t domain, uint64_t page,
                           bool huge)
{
    /*
     * The pages of one 2M region lie side by side, as whole runs of them are
     * looked for; the regions are spread. The size has bit 0 to itself.
     */
    uint64_t region = (page & ~PUCK_MASK_2M) ^ (uint64_t)domain << 48 ^ huge;

    region = (region * 0x9e3779b97f4a7c15ull) >> (64 - tlb->bucket_bits);
    return &tlb->buckets[(region ^ page >> 12) &
                         ((1u << tlb->bucket_bits) - 1)];
}

static uint32_t index_of(PuckIOTLB *tlb, const PuckIOTLBEntry *e)
{
    return e - tlb->entries;
}

static void age_unlink(PuckIOTLB *tlb, PuckIOTLBEntry *e)
{
    *(e->newer == NONE ? &tlb->newest : &tlb->entries[e->newer].older) =
        e->older;
    *(e->older == NONE ? &tlb->oldest : &tlb->entries[e->older].newer) =
        e->newer;
}

static void age_link_newest(PuckIOTLB *tlb, PuckIOTLBEntry *e)
{
    uint32_t i = index_of(tlb, e);

    e->newer = NONE;
    e->older = tlb->newest;
    *(tlb->newest == NONE ? &tlb->oldest : &tlb->entries[tlb->newest].newer) =
        i;
    tlb->newest = i;
}

static PuckIOTLBEntry *find(PuckIOTLB *tlb, uint16_t domain, uint64_t page,
                            bool huge)
{
    uint32_t i = *bucket_of(tlb, domain, page, huge);

    while (i != NONE) {
        PuckIOTLBEntry *e = &tlb->entries[i];

        if (e->iova == page && e->domain == domain && e->huge == huge) {
            return e;
        }
        i = e->chain;
    }
    return NULL;
}

static void make_empty(PuckIOTLB *tlb)
{
    uint32_t i;

    for (i = 0; i < tlb->capacity; i++) {
        tlb->entries[i].used = false;
        tlb->entries[i].chain = i + 1 < tlb->capacity ? i + 1 : NONE;
    }
    for (i = 0; i < 1u << tlb->bucket_bits; i++) {
        tlb->buckets[i] = NONE;
    }
    tlb->free = 0;
    tlb->newest = NONE;
    tlb->oldest = NONE;
    tlb->count = 0;
    tlb->count_huge = 0;
}

void puck_iotlb_init(PuckIOTLB *tlb, uint32_t capacity)
{
    assert(capacity && capacity <= PUCK_IOTLB_ENTRIES_MAX);

    tlb->capacity = capacity;
    tlb->bucket_bits = 1;
    while (1u << tlb->bucket_bits < 4 * capacity) {
        tlb->bucket_bits++;
    }
    tlb->entries = g_new0(PuckIOTLBEntry, capacity);
    tlb->buckets = g_new(uint32_t, 1u << tlb->bucket_bits);
    make_empty(tlb);
}

void puck_iotlb_destroy(PuckIOTLB *tlb)
{
    g_free(tlb->entries);
    g_free(tlb->buckets);
    memset(tlb, 0, sizeof(*tlb));
}

PuckIOTLBEntry *puck_iotlb_lookup(PuckIOTLB *tlb, uint16_t domain,
                                  uint64_t iova)
{
    PuckIOTLBEntry *e = find(tlb, domain, page_of(iova, false), false);

    if (!e && tlb->count_huge) {
        e = find(tlb, domain, page_of(iova, true), true);
    }
    if (e && e->newer != NONE) {
        age_unlink(tlb, e);
        age_link_newest(tlb, e);
    }
    return e;
}

void puck_iotlb_drop(PuckIOTLB *tlb, PuckIOTLBEntry *e)
{
    uint32_t i = index_of(tlb, e);
    uint32_t *link = bucket_of(tlb, e->domain, e->iova, e->huge);

    while (*link != i) {
        link = &tlb->entries[*link].chain;
    }
    *link = e->chain;
    age_unlink(tlb, e);

    tlb->count--;
    tlb->count_huge -= e->huge;
    e->used = false;
    e->chain = tlb->free;
    tlb->free = i;
}

bool puck_iotlb_insert(PuckIOTLB *tlb, uint16_t domain, uint64_t iova,
                       uint64_t pa, uint8_t perm, bool huge, int64_t now)
{
    uint64_t page = page_of(iova, huge);
    PuckIOTLBEntry *e = find(tlb, domain, page, huge);
    uint32_t *bucket;
    bool evicted = false;

    if (e) {
        puck_iotlb_drop(tlb, e);
    } else if (tlb->free == NONE) {
        puck_iotlb_drop(tlb, &tlb->entries[tlb->oldest]);
        evicted = true;
    }

    e = &tlb->entries[tlb->free];
    tlb->free = e->chain;
    bucket = bucket_of(tlb, domain, page, huge);
    *e = (PuckIOTLBEntry) {
        .iova = page,
        .pa = pa,
        .made = now,
        .domain = domain,
        .perm = perm,
        .huge = huge,
        .used = true,
        .chain = *bucket,
    };
    *bucket = index_of(tlb, e);
    age_link_newest(tlb, e);
    tlb->count++;
    tlb->count_huge += huge;
    return evicted;
}

static uint32_t drop_page(PuckIOTLB *tlb, uint16_t domain, uint64_t iova,
                          bool huge)
{
    PuckIOTLBEntry *e = find(tlb, domain, page_of(iova, huge), huge);

    if (!e) {
        return 0;
    }
    puck_iotlb_drop(tlb, e);
    return 1;
}

uint32_t puck_iotlb_inv_page(PuckIOTLB *tlb, uint16_t domain, uint64_t iova)
{
    uint32_t dropped = drop_page(tlb, domain, iova, false);

    if (tlb->count_huge) {
        dropped += drop_page(tlb, domain, iova, true);
    }
    return dropped;
}

/* Looks at every entry: for ranges of more pages than there are entries. */
static uint32_t scan_range(PuckIOTLB *tlb, uint16_t domain, uint64_t first,
                           uint64_t last)
{
    uint32_t dropped = 0;
    uint32_t i;

    for (i = 0; i < tlb->capacity && tlb->count; i++) {
        PuckIOTLBEntry *e = &tlb->entries[i];

        if (e->used && e->domain == domain && e->iova <= last &&
            (e->iova | puck_iotlb_mask(e)) >= first) {
            puck_iotlb_drop(tlb, e);
            dropped++;
        }
    }
    return dropped;
}

/* Looks for every page of one size in the range. */
static uint32_t probe_range(PuckIOTLB *tlb, uint16_t domain, uint64_t first,
                            uint64_t last, bool huge)
{
    uint64_t step = (huge ? PUCK_MASK_2M : PUCK_MASK_4K) + 1;
    uint32_t dropped = 0;
    uint64_t page;

    for (page = page_of(first, huge); page <= last; page += step) {
        dropped += drop_page(tlb, domain, page, huge);
    }
    return dropped;
}

/* Whether so many pages are looked for one by one, rather than at entries. */
static bool probes(const PuckIOTLB *tlb, uint64_t size)
{
    return size / (PUCK_MASK_4K + 1) <= tlb->capacity / 4;
}

uint32_t puck_iotlb_looks(const PuckIOTLB *tlb, uint64_t size)
{
    uint64_t huge = size / (PUCK_MASK_2M + 1) + 2;

    if (!probes(tlb, size)) {
        return tlb->capacity;
    }
    return MIN(size / (PUCK_MASK_4K + 1) + 1 + huge, tlb->capacity);
}

uint32_t puck_iotlb_inv_range(PuckIOTLB *tlb, uint16_t domain, uint64_t iova,
                              uint64_t size)
{
    uint64_t last = iova + size - 1;
    uint32_t dropped;

    if (!tlb->count || !size) {
        return 0;
    }
    if (!probes(tlb, size)) {
        return scan_range(tlb, domain, iova, last);
    }
    dropped = probe_range(tlb, domain, iova, last, false);
    if (tlb->count_huge) {
        dropped += probe_range(tlb, domain, iova, last, true);
    }
    return dropped;
}

static bool in_scope(const PuckIOTLBEntry *e, const PuckIOTLBScope *scope)
{
    return e->used && (scope->any_domain || e->domain == scope->domain) &&
           e->iova <= scope->last &&
           (e->iova | puck_iotlb_mask(e)) >= scope->first;
}

/* The order in which "first" is meant. */
static bool comes_before(const PuckIOTLBEntry *a, const PuckIOTLBEntry *b)
{
    if (a->iova != b->iova) {
        return a->iova < b->iova;
    }
    return a->huge != b->huge ? b->huge : a->domain < b->domain;
}

PuckIOTLBEntry *puck_iotlb_first(PuckIOTLB *tlb, const PuckIOTLBScope *scope)
{
    PuckIOTLBEntry *first = NULL;
    uint32_t i;

    for (i = 0; i < tlb->capacity && tlb->count; i++) {
        PuckIOTLBEntry *e = &tlb->entries[i];

        if (in_scope(e, scope) && (!first || comes_before(e, first))) {
            first = e;
        }
    }
    return first;
}

static uint32_t mark_entry(PuckIOTLBEntry *e, int64_t since, uint32_t rule)
{
    if (e->rule) {
        return 0;
    }
    e->since = since;
    e->rule = rule;
    return 1;
}

uint32_t puck_iotlb_mark(PuckIOTLB *tlb, const PuckIOTLBScope *scope,
                         int64_t since, uint32_t rule)
{
    uint32_t marked = 0;
    uint32_t i;

    for (i = 0; i < tlb->capacity && tlb->count; i++) {
        if (in_scope(&tlb->entries[i], scope)) {
            marked += mark_entry(&tlb->entries[i], since, rule);
        }
    }
    return marked;
}

uint32_t puck_iotlb_inv_but_first(PuckIOTLB *tlb, const PuckIOTLBScope *scope,
                                  int64_t since, uint32_t rule)
{
    PuckIOTLBEntry *first = puck_iotlb_first(tlb, scope);
    uint32_t dropped = 0;
    uint32_t i;

    if (!first) {
        return 0;
    }
    for (i = 0; i < tlb->capacity; i++) {
        PuckIOTLBEntry *e = &tlb->entries[i];

        if (e != first && in_scope(e, scope)) {
            puck_iotlb_drop(tlb, e);
            dropped++;
        }
    }
    mark_entry(first, since, rule);
    return dropped;
}

uint32_t puck_iotlb_inv_domain(PuckIOTLB *tlb, uint16_t domain)
{
    return scan_range(tlb, domain, 0, UINT64_MAX);
}

uint32_t puck_iotlb_inv_all(PuckIOTLB *tlb)
{
    uint32_t dropped = tlb->count;

    if (dropped) {
        make_empty(tlb);
    }
    return dropped;
}
