/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: look-ups of whole ranges.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/processor.h"
#include "qemu/rcu.h"
#include "bulk.h"
#include "device.h"
#include "irq.h"
#include "translate.h"

/* Pages to look up under one lock, so that others have a turn. */
#define PAGES_PER_LOCK  32

/*
 * How often the lock is tried before its taker goes to sleep, and what it waits
 * in between: some ten microseconds together, several times as long as another
 * lane's look-ups take.
 */
#define LOCK_TRIES      64
#define LOCK_PAUSES     4

typedef struct PuckRange {
    uint64_t iova;
    uint64_t left;
    uint8_t want;
    PuckBulkRun *runs;
    unsigned max;
    unsigned count;
    uint64_t can;               /* what rules of mischief may do */
    bool waited;                /* the next page */
    int64_t wait_until;         /* or 0 */
} PuckRange;

PuckSpace *puck_iommu_space(AddressSpace *as)
{
    if (!object_dynamic_cast(OBJECT(as->root),
                             TYPE_PUCK_IOMMU_MEMORY_REGION)) {
        return NULL;
    }
    return container_of(as, PuckSpace, as);
}

unsigned puck_iommu_dma_begin(PuckSpace *space)
{
    return puck_drain_enter(&space->iommu->drain);
}

void puck_iommu_dma_end(PuckSpace *space, unsigned epoch)
{
    puck_drain_leave(&space->iommu->drain, epoch);
}

/* Covers the next @len bytes at most. There is room for a run. */
static void add(PuckRange *r, uint64_t pa, uint64_t len)
{
    PuckBulkRun *last = r->count ? &r->runs[r->count - 1] : NULL;

    len = MIN(len, r->left);
    if (last && last->pa + last->len == pa) {
        last->len += len;
    } else {
        r->runs[r->count++] = (PuckBulkRun) { pa, len };
    }
    r->iova += len;
    r->left -= len;
}

/* Returns false when the range is done, for whatever reason. */
static bool some_pages_locked(PuckSpace *space, PuckRange *r)
{
    PuckTables tables = { .iommu = space->iommu };
    PuckWalkCursor cursor = { };

    for (unsigned i = 0; i < PAGES_PER_LOCK; i++) {
        PuckRequest req = {
            .tables = &tables,
            .cursor = &cursor,
            .iova = r->iova,
            .len = r->left,
            .want = r->want,
            .can = r->can,
            .waited = r->waited,
        };
        uint64_t offset;

        if (!r->left || r->count == r->max) {
            return false;
        }
        /* No pieces of a failed access come this way: each is a new one. */
        space->streak.reason = 0;
        puck_iommu_translate_locked(space, &req);
        if (req.reason) {
            space->streak.reason = 0;
            return false;
        }
        if (unlikely(req.delay)) {
            r->wait_until = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + req.delay;
            return false;
        }
        r->waited = false;
        offset = r->iova & req.mask;
        add(r, req.pa + offset, req.mask + 1 - offset);
    }
    return true;
}

/*
 * The lanes of a copy want the lock all the time, and keep it for a few
 * microseconds. To fall asleep and to be woken takes longer than that.
 */
static void take_lock(PuckIOMMU *s)
{
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (!qemu_mutex_trylock(&s->lock)) {
            return;
        }
        for (unsigned j = 0; j < LOCK_PAUSES; j++) {
            cpu_relax();
        }
    }
    qemu_mutex_lock(&s->lock);
}

unsigned puck_iommu_translate_range(PuckSpace *space, uint64_t iova,
                                    uint64_t len, bool is_write,
                                    PuckBulkRun *runs, unsigned max,
                                    uint64_t *done, int64_t *wait_until)
{
    PuckIOMMU *s = space->iommu;
    PuckRange range = {
        .iova = iova,
        .left = len,
        .want = is_write ? PUCK_IOMMU_PTE_WRITE : PUCK_IOMMU_PTE_READ,
        .runs = runs,
        .max = max,
        .can = PUCK_ACT_BIT(PUCK_ACT_FAULT),
    };
    bool more = true;

    if (wait_until) {
        range.can |= PUCK_ACT_BIT(PUCK_ACT_DELAY);
        range.waited = *wait_until;
    }
    if (!qatomic_read(&s->translating)) {
        add(&range, iova, len);
        more = false;
    }
    while (more) {
        WITH_RCU_READ_LOCK_GUARD() {
            take_lock(s);
            more = some_pages_locked(space, &range);
            qemu_mutex_unlock(&s->lock);
        }
    }
    puck_iommu_irq_deliver(s);
    if (wait_until) {
        *wait_until = range.wait_until;
    }
    *done = len - range.left;
    return range.count;
}
