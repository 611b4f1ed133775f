/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: when blankings of a head begin.
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "timing.h"

#define TOTAL_SHIFT 16

static uint32_t vtotal(const PuckHeadRegs *regs)
{
    return regs->v >> TOTAL_SHIFT;
}

static bool dim_valid(uint32_t dim)
{
    return dim >= PUCK_DISPLAY_DIM_MIN_VALUE &&
           dim <= PUCK_DISPLAY_DIM_MAX_VALUE;
}

uint32_t puck_timing_period(const PuckHeadRegs *regs)
{
    uint32_t htotal = regs->h >> TOTAL_SHIFT;
    uint64_t period;

    if (!dim_valid(puck_head_hdisplay(regs)) ||
        !dim_valid(puck_head_vdisplay(regs)) ||
        htotal < puck_head_hdisplay(regs) ||
        vtotal(regs) <= puck_head_vdisplay(regs) || !regs->clock) {
        return 0;
    }
    /* 52 bits at most. */
    period = (uint64_t)htotal * vtotal(regs) * 1000000 / regs->clock;
    return period >= PUCK_DISPLAY_PERIOD_MIN_NS &&
           period <= PUCK_DISPLAY_PERIOD_MAX_NS ? period : 0;
}

bool puck_timing_same(const PuckHeadRegs *a, const PuckHeadRegs *b)
{
    return a->clock == b->clock && a->h == b->h && a->v == b->v;
}

/* Blankings since the clock's start. */
static uint64_t passed(const PuckHeadClock *clock, int64_t now)
{
    return clock->on && now > clock->start ?
           (now - clock->start) / clock->period : 0;
}

uint64_t puck_clock_count(const PuckHeadClock *clock, int64_t now)
{
    return clock->first + passed(clock, now);
}

int64_t puck_clock_time(const PuckHeadClock *clock, int64_t now)
{
    return clock->start + passed(clock, now) * clock->period;
}

int64_t puck_clock_next(const PuckHeadClock *clock, int64_t now)
{
    return puck_clock_time(clock, now) + clock->period;
}

uint32_t puck_clock_line(const PuckHeadClock *clock, const PuckHeadRegs *regs,
                         int64_t now)
{
    uint64_t ns;

    if (!clock->on) {
        return 0;
    }
    /* Less than a period, but for a clock that was loaded. */
    ns = MAX(now - puck_clock_time(clock, now), 0) % clock->period;
    return (puck_head_vdisplay(regs) + ns * vtotal(regs) / clock->period) %
           vtotal(regs);
}

bool puck_clock_valid(const PuckHeadClock *clock, const PuckHeadRegs *regs)
{
    /* Periods are added to it: far from the end of time. */
    return clock->on <= 1 && clock->start >= 0 &&
           clock->start < INT64_MAX / 2 &&
           (!clock->on || clock->period == puck_timing_period(regs));
}

bool puck_blanking_matters(const PuckHead *head)
{
    return head->clock.on &&
           ((head->irq_enable & PUCK_HEAD_IRQ_VBLANK) || head->pending ||
            head->crc_ctrl || head->console.asked);
}

void puck_blanking_touch(PuckHead *head)
{
    if (!puck_blanking_matters(head)) {
        head->seen = puck_clock_count(&head->clock,
                                      qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}
