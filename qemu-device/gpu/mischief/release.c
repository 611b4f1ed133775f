/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: "release rule r": what the rule holds goes on. See section
 * "Releasing" of docs/specs/mischief.rst. Under the BQL.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/ring/ring.h"
#include "release.h"
#include "reset.h"

static void log_release(PuckGpu *s, PuckRing *ring, uint32_t rule)
{
    PuckEvent ev = ring ? puck_ring_event(ring, PUCK_SITE_DEVICE, 0) :
                          puck_gpu_event(s, PUCK_SITE_DEVICE, 0);

    puck_mischief_log_event(&ev, rule, "release");
}

static void release_ring(PuckRing *ring, uint32_t rule)
{
    if (ring->reset_rule == rule) {
        log_release(ring->gpu, ring, rule);
        puck_ring_release_reset(ring);
    }
    if (ring->stall.rule == rule) {
        puck_ring_release_stall(ring, "release");
    }
    puck_early_release(ring, rule);
    puck_fence_release(ring, rule);
    puck_ring_kick(ring);
}

static void released(Notifier *notifier, void *data)
{
    PuckGpu *s = container_of(notifier, PuckGpu, release);
    uint32_t rule = *(uint32_t *)data;

    if (s->gone.stall.rule == rule) {
        puck_gone_release(&s->gone, "release");
        return;
    }
    if (s->reset_rule == rule) {
        log_release(s, NULL, rule);
        puck_gpu_release_reset(s);
    }
    for (unsigned r = 0; r < s->num_rings; r++) {
        release_ring(&s->rings[r], rule);
    }
}

void puck_release_init(PuckGpu *s)
{
    puck_mischief_init();
    s->release.notify = released;
    puck_mischief_add_release_notifier(&s->release);
}

void puck_release_exit(PuckGpu *s)
{
    puck_mischief_remove_release_notifier(&s->release);
}
