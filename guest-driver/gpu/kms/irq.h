/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of heads.
 */
#ifndef PUCK_KMS_IRQ_H
#define PUCK_KMS_IRQ_H

struct puck_kms;

int puck_kms_irq_init(struct puck_kms *kms);
void puck_kms_irq_fini(struct puck_kms *kms);

#endif /* PUCK_KMS_IRQ_H */
