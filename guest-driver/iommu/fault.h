/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fault queue, and the interrupts of a puck-iommu.
 */
#ifndef PUCK_IOMMU_FAULT_H
#define PUCK_IOMMU_FAULT_H

#include <linux/bits.h>

#define PUCK_IOMMU_FQ_ORDER	7

struct puck_iommu;

int puck_iommu_fault_init(struct puck_iommu *iommu);

#endif /* PUCK_IOMMU_FAULT_H */
