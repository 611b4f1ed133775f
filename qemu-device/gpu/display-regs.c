/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the registers of the display: as a whole, of a head, of a plane.
 * See common/regs.h, and section "Registers" of docs/specs/display.rst.
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/puck/gpu/display/connector.h"
#include "hw/puck/gpu/display/display.h"
#include "hw/puck/gpu/display/head.h"
#include "hw/puck/gpu/display/latch.h"
#include "hw/puck/gpu/display/timing.h"
#include "display-regs.h"

#define GPU(field)      offsetof(PuckGpu, field)
#define HEAD(field)     offsetof(PuckHead, field)
#define PLANE(field)    offsetof(PuckPlaneRegs, field)

#define ENABLE_BITS     (PUCK_HEAD_ENABLE | PUCK_HEAD_USE_GAMMA)
#define FLAG_BITS       (PUCK_HEAD_WRITEBACK | PUCK_HEAD_DAMAGE)

static void write_commit(void *object, unsigned n, uint64_t value)
{
    puck_latch_commit(object, value);
}

static uint64_t read_pending(void *object, unsigned n)
{
    return puck_latch_pending(object);
}

static uint64_t read_result(void *object, unsigned n)
{
    PuckGpu *s = object;

    return s->display->result;
}

static const PuckReg display_registers[] = {
    { PUCK_DISPLAY_HEADS, 4, GPU(num_heads) },
    { PUCK_DISPLAY_COMMIT, 4, PUCK_REG_NO_VALUE, .rw = UINT32_MAX,
      .write = write_commit },
    { PUCK_DISPLAY_PENDING, 4, PUCK_REG_NO_VALUE, .read = read_pending },
    { PUCK_DISPLAY_RESULT, 4, PUCK_REG_NO_VALUE, .read = read_result },
    { PUCK_DISPLAY_DIM_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_DISPLAY_DIM_MAX_VALUE },
};

static int64_t now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static uint64_t read_status(void *object, unsigned n)
{
    PuckHead *head = object;

    return (head->clock.on ? PUCK_HEAD_ON : 0) |
           (head->pending ? PUCK_HEAD_PENDING : 0) |
           (puck_head_sampling(head) ? PUCK_HEAD_SAMPLING : 0);
}

static uint64_t read_line(void *object, unsigned n)
{
    PuckHead *head = object;

    return puck_clock_line(&head->clock, &head->shown.regs, now());
}

static uint64_t read_vblank_count(void *object, unsigned n)
{
    PuckHead *head = object;

    return puck_clock_count(&head->clock, now());
}

static uint64_t read_vblank_time(void *object, unsigned n)
{
    PuckHead *head = object;

    return puck_clock_time(&head->clock, now());
}

static void write_irq_enable(void *object, unsigned n, uint64_t value)
{
    PuckHead *head = object;

    puck_display_irq_enable(head->gpu, head->index, value);
}

static uint64_t read_connector(void *object, unsigned n)
{
    PuckHead *head = object;

    return (head->connected ? PUCK_HEAD_CONNECTED : 0) | head->changes << 16;
}

static uint64_t read_edid_size(void *object, unsigned n)
{
    return puck_connector_edid_size(object);
}

static uint64_t read_edid(void *object, unsigned n)
{
    return puck_connector_edid(object, n);
}

static void write_crc_ctrl(void *object, unsigned n, uint64_t value)
{
    PuckHead *head = object;

    puck_display_crc_ctrl(head->gpu, head->index, value);
}

