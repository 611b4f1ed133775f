/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the completion stage: fences that are late on purpose. See section
 * "Completion stage" of docs/specs/gpu.rst. All under the BQL.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "system/runstate.h"
#include "gpu.h"
#include "jitter.h"
#include "../trace.h"

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

void puck_fence_enter(PuckRing *ring, const PuckCmd *cmd, uint32_t index)
{
    PuckFence *fence = &ring->fences[ring->num_fences];
    int64_t due = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + ring->stage.delay +
                  puck_jitter_draw(&ring->jitter_state, ring->stage.jitter);

    if (ring->num_fences) {
        due = MAX(due, fence[-1].due);
    }
    *fence = (PuckFence) {
        .due = due,
        .seqno = cmd->seqno,
        .flags = cmd->flags,
        .index = index,
    };
    ring->num_fences++;
    trace_stage(ring, cmd->seqno, "enter");
    puck_fence_run(ring);
}

static void write_back(PuckRing *ring, const PuckFence *fence)
{
    uint64_t slot = cpu_to_le64(fence->seqno);
    PuckFault fault;

    if (!ring->wb_addr) {
        return;
    }
    /* The data of the job is seen before its number is. */
    smp_wmb();
    if (!puck_dma_write(ring->gpu, ring->wb_addr, &slot, sizeof(slot))) {
        puck_fault_set(&fault, PUCK_GPU_ERR_WRITE_BACK, PUCK_GPU_ERR_LIST_NONE,
                       PUCK_GPU_ERR_DESC_NONE, ring->wb_addr);
        ring->halted = true;
        puck_error_report(ring, fence->seqno, fence->index, &fault);
    }
}

/* Takes the first fence out of the stage and completes it. */
static void complete_first(PuckRing *ring)
{
    PuckFence fence = ring->fences[0];

    ring->num_fences--;
    memmove(ring->fences, ring->fences + 1,
            ring->num_fences * sizeof(ring->fences[0]));
    ring->seqno = fence.seqno;
    trace_stage(ring, fence.seqno, "complete");
    write_back(ring, &fence);
    if (fence.flags & PUCK_GPU_FENCE_IRQ) {
        puck_irq_fence(ring);
    }
}

/* True if the first fence is due and not held. Uses up a RELEASE for it. */
static bool may_complete(PuckRing *ring)
{
    PuckFence *fence = &ring->fences[0];

    if (!ring->num_fences || !is_due(fence)) {
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

void puck_fence_run(PuckRing *ring)
{
    if (!runstate_is_running()) {
        return;
    }
    while (may_complete(ring)) {
        complete_first(ring);
    }
    if (ring->num_fences && !is_due(&ring->fences[0])) {
        timer_mod(ring->fence_timer, ring->fences[0].due);
    } else {
        timer_del(ring->fence_timer);
    }
}

static void fence_timer_cb(void *opaque)
{
    PuckRing *ring = opaque;

    if (ring->num_fences) {
        trace_stage(ring, ring->fences[0].seqno, "due");
    }
    puck_fence_run(ring);
    /* A fence may have waited for room in the stage. */
    puck_ring_run(ring);
}

void puck_fence_drop(PuckRing *ring)
{
    ring->num_fences = 0;
    timer_del(ring->fence_timer);
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
    puck_fence_run(ring);
    puck_ring_run(ring);
}

void puck_stage_release(PuckRing *ring, uint32_t count)
{
    if (!ring->stage.hold) {
        return;
    }
    ring->credits = MIN((uint64_t)ring->credits + count, UINT32_MAX);
    puck_fence_run(ring);
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
