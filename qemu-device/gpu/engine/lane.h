/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what one thread does of a job.
 */
#ifndef PUCK_GPU_ENGINE_LANE_H
#define PUCK_GPU_ENGINE_LANE_H

#include "qemu/thread.h"
#include "hw/puck/endpoint/segments.h"
#include "hw/puck/gpu/core/fault.h"

typedef struct PuckJob PuckJob;

#define PUCK_LANES_MAX  8

typedef enum PuckLanePhase {
    PUCK_LANE_LISTS,            /* fetch and check the segment lists */
    PUCK_LANE_MOVE,
    PUCK_LANE_RESULT,           /* CRC32C: store it */
    PUCK_LANE_DONE,
} PuckLanePhase;

/* All but the gate, which job.h explains, is the thread's own. */
typedef struct PuckLane {
    PuckJob *job;
    unsigned index;             /* in the job */
    PuckLanePhase phase;
    PuckFault fault;            /* why it failed, when done */
    PuckCursor src;
    PuckCursor dst;
    uint64_t left;              /* bytes to move */
    uint32_t src_traced;        /* segments told to the trace */
    uint32_t dst_traced;
    uint64_t spent;             /* ns of cost.h, not charged yet */
    QemuMutex gate;
} PuckLane;

/* One step; the lane's phase tells whether it is done. */
void puck_lane_step(PuckLane *lane);
/* Shares the bytes of lane 0, which has not moved any, out to @n lanes. */
void puck_lane_share(PuckJob *job, unsigned n);
/* Frees what only steps of @job's lanes need. */
void puck_lane_cleanup(PuckJob *job);
/* Tells the trace of the segment of @piece, if it is the first of it. */
void puck_lane_trace(PuckLane *lane, bool is_write, const PuckPiece *piece);
/* The job fails at @piece of a list. */
void puck_lane_fail(PuckLane *lane, bool is_write, const PuckPiece *piece);

#endif /* PUCK_GPU_ENGINE_LANE_H */
