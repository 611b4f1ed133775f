/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the completion stage: fences that are late on purpose. See section
 * "Completion stage" of docs/specs/gpu.rst. All under the BQL.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "system/runstate.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/cost.h"
#include "hw/puck/gpu/core/irq.h"
#include "jitter.h"
#include "ring.h"

static void trace_stage(PuckRing *ring, uint32_t seqno, const char *stage)
{
    trace_puck_gpu_fence(puck_gpu_name(ring->gpu), ring->index, seqno, stage);
}

bool puck_fence_room(const PuckRing *ring)
{
    return ring->num_fences < ARRAY_SIZE(ring->fences);
}

static bool is_due(const PuckFence *fence)
{
    return fence->due <= qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

bool puck_fence_holding(const PuckRing *ring)
{
    return ring->num_fences && ring->stage.hold && !ring->credits &&
           is_due(&ring->fences[0]);
}

/* What rules can do to a FENCE that enters. */
#define CAN_AT_ENTRY \
    (PUCK_ACT_BIT(PUCK_ACT_DELAY) | PUCK_ACT_BIT(PUCK_ACT_HOLD) | \
     PUCK_ACT_BIT(PUCK_ACT_REORDER_RINGS) | \
     PUCK_ACT_BIT(PUCK_ACT_REORDER_WITHIN) | \
     PUCK_ACT_BIT(PUCK_ACT_ERROR) | PUCK_ACT_BIT(PUCK_ACT_NEVER))

static PuckMark mark_for(PuckAction action)
{
    switch (action) {
    case PUCK_ACT_DELAY:
        return PUCK_MARK_DELAYED;
    case PUCK_ACT_HOLD:
        return PUCK_MARK_HELD;
    case PUCK_ACT_REORDER_RINGS:
        return PUCK_MARK_RINGS;
    case PUCK_ACT_REORDER_WITHIN:
        return PUCK_MARK_WITHIN;
    default:
        return PUCK_MARK_NEVER;
    }
}

/* Asks the rules about @fence. False if it fails. */
static bool ask_rules(PuckRing *ring, PuckFence *fence)
{
    PuckEvent ev = puck_ring_job_event(ring, fence->seqno,
                                       PUCK_SITE_FENCE_COMPLETE, CAN_AT_ENTRY);
    PuckVerdict verdict;

    if (!puck_mischief_ask(&ev, &verdict)) {
        return true;
    }
    if (verdict.action == PUCK_ACT_ERROR) {
        return false;
    }
    fence->mark = mark_for(verdict.action);
    fence->rule = verdict.rule;
    if (verdict.action == PUCK_ACT_DELAY) {
        fence->due += verdict.value;
    }
    return true;
}

/* Ends what a rule does to @fence. */
static void unmark(PuckRing *ring, PuckFence *fence, const char *why)
{
    PuckEvent ev = puck_ring_job_event(ring, fence->seqno,
                                       PUCK_SITE_FENCE_COMPLETE, 0);

    puck_mischief_log_event(&ev, fence->rule, why);
    fence->mark = PUCK_MARK_NONE;
}

/* Whether a fence that has @mark is one that waits for the next of its ring. */
static bool waits_for_next(const PuckFence *fence)
{
    return fence->mark == PUCK_MARK_WITHIN && !fence->let_go;
}

/* Where the next fence goes: before the one that waits for it, or behind all */
static uint32_t place_for_next(PuckRing *ring)
{
    uint32_t i = ring->num_fences;

    if (ring->within) {
        i = 0;
        while (!waits_for_next(&ring->fences[i])) {
            i++;
        }
        unmark(ring, &ring->fences[i], "release");
        ring->within = false;
    }
    return i;
}

/* Fences stay in the order in which they become due. */
static void put_in(PuckRing *ring, const PuckFence *fence)
{
    uint32_t at = place_for_next(ring);
    PuckFence *f = &ring->fences[at];

    /* Whoever lets a fence in has asked puck_fence_room(). */
    g_assert(puck_fence_room(ring));
    memmove(f + 1, f, (ring->num_fences - at) * sizeof(*f));
    *f = *fence;
    ring->num_fences++;
    for (uint32_t i = MAX(at, 1); i < ring->num_fences; i++) {
        ring->fences[i].due = MAX(ring->fences[i].due,
                                  ring->fences[i - 1].due);
    }
    ring->within = fence->mark == PUCK_MARK_WITHIN;
    if (fence->mark == PUCK_MARK_RINGS) {
        ring->gpu->reordered |= 1u << ring->index;
    }
    trace_stage(ring, fence->seqno, "enter");
}

static PuckFence new_fence(PuckRing *ring, const PuckCmd *cmd, uint32_t index)
{
    return (PuckFence) {
        .due = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + ring->stage.delay +
               puck_jitter_draw(&ring->jitter_state, ring->stage.jitter),
        .seqno = cmd->seqno,
        .flags = cmd->flags,
        .index = index,
    };
}

bool puck_fence_enter(PuckRing *ring, const PuckCmd *cmd, uint32_t index)
{
    PuckFence fence = new_fence(ring, cmd, index);

    if (puck_mischief_armed(PUCK_SITE_FENCE_COMPLETE) &&
        !ask_rules(ring, &fence)) {
        return false;
    }
    put_in(ring, &fence);
    return true;
}

void puck_fence_enter_early(PuckRing *ring, const PuckCmd *cmd, uint32_t index,
                            uint32_t rule)
{
    PuckFence fence = new_fence(ring, cmd, index);

    fence.mark = PUCK_MARK_EARLY;
    fence.rule = rule;
    put_in(ring, &fence);
}

/* False if the ring was reset meanwhile: then nothing follows. */
static bool write_back(PuckRing *ring, const PuckFence *fence)
{
    uint64_t slot = cpu_to_le64(fence->seqno);
    PuckDmaResult result;
    PuckFault fault;

    if (!ring->wb_addr) {
        return true;
    }
    /* The data of the job is seen before its number is. */
    smp_wmb();
    result = puck_ring_dma(ring, ring->wb_addr, &slot, sizeof(slot), true);
    if (result == PUCK_DMA_FAULT) {
        puck_fault_set(&fault, PUCK_GPU_ERR_WRITE_BACK, PUCK_GPU_ERR_LIST_NONE,
                       PUCK_GPU_ERR_DESC_NONE, ring->wb_addr);
        puck_ring_halt(ring, PUCK_HALT_OTHER, fence->seqno, fence->index,
                       &fault);
    }
    return result != PUCK_DMA_DROPPED;
}

/* What a rule does to @fence ends. That is logged when there is time for it. */
static void let_go(PuckRing *ring, PuckFence *fence)
{
    if (!fence->let_go) {
        fence->let_go = true;
        ring->let_go++;
        puck_ring_kick(ring);
    }
}

/* Fences of other rings than @ring waited for one of it. */
static void release_rings(PuckRing *ring)
{
    PuckGpu *s = ring->gpu;
    uint32_t others = s->reordered & ~(1u << ring->index);

    s->reordered &= ~others;
    for (unsigned r = 0; r < s->num_rings; r++) {
        PuckRing *other = &s->rings[r];

        for (uint32_t i = 0; others & (1u << r) && i < other->num_fences; i++) {
            if (other->fences[i].mark == PUCK_MARK_RINGS) {
                let_go(other, &other->fences[i]);
            }
        }
    }
}

/* Logs the first fence that was let go. */
static void log_let_go(PuckRing *ring, PuckHold *hold)
{
    PuckFence *fence = ring->fences;

    while (!fence->let_go) {
        fence++;
    }
    puck_hold_charge(hold, PUCK_COST_LOG + PUCK_COST_FENCE_BEHIND *
                     (fence - ring->fences));
    fence->let_go = false;
    ring->let_go--;
    unmark(ring, fence, "release");
}

/*
 * Takes the first fence out of the stage and completes it. The slot is memory
 * behind an IOMMU, which may report a fault by a message that resets the ring.
 */
static void complete_first(PuckRing *ring, PuckHold *hold)
{
    PuckFence fence = ring->fences[0];

    ring->num_fences--;
    memmove(ring->fences, ring->fences + 1,
            ring->num_fences * sizeof(ring->fences[0]));
    puck_hold_charge(hold, PUCK_COST_FENCE +
                     PUCK_COST_FENCE_BEHIND * ring->num_fences);
    ring->seqno = fence.seqno;
    trace_stage(ring, fence.seqno, "complete");
    if (!write_back(ring, &fence)) {
        return;
    }
    if (fence.flags & PUCK_GPU_FENCE_IRQ) {
        puck_irq_fence(ring->gpu, ring->index, fence.seqno);
    }
    if (fence.mark == PUCK_MARK_EARLY) {
        puck_early_completed(ring);
    }
    if (ring->gpu->reordered) {
        puck_hold_charge(hold, PUCK_COST_FENCE_BEHIND *
                               PUCK_GPU_RING_FENCES_MAX_VALUE);
        release_rings(ring);
    }
}

/* @fence is due. False if a rule keeps it nevertheless. */
static bool mark_passes(PuckRing *ring, PuckFence *fence)
{
    switch (fence->mark) {
    case PUCK_MARK_DELAYED:
        unmark(ring, fence, "expire");
        return true;
    case PUCK_MARK_EARLY:
        return true;
    default:
        return false;
    }
}

/* True if the first fence is due and not held. Uses up a RELEASE for it. */
static bool may_complete(PuckRing *ring)
{
    PuckFence *fence = &ring->fences[0];

    if (!ring->num_fences || !is_due(fence)) {
        return false;
    }
    if (fence->mark && !mark_passes(ring, fence)) {
        return false;
    }
    if (!ring->stage.hold) {
        return true;
    }
    if (ring->credits) {
        ring->credits--;
        return true;
    }
    if (!fence->held) {
        fence->held = true;
        trace_stage(ring, fence->seqno, "held");
    }
    return false;
}

bool puck_fence_step(PuckRing *ring, PuckHold *hold)
{
    if (ring->let_go) {
        log_let_go(ring, hold);
        return true;
    }
    if (may_complete(ring)) {
        complete_first(ring, hold);
        return true;
    }
    if (ring->num_fences && !is_due(&ring->fences[0])) {
        timer_mod(ring->fence_timer, ring->fences[0].due);
    } else {
        timer_del(ring->fence_timer);
    }
    return false;
}

static void fence_timer_cb(void *opaque)
{
    PuckRing *ring = opaque;

    if (ring->num_fences) {
        trace_stage(ring, ring->fences[0].seqno, "due");
    }
    puck_ring_kick(ring);
}

void puck_fence_drop(PuckRing *ring)
{
    ring->num_fences = 0;
    ring->let_go = 0;
    ring->within = false;
    ring->gpu->reordered &= ~(1u << ring->index);
    timer_del(ring->fence_timer);
}

/* NEVER is never released; a job whose fence is early is held elsewhere. */
void puck_fence_release(PuckRing *ring, uint32_t rule)
{
    for (uint32_t i = 0; i < ring->num_fences; i++) {
        PuckFence *fence = &ring->fences[i];

        if (fence->rule != rule) {
            continue;
        }
        if (fence->mark == PUCK_MARK_WITHIN) {
            ring->within = false;
        }
        if (fence->mark == PUCK_MARK_HELD || fence->mark == PUCK_MARK_RINGS ||
            fence->mark == PUCK_MARK_WITHIN) {
            let_go(ring, fence);
        }
    }
}

void puck_stage_set_time(uint64_t *reg, uint64_t ns)
{
    *reg = MIN(ns, PUCK_GPU_DELAY_MAX_NS);
}

void puck_stage_set_seed(PuckRing *ring, uint64_t seed)
{
    ring->stage.seed = seed;
    ring->jitter_state = seed;
}

void puck_stage_set_hold(PuckRing *ring, bool hold)
{
    if (hold != !!ring->stage.hold) {
        ring->stage.hold = hold;
        ring->credits = 0;
    }
    puck_ring_run(ring);
}

void puck_stage_release(PuckRing *ring, uint32_t count)
{
    if (!ring->stage.hold) {
        return;
    }
    ring->credits = MIN((uint64_t)ring->credits + count, UINT32_MAX);
    puck_ring_run(ring);
}

void puck_fence_init(PuckRing *ring)
{
    ring->fence_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, fence_timer_cb, ring);
}

void puck_fence_exit(PuckRing *ring)
{
    g_clear_pointer(&ring->fence_timer, timer_free);
}
