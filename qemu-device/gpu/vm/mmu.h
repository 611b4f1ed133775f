/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: VMs and their TLB. See section "Page tables" of docs/specs/gpu.rst.
 *
 * Locking. Registers are under the BQL; threads that translate read the roots
 * and VM_CTRL atomically. PuckMmu::lock protects everything marked (L). It is a
 * leaf: no memory of the guest is accessed with it held, and no rule is asked.
 * What rules make of flushes is in flush.h.
 *
 * So a flush can come between a walk and the entry that is made of it. That
 * entry would be stale from its start, and is not made: see @flushes.
 */
#ifndef PUCK_GPU_VM_MMU_H
#define PUCK_GPU_VM_MMU_H

#include "qemu/thread.h"
#include "hw/puck/common/tlb.h"
#include "hw/puck/endpoint/dma.h"
#include "hw/puck/gpu/core/device.h"
#include "flush.h"
#include "walk.h"

/* What registers show of the TLB. */
typedef struct PuckMmuCounts {
    uint64_t hits;
    uint64_t misses;
    uint64_t stale_uses;
    uint32_t entries;
} PuckMmuCounts;

struct PuckMmu {
    PuckGpu *gpu;               /* that it is a part of */
    uint64_t roots[PUCK_GPU_VMS_MAX];   /* VM_ROOT; atomic */
    uint32_t ctrl;              /* VM_CTRL; atomic */

    QemuMutex lock;
    PuckTlb tlb;                /* (L) */
    uint64_t flushes;           /* (L) so far, to see that there was one */
    uint64_t hits;              /* (L) */
    uint64_t misses;            /* (L) */
    uint64_t stale_uses;        /* (L) */

    PuckFlusher flusher;        /* BQL */

    /* What is migrated in place of the TLB, see vmstate.c. */
    int32_t num_saved;
    struct PuckSavedTlbEntry *saved;
};

/* One page of an operand, on its way through puck_mmu_translate(). */
typedef struct PuckMmuRequest {
    /* in */
    const PuckDma *dma;         /* for tables in system memory */
    bool of_head;               /* not of a ring, but of a head: */
    unsigned ring;              /* its number */
    uint32_t seqno;
    uint32_t vm;
    uint64_t va;                /* below 2^48 */
    uint32_t len;               /* bytes it is for, within a page of 4K */
    bool is_write;
    bool asked;                 /* rules have seen it before */
    /* For the requests of one part of an operand: see walk.h. */
    PuckVmCursor cursor;
    /* out */
    uint64_t addr;              /* of @va, which is in no two pages of 4K */
    bool vram;                  /* that is an offset in VRAM */
    uint8_t reason;             /* why it fails, PUCK_GPU_ERR_* */
    unsigned reads;             /* of tables; added to what is there */
} PuckMmuRequest;

/* instance_init, realize, exit and finalize of the device. */
void puck_mmu_new(PuckGpu *s);
void puck_mmu_init(PuckMmu *mmu);
void puck_mmu_exit(PuckMmu *mmu);
void puck_mmu_free(PuckGpu *s);

/* Everything as when it was made. */
void puck_mmu_reset(PuckMmu *mmu);
void puck_mmu_set_root(PuckMmu *mmu, unsigned vm, uint64_t root);
void puck_mmu_set_ctrl(PuckMmu *mmu, uint32_t ctrl);
PuckMmuCounts puck_mmu_counts(PuckMmu *mmu);

/* Whether @vm can be translated for: there is one, and its root is VALID. */
bool puck_mmu_has(const PuckMmu *mmu, uint32_t vm);
/* From any thread, inside puck_dma_begin(). False: @req has the reason. */
bool puck_mmu_translate(PuckMmu *mmu, PuckMmuRequest *req);

#endif /* PUCK_GPU_VM_MMU_H */
