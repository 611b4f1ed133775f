/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the segment lists of a command are fetched and checked. See section
 * "Segment lists" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "job.h"

/* They are converted where they lie. */
QEMU_BUILD_BUG_ON(sizeof(PuckSeg) != sizeof(struct puck_gpu_seg) ||
                  offsetof(PuckSeg, len) !=
                  offsetof(struct puck_gpu_seg, len) ||
                  offsetof(PuckSeg, flags) !=
                  offsetof(struct puck_gpu_seg, flags));
QEMU_BUILD_BUG_ON(PUCK_SEG_NONE != PUCK_GPU_ERR_DESC_NONE);

/* What errors call it. */
static const uint8_t reasons[PUCK_SEG_RULES] = {
    [PUCK_SEG_RESERVED] = PUCK_GPU_ERR_RESERVED,
    [PUCK_SEG_ZERO] = PUCK_GPU_ERR_SEG_ZERO,
    [PUCK_SEG_ONES] = PUCK_GPU_ERR_SEG_ONES,
    [PUCK_SEG_TOO_LONG] = PUCK_GPU_ERR_SEG_TOO_LONG,
    [PUCK_SEG_LOCAL] = PUCK_GPU_ERR_SEG_VRAM,
    [PUCK_SEG_WRAP] = PUCK_GPU_ERR_SEG_WRAP,
    [PUCK_SEG_LIST_SHORT] = PUCK_GPU_ERR_LIST_SHORT,
    [PUCK_SEG_LIST_READ] = PUCK_GPU_ERR_LIST_READ,
};

/* Whose turn it is. */
static const PuckExtent *extent_of(const PuckJob *job)
{
    return job->fetch.dst ? &job->cmd.dst : &job->cmd.src;
}

/* The job owns the segments as soon as there are any. */
static void begin_list(PuckJob *job)
{
    PuckListFetch *fetch = &job->fetch;
    const PuckExtent *e;

    fetch->dst = fetch->dst || !job->cmd.src.nsegs;
    e = extent_of(job);
    puck_list_begin(&fetch->list, e->list, e->nsegs);
    if (fetch->dst) {
        job->dst_segs = fetch->list.segs;
    } else {
        job->src_segs = fetch->list.segs;
    }
}

static void end_list(PuckLane *lane)
{
    PuckListFetch *fetch = &lane->job->fetch;
    const PuckExtent *e = extent_of(lane->job);

    puck_cursor_init(fetch->dst ? &lane->dst : &lane->src, fetch->list.segs,
                     e->width, e->pitch, e->rows);
    fetch->list = (PuckList) { };
    fetch->done = fetch->dst;
    fetch->dst = true;
}

static bool step_list(PuckLane *lane, PuckSegFault *fault)
{
    const PuckJob *job = lane->job;
    const PuckExtent *e = extent_of(job);
    PuckSegLimits limits = {
        .len_max = job->gpu->seg_len_max,
        .local = PUCK_GPU_SEG_VRAM,
        .local_size = job->gpu->vram_size,
    };

    return puck_list_step(&lane->job->fetch.list, &job->dma, &limits,
                          puck_rect_span(e->pitch, e->width, e->rows), fault);
}

bool puck_lists_step(PuckLane *lane)
{
    PuckListFetch *fetch = &lane->job->fetch;
    PuckSegFault fault;

    if (!fetch->list.nsegs) {
        begin_list(lane->job);
    }
    lane->spent += puck_list_cost(&fetch->list);
    if (!step_list(lane, &fault)) {
        return puck_fault_set(&lane->fault, reasons[fault.rule],
                              fetch->dst ? PUCK_GPU_ERR_LIST_DST :
                                           PUCK_GPU_ERR_LIST_SRC,
                              fault.desc, fault.addr);
    }
    if (fetch->list.done) {
        end_list(lane);
    }
    return true;
}
