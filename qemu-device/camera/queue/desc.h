/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: descriptors and their rules. See sections "Descriptors" and
 * "Errors" of docs/specs/camera.rst. Pure logic, shared with the unit tests.
 */
#ifndef PUCK_CAM_QUEUE_DESC_H
#define PUCK_CAM_QUEUE_DESC_H

#include "hw/puck/camera/picture/layout.h"

typedef struct PuckCamPart {
    uint64_t list;
    uint32_t nsegs;
    uint64_t offset;
    uint64_t length;
} PuckCamPart;

/* In the byte order of the host. */
typedef struct PuckCamDesc {
    uint64_t cookie;
    PuckCamPart part[PUCK_CAM_PARTS_MAX];
} PuckCamDesc;

/* What an error record says of a descriptor. */
typedef struct PuckCamFault {
    uint8_t reason;             /* PUCK_CAM_ERR_*, 0: none */
    uint8_t part;               /* PUCK_CAM_ERR_PART() */
    uint32_t desc;              /* segment */
    uint64_t addr;
} PuckCamFault;

/* Fills @fault and returns false, for the tail of a check. */
static inline bool puck_cam_fault_set(PuckCamFault *fault, uint8_t reason,
                                      uint8_t part, uint32_t desc,
                                      uint64_t addr)
{
    *fault = (PuckCamFault) {
        .reason = reason, .part = part, .desc = desc, .addr = addr,
    };
    return false;
}

/*
 * Reads the cookie in any case. False if the descriptor breaks a rule for a
 * picture of @layout; its lists are not looked at.
 */
bool puck_cam_desc_decode(const struct puck_cam_desc *raw,
                          const PuckCamLayout *layout, PuckCamDesc *desc,
                          PuckCamFault *fault);

#endif /* PUCK_CAM_QUEUE_DESC_H */
