/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: resets of the whole device, which a rule may let fail. See action
 * "reset-fails" in docs/specs/mischief.rst. Under the BQL.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/display/display.h"
#include "hw/puck/gpu/render3d/render.h"
#include "hw/puck/gpu/ring/ring.h"
#include "hw/puck/gpu/vm/mmu.h"
#include "reset.h"

void puck_gpu_reset_regs(PuckGpu *s)
{
    puck_errors_reset(&s->errors);
    puck_sources_reset(&s->sources);
    puck_display_reset(s);
    puck_mmu_reset(s->mmu);
    s->reset_rule = 0;
    puck_mischief_window_reset(&s->window);
    for (unsigned r = 0; r < s->num_rings; r++) {
        puck_ring_reset_regs(&s->rings[r]);
    }
}

static void reset_ctrl(PuckGpu *s)
{
    for (unsigned r = 0; r < s->num_rings; r++) {
        if (s->rings[r].resetting) {
            puck_ring_release_reset(&s->rings[r]);
        } else {
            puck_ring_reset(&s->rings[r]);
        }
    }
    puck_gpu_reset_regs(s);
}

void puck_gpu_reset_ctrl(PuckGpu *s)
{
    PuckEvent ev = puck_gpu_event(s, PUCK_SITE_DEVICE,
                                  PUCK_ACT_BIT(PUCK_ACT_RESET_FAILS));
    PuckVerdict verdict;

    if (s->reset_rule) {
        /* One is under way, and does not end. */
        return;
    }
    if (puck_mischief_ask(&ev, &verdict)) {
        s->reset_rule = verdict.rule;
    } else {
        reset_ctrl(s);
    }
}

void puck_gpu_release_reset(PuckGpu *s)
{
    s->reset_rule = 0;
    reset_ctrl(s);
}

void puck_gpu_kill_rings(PuckGpu *s)
{
    for (unsigned r = 0; r < s->num_rings; r++) {
        puck_ring_stop(&s->rings[r]);
    }
    puck_render_end_now(s->render);
    for (unsigned r = 0; r < s->num_rings; r++) {
        puck_ring_kill(&s->rings[r]);
    }
}
