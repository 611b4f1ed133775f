/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: flushes of the TLB: at once; or late, in part or not at all, if a
 * rule of mischief says so. See "gpu.flush" in docs/specs/mischief.rst. All
 * under the BQL.
 */
#ifndef PUCK_GPU_VM_FLUSH_H
#define PUCK_GPU_VM_FLUSH_H

#include "qemu/timer.h"
#include "hw/puck/common/hold.h"

typedef struct PuckMmu PuckMmu;

/* No more can be late; further ones are not for rules that delay. */
#define PUCK_LATE_FLUSHES_MAX   64

/* What a flush is for, and whose it is. */
typedef struct PuckFlush {
    uint32_t vm;                /* or PUCK_GPU_VM_ALL: all of them */
    uint64_t va;
    uint64_t size;              /* 0: all of the VM */
    bool by_ring;               /* a command, not a register; then: */
    uint32_t ring;
    uint32_t seqno;
} PuckFlush;

typedef struct PuckLateFlush {
    PuckFlush flush;
    uint32_t rule;
    int64_t due;                /* virtual clock */
} PuckLateFlush;

typedef struct PuckFlusher {
    PuckLateFlush *late;        /* in the order they came */
    int32_t count;
    QEMUTimer *timer;           /* for the earliest due */
    PuckWork work;              /* carries out what is due */
} PuckFlusher;

/* At realize and exit of the device. */
void puck_flusher_init(PuckMmu *mmu);
void puck_flusher_exit(PuckMmu *mmu);
/* Forgets what waits. */
void puck_flusher_reset(PuckMmu *mmu);
/* What was loaded is checked; false: it is not possible. Starts the timer. */
bool puck_flusher_loaded(PuckMmu *mmu);

/* Whether there is a VM of that number, or all are meant. */
bool puck_mmu_may_flush(const PuckMmu *mmu, uint32_t vm);
/* What puck_mmu_flush() costs a hold, in ns. */
uint64_t puck_mmu_flush_cost(const PuckMmu *mmu, const PuckFlush *flush);
void puck_mmu_flush(PuckMmu *mmu, const PuckFlush *flush);

#endif /* PUCK_GPU_VM_FLUSH_H */
