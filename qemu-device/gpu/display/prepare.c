/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the segment lists of a commit.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/core/cost.h"
#include "irq.h"
#include "plane.h"
#include "prepare.h"
#include "timing.h"
#include "qemu/timer.h"

const PuckBufferName *puck_buffer_name(const PuckHeadRegs *regs, unsigned b)
{
    return b == PUCK_DISPLAY_BUFFER_WB ? &regs->wb : &regs->planes[b].buffer;
}

bool puck_buffer_used(const PuckHeadRegs *regs, unsigned b)
{
    if (!(regs->ctrl & PUCK_HEAD_ENABLE)) {
        return false;
    }
    return b == PUCK_DISPLAY_BUFFER_WB ? regs->flags & PUCK_HEAD_WRITEBACK :
                                         puck_plane_on(&regs->planes[b]);
}

static bool is_list(const PuckHeadRegs *regs, unsigned b)
{
    return puck_buffer_used(regs, b) &&
           puck_buffer_name(regs, b)->source == PUCK_PLANE_SOURCE_LIST;
}

void puck_state_begin(PuckHeadState *state, bool quiet)
{
    for (unsigned b = 0; b < PUCK_HEAD_BUFFERS; b++) {
        state->buffers[b] = (PuckBuffer) {
            .ready = !is_list(&state->regs, b), .quiet = quiet,
        };
    }
}

bool puck_state_ready(const PuckHeadState *state)
{
    for (unsigned b = 0; b < PUCK_HEAD_BUFFERS; b++) {
        if (!state->buffers[b].ready) {
            return false;
        }
    }
    return true;
}

static uint64_t extent_of(const PuckHeadRegs *regs, unsigned b)
{
    if (b < PUCK_DISPLAY_PLANES) {
        return puck_plane_extent(&regs->planes[b]);
    }
    return puck_rect_span(regs->wb_pitch, 4 * puck_head_hdisplay(regs),
                          puck_head_vdisplay(regs));
}

/* The list of @buf was read and is right. */
static void use_list(PuckBuffer *buf)
{
    uint64_t start = 0;

    buf->segs = g_steal_pointer(&buf->list.segs);
    buf->nsegs = buf->list.nsegs;
    buf->starts = g_new(uint64_t, buf->nsegs);
    for (uint32_t i = 0; i < buf->nsegs; i++) {
        buf->starts[i] = start;
        start += buf->segs[i].len;
    }
    buf->ready = true;
}

static void refuse_list(PuckHead *head, PuckBuffer *buf, unsigned b,
                        const PuckSegFault *wrong)
{
    PuckFault fault = {
        .reason = puck_fault_of_list(wrong->rule),
        .desc = wrong->desc,
        .addr = wrong->addr,
    };
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    g_clear_pointer(&buf->list.segs, g_free);
    buf->bad = true;
    buf->ready = true;
    if (!buf->quiet) {
        puck_head_fault(head, b, &fault, puck_clock_count(&head->clock, now));
    }
}

void puck_state_prepare(PuckHead *head, PuckHeadState *state, PuckHold *hold)
{
    const PuckBufferName *name;
    PuckSegLimits limits = {
        .len_max = head->gpu->seg_len_max,
        .local = PUCK_GPU_SEG_VRAM,
        .local_size = head->gpu->vram_size,
    };
    PuckSegFault wrong;
    PuckBuffer *buf;
    unsigned b = 0;
    bool ok;

    while (state->buffers[b].ready) {
        b++;
    }
    buf = &state->buffers[b];
    name = puck_buffer_name(&state->regs, b);
    if (!buf->list.nsegs) {
        puck_list_begin(&buf->list, name->addr, name->arg);
    }
    puck_hold_charge(hold, puck_list_cost(&buf->list));
    ok = puck_list_step(&buf->list, &head->dma, &limits,
                        extent_of(&state->regs, b), &wrong);
    if (head->dropped) {
        return;
    }
    if (!ok) {
        refuse_list(head, buf, b, &wrong);
    } else if (buf->list.done) {
        puck_hold_charge(hold, name->arg * PUCK_COST_SEG / 4);
        use_list(buf);
    }
}

void puck_state_forget(PuckHeadState *state)
{
    for (unsigned b = 0; b < PUCK_HEAD_BUFFERS; b++) {
        PuckBuffer *buf = &state->buffers[b];

        g_free(buf->list.segs);
        g_free(buf->segs);
        g_free(buf->starts);
        *buf = (PuckBuffer) { .ready = true };
    }
}

void puck_state_move(PuckHeadState *to, PuckHeadState *from)
{
    puck_state_forget(to);
    *to = *from;
    for (unsigned b = 0; b < PUCK_HEAD_BUFFERS; b++) {
        from->buffers[b] = (PuckBuffer) { .ready = true };
    }
}
