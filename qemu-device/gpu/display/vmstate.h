/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: migration of the display.
 */
#ifndef PUCK_GPU_DISPLAY_VMSTATE_H
#define PUCK_GPU_DISPLAY_VMSTATE_H

#include "migration/vmstate.h"

extern const VMStateDescription vmstate_puck_display;

#endif /* PUCK_GPU_DISPLAY_VMSTATE_H */
