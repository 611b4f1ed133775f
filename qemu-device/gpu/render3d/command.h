/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one 3D command: its fields and its rules. Pure logic.
 */
#ifndef PUCK_GPU_RENDER3D_COMMAND_H
#define PUCK_GPU_RENDER3D_COMMAND_H

#include "abi/puck_render3d.h"
#include "hw/puck/gpu/core/fault.h"

/* Whether a ring that takes @ops has this opcode as one of 3D. */
static inline bool puck_render_is_opcode(uint16_t opcode, uint64_t ops)
{
    return opcode >= PUCK_RENDER_CMD_CTX_CREATE &&
           opcode <= PUCK_RENDER_CMD_RES_UNTYPED && (ops & 1ull << opcode);
}

/*
 * Whether @cmd, of such an opcode and little-endian as it was read, keeps the
 * rules that can be checked without looking at anything else.
 */
bool puck_render_check(const struct puck_render_cmd *cmd, PuckFault *fault);

/* Which list its segments are: PUCK_GPU_ERR_LIST_*, NONE if it has none. */
uint8_t puck_render_list(uint16_t opcode);

/*
 * Bytes of host memory that a resource counts for that @cmd, RES_CREATE or
 * RES_UNTYPED, makes; 0: it is too large.
 */
uint64_t puck_render_resource_bytes(const struct puck_render_cmd *cmd);

#endif /* PUCK_GPU_RENDER3D_COMMAND_H */
