/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one command: its fields and its rules. Pure logic, shared with the
 * unit tests.
 */
#ifndef PUCK_GPU_ENGINE_COMMAND_H
#define PUCK_GPU_ENGINE_COMMAND_H

#include "hw/puck/endpoint/segments.h"
#include "hw/puck/gpu/core/fault.h"

/* A transfer reaches at most so far into a list. */
#define PUCK_GPU_LENGTH_MAX     (1ull << 40)

/* What a command asks for on one of its operands. */
typedef struct PuckExtent {
    uint64_t list;              /* its address; or the virtual address */
    uint32_t nsegs;             /* 0: the command has no such operand */
    bool by_va;                 /* nsegs is what it may become: its pages */
    uint64_t width;             /* bytes of a row */
    uint64_t pitch;
    uint64_t rows;
} PuckExtent;

/* A checked command. A linear transfer is one row. */
typedef struct PuckCmd {
    uint16_t opcode;
    uint16_t flags;
    uint32_t seqno;
    uint32_t value;             /* FILL */
    uint32_t vm;                /* of operands by address, and TLB_FLUSH */
    PuckExtent src;             /* TLB_FLUSH: list and width, and no nsegs */
    PuckExtent dst;
} PuckCmd;

/*
 * Decodes @raw into @cmd. Bit n of @ops, RING_OPS of its ring, says that opcode
 * n is taken. False if the command breaks a rule that can be checked without
 * looking at its lists; opcode and seqno are valid even then.
 */
bool puck_cmd_decode(const struct puck_gpu_cmd *raw, uint64_t ops, PuckCmd *cmd,
                     PuckFault *fault);

/* Bytes that a command makes the device handle. */
uint64_t puck_cmd_bytes(const PuckCmd *cmd);

/*
 * What a command costs, in ns of cost.h: bytes, and whatever cuts them into
 * pieces. Not less than what is charged while it is worked on.
 */
uint64_t puck_cmd_cost(const PuckCmd *cmd);

/* What it costs to fetch and check the lists of @cmd, or to translate. */
uint64_t puck_cmd_lists_cost(const PuckCmd *cmd);

#endif /* PUCK_GPU_ENGINE_COMMAND_H */
