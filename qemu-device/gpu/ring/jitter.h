/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the numbers behind JITTER, shared with the tests. See section
 * "Completion stage" of docs/specs/gpu.rst.
 */
#ifndef PUCK_GPU_RING_JITTER_H
#define PUCK_GPU_RING_JITTER_H

#include "hw/puck/common/splitmix.h"

/* A number from 0 to @jitter; none is drawn if that is 0. */
static inline uint64_t puck_jitter_draw(uint64_t *s, uint64_t jitter)
{
    return jitter ? puck_splitmix64(s) % (jitter + 1) : 0;
}

#endif /* PUCK_GPU_RING_JITTER_H */
