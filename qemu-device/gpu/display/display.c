/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the display as a whole.
 */

#include "qemu/osdep.h"
#include "connector.h"
#include "display.h"
#include "head.h"
#include "irq.h"
#include "sample.h"
#include "timing.h"
#include "vblank.h"

void puck_display_new(PuckGpu *s)
{
    s->display = g_new0(PuckDisplay, 1);
    for (unsigned h = 0; h < PUCK_DISPLAY_HEADS_MAX; h++) {
        PuckHead *head = &s->display->heads[h];

        head->gpu = s;
        head->index = h;
        head->connected = true;
        puck_sample_init(head);
    }
}

void puck_display_free(PuckGpu *s)
{
    for (unsigned h = 0; h < PUCK_DISPLAY_HEADS_MAX; h++) {
        puck_sample_free(&s->display->heads[h]);
        puck_console_free(&s->display->heads[h]);
    }
    g_clear_pointer(&s->display, g_free);
}

bool puck_display_init(PuckGpu *s, Error **errp)
{
    for (unsigned h = 0; h < s->num_heads; h++) {
        if (!puck_connector_init(&s->display->heads[h],
                                 h ? NULL : s->edid, errp)) {
            return false;
        }
    }
    memory_region_set_log(&s->vram, true, DIRTY_MEMORY_VGA);
    for (unsigned h = 0; h < s->num_heads; h++) {
        puck_vblank_init(&s->display->heads[h]);
        puck_console_init(&s->display->heads[h]);
    }
    return true;
}

void puck_display_exit(PuckGpu *s)
{
    for (unsigned h = 0; h < s->num_heads; h++) {
        puck_vblank_exit(&s->display->heads[h]);
        puck_vblank_reset(&s->display->heads[h]);
        puck_console_exit(&s->display->heads[h]);
    }
}

void puck_display_reset(PuckGpu *s)
{
    s->display->result = 0;
    for (unsigned h = 0; h < s->num_heads; h++) {
        PuckHead *head = &s->display->heads[h];

        head->regs = (PuckHeadRegs) { };
        head->flip_count = 0;
        head->flip_time = 0;
        head->flip_seqno = 0;
        head->irq_status = 0;
        head->irq_enable = 0;
        head->crc_ctrl = 0;
        head->crcs = (PuckHeadCrcs) { };
        head->wb_result = 0;
        head->wb_seqno = 0;
        head->fault = (PuckHeadFault) { };
        head->changes = 0;
        puck_vblank_reset(head);
    }
}

unsigned puck_display_at_work(const PuckGpu *s)
{
    unsigned count = 0;

    for (unsigned h = 0; h < s->num_heads; h++) {
        const PuckHead *head = &s->display->heads[h];

        count += head->clock.on || head->pending;
    }
    return count;
}

void puck_display_pause(PuckGpu *s)
{
    for (unsigned h = 0; h < s->num_heads; h++) {
        puck_console_settle(&s->display->heads[h]);
    }
}

void puck_display_irq_enable(PuckGpu *s, unsigned h, uint32_t bits)
{
    PuckHead *head = &s->display->heads[h];

    puck_blanking_touch(head);
    puck_head_irq_enable(head, bits);
    puck_head_kick(head);
}

void puck_display_crc_ctrl(PuckGpu *s, unsigned h, uint32_t bits)
{
    PuckHead *head = &s->display->heads[h];

    puck_blanking_touch(head);
    head->crc_ctrl = bits;
    puck_head_kick(head);
}
