/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of puck-hold-bench share: a machine that runs in real time,
 * and the time for which it does not answer.
 *
 * QEMU's main loop has the BQL while it answers a qtest command, and while it
 * does what a guest set off earlier. So the longest time that a command takes,
 * the one that sets something off and all that follow until that is done, is an
 * upper limit of the longest hold of the BQL.
 */
#ifndef PUCK_HOLD_ENV_H
#define PUCK_HOLD_ENV_H

#include "common/qtest.h"
#include "abi/puck_gpu.h"
#include "abi/puck_iommu.h"
#include "abi/puck_mischief.h"

#define PAGE            4096ull
#define RINGS           8
#define RING_ORDER      12
#define RING_SIZE       (1u << RING_ORDER)
#define QUEUE_SIZE      (1u << PUCK_IOMMU_QUEUE_ORDER_MAX)
#define GPU_RID         0x0100
#define GPU_DOMAIN      1

/* The largest that puck-iommu takes. */
#define HOLD_IOTLB_ENTRIES  4096

/* Where what the engines work on is, for the CPU and as IOVA. */
#define DATA            0x8000000ull
#define DATA_SIZE       0x4000000ull
/* IOVAs of which each page is one of the same 512 pages, mapped one by one. */
#define MANY            0x8000000000ull
#define MANY_SIZE       0x40000000ull

typedef struct HoldBench {
    PuckMachine m;
    PuckFunction gpu;
    PuckFunction iommu;
    PuckFunction edu;
    PuckFunction cam;
    uint64_t ring[RINGS];
    uint64_t wb[RINGS];
    uint64_t cq;
    int64_t worst;              /* ns */
} HoldBench;

void hold_start(HoldBench *b);
void hold_stop(HoldBench *b);

/* Register accesses that count. */
void hold_w32(HoldBench *b, PuckFunction *f, uint64_t offset, uint32_t value);
uint32_t hold_r32(HoldBench *b, PuckFunction *f, uint64_t offset);
void hold_ring_w32(HoldBench *b, unsigned r, uint64_t reg, uint32_t value);
/* Reads that register again and again, which counts, until it has the value. */
void hold_until(HoldBench *b, PuckFunction *f, uint64_t offset, uint32_t mask,
                uint32_t value);
/* The same for so long. */
void hold_watch(HoldBench *b, unsigned ms);
/* Until ring @r is idle. */
void hold_until_idle(HoldBench *b, unsigned r);

/* What leads up to it does not count. */
uint64_t hold_list(HoldBench *b, const struct puck_gpu_seg *segs, uint32_t n);
/* A list of @n segments of @len bytes at the same address. */
uint64_t hold_same(HoldBench *b, uint64_t addr, uint32_t len, uint32_t n);
/* Writes @cmd @n times from slot @at of ring @r on. */
void hold_put(HoldBench *b, unsigned r, unsigned at,
              const struct puck_gpu_cmd *cmd, unsigned n);
void hold_rule(HoldBench *b, const char *rule);
/* Message @vector of @f becomes a write of @data to @addr. */
void hold_aim(HoldBench *b, PuckFunction *f, unsigned vector, uint64_t addr,
              uint32_t data);

typedef struct HoldCase {
    const char *name;
    const char *what;
    void (*run)(HoldBench *b);
} HoldCase;

extern const HoldCase hold_gpu_cases[];
extern const HoldCase hold_iommu_cases[];
extern const HoldCase hold_cam_cases[];
extern const HoldCase hold_display_cases[];

#endif /* PUCK_HOLD_ENV_H */