static const PuckReg head_registers[] = {
    { PUCK_HEAD_CTRL, 4, HEAD(regs.ctrl), .rw = ENABLE_BITS },
    { PUCK_HEAD_FLAGS, 4, HEAD(regs.flags), .rw = FLAG_BITS },
    { PUCK_HEAD_SEQNO, 4, HEAD(regs.seqno), .rw = UINT32_MAX },
    { PUCK_HEAD_CLOCK, 4, HEAD(regs.clock), .rw = UINT32_MAX },
    { PUCK_HEAD_H, 4, HEAD(regs.h), .rw = UINT32_MAX },
    { PUCK_HEAD_V, 4, HEAD(regs.v), .rw = UINT32_MAX },
    { PUCK_HEAD_BACKGROUND, 4, HEAD(regs.background),
      .rw = PUCK_HEAD_BACKGROUND_BITS },
    { PUCK_HEAD_DAMAGE_POS, 4, HEAD(regs.damage_pos), .rw = UINT32_MAX },
    { PUCK_HEAD_DAMAGE_SIZE, 4, HEAD(regs.damage_size), .rw = UINT32_MAX },
    { PUCK_HEAD_WB_SOURCE, 4, HEAD(regs.wb.source), .rw = UINT32_MAX },
    { PUCK_HEAD_WB_ARG, 4, HEAD(regs.wb.arg), .rw = UINT32_MAX },
    { PUCK_HEAD_WB_ADDR, 8, HEAD(regs.wb.addr), .rw = UINT64_MAX },
    { PUCK_HEAD_WB_PITCH, 4, HEAD(regs.wb_pitch), .rw = UINT32_MAX },
    { PUCK_HEAD_STATUS, 4, PUCK_REG_NO_VALUE, .read = read_status },
    { PUCK_HEAD_LINE, 4, PUCK_REG_NO_VALUE, .read = read_line },
    { PUCK_HEAD_VBLANK_COUNT, 8, PUCK_REG_NO_VALUE, .read = read_vblank_count },
    { PUCK_HEAD_VBLANK_TIME, 8, PUCK_REG_NO_VALUE, .read = read_vblank_time },
    { PUCK_HEAD_FLIP_COUNT, 8, HEAD(flip_count) },
    { PUCK_HEAD_FLIP_TIME, 8, HEAD(flip_time) },
    { PUCK_HEAD_FLIP_SEQNO, 4, HEAD(flip_seqno) },
    { PUCK_HEAD_IRQ_STATUS, 4, HEAD(irq_status), .w1c = PUCK_HEAD_IRQ_ALL },
    { PUCK_HEAD_IRQ_ENABLE, 4, HEAD(irq_enable), .rw = PUCK_HEAD_IRQ_ALL,
      .write = write_irq_enable },
    { PUCK_HEAD_CONNECTOR, 4, PUCK_REG_NO_VALUE, .read = read_connector },
    { PUCK_HEAD_EDID_SIZE, 4, PUCK_REG_NO_VALUE, .read = read_edid_size },
    { PUCK_HEAD_CRC_CTRL, 4, HEAD(crc_ctrl), .rw = PUCK_HEAD_CRC_ALL,
      .write = write_crc_ctrl },
    { PUCK_HEAD_CRC_COUNT, 8, HEAD(crcs.count) },
    { PUCK_HEAD_CRC_SEQNO, 4, HEAD(crcs.seqno) },
    { PUCK_HEAD_CRC_PICTURE, 4, HEAD(crcs.crc[PUCK_DISPLAY_PLANES]) },
    { PUCK_HEAD_CRC_PLANE(0), 4, HEAD(crcs.crc),
      .count = PUCK_DISPLAY_PLANES },
    { PUCK_HEAD_WB_RESULT, 4, HEAD(wb_result) },
    { PUCK_HEAD_WB_SEQNO, 4, HEAD(wb_seqno) },
    { PUCK_HEAD_FAULT_INFO, 4, HEAD(fault.info) },
    { PUCK_HEAD_FAULT_DESC, 4, HEAD(fault.desc) },
    { PUCK_HEAD_FAULTS, 4, HEAD(fault.faults) },
    { PUCK_HEAD_FAULT_ADDR, 8, HEAD(fault.addr) },
    { PUCK_HEAD_FAULT_COUNT, 8, HEAD(fault.count) },
    { PUCK_HEAD_EDID(0), 4, PUCK_REG_NO_VALUE, .count = PUCK_HEAD_EDID_WORDS,
      .read = read_edid },
    { PUCK_HEAD_GAMMA(0), 8, HEAD(regs.gamma), .count = PUCK_HEAD_GAMMA_SIZE,
      .rw = PUCK_HEAD_GAMMA_BITS },
};

