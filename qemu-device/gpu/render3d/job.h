/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one 3D command in work. Under the BQL.
 *
 * Its list is read, and what the list names is read or translated, a part a
 * step. Then the renderer is asked, and nothing happens until it has replied.
 * So a command is in work until what it says is drawn.
 *
 * A step may access guest memory, and so have the ring reset: the job is
 * dropped then, and the step's return says so.
 */
#ifndef PUCK_GPU_RENDER3D_JOB_H
#define PUCK_GPU_RENDER3D_JOB_H

#include "hw/puck/common/hold.h"
#include "hw/puck/endpoint/list.h"
#include "hw/puck/gpu/core/fault.h"
#include "render.h"

typedef enum PuckRenderPhase {
    PUCK_RENDER_BEGIN,
    PUCK_RENDER_LIST,           /* it is fetched and checked */
    PUCK_RENDER_TRANSLATE,      /* ATTACH: for writing, and that is kept */
    PUCK_RENDER_VERIFY,         /* a backing is translated as it was then */
    PUCK_RENDER_READ,           /* a stream */
    PUCK_RENDER_ASK,
    PUCK_RENDER_ASKED,
    PUCK_RENDER_WRITE,          /* a capset */
    PUCK_RENDER_DONE,
} PuckRenderPhase;

typedef enum PuckRenderStep {
    PUCK_RENDER_MORE,
    PUCK_RENDER_WAITS,          /* for the renderer, which wakes the ring */
    PUCK_RENDER_ENDED,
    PUCK_RENDER_DROPPED,        /* there is no job any more */
} PuckRenderStep;

struct PuckRenderJob {
    PuckRender *render;         /* with a reference to the device */
    unsigned ring;              /* of those of the kind */
    uint32_t index;             /* of the command in the ring */
    uint32_t seqno;
    bool advance;               /* moves RING_HEAD when done */
    struct puck_render_cmd cmd; /* little-endian */

    PuckRenderPhase phase;
    PuckFault fault;
    uint32_t epoch;             /* a renderer that is another one is none */
    uint32_t serial;            /* of the request */
    bool stepping;
    bool dropped;

    PuckDma dma;
    PuckList list;
    PuckCursor cursor;
    PuckBacking *backing;       /* ATTACH and transfers; a reference */
    uint32_t at_run;            /* VERIFY: the run that comes next, */
    uint64_t in_run;            /* and the byte in it */
    uint64_t at;                /* READ, WRITE: the byte that comes next */
    uint8_t *capset;            /* WRITE: what is written */
};

PuckRenderJob *puck_render_job_new(PuckRender *r, unsigned ring, uint32_t index,
                                   const struct puck_render_cmd *cmd);
PuckRenderStep puck_render_job_step(PuckRenderJob *job, PuckHold *hold);
/* How it ended. NULL: well. */
const PuckFault *puck_render_job_fault(const PuckRenderJob *job);
/* Frees it; one that is in a step, when it comes out of that. */
void puck_render_job_drop(PuckRenderJob *job);

/* What the renderer says of the request that it has of @job. */
void puck_render_job_replied(PuckRenderJob *job, const PuckWireReply *reply);

#endif /* PUCK_GPU_RENDER3D_JOB_H */
