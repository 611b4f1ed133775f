/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: errors. Under the BQL.
 */
#ifndef PUCK_CAM_CORE_ERROR_H
#define PUCK_CAM_CORE_ERROR_H

#include "hw/puck/camera/queue/desc.h"

typedef struct PuckCam PuckCam;

/* Descriptor @index, which frame @frame took, failed by @fault. */
void puck_cam_error_report(PuckCam *s, uint32_t frame, uint32_t index,
                           const PuckCamFault *fault);

#endif /* PUCK_CAM_CORE_ERROR_H */
