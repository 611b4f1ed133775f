/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the engines: what is done to the bytes of a command. See section
 * "Commands" of docs/specs/gpu.rst.
 *
 * An engine sees runs of host memory only. That a transfer is a rectangle, or
 * lies in VRAM, is the business of cursors and of the look-up.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "qemu/lockable.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "job.h"
#include "stream.h"
#include "../trace.h"

/* Transfers that no cache keeps anyway. */
#define STREAM_MIN      (4 * MiB)

/* FILL: the value over and over, a chunk of it from each phase. */
#define PATTERN_SIZE    (PUCK_CHUNK + sizeof(uint32_t))

/* A position in runs. */
typedef struct RunPos {
    const PuckRun *run;
    const PuckRun *end;
    uint64_t offset;
} RunPos;

static RunPos run_start(const PuckRuns *runs)
{
    return (RunPos) { .run = runs->run, .end = runs->run + runs->count };
}

static void run_advance(RunPos *pos, uint64_t len)
{
    pos->offset += len;
    if (pos->offset == pos->run->len) {
        pos->run++;
        pos->offset = 0;
    }
}

/* What is copied from next, as a hint. */
static const uint8_t *run_next(const RunPos *pos)
{
    return pos->run + 1 < pos->end ? pos->run[1].host : pos->run->host;
}

/* The first @len bytes of @from to the first of @to. */
static void move_copy(const PuckRuns *to, const PuckRuns *from, uint64_t len,
                      bool stream)
{
    RunPos d = run_start(to), s = run_start(from);

    while (len) {
        uint64_t part = MIN(MIN(d.run->len - d.offset,
                                s.run->len - s.offset), len);
        uint8_t *dst = d.run->host + d.offset;
        const uint8_t *src = s.run->host + s.offset;

        if (stream && puck_stream_fits(dst, src, part)) {
            puck_stream_copy(dst, src, part, run_next(&s));
        } else {
            /* Lists may overlap: undefined bytes, but defined behaviour. */
            memmove(dst, src, part);
        }
        len -= part;
        run_advance(&d, part);
        run_advance(&s, part);
    }
    if (stream) {
        puck_stream_done();
    }
}

static void move_fill(PuckJob *job, const PuckRuns *to, uint64_t len)
{
    unsigned phase = (job->dst.width - job->dst.in_row) % sizeof(uint32_t);

    for (const PuckRun *d = to->run; len; d++) {
        uint64_t part = MIN(d->len, len);

        memcpy(d->host, job->pattern + phase, part);
        phase = (phase + part) % sizeof(uint32_t);
        len -= part;
    }
}

static void move_crc(PuckJob *job, const PuckRuns *from, uint64_t len)
{
    for (const PuckRun *s = from->run; len; s++) {
        uint64_t part = MIN(s->len, len);

        /* QEMU's function ends each call with the final xor. */
        job->crc = crc32c(job->crc, s->host, part) ^ UINT32_MAX;
        len -= part;
    }
}

static void finish(PuckJob *job)
{
    job->phase = PUCK_JOB_DONE;
}

/* The start of the page of @piece, or of the segment if that is behind it. */
static uint64_t fault_addr(const PuckSeg *segs, const PuckPiece *piece)
{
    return MAX(segs[piece->desc].addr, piece->addr & ~0xfffull);
}

static bool look_up(PuckJob *job, bool is_write, uint64_t max, PuckRuns *runs)
{
    const PuckCursor *cur = is_write ? &job->dst : &job->src;
    uint8_t list = is_write ? PUCK_GPU_ERR_LIST_DST : PUCK_GPU_ERR_LIST_SRC;
    PuckPiece at;

    if (puck_dma_look_up(&job->dma, cur, max, is_write, runs, &at)) {
        return true;
    }
    finish(job);
    return puck_fault_set(&job->fault,
                          is_write ? PUCK_GPU_ERR_DMA_WRITE :
                                     PUCK_GPU_ERR_DMA_READ,
                          list, at.desc, fault_addr(cur->segs, &at));
}

/* One trace event for each segment, when its first byte moves. */
static void trace_segments(PuckJob *job, uint8_t list, const PuckCursor *cur,
                           uint32_t *traced)
{
    while (*traced <= cur->desc) {
        const PuckSeg *seg = &cur->segs[*traced];

        trace_puck_gpu_dma(puck_gpu_name(job->gpu), job->ring_index,
                           job->cmd.seqno, list, *traced, seg->addr, seg->len);
        ++*traced;
    }
}

static void trace_dma(PuckJob *job)
{
    if (!trace_event_get_state_backends(TRACE_PUCK_GPU_DMA)) {
        return;
    }
    if (job->src_segs && job->phase == PUCK_JOB_MOVE) {
        trace_segments(job, PUCK_GPU_ERR_LIST_SRC, &job->src,
                       &job->src_traced);
    }
    if (job->dst_segs && (job->cmd.opcode != PUCK_GPU_CMD_CRC32C ||
                          job->phase == PUCK_JOB_RESULT)) {
        trace_segments(job, PUCK_GPU_ERR_LIST_DST, &job->dst,
                       &job->dst_traced);
    }
}

/* With the gate held. */
static bool may_move(PuckJob *job)
{
    return !qatomic_read(&job->stop) && !qatomic_read(&job->gpu->paused);
}

static void move_locked(PuckJob *job, PuckRuns *from, PuckRuns *to,
                        uint64_t len)
{
    switch (job->cmd.opcode) {
    case PUCK_GPU_CMD_FILL:
        move_fill(job, to, len);
        break;
    case PUCK_GPU_CMD_CRC32C:
        move_crc(job, from, len);
        break;
    default:
        move_copy(to, from, len, job->stream);
        break;
    }
}

