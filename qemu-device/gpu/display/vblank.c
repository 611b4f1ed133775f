/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the work of a head.
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/cost.h"
#include "irq.h"
#include "latch.h"
#include "prepare.h"
#include "sample.h"
#include "timing.h"
#include "vblank.h"

static int64_t now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void arm_timer(PuckHead *head)
{
    if (!head->timer) {
        return;
    }
    if (puck_blanking_matters(head)) {
        timer_mod(head->timer, puck_clock_next(&head->clock, now()));
    } else {
        timer_del(head->timer);
    }
}

static bool is_dropped_by_rule(PuckHead *head, uint64_t count)
{
    PuckEvent ev = puck_head_frame_event(head, PUCK_SITE_DISPLAY_VBLANK,
                                         PUCK_ACT_BIT(PUCK_ACT_DROP), count);
    PuckVerdict verdict;

    return puck_mischief_ask(&ev, &verdict);
}

static bool may_flip(PuckHead *head, uint64_t count, int64_t time)
{
    return head->pending && puck_state_ready(&head->armed) &&
           puck_latch_may_flip(head, count, time);
}

/* What @head does at a blanking, which may be that of its takeover. */
static void look_at(PuckHead *head, uint64_t count, bool flipped)
{
    uint32_t cause = flipped ? PUCK_HEAD_IRQ_FLIP : 0;

    trace_puck_gpu_vblank(puck_gpu_name(head->gpu), head->index, count);
    if (head->clock.on) {
        puck_sample_begin(head, count, flipped);
    } else {
        puck_console_settle(head);
    }
    cause |= head->irq_enable & PUCK_HEAD_IRQ_VBLANK;
    if (cause) {
        puck_head_cause(head, cause);
    }
}

/* Blanking @count of a head that is on has begun. */
static void blanking(PuckHead *head, uint64_t count)
{
    int64_t time = puck_clock_time(&head->clock, now());
    bool flipped = false;

    head->seen = count;
    if (is_dropped_by_rule(head, count)) {
        return;
    }
    if (puck_head_sampling(head)) {
        /* No takeover, and no other frame, before that is over. */
        puck_head_cause(head, head->irq_enable & PUCK_HEAD_IRQ_VBLANK);
        return;
    }
    if (may_flip(head, count, time)) {
        puck_latch_flip(head, count, time);
        flipped = true;
    }
    look_at(head, count, flipped);
}

/* A head that is off takes over as soon as it can. */
static void flip_off(PuckHead *head)
{
    puck_latch_flip(head, head->clock.first, now());
    look_at(head, head->clock.first, true);
}

/* What of @head is not prepared, or NULL. */
static PuckHeadState *unprepared(PuckHead *head)
{
    if (!puck_state_ready(&head->shown)) {
        return &head->shown;
    }
    if (!puck_state_ready(&head->before)) {
        return &head->before;
    }
    return puck_state_ready(&head->armed) ? NULL : &head->armed;
}

/* False if there is nothing to be done now. */
static bool step(PuckHead *head, PuckHold *hold)
{
    uint64_t count = puck_clock_count(&head->clock, now());
    PuckHeadState *state = unprepared(head);

    if ((int64_t)(count - head->seen) > 0 && puck_blanking_matters(head)) {
        puck_hold_charge(hold, PUCK_COST_BLANKING);
        blanking(head, count);
    } else if (state) {
        puck_state_prepare(head, state, hold);
    } else if (puck_head_sampling(head)) {
        puck_sample_step(head, hold);
    } else if (head->pending && !head->clock.on) {
        puck_hold_charge(hold, PUCK_COST_BLANKING);
        flip_off(head);
    } else {
        return false;
    }
    return true;
}

/* A reset came out of the middle of a step. */
static void forget(PuckHead *head)
{
    puck_state_forget(&head->armed);
    puck_state_forget(&head->shown);
    puck_state_forget(&head->before);
    head->frame = (PuckFrame) { };
    head->dropped = false;
}

static bool run(void *opaque, PuckHold *hold)
{
    PuckHead *head = opaque;
    bool more = true;

    /* Which IOMMU translates, is known when the machine is complete. */
    puck_dma_init(&head->dma, &head->gpu->master);
    while (more && puck_hold_left(hold)) {
        head->stepping = true;
        puck_hold_charge(hold, PUCK_COST_STEP);
        more = step(head, hold);
        head->stepping = false;
        if (head->dropped) {
            forget(head);
            more = false;
        }
    }
    if (!more) {
        arm_timer(head);
    }
    return more;
}

static void timer_cb(void *opaque)
{
    puck_head_kick(opaque);
}

void puck_vblank_init(PuckHead *head)
{
    puck_work_init(&head->work, OBJECT(head->gpu), run, head);
    head->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, head);
}

void puck_vblank_exit(PuckHead *head)
{
    g_clear_pointer(&head->timer, timer_free);
    puck_work_cancel(&head->work);
}

void puck_vblank_reset(PuckHead *head)
{
    head->pending = false;
    head->clock = (PuckHeadClock) { };
    head->seen = 0;
    if (head->timer) {
        timer_del(head->timer);
    }
    puck_work_cancel(&head->work);
    puck_console_settle(head);
    if (head->stepping) {
        head->dropped = true;
    } else {
        forget(head);
    }
}
