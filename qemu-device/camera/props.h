/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: options that are words or sizes.
 */
#ifndef PUCK_CAM_PROPS_H
#define PUCK_CAM_PROPS_H

#include "qom/object.h"

void puck_cam_class_add_props(ObjectClass *klass);

#endif /* PUCK_CAM_PROPS_H */
