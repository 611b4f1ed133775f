/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a ring that halted goes on behind the job that halted it. See
 * RING_CTRL.SKIP in section "Rings" of docs/specs/gpu.rst. All under the BQL.
 *
 * The head goes from command to command, each of them a step of the ring, so
 * that a long job is passed in several holds, and a machine that moves in the
 * middle goes on from there.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/cost.h"
#include "ring.h"

bool puck_skip_walks(const PuckRing *ring)
{
    return ring->skip.state != PUCK_SKIP_NONE;
}

void puck_skip_drop(PuckRing *ring)
{
    ring->skip.state = PUCK_SKIP_NONE;
}

/*
 * Of what the job did access by access nothing is left to go on with. What is
 * executed next is the first command of another.
 */
void puck_skip_begin(PuckRing *ring)
{
    ring->halted = 0;
    ring->in_job = false;
    puck_access_drop(&ring->access);
    ring->skip = (PuckSkip) { .state = PUCK_SKIP_BEGIN, .end = ring->tail };
}

/* A FENCE that a rule let come early is passed as well: it is over. */
static void pass(PuckRing *ring)
{
    puck_early_passes(ring, ring->head);
    ring->head = puck_ring_next(ring);
}

static void finish(PuckRing *ring)
{
    ring->skip.state = PUCK_SKIP_NONE;
    trace_puck_gpu_skip(puck_gpu_name(ring->gpu), ring->index, ring->skip.seqno,
                        ring->head);
}

/* Reading a command may turn the ring off: then the walk is over already. */
bool puck_skip_step(PuckRing *ring, PuckHold *hold)
{
    PuckSkip *skip = &ring->skip;
    struct puck_gpu_cmd raw;

    if (!puck_skip_walks(ring)) {
        return false;
    }
    if (ring->head == skip->end) {
        finish(ring);
        return true;
    }
    puck_hold_charge(hold, PUCK_COST_COMMAND);
    if (!puck_ring_read_head(ring, &raw)) {
        skip->state = PUCK_SKIP_NONE;
        return true;
    }
    if (!puck_skip_walks(ring)) {
        return true;
    }
    if (skip->state == PUCK_SKIP_BEGIN) {
        skip->state = PUCK_SKIP_WALK;
        skip->seqno = le32_to_cpu(raw.seqno);
    }
    if (le32_to_cpu(raw.seqno) == skip->seqno) {
        pass(ring);
    } else {
        finish(ring);
    }
    return true;
}

bool puck_skip_valid(const PuckRing *ring)
{
    return ring->skip.state < PUCK_SKIP_COUNT &&
           (!puck_skip_walks(ring) ||
            (ring->enabled && !(ring->halted & PUCK_HALT_COMMAND) &&
             ring->skip.end < puck_ring_size(ring)));
}
