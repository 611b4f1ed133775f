/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what each thing that the device does under the BQL is charged to
 * the hold, besides DMA: see endpoint/cost.h. The list of what they bound is
 * section "How long the device keeps the machine" of docs/specs/gpu.rst.
 */
#ifndef PUCK_GPU_CORE_COST_H
#define PUCK_GPU_CORE_COST_H

#include "hw/puck/endpoint/cost.h"

/* A command is read and decoded. */
#define PUCK_COST_COMMAND       1500
/* A job is made, and freed. */
#define PUCK_COST_JOB           3000
/* A lane is given to its thread. */
#define PUCK_COST_THREAD        10000
/* A step of a command that is worked on access by access; rules are asked. */
#define PUCK_COST_ACCESS        1500
/* A fence is complete: its slot is written, its message handed on. */
#define PUCK_COST_FENCE         3000
/* Each fence behind it, which moves up. */
#define PUCK_COST_FENCE_BEHIND  4
/* An event is written to the log. */
#define PUCK_COST_LOG           3000
/* A ring is looked at, and has perhaps nothing to do. */
#define PUCK_COST_STEP          200
/* A page of an operand by address is looked for in the TLB. */
#define PUCK_COST_PAGE          500
/* An entry of a page table is read. */
#define PUCK_COST_TABLE         500
/* A flush, and each look that it takes at a page or an entry of the TLB. */
#define PUCK_COST_FLUSH         500
#define PUCK_COST_LOOK          40

/* A blanking is looked at; registers of a commit are taken over. */
#define PUCK_COST_BLANKING      5000
/* A line of a picture, and each pixel that a plane adds to it. */
#define PUCK_COST_LINE          1000
#define PUCK_COST_PIXEL         8
#define PUCK_COST_PIXEL_COPIED  2
#define PUCK_COST_PIXEL_SCALED  20

/* QEMU's crc32c() goes byte by byte. */
static inline uint64_t puck_cost_crc(uint64_t len)
{
    return len * 3;
}

/*
 * So many pages of an operand by address are translated: one entry is read for
 * each, and three above it for each part and each table.
 */
static inline uint64_t puck_cost_pages(uint64_t pages)
{
    return pages * (PUCK_COST_PAGE + PUCK_COST_TABLE + 100) +
           8 * PUCK_COST_TABLE;
}

#endif /* PUCK_GPU_CORE_COST_H */