static void advance(PuckCursor *cur, uint64_t len)
{
    PuckPiece piece;

    while (len && puck_cursor_piece(cur, len, &piece)) {
        puck_cursor_advance(cur, piece.len);
        len -= piece.len;
    }
}

static void step_move(PuckJob *job)
{
    bool reads = job->src_segs;
    bool writes = job->dst_segs && job->cmd.opcode != PUCK_GPU_CMD_CRC32C;
    PuckCursor *lead = reads ? &job->src : &job->dst;
    uint64_t len = PUCK_CHUNK;
    PuckRuns from, to;

    RCU_READ_LOCK_GUARD();
    if (reads) {
        if (!look_up(job, false, len, &from)) {
            return;
        }
        len = from.total;
    }
    if (writes) {
        if (!look_up(job, true, len, &to)) {
            return;
        }
        len = to.total;
    }
    WITH_QEMU_LOCK_GUARD(&job->gate) {
        if (!may_move(job)) {
            return;
        }
        trace_dma(job);
        move_locked(job, &from, &to, len);
        if (writes) {
            puck_dma_written(&job->dma, &to, len);
        }
    }
    if (reads) {
        advance(&job->src, len);
    }
    if (writes) {
        advance(&job->dst, len);
    }
    if (!puck_cursor_left(lead)) {
        job->phase = job->cmd.opcode == PUCK_GPU_CMD_CRC32C ?
                     PUCK_JOB_RESULT : PUCK_JOB_DONE;
    }
}

static void step_result(PuckJob *job)
{
    uint32_t crc = cpu_to_le32(job->crc ^ UINT32_MAX);
    PuckRun result = { .host = (uint8_t *)&crc, .len = sizeof(crc) };
    PuckRuns from = { .count = 1, .total = sizeof(crc), .run[0] = result };
    PuckRuns to;

    RCU_READ_LOCK_GUARD();
    if (!look_up(job, true, sizeof(crc), &to)) {
        return;
    }
    WITH_QEMU_LOCK_GUARD(&job->gate) {
        if (!may_move(job)) {
            return;
        }
        trace_dma(job);
        move_copy(&to, &from, sizeof(crc), false);
        puck_dma_written(&job->dma, &to, sizeof(crc));
    }
    finish(job);
}

/* Reads a list once, so that what was checked is what is used. */
static PuckSeg *fetch_list(PuckJob *job, const PuckExtent *e, uint8_t list)
{
    PuckSegLimits limits = {
        .len_max = job->gpu->seg_len_max,
        .vram_size = job->gpu->vram_size,
    };
    PuckSeg *segs = g_new(PuckSeg, e->nsegs);

    if (!puck_dma_read(job->gpu, e->list, segs, e->nsegs * sizeof(*segs))) {
        puck_fault_set(&job->fault, PUCK_GPU_ERR_LIST_READ, list,
                       PUCK_GPU_ERR_DESC_NONE, e->list);
        goto fail;
    }
    puck_segs_from_guest(segs, e->nsegs);
    if (!puck_segs_check(segs, e->nsegs, list, &limits,
                         puck_rect_span(e->pitch, e->width, e->rows),
                         &job->fault)) {
        goto fail;
    }
    return segs;

fail:
    g_free(segs);
    return NULL;
}

/*
 * Not under the gate: a list is memory of the guest too, but reading it harms
 * nobody, and a stopped job is told so at its first chunk.
 */
static void step_lists(PuckJob *job)
{
    const PuckExtent *src = &job->cmd.src, *dst = &job->cmd.dst;

    if (src->nsegs) {
        job->src_segs = fetch_list(job, src, PUCK_GPU_ERR_LIST_SRC);
        if (!job->src_segs) {
            finish(job);
            return;
        }
        puck_cursor_init(&job->src, job->src_segs, src->width, src->pitch,
                         src->rows);
    }
    if (dst->nsegs) {
        job->dst_segs = fetch_list(job, dst, PUCK_GPU_ERR_LIST_DST);
        if (!job->dst_segs) {
            finish(job);
            return;
        }
        puck_cursor_init(&job->dst, job->dst_segs, dst->width, dst->pitch,
                         dst->rows);
    }
    if (job->cmd.opcode == PUCK_GPU_CMD_FILL) {
        uint64_t size = MIN(dst->width, PUCK_CHUNK) + sizeof(uint32_t);

        job->pattern = g_malloc(PATTERN_SIZE);
        for (uint64_t i = 0; i < size; i += sizeof(uint32_t)) {
            stl_le_p(job->pattern + i, job->cmd.value);
        }
    }
    job->crc = UINT32_MAX;
    job->stream = dst->nsegs && puck_cursor_left(&job->dst) >= STREAM_MIN;
    job->phase = PUCK_JOB_MOVE;
}

void puck_engine_step(PuckJob *job)
{
    unsigned epoch = puck_dma_begin(&job->dma);

    switch (job->phase) {
    case PUCK_JOB_LISTS:
        step_lists(job);
        break;
    case PUCK_JOB_MOVE:
        step_move(job);
        break;
    case PUCK_JOB_RESULT:
        step_result(job);
        break;
    case PUCK_JOB_DONE:
        break;
    }
    puck_dma_end(&job->dma, epoch);
}

void puck_engine_cleanup(PuckJob *job)
{
    g_free(job->src_segs);
    g_free(job->dst_segs);
    g_free(job->pattern);
}
