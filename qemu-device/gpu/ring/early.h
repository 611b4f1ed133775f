/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a job whose fence comes before its commands are executed, as a rule
 * wants it. Under the BQL.
 */
#ifndef PUCK_GPU_RING_EARLY_H
#define PUCK_GPU_RING_EARLY_H

#include "qemu/timer.h"
#include "hw/puck/common/hold.h"
#include "hw/puck/gpu/engine/command.h"

typedef struct PuckRing PuckRing;

typedef enum PuckEarlyState {
    PUCK_EARLY_NONE,
    PUCK_EARLY_FENCE,           /* the fence is in the stage, the job waits */
    PUCK_EARLY_WAIT,            /* the fence is complete, the job waits */
    PUCK_EARLY_WORK,            /* the job's FENCE will be passed over */
    PUCK_EARLY_COUNT,
} PuckEarlyState;

typedef struct PuckEarly {
    uint32_t state;             /* PuckEarlyState */
    uint32_t rule;
    uint32_t index;             /* of the FENCE in the ring */
    uint32_t seqno;
    int64_t time;               /* from fence to job; PUCK_NO_TIME: released */
    int64_t until;              /* the job waits so long; or PUCK_NO_TIME */
    QEMUTimer *timer;
} PuckEarly;

void puck_early_init(PuckRing *ring);
void puck_early_exit(PuckRing *ring);
/* Forgets the job that waits or works. */
void puck_early_drop(PuckRing *ring);
/*
 * Asks the rules about the job that @cmd, which is at the head, begins. True if
 * the job shall wait for its fence.
 */
bool puck_early_begins(PuckRing *ring, const PuckCmd *cmd, PuckHold *hold);
/* The fence that the job waits for is complete. */
void puck_early_completed(PuckRing *ring);
void puck_early_release(PuckRing *ring, uint32_t rule);
/* Whether a job waits for its fence, or for the time behind it. */
bool puck_early_waits(const PuckRing *ring);
/* Whether the FENCE at @index has been in the stage already. Ends that. */
bool puck_early_passes(PuckRing *ring, uint32_t index);

#endif /* PUCK_GPU_RING_EARLY_H */
