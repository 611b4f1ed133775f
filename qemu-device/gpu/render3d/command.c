/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one 3D command: its fields and its rules. See section "Commands" of
 * docs/specs/render3d.rst.
 */

#include "qemu/osdep.h"
#include "command.h"

#define TEXEL_MAX       16      /* bytes, in any format */
#define SIDE_MAX        65536u
#define TARGET_BUFFER   0

#define ALL_8   0xffu
#define ALL_32  0xffffffffu
#define ALL_64  0xffffffffffffffffull

/* The bits that each opcode uses, besides opcode and seqno. */
#define USES_IO .io.list = ALL_64, .io.length = ALL_64, .io.nsegs = ALL_32
#define USES_TRANSFER \
    .ctx = ALL_32, .resource = ALL_32, \
    .transfer = { \
        .offset = ALL_64, .x = ALL_32, .y = ALL_32, .z = ALL_32, \
        .width = ALL_32, .height = ALL_32, .depth = ALL_32, \
        .level = ALL_32, .stride = ALL_32, .layer_stride = ALL_32, \
    }

#define AT(opcode) [PUCK_RENDER_CMD_ ## opcode - PUCK_RENDER_CMD_CTX_CREATE]

static const struct puck_render_cmd used_bits[] = {
    AT(CTX_CREATE) = {
        .ctx = ALL_32, .create_ctx.capset = ALL_32,
        .create_ctx.name = { [0 ... PUCK_RENDER_NAME_SIZE - 1] = ALL_8 },
    },
    AT(CTX_DESTROY) = { .ctx = ALL_32 },
    AT(RES_CREATE) = {
        .resource = ALL_32,
        .create_res = {
            .target = ALL_32, .format = ALL_32, .bind = ALL_32,
            .width = ALL_32, .height = ALL_32, .depth = ALL_32,
            .array_size = ALL_32, .last_level = ALL_32, .nr_samples = ALL_32,
            .flags = ALL_32,
        },
    },
    AT(RES_DESTROY) = { .resource = ALL_32 },
    AT(ATTACH) = { .resource = ALL_32, USES_IO },
    AT(DETACH) = { .resource = ALL_32 },
    AT(CTX_ATTACH) = { .ctx = ALL_32, .resource = ALL_32 },
    AT(CTX_DETACH) = { .ctx = ALL_32, .resource = ALL_32 },
    AT(TO_HOST) = { USES_TRANSFER },
    AT(FROM_HOST) = { USES_TRANSFER },
    AT(SUBMIT) = { .ctx = ALL_32, USES_IO },
    AT(CAPSET) = { USES_IO, .io.capset = ALL_32, .io.version = ALL_32 },
    AT(RES_UNTYPED) = { .resource = ALL_32, .untyped.length = ALL_64 },
};

static bool reserved_clear(const struct puck_render_cmd *cmd, unsigned index)
{
    struct puck_render_cmd used = used_bits[index];
    const uint8_t *mask = (const uint8_t *)&used;
    const uint8_t *bits = (const uint8_t *)cmd;

    used.opcode = 0xffff;
    used.seqno = ALL_32;
    for (size_t i = 0; i < sizeof(used); i++) {
        if (bits[i] & ~mask[i]) {
            return false;
        }
    }
    return true;
}

static bool length_valid(uint16_t opcode, uint64_t length)
{
    switch (opcode) {
    case PUCK_RENDER_CMD_ATTACH:
    case PUCK_RENDER_CMD_RES_UNTYPED:
        return length && length <= UINT32_MAX;
    case PUCK_RENDER_CMD_SUBMIT:
        return length && length <= PUCK_RENDER_SUBMIT_MAX_VALUE &&
               !(length % 4);
    default:
        return length >= sizeof(struct puck_render_capset) &&
               length <= PUCK_RENDER_CAPSET_LENGTH_MAX;
    }
}

uint8_t puck_render_list(uint16_t opcode)
{
    switch (opcode) {
    case PUCK_RENDER_CMD_ATTACH:
    case PUCK_RENDER_CMD_SUBMIT:
        return PUCK_GPU_ERR_LIST_SRC;
    case PUCK_RENDER_CMD_CAPSET:
        return PUCK_GPU_ERR_LIST_DST;
    default:
        return PUCK_GPU_ERR_LIST_NONE;
    }
}

/* Of a command without a length it is one that is valid. */
static uint64_t length_of(const struct puck_render_cmd *cmd, uint16_t opcode)
{
    if (opcode == PUCK_RENDER_CMD_RES_UNTYPED) {
        return GUINT64_FROM_LE(cmd->untyped.length);
    }
    return puck_render_list(opcode) ? GUINT64_FROM_LE(cmd->io.length) :
                                      sizeof(struct puck_render_capset);
}

bool puck_render_check(const struct puck_render_cmd *cmd, PuckFault *fault)
{
    uint16_t opcode = GUINT16_FROM_LE(cmd->opcode);
    uint32_t nsegs = GUINT32_FROM_LE(cmd->io.nsegs);
    uint8_t list = puck_render_list(opcode);

    if (!reserved_clear(cmd, opcode - PUCK_RENDER_CMD_CTX_CREATE)) {
        return puck_fault_set(fault, PUCK_GPU_ERR_RESERVED,
                              PUCK_GPU_ERR_LIST_NONE, PUCK_GPU_ERR_DESC_NONE,
                              0);
    }
    if (!length_valid(opcode, length_of(cmd, opcode))) {
        return puck_fault_set(fault, PUCK_GPU_ERR_LENGTH,
                              PUCK_GPU_ERR_LIST_NONE, PUCK_GPU_ERR_DESC_NONE,
                              0);
    }
    if (!list) {
        return true;
    }
    if (!nsegs || nsegs > PUCK_GPU_SEGS_MAX_VALUE ||
        GUINT64_FROM_LE(cmd->io.list) % sizeof(struct puck_gpu_seg)) {
        return puck_fault_set(fault, PUCK_GPU_ERR_NSEGS, list,
                              PUCK_GPU_ERR_DESC_NONE, 0);
    }
    return true;
}

/* False if it is too large. Six factors below 2^17 may be more than 64 bits. */
static bool multiply(uint64_t *bytes, uint32_t by)
{
    by = MAX(by, 1);
    if (by > SIDE_MAX || *bytes > UINT64_MAX / SIDE_MAX) {
        return false;
    }
    *bytes *= by;
    return true;
}

static uint64_t typed_bytes(const struct puck_render_create_res *res)
{
    uint64_t bytes = TEXEL_MAX;

    if (GUINT32_FROM_LE(res->target) == TARGET_BUFFER) {
        return MAX(GUINT32_FROM_LE(res->width), 1);
    }
    if (!multiply(&bytes, GUINT32_FROM_LE(res->width)) ||
        !multiply(&bytes, GUINT32_FROM_LE(res->height)) ||
        !multiply(&bytes, GUINT32_FROM_LE(res->depth)) ||
        !multiply(&bytes, GUINT32_FROM_LE(res->array_size)) ||
        !multiply(&bytes, GUINT32_FROM_LE(res->nr_samples)) ||
        !multiply(&bytes, res->last_level ? 2 : 1)) {
        return 0;
    }
    return bytes;
}

uint64_t puck_render_resource_bytes(const struct puck_render_cmd *cmd)
{
    if (GUINT16_FROM_LE(cmd->opcode) == PUCK_RENDER_CMD_RES_UNTYPED) {
        return GUINT64_FROM_LE(cmd->untyped.length) *
               PUCK_RENDER_UNTYPED_FACTOR;
    }
    return typed_bytes(&cmd->create_res);
}
