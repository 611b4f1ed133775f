/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a frame is sampled.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/cost.h"
#include "buffer.h"
#include "compose.h"
#include "irq.h"
#include "prepare.h"
#include "sample.h"

/* The CRC of the picture is behind those of the planes. */
#define PICTURE     PUCK_DISPLAY_PLANES
#define CRC_START   0xffffffffu
#define OPAQUE      0xff000000u

void puck_sample_init(PuckHead *head)
{
    puck_compose_init(head);
    head->line = g_new(uint32_t, PUCK_DISPLAY_DIM_MAX_VALUE);
    head->written.bytes = (uint8_t *)head->line;
}

void puck_sample_free(PuckHead *head)
{
    puck_compose_free(head);
    g_free(head->line);
    puck_state_forget(&head->armed);
    puck_state_forget(&head->shown);
    puck_state_forget(&head->before);
}

/* Whether line @y is one that a rule has turned black. */
static bool is_black(const PuckHead *head, uint32_t y)
{
    return head->frame.underrun &&
           y >= puck_head_vdisplay(&head->shown.regs) / 2;
}

static const PuckHeadState *state_of_line(const PuckHead *head, uint32_t y)
{
    return head->frame.torn &&
           y < puck_head_vdisplay(&head->shown.regs) / 2 ? &head->before :
                                                           &head->shown;
}

static void begin_line(PuckHead *head)
{
    PuckFrame *f = &head->frame;

    f->phase = PUCK_FRAME_FETCH;
    f->row = 0;
    if (is_black(head, f->y)) {
        f->row = PUCK_HEAD_ROWS;
    } else {
        puck_compose_begin(head, state_of_line(head, f->y), f->y);
    }
}

static void ask_rules(PuckHead *head)
{
    PuckEvent ev = puck_head_frame_event(head, PUCK_SITE_DISPLAY_FRAME,
                                         PUCK_ACT_BIT(PUCK_ACT_UNDERRUN),
                                         head->frame.count);
    PuckVerdict verdict;

    ev.has |= PUCK_HAS_SEQNO;
    ev.seqno = head->frame.seqno;
    head->frame.underrun = puck_mischief_ask(&ev, &verdict);
    if (head->frame.underrun) {
        puck_head_cause(head, PUCK_HEAD_IRQ_UNDERRUN);
    }
}

void puck_sample_restart(PuckHead *head)
{
    PuckFrame *f = &head->frame;

    f->wb_failed = false;
    f->y = 0;
    f->end = puck_head_vdisplay(&head->shown.regs);
    for (unsigned i = 0; i < PUCK_HEAD_BUFFERS; i++) {
        f->crc[i] = CRC_START;
    }
    /* Whether there is memory for its picture is not known before. */
    puck_console_frame_begin(head, &f->y, &f->end);
    begin_line(head);
}

void puck_sample_begin(PuckHead *head, uint64_t count, bool flipped)
{
    PuckFrame *f = &head->frame;
    bool console = puck_console_wants(head, flipped);

    *f = (PuckFrame) {
        .count = count,
        .seqno = head->flip_seqno,
        .crc_ctrl = head->crc_ctrl,
        .writeback = flipped && (head->shown.regs.flags & PUCK_HEAD_WRITEBACK),
        .console = console,
        .torn = flipped && f->torn,
    };
    if (!f->crc_ctrl && !f->writeback && !f->console) {
        puck_state_forget(&head->before);
        f->torn = false;
        return;
    }
    ask_rules(head);
    puck_sample_restart(head);
}

/* CRC_CTRL has the picture first. */
static bool crc_wanted(const PuckFrame *f, unsigned i)
{
    return f->crc_ctrl & (i == PICTURE ? PUCK_HEAD_CRC_OF_PICTURE :
                                         PUCK_HEAD_CRC_OF_PLANE(i));
}

/* @pixels are little-endian already. */
static void add_crc(PuckFrame *f, unsigned i, const uint32_t *pixels,
                    uint32_t count, PuckHold *hold)
{
    if (crc_wanted(f, i) && count) {
        /* QEMU's ends a CRC with each call: this one goes on. */
        f->crc[i] = crc32c(f->crc[i], (const uint8_t *)pixels, 4 * count) ^
                    CRC_START;
        puck_hold_charge(hold, puck_cost_crc(4 * count));
    }
}

static void to_le(uint32_t *pixels, uint32_t count)
{
    if (HOST_BIG_ENDIAN) {
        for (uint32_t i = 0; i < count; i++) {
            pixels[i] = cpu_to_le32(pixels[i]);
        }
    }
}

/* The plane's pixels before they are laid over the others. */
static void plane_done(PuckHead *head, unsigned p, uint32_t count,
                       PuckHold *hold)
{
    to_le(head->pixels, count);
    add_crc(&head->frame, p, head->pixels, count, hold);
}

