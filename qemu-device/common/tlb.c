/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A modelled TLB.
 *
 * Entries live in one array and are linked by index: in a hash bucket by
 * (space, page, size), and in one list by age.
 */

#include "qemu/osdep.h"
#include "tlb.h"

#define NONE    PUCK_TLB_NONE

/* Pages that lie side by side in buckets; see bucket_of(). */
#define REGION_MASK     0x1fffffull

static uint64_t page_of(uint64_t va, uint8_t shift)
{
    return va >> shift << shift;
}

static uint32_t *bucket_of(PuckTlb *tlb, uint16_t space, uint64_t page,
                           uint8_t shift)
{
    /*
     * The pages of one 2M region lie side by side, as whole runs of them are
     * looked for; the regions are spread. The size has the low bits to itself.
     */
    uint64_t region = (page & ~REGION_MASK) ^ (uint64_t)space << 48 ^ shift;

    region = (region * 0x9e3779b97f4a7c15ull) >> (64 - tlb->bucket_bits);
    return &tlb->buckets[(region ^ page >> 12) &
                         ((1u << tlb->bucket_bits) - 1)];
}

static uint32_t index_of(PuckTlb *tlb, const PuckTlbEntry *e)
{
    return e - tlb->entries;
}

static void age_unlink(PuckTlb *tlb, PuckTlbEntry *e)
{
    *(e->newer == NONE ? &tlb->newest : &tlb->entries[e->newer].older) =
        e->older;
    *(e->older == NONE ? &tlb->oldest : &tlb->entries[e->older].newer) =
        e->newer;
}

static void age_link_newest(PuckTlb *tlb, PuckTlbEntry *e)
{
    uint32_t i = index_of(tlb, e);

    e->newer = NONE;
    e->older = tlb->newest;
    *(tlb->newest == NONE ? &tlb->oldest : &tlb->entries[tlb->newest].newer) =
        i;
    tlb->newest = i;
}

static PuckTlbEntry *find(PuckTlb *tlb, uint16_t space, uint64_t page,
                          uint8_t shift)
{
    uint32_t i = *bucket_of(tlb, space, page, shift);

    while (i != NONE) {
        PuckTlbEntry *e = &tlb->entries[i];

        if (e->va == page && e->space == space && e->shift == shift) {
            return e;
        }
        i = e->chain;
    }
    return NULL;
}

static void make_empty(PuckTlb *tlb)
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
    tlb->count_big = 0;
}

void puck_tlb_init(PuckTlb *tlb, uint32_t capacity, uint8_t big)
{
    assert(capacity && capacity <= PUCK_TLB_ENTRIES_MAX);
    assert(big > PUCK_TLB_SMALL && big < 64);

    tlb->capacity = capacity;
    tlb->big = big;
    tlb->bucket_bits = 1;
    while (1u << tlb->bucket_bits < 4 * capacity) {
        tlb->bucket_bits++;
    }
    tlb->entries = g_new0(PuckTlbEntry, capacity);
    tlb->buckets = g_new(uint32_t, 1u << tlb->bucket_bits);
    make_empty(tlb);
}

void puck_tlb_destroy(PuckTlb *tlb)
{
    g_free(tlb->entries);
    g_free(tlb->buckets);
    memset(tlb, 0, sizeof(*tlb));
}

static PuckTlbEntry *find_page(PuckTlb *tlb, uint16_t space, uint64_t va,
                               uint8_t shift)
{
    return find(tlb, space, page_of(va, shift), shift);
}

PuckTlbEntry *puck_tlb_lookup(PuckTlb *tlb, uint16_t space, uint64_t va)
{
    PuckTlbEntry *e = find_page(tlb, space, va, PUCK_TLB_SMALL);

    if (!e && tlb->count_big) {
        e = find_page(tlb, space, va, tlb->big);
    }
    if (e && e->newer != NONE) {
        age_unlink(tlb, e);
        age_link_newest(tlb, e);
    }
    return e;
}

void puck_tlb_drop(PuckTlb *tlb, PuckTlbEntry *e)
{
    uint32_t i = index_of(tlb, e);
    uint32_t *link = bucket_of(tlb, e->space, e->va, e->shift);

    while (*link != i) {
        link = &tlb->entries[*link].chain;
    }
    *link = e->chain;
    age_unlink(tlb, e);

    tlb->count--;
    tlb->count_big -= e->shift != PUCK_TLB_SMALL;
    e->used = false;
    e->chain = tlb->free;
    tlb->free = i;
}

bool puck_tlb_insert(PuckTlb *tlb, uint16_t space, uint64_t va, uint64_t pa,
                     uint8_t perm, uint8_t shift, int64_t now)
{
    uint64_t page = page_of(va, shift);
    PuckTlbEntry *e = find(tlb, space, page, shift);
    uint32_t *bucket;
    bool evicted = false;

    if (e) {
        puck_tlb_drop(tlb, e);
    } else if (tlb->free == NONE) {
        puck_tlb_drop(tlb, &tlb->entries[tlb->oldest]);
        evicted = true;
    }

    e = &tlb->entries[tlb->free];
    tlb->free = e->chain;
    bucket = bucket_of(tlb, space, page, shift);
    *e = (PuckTlbEntry) {
        .va = page,
        .pa = pa,
        .made = now,
        .space = space,
        .perm = perm,
        .shift = shift,
        .used = true,
        .chain = *bucket,
    };
    *bucket = index_of(tlb, e);
    age_link_newest(tlb, e);
    tlb->count++;
    tlb->count_big += shift != PUCK_TLB_SMALL;
    return evicted;
}

