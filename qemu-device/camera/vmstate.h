/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: migration.
 */
#ifndef PUCK_CAM_VMSTATE_H
#define PUCK_CAM_VMSTATE_H

#include "migration/vmstate.h"

extern const VMStateDescription vmstate_puck_cam;

#endif /* PUCK_CAM_VMSTATE_H */
