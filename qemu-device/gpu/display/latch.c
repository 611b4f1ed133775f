/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: commits.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/puck/common/trace.h"
#include "latch.h"
#include "plane.h"
#include "prepare.h"
#include "timing.h"

/* DAMAGE_POS, DAMAGE_SIZE: no rectangle leaves the picture. */
static bool damage_valid(const PuckHeadRegs *regs)
{
    uint32_t pos = regs->damage_pos, size = regs->damage_size;
    unsigned shift = ctz32(PUCK_HEAD_DAMAGE_Y);

    return !(regs->flags & PUCK_HEAD_DAMAGE) ||
           ((pos & PUCK_HEAD_DAMAGE_X) + (size & PUCK_HEAD_DAMAGE_X) <=
            puck_head_hdisplay(regs) &&
            (pos >> shift) + (size >> shift) <= puck_head_vdisplay(regs));
}

static uint8_t check_writeback(const PuckHeadRegs *regs,
                               const PuckBufferLimits *limits)
{
    uint32_t width = 4 * puck_head_hdisplay(regs);
    uint8_t result = puck_buffer_check_source(&regs->wb, limits);

    if (result) {
        return result;
    }
    if (regs->wb_pitch % 4 || regs->wb_pitch < width) {
        return PUCK_DISPLAY_BAD_PITCH;
    }
    return puck_buffer_check_extent(&regs->wb,
                                    puck_rect_span(regs->wb_pitch, width,
                                                   puck_head_vdisplay(regs)),
                                    limits);
}

uint8_t puck_latch_check(const PuckGpu *s, const PuckHeadRegs *regs,
                         unsigned *buffer)
{
    PuckBufferLimits limits = {
        .vram_size = s->vram_size, .num_vms = s->num_vms,
    };

    *buffer = PUCK_DISPLAY_BUFFER_NONE;
    if (!(regs->ctrl & PUCK_HEAD_ENABLE)) {
        return PUCK_DISPLAY_OK;
    }
    if (!puck_timing_period(regs)) {
        return PUCK_DISPLAY_BAD_MODE;
    }
    if (!damage_valid(regs)) {
        return PUCK_DISPLAY_BAD_DAMAGE;
    }
    for (unsigned b = 0; b < PUCK_HEAD_BUFFERS; b++) {
        uint8_t result;

        if (!puck_buffer_used(regs, b)) {
            continue;
        }
        *buffer = b;
        result = b == PUCK_DISPLAY_BUFFER_WB ?
                 check_writeback(regs, &limits) :
                 puck_plane_check(&regs->planes[b], b, &limits);
        if (result) {
            return result;
        }
    }
    return PUCK_DISPLAY_OK;
}

uint32_t puck_latch_pending(const PuckGpu *s)
{
    uint32_t heads = 0;

    for (unsigned h = 0; h < s->num_heads; h++) {
        heads |= (uint32_t)s->display->heads[h].pending << h;
    }
    return heads;
}

/* A head that is in the middle of being reset has no place for a commit. */
static bool is_busy(const PuckHead *head)
{
    return head->pending || head->dropped;
}

/* DISPLAY_RESULT of a COMMIT of @heads. */
static uint32_t check_all(PuckGpu *s, uint32_t heads)
{
    PuckHead *all = s->display->heads;
    unsigned h, buffer = PUCK_DISPLAY_BUFFER_NONE;
    uint8_t result = PUCK_DISPLAY_OK;

    if (!heads || heads >> s->num_heads) {
        return PUCK_DISPLAY_BAD_HEADS |
               buffer << ctz32(PUCK_DISPLAY_RESULT_BUFFER);
    }
    for (h = 0; h < s->num_heads && !result; h++) {
        result = (heads >> h & 1) && is_busy(&all[h]) ? PUCK_DISPLAY_BUSY : 0;
    }
    if (!result) {
        for (h = 0; h < s->num_heads && !result; h++) {
            if (heads >> h & 1) {
                result = puck_latch_check(s, &all[h].regs, &buffer);
            }
        }
    }
    return result ? result | (h - 1) << ctz32(PUCK_DISPLAY_RESULT_HEAD) |
                    buffer << ctz32(PUCK_DISPLAY_RESULT_BUFFER) : 0;
}

