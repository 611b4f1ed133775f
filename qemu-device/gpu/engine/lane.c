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
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/cost.h"
#include "job.h"
#include "stream.h"

/* Transfers that no cache keeps anyway. */
#define STREAM_MIN      (4 * MiB)

/* FILL: the value over and over, a block of it from each phase. */
#define PATTERN_BLOCK   (16 * KiB)
#define PATTERN_SIZE    (PATTERN_BLOCK + sizeof(uint32_t))

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

static void move_fill(PuckLane *lane, const PuckRuns *to, uint64_t len)
{
    PuckCursor *cur = &lane->dst;
    unsigned phase = (cur->width - cur->in_row) % sizeof(uint32_t);

    for (const PuckRun *d = to->run; len; d++) {
        for (uint64_t at = 0; at < d->len && len; ) {
            uint64_t part = MIN(MIN(d->len - at, len), PATTERN_BLOCK);

            memcpy(d->host + at, lane->job->pattern + phase, part);
            phase = (phase + part) % sizeof(uint32_t);
            at += part;
            len -= part;
        }
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

static bool reads_src(const PuckJob *job)
{
    return job->src_segs;
}

/* CRC32C writes at its end only. */
static bool moves_dst(const PuckJob *job)
{
    return job->dst_segs && job->cmd.opcode != PUCK_GPU_CMD_CRC32C;
}

static void finish(PuckLane *lane)
{
    lane->phase = PUCK_LANE_DONE;
}

/*
 * @lane failed, so the lanes behind it need not go on. Another lane may have
 * said so of more of them already.
 */
static void fail(PuckLane *lane)
{
    unsigned *end = &lane->job->end;
    unsigned known = qatomic_read(end);

    finish(lane);
    while (lane->index < known) {
        known = qatomic_cmpxchg(end, known, lane->index);
    }
}

/* The start of the page of @piece, or of the segment if that is behind it. */
static uint64_t fault_addr(const PuckSeg *segs, const PuckPiece *piece)
{
    return MAX(segs[piece->desc].addr, piece->addr & ~0xfffull);
}

static uint8_t list_of(bool is_write)
{
    return is_write ? PUCK_GPU_ERR_LIST_DST : PUCK_GPU_ERR_LIST_SRC;
}

/* One trace event for each segment that is gone to. */
void puck_lane_trace(PuckLane *lane, bool is_write, const PuckPiece *piece)
{
    uint32_t *traced = is_write ? &lane->dst_traced : &lane->src_traced;
    const PuckSeg *segs = is_write ? lane->dst.segs : lane->src.segs;

    if (piece->desc >= *traced) {
        trace_puck_gpu_dma(puck_gpu_name(lane->job->gpu),
                           lane->job->from.ring_index, lane->job->cmd.seqno,
                           list_of(is_write), piece->desc,
                           segs[piece->desc].addr, segs[piece->desc].len);
        *traced = piece->desc + 1;
    }
}

/* The pieces of what was looked up, and the one that failed. */
static void trace_pieces(PuckLane *lane, bool is_write, const PuckRuns *runs)
{
    PuckCursor at = is_write ? lane->dst : lane->src;
    PuckPiece piece;

    if (!trace_event_get_state_backends(TRACE_PUCK_GPU_DMA)) {
        return;
    }
    /* As many pieces again at most, since a segment may be in several runs. */
    for (uint64_t left = runs->total; puck_cursor_piece(&at, left, &piece); ) {
        puck_lane_trace(lane, is_write, &piece);
        puck_cursor_advance(&at, piece.len);
        left -= piece.len;
    }
}

void puck_lane_fail(PuckLane *lane, bool is_write, const PuckPiece *piece)
{
    const PuckCursor *cur = is_write ? &lane->dst : &lane->src;
    const PuckCmd *cmd = &lane->job->cmd;
    bool by_va = (is_write ? &cmd->dst : &cmd->src)->by_va;

    fail(lane);
    puck_fault_set(&lane->fault,
                   is_write ? PUCK_GPU_ERR_DMA_WRITE : PUCK_GPU_ERR_DMA_READ,
                   list_of(is_write), by_va ? cmd->vm : piece->desc,
                   fault_addr(cur->segs, piece));
}

static bool look_up(PuckLane *lane, bool is_write, uint64_t max, PuckRuns *runs)
{
    const PuckCursor *cur = is_write ? &lane->dst : &lane->src;
    PuckPiece at;
    bool ok = puck_dma_look_up(&lane->job->dma, cur, max, is_write, runs,
                                   &at);

    lane->spent += (runs->pieces + runs->count) * PUCK_COST_PIECE;
    trace_pieces(lane, is_write, runs);
    if (!ok) {
        puck_lane_trace(lane, is_write, &at);
        puck_lane_fail(lane, is_write, &at);
    }
    return ok;
}

/* With the gate held. */
static bool may_move(PuckJob *job)
{
    return !qatomic_read(&job->stop) && !qatomic_read(&job->gpu->paused);
}

static void move_locked(PuckLane *lane, PuckRuns *from, PuckRuns *to,
                        uint64_t len)
{
    switch (lane->job->cmd.opcode) {
    case PUCK_GPU_CMD_FILL:
        move_fill(lane, to, len);
        break;
    case PUCK_GPU_CMD_CRC32C:
        move_crc(lane->job, from, len);
        break;
    default:
        move_copy(to, from, len, lane->job->stream);
        break;
    }
}

/* Moves both positions of a lane over bytes that are done, or not its own. */
static void advance_lane(PuckLane *lane, uint64_t len)
{
    if (reads_src(lane->job)) {
        puck_cursor_advance(&lane->src, len);
    }
    if (moves_dst(lane->job)) {
        puck_cursor_advance(&lane->dst, len);
    }
    lane->left -= len;
}

static void step_move(PuckLane *lane)
{
    PuckJob *job = lane->job;
    bool is_crc = job->cmd.opcode == PUCK_GPU_CMD_CRC32C;
    uint64_t len = MIN(lane->left, is_crc ? PUCK_CHUNK_CRC : PUCK_CHUNK);
    PuckRuns from, to;

    RCU_READ_LOCK_GUARD();
    if (reads_src(job)) {
        if (!look_up(lane, false, len, &from)) {
            return;
        }
        len = from.total;
    }
    if (moves_dst(job)) {
        if (!look_up(lane, true, len, &to)) {
            return;
        }
        len = to.total;
    }
    WITH_QEMU_LOCK_GUARD(&lane->gate) {
        if (!may_move(job)) {
            return;
        }
        move_locked(lane, &from, &to, len);
        if (moves_dst(job)) {
            puck_dma_written(&job->dma, &to, len);
        }
    }
    lane->spent += is_crc ? puck_cost_crc(len) : puck_cost_bytes(len);
    advance_lane(lane, len);
    if (!lane->left) {
        lane->phase = is_crc ? PUCK_LANE_RESULT : PUCK_LANE_DONE;
    }
}

static void step_result(PuckLane *lane)
{
    PuckJob *job = lane->job;
    uint32_t crc = cpu_to_le32(job->crc ^ UINT32_MAX);
    PuckRun result = { .host = (uint8_t *)&crc, .len = sizeof(crc) };
    PuckRuns from = { .count = 1, .total = sizeof(crc), .run[0] = result };
    PuckRuns to;

    RCU_READ_LOCK_GUARD();
    if (!look_up(lane, true, sizeof(crc), &to)) {
        return;
    }
    WITH_QEMU_LOCK_GUARD(&lane->gate) {
        if (!may_move(job)) {
            return;
        }
        move_copy(&to, &from, sizeof(crc), false);
        puck_dma_written(&job->dma, &to, sizeof(crc));
    }
    finish(lane);
}

/* The lists are there: what else the engine needs. */
static void begin_move(PuckLane *lane)
{
    PuckJob *job = lane->job;

    if (job->cmd.opcode == PUCK_GPU_CMD_FILL) {
        uint64_t size = MIN(job->cmd.dst.width, PATTERN_BLOCK) +
                        sizeof(uint32_t);

        job->pattern = g_malloc(PATTERN_SIZE);
        for (uint64_t i = 0; i < size; i += sizeof(uint32_t)) {
            stl_le_p(job->pattern + i, job->cmd.value);
        }
        lane->spent += puck_cost_bytes(size);
    }
    job->crc = UINT32_MAX;
    lane->left = puck_cursor_left(reads_src(job) ? &lane->src : &lane->dst);
    job->stream = lane->left >= STREAM_MIN;
    lane->phase = PUCK_LANE_MOVE;
}

/*
 * Not under the gate: lists and page tables are memory of the guest too, but
 * reading them harms nobody, and a stopped job is told so at its first chunk.
 */
static void step_lists(PuckLane *lane)
{
    if (!puck_lists_step(lane)) {
        fail(lane);
    } else if (lane->job->fetch.done) {
        begin_move(lane);
    }
}

void puck_lane_share(PuckJob *job, unsigned n)
{
    PuckLane *lane = &job->lanes[0];
    uint64_t part = ROUND_UP(lane->left / n, PUCK_CHUNK);

    while (job->num_lanes < n && lane->left > part) {
        PuckLane *next = &job->lanes[job->num_lanes++];

        next->phase = PUCK_LANE_MOVE;
        next->src = lane->src;
        next->dst = lane->dst;
        next->left = lane->left;
        advance_lane(next, part);
        /* Segments that it shares with the lane before are told by that. */
        next->src_traced = next->src.desc + !!next->src.offset;
        next->dst_traced = next->dst.desc + !!next->dst.offset;
        lane->left = part;
        lane = next;
    }
}

void puck_lane_step(PuckLane *lane)
{
    unsigned epoch = puck_dma_begin(&lane->job->dma);

    switch (lane->phase) {
    case PUCK_LANE_LISTS:
        step_lists(lane);
        break;
    case PUCK_LANE_MOVE:
        step_move(lane);
        break;
    case PUCK_LANE_RESULT:
        step_result(lane);
        break;
    case PUCK_LANE_DONE:
        break;
    }
    puck_dma_end(&lane->job->dma, epoch);
}

void puck_lane_cleanup(PuckJob *job)
{
    g_clear_pointer(&job->src_segs, g_free);
    g_clear_pointer(&job->dst_segs, g_free);
    g_clear_pointer(&job->pattern, g_free);
}
