/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the segment lists of a command are fetched and checked. See section
 * "Segment lists" of docs/specs/gpu.rst.
 *
 * A list is read once, so that what was checked is what is used, and wholly
 * before it is checked. It may be long, and this may be under the BQL: so both
 * are done in parts, a part a step.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/core/cost.h"
#include "job.h"

#define SEGS_A_STEP     2048

static PuckSeg **segs_of(PuckJob *job)
{
    return job->fetch.dst ? &job->dst_segs : &job->src_segs;
}

static uint8_t list_of(const PuckJob *job)
{
    return job->fetch.dst ? PUCK_GPU_ERR_LIST_DST : PUCK_GPU_ERR_LIST_SRC;
}

static bool read_part(PuckLane *lane, const PuckExtent *e, uint32_t count)
{
    PuckJob *job = lane->job;
    PuckSeg **segs = segs_of(job);
    PuckSeg *part;

    if (!*segs) {
        *segs = g_new(PuckSeg, e->nsegs);
    }
    part = *segs + job->fetch.at;
    /* A list that wraps past 2^64 is in no memory. */
    if (e->nsegs * sizeof(*part) - 1 > UINT64_MAX - e->list ||
        !puck_dma_read(&job->dma, e->list + job->fetch.at * sizeof(*part),
                       part, count * sizeof(*part))) {
        return puck_fault_set(&lane->fault, PUCK_GPU_ERR_LIST_READ,
                              list_of(job), PUCK_GPU_ERR_DESC_NONE, e->list);
    }
    puck_segs_from_guest(part, count);
    return true;
}

static bool check_part(PuckLane *lane, uint32_t count)
{
    PuckJob *job = lane->job;
    PuckSegLimits limits = {
        .len_max = job->gpu->seg_len_max,
        .vram_size = job->gpu->vram_size,
    };

    return puck_segs_check(*segs_of(job), job->fetch.at, count, list_of(job),
                           &limits, &job->fetch.total, &lane->fault);
}

/* A list was read, or was checked: what comes next. */
static bool end_pass(PuckLane *lane, const PuckExtent *e, PuckCursor *cur)
{
    PuckListFetch *fetch = &lane->job->fetch;

    fetch->at = 0;
    fetch->check = !fetch->check;
    if (fetch->check) {
        return true;
    }
    if (!puck_segs_suffice(fetch->total,
                           puck_rect_span(e->pitch, e->width, e->rows),
                           list_of(lane->job), &lane->fault)) {
        return false;
    }
    puck_cursor_init(cur, *segs_of(lane->job), e->width, e->pitch, e->rows);
    fetch->total = 0;
    fetch->done = fetch->dst;
    fetch->dst = true;
    return true;
}

bool puck_lists_step(PuckLane *lane)
{
    PuckListFetch *fetch = &lane->job->fetch;
    const PuckCmd *cmd = &lane->job->cmd;
    const PuckExtent *e;
    uint32_t count;

    fetch->dst = fetch->dst || !cmd->src.nsegs;
    e = fetch->dst ? &cmd->dst : &cmd->src;
    count = MIN(e->nsegs - fetch->at, SEGS_A_STEP);
    lane->spent += count * PUCK_COST_SEG / 2;
    if (fetch->check ? !check_part(lane, count) :
                       !read_part(lane, e, count)) {
        return false;
    }
    fetch->at += count;
    return fetch->at < e->nsegs ||
           end_pass(lane, e, fetch->dst ? &lane->dst : &lane->src);
}
