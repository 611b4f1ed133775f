/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one command: its fields and its rules. See section "Commands" of
 * docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/core/cost.h"
#include "command.h"

#define ALL_16  0xffffu
#define ALL_32  0xffffffffu
#define ALL_64  0xffffffffffffffffull

/*
 * The bits of a command that each opcode uses; the others are reserved. Only
 * all-ones and bytewise constants, so byte order does not matter, except in
 * the flags.
 */
#define USES_ALWAYS     .opcode = ALL_16, .seqno = ALL_32
#define USES_SRC        .src_list = ALL_64, .src_nsegs = ALL_32
#define USES_DST        .dst_list = ALL_64, .dst_nsegs = ALL_32
#define USES_LENGTH     .length = ALL_64

static const struct puck_gpu_cmd used_bits[] = {
    [PUCK_GPU_CMD_NOP] = { USES_ALWAYS },
    [PUCK_GPU_CMD_FILL] = {
        USES_ALWAYS, USES_DST, USES_LENGTH, .fill.value = ALL_32,
    },
    [PUCK_GPU_CMD_COPY] = { USES_ALWAYS, USES_SRC, USES_DST, USES_LENGTH },
    [PUCK_GPU_CMD_BLIT] = {
        USES_ALWAYS, USES_SRC, USES_DST,
        .blit = {
            .src_pitch = ALL_32, .dst_pitch = ALL_32,
            .width = ALL_32, .height = ALL_32,
        },
    },
    [PUCK_GPU_CMD_CRC32C] = { USES_ALWAYS, USES_SRC, USES_DST, USES_LENGTH },
    [PUCK_GPU_CMD_FENCE] = { USES_ALWAYS, .flags = ALL_16 },
};

#define CRC_SIZE    4

/* What an IOMMU translates at once, at least. */
#define PAGE_BYTES  4096

static bool reserved_clear(const struct puck_gpu_cmd *raw,
                           const struct puck_gpu_cmd *used)
{
    const uint8_t *bits = (const uint8_t *)raw;
    const uint8_t *mask = (const uint8_t *)used;

    for (size_t i = 0; i < sizeof(*raw); i++) {
        if (bits[i] & ~mask[i]) {
            return false;
        }
    }
    return true;
}

static PuckExtent linear(uint64_t list, uint32_t nsegs, uint64_t length)
{
    return (PuckExtent) {
        .list = list, .nsegs = nsegs,
        .width = length, .pitch = length, .rows = 1,
    };
}

static bool rect_valid(const PuckExtent *e)
{
    return e->width && e->rows && e->pitch >= e->width &&
           puck_rect_span(e->pitch, e->width, e->rows) <= PUCK_GPU_LENGTH_MAX;
}

/* Rows that lie next to each other are one. */
static void join_rows(PuckExtent *e)
{
    if (e->pitch == e->width) {
        e->width *= e->rows;
        e->pitch = e->width;
        e->rows = 1;
    }
}

static bool decode_blit(const struct puck_gpu_cmd *raw, PuckCmd *cmd)
{
    PuckExtent *extents[] = { &cmd->src, &cmd->dst };

    for (size_t i = 0; i < G_N_ELEMENTS(extents); i++) {
        extents[i]->width = GUINT32_FROM_LE(raw->blit.width);
        extents[i]->rows = GUINT32_FROM_LE(raw->blit.height);
    }
    cmd->src.pitch = GUINT32_FROM_LE(raw->blit.src_pitch);
    cmd->dst.pitch = GUINT32_FROM_LE(raw->blit.dst_pitch);
    if (!rect_valid(&cmd->src) || !rect_valid(&cmd->dst)) {
        return false;
    }
    join_rows(&cmd->src);
    join_rows(&cmd->dst);
    return true;
}

static bool list_valid(const PuckExtent *e)
{
    return e->nsegs && e->nsegs <= PUCK_GPU_SEGS_MAX_VALUE &&
           !(e->list % sizeof(struct puck_gpu_seg));
}

static bool fault(PuckFault *f, uint8_t reason, uint8_t list)
{
    return puck_fault_set(f, reason, list, PUCK_GPU_ERR_DESC_NONE, 0);
}

