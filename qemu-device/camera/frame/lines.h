/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: lines of the frame under way are written to its buffer. Under the
 * BQL.
 */
#ifndef PUCK_CAM_FRAME_LINES_H
#define PUCK_CAM_FRAME_LINES_H

#include "frame.h"

/* The lists are there: each plane begins where the buffer does. */
void puck_cam_lines_begin(PuckCamFrame *f);
/*
 * Writes some bytes of the group of lines that is next, whose time has come.
 * False if memory refuses them: @fault says where. The group is through when
 * f->lines has moved past it.
 */
bool puck_cam_lines_step(PuckCam *s, PuckHold *hold, PuckCamFault *fault);
/* How many lines are written in all. */
uint32_t puck_cam_lines_wanted(const PuckCamFrame *f);
/* How far into a part the last byte written is, plus one. */
uint32_t puck_cam_lines_reach(const PuckCamFrame *f, unsigned part);
/* The same as puck_cam_lines_step() for what a rule wants behind the end. */
bool puck_cam_lines_step_past(PuckCam *s, PuckHold *hold, PuckCamFault *fault);

#endif /* PUCK_CAM_FRAME_LINES_H */
