/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts.
 */
#ifndef PUCK_CAM_IRQ_H
#define PUCK_CAM_IRQ_H

struct puck_cam_card;

int puck_cam_irq_init(struct puck_cam_card *card);
void puck_cam_irq_fini(struct puck_cam_card *card);

#endif /* PUCK_CAM_IRQ_H */