static void arm(PuckHead *head)
{
    puck_blanking_touch(head);
    head->armed.regs = head->regs;
    puck_state_begin(&head->armed, false);
    head->pending = true;
    head->flip_asked = false;
    head->flip_torn = false;
    head->flip_after = 0;
    head->regs.flags = 0;
    trace_puck_gpu_commit(puck_gpu_name(head->gpu), head->index,
                          head->armed.regs.seqno);
    puck_head_kick(head);
}

void puck_latch_commit(PuckGpu *s, uint32_t heads)
{
    uint32_t result = check_all(s, heads);

    s->display->result = result;
    if (result) {
        puck_gpu_guest_error("commit of heads 0x%x refused: 0x%x", heads,
                             result);
        return;
    }
    for (unsigned h = 0; h < s->num_heads; h++) {
        if (heads >> h & 1) {
            arm(&s->display->heads[h]);
        }
    }
}

/* Whether the frame behind the takeover is sampled in any case. */
static bool may_tear(const PuckHead *head)
{
    const PuckHeadRegs *regs = &head->armed.regs;

    return (regs->ctrl & PUCK_HEAD_ENABLE) &&
           puck_timing_same(regs, &head->shown.regs) &&
           (head->crc_ctrl || (regs->flags & PUCK_HEAD_WRITEBACK) ||
            head->console.asked || icount_enabled());
}

bool puck_latch_may_flip(PuckHead *head, uint64_t count, int64_t time)
{
    uint64_t can = PUCK_ACT_BIT(PUCK_ACT_DELAY) |
                   (may_tear(head) ? PUCK_ACT_BIT(PUCK_ACT_TORN) : 0);
    PuckVerdict verdict;
    PuckEvent ev;

    if (head->flip_asked) {
        return time >= head->flip_after;
    }
    head->flip_asked = true;
    ev = puck_head_frame_event(head, PUCK_SITE_DISPLAY_FLIP, can, count);
    ev.has |= PUCK_HAS_SEQNO;
    ev.seqno = head->armed.regs.seqno;
    if (!puck_mischief_ask(&ev, &verdict)) {
        return true;
    }
    if (verdict.action == PUCK_ACT_TORN) {
        head->flip_torn = true;
        return true;
    }
    head->flip_after = time + verdict.value;
    return !verdict.value;
}

/* The head's clock from @time on, as what is shown from now on says. */
static void set_clock(PuckHead *head, const PuckHeadRegs *before,
                      uint64_t count, int64_t time)
{
    const PuckHeadRegs *regs = &head->shown.regs;
    PuckHeadClock *clock = &head->clock;
    bool enable = regs->ctrl & PUCK_HEAD_ENABLE;

    if (clock->on && enable && puck_timing_same(before, regs)) {
        return;
    }
    if (clock->on || enable) {
        clock->first = clock->on ? count : count + 1;
        clock->start = time;
    }
    clock->on = enable;
    clock->period = puck_timing_period(regs);
    head->seen = clock->first;
    puck_console_damage_all(head);
}

void puck_latch_flip(PuckHead *head, uint64_t count, int64_t time)
{
    g_autofree PuckHeadRegs *before = g_memdup2(&head->shown.regs,
                                                sizeof(PuckHeadRegs));
    bool torn = head->flip_torn && head->clock.on;

    if (torn) {
        puck_state_move(&head->before, &head->shown);
    }
    puck_state_move(&head->shown, &head->armed);
    set_clock(head, before, count, time);
    puck_console_damage(head);
    head->frame.torn = torn;
    head->pending = false;
    head->flip_count = puck_clock_count(&head->clock, time);
    head->flip_time = time;
    head->flip_seqno = head->shown.regs.seqno;
    trace_puck_gpu_flip(puck_gpu_name(head->gpu), head->index,
                        head->flip_seqno, head->flip_count);
}
