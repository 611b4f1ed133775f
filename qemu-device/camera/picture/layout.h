/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: where the bytes of a picture lie, and when its lines are due. See
 * sections "Bridge", "Formats" and "Timing" of docs/specs/camera.rst. Pure
 * logic, shared with the unit tests.
 */
#ifndef PUCK_CAM_PICTURE_LAYOUT_H
#define PUCK_CAM_PICTURE_LAYOUT_H

#include "mode.h"

#define PUCK_CAM_PLANES_MAX 2

typedef struct PuckCamRect {
    unsigned x, y, width, height;
} PuckCamRect;

typedef struct PuckCamPlane {
    unsigned part;              /* that it is in */
    unsigned sub;               /* lines of plane 0 to one of this one: 1, 2 */
    uint32_t bytes;             /* of a line */
    uint32_t lines;
    uint32_t stride;
    uint64_t offset;            /* in the part */
    uint32_t at;                /* in the device's own copy, without padding */
} PuckCamPlane;

typedef struct PuckCamLayout {
    unsigned width, height;     /* of the sensor's picture */
    unsigned out_width, out_height;
    uint32_t format;
    PuckCamRect crop, compose;
    unsigned planes;
    PuckCamPlane plane[PUCK_CAM_PLANES_MAX];
    unsigned parts;
    uint32_t bytes[PUCK_CAM_PARTS_MAX];     /* that a part has to have */
    uint32_t copy_bytes;        /* of the device's own copy */
} PuckCamLayout;

/*
 * CHECK: the rule that @geometry breaks, or 0; then @layout is filled in. A
 * picture of the sensor may be as large as @size_max.
 */
unsigned puck_cam_layout(const PuckCamGeometry *geometry, uint32_t size_max,
                         PuckCamLayout *layout);

/* The line of the sensor, behind its flip, that line @y comes from. */
unsigned puck_cam_sensor_line_of(const PuckCamLayout *layout, unsigned y);

/* When line @line of the sensor has been read: read(r) of the spec. */
int64_t puck_cam_read_time(const PuckCamLayout *layout,
                           const PuckCamMode *mode, unsigned line);
/* The same of the last line of the group that begins with line @y. */
int64_t puck_cam_group_time(const PuckCamLayout *layout,
                            const PuckCamMode *mode, unsigned y);

#endif /* PUCK_CAM_PICTURE_LAYOUT_H */
