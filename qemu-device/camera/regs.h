/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the register BAR.
 */
#ifndef PUCK_CAM_REGS_H
#define PUCK_CAM_REGS_H

typedef struct PuckCam PuckCam;

/* Makes the BAR, while the device is realized. */
void puck_cam_regs_init(PuckCam *s);

#endif /* PUCK_CAM_REGS_H */
