/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what the bridge makes of the sensor's lines: cut, scaled, packed,
 * and stamped. See sections "Bridge" and "Stamps" of docs/specs/camera.rst.
 * Pure logic, shared with the unit tests.
 */
#ifndef PUCK_CAM_PICTURE_BRIDGE_H
#define PUCK_CAM_PICTURE_BRIDGE_H

#include "sensor.h"

/* A picture in the making. Its bytes are lines without padding. */
typedef struct PuckCamBridge {
    const PuckCamLayout *layout;
    const PuckCamMode *mode;
    PuckCamSensor *sensor;
    uint8_t *copy;              /* layout->copy_bytes */
    unsigned next;              /* line of plane 0 */
    uint32_t checksum;          /* of those that are there, but stamps */
    bool straight;              /* a line is a part of the sensor's */
    uint16_t column[PUCK_CAM_WIDTH_MAX];    /* of the sensor, for each pixel */
    PuckCamRow row;             /* the line, before it is packed */
} PuckCamBridge;

/*
 * Begins a picture of a sensor that has begun. All that is pointed to stays as
 * long as it is made.
 */
void puck_cam_bridge_begin(PuckCamBridge *bridge, const PuckCamLayout *layout,
                           const PuckCamMode *mode, PuckCamSensor *sensor,
                           uint8_t *copy);
/*
 * The next @count lines of plane 0, or what is left, with what belongs to them
 * of plane 1. True if that was the last: the picture is whole then, with its
 * frame stamp.
 */
bool puck_cam_bridge_lines(PuckCamBridge *bridge, unsigned count);

/* Line @line of plane @plane in the copy of a picture. */
static inline uint8_t *puck_cam_copy_line(const PuckCamLayout *layout,
                                          uint8_t *copy, unsigned plane,
                                          unsigned line)
{
    const PuckCamPlane *p = &layout->plane[plane];

    return copy + p->at + (size_t)line * p->bytes;
}

/* How much of a line is its stamp. */
unsigned puck_cam_stamp_bytes(const PuckCamLayout *layout,
                              const PuckCamMode *mode, unsigned plane,
                              unsigned line);

#endif /* PUCK_CAM_PICTURE_BRIDGE_H */
