/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a ring that halted goes on behind the job that halted it. Under the
 * BQL.
 */
#ifndef PUCK_GPU_RING_SKIP_H
#define PUCK_GPU_RING_SKIP_H

#include "hw/puck/common/hold.h"

typedef struct PuckRing PuckRing;

typedef enum PuckSkipState {
    PUCK_SKIP_NONE,
    PUCK_SKIP_BEGIN,            /* which job is to be read yet */
    PUCK_SKIP_WALK,
    PUCK_SKIP_COUNT,
} PuckSkipState;

typedef struct PuckSkip {
    uint32_t state;             /* PuckSkipState */
    uint32_t seqno;             /* of the job, once that is known */
    uint32_t end;               /* RING_TAIL when SKIP was written */
} PuckSkip;

/* RING_CTRL.SKIP: @ring is halted by the command at its head, and no more. */
void puck_skip_begin(PuckRing *ring);
/* The ring is reset, or off: nothing is looked for any more. */
void puck_skip_drop(PuckRing *ring);
/* Passes one command. False if none is to be passed. */
bool puck_skip_step(PuckRing *ring, PuckHold *hold);
/* Whether the head is still on its way: nothing is executed. */
bool puck_skip_walks(const PuckRing *ring);
/* Whether a state that was loaded is a possible one of @ring. */
bool puck_skip_valid(const PuckRing *ring);

#endif /* PUCK_GPU_RING_SKIP_H */
