/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: descriptors and their rules.
 */

#include "qemu/osdep.h"
#include "desc.h"

#define LIST_ALIGN  15

static bool all_zero(const void *bytes, size_t count)
{
    const uint8_t *byte = bytes;
    uint8_t all = 0;

    for (size_t i = 0; i < count; i++) {
        all |= byte[i];
    }
    return !all;
}

/* A part that the format does not have is reserved as a whole. */
static bool reserved_zero(const struct puck_cam_desc *raw, unsigned parts)
{
    if (!all_zero(raw->reserved, sizeof(raw->reserved)) ||
        !all_zero(raw->reserved2, sizeof(raw->reserved2)) ||
        !all_zero(&raw->part[parts],
                  (PUCK_CAM_PARTS_MAX - parts) * sizeof(raw->part[0]))) {
        return false;
    }
    for (unsigned i = 0; i < parts; i++) {
        if (raw->part[i].reserved) {
            return false;
        }
    }
    return true;
}

static bool decode_part(const struct puck_cam_part *raw, unsigned index,
                        uint32_t bytes, PuckCamPart *part, PuckCamFault *fault)
{
    uint8_t number = PUCK_CAM_ERR_PART(index);

    *part = (PuckCamPart) {
        .list = GUINT64_FROM_LE(raw->list),
        .nsegs = GUINT32_FROM_LE(raw->nsegs),
        .offset = GUINT64_FROM_LE(raw->offset),
        .length = GUINT64_FROM_LE(raw->length),
    };
    if (!part->nsegs || part->nsegs > PUCK_CAM_SEGS_MAX_VALUE ||
        (part->list & LIST_ALIGN)) {
        return puck_cam_fault_set(fault, PUCK_CAM_ERR_NSEGS, number,
                                  PUCK_CAM_ERR_DESC_NONE, 0);
    }
    if (part->length < bytes || part->length > PUCK_CAM_LENGTH_MAX ||
        part->offset > PUCK_CAM_LENGTH_MAX) {
        return puck_cam_fault_set(fault, PUCK_CAM_ERR_LENGTH, number,
                                  PUCK_CAM_ERR_DESC_NONE, 0);
    }
    return true;
}

bool puck_cam_desc_decode(const struct puck_cam_desc *raw,
                          const PuckCamLayout *layout, PuckCamDesc *desc,
                          PuckCamFault *fault)
{
    *desc = (PuckCamDesc) { .cookie = GUINT64_FROM_LE(raw->cookie) };
    if (!reserved_zero(raw, layout->parts)) {
        return puck_cam_fault_set(fault, PUCK_CAM_ERR_RESERVED,
                                  PUCK_CAM_ERR_PART_NONE,
                                  PUCK_CAM_ERR_DESC_NONE, 0);
    }
    if (GUINT32_FROM_LE(raw->parts) != layout->parts) {
        return puck_cam_fault_set(fault, PUCK_CAM_ERR_PARTS,
                                  PUCK_CAM_ERR_PART_NONE,
                                  PUCK_CAM_ERR_DESC_NONE, 0);
    }
    for (unsigned i = 0; i < layout->parts; i++) {
        if (!decode_part(&raw->part[i], i, layout->bytes[i], &desc->part[i],
                         fault)) {
            return false;
        }
    }
    return true;
}
