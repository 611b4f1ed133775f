/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: an operand by address is translated into what a list would have
 * said.
 *
 * From there on nothing differs: it is segments that were checked. It may be
 * long, and this may be under the BQL: so it is done in parts, a part a step.
 */
#ifndef PUCK_GPU_ENGINE_OPERAND_H
#define PUCK_GPU_ENGINE_OPERAND_H

#include "hw/puck/endpoint/segments.h"

typedef struct PuckLane PuckLane;

typedef struct PuckOperand {
    bool is_dst;
    uint64_t va;                /* of what comes next */
    uint64_t left;              /* bytes */
    uint32_t count;             /* segments that were made */
    PuckSeg *segs;              /* who began it frees them with g_free() */
} PuckOperand;

/*
 * Begins with the source or the destination of @lane's command. False if it
 * cannot be translated at all, and says so as the lane's fault.
 */
bool puck_operand_begin(PuckOperand *op, PuckLane *lane, bool is_dst);
/* One part. False as above; else it is done if nothing is left. */
bool puck_operand_step(PuckOperand *op, PuckLane *lane);

#endif /* PUCK_GPU_ENGINE_OPERAND_H */
