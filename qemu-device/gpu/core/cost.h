/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what each thing that the device does under the BQL is charged to
 * the hold (see common/hold.h), in nanoseconds. They are estimates for an idle
 * machine, on the high side, and fixed: what a hold does must not depend on the
 * host. The list of what they bound is section "How long the device keeps the
 * machine" of docs/specs/gpu.rst.
 */
#ifndef PUCK_GPU_CORE_COST_H
#define PUCK_GPU_CORE_COST_H

/* A command is read and decoded. */
#define PUCK_COST_COMMAND       1500
/* A job is made, and freed. */
#define PUCK_COST_JOB           3000
/* A lane is given to its thread. */
#define PUCK_COST_THREAD        10000
/* A segment of a list is read, converted and checked. */
#define PUCK_COST_SEG           20
/* Memory is looked up; so much again for a run that is told to be written. */
#define PUCK_COST_PIECE         1000
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

/* 2.5 GB/s. This is the rate of long work under -icount, too. */
static inline uint64_t puck_cost_bytes(uint64_t len)
{
    return len * 2 / 5;
}

/* QEMU's crc32c() goes byte by byte. */
static inline uint64_t puck_cost_crc(uint64_t len)
{
    return len * 3;
}

#endif /* PUCK_GPU_CORE_COST_H */
