/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of the device.
 */
#ifndef PUCK_IRQ_H
#define PUCK_IRQ_H

#include <linux/types.h>

struct puck_device;

const char *puck_irq_reason_name(u32 reason);
void puck_irq_check_errors(struct puck_device *puck);
void puck_irq_hold_errors(struct puck_device *puck);
void puck_irq_let_errors(struct puck_device *puck);
void puck_irq_synchronize(struct puck_device *puck);
int puck_irq_init(struct puck_device *puck);
void puck_irq_fini(struct puck_device *puck);

#endif /* PUCK_IRQ_H */
