/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the segment lists of a command are fetched and checked, and what
 * it names by address is translated. See sections "Segment lists" and "Operands
 * by address" of docs/specs/gpu.rst.
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

/* Whose turn it is. */
static const PuckExtent *extent_of(const PuckJob *job)
{
    return job->fetch.dst ? &job->cmd.dst : &job->cmd.src;
}

static PuckSeg *segs_of(const PuckJob *job)
{
    return extent_of(job)->by_va ? job->fetch.operand.segs :
                                   job->fetch.list.segs;
}

/* The job owns the segments as soon as there are any. */
static bool begin_list(PuckLane *lane)
{
    PuckJob *job = lane->job;
    PuckListFetch *fetch = &job->fetch;
    const PuckExtent *e;

    fetch->dst = fetch->dst || !job->cmd.src.nsegs;
    e = extent_of(job);
    if (!e->by_va) {
        puck_list_begin(&fetch->list, e->list, e->nsegs);
    } else if (!puck_operand_begin(&fetch->operand, lane, fetch->dst)) {
        return false;
    }
    if (fetch->dst) {
        job->dst_segs = segs_of(job);
    } else {
        job->src_segs = segs_of(job);
    }
    fetch->begun = true;
    return true;
}

static void end_list(PuckLane *lane)
{
    PuckListFetch *fetch = &lane->job->fetch;
    const PuckExtent *e = extent_of(lane->job);

    puck_cursor_init(fetch->dst ? &lane->dst : &lane->src, segs_of(lane->job),
                     e->width, e->pitch, e->rows);
    fetch->begun = false;
    fetch->done = fetch->dst;
    fetch->dst = true;
}

/* From now on as many segments count as there are. */
static void end_operand(PuckLane *lane)
{
    PuckListFetch *fetch = &lane->job->fetch;
    PuckCmd *cmd = &lane->job->cmd;

    (fetch->dst ? &cmd->dst : &cmd->src)->nsegs = fetch->operand.count;
    end_list(lane);
}

static bool step_operand(PuckLane *lane)
{
    PuckOperand *op = &lane->job->fetch.operand;

    if (!puck_operand_step(op, lane)) {
        return false;
    }
    if (!op->left) {
        end_operand(lane);
    }
    return true;
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

    if (!fetch->begun && !begin_list(lane)) {
        return false;
    }
    if (extent_of(lane->job)->by_va) {
        return step_operand(lane);
    }
    lane->spent += puck_list_cost(&fetch->list);
    if (!step_list(lane, &fault)) {
        return puck_fault_set(&lane->fault, puck_fault_of_list(fault.rule),
                              fetch->dst ? PUCK_GPU_ERR_LIST_DST :
                                           PUCK_GPU_ERR_LIST_SRC,
                              fault.desc, fault.addr);
    }
    if (fetch->list.done) {
        end_list(lane);
    }
    return true;
}
