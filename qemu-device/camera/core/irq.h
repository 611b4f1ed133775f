/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: interrupt sources. Under the BQL.
 */
#ifndef PUCK_CAM_CORE_IRQ_H
#define PUCK_CAM_CORE_IRQ_H

typedef struct PuckCam PuckCam;

int puck_cam_irq_init(PuckCam *s, Error **errp);
/* A done entry was written. */
void puck_cam_irq_frame(PuckCam *s);

#endif /* PUCK_CAM_CORE_IRQ_H */
