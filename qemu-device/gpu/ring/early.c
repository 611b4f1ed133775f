/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a job whose fence comes before its commands are executed. See
 * action "early" in docs/specs/mischief.rst. All under the BQL.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/core/cost.h"
#include "ring.h"

static PuckEvent event(PuckRing *ring)
{
    return puck_ring_job_event(ring, ring->early.seqno,
                               PUCK_SITE_FENCE_COMPLETE,
                               PUCK_ACT_BIT(PUCK_ACT_EARLY));
}

static void go_on(PuckRing *ring, const char *why)
{
    PuckEvent ev = event(ring);

    puck_mischief_log_event(&ev, ring->early.rule, why);
    timer_del(ring->early.timer);
    ring->early.state = PUCK_EARLY_WORK;
    puck_ring_kick(ring);
}

static void timer_cb(void *opaque)
{
    go_on(opaque, "expire");
}

/*
 * The FENCE of the job that begins at the head, if software has written it
 * already: the next one, and of the same number. No further ahead than this:
 * each look is an access to memory.
 */
#define LOOK_AHEAD  64

static bool find_fence(PuckRing *ring, uint32_t seqno, PuckCmd *fence,
                       uint32_t *index, PuckHold *hold)
{
    uint32_t mask = puck_ring_size(ring) - 1;
    uint32_t i = ring->head;

    for (unsigned n = 0; n < LOOK_AHEAD; n++) {
        struct puck_gpu_cmd raw;
        PuckFault fault;

        i = (i + 1) & mask;
        if (i == ring->tail) {
            return false;
        }
        puck_hold_charge(hold, PUCK_COST_COMMAND);
        if (puck_ring_dma(ring, puck_ring_slot(ring, i), &raw, sizeof(raw),
                          false) != PUCK_DMA_OK ||
            !puck_ring_decode(ring, &raw, fence, &fault)) {
            return false;
        }
        if (fence->opcode == PUCK_GPU_CMD_FENCE) {
            *index = i;
            return fence->seqno == seqno;
        }
    }
    return false;
}

bool puck_early_begins(PuckRing *ring, const PuckCmd *cmd, PuckHold *hold)
{
    PuckEarly *early = &ring->early;
    PuckVerdict verdict;
    uint32_t index;
    PuckCmd fence;
    PuckEvent ev;

    if (ring->in_job || early->state || !puck_fence_room(ring) ||
        !find_fence(ring, cmd->seqno, &fence, &index, hold)) {
        return false;
    }
    early->seqno = cmd->seqno;
    ev = event(ring);
    if (!puck_mischief_ask(&ev, &verdict)) {
        return false;
    }
    early->state = PUCK_EARLY_FENCE;
    early->rule = verdict.rule;
    early->index = index;
    early->time = verdict.has_value ? (int64_t)verdict.value : PUCK_NO_TIME;
    early->until = PUCK_NO_TIME;
    puck_fence_enter_early(ring, &fence, index, verdict.rule);
    return true;
}

void puck_early_completed(PuckRing *ring)
{
    PuckEarly *early = &ring->early;

    if (early->state != PUCK_EARLY_FENCE) {
        return;
    }
    early->state = PUCK_EARLY_WAIT;
    if (early->time != PUCK_NO_TIME) {
        early->until = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + early->time;
        timer_mod(early->timer, early->until);
    }
}

void puck_early_release(PuckRing *ring, uint32_t rule)
{
    PuckEarly *early = &ring->early;

    if (!puck_early_waits(ring) || early->rule != rule) {
        return;
    }
    if (early->state == PUCK_EARLY_WAIT) {
        go_on(ring, "release");
    } else {
        /* The fence still comes before the job. */
        early->time = 0;
    }
}

bool puck_early_waits(const PuckRing *ring)
{
    return ring->early.state == PUCK_EARLY_FENCE ||
           ring->early.state == PUCK_EARLY_WAIT;
}

bool puck_early_passes(PuckRing *ring, uint32_t index)
{
    if (ring->early.state != PUCK_EARLY_WORK || ring->early.index != index) {
        return false;
    }
    ring->early.state = PUCK_EARLY_NONE;
    return true;
}

void puck_early_drop(PuckRing *ring)
{
    ring->early.state = PUCK_EARLY_NONE;
    ring->in_job = false;
    timer_del(ring->early.timer);
}

void puck_early_init(PuckRing *ring)
{
    ring->early.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, ring);
}

void puck_early_exit(PuckRing *ring)
{
    g_clear_pointer(&ring->early.timer, timer_free);
}
