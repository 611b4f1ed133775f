/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: resets, which a rule may let fail, and what rules hold. Under the
 * BQL.
 */
#ifndef PUCK_CAM_MISCHIEF_RESET_H
#define PUCK_CAM_MISCHIEF_RESET_H

typedef struct PuckCam PuckCam;

/* Stops what is under way and puts each register into its reset state. */
void puck_cam_reset(PuckCam *s);
/* CTRL.RESET was written; QUEUE_CTRL.RESET was. */
void puck_cam_reset_ctrl(PuckCam *s);
void puck_cam_reset_queue(PuckCam *s);

/* While the device is realized: it is told of rules that are released. */
void puck_cam_release_init(PuckCam *s);
void puck_cam_release_exit(PuckCam *s);

#endif /* PUCK_CAM_MISCHIEF_RESET_H */