static uint32_t drop_page(PuckTlb *tlb, uint16_t space, uint64_t va,
                          uint8_t shift)
{
    PuckTlbEntry *e = find_page(tlb, space, va, shift);

    if (!e) {
        return 0;
    }
    puck_tlb_drop(tlb, e);
    return 1;
}

uint32_t puck_tlb_inv_page(PuckTlb *tlb, uint16_t space, uint64_t va)
{
    uint32_t dropped = drop_page(tlb, space, va, PUCK_TLB_SMALL);

    if (tlb->count_big) {
        dropped += drop_page(tlb, space, va, tlb->big);
    }
    return dropped;
}

/* Looks at every entry: for ranges of more pages than there are entries. */
static uint32_t scan_range(PuckTlb *tlb, uint16_t space, uint64_t first,
                           uint64_t last)
{
    uint32_t dropped = 0;
    uint32_t i;

    for (i = 0; i < tlb->capacity && tlb->count; i++) {
        PuckTlbEntry *e = &tlb->entries[i];

        if (e->used && e->space == space && e->va <= last &&
            (e->va | puck_tlb_mask(e)) >= first) {
            puck_tlb_drop(tlb, e);
            dropped++;
        }
    }
    return dropped;
}

/* Looks for every page of one size in the range. */
static uint32_t probe_range(PuckTlb *tlb, uint16_t space, uint64_t first,
                            uint64_t last, uint8_t shift)
{
    uint64_t step = 1ull << shift;
    uint32_t dropped = 0;
    uint64_t page;

    for (page = page_of(first, shift); page <= last; page += step) {
        dropped += drop_page(tlb, space, page, shift);
    }
    return dropped;
}

/* Whether so many pages are looked for one by one, rather than at entries. */
static bool probes(const PuckTlb *tlb, uint64_t size)
{
    return size >> PUCK_TLB_SMALL <= tlb->capacity / 4;
}

uint32_t puck_tlb_looks(const PuckTlb *tlb, uint64_t size)
{
    uint64_t big = (size >> tlb->big) + 2;

    if (!probes(tlb, size)) {
        return tlb->capacity;
    }
    return MIN((size >> PUCK_TLB_SMALL) + 1 + big, tlb->capacity);
}

uint32_t puck_tlb_inv_range(PuckTlb *tlb, uint16_t space, uint64_t va,
                            uint64_t size)
{
    uint64_t last = va + size - 1;
    uint32_t dropped;

    if (!tlb->count || !size) {
        return 0;
    }
    if (!probes(tlb, size)) {
        return scan_range(tlb, space, va, last);
    }
    dropped = probe_range(tlb, space, va, last, PUCK_TLB_SMALL);
    if (tlb->count_big) {
        dropped += probe_range(tlb, space, va, last, tlb->big);
    }
    return dropped;
}

static bool in_scope(const PuckTlbEntry *e, const PuckTlbScope *scope)
{
    return e->used && (scope->any_space || e->space == scope->space) &&
           e->va <= scope->last && (e->va | puck_tlb_mask(e)) >= scope->first;
}

/* The order in which "first" is meant. */
static bool comes_before(const PuckTlbEntry *a, const PuckTlbEntry *b)
{
    if (a->va != b->va) {
        return a->va < b->va;
    }
    return a->shift != b->shift ? a->shift < b->shift : a->space < b->space;
}

PuckTlbEntry *puck_tlb_first(PuckTlb *tlb, const PuckTlbScope *scope)
{
    PuckTlbEntry *first = NULL;
    uint32_t i;

    for (i = 0; i < tlb->capacity && tlb->count; i++) {
        PuckTlbEntry *e = &tlb->entries[i];

        if (in_scope(e, scope) && (!first || comes_before(e, first))) {
            first = e;
        }
    }
    return first;
}

static uint32_t mark_entry(PuckTlbEntry *e, int64_t since, uint32_t rule)
{
    if (e->rule) {
        return 0;
    }
    e->since = since;
    e->rule = rule;
    return 1;
}

uint32_t puck_tlb_mark(PuckTlb *tlb, const PuckTlbScope *scope,
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

uint32_t puck_tlb_inv_but_first(PuckTlb *tlb, const PuckTlbScope *scope,
                                int64_t since, uint32_t rule)
{
    PuckTlbEntry *first = puck_tlb_first(tlb, scope);
    uint32_t dropped = 0;
    uint32_t i;

    if (!first) {
        return 0;
    }
    for (i = 0; i < tlb->capacity; i++) {
        PuckTlbEntry *e = &tlb->entries[i];

        if (e != first && in_scope(e, scope)) {
            puck_tlb_drop(tlb, e);
            dropped++;
        }
    }
    mark_entry(first, since, rule);
    return dropped;
}

uint32_t puck_tlb_inv_space(PuckTlb *tlb, uint16_t space)
{
    return scan_range(tlb, space, 0, UINT64_MAX);
}

uint32_t puck_tlb_inv_all(PuckTlb *tlb)
{
    uint32_t dropped = tlb->count;

    if (dropped) {
        make_empty(tlb);
    }
    return dropped;
}
