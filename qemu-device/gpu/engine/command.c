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
#define USES_VM         .vm = ALL_32

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
    [PUCK_GPU_CMD_FENCE] = { USES_ALWAYS },
    [PUCK_GPU_CMD_TLB_FLUSH] = {
        USES_ALWAYS, .src_list = ALL_64, USES_LENGTH, USES_VM,
    },
};

#define CRC_SIZE    4
#define VA_END      (1ull << PUCK_GPU_VA_BITS)

/* What an IOMMU translates at once, at least. */
#define PAGE_BYTES  PUCK_GPU_PAGE_SIZE

/* The flags that an opcode takes: of an operand, if it has that. */
static uint16_t flags_of(uint16_t opcode)
{
    const struct puck_gpu_cmd *used = &used_bits[opcode];

    return (opcode == PUCK_GPU_CMD_FENCE ? PUCK_GPU_FENCE_IRQ : 0) |
           (used->src_nsegs ? PUCK_GPU_SRC_VA : 0) |
           (used->dst_nsegs ? PUCK_GPU_DST_VA : 0);
}

/* What @cmd uses: an operand by address has no number of segments, but a VM. */
static struct puck_gpu_cmd used_by(const PuckCmd *cmd)
{
    struct puck_gpu_cmd used = used_bits[cmd->opcode];

    used.flags = GUINT16_TO_LE(flags_of(cmd->opcode));
    if (cmd->flags & PUCK_GPU_SRC_VA) {
        used.src_nsegs = 0;
    }
    if (cmd->flags & PUCK_GPU_DST_VA) {
        used.dst_nsegs = 0;
    }
    if (cmd->flags & (PUCK_GPU_SRC_VA | PUCK_GPU_DST_VA)) {
        used.vm = ALL_32;
    }
    return used;
}

static bool reserved_clear(const struct puck_gpu_cmd *raw, const PuckCmd *cmd)
{
    struct puck_gpu_cmd used = used_by(cmd);
    const uint8_t *bits = (const uint8_t *)raw;
    const uint8_t *mask = (const uint8_t *)&used;

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
    return e->by_va || (e->nsegs && e->nsegs <= PUCK_GPU_SEGS_MAX_VALUE &&
                        !(e->list % sizeof(struct puck_gpu_seg)));
}

/* @e is by address. False if it reaches too far. */
static bool name_by_va(PuckExtent *e)
{
    uint64_t span = puck_rect_span(e->pitch, e->width, e->rows);

    if (span > PUCK_GPU_VA_SPAN_MAX) {
        return false;
    }
    e->by_va = true;
    e->nsegs = (e->list % PAGE_BYTES + span + PAGE_BYTES - 1) / PAGE_BYTES;
    return true;
}

static bool fault(PuckFault *f, uint8_t reason, uint8_t list)
{
    return puck_fault_set(f, reason, list, PUCK_GPU_ERR_DESC_NONE, 0);
}

static bool decode_addresses(PuckCmd *cmd, PuckFault *f)
{
    if ((cmd->flags & PUCK_GPU_SRC_VA && !name_by_va(&cmd->src)) ||
        (cmd->flags & PUCK_GPU_DST_VA && !name_by_va(&cmd->dst))) {
        return fault(f, cmd->opcode == PUCK_GPU_CMD_BLIT ?
                        PUCK_GPU_ERR_GEOMETRY : PUCK_GPU_ERR_LENGTH,
                     PUCK_GPU_ERR_LIST_NONE);
    }
    return true;
}

/* Which lists an opcode has follows from the bits that it uses. */
static bool decode_lists(const PuckCmd *cmd, PuckFault *f)
{
    const struct puck_gpu_cmd *used = &used_bits[cmd->opcode];

    if (used->src_nsegs && !list_valid(&cmd->src)) {
        return fault(f, PUCK_GPU_ERR_NSEGS, PUCK_GPU_ERR_LIST_SRC);
    }
    if (used->dst_nsegs && !list_valid(&cmd->dst)) {
        return fault(f, PUCK_GPU_ERR_NSEGS, PUCK_GPU_ERR_LIST_DST);
    }
    return true;
}

/* What is flushed: the source's bytes, or the whole VM. */
static bool decode_flush(const struct puck_gpu_cmd *raw, PuckCmd *cmd,
                         PuckFault *f)
{
    uint64_t va = GUINT64_FROM_LE(raw->src_list);
    uint64_t length = GUINT64_FROM_LE(raw->length);

    if (!length && va) {
        return fault(f, PUCK_GPU_ERR_RESERVED, PUCK_GPU_ERR_LIST_NONE);
    }
    if (length % PAGE_BYTES || length > VA_END ||
        (length && cmd->vm == PUCK_GPU_VM_ALL)) {
        return fault(f, PUCK_GPU_ERR_LENGTH, PUCK_GPU_ERR_LIST_NONE);
    }
    if (va % PAGE_BYTES || va > VA_END - length) {
        return puck_fault_set(f, PUCK_GPU_ERR_VA, PUCK_GPU_ERR_LIST_NONE,
                              cmd->vm, va);
    }
    cmd->src = linear(va, 0, length);
    return true;
}

/* Everything behind the reserved fields of a command that moves bytes. */
static bool decode_operands(const struct puck_gpu_cmd *raw, PuckCmd *cmd,
                            PuckFault *f)
{
    uint64_t length = GUINT64_FROM_LE(raw->length);

    if (used_bits[cmd->opcode].length &&
        (!length || length > PUCK_GPU_LENGTH_MAX)) {
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
    return decode_addresses(cmd, f) && decode_lists(cmd, f);
}

bool puck_cmd_decode(const struct puck_gpu_cmd *raw, uint64_t ops, PuckCmd *cmd,
                     PuckFault *f)
{
    *cmd = (PuckCmd) {
        .opcode = GUINT16_FROM_LE(raw->opcode),
        .flags = GUINT16_FROM_LE(raw->flags),
        .seqno = GUINT32_FROM_LE(raw->seqno),
        .vm = GUINT32_FROM_LE(raw->vm),
    };
    if (cmd->opcode >= G_N_ELEMENTS(used_bits) ||
        !(ops & 1ull << cmd->opcode)) {
        return fault(f, PUCK_GPU_ERR_OPCODE, PUCK_GPU_ERR_LIST_NONE);
    }
    if (!reserved_clear(raw, cmd)) {
        return fault(f, PUCK_GPU_ERR_RESERVED, PUCK_GPU_ERR_LIST_NONE);
    }
    return cmd->opcode == PUCK_GPU_CMD_TLB_FLUSH ?
           decode_flush(raw, cmd, f) : decode_operands(raw, cmd, f);
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

static uint64_t list_cost(const PuckExtent *e)
{
    return e->by_va ? puck_cost_pages(e->nsegs) :
                      (uint64_t)e->nsegs * PUCK_COST_SEG;
}

uint64_t puck_cmd_lists_cost(const PuckCmd *cmd)
{
    return list_cost(&cmd->src) + list_cost(&cmd->dst);
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
