/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the completion stage: fences that are late on purpose. Under the
 * BQL.
 */
#ifndef PUCK_GPU_RING_FENCE_H
#define PUCK_GPU_RING_FENCE_H

#include "hw/puck/common/hold.h"
#include "hw/puck/gpu/engine/command.h"

typedef struct PuckRing PuckRing;

/* The registers of the completion stage. */
typedef struct PuckStage {
    uint64_t start_delay;
    uint64_t delay;
    uint64_t jitter;
    uint64_t seed;
    uint32_t hold;
} PuckStage;

/* What a rule does to a fence in the completion stage. */
typedef enum PuckMark {
    PUCK_MARK_NONE,
    PUCK_MARK_DELAYED,          /* is to be logged when due */
    PUCK_MARK_HELD,
    PUCK_MARK_NEVER,
    PUCK_MARK_RINGS,            /* behind a fence of another ring */
    PUCK_MARK_WITHIN,           /* behind the next fence of the ring */
    PUCK_MARK_EARLY,            /* its job waits for it */
    PUCK_MARK_COUNT,
} PuckMark;

/* A fence in the completion stage. */
typedef struct PuckFence {
    int64_t due;                /* on the virtual clock */
    uint32_t seqno;
    uint16_t flags;             /* of its command */
    uint16_t index;             /* of its command in the ring */
    bool held;                  /* the trace was told that HOLD keeps it */
    bool let_go;                /* no rule holds it; that is to be logged */
    uint8_t mark;               /* PuckMark */
    uint32_t rule;              /* that marked it */
} PuckFence;

void puck_fence_init(PuckRing *ring);
void puck_fence_exit(PuckRing *ring);
/* Whether the stage has room for one more fence. */
bool puck_fence_room(const PuckRing *ring);
/* The fence of @cmd enters the stage. False if it fails, by a rule. */
bool puck_fence_enter(PuckRing *ring, const PuckCmd *cmd, uint32_t index);
/* The same for a fence whose job, marked by @rule, comes behind it. */
void puck_fence_enter_early(PuckRing *ring, const PuckCmd *cmd, uint32_t index,
                            uint32_t rule);
/*
 * Completes the fence that is next if it is due. False if there is none; then a
 * timer is set for it.
 */
bool puck_fence_step(PuckRing *ring, PuckHold *hold);
/* Forgets all fences of @ring. */
void puck_fence_drop(PuckRing *ring);
/* What @rule holds goes on with the next steps of the ring. */
void puck_fence_release(PuckRing *ring, uint32_t rule);
/* Whether HOLD alone keeps the first fence. */
bool puck_fence_holding(const PuckRing *ring);

/* Writes to the stage's registers. */
void puck_stage_set_time(uint64_t *reg, uint64_t ns);
void puck_stage_set_seed(PuckRing *ring, uint64_t seed);
void puck_stage_set_hold(PuckRing *ring, bool hold);
void puck_stage_release(PuckRing *ring, uint32_t count);

#endif /* PUCK_GPU_RING_FENCE_H */
