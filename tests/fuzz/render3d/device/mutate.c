/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-gpu's 3D: requests as commands with lists in the guest's
 * memory, and what may be wrong with these.
 */

#include <string.h>
#include "device.h"

#define PIECES_MAX  6

static uint64_t reserve(Rng *r, Arena *arena, uint32_t bytes, uint32_t align)
{
    uint64_t at;

    arena->used = (arena->used + align - 1) / align * align;
    if (arena->used + bytes > ARENA_BYTES) {
        arena->used = 0;
    }
    at = ARENA_AT + arena->used;
    arena->used += bytes + (rng_once_in(r, 2) ? rng_below(r, 5000) : 0);
    return at;
}

static struct puck_gpu_seg *segs_of(Step *step)
{
    return (struct puck_gpu_seg *)step->list;
}

static void put_list(Rng *r, Arena *arena, Step *step, uint32_t nsegs,
                     uint64_t length)
{
    step->head.list_bytes = nsegs * sizeof(struct puck_gpu_seg);
    step->head.list_at = reserve(r, arena, step->head.list_bytes,
                                 sizeof(struct puck_gpu_seg));
    step->head.cmd.io.list = step->head.list_at;
    step->head.cmd.io.nsegs = nsegs;
    step->head.cmd.io.length = length;
}

static void put_pieces(Rng *r, Arena *arena, Step *step, uint64_t at,
                       uint32_t bytes)
{
    struct puck_gpu_seg *segs = segs_of(step);
    uint32_t n = 0, left = bytes;

    while (left) {
        uint32_t len = n == PIECES_MAX - 1 || rng_once_in(r, 2) ? left :
                       1 + rng_below(r, left);

        segs[n++] = (struct puck_gpu_seg) { .addr = at, .len = len };
        at += len;
        left -= len;
    }
    put_list(r, arena, step, n, bytes);
}

static void put_backing(Rng *r, Arena *arena, Step *step,
                        const PuckWireRun *runs, uint32_t count)
{
    uint64_t length = 0;

    for (uint32_t i = 0; i < count; i++) {
        segs_of(step)[i] = (struct puck_gpu_seg) {
            .addr = BACKINGS_AT + runs[i].offset, .len = runs[i].len,
        };
        length += runs[i].len;
    }
    put_list(r, arena, step, count, length);
}

static void put_stream(Rng *r, Arena *arena, Step *step, const uint8_t *stream,
                       uint32_t bytes)
{
    step->head.data_bytes = bytes;
    step->head.data_at = reserve(r, arena, bytes, 1);
    memcpy(step->data, stream, bytes);
    put_pieces(r, arena, step, step->head.data_at, bytes);
}

static void put_fields(struct puck_render_cmd *cmd, const PuckWireRequest *q)
{
    switch (q->op) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        cmd->create_ctx.capset = PUCK_RENDER_CAPSET_VIRGL2;
        memcpy(cmd->create_ctx.name, q->name, PUCK_RENDER_NAME_SIZE);
        break;
    case PUCK_RENDER_CMD_RES_CREATE:
        memcpy(&cmd->create_res, q->arg, sizeof(q->arg));
        break;
    case PUCK_RENDER_CMD_RES_UNTYPED:
        cmd->untyped.length = q->length;
        break;
    case PUCK_RENDER_CMD_TO_HOST:
    case PUCK_RENDER_CMD_FROM_HOST:
        cmd->transfer.offset = q->offset;
        memcpy(&cmd->transfer.x, q->arg, 9 * sizeof(*q->arg));
        break;
    case PUCK_RENDER_CMD_CAPSET:
        cmd->io.capset = q->arg[0];
        cmd->io.version = q->arg[1];
        break;
    }
}

static bool has_ctx(uint32_t op)
{
    return op != PUCK_RENDER_CMD_RES_CREATE &&
           op != PUCK_RENDER_CMD_RES_DESTROY &&
           op != PUCK_RENDER_CMD_RES_UNTYPED &&
           op != PUCK_RENDER_CMD_ATTACH && op != PUCK_RENDER_CMD_DETACH &&
           op != PUCK_RENDER_CMD_CAPSET;
}

static bool has_resource(uint32_t op)
{
    return op != PUCK_RENDER_CMD_CTX_CREATE &&
           op != PUCK_RENDER_CMD_CTX_DESTROY &&
           op != PUCK_RENDER_CMD_SUBMIT && op != PUCK_RENDER_CMD_CAPSET;
}

