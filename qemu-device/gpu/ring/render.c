/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: rings of the kind RENDER3D and their command in work.
 */

#include "qemu/osdep.h"
#include "render.h"

QEMU_BUILD_BUG_ON(offsetof(struct puck_render_cmd, seqno) !=
                  offsetof(struct puck_gpu_cmd, seqno));

void puck_ring_begin_render(PuckRing *ring, const struct puck_gpu_cmd *raw)
{
    PuckRender *render = ring->gpu->render;

    ring->render_job = puck_render_job_new(
        render, ring->index - puck_render_first(ring->gpu), ring->head,
        (const struct puck_render_cmd *)raw);
}

/* One from before the ring was turned off and on is not at the head. */
static void retire(PuckRing *ring)
{
    PuckRenderJob *job = ring->render_job;
    const PuckFault *fault = puck_render_job_fault(job);

    ring->render_job = NULL;
    if (fault) {
        puck_ring_halt(ring, job->advance ? PUCK_HALT_COMMAND : PUCK_HALT_OTHER,
                       job->seqno, job->index, fault);
    } else if (job->advance) {
        ring->head = puck_ring_next(ring);
    }
    puck_render_job_drop(job);
}

bool puck_ring_step_render(PuckRing *ring, PuckHold *hold)
{
    switch (puck_render_job_step(ring->render_job, hold)) {
    case PUCK_RENDER_WAITS:
        return false;
    case PUCK_RENDER_ENDED:
        retire(ring);
        return true;
    default:
        return true;
    }
}

void puck_ring_drop_render(PuckRing *ring)
{
    PuckRenderJob *job = ring->render_job;

    ring->render_job = NULL;
    if (job) {
        puck_render_job_drop(job);
    }
}
