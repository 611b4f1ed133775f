/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: errors. See section "Errors" of docs/specs/camera.rst.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/puck/common/trace.h"
#include "device.h"
#include "error.h"

QEMU_BUILD_BUG_ON(PUCK_ERRORS_DEPTH != PUCK_CAM_ERR_DEPTH);

static uint32_t info_field(uint32_t value, uint32_t mask)
{
    return (value << ctz32(mask)) & mask;
}

void puck_cam_error_report(PuckCam *s, uint32_t frame, uint32_t index,
                           const PuckCamFault *fault)
{
    PuckErrorRecord record = {
        .info = info_field(fault->reason, PUCK_CAM_ERR_INFO_REASON) |
                info_field(fault->part, PUCK_CAM_ERR_INFO_PART) |
                info_field(index, PUCK_CAM_ERR_INFO_INDEX),
        .number = frame,
        .desc = fault->desc,
        .addr = fault->addr,
    };

    trace_puck_cam_error(puck_cam_name(s), frame, index, fault->reason,
                         fault->part, fault->desc, fault->addr);
    puck_errors_push(&s->errors, &record);
    puck_sources_cause(&s->sources, PUCK_CAM_IRQ_ERROR);
}
