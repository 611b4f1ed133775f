/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: flushes of the TLB, and what rules make of them.
 *
 * Nobody waits for what is late: that is the mischief. What should have gone
 * and is still there is marked in the TLB.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/cost.h"
#include "mmu.h"

static PuckTlbScope scope_of(const PuckFlush *flush)
{
    return (PuckTlbScope) {
        .first = flush->va,
        .last = flush->size ? flush->va + flush->size - 1 : UINT64_MAX,
        .space = flush->vm,
        .any_space = flush->vm == PUCK_GPU_VM_ALL,
    };
}

static PuckEvent event_of(PuckMmu *mmu, const PuckFlush *flush, uint64_t can)
{
    PuckEvent ev = flush->by_ring ?
        puck_gpu_job_event(mmu->gpu, flush->ring, flush->seqno,
                           PUCK_SITE_GPU_FLUSH, can) :
        puck_gpu_event(mmu->gpu, PUCK_SITE_GPU_FLUSH, can);

    if (flush->vm != PUCK_GPU_VM_ALL) {
        ev.has |= PUCK_HAS_VM;
        ev.vm = flush->vm;
    }
    if (flush->size) {
        ev.has |= PUCK_HAS_VA;
        ev.va = flush->va;
        ev.len = flush->size;
    }
    return ev;
}

bool puck_mmu_may_flush(const PuckMmu *mmu, uint32_t vm)
{
    return vm == PUCK_GPU_VM_ALL || vm < mmu->gpu->num_vms;
}

/* The capacity never changes, so this needs no lock. */
uint64_t puck_mmu_flush_cost(const PuckMmu *mmu, const PuckFlush *flush)
{
    uint64_t size = flush->size ? flush->size : UINT64_MAX;
    uint64_t cost = PUCK_COST_FLUSH +
                    (uint64_t)puck_tlb_looks(&mmu->tlb, size) * PUCK_COST_LOOK;

    if (puck_mischief_armed(PUCK_SITE_GPU_FLUSH)) {
        cost += PUCK_ASK_NS + 3ull * mmu->tlb.capacity * PUCK_COST_LOOK;
    }
    return cost;
}

static void carry_out(PuckMmu *mmu, const PuckFlush *flush)
{
    trace_puck_gpu_flush(puck_gpu_name(mmu->gpu), flush->vm, flush->va,
                         flush->size);
    QEMU_LOCK_GUARD(&mmu->lock);
    mmu->flushes++;
    if (flush->vm == PUCK_GPU_VM_ALL) {
        puck_tlb_inv_all(&mmu->tlb);
    } else if (!flush->size) {
        puck_tlb_inv_space(&mmu->tlb, flush->vm);
    } else {
        puck_tlb_inv_range(&mmu->tlb, flush->vm, flush->va, flush->size);
    }
}

/* Asks the rules, without the lock. */
static bool goes_wrong(PuckMmu *mmu, const PuckFlush *flush,
                       PuckVerdict *verdict)
{
    PuckTlbScope scope = scope_of(flush);
    uint64_t can = PUCK_ACT_BIT(PUCK_ACT_DROP);
    PuckEvent ev;

    if (!puck_mischief_armed(PUCK_SITE_GPU_FLUSH)) {
        return false;
    }
    if (mmu->flusher.count < PUCK_LATE_FLUSHES_MAX) {
        can |= PUCK_ACT_BIT(PUCK_ACT_DELAY);
    }
    WITH_QEMU_LOCK_GUARD(&mmu->lock) {
        if (puck_tlb_first(&mmu->tlb, &scope)) {
            can |= PUCK_ACT_BIT(PUCK_ACT_PARTIAL);
        }
    }
    ev = event_of(mmu, flush, can);
    return puck_mischief_ask(&ev, verdict);
}

/* Sets the timer for what waits now. */
static void arm(PuckFlusher *f)
{
    int64_t due = INT64_MAX;

    for (int32_t i = 0; i < f->count; i++) {
        due = MIN(due, f->late[i].due);
    }
    if (f->count) {
        timer_mod(f->timer, due);
    } else {
        timer_del(f->timer);
    }
}

