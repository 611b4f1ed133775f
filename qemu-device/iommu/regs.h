/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the register BAR.
 */
#ifndef PUCK_IOMMU_REGS_H
#define PUCK_IOMMU_REGS_H

typedef struct PuckIOMMU PuckIOMMU;

/*
 * Registers that hold a value, 64 bits each whatever their width, so that
 * regs.c can describe them in one table.
 */
typedef struct PuckIOMMURegs {
    uint64_t ctrl;
    uint64_t status;            /* W1C bits only, the others mirror ctrl */
    uint64_t root;
    uint64_t cq_base;
    uint64_t cq_head;
    uint64_t cq_tail;
    uint64_t fq_base;
    uint64_t fq_head;
    uint64_t fq_tail;
    uint64_t irq_status;
    uint64_t irq_enable;
    uint64_t cq_error;
    uint64_t policy_index;

    uint64_t translations;
    uint64_t hits;
    uint64_t walks;
    uint64_t faults;
    uint64_t faults_lost;
    uint64_t commands;
    uint64_t invalidations;
    uint64_t evictions;
    uint64_t stale_hits;
    uint64_t stale_uses;
} PuckIOMMURegs;

void puck_iommu_regs_init(PuckIOMMU *s);

#endif /* PUCK_IOMMU_REGS_H */
