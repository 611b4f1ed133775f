/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of text from the host: the interrupt that says that they have changed.
 */
#ifndef PUCK_IOMMU_POLICY_IRQ_H
#define PUCK_IOMMU_POLICY_IRQ_H

#include <linux/interrupt.h>

irqreturn_t puck_iommu_policy_thread(int irq, void *data);

#endif /* PUCK_IOMMU_POLICY_IRQ_H */