static void put_off(PuckMmu *mmu, const PuckFlush *flush, uint32_t rule,
                    int64_t due)
{
    PuckFlusher *f = &mmu->flusher;

    f->late = g_renew(PuckLateFlush, f->late, f->count + 1);
    f->late[f->count++] = (PuckLateFlush) {
        .flush = *flush, .rule = rule, .due = due,
    };
    arm(f);
}

/* What @verdict leaves of it is done now. */
static void do_wrong(PuckMmu *mmu, const PuckFlush *flush,
                     const PuckVerdict *verdict)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    PuckTlbScope scope = scope_of(flush);

    WITH_QEMU_LOCK_GUARD(&mmu->lock) {
        if (verdict->action == PUCK_ACT_PARTIAL) {
            mmu->flushes++;
            puck_tlb_inv_but_first(&mmu->tlb, &scope, now, verdict->rule);
        } else {
            puck_tlb_mark(&mmu->tlb, &scope, now, verdict->rule);
        }
    }
    if (verdict->action == PUCK_ACT_DELAY) {
        put_off(mmu, flush, verdict->rule, now + verdict->value);
    }
}

void puck_mmu_flush(PuckMmu *mmu, const PuckFlush *flush)
{
    PuckVerdict verdict;

    if (likely(!goes_wrong(mmu, flush, &verdict))) {
        carry_out(mmu, flush);
    } else {
        do_wrong(mmu, flush, &verdict);
    }
}

/* The first that is due, earliest first, or -1. */
static int32_t find_due(const PuckFlusher *f, int64_t now)
{
    int32_t found = -1;

    for (int32_t i = 0; i < f->count; i++) {
        if (f->late[i].due <= now &&
            (found < 0 || f->late[i].due < f->late[found].due)) {
            found = i;
        }
    }
    return found;
}

/* False if none is due, and the timer is set for the next one then. */
static bool finish_one(PuckMmu *mmu, PuckHold *hold)
{
    PuckFlusher *f = &mmu->flusher;
    int32_t index = find_due(f, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    PuckLateFlush late;
    PuckEvent ev;

    if (index < 0) {
        arm(f);
        return false;
    }
    late = f->late[index];
    f->count--;
    memmove(&f->late[index], &f->late[index + 1],
            (f->count - index) * sizeof(late));
    puck_hold_charge(hold, PUCK_COST_LOG +
                     puck_mmu_flush_cost(mmu, &late.flush));
    carry_out(mmu, &late.flush);
    ev = event_of(mmu, &late.flush, 0);
    puck_mischief_log_event(&ev, late.rule, "expire");
    return true;
}

/* A PuckWork. */
static bool finish_some(void *opaque, PuckHold *hold)
{
    bool more = true;

    while (more && puck_hold_left(hold)) {
        more = finish_one(opaque, hold);
    }
    return more;
}

static void some_are_due(void *opaque)
{
    PuckMmu *mmu = opaque;

    puck_work_queue(&mmu->flusher.work);
}

void puck_flusher_reset(PuckMmu *mmu)
{
    PuckFlusher *f = &mmu->flusher;

    g_clear_pointer(&f->late, g_free);
    f->count = 0;
    arm(f);
    puck_work_cancel(&f->work);
}

void puck_flusher_init(PuckMmu *mmu)
{
    PuckFlusher *f = &mmu->flusher;

    puck_work_init(&f->work, OBJECT(mmu->gpu), finish_some, mmu);
    f->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, some_are_due, mmu);
}

void puck_flusher_exit(PuckMmu *mmu)
{
    puck_flusher_reset(mmu);
    g_clear_pointer(&mmu->flusher.timer, timer_free);
}

static bool late_valid(const PuckMmu *mmu, const PuckLateFlush *late)
{
    const PuckFlush *f = &late->flush;
    uint64_t end = 1ull << PUCK_GPU_VA_BITS;

    return late->rule && late->due >= 0 && puck_mmu_may_flush(mmu, f->vm) &&
           (f->vm != PUCK_GPU_VM_ALL || !f->size) && (f->size || !f->va) &&
           f->size <= end && f->va <= end - f->size;
}

bool puck_flusher_loaded(PuckMmu *mmu)
{
    PuckFlusher *f = &mmu->flusher;

    for (int32_t i = 0; i < f->count; i++) {
        if (!late_valid(mmu, &f->late[i])) {
            return false;
        }
    }
    arm(f);
    return true;
}