void step_of_request(Rng *r, Arena *arena, const PuckWireRequest *q,
                     const uint8_t *area, Step *step)
{
    struct puck_render_cmd *cmd = &step->head.cmd;
    uint32_t room;

    cmd->opcode = q->op;
    cmd->seqno = q->serial;
    cmd->ctx = has_ctx(q->op) ? q->ctx : 0;
    cmd->resource = has_resource(q->op) ? q->resource : 0;
    put_fields(cmd, q);
    switch (q->op) {
    case PUCK_RENDER_CMD_ATTACH:
        put_backing(r, arena, step, (const PuckWireRun *)area, q->count);
        break;
    case PUCK_RENDER_CMD_SUBMIT:
        put_stream(r, arena, step, area, q->length);
        break;
    case PUCK_RENDER_CMD_CAPSET:
        room = sizeof(struct puck_render_capset) + rng_below(r, 4096);
        put_pieces(r, arena, step, reserve(r, arena, room, 1), room);
        break;
    }
}

/* Of what is no memory, of its end, of the guest's own rings and lists. */
static uint64_t odd_address(Rng *r)
{
    static const uint64_t odd[] = {
        0, 8, 0xa0000, RINGS_AT, ARENA_AT, ARENA_AT + 4, RAM_BYTES - 4,
        RAM_BYTES - 16, RAM_BYTES, PCI_REGS, 0xe8200000, 0xfee00000,
        0x8000000000ull, ~0ull, ~15ull, 1ull << 63,
    };
    uint64_t at = odd[rng_below(r, sizeof(odd) / sizeof(*odd))];

    return rng_once_in(r, 4) ? at + rng_below(r, 64) : at;
}

static void mutate_list(Rng *r, Step *step)
{
    struct puck_render_io *io = &step->head.cmd.io;

    switch (rng_below(r, 4)) {
    case 0:
        io->list = odd_address(r);
        break;
    case 1:
        io->list += 1 + rng_below(r, 16);
        break;
    case 2:
        io->nsegs = rng_once_in(r, 2) ? rng_odd(r) : io->nsegs + 1;
        break;
    case 3:
        io->length = rng_once_in(r, 2) ? rng_odd(r) : io->length +
                     rng_below(r, 9) - 4;
        break;
    }
}

static void mutate_seg(Rng *r, Step *step)
{
    uint32_t n = step->head.list_bytes / sizeof(struct puck_gpu_seg);
    struct puck_gpu_seg *seg = &segs_of(step)[rng_below(r, n)];

    switch (rng_below(r, 4)) {
    case 0:
        seg->addr = odd_address(r);
        break;
    case 1:
        seg->addr = ARENA_AT + rng_below(r, ARENA_BYTES);
        break;
    case 2:
        seg->len = rng_odd(r);
        break;
    case 3:
        seg->flags = rng_once_in(r, 2) ? 1 : rng_next(r);
        break;
    }
}

static void mutate_field(Rng *r, struct puck_render_cmd *cmd)
{
    uint32_t *fields = (uint32_t *)cmd;
    uint32_t at = rng_below(r, sizeof(*cmd) / sizeof(*fields));

    switch (rng_below(r, 3)) {
    case 0:
        fields[at] = rng_odd(r);
        break;
    case 1:
        fields[at] ^= 1u << rng_below(r, 32);
        break;
    case 2:
        fields[at] = rng_below(r, RESOURCES + 4);
        break;
    }
}

void step_mutate(Rng *r, Step *step)
{
    struct puck_render_cmd *cmd = &step->head.cmd;
    bool has_list = step->head.list_bytes;

    switch (rng_below(r, has_list ? 8 : 5)) {
    case 0:
        /* Fields of one command are taken for those of another. */
        cmd->opcode = PUCK_RENDER_CMD_CTX_CREATE + rng_below(r, 13);
        break;
    case 1:
        cmd->opcode = rng_once_in(r, 2) ? rng_below(r, 64) : rng_next(r);
        break;
    case 2:
        cmd->ctx = rng_once_in(r, 2) ? rng_odd(r) : rng_below(r, CONTEXTS + 3);
        break;
    case 3:
    case 4:
        mutate_field(r, cmd);
        break;
    case 5:
        mutate_list(r, step);
        break;
    default:
        mutate_seg(r, step);
        break;
    }
}
