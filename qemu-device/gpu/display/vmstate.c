/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: migration of the display.
 *
 * A frame that is sampled begins again on the other side, and lists are read
 * again, which is why software leaves them as they are. What arrives is checked
 * like a COMMIT, since it may come from anywhere.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "latch.h"
#include "prepare.h"
#include "sample.h"
#include "timing.h"
#include "vmstate.h"

static const VMStateDescription vmstate_buffer = {
    .name = "puck-gpu/head/buffer",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(source, PuckBufferName),
        VMSTATE_UINT32(arg, PuckBufferName),
        VMSTATE_UINT64(addr, PuckBufferName),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_plane = {
    .name = "puck-gpu/head/plane",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(ctrl, PuckPlaneRegs),
        VMSTATE_UINT32(pitch, PuckPlaneRegs),
        VMSTATE_STRUCT(buffer, PuckPlaneRegs, 1, vmstate_buffer,
                       PuckBufferName),
        VMSTATE_UINT64(offset, PuckPlaneRegs),
        VMSTATE_UINT64(uv_offset, PuckPlaneRegs),
        VMSTATE_UINT32(uv_pitch, PuckPlaneRegs),
        VMSTATE_UINT32(src_x, PuckPlaneRegs),
        VMSTATE_UINT32(src_y, PuckPlaneRegs),
        VMSTATE_UINT32(src_w, PuckPlaneRegs),
        VMSTATE_UINT32(src_h, PuckPlaneRegs),
        VMSTATE_UINT32(dst_x, PuckPlaneRegs),
        VMSTATE_UINT32(dst_y, PuckPlaneRegs),
        VMSTATE_UINT32(dst_w, PuckPlaneRegs),
        VMSTATE_UINT32(dst_h, PuckPlaneRegs),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_regs = {
    .name = "puck-gpu/head/regs",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(ctrl, PuckHeadRegs),
        VMSTATE_UINT32(flags, PuckHeadRegs),
        VMSTATE_UINT32(seqno, PuckHeadRegs),
        VMSTATE_UINT32(clock, PuckHeadRegs),
        VMSTATE_UINT32(h, PuckHeadRegs),
        VMSTATE_UINT32(v, PuckHeadRegs),
        VMSTATE_UINT32(background, PuckHeadRegs),
        VMSTATE_UINT32(damage_pos, PuckHeadRegs),
        VMSTATE_UINT32(damage_size, PuckHeadRegs),
        VMSTATE_UINT32(wb_pitch, PuckHeadRegs),
        VMSTATE_STRUCT(wb, PuckHeadRegs, 1, vmstate_buffer, PuckBufferName),
        VMSTATE_STRUCT_ARRAY(planes, PuckHeadRegs, PUCK_DISPLAY_PLANES, 1,
                             vmstate_plane, PuckPlaneRegs),
        VMSTATE_UINT64_ARRAY(gamma, PuckHeadRegs, PUCK_HEAD_GAMMA_SIZE),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_clock = {
    .name = "puck-gpu/head/clock",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(on, PuckHeadClock),
        VMSTATE_UINT32(period, PuckHeadClock),
        VMSTATE_INT64(start, PuckHeadClock),
        VMSTATE_UINT64(first, PuckHeadClock),
        VMSTATE_END_OF_LIST()
    }
};

static bool is_sampling(void *opaque)
{
    return puck_head_sampling(opaque);
}

/* Where it was in its lines is not kept. */
static const VMStateDescription vmstate_frame = {
    .name = "puck-gpu/head/frame",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = is_sampling,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(frame.phase, PuckHead),
        VMSTATE_UINT64(frame.count, PuckHead),
        VMSTATE_UINT32(frame.seqno, PuckHead),
        VMSTATE_UINT32(frame.crc_ctrl, PuckHead),
        VMSTATE_BOOL(frame.writeback, PuckHead),
        VMSTATE_BOOL(frame.console, PuckHead),
        VMSTATE_BOOL(frame.torn, PuckHead),
        VMSTATE_BOOL(frame.underrun, PuckHead),
        VMSTATE_STRUCT(before.regs, PuckHead, 1, vmstate_regs, PuckHeadRegs),
        VMSTATE_END_OF_LIST()
    }
};

/* Reserved bits of registers are zero; the rest is for a COMMIT to judge. */
static bool regs_valid(const PuckHeadRegs *regs)
{
    for (unsigned i = 0; i < PUCK_HEAD_GAMMA_SIZE; i++) {
        if (regs->gamma[i] & ~PUCK_HEAD_GAMMA_BITS) {
            return false;
        }
    }
    for (unsigned p = 0; p < PUCK_DISPLAY_PLANES; p++) {
        if (regs->planes[p].ctrl & ~PUCK_PLANE_CTRL_ALL) {
            return false;
        }
    }
    return !(regs->ctrl & ~(PUCK_HEAD_ENABLE | PUCK_HEAD_USE_GAMMA)) &&
           !(regs->flags & ~(PUCK_HEAD_WRITEBACK | PUCK_HEAD_DAMAGE)) &&
           !(regs->background & ~PUCK_HEAD_BACKGROUND_BITS);
}

/* Whether a COMMIT could have brought it about. */
static bool state_valid(const PuckHead *head, const PuckHeadRegs *regs)
{
    unsigned buffer;

    return regs_valid(regs) && !puck_latch_check(head->gpu, regs, &buffer);
}

static bool shown_valid(const PuckHead *head)
{
    return puck_clock_valid(&head->clock, &head->shown.regs) &&
           state_valid(head, &head->shown.regs) &&
           (!head->clock.on || (head->shown.regs.ctrl & PUCK_HEAD_ENABLE));
}

static bool frame_valid(const PuckHead *head)
{
    const PuckFrame *f = &head->frame;

    if (!puck_head_sampling(head)) {
        return true;
    }
    return head->clock.on && f->phase <= PUCK_FRAME_WRITE &&
           !(f->crc_ctrl & ~PUCK_HEAD_CRC_ALL) &&
           (!f->writeback ||
            (head->shown.regs.flags & PUCK_HEAD_WRITEBACK)) &&
           (!f->torn ||
            (state_valid(head, &head->before.regs) &&
             (head->before.regs.ctrl & PUCK_HEAD_ENABLE) &&
             puck_timing_same(&head->before.regs, &head->shown.regs)));
}

static bool head_valid(const PuckHead *head)
{
    return regs_valid(&head->regs) && shown_valid(head) &&
           head->pending <= 1 &&
           (!head->pending || state_valid(head, &head->armed.regs)) &&
           frame_valid(head) && head->flip_after >= 0 &&
           !((head->irq_status | head->irq_enable) & ~PUCK_HEAD_IRQ_ALL) &&
           !(head->crc_ctrl & ~PUCK_HEAD_CRC_ALL) && head->connected <= 1 &&
           head->changes <= UINT16_MAX && head->edid_size <= PUCK_EDID_MAX &&
           head->edid_size % 4 == 0;
}

/* Lists are read again; of what is shown software knows what is wrong. */
static void begin_lists(PuckHead *head)
{
    if (head->clock.on) {
        puck_state_begin(&head->shown, true);
    }
    if (head->pending) {
        puck_state_begin(&head->armed, false);
    }
    if (puck_head_sampling(head) && head->frame.torn) {
        puck_state_begin(&head->before, true);
    }
}

static int head_post_load(void *opaque, int version_id)
{
    PuckHead *head = opaque;
    bool there = head->index < head->gpu->num_heads;

    if (!head_valid(head) || (!there && (head->clock.on || head->pending))) {
        error_report("puck-gpu: head %u: bad state", head->index);
        return -EINVAL;
    }
    if (!there) {
        return 0;
    }
    begin_lists(head);
    if (puck_head_sampling(head)) {
        puck_sample_restart(head);
    }
    if (head->clock.on) {
        puck_console_damage_all(head);
    }
    puck_head_kick(head);
    return 0;
}

static int head_pre_load(void *opaque)
{
    PuckHead *head = opaque;

    puck_state_forget(&head->shown);
    puck_state_forget(&head->armed);
    puck_state_forget(&head->before);
    head->frame = (PuckFrame) { };
    return 0;
}

static const VMStateDescription vmstate_head = {
    .name = "puck-gpu/head",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = head_pre_load,
    .post_load = head_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(regs, PuckHead, 1, vmstate_regs, PuckHeadRegs),
        VMSTATE_STRUCT(armed.regs, PuckHead, 1, vmstate_regs, PuckHeadRegs),
        VMSTATE_STRUCT(shown.regs, PuckHead, 1, vmstate_regs, PuckHeadRegs),
        VMSTATE_STRUCT(clock, PuckHead, 1, vmstate_clock, PuckHeadClock),
        VMSTATE_UINT32(pending, PuckHead),
        VMSTATE_BOOL(flip_asked, PuckHead),
        VMSTATE_BOOL(flip_torn, PuckHead),
        VMSTATE_INT64(flip_after, PuckHead),
        VMSTATE_UINT64(seen, PuckHead),
        VMSTATE_UINT64(flip_count, PuckHead),
        VMSTATE_INT64(flip_time, PuckHead),
        VMSTATE_UINT32(flip_seqno, PuckHead),
        VMSTATE_UINT32(irq_status, PuckHead),
        VMSTATE_UINT32(irq_enable, PuckHead),
        VMSTATE_UINT32(crc_ctrl, PuckHead),
        VMSTATE_UINT64(crcs.count, PuckHead),
        VMSTATE_UINT32(crcs.seqno, PuckHead),
        VMSTATE_UINT32_ARRAY(crcs.crc, PuckHead, PUCK_HEAD_BUFFERS),
        VMSTATE_UINT32(wb_result, PuckHead),
        VMSTATE_UINT32(wb_seqno, PuckHead),
        VMSTATE_UINT32(fault.info, PuckHead),
        VMSTATE_UINT32(fault.desc, PuckHead),
        VMSTATE_UINT32(fault.faults, PuckHead),
        VMSTATE_UINT64(fault.addr, PuckHead),
        VMSTATE_UINT64(fault.count, PuckHead),
        VMSTATE_UINT32(connected, PuckHead),
        VMSTATE_UINT32(changes, PuckHead),
        VMSTATE_UINT32(edid_size, PuckHead),
        VMSTATE_UINT8_ARRAY(edid, PuckHead, PUCK_EDID_MAX),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_frame,
        NULL
    }
};

const VMStateDescription vmstate_puck_display = {
    .name = "puck-gpu/display",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(result, PuckDisplay),
        VMSTATE_STRUCT_ARRAY(heads, PuckDisplay, PUCK_DISPLAY_HEADS_MAX, 1,
                             vmstate_head, PuckHead),
        VMSTATE_END_OF_LIST()
    }
};
