/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of Puck on root port rp1 (bus 1, slot 0), behind a puck-iommu: 2 MiB
 * of IOVAs, which one table of level 1 serves. The first pages of RAM that
 * tests are given appear at their beginning.
 */
#ifndef PUCK_QTEST_BEHIND_H
#define PUCK_QTEST_BEHIND_H

#include "qtest.h"
#include "abi/puck_iommu.h"

#define BEHIND_PORT     QPCI_DEVFN(3, 0)
/* @device is the device under test, and its options. */
#define BEHIND_MACHINE(device) \
    "-device pcie-root-port,id=rp1,chassis=1,addr=3 " \
    "-device " device ",bus=rp1 " \
    "-device puck-iommu,id=iommu0,addr=5,buses=rp1"
#define BEHIND_IOVA     0x7654200000ull
#define BEHIND_PAGES    512
#define BEHIND_RW       (PUCK_IOMMU_PTE_READ | PUCK_IOMMU_PTE_WRITE)

typedef struct PuckBehind {
    PuckMachine *m;
    PuckFunction iommu;
    uint64_t l1;
    uint64_t fq;
    uint64_t cq;
} PuckBehind;

/* Turns the IOMMU of @m on. @own pages of RAM appear. */
void behind_on(PuckBehind *b, PuckMachine *m, unsigned own);
void behind_off(PuckBehind *b);
/* Where a page of RAM appears. */
uint64_t behind_own(uint64_t pa);
/* @perm 0 unmaps. Nothing is invalidated. */
void behind_map(PuckBehind *b, uint64_t iova, uint64_t pa, uint64_t perm);
/* Done when this returns. */
void behind_invalidate(PuckBehind *b);
/* Messages of @f went to RAM, which is at another address now. */
void behind_messages(PuckFunction *f, unsigned vectors);
/* The one fault that the IOMMU has to tell of. */
void behind_expect_fault(PuckBehind *b, uint64_t iova, uint8_t reason,
                         bool write);

/*
 * Another IOMMU, at @devfn: bus 1 sees all memory where it is, up to
 * BEHIND_HOLE. Faults are told by a message, which goes to RAM at first.
 */
#define BEHIND_HOLE     0x10000000ull
void behind_identity(PuckMachine *m, PuckFunction *iommu, int devfn);

#endif /* PUCK_QTEST_BEHIND_H */
