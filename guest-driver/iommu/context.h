/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Root and context tables: which domain a requester is in.
 */
#ifndef PUCK_IOMMU_CONTEXT_H
#define PUCK_IOMMU_CONTEXT_H

#include <linux/types.h>

struct puck_iommu;
struct puck_iommu_dev;
struct puck_iommu_domain;

int puck_iommu_context_set(struct puck_iommu_dev *pd, u64 mode, struct puck_iommu_domain *domain);
int puck_iommu_context_alloc(struct puck_iommu_dev *pd);
void puck_iommu_context_clear(struct puck_iommu_dev *pd);
void puck_iommu_context_free_all(struct puck_iommu *iommu);

#endif /* PUCK_IOMMU_CONTEXT_H */
