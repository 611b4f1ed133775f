/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * puck-iommu.ko: lines of text from the host for a DMA mapper, section "Policy"
 * of docs/specs/iommu.rst. What they mean is said in docs/dma.rst.
 *
 * Exported for modules that do without a puck-iommu: they take both functions
 * by symbol_get() and give them back by symbol_put().
 */
#ifndef PUCK_IOMMU_POLICY_H
#define PUCK_IOMMU_POLICY_H

struct notifier_block;

int puck_iommu_policy_register(struct notifier_block *nb);
int puck_iommu_policy_unregister(struct notifier_block *nb);
char *puck_iommu_policy_read(void);

#endif /* PUCK_IOMMU_POLICY_H */