/* Which lists an opcode has follows from the bits that it uses. */
static bool decode_lists(const struct puck_gpu_cmd *used, const PuckCmd *cmd,
                         PuckFault *f)
{
    if (used->src_nsegs && !list_valid(&cmd->src)) {
        return fault(f, PUCK_GPU_ERR_NSEGS, PUCK_GPU_ERR_LIST_SRC);
    }
    if (used->dst_nsegs && !list_valid(&cmd->dst)) {
        return fault(f, PUCK_GPU_ERR_NSEGS, PUCK_GPU_ERR_LIST_DST);
    }
    return true;
}

bool puck_cmd_decode(const struct puck_gpu_cmd *raw, uint64_t ops, PuckCmd *cmd,
                     PuckFault *f)
{
    uint64_t length = GUINT64_FROM_LE(raw->length);
    const struct puck_gpu_cmd *used;

    *cmd = (PuckCmd) {
        .opcode = GUINT16_FROM_LE(raw->opcode),
        .flags = GUINT16_FROM_LE(raw->flags),
        .seqno = GUINT32_FROM_LE(raw->seqno),
    };
    if (cmd->opcode >= G_N_ELEMENTS(used_bits) ||
        !(ops & 1ull << cmd->opcode)) {
        return fault(f, PUCK_GPU_ERR_OPCODE, PUCK_GPU_ERR_LIST_NONE);
    }
    used = &used_bits[cmd->opcode];
    if (!reserved_clear(raw, used) || cmd->flags & ~PUCK_GPU_FENCE_IRQ) {
        return fault(f, PUCK_GPU_ERR_RESERVED, PUCK_GPU_ERR_LIST_NONE);
    }
    if (used->length && (!length || length > PUCK_GPU_LENGTH_MAX)) {
        return fault(f, PUCK_GPU_ERR_LENGTH, PUCK_GPU_ERR_LIST_NONE);
    }

    cmd->src = linear(GUINT64_FROM_LE(raw->src_list),
                      GUINT32_FROM_LE(raw->src_nsegs), length);
    cmd->dst = linear(GUINT64_FROM_LE(raw->dst_list),
                      GUINT32_FROM_LE(raw->dst_nsegs), length);
    if (cmd->opcode == PUCK_GPU_CMD_FILL) {
        cmd->value = GUINT32_FROM_LE(raw->fill.value);
    } else if (cmd->opcode == PUCK_GPU_CMD_CRC32C) {
        cmd->dst.width = cmd->dst.pitch = CRC_SIZE;
    } else if (cmd->opcode == PUCK_GPU_CMD_BLIT && !decode_blit(raw, cmd)) {
        return fault(f, PUCK_GPU_ERR_GEOMETRY, PUCK_GPU_ERR_LIST_NONE);
    }
    return decode_lists(used, cmd, f);
}

static uint64_t extent_bytes(const PuckExtent *e)
{
    return e->nsegs ? MAX(e->width * e->rows,
                          (uint64_t)e->nsegs * sizeof(struct puck_gpu_seg)) : 0;
}

uint64_t puck_cmd_bytes(const PuckCmd *cmd)
{
    return MAX(extent_bytes(&cmd->src), extent_bytes(&cmd->dst));
}

/*
 * A piece ends with a row, a segment or a page. No overflow: 2^32 rows, and
 * rows times width is 2^41 at most.
 */
static uint64_t extent_cost(const PuckExtent *e)
{
    uint64_t pieces = e->rows * (2 + e->width / PAGE_BYTES) + e->nsegs;

    return e->nsegs ? pieces * 2 * PUCK_COST_PIECE : 0;
}

uint64_t puck_cmd_lists_cost(const PuckCmd *cmd)
{
    return ((uint64_t)cmd->src.nsegs + cmd->dst.nsegs) * PUCK_COST_SEG;
}

uint64_t puck_cmd_cost(const PuckCmd *cmd)
{
    const PuckExtent *moved = cmd->src.nsegs ? &cmd->src : &cmd->dst;
    uint64_t bytes = moved->width * moved->rows;

    return PUCK_COST_JOB + puck_cmd_lists_cost(cmd) +
           extent_cost(&cmd->src) + extent_cost(&cmd->dst) +
           (cmd->opcode == PUCK_GPU_CMD_CRC32C ? puck_cost_crc(bytes) :
                                                 puck_cost_bytes(bytes));
}
