/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what each thing that the device does is charged to the hold (see
 * common/hold.h), beside what DMA costs (endpoint/cost.h). The list of what
 * they bound is section "How long the device keeps the machine" of
 * docs/specs/camera.rst.
 */
#ifndef PUCK_CAM_CORE_COST_H
#define PUCK_CAM_CORE_COST_H

#include "hw/puck/endpoint/cost.h"

/* A frame begins: a descriptor is read. */
#define PUCK_CAM_COST_FRAME     3000
/* The sensor and the bridge are set up: tables of a line's length. */
#define PUCK_CAM_COST_SETUP     50000
/* A frame is done: its entry is written, its message handed on. */
#define PUCK_CAM_COST_DONE      3000
/* A line is made; its pixels, in tenths of a nanosecond. */
#define PUCK_CAM_COST_LINE      100
#define PUCK_CAM_COST_PIXEL     8
#define PUCK_CAM_COST_PIXEL_RGB 40
/* So many times that, into memory that the host has to find at first touch. */
#define PUCK_CAM_COST_FRESH     4
/* An access that rules are asked about. */
#define PUCK_CAM_COST_ACCESS    1500

/* Lines are made in steps of about so long. */
#define PUCK_CAM_STEP_NS        50000

#endif /* PUCK_CAM_CORE_COST_H */
