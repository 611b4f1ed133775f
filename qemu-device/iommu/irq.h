/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: causes and messages.
 */
#ifndef PUCK_IOMMU_IRQ_H
#define PUCK_IOMMU_IRQ_H

typedef struct PuckIOMMU PuckIOMMU;

void puck_iommu_irq_init(PuckIOMMU *s);
void puck_iommu_irq_exit(PuckIOMMU *s);
/* IRQ_STATUS gets @causes besides those that it has. */
void puck_iommu_raise_locked(PuckIOMMU *s, uint32_t causes);
/* IRQ_ENABLE becomes @enable. */
void puck_iommu_irq_enable_locked(PuckIOMMU *s, uint32_t enable);
/*
 * Hands over the messages that the two above made necessary. Whoever called
 * one of them does so when the lock is free, with or without the BQL.
 */
void puck_iommu_irq_deliver(PuckIOMMU *s);

#endif /* PUCK_IOMMU_IRQ_H */