static void black_line(PuckHead *head, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++) {
        head->line[x] = OPAQUE;
    }
}

static void next_line(PuckHead *head)
{
    head->frame.y++;
    if (head->frame.y < head->frame.end) {
        begin_line(head);
    } else {
        head->frame.phase = PUCK_FRAME_NONE;
    }
}

/* Nobody but the console wants it, and it needs no composition. */
static bool copy_line(PuckHead *head, PuckHold *hold)
{
    PuckFrame *f = &head->frame;
    const void *line;

    if (f->crc_ctrl || f->writeback || is_black(head, f->y)) {
        return false;
    }
    line = puck_compose_copy(head, state_of_line(head, f->y), f->y);
    if (!line) {
        return false;
    }
    puck_console_line(head, f->y, line);
    puck_hold_charge(hold, PUCK_COST_LINE + puck_cost_bytes(
                     4 * puck_head_hdisplay(&head->shown.regs)));
    next_line(head);
    return true;
}

static void compose_line(PuckHead *head, PuckHold *hold)
{
    PuckFrame *f = &head->frame;
    uint32_t width = puck_head_hdisplay(&head->shown.regs);

    if (is_black(head, f->y)) {
        black_line(head, width);
    } else {
        puck_compose_line(head, state_of_line(head, f->y), f->y, plane_done,
                          hold);
    }
    puck_console_line(head, f->y, head->line);
    to_le(head->line, width);
    add_crc(f, PICTURE, head->line, width, hold);
    puck_hold_charge(hold, PUCK_COST_LINE + puck_cost_bytes(8 * width));
    if (!f->writeback) {
        next_line(head);
        return;
    }
    head->written.at = (uint64_t)f->y * head->shown.regs.wb_pitch;
    head->written.len = 4 * width;
    head->written.pos = 0;
    f->phase = PUCK_FRAME_WRITE;
}

static void publish_crcs(PuckHead *head)
{
    PuckFrame *f = &head->frame;

    head->crcs.count = f->count;
    head->crcs.seqno = f->seqno;
    for (unsigned i = 0; i < PUCK_HEAD_BUFFERS; i++) {
        head->crcs.crc[i] = crc_wanted(f, i) ? f->crc[i] ^ CRC_START : 0;
    }
    trace_puck_gpu_head_crc(puck_gpu_name(head->gpu), head->index, f->count,
                            head->crcs.crc[PICTURE]);
}

static void end_frame(PuckHead *head)
{
    PuckFrame *f = &head->frame;
    uint32_t cause = 0;

    if (f->crc_ctrl) {
        publish_crcs(head);
        cause |= PUCK_HEAD_IRQ_CRC;
    }
    if (f->writeback) {
        head->wb_result = f->wb_failed ? PUCK_HEAD_WB_FAULT :
                                         PUCK_HEAD_WB_DONE;
        head->wb_seqno = f->seqno;
        cause |= PUCK_HEAD_IRQ_WRITEBACK;
    }
    if (cause) {
        puck_head_cause(head, cause);
    }
    if (f->console) {
        puck_console_frame_end(head);
    }
    if (f->torn || f->underrun) {
        /* The next one shows what this one does not. */
        puck_console_damage_all(head);
        puck_state_forget(&head->before);
        f->torn = false;
        f->underrun = false;
    }
}

static void step_write(PuckHead *head, PuckHold *hold)
{
    bool ok = puck_buffer_write(head, &head->shown, PUCK_DISPLAY_BUFFER_WB,
                                &head->written, hold);

    if (head->dropped) {
        return;
    }
    head->frame.wb_failed |= !ok;
    if (head->written.pos == head->written.len) {
        next_line(head);
    }
}

/* The next row of the line that is not there yet; PUCK_HEAD_ROWS: all are. */
static unsigned next_row(const PuckHead *head)
{
    unsigned row = head->frame.row;

    while (row < PUCK_HEAD_ROWS && head->rows[row].pos == head->rows[row].len) {
        row++;
    }
    return row;
}

static void step_fetch(PuckHead *head, PuckHold *hold)
{
    PuckFrame *f = &head->frame;

    f->row = next_row(head);
    if (f->row < PUCK_HEAD_ROWS) {
        puck_buffer_read(head, state_of_line(head, f->y), f->row / 2,
                         &head->rows[f->row], hold);
    } else if (!copy_line(head, hold)) {
        compose_line(head, hold);
    }
}

void puck_sample_step(PuckHead *head, PuckHold *hold)
{
    if (head->frame.phase == PUCK_FRAME_WRITE) {
        step_write(head, hold);
    } else {
        step_fetch(head, hold);
    }
    if (!head->dropped && !puck_head_sampling(head)) {
        end_frame(head);
    }
}
