/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: memory of the guest that a 3D command names. See section "Backing"
 * of docs/specs/render3d.rst.
 *
 * The renderer writes into backings past QEMU, which is not told of it. That
 * makes a difference to migration, which is blocked meanwhile, and to code that
 * TCG has translated: a guest that has textures drawn over its code has to
 * write to it before it executes it.
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "hw/puck/gpu/core/cost.h"
#include "job.h"
#include "memory.h"

/* At most so many bytes are translated, or moved, in a step. */
#define BYTES_TRANSLATED    (256 * 1024)
#define BYTES_MOVED         (64 * 1024)

static uint8_t list_of(bool is_write)
{
    return is_write ? PUCK_GPU_ERR_LIST_DST : PUCK_GPU_ERR_LIST_SRC;
}

/* The page of @piece, or the segment's start if that is behind the page's. */
static bool fail_at(PuckRenderJob *job, uint8_t reason, bool is_write,
                    const PuckPiece *piece)
{
    const PuckSeg *seg = &job->cursor.segs[piece->desc];

    return puck_fault_set(&job->fault, reason, list_of(is_write), piece->desc,
                          MAX(seg->addr, piece->addr & ~0xfffull));
}

static bool look_up(PuckRenderJob *job, uint64_t max, bool is_write,
                    PuckRuns *runs, PuckPiece *piece, PuckHold *hold)
{
    bool ok = puck_dma_look_up(&job->dma, &job->cursor, max, is_write, runs,
                               piece);

    puck_hold_charge(hold, (runs->pieces + runs->count + 1) * PUCK_COST_PIECE);
    return ok || fail_at(job, is_write ? PUCK_GPU_ERR_DMA_WRITE :
                                         PUCK_GPU_ERR_DMA_READ, is_write,
                         piece);
}

void puck_memory_begin(PuckRenderJob *job)
{
    const PuckBacking *b = job->backing;

    puck_cursor_init(&job->cursor, b->segs, b->length, b->length, 1);
    job->at_run = 0;
    job->in_run = 0;
}

/* Where @run is in the guest's memory. False if it is in none of that. */
static bool place(const PuckRenderJob *job, const PuckRun *run,
                  PuckWireRun *placed)
{
    MemoryRegion *ram = job->render->process.ram;
    uint8_t *start = memory_region_get_ram_ptr(ram);

    *placed = (PuckWireRun) { .offset = run->host - start, .len = run->len };
    return run->mr == ram;
}

/* False if there would be too many. */
static bool add(PuckRenderJob *job, const PuckWireRun *run)
{
    const PuckObjects *o = &job->render->objects;
    GArray *runs = job->backing->runs;
    PuckWireRun *last = runs->len ? &g_array_index(runs, PuckWireRun,
                                                   runs->len - 1) : NULL;
    uint32_t limit = PUCK_RENDER_LIMIT_RUNS;

    if (last && last->offset + last->len == run->offset) {
        last->len += run->len;
        return true;
    }
    if (runs->len < PUCK_RENDER_RUNS_MAX_VALUE) {
        g_array_append_val(runs, *run);
        if (o->pieces + puck_backing_pieces(job->backing) <=
            PUCK_RENDER_PIECES_MAX_VALUE) {
            return true;
        }
        limit = PUCK_RENDER_LIMIT_PIECES;
    }
    return puck_fault_set(&job->fault, PUCK_RENDER_ERR_LIMIT,
                          PUCK_GPU_ERR_LIST_NONE, limit, 0);
}

/* Whether @run is what the backing goes on with; moves behind it. */
static bool is_next(PuckRenderJob *job, const PuckWireRun *run)
{
    const GArray *runs = job->backing->runs;
    uint64_t offset = run->offset, left = run->len;

    while (left && job->at_run < runs->len) {
        const PuckWireRun *held = &g_array_index(runs, PuckWireRun,
                                                 job->at_run);
        uint64_t part = MIN(held->len - job->in_run, left);

        if (held->offset + job->in_run != offset) {
            return false;
        }
        offset += part;
        left -= part;
        job->in_run += part;
        if (job->in_run == held->len) {
            job->at_run++;
            job->in_run = 0;
        }
    }
    return !left;
}

