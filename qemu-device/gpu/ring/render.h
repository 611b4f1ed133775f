/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: rings of the kind RENDER3D and their command in work. Under the
 * BQL.
 */
#ifndef PUCK_GPU_RING_RENDER_H
#define PUCK_GPU_RING_RENDER_H

#include "ring.h"

static inline bool puck_ring_is_render(const PuckRing *ring)
{
    return ring->index >= puck_render_first(ring->gpu);
}

/* The command at the head, which is @raw, is in work from here on. */
void puck_ring_begin_render(PuckRing *ring, const struct puck_gpu_cmd *raw);
/* What is next for it. False if it has to be waited for. */
bool puck_ring_step_render(PuckRing *ring, PuckHold *hold);
/* It is dropped, if there is one. */
void puck_ring_drop_render(PuckRing *ring);

#endif /* PUCK_GPU_RING_RENDER_H */