static const PuckReg plane_registers[] = {
    { PUCK_PLANE_CTRL, 4, PLANE(ctrl), .rw = PUCK_PLANE_CTRL_ALL },
    { PUCK_PLANE_SOURCE, 4, PLANE(buffer.source), .rw = UINT32_MAX },
    { PUCK_PLANE_ADDR, 8, PLANE(buffer.addr), .rw = UINT64_MAX },
    { PUCK_PLANE_ARG, 4, PLANE(buffer.arg), .rw = UINT32_MAX },
    { PUCK_PLANE_PITCH, 4, PLANE(pitch), .rw = UINT32_MAX },
    { PUCK_PLANE_OFFSET, 8, PLANE(offset), .rw = UINT64_MAX },
    { PUCK_PLANE_UV_OFFSET, 8, PLANE(uv_offset), .rw = UINT64_MAX },
    { PUCK_PLANE_UV_PITCH, 4, PLANE(uv_pitch), .rw = UINT32_MAX },
    { PUCK_PLANE_SRC_X, 4, PLANE(src_x), .rw = UINT32_MAX },
    { PUCK_PLANE_SRC_Y, 4, PLANE(src_y), .rw = UINT32_MAX },
    { PUCK_PLANE_SRC_W, 4, PLANE(src_w), .rw = UINT32_MAX },
    { PUCK_PLANE_SRC_H, 4, PLANE(src_h), .rw = UINT32_MAX },
    { PUCK_PLANE_DST_X, 4, PLANE(dst_x), .rw = UINT32_MAX },
    { PUCK_PLANE_DST_Y, 4, PLANE(dst_y), .rw = UINT32_MAX },
    { PUCK_PLANE_DST_W, 4, PLANE(dst_w), .rw = UINT32_MAX },
    { PUCK_PLANE_DST_H, 4, PLANE(dst_h), .rw = UINT32_MAX },
};

static const PuckRegBlock display_block = {
    .regs = display_registers,
    .count = ARRAY_SIZE(display_registers),
};

static const PuckRegBlock head_block = {
    .regs = head_registers,
    .count = ARRAY_SIZE(head_registers),
};

static const PuckRegBlock plane_block = {
    .regs = plane_registers,
    .count = ARRAY_SIZE(plane_registers),
};

const PuckRegBlock *puck_gpu_display_block(PuckGpu *s, hwaddr addr,
                                           void **object, hwaddr *offset)
{
    hwaddr h = (addr - PUCK_HEAD(0)) / PUCK_HEAD_STRIDE;
    hwaddr p;
    PuckHead *head;

    if (addr < PUCK_HEAD(0)) {
        *object = s;
        *offset = addr;
        return &display_block;
    }
    if (h >= s->num_heads) {
        return NULL;
    }
    head = &s->display->heads[h];
    *offset = addr - PUCK_HEAD(h);
    if (*offset < PUCK_HEAD_PLANE(0) ||
        *offset >= PUCK_HEAD_PLANE(PUCK_DISPLAY_PLANES)) {
        *object = head;
        return &head_block;
    }
    p = (*offset - PUCK_HEAD_PLANE(0)) / PUCK_PLANE_STRIDE;
    *object = &head->regs.planes[p];
    *offset -= PUCK_HEAD_PLANE(p);
    return &plane_block;
}

bool puck_gpu_display_blocks_valid(void)
{
    return puck_regs_valid(&display_block) && puck_regs_valid(&head_block) &&
           puck_regs_valid(&plane_block);
}