/* A part of the backing; @use is given each run of it. */
static bool translate(PuckRenderJob *job, bool is_write, PuckHold *hold,
                      bool (*use)(PuckRenderJob *, const PuckWireRun *))
{
    PuckCursor at = job->cursor;
    PuckWireRun placed;
    PuckPiece piece;
    PuckRuns runs;

    RCU_READ_LOCK_GUARD();
    if (!look_up(job, BYTES_TRANSLATED, is_write, &runs, &piece, hold)) {
        return false;
    }
    for (unsigned i = 0; i < runs.count; i++) {
        if (!place(job, &runs.run[i], &placed) || !use(job, &placed)) {
            puck_cursor_piece(&at, 1, &piece);
            return job->fault.reason ? false :
                   fail_at(job, PUCK_RENDER_ERR_BACKING, is_write, &piece);
        }
        puck_cursor_advance(&at, placed.len);
    }
    puck_cursor_advance(&job->cursor, runs.total);
    return true;
}

bool puck_memory_translate(PuckRenderJob *job, PuckHold *hold)
{
    if (!translate(job, true, hold, add)) {
        return false;
    }
    if (!puck_cursor_left(&job->cursor)) {
        puck_memory_begin(job);
        job->phase = PUCK_RENDER_VERIFY;
    }
    return true;
}

bool puck_memory_verify(PuckRenderJob *job, PuckHold *hold)
{
    bool is_write = le16_to_cpu(job->cmd.opcode) == PUCK_RENDER_CMD_FROM_HOST;

    if (!translate(job, is_write, hold, is_next)) {
        return false;
    }
    if (!puck_cursor_left(&job->cursor)) {
        job->phase = PUCK_RENDER_ASK;
    }
    return true;
}

/* The next bytes of the job's list. @moved says how many. */
static bool move(PuckRenderJob *job, bool is_write, uint8_t *bytes,
                 uint64_t *moved, PuckHold *hold)
{
    unsigned epoch;
    PuckPiece piece;
    PuckRuns runs;
    bool ok;

    RCU_READ_LOCK_GUARD();
    epoch = puck_dma_begin(&job->dma);
    ok = look_up(job, BYTES_MOVED, is_write, &runs, &piece, hold);
    if (ok) {
        puck_runs_copy(&runs, bytes, is_write);
    }
    puck_dma_end(&job->dma, epoch);
    if (!ok) {
        return false;
    }
    if (is_write) {
        puck_dma_written(&job->dma, &runs, runs.total);
    }
    puck_hold_charge(hold, puck_cost_bytes(runs.total));
    puck_cursor_advance(&job->cursor, runs.total);
    *moved = runs.total;
    return true;
}

bool puck_memory_read(PuckRenderJob *job, PuckHold *hold)
{
    uint8_t *area = puck_process_area(&job->render->process, job->ring);
    uint64_t moved;

    if (!move(job, false, area + job->at, &moved, hold)) {
        return false;
    }
    job->at += moved;
    if (!puck_cursor_left(&job->cursor)) {
        job->phase = PUCK_RENDER_ASK;
    }
    return true;
}

bool puck_memory_write(PuckRenderJob *job, PuckHold *hold)
{
    uint64_t moved;

    if (!move(job, true, job->capset + job->at, &moved, hold)) {
        return false;
    }
    job->at += moved;
    if (!puck_cursor_left(&job->cursor)) {
        job->phase = PUCK_RENDER_DONE;
    }
    return true;
}

uint32_t puck_memory_tell(PuckRenderJob *job, PuckHold *hold)
{
    const GArray *runs = job->backing->runs;
    size_t size = runs->len * sizeof(PuckWireRun);

    memcpy(puck_process_area(&job->render->process, job->ring), runs->data,
           size);
    puck_hold_charge(hold, puck_cost_bytes(size));
    return runs->len;
}
